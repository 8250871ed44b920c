"""How long a nurse waits for `schedule show`, beside the bare imports it cannot do without.

Both are fresh processes on the same interpreter; the median of several runs counts,
taken in turns so that a busy machine slows both alike.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.table import Row

RUNS = 15

_IMPORTS = "import click, sqlalchemy, icalendar"
_SHOW = "from scheduler.cli import main; main(['show', 'ZJ-001'])"
_ENROLL = (
    "from scheduler.cli import main; main(['enroll', '--date', '2026-03-02', '--arm', 'bmsc'])"
)


def rows(scale: float) -> Iterator[Row]:
    """One row; at scale 1 the median of RUNS runs."""
    with tempfile.TemporaryDirectory() as folder:
        database = f"sqlite:///{Path(folder) / 'book.db'}"
        environment = {**os.environ, "SCHEDULE_DATABASE": database, "HOME": folder}
        run(_ENROLL, environment, folder)
        shown, bare = [], []
        for _ in range(max(round(RUNS * scale), 1)):
            bare.append(run(_IMPORTS, environment, folder))
            shown.append(run(_SHOW, environment, folder))
    yield Row(
        work="schedule show, from a cold start",
        unit="s",
        measured=median(shown),
        baseline_name=_IMPORTS,
        baseline=median(bare),
        reach=1.5,
    )


def run(code: str, environment: dict[str, str], folder: str) -> float:
    """Seconds that a Python process takes; its output is thrown away."""
    command: Sequence[str] = (sys.executable, "-c", code)
    begin = perf_counter()
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)
    return perf_counter() - begin
