"""Explaining: for each day of a visit's window, why it is there or is not.

It is worked out anew, from the calendars and the book as they are now: a day that was
taken when the visit was placed may be free by now.  Visits that hang on this one and are
still free to move may follow it; all others stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scheduler.availability import Availability
from scheduler.dates import Interval
from scheduler.demand import Demand
from scheduler.errors import Problem, Refused
from scheduler.life import Replaced
from scheduler.placement import standing
from scheduler.plan import Expected, expect
from scheduler.replanning import FREE, anchor_dates
from scheduler.services.clinics import Clinic
from scheduler.services.rebooking import Rebooking
from scheduler.services.visits import find
from scheduler.store import Book, Store
from scheduler.subject import OPEN, Visit
from scheduler.tree import Node


class Verdict(StrEnum):
    """What can be said of a day in one word."""

    TAKEN = "taken"
    FREE = "free"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a window: how far from the target, and why the visit is there, or is not.

    `slot` is where the visit stands that day, or the earliest time at which it could.
    """

    day: date
    off: int
    verdict: Verdict
    why: str
    slot: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A visit as it stands, where it belongs by the dates of its anchors, and every day of that.

    `problems` are parts of calendars that could not be read.
    """

    visit: Visit
    expected: Expected
    days: tuple[Day, ...]
    problems: tuple[Problem, ...]


class NoWindow(Refused):
    """A visit that no protocol foresees has no window to explain."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(
            f"{visit.ref} of {visit.subject} follows no protocol, so nothing says where else it"
            " could be"
        )


def explain(store: Store, clinic: Clinic, subject: str, ref: str) -> Explained:
    """Why a visit is on its day, and on no other of its window.

    Raises:
        UnknownName: no such participant or visit.
        NoWindow: the protocol foresees no such visit.
        Replaced: another occurrence stands in its place.
        BadInput: a calendar cannot be read at all.
    """

    def work(book: Book) -> Explained:
        rebooking = Rebooking(book, clinic, subject)
        visit = find(rebooking.every, ref)
        node = rebooking.tree.nodes.get(visit.encounter)
        if node is None:
            raise NoWindow(visit)
        if rebooking.visits[visit.encounter] != visit:
            raise Replaced(visit, rebooking.visits[visit.encounter])
        return _Explaining(rebooking, visit, node).explained()

    return store.read(work)


class _Explaining:
    def __init__(self, rebooking: Rebooking, visit: Visit, node: Node) -> None:
        self._rebooking, self._visit, self._node = rebooking, visit, node
        tree, enrolled = rebooking.tree, rebooking.subject.enrolled
        self._dates = anchor_dates(tree, enrolled, rebooking.visits)
        below = [each.encounter.id for each in node.branch()]
        moving = {id for id in below if self._may_follow(id)} | {visit.encounter}
        self._moving = frozenset(moving)
        self._free: Availability = rebooking.availability(rebooking.visits, self._moving)
        self._explanation = standing(tree, enrolled, self._free, self._dates, self._moving)
        self._expected = rebooking.expected(visit)

    def explained(self) -> Explained:
        return Explained(
            visit=self._visit,
            expected=self._expected,
            days=tuple(map(self._day, self._expected.window.days())),
            problems=self._rebooking.problems,
        )

    def _may_follow(self, id: str) -> bool:
        visit = self._rebooking.visits.get(id)
        return visit is not None and visit.status in FREE

    def _day(self, day: date) -> Day:
        against = "; ".join(filter(None, self._against(day)))
        if day == self._visit.day:
            why = (
                f"the visit stands here; by now: {against}" if against else "the visit stands here"
            )
            verdict, slot = Verdict.TAKEN, self._visit.scheduled
        elif against:
            verdict, why, slot = Verdict.IMPOSSIBLE, against, None
        else:
            verdict, why, slot = Verdict.FREE, self._instead(day), self._earliest(day)
        off = (day - self._expected.target).days
        return Day(day=day, off=off, verdict=verdict, why=why, slot=slot)

    def _earliest(self, day: date) -> Interval:
        demand = Demand.of(self._node.encounter)
        start = self._free.earliest(demand)[day.toordinal()]
        return self._free.interval(day.toordinal(), start, demand.minutes)

    def _against(self, day: date) -> Iterator[str]:
        """What forbids the day: it is closed or full, or costs another visit its window."""
        yield self._explanation.forbids(self._expected, day)
        dates = {**self._dates, self._visit.encounter: day}
        for child in self._node.children:
            other = self._rebooking.visits.get(child.encounter.id)
            if other is None or other.status not in OPEN or other.encounter in self._moving:
                continue
            if other.day and other.day not in expect(child.encounter, dates).window:
                yield f"{other.ref} ({other.status}) on {other.day} would be outside its window"

    def _instead(self, day: date) -> str:
        """Why a day that is free is not the visit's: what it would be like there."""
        said = [self._explanation.against(self._expected, day)]
        there = self._visit.day
        if there is not None:
            farther = abs((day - self._expected.target).days) - abs(
                (there - self._expected.target).days
            )
            if farther > 0:
                said.append(f"{farther} d farther from the target")
            elif farther == 0:
                said.append("as far from the target, and later" if day > there else "as far")
            else:
                said.append(f"{-farther} d nearer to the target")
        return "; ".join(filter(None, said)) or "could be taken"
