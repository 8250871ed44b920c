"""An arrangement: everybody's open visits on days and times that fit together.

Days are chosen first (`days`), and then each day is packed.  A day that cannot be packed has
fewer places than its rows promise: it is given one less, and days are chosen anew.  Whose
carriers find no time even so stays as is.

>>> Arrangement(seats={}, cost=0, bound=0).seats
{}
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from scheduler.availability import Availability
from scheduler.demand import Demand
from scheduler.joint.costs import CROWDED
from scheduler.joint.days import Choosing, Days
from scheduler.joint.displaced import displaced, raised
from scheduler.joint.packing import Item, Seat, Taken, pack
from scheduler.joint.patterns import Case, Standing
from scheduler.joint.places import Places
from scheduler.joint.selection import Select

ROUNDS = 6
"""Times that days are chosen anew because one could not be packed."""

Seats = Mapping[tuple[str, str], tuple[int, Seat] | None]
"""Day and seat by participant and visit; None where a visit has none."""


_Wanted = list[tuple[Case, str, bool]]
"""Visits of a day, each with whether it is pinned to where it stands."""

_Asked = tuple[_Wanted, list[Taken]]
_Packed = tuple[list[Item], Mapping[tuple[str, str], Seat]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Day and seat of every free visit.

    No arrangement of the same visits costs less than `bound`.
    """

    seats: Seats
    cost: int
    bound: int


def arrange(
    cases: Sequence[Case],
    availability: Availability,
    select: Select,
    remaining: Callable[[], float] = lambda: inf,
) -> Arrangement:
    """The best arrangement of the cases' free visits; `availability` is that of their site.

    When no seconds are `remaining`, days are chosen anew only where one could not be packed.
    """
    return _Arranging(cases, availability, select, remaining).arrangement()


class _Arranging:
    def __init__(
        self,
        cases: Sequence[Case],
        availability: Availability,
        select: Select,
        remaining: Callable[[], float],
    ) -> None:
        self._availability = availability
        self._choosing = Choosing(cases, availability, select, remaining)
        self._cases, self._places = self._choosing.cases, self._choosing.places
        self._nodes = self._choosing.nodes
        self._case_of = {(case.code, id): case for case in self._cases for id in case.free}
        self._stand_on: dict[int, list[tuple[str, str, Demand, Standing]]] = defaultdict(list)
        for case in cases:
            for id in case.free & case.standing.keys():
                standing = case.standing[id]
                demand = self._nodes[case.code, id].demand
                self._stand_on[standing.day].append((case.code, id, demand, standing))
        self._days: Days = {}
        self._pinned: set[Case] = set()
        self._known: dict[int, tuple[_Asked, _Packed]] = {}

    def arrangement(self) -> Arrangement:
        self._days = self._choosing.choose()
        seats, failed = self._packed()
        for _ in range(ROUNDS):
            if not failed:
                break
            self._tighten(failed)
            if any(self._is_carrier(item) for item, _ in failed):
                self._days = self._choosing.choose()
            else:
                self._days = self._choosing.choose_leaves()
            seats, failed = self._packed()
        while failed:
            self._give_up(failed)
            seats, failed = self._packed()
        cost = counted(self._cases, self._availability, seats)
        bound = raised(self._choosing.bound, displaced(self._cases, self._availability))
        return Arrangement(seats=seats, cost=cost, bound=min(bound, cost))

    def _is_carrier(self, item: Item) -> bool:
        case = self._case_of[item.code, item.id]
        return item.id in {node.encounter.id for node in case.carriers()}

    def _packed(
        self,
    ) -> tuple[dict[tuple[str, str], tuple[int, Seat] | None], list[tuple[Item, int]]]:
        """Times for the chosen days, and the items that found none on theirs."""
        by_day: dict[int, _Wanted] = defaultdict(list)
        for case in self._cases:
            for id in case.nodes():
                day = self._days.get((case.code, id))
                if day is not None:
                    by_day[day].append((case, id, case in self._pinned))
        seats: dict[tuple[str, str], tuple[int, Seat] | None] = dict.fromkeys(self._nodes)
        failed = []
        for day, wanted in by_day.items():
            items, found = self._packed_day(day, wanted)
            seats |= {key: (day, seat) for key, seat in found.items()}
            failed += [(item, day) for item in items if (item.code, item.id) not in found]
        return seats, failed

    def _packed_day(self, day: int, wanted: _Wanted) -> _Packed:
        """Times for the visits of one day; a day that is as it was the last time stays so."""
        taken = [*self._left_behind(day)]
        last = self._known.get(day)
        if last is not None and last[0] == (wanted, taken):
            return last[1]
        items = [
            item_of(case, id, self._nodes[case.code, id].demand, day, pinned)
            for case, id, pinned in wanted
        ]
        self._known[day] = (wanted, taken), (items, pack(day, items, taken))
        return self._known[day][1]

    def _left_behind(self, day: int) -> Iterator[Taken]:
        """Visits that have no other place, and so keep the one that is in the way of something."""
        for code, id, demand, standing in self._stand_on[day]:
            if (code, id) not in self._days:
                yield code, demand, Seat(standing.start, standing.units)

    def _tighten(self, failed: Iterable[tuple[Item, int]]) -> None:
        """Take a place from the rows of days that could not be packed.

        Which visit was in the way cannot be known: it is the row that most others may leave.
        """
        used, by_leaves, visits = Counter[int](), Counter[int](), Counter[tuple[str, int]]()
        for case in self._cases:
            leaves = {node.encounter.id for node in case.leaves()}
            for id, node in case.nodes().items():
                if (day := self._days.get((case.code, id))) is not None:
                    rows = self._places.rows(node.demand, day)
                    rows += self._choosing.own_rows(case.code, day, node.demand.minutes)
                    used.update(rows)
                    visits[case.code, day] += 1
                    by_leaves.update(rows if id in leaves else ())
        for item, day in failed:
            row = max(
                self._places.rows(item.demand, day),
                key=lambda row: (by_leaves[row], used[row]),
                default=None,
            )
            if visits[item.code, day] > 1:
                # Most likely participants are in their own way; the first row counts them all.
                [row, *_] = (*self._choosing.own_rows(item.code, day, item.demand.minutes), row)
            if row is not None:
                self._places.limits[row] = max(min(self._places.limits[row], used[row] - 1), 0)

    def _give_up(self, failed: Iterable[tuple[Item, int]]) -> None:
        """Leaves without a time are lost; whose carrier has none stays as it stands."""
        for item, _ in failed:
            self._days.pop((item.code, item.id), None)
            case = self._case_of[item.code, item.id]
            if self._is_carrier(item) and case not in self._pinned:
                self._pin(case)

    def _pin(self, case: Case) -> None:
        self._pinned.add(case)
        for id in case.free:
            standing = case.standing.get(id)
            self._days.pop((case.code, id), None)
            if standing and standing.usable:
                self._days[case.code, id] = standing.day


def counted(cases: Sequence[Case], availability: Availability, seats: Seats) -> int:
    """What seats cost, by what they are and not by what was expected of them."""
    parts = [part for case in cases for part in case.parts()]
    nodes = {(case.code, id): node for case in parts for id, node in case.nodes().items()}
    places = Places(availability, (node.demand for node in nodes.values()))
    used: Counter[int] = Counter()
    cost = 0
    for case in parts:
        placed = {id: seats[case.code, id] for id in case.free}
        cost += case.cost({id: at and (at[0], at[1].start) for id, at in placed.items()})
        for id, at in placed.items():
            if at is not None:
                used.update(places.rows(nodes[case.code, id].demand, at[0]))
    return cost + CROWDED * places.crowded(used)


def item_of(case: Case, id: str, demand: Demand, day: int, pinned: bool = False) -> Item:
    """A free visit in want of a time on a day; where it stands, if that is the day."""
    standing = case.standing.get(id)
    stays = standing is not None and standing.usable and standing.day == day
    return Item(
        code=case.code,
        id=id,
        demand=demand,
        availability=case.availability,
        wish=Seat(standing.start, standing.units) if standing and stays else None,
        pinned=stays and pinned,
    )
