"""HiGHS as this program wants it: quiet, stopped at any moment, and giving its memory back.

It solves in a thread while its caller looks at the time.  Solver: HiGHS (Huangfu, Hall 2018).

This module needs the extra `optimize` and is imported where it is used only.

>>> model = Quiet()
>>> column = model.addVariable(lb=2.0, obj=3.0)
>>> run(model, lambda: inf)
>>> model.getInfo().objective_function_value
6.0
"""

from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL
from functools import cache
from math import inf

import highspy

POLL = 0.1
"""Seconds from one look at the time that remains to the next."""

_MMAP_THRESHOLD = -3
"""The number of that option of glibc's malloc."""

_LARGE = 128 * 1024
"""Octets of an array that is given back to the system when it is done with."""


class Quiet(highspy.Highs):
    """HiGHS without a word on stdout: the first thing that it does would print a banner."""

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS calls it so
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]  # highspy has no types


@cache
def give_back() -> None:
    """Have malloc give large arrays back to the system.

    It would keep them for others as large, and HiGHS makes ever larger ones: a third of all memory
    at ten thousand participants.
    """
    with suppress(AttributeError, OSError, TypeError):  # another C library
        CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)


def free(model: highspy.Highs) -> None:
    """Give the memory of a model back: its callbacks hold the model itself, in a circle."""
    model.clear()


def run(model: highspy.Highs, remaining: Callable[[], float]) -> None:
    """Solve as long as time remains, in a thread, so that it can be stopped in the middle."""
    if (left := remaining()) < inf:
        model.setOptionValue("time_limit", model.getRunTime() + max(left, 0.1))
    model.HandleUserInterrupt = True
    model.startSolve()
    try:
        while not model.wait(POLL)[0]:
            if remaining() <= 0:
                model.cancelSolve()  # type: ignore[no-untyped-call]  # as above
    except KeyboardInterrupt:
        model.cancelSolve()  # type: ignore[no-untyped-call]  # as above
        model.wait()
        raise
