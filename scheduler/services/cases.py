"""Cases: a site's participants as the search for the best joint placement sees them.

A `Person` knows which visits of one participant are free to move, makes a `Case` of them, and
turns what was arranged for it into states of visits again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval, Window
from scheduler.demand import Demand
from scheduler.explanation import by_spans
from scheduler.hindrances import Hindrances
from scheduler.joint.arrangement import Arrangement
from scheduler.joint.packing import Seat
from scheduler.joint.patterns import Case, Standing
from scheduler.joint.recount import in_the_way
from scheduler.life import STANDING
from scheduler.placement import beyond, keeping_all
from scheduler.plan import Expected, expect
from scheduler.products import Product, Stage, chain, infusions
from scheduler.protocol import Encounter
from scheduler.replanning import adrift, anchor_dates, expected_anew, reach, standing_day
from scheduler.sites import Site
from scheduler.subject import OPEN, TAKING, Allocation, Status, Subject, Visit, current
from scheduler.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A visit that finds no slot, and what is wrong with every day of its window.

    `alternatives` are the nearest slots outside, on days that leave one for all that hangs on it.
    """

    visit: Visit
    reasons: tuple[str, ...]
    alternatives: tuple[Interval, ...]


class Person:
    """One participant: every visit, those that stand, and which of these are free to move.

    Those that stood `before` are as the book has them.
    """

    def __init__(
        self, subject: Subject, tree: Tree, every: Sequence[Visit], site: Site, today: date
    ) -> None:
        self.subject, self.tree, self.every = subject, tree, every
        self.before: Mapping[str, Visit] = current(every)
        self.visits = self.before
        fixed = {
            id
            for id, visit in self.visits.items()
            if (visit.day or visit.window.latest) < today
            or (visit.day is not None and visit.window.beyond(visit.day))
        }
        known = {encounter.id: encounter for encounter in tree.arm.encounters}
        standing = frozenset(self.visits) & known.keys()
        # What takes other units than its encounter asks for is somebody's decision.
        fixed |= {id for id in standing if not is_plain(site, self.visits[id], known[id])}
        self.free = adrift(
            tree, subject.enrolled, self.visits, frozenset(), standing, frozenset(fixed)
        )
        self._today, self._serving = today, dict[str, tuple[Product, ...]]()

    def bind(self, products: Sequence[Product]) -> None:
        """Once the product is released, infusions are bound to the days on which it serves."""
        standing = chain(self.tree.arm, self.visits)
        released = tuple(
            product
            for product in products
            if product.chain == standing and product.stage is Stage.RELEASED and not product.astray
        )
        if released:
            self._serving = {e.id: released for e in infusions(self.tree.arm)}

    def is_fixed(self, visit: Visit) -> bool:
        """Whether a visit keeps its time, whatever is proposed."""
        stands = self.visits.get(visit.encounter) == visit
        return visit.status in TAKING and not (stands and visit.encounter in self.free)

    def reach(self) -> Window:
        """Every day that moving the free visits may ask about."""
        return reach(self.tree, self.subject.enrolled, self.visits, self.free)

    def case(self, availability: Availability) -> Case:
        """The participant as the search sees it."""
        code, own = self.subject.code, availability.seen_by(self.subject.code)
        dates = anchor_dates(self.tree, self.subject.enrolled, self.visits)
        kept = {
            id
            for id, visit in self.visits.items()
            if id not in self.free and visit.status in OPEN | {Status.COMPLETED}
        }
        barred = {id: frozenset(self._unserved(id)) for id in self.free}
        return Case(
            code=code,
            tree=self.tree,
            anchors={id: day.toordinal() for id, day in dates.items() if id not in self.free},
            free=self.free,
            standing=dict(self._standing(own, barred)),
            availability=own,
            kept=frozenset(kept),
            barred=barred,
        )

    def _unserved(self, id: str) -> Iterator[int]:
        """Days on which a visit cannot be: those without a product, and today at short notice."""
        if self.visits[id].day != self._today:
            yield self._today.toordinal()
        if products := self._serving.get(id):
            for day in self.reach().days():
                if not any(product.serves(day) for product in products):
                    yield day.toordinal()

    def _standing(
        self, availability: Availability, barred: Mapping[str, frozenset[int]]
    ) -> Iterator[tuple[str, Standing]]:
        for id in self.free:
            visit = self.visits[id]
            if visit.scheduled is None:
                continue
            day, start = visit.scheduled.start.toordinal(), minute_of(availability, visit)
            encounter = self.tree.arm.encounter(id)
            starts = availability.starts(Demand.of(encounter), day)
            usable = bool(starts >> start & 1) and day not in barred[id]
            units = tuple(_units(availability.site, visit, encounter))
            yield id, Standing(day, start, units, usable)

    def arranged(
        self, case: Case, arrangement: Arrangement, availability: Availability
    ) -> dict[str, Visit]:
        """The standing visits as the arrangement has them."""
        after = dict(self.visits)
        moved: dict[str, tuple[int, Seat]] = {}
        for id in self.free:
            place = arrangement.seats[case.code, id]
            at = case.standing.get(id)
            if place is None or (at and (place[0], *place[1]) == (at.day, at.start, at.units)):
                continue
            moved[id] = place
            encounter = self.tree.arm.encounter(id)
            after[id] = _placed(after[id], encounter, *place, availability)
        dates = anchor_dates(self.tree, self.subject.enrolled, after)
        for id in moved:
            encounter = self.tree.arm.encounter(id)
            expected = expect(encounter, dates)
            days = _better(expected, date.fromordinal(moved[id][0]))
            after[id] = replace(
                after[id],
                target=expected.target,
                window=expected.window,
                why=(*expected.rules, *_against(case, encounter, days)),
            )
        return expected_anew(self.tree, self.subject.enrolled, after, frozenset(moved))

    def lost(
        self,
        case: Case,
        arrangement: Arrangement,
        after: Mapping[str, Visit],
        left: Availability,
    ) -> Iterator[Lost]:
        """The free visits for which there is no slot; `left` is the time that all leave free."""
        for encounter in self.tree.arm.encounters:
            id = encounter.id
            if id in self.free and arrangement.seats[case.code, id] is None:
                others = self._outside(case, encounter, after, left)
                yield Lost(
                    visit=after[id],
                    reasons=tuple(_against(case, encounter, after[id].window.days())),
                    alternatives=tuple(o for o in others if o.start.date() > self._today),
                )

    def _outside(
        self, case: Case, encounter: Encounter, after: Mapping[str, Visit], left: Availability
    ) -> tuple[Interval, ...]:
        """The nearest slots outside the window of a visit; what hangs on it moves along.

        None for what is bound to the day of another visit, with which it would move.
        """
        if encounter.paired_with is not None:
            return ()
        dates = anchor_dates(self.tree, self.subject.enrolled, after)
        node = self.tree.nodes[encounter.id]
        along = {each.encounter.id for each in node.branch()} & self.free
        free = left.changed(gone=Appointment.every(after[id] for id in along)).seen_by(case.code)
        keeps_all = keeping_all(self.tree, encounter, dates, free)
        barred = case.barred[encounter.id]
        return beyond(
            expect(encounter, dates),
            free,
            allowed=lambda day: day not in barred and keeps_all(day),
        )

    def outside(self, after: Mapping[str, Visit]) -> Iterator[Visit]:
        """Visits that keep their days, and are outside their windows once others move `after`."""
        was, now = (
            anchor_dates(self.tree, self.subject.enrolled, visits)
            for visits in (self.before, after)
        )
        for encounter in self.tree.arm.encounters:
            visit = after.get(encounter.id)
            if visit is None or encounter.id in self.free:
                continue
            day, window = standing_day(visit), expect(encounter, now).window
            stands = visit.status in TAKING
            if stands and window.beyond(day) and not expect(encounter, was).window.beyond(day):
                yield replace(visit, window=window)

    def stuck(self, site: Site, busy: Sequence[Busy]) -> Iterator[Lost]:
        """Coming visits that are not free to move, and yet cannot be as they stand."""
        for visit in self.every:
            coming = visit.status in STANDING and (visit.day or self._today) >= self._today
            if coming and self.is_fixed(visit) and (faults := [*in_the_way(site, visit, busy)]):
                yield Lost(visit=visit, reasons=(self._stays(visit), *faults), alternatives=())

    def _stays(self, visit: Visit) -> str:
        """Why a coming visit is not free to move."""
        if visit.status is Status.CONFIRMED:
            return "it was agreed with the participant"
        for encounter in self.tree.arm.encounters:
            second = self.visits.get(encounter.id)
            is_agreed = second is not None and second.status is Status.CONFIRMED
            if is_agreed and encounter.paired_with == visit.encounter:
                return f"{encounter.id} was agreed with the participant, and they are a pair"
        return "it was put there by decision"

    def reseated(self) -> Iterator[tuple[Visit, Visit]]:
        """The visits that others were put in the place of, and those."""
        return ((self.before[id], v) for id, v in self.visits.items() if v != self.before[id])

    def put(self, visit: Visit, by: Visit) -> None:
        """Let another state of a visit stand in its place."""
        self.visits = {**self.visits, visit.encounter: by}
        self.every = [by if each == visit else each for each in self.every]


def minute_of(availability: Availability, visit: Visit) -> int:
    """The minute of its day at which a visit begins."""
    assert visit.scheduled is not None
    start = visit.scheduled.start
    return availability.minute(start.toordinal(), start)


def _placed(
    visit: Visit, encounter: Encounter, day: int, seat: Seat, availability: Availability
) -> Visit:
    """A visit with the slot that it was given."""
    return replace(
        visit,
        status=Status.SCHEDULED,
        scheduled=availability.interval(day, seat.start, encounter.minutes),
        allocations=tuple(
            Allocation(
                unit=unit,
                interval=availability.interval(day, seat.start + need.start, need.minutes),
            )
            for unit, need in zip(seat.units, encounter.needs, strict=True)
        ),
        unverified=availability.unverified(date.fromordinal(day)),
    )


def is_plain(site: Site, visit: Visit, encounter: Encounter) -> bool:
    """Whether a visit has no slot, or just the units that its encounter asks for."""
    needs = len(encounter.needs)
    return visit.scheduled is None or len([*_units(site, visit, encounter)]) == needs == len(
        visit.allocations
    )


def _units(site: Site, visit: Visit, encounter: Encounter) -> Iterator[str]:
    """The units of a visit in the order of the needs they serve."""
    left = list(visit.allocations)
    assert visit.scheduled is not None
    for need in encounter.needs:
        start = visit.scheduled.start.timestamp() + need.start * 60
        for taken in left:
            begins = taken.interval.start.timestamp()
            resource = site.resource(need.resource)
            known = resource is not None and taken.unit in resource.units
            if known and begins == start and taken.interval.minutes() == need.minutes:
                left.remove(taken)
                yield taken.unit
                break


def _against(case: Case, encounter: Encounter, days: Iterable[date]) -> Iterator[str]:
    """What is wrong with every one of some days."""

    def against(day: date) -> str:
        if found := Hindrances(case.availability, Demand.of(encounter), day).of_day():
            return "; ".join(found)
        if day.toordinal() in case.barred[encounter.id]:
            return "no released product serves, or too short a notice"
        return "needed by others, or bad for the visits that hang on it"

    yield from by_spans((day, against(day)) for day in days)


def _better(expected: Expected, day: date) -> Iterator[date]:
    """The days of a window that are nearer to the target than one of them."""
    off = abs((day - expected.target).days)
    return (d for d in expected.window.days() if abs((d - expected.target).days) < off)
