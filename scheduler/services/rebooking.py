"""Rebooking: another slot for one visit of a participant whose other visits stand.

A `Rebooking` sees one participant inside a transaction.  Visits that leave give their
time back first, so a visit may move by an hour within its own slot.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.dates import Interval, Window, instant
from scheduler.demand import Demand
from scheduler.errors import Problem, Refused
from scheduler.hindrances import Hindrances
from scheduler.minutes import NO_TIME, lowest
from scheduler.placement import other_slots, widened
from scheduler.plan import Expected, expect
from scheduler.replanning import anchor_dates, reach, standing_day
from scheduler.services import clinics, freetime, studies
from scheduler.services.clinics import Clinic
from scheduler.store import Book
from scheduler.subject import OPEN, Status, Subject, Visit, current
from scheduler.tree import Tree


class OutsideWindow(Refused):
    """A move to a day that the protocol does not allow."""

    def __init__(self, visit: Visit, day: date, window: Window) -> None:
        super().__init__(
            f"{visit.ref} of {visit.subject} on {day} lies {abs(window.beyond(day))} days outside"
            f" its window {window.earliest} to {window.latest}; --force records that deviation"
        )


class SlotTaken(Refused):
    """A move to a time at which something that the visit needs is taken."""

    def __init__(self, visit: Visit, reasons: Sequence[str], others: Sequence[Interval]) -> None:
        slots = ", ".join(f"{slot.start:%a %Y-%m-%d %H:%M}" for slot in others)
        instead = f"; free: {slots}" if slots else ""
        super().__init__(
            f"no slot for {visit.ref} of {visit.subject}: {'; '.join(reasons)}{instead}"
        )


class PairParted(Refused):
    """A move of one infusion that would leave the other of the pair where it is."""

    def __init__(self, visit: Visit, other: Visit, remedy: str) -> None:
        super().__init__(
            f"{visit.ref} and {other.ref} of {visit.subject} are a pair and {other.ref} is"
            f" {other.status}: {remedy}"
        )


class Rebooking:
    """One participant's visits, and the free time that any of them could have instead."""

    def __init__(self, book: Book, clinic: Clinic, code: str) -> None:
        self._book, self._clinic = book, clinic
        self.subject: Subject = book.subject(code)
        clinics.check_site(clinic.site, self.subject)
        self.every = book.visits(subject=self.subject.code)
        self.visits: Mapping[str, Visit] = current(self.every)
        protocol = studies.kept(book, self.subject)
        self.tree = Tree.of(protocol, protocol.arm(self.subject.arm))
        self.problems: tuple[Problem, ...] = ()

    def expected(self, visit: Visit) -> Expected:
        """Where a visit belongs by the days of its anchors."""
        return self._expected(visit.encounter, self.visits)

    def check_day(self, visit: Visit, day: date, *, forced: bool) -> None:
        """Refuse a day that the protocol does not allow.

        Raises:
            PairParted: the other infusion, from which this one counts, may still come.
            OutsideWindow: the day lies outside the window, and that is not forced.
        """
        window = self.expected(visit).window
        if not window.beyond(day):
            return
        partner = self.tree.arm.encounter(visit.encounter).paired_with
        other = self.visits.get(partner) if partner else None
        if other is not None and other.status in OPEN | {Status.MISSED}:
            raise PairParted(visit, other, f"move {other.ref}, and {visit.ref} follows")
        if not forced:
            raise OutsideWindow(visit, day, window)

    def check_pair(self, standing: Mapping[str, Visit], moved: Visit, remedy: str) -> None:
        """Refuse to leave behind the second infusion when the first one moves.

        Raises:
            PairParted: it is agreed with the participant, and was not named to move along.
        """
        for encounter in self.tree.arm.encounters:
            other = standing.get(encounter.id)
            if encounter.paired_with == moved.encounter and other and other.status in OPEN:
                window = self._expected(encounter.id, standing).window
                if window.beyond(standing_day(other)):
                    raise PairParted(moved, other, remedy.format(encounter.id))

    def asked(self, visit: Visit, day: date) -> Visit:
        """The visit as if it stood on that day, at no time yet."""
        expected = self.expected(visit)
        return replace(
            visit,
            status=Status.SCHEDULED,
            scheduled=None,
            allocations=(),
            actual=day,
            target=expected.target,
            window=expected.window,
            why=expected.rules,
        )

    def slot(self, asked: Visit, at: time | None, leaving: frozenset[str]) -> Visit:
        """The `asked` visit scheduled on its day, at that time or the earliest one.

        Raises:
            SlotTaken: something that the visit needs is closed or taken.
            NonexistentTime: the clock jumps over that time.
        """
        encounter, day = self.tree.arm.encounter(asked.encounter), standing_day(asked)
        standing = {**self.visits, encounter.id: asked}
        availability = self.availability(standing, leaving | {encounter.id})
        demand, ordinal = Demand.of(encounter), day.toordinal()
        starts = availability.starts(demand, ordinal)
        start = lowest(starts) if at is None else self._minute(availability, day, at)
        if start == NO_TIME or not starts >> start & 1:
            against = Hindrances(availability, demand, day, named=True)
            reasons = against.of_day()
            if not reasons:
                then = "; ".join(against.of_start(start))
                reasons = (f"{at:%H:%M} that day is not free: {then}",)
            dates = anchor_dates(self.tree, self.subject.enrolled, self.visits)
            others = other_slots(self.tree, encounter, dates, availability)
            raise SlotTaken(asked, reasons, others)
        scheduled, allocations = availability.allocate(demand, ordinal, start)
        return replace(
            asked,
            actual=None,
            scheduled=scheduled,
            allocations=allocations,
            unverified=availability.unverified(day),
        )

    def availability(self, standing: Mapping[str, Visit], leaving: frozenset[str]) -> Availability:
        """Free time as this participant finds it when visits stand so.

        The `leaving` ones give up their time, and so does what `standing` replaces.
        """
        gone = [v for id, v in self.visits.items() if id in leaving or standing[id] != v]
        stay = [visit for visit in self.every if visit not in gone]
        come = [v for id, v in standing.items() if id not in leaving and v not in stay]
        days = widened(reach(self.tree, self.subject.enrolled, standing, leaving))
        free = freetime.of(self._book, self._clinic, days)
        self.problems = free.problems
        moved = free.availability.changed(Appointment.every(gone), Appointment.every(come))
        return moved.seen_by(self.subject.code)

    def _expected(self, id: str, standing: Mapping[str, Visit]) -> Expected:
        dates = anchor_dates(self.tree, self.subject.enrolled, standing)
        return expect(self.tree.arm.encounter(id), dates)

    def _minute(self, availability: Availability, day: date, at: time) -> int:
        return availability.minute(day.toordinal(), instant(day, at, self._clinic.site.tz()))
