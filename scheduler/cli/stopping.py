"""Stopping: the first Ctrl-C asks for the best that is found by then, the second gives up.

>>> stopping = Stopping(lambda: 20.0)
>>> stopping.stopped = True
>>> stopping()
0.0
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scheduler.errors import SchedulerError

STOPPING = b"Stopping with the best that is found so far; Ctrl-C again gives up.\n"


class Stopped(SchedulerError):
    """Somebody did not want to wait for the end; what came of it is shown, and never stored."""

    def __init__(self) -> None:
        super().__init__("stopped: this is the best that was found by then; nothing was stored")


class Stopping:
    """How many seconds remain: none, once somebody has said so."""

    def __init__(self, remaining: Callable[[], float]) -> None:
        self._remaining = remaining
        self.stopped = False

    def __call__(self) -> float:
        return 0.0 if self.stopped else self._remaining()

    def check(self) -> None:
        """Stopped, once somebody has said so."""
        if self.stopped:
            raise Stopped


@contextmanager
def stoppable(remaining: Callable[[], float]) -> Iterator[Stopping]:
    """What remains while the block runs."""
    stopping = Stopping(remaining)
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        stopping.stopped = True
        signal.signal(signal.SIGINT, before)
        # Amid a line to stderr, Python's own stream takes no other.
        os.write(2, STOPPING)

    signal.signal(signal.SIGINT, stop)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGINT, before)
