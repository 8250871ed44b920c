"""Every way the scheduler can refuse, as one tree of exceptions.

A class forms its own sentence from facts and carries the exit code of the command
line (0 done, 1 unexpected, 2 usage, 3 unplaced, 4 conflicts, 5 bad input, 6 store,
7 delivery, 8 audit, 9 refused by a rule, 10 output).  Bad input is reported whole:
every `Problem` of a file at once, each with its place.

>>> str(UnknownName("arm", "bmcs", ["bmsc", "routine"]))
'no arm "bmcs"; did you mean "bmsc"? Known: bmsc, routine'
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in an input: where it stands, what is wrong, what to do.

    >>> str(Problem("trial.toml:12", "offset is missing", 'write offset = "35 d"'))
    'trial.toml:12: offset is missing (write offset = "35 d")'
    """

    place: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.place}: {self.what}{remedy}"


class SchedulerError(Exception):
    """Root of the tree; a bare one is an unexpected failure."""

    exit_code = 1


class UsageError(SchedulerError):
    """The command's words are wrong."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not among the known ones; suggests the nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        from difflib import get_close_matches

        known = list(known)
        folded = {other.casefold(): other for other in known}
        near = get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
        suggestion = f'; did you mean "{folded[near[0]]}"?' if near else "."
        listing = f" Known: {', '.join(known)}" if known else ""
        super().__init__(f'no {kind} "{name}"{suggestion}{listing}')


class BadValue(UsageError):
    """A value on the command line that cannot be meant."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name} {value} is not possible: {expected}")


class Unplaced(SchedulerError):
    """Not every visit has a slot, and the caller did not accept that."""

    exit_code = 3


class ConflictsFound(SchedulerError):
    """Visits in the book stand where time is now taken."""

    exit_code = 4


class BadInput(SchedulerError):
    """A file or setting that cannot be used; holds every problem found in it.

    >>> print(BadInput([Problem("a.toml:1", "x is missing"), Problem("a.toml:2", "y is missing")]))
    2 problems:
      a.toml:1: x is missing
      a.toml:2: y is missing
    """

    exit_code = 5

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(str(self.problems[0]))
        else:
            lines = "".join(f"\n  {problem}" for problem in self.problems)
            super().__init__(f"{len(self.problems)} problems:{lines}")


class StoreUnavailable(SchedulerError):
    """The book cannot be opened, read or written now."""

    exit_code = 6


class DeliveryFailed(SchedulerError):
    """What was to be delivered was not, and trying again later may help."""

    exit_code = 7


class Refused(SchedulerError):
    """A rule of the study or of the book forbids it."""

    exit_code = 9


class AlreadyEnrolled(Refused):
    """One code, one participant."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code} is already enrolled; show it with: schedule show {code}")


class OutputError(SchedulerError):
    """A file cannot be written."""

    exit_code = 10

    def __init__(self, path: str, why: str, remedy: str = "name another folder with --out") -> None:
        super().__init__(f"cannot write {path}: {why}; {remedy}")
