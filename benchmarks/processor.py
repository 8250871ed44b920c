"""The processor time of a server: of its first process and of all that it starts.

>>> of_server(os.getpid()) >= 0
True
"""

import os
from contextlib import suppress
from pathlib import Path


def of_server(first: int) -> float:
    """Seconds so far of the process of that id and of its children, living or ended."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # Others may end while the folder is read.
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = [int(field) for field in stat.read_text().rpartition(")")[2].split()[1:]]
            own, ended = sum(fields[10:12]), sum(fields[12:14])
            if stat.parent.name == str(first):
                ticks += own + ended
            elif fields[0] == first:
                ticks += own
    return ticks / os.sysconf("SC_CLK_TCK")
