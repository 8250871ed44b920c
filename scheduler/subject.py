"""A participant and the visits of that participant, as frozen values.

A `Visit` is one subject's instance of an encounter, told apart by its occurrence.  It
keeps three dates that never overwrite each other: planned (target and window, by
arithmetic), scheduled (by agreement) and actual (by history).

>>> ref("aspiration", 2), ref("day-3", 1)
('aspiration#2', 'day-3')
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from scheduler.dates import Interval, Window
from scheduler.protocol import Kind, Mode
from scheduler.words import Words


class Status(StrEnum):
    """Where a visit stands in its life."""

    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    HELD = "held"
    COMPLETED = "completed"
    MISSED = "missed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


OPEN = frozenset({Status.PLANNED, Status.SCHEDULED, Status.CONFIRMED, Status.HELD})
"""States in which a visit is still to come."""

TAKING = OPEN | {Status.COMPLETED}
"""States in which a visit takes its time and its units; a missed or cancelled one frees them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """Body weight in kilograms and the day it was taken."""

    kg: Decimal
    measured: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One participant: a code and study facts, never a name or a birth date."""

    code: str
    site: str
    arm: str
    enrolled: date
    protocol: str
    protocol_version: str
    weight: Weight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One unit of a resource ("chair-1"), taken for a time."""

    unit: str
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One subject's instance of an encounter.

    `scheduled` is None while the visit has no slot; its instants carry the site's
    ZoneInfo.  `sequence` rises when time, place or status changes, and `changed` is the
    UTC instant of the last change; both go into calendars.  `why` holds the sentences
    that explain the date; `unverified` marks days beyond the published holidays.
    """

    study: str
    subject: str
    site: str
    encounter: str
    occurrence: int = 1
    label: Words
    kind: Kind
    mode: Mode
    target: date
    window: Window
    status: Status
    scheduled: Interval | None = None
    allocations: tuple[Allocation, ...] = ()
    actual: date | None = None
    why: tuple[str, ...] = ()
    basis: str = ""
    unverified: bool = False
    sequence: int = 0
    changed: datetime

    @property
    def ref(self) -> str:
        """How a person names this visit within its subject."""
        return ref(self.encounter, self.occurrence)

    @property
    def day(self) -> date | None:
        """The scheduled day in the site's zone."""
        return self.scheduled.start.date() if self.scheduled else None

    @property
    def off_target(self) -> int | None:
        """Days from the target to the scheduled day; negative when earlier."""
        return (self.day - self.target).days if self.day else None


def ref(encounter: str, occurrence: int) -> str:
    """The encounter id, with "#N" from the second occurrence on."""
    return encounter if occurrence == 1 else f"{encounter}#{occurrence}"


def current(visits: Iterable[Visit]) -> dict[str, Visit]:
    """The visit that stands for each encounter: its last occurrence that is not superseded."""
    standing: dict[str, Visit] = {}
    for visit in sorted(visits, key=lambda visit: visit.occurrence):
        if visit.status is not Status.SUPERSEDED:
            standing[visit.encounter] = visit
    return standing
