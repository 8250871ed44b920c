"""What to do with one published visit, by what was written, what is there, and what should be.

`Told` is what a calendar object says.  Three of them meet: the one that was last written
(`base`), the one that people see now (`theirs`), and what the book says (`ours`).  What
people changed is never undone: it is reported, unless the book has come to say the same.

>>> from datetime import UTC
>>> nine = datetime(2026, 4, 9, 1, tzinfo=UTC)
>>> was = Told(start=nine, end=nine.replace(hour=8), said={"title": "a"}, stamps=("0",))
>>> from dataclasses import replace
>>> moved = replace(was, start=nine.replace(day=14), end=nine.replace(day=14, hour=8))
>>> [step.value for step in (decide(was, moved, was), decide(was, was, moved))]
['update', 'report']
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

TIME = "time"


class Step(StrEnum):
    """What there is to do about one visit."""

    NOTHING = "nothing"
    NOTE = "note"  # only remember which version is there
    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    FORGET = "forget"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one calendar object says: its time, and digests of all else that counts.

    `said` maps "title", "place", "notes" and so on to digests, for the texts themselves
    may hold names.  `stamps` are those that change with every version.
    """

    start: datetime | date | None
    end: datetime | date | None
    said: Mapping[str, str] = field(repr=False)
    stamps: tuple[str, ...]

    def says(self, what: str) -> object:
        """What it says of one thing; None when nothing."""
        return (self.start, self.end) if what == TIME else self.said.get(what)

    def differences(self, other: "Told") -> tuple[str, ...]:
        """What both say differently, the time first."""
        things = (TIME, *sorted(self.said.keys() | other.said.keys()))
        return tuple(what for what in things if self.says(what) != other.says(what))


def known(written: str | None, there: str, *, wanted: bool, same: bool) -> Step | None:
    """The step where tags of versions tell it; None when the object has to be read.

    `written` and `there` are the tags of the version last written, None without one, and of
    the one on the server.  `wanted` says whether the book wants an object there, and `same`
    whether it is the one last written.
    """
    if written != there:
        return None
    if not wanted:
        return Step.REMOVE
    return Step.NOTHING if same else Step.UPDATE


def deleted(*, open: bool, was_cancelled: bool) -> Step:
    """The step for an object that people deleted, of a visit that is `open` in the book or over.

    To delete what is over, or was told to be cancelled, is to tidy up.
    """
    if not open:
        return Step.NOTHING
    return Step.CREATE if was_cancelled else Step.REPORT


def decide(base: Told | None, ours: Told | None, theirs: Told) -> Step:
    """The step for an object that may have been changed since the `base` was written.

    Without a `base` it is not known to be ours; without `ours` it should not be there.
    """
    if theirs == ours:
        return Step.NOTE
    if base is None:
        return Step.REPORT
    if ours is None:
        return Step.REPORT if base.differences(theirs) else Step.REMOVE
    return Step.UPDATE if _is_settled(base, ours, theirs) else Step.REPORT


def _is_settled(base: Told, ours: Told, theirs: Told) -> bool:
    """Whether everything that people changed is what the book says by now."""
    return all(theirs.says(what) == ours.says(what) for what in base.differences(theirs))
