"""What visits take of a site: who is where when, and on which units.

An `Appointment` is as much of a visit in the book as others have to know who want time at
the same site: no label, no window, no history.

>>> from datetime import UTC, datetime
>>> nine, ten = (datetime(2026, 4, 9, hour, tzinfo=UTC) for hour in (9, 10))
>>> print(Appointment(subject="ZJ-001", visit="day-30", kind=Kind.FOLLOW_UP, mode=Mode.VISIT,
...                   interval=Interval(start=nine, end=ten), allocations=()))
ZJ-001 · day-30
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Self

from scheduler.dates import Interval
from scheduler.protocol import Kind, Mode
from scheduler.subject import TAKING, Allocation, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """The time of one visit (`visit` names it within its subject), and the units it is on.

    One that is `elsewhere` stands at another site, which shares no more than the laboratory.
    """

    subject: str
    visit: str
    kind: Kind
    mode: Mode
    interval: Interval
    allocations: tuple[Allocation, ...]
    elsewhere: bool = False

    @classmethod
    def of(cls, visit: Visit) -> Self | None:
        """That of a visit; None for one without a slot, or called off, which takes no time."""
        if visit.scheduled is None or visit.status not in TAKING:
            return None
        return cls(
            subject=visit.subject,
            visit=visit.ref,
            kind=visit.kind,
            mode=visit.mode,
            interval=visit.scheduled,
            allocations=visit.allocations,
        )

    @classmethod
    def every(cls, visits: Iterable[Visit]) -> Iterator[Self]:
        """Those of visits that take time."""
        return (found for visit in visits if (found := cls.of(visit)))

    @property
    def key(self) -> tuple[str, str]:
        """What tells appointments apart: a visit has one at most."""
        return self.subject, self.visit

    def abroad(self) -> Self:
        """The same as other sites see it: without its units, which may be called like theirs."""
        return replace(self, allocations=(), elsewhere=True)

    def taken(self) -> Iterator[tuple[str, Interval]]:
        """Units, and the participant, each with the time that is taken of it."""
        yield self.subject, self.interval
        for allocation in self.allocations:
            yield allocation.unit, allocation.interval

    def __str__(self) -> str:
        return f"{self.subject} · {self.visit}"
