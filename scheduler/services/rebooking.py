"""Rebooking: another slot for one visit of a participant whose other visits stand.

A `Rebooking` sees one participant inside a transaction.  Visits that leave give their
time back first, so a visit may move by an hour within its own slot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, time

from scheduler.availability import Availability, Demand
from scheduler.conflicts import BOOK, Busy
from scheduler.dates import Interval, Window, instant
from scheduler.errors import Problem, Refused
from scheduler.minutes import NO_TIME, lowest
from scheduler.placement import horizon, other_slots, widened
from scheduler.plan import Expected, expect
from scheduler.replanning import counts_as, current
from scheduler.services import clinics, studies
from scheduler.services.clinics import Clinic
from scheduler.store import Book
from scheduler.subject import OPEN, Status, Subject, Visit
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
        self.every = book.visits(subject=self.subject.code)
        self.visits: Mapping[str, Visit] = current(self.every)
        protocol = studies.kept(book, self.subject)
        self.tree = Tree.of(protocol, protocol.arm(self.subject.arm))
        self.problems: tuple[Problem, ...] = ()

    def expected(self, visit: Visit) -> Expected:
        """Where a visit belongs by the days of its anchors."""
        return expect(self.tree.arm.encounter(visit.encounter), self._dates())

    def check_day(self, visit: Visit, day: date, *, forced: bool) -> None:
        """Refuse a day that the protocol does not allow.

        Raises:
            PairParted: the other infusion, from which this one counts, is still to come.
            OutsideWindow: the day lies outside the window, and that is not forced.
        """
        window = self.expected(visit).window
        if not window.beyond(day):
            return
        partner = self.tree.arm.encounter(visit.encounter).paired_with
        other = self.visits.get(partner) if partner else None
        if other is not None and other.status in OPEN:
            raise PairParted(visit, other, f"move {other.ref}, and {visit.ref} follows")
        if not forced:
            raise OutsideWindow(visit, day, window)

    def check_pair(self, moved: Visit, following: Iterable[str]) -> None:
        """Refuse to leave behind the second infusion when the first one moves.

        Raises:
            PairParted: it is agreed with the participant, and was not named to move along.
        """
        for encounter in self.tree.arm.encounters:
            other = self.visits.get(encounter.id)
            if encounter.paired_with != moved.encounter or encounter.id in following:
                continue
            if other is not None and other.status in OPEN:
                expected = expect(encounter, {**self._dates(), moved.encounter: counts_as(moved)})
                if expected.window.beyond(counts_as(other)):
                    remedy = f"name it with --along {other.encounter}, and it moves too"
                    raise PairParted(moved, other, remedy)

    def slot(self, visit: Visit, day: date, at: time | None, leaving: Iterable[str]) -> Visit:
        """The visit scheduled on that day, at that time or the earliest one.

        Raises:
            SlotTaken: something that the visit needs is closed or taken.
            NonexistentTime: the clock jumps over that time.
        """
        encounter = self.tree.arm.encounter(visit.encounter)
        demand, ordinal = Demand.of(encounter), day.toordinal()
        availability = self.availability({*leaving, visit.encounter})
        starts = availability.starts(demand, ordinal)
        start = lowest(starts) if at is None else self._minute(availability, day, at)
        if start == NO_TIME or not starts >> start & 1:
            reasons = availability.reasons(demand, day) or (f"{at:%H:%M} that day is not free",)
            others = other_slots(self.tree, encounter, self._dates(), availability)
            raise SlotTaken(visit, reasons, others)
        return replace(
            visit,
            status=Status.SCHEDULED,
            scheduled=availability.interval(ordinal, start, demand.minutes),
            allocations=availability.allocate(demand, ordinal, start),
            unverified=availability.unverified(day),
        )

    def availability(self, leaving: Iterable[str], arriving: Visit | None = None) -> Availability:
        """Free time as this participant finds it, once the `leaving` visits gave up theirs.

        What an `arriving` visit takes instead of one of them is not free.
        """
        clinic, code = self._clinic, self.subject.code
        leave = [self.visits[id] for id in leaving]
        stay = [visit for visit in self.every if visit not in leave]
        span = self._days().interval(clinic.site.tz())
        taken = clinics.taken(clinic, (), span)
        self.problems = taken.problems
        freed = [allocation for visit in leave for allocation in visit.allocations]
        booked = clinics.booked(self._book, clinic.site.code, span, freed)
        held = OPEN | {Status.COMPLETED}
        kept = [visit.scheduled for visit in stay if visit.scheduled and visit.status in held]
        arrivals: list[Busy] = []
        if arriving is not None and arriving.status in held and arriving.scheduled:
            kept.append(arriving.scheduled)
            arrivals = [Busy.of(a.unit, BOOK, [a.interval]) for a in arriving.allocations]
        own = Busy.of(code, BOOK, kept)
        return Availability(clinic.site, [*taken.busy, *booked, *arrivals, own]).seen_by(code)

    def _days(self) -> Window:
        """Every day that may be asked about: by plan, or by how things went."""
        days = widened(horizon(self.tree, self.subject.enrolled))
        stand = [counts_as(visit) for visit in self.visits.values()]
        return widened(Window(earliest=min(days.earliest, *stand), latest=max(days.latest, *stand)))

    def _dates(self) -> dict[str, date]:
        anchors = self.tree.anchors(self.subject.enrolled)
        dates = {id: date.fromordinal(day) for id, day in anchors.items()}
        return dates | {id: counts_as(visit) for id, visit in self.visits.items()}

    def _minute(self, availability: Availability, day: date, at: time) -> int:
        midnight = availability.interval(day.toordinal(), 0, 1).start
        wanted = instant(day, at, self._clinic.site.tz())
        return Interval(start=midnight, end=wanted).minutes() if wanted > midnight else 0
