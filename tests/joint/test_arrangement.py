"""Arrangements of a few participants against brute force."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations, product
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.demand import Demand
from scheduler.joint.arrangement import Arrangement, arrange
from scheduler.joint.costs import DAY, LOST
from scheduler.joint.packing import Item, Seat, pack
from scheduler.joint.patterns import Case, Standing
from scheduler.joint.selection import Problem, Select, Selection
from scheduler.joint.turns import improved, in_turn
from scheduler.optimizer import select
from scheduler.protocol import Need, Protocol
from tests.arms import allowed, clinic, encounter, resource, studies, study, targets, tree

ENROLLED = date(2026, 3, 2)
SITE = clinic("08:00-10:00", resources=(resource("chair", 1), resource("nurse", 1)))
CODES = ("A", "B")

Days = Mapping[str, date | None]


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Two participants of a study whose clinic has two hours a day, and closed days."""

    protocol: Protocol
    closed: frozenset[date]

    def availability(self) -> Availability:
        site = Availability(SITE)
        shut = [site.interval(day.toordinal(), 0, 24 * 60) for day in self.closed]
        return Availability(SITE, [Busy.of("site", "closed", shut)])

    def cases(self, standing: Mapping[str, Mapping[str, Standing]] | None = None) -> list[Case]:
        arm, availability = tree(self.protocol), self.availability()
        free = frozenset(encounter.id for encounter in arm.arm.encounters)
        return [
            Case(
                code=code,
                tree=arm,
                anchors=arm.anchors(ENROLLED),
                free=free,
                standing=standing[code] if standing else {},
                availability=availability.seen_by(code),
            )
            for code in CODES
        ]

    def arranged(self) -> Arrangement:
        cases = self.cases()
        found = arrange(cases, self.availability(), select)
        return improved(cases, self.availability(), found)


@st.composite
def crowds(draw: st.DrawFn) -> Crowd:
    protocol = draw(
        studies(enrolled=ENROLLED, most=3, widest=1, furthest=3, needs=("chair", "nurse"))
    )
    days = st.integers(-3, 9).map(lambda n: ENROLLED + timedelta(days=n))
    return Crowd(protocol=protocol, closed=frozenset(draw(st.sets(days, max_size=5))))


def assignments(crowd: Crowd) -> Iterator[tuple[int, Days]]:
    """Every way to give one participant days, and its cost; a branch has all carriers or none."""
    arm = crowd.protocol.arms[0]
    carriers = arm.carriers()
    fixed = targets(crowd.protocol, ENROLLED)
    known = {id: day for id, day in fixed.items() if not any(e.id == id for e in arm.encounters)}
    rows = [node.encounter for node in tree(crowd.protocol).nodes.values()]

    def extend(n: int, cost: int, days: dict[str, date | None]) -> Iterator[tuple[int, Days]]:
        if n == len(rows):
            yield cost, {row.id: days[row.id] for row in rows}
            return
        row, anchors = rows[n], {id: d for id, d in days.items() if d is not None}
        hangs = row.timing.anchor in {e.id for e in rows}
        lost_above = hangs and days[row.timing.anchor] is None
        if row.id not in carriers or not hangs or lost_above:
            yield from extend(n + 1, cost + LOST, {**days, row.id: None})
        if not lost_above and row.anchors <= anchors.keys():
            target, possible = allowed(row, anchors)
            for day in possible:
                off = DAY * row.weight * abs((day - target).days)
                yield from extend(n + 1, cost + off, {**days, row.id: day})

    yield from extend(0, 0, dict(known))


def best(crowd: Crowd) -> int:
    """The least cost of days that can be filled with times."""
    availability = crowd.availability()
    choices = sorted(assignments(crowd), key=lambda choice: choice[0])
    pairs = sorted(product(choices, repeat=2), key=lambda pair: pair[0][0] + pair[1][0])
    rows = {row.id: row for row in crowd.protocol.arms[0].encounters}
    for (one, first), (other, second) in pairs:
        by_day: dict[date, list[Item]] = {}
        for code, days in zip(CODES, (first, second), strict=True):
            for id, day in days.items():
                if day is not None:
                    item = Item(
                        code=code,
                        id=id,
                        demand=Demand.of(rows[id]),
                        availability=availability.seen_by(code),
                    )
                    by_day.setdefault(day, []).append(item)
        if all(len(pack(d.toordinal(), items)) == len(items) for d, items in by_day.items()):
            return one + other
    raise AssertionError("nobody anywhere is an answer, too")


@settings(max_examples=50)
@given(crowds())
def test_the_optimum_is_reached_and_no_bound_lies_above_it(crowd: Crowd) -> None:
    found, optimum = crowd.arranged(), best(crowd)
    assert found.bound <= optimum == found.cost
    turns = in_turn(crowd.cases(), crowd.availability())
    assert turns.bound <= optimum <= turns.cost


def chair(minutes: int) -> tuple[Need, ...]:
    return (Need(resource="chair", minutes=minutes),)


TREATMENT = study(
    encounter("aspiration", offset="1 d", after="1 d", needs=chair(60)),
    encounter("infusion-1", "aspiration", "3 d", "1 d", "1 d", minutes=120, needs=chair(120)),
    encounter(
        "infusion-2", "infusion-1", "2 d", minutes=120, needs=chair(120), paired_with="infusion-1"
    ),
    encounter("day-5", "infusion-1", "5 d", "1 d", "1 d", needs=chair(60), weight=2),
)
"""The shape of the trial on one chair: a pair that hangs on an aspiration, and a follow-up."""


@settings(max_examples=6)
@given(st.sets(st.integers(0, 12).map(lambda n: ENROLLED + timedelta(days=n)), max_size=6))
def test_two_courses_on_one_chair_reach_the_optimum(closed: set[date]) -> None:
    crowd = Crowd(protocol=TREATMENT, closed=frozenset(closed))
    found = crowd.arranged()
    assert found.cost == best(crowd)
    for code in CODES:
        first, second = (found.seats[code, f"infusion-{n}"] for n in (1, 2))
        assert (first is None) == (second is None)
        assert first is None or second is None or second[0] == first[0] + 2


def standing_at(found: Arrangement) -> dict[str, dict[str, Standing]]:
    """Where everybody stands once that is applied."""
    standing: dict[str, dict[str, Standing]] = {code: {} for code in CODES}
    for (code, id), place in found.seats.items():
        if place is not None:
            day, seat = place
            standing[code][id] = Standing(day, seat.start, seat.units, usable=True)
    return standing


@settings(max_examples=25)
@given(crowds())
def test_what_was_arranged_stays_as_it_is(crowd: Crowd) -> None:
    first = crowd.arranged()
    again = arrange(crowd.cases(standing_at(first)), crowd.availability(), select)
    assert again.seats == first.seats
    assert again.cost <= first.cost


def careless(chance: Random) -> Select:
    """A solver whose answers fit, and are no better than that."""

    def select(problem: Problem) -> Selection:
        chosen = [len(group) - 1 for group in problem.groups]
        for n, group in enumerate(problem.groups):
            last, chosen[n] = chosen[n], chance.randrange(len(group))
            if not problem.fits(chosen):
                chosen[n] = last
        free = (0,) * len(problem.rows)
        return Selection(chosen=tuple(chosen), cost=problem.cost(chosen), bound=0, prices=free)

    return select


@settings(max_examples=60)
@given(crowds(), st.sets(st.integers(-3, 9), max_size=5), st.randoms(use_true_random=False))
def test_nobody_is_in_two_places(crowd: Crowd, shut: set[int], chance: Random) -> None:
    """Not even where a visit that finds no other slot keeps the one it has."""
    standing = standing_at(crowd.arranged())
    closed = frozenset(ENROLLED + timedelta(days=day) for day in shut)
    crowd = replace(crowd, closed=closed)
    arm = {encounter.id: encounter for encounter in crowd.protocol.arms[0].encounters}
    for code, visits in standing.items():
        own = crowd.availability().seen_by(code)
        for id, at in visits.items():
            starts = own.starts(Demand.of(arm[id]), at.day)
            visits[id] = at._replace(usable=bool(starts >> at.start & 1))
    cases, availability = crowd.cases(standing), crowd.availability()
    found = arrange(cases, availability, careless(chance))
    for seats in (found.seats, improved(cases, availability, found).seats):
        for code in CODES:
            spans = [
                (day, start, start + arm[id].minutes)
                for id in arm
                if seats[code, id] or id in standing[code]
                for day, start in [_place(seats[code, id], standing[code].get(id))]
            ]
            for (day, begin, end), (other, first, last) in combinations(spans, 2):
                assert day != other or end <= first or last <= begin


def _place(seat: tuple[int, Seat] | None, stands: Standing | None) -> tuple[int, int]:
    """Day and minute."""
    if seat is not None:
        return seat[0], seat[1].start
    assert stands is not None
    return stands[:2]
