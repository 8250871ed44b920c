"""The processor time of a server: of its first process and of all that it starts.

>>> of_server(os.getpid()) >= 0
True
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLDER = Path("/proc")


def of_server(first: int) -> float:
    """Seconds so far of the process of that id and of its children, living or ended."""
    while True:
        before = _whole(first)
        living = sum(_living(first))
        # Nobody has ended meanwhile, who would be counted twice or not at all.
        if _whole(first)[1] == before[1]:
            return (sum(before) + living) / os.sysconf("SC_CLK_TCK")


def _whole(process: int) -> tuple[int, int]:
    """Ticks of the process itself, and of its children that have ended."""
    fields = _fields(FOLDER / str(process) / "stat")
    return sum(fields[10:12]), sum(fields[12:14])


def _living(parent: int) -> Iterator[int]:
    """Ticks of each child of the process."""
    for stat in FOLDER.glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = _fields(stat)
            if fields[0] == parent:
                yield sum(fields[10:12])


def _fields(stat: Path) -> list[int]:
    """All numbers from that of the parent on; the name before them may hold anything."""
    return [int(field) for field in stat.read_text().rpartition(")")[2].split()[1:]]
