"""The memory of a process, and of those it has begun, as the kernel sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children
from os import getpid
from pathlib import Path
from threading import Event, Thread

PAUSE = 0.2
"""Seconds from one look at all processes to the next."""


def peak() -> float:
    """The most that this very program has held so far, in MB; getrusage also counts the parent."""
    return _told(getpid(), "VmHWM")


@dataclass
class Watch:
    """The most that this program and the processes it has begun held at one time, in MB."""

    most: float = 0.0


@contextmanager
def watched() -> Iterator[Watch]:
    """Look at the memory of all processes again and again while the block runs."""
    watch, over = Watch(), Event()

    def look() -> None:
        while not over.wait(PAUSE):
            every = [getpid(), *(child.pid for child in active_children())]
            watch.most = max(watch.most, sum(map(_held, every)))

    looking = Thread(target=look)
    looking.start()
    try:
        yield watch
    finally:
        over.set()
        looking.join()


def _held(process: int | None) -> float:
    try:
        return _told(process, "VmRSS")
    except (OSError, ValueError):  # it has just ended
        return 0.0


def _told(process: int | None, what: str) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    [line] = (line for line in status.splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) / 1024
