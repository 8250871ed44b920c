"""The slot of every visit of one participant, or every reason why one has none.

`place` lets the tree search choose the days, then the earliest start of each day, and
says why each date is what it is.  Visits that fall on one day must not overlap; where
they would, the search is run again without that day for either, best result first, so
the answer stays the optimum.

>>> Placement(slots=(), missing=()).complete
True
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count, islice
from types import MappingProxyType

from scheduler.availability import Availability
from scheduler.dates import DateOutOfRange, Interval, Window
from scheduler.demand import Demand
from scheduler.explanation import Explanation
from scheduler.minutes import NO_TIME, lowest, runs
from scheduler.plan import Expected, OutOfOrder, milestone_dates, plan
from scheduler.protocol import ENROLLMENT, Encounter, Kind
from scheduler.search import Search
from scheduler.subject import Allocation
from scheduler.tree import Tree

REACH = timedelta(days=60)
"""How far beyond a window, or from an enrollment date, alternatives are looked for."""

_Banned = Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place of one visit: when, on which units, and why that day."""

    expected: Expected
    interval: Interval
    allocations: tuple[Allocation, ...]
    why: tuple[str, ...]
    unverified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A visit without a slot: every reason, and the nearest free slots outside its window."""

    expected: Expected
    reasons: tuple[str, ...]
    alternatives: tuple[Interval, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Slots and missing visits of one participant, each in protocol order."""

    slots: tuple[Slot, ...]
    missing: tuple[Missing, ...]

    @property
    def complete(self) -> bool:
        """Whether every visit has a slot."""
        return not self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The best day of every encounter (None: no day), and the minute it starts at."""

    search: Search
    days: Mapping[str, int | None]
    starts: Mapping[str, int]


def place(
    tree: Tree,
    enrolled: date,
    availability: Availability,
    settled: Mapping[str, date] = MappingProxyType({}),
) -> Placement:
    """The best placement of one participant; `availability` is as that participant finds it.

    Encounters that are `settled` count as on that day, and are not part of the result.

    Raises:
        OutOfOrder, DateOutOfRange: as `plan` does.
    """
    planned = _planned(tree, enrolled)
    choice = choose(tree, enrolled, availability, settled)
    explanation = Explanation(tree, enrolled, availability, choice.search, choice.days, planned)
    slots, missing = [], []
    for encounter in tree.arm.encounters:
        if encounter.id in settled:
            continue
        expected = explanation.expected(encounter)
        day = choice.days[encounter.id]
        if day is None:
            reasons = tuple(explanation.reasons(expected))
            others = beyond(expected, availability, _taken(tree, choice))
            missing.append(Missing(expected=expected, reasons=reasons, alternatives=others))
        else:
            demand, start = tree.nodes[encounter.id].demand, choice.starts[encounter.id]
            slots.append(_slot(expected, demand, day, start, explanation, availability))
    return Placement(slots=tuple(slots), missing=tuple(missing))


@lru_cache(maxsize=1024)
def _planned(tree: Tree, enrolled: date) -> tuple[Expected, ...]:
    # Many enroll on one day, and whoever is placed again has enrolled on the same one.
    return plan(tree.protocol, tree.arm, enrolled)


@lru_cache(maxsize=1024)
def horizon(tree: Tree, enrolled: date) -> Window:
    """Every day that placing from `enrolled` may ask about."""
    first = milestone_dates(tree.protocol.milestones, {ENROLLMENT: enrolled})
    last = dict(first)
    for id, node in tree.nodes.items():
        timing = node.encounter.timing
        first[id], last[id] = (
            timing.earliest(first[timing.anchor]),
            timing.latest(last[timing.anchor]),
        )
    return Window(earliest=min(first.values()), latest=max(last.values()))


def widened(window: Window) -> Window:
    """`window` and REACH on either side: every day that alternatives may ask about."""
    return Window(earliest=window.earliest - REACH, latest=window.latest + REACH)


def enrollment_dates(
    tree: Tree, enrolled: date, availability: Availability, *, most: int = 3
) -> tuple[date, ...]:
    """The days nearest to `enrolled`, within REACH, from which every visit finds a slot."""
    steps = sorted(range(-REACH.days, REACH.days + 1), key=lambda step: (abs(step), step))
    days = (enrolled + timedelta(days=step) for step in steps)
    found = (day for day in days if _places_all(tree, day, availability))
    return tuple(islice(found, most))


def _places_all(tree: Tree, enrolled: date, availability: Availability) -> bool:
    try:
        _planned(tree, enrolled)
        days = choose(tree, enrolled, availability).days
    except (DateOutOfRange, OutOfOrder):
        return False
    return None not in days.values()


def other_slots(
    tree: Tree,
    encounter: Encounter,
    dates: Mapping[str, date],
    availability: Availability,
    *,
    most: int = 3,
) -> tuple[Interval, ...]:
    """Slots in the encounter's window, nearest to its target first, that cost no other visit.

    `dates` are the days of everything the encounter counts from; what hangs on it is
    free to follow it.
    """
    node = tree.nodes[encounter.id]
    days = {id: day.toordinal() for id, day in dates.items()}
    keeps_all = keeping_all(tree, encounter, dates, availability)
    target, steps = node.candidates(days)
    earliest = availability.earliest(node.demand)
    found = (
        availability.interval(day, earliest[day], encounter.minutes)
        for day in (target + step for step, _ in sorted(steps, key=lambda step: abs(step[0])))
        if earliest[day] != NO_TIME and keeps_all(day)
    )
    return tuple(islice(found, most))


def standing(
    tree: Tree,
    enrolled: date,
    availability: Availability,
    dates: Mapping[str, date],
    moving: frozenset[str],
) -> Explanation:
    """What can be said of visits as they stand on their `dates`, of which some could move.

    `availability` is as the participant finds it without the `moving` ones.
    """
    days = {encounter.id: dates[encounter.id].toordinal() for encounter in tree.arm.encounters}
    fixed = {id: day for id, day in days.items() if id not in moving}
    search = Search(tree, _open_days(tree, availability), {}, fixed)
    planned = _planned(tree, enrolled)
    return Explanation(tree, enrolled, availability, search, days, planned, named=True)


def _open_days(tree: Tree, availability: Availability) -> dict[str, Mapping[int, int]]:
    return {id: availability.earliest(node.demand) for id, node in tree.nodes.items()}


def choose(
    tree: Tree,
    enrolled: date,
    availability: Availability,
    settled: Mapping[str, date] = MappingProxyType({}),
) -> Choice:
    """The best days and starts, by best-first branching where visits share a day.

    Raises:
        DateOutOfRange: a milestone falls outside the years this program knows.
    """
    anchors = tree.anchors(enrolled)
    plain = availability.remember(
        tree, lambda: Search(tree, _open_days(tree, availability), {}, {})
    )
    if not settled:
        _, days = plain.best(anchors)
        starts, clash = _starts(tree, plain, days, availability)
        if not clash:
            return Choice(search=plain, days=days, starts=starts)
    fixed = {id: day.toordinal() for id, day in settled.items()}
    return _branch(tree, anchors, availability, plain, fixed)


def _branch(
    tree: Tree,
    anchors: Mapping[str, int],
    availability: Availability,
    plain: Search,
    fixed: Mapping[str, int],
) -> Choice:
    """The best choice by searching again without a day that visits cannot share.

    `plain` is the search without such days and nothing `fixed`.
    """
    order = count()
    queue: list[tuple[int, int, _Banned, Search, dict[str, int | None]]] = []
    asked: set[frozenset[tuple[str, frozenset[int]]]] = set()

    def ask(banned: _Banned) -> None:
        # Visits banned in another order lead to the same search, again and again.
        if (question := frozenset(banned.items())) in asked:
            return
        asked.add(question)
        search = Search(tree, plain.open, banned, fixed) if banned or fixed else plain
        cost, days = search.best(anchors)
        heappush(queue, (cost, next(order), banned, search, days))

    ask({})
    while True:
        _, _, banned, search, days = heappop(queue)
        placed = {id: day for id, day in days.items() if id not in fixed}
        starts, clash = _starts(tree, plain, placed, availability)
        if not clash:
            return Choice(search=search, days=days, starts=starts)
        for id in clash:
            day = days[id]
            assert day is not None
            ask({**banned, id: banned.get(id, frozenset()) | {day}})


def _starts(
    tree: Tree, plain: Search, days: Mapping[str, int | None], availability: Availability
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Earliest starts in protocol order, or the visits that cannot share their day."""
    starts = plain.starts(days)
    if len({days[id] for id in starts}) == len(starts):
        return starts, ()
    together: dict[int | None, list[Encounter]] = defaultdict(list)
    for id in starts:
        together[days[id]].append(tree.nodes[id].encounter)
    for day, visits in together.items():
        if day is None or len(visits) == 1:
            continue
        for alike in _of_one_kind(visits):
            room = availability.room(Demand.of(alike[0]), day)
            if room is not None and len(alike) > max(room, 1):
                return {}, tuple(visit.id for visit in alike)
        free = [(v.minutes, availability.starts(Demand.of(v), day)) for v in visits]
        chosen = _side_by_side(free, 0)
        if chosen is None:
            return {}, tuple(visit.id for visit in visits)
        starts |= zip((visit.id for visit in visits), chosen, strict=True)
    return starts, ()


def _of_one_kind(visits: Iterable[Encounter]) -> Iterator[list[Encounter]]:
    """Visits that are counted together, by the site or its laboratory."""
    kinds: dict[Kind, list[Encounter]] = defaultdict(list)
    for visit in visits:
        if work := Demand.of(visit).work:
            kinds[work].append(visit)
    yield from kinds.values()


def _side_by_side(visits: list[tuple[int, int]], taken: int) -> tuple[int, ...] | None:
    """Starts for (minutes, possible starts) pairs so that none overlaps another or `taken`."""
    if not visits:
        return ()
    (minutes, starts), *others = visits
    while (start := lowest(starts)) != NO_TIME:
        span = ((1 << minutes) - 1) << start
        if not span & taken:
            rest = _side_by_side(others, taken | span)
            if rest is not None:
                return (start, *rest)
        starts &= starts - 1
    return None


def _slot(
    expected: Expected,
    demand: Demand,
    ordinal: int,
    start: int,
    explanation: Explanation,
    availability: Availability,
) -> Slot:
    interval, allocations = availability.allocate(demand, ordinal, start)
    day = date.fromordinal(ordinal)
    return Slot(
        expected=expected,
        interval=interval,
        allocations=allocations,
        why=(*expected.rules, *explanation.off_target(expected, day)),
        unverified=availability.unverified(day),
    )


def _taken(tree: Tree, choice: Choice) -> Mapping[int | None, int]:
    """Minutes that the placed visits take, by day."""
    taken: dict[int | None, int] = defaultdict(int)
    for id, start in choice.starts.items():
        taken[choice.days[id]] |= ((1 << tree.nodes[id].demand.minutes) - 1) << start
    return taken


def beyond(
    expected: Expected,
    availability: Availability,
    taken: Mapping[int | None, int] = MappingProxyType({}),
    allowed: Callable[[int], bool] = lambda _: True,
) -> tuple[Interval, ...]:
    """The nearest free slot before the window and after it, beside the visits that are placed.

    Days that are not `allowed`, given as ordinals, are passed over.
    """
    demand, window = Demand.of(expected.encounter), expected.window
    slots = []
    for edge, direction in ((window.earliest, -1), (window.latest, 1)):
        for n in range(1, REACH.days + 1):
            day = edge.toordinal() + direction * n
            beside = runs(~taken.get(day, 0), demand.minutes)
            start = lowest(availability.starts(demand, day) & beside)
            if start != NO_TIME and allowed(day):
                slots.append(availability.interval(day, start, demand.minutes))
                break
    return tuple(slots)


def keeping_all(
    tree: Tree, encounter: Encounter, dates: Mapping[str, date], availability: Availability
) -> Callable[[int], bool]:
    """Whether all that hangs on an encounter finds a day when it falls on one, by ordinal.

    `dates` are the days of everything the encounter counts from.
    """
    node = tree.nodes[encounter.id]
    days = {id: day.toordinal() for id, day in dates.items()}
    search = Search(tree, _open_days(tree, availability), {}, {})
    return lambda day: search.keeps_all(node, day, days)
