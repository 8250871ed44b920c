"""An arrangement: everybody's open visits on days and times that fit together.

Days are chosen first (`days`), and then each day is packed.  A day that cannot be packed has
fewer places than its rows promise: it is given one less, and days are chosen anew.  Whose
carriers find no time even so stays as is.

>>> Arrangement(seats={}, cost=0, bound=0).gap
0.0
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduler.availability import Availability, Demand
from scheduler.joint.days import Choosing, Days
from scheduler.joint.packing import Item, Seat, pack
from scheduler.joint.patterns import Case, Standing
from scheduler.joint.selection import CROWDED, Select

ROUNDS = 6
"""Times that days are chosen anew because one could not be packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Day and seat of every free visit, by participant and visit; None where it has none.

    No arrangement of the same visits costs less than `bound`.
    """

    seats: Mapping[tuple[str, str], tuple[int, Seat] | None]
    cost: int
    bound: float

    @property
    def gap(self) -> float:
        """The part of the cost that may be too much, from 0 to 1."""
        return (self.cost - self.bound) / self.cost if self.cost > self.bound else 0.0


def arrange(
    cases: Sequence[Case],
    availability: Availability,
    select: Select,
) -> Arrangement:
    """The best arrangement of the cases' free visits; `availability` is that of their site."""
    return _Arranging(cases, availability, select).arrangement()


class _Arranging:
    def __init__(self, cases: Sequence[Case], availability: Availability, select: Select) -> None:
        self._choosing = Choosing(cases, availability, select)
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
        cost = self._counted(seats)
        return Arrangement(seats=seats, cost=cost, bound=min(self._choosing.bound, cost))

    def _is_carrier(self, item: Item) -> bool:
        case = self._case_of[item.code, item.id]
        return item.id in {node.encounter.id for node in case.carriers()}

    def _packed(
        self,
    ) -> tuple[dict[tuple[str, str], tuple[int, Seat] | None], list[tuple[Item, int]]]:
        """Times for the chosen days, and the items that found none on theirs."""
        by_day: dict[int, list[Item]] = defaultdict(list)
        for case in self._cases:
            for id, node in case.nodes().items():
                day = self._days.get((case.code, id))
                if day is not None:
                    by_day[day].append(item_of(case, id, node.demand, day, case in self._pinned))
        seats: dict[tuple[str, str], tuple[int, Seat] | None] = dict.fromkeys(self._nodes)
        failed = []
        for day, items in by_day.items():
            found = pack(day, items, self._left_behind(day))
            seats |= {key: (day, seat) for key, seat in found.items()}
            failed += [(item, day) for item in items if (item.code, item.id) not in found]
        return seats, failed

    def _left_behind(self, day: int) -> Iterator[tuple[Demand, Seat]]:
        """Visits that have no other place, and so keep the one that is in the way of something."""
        for code, id, demand, standing in self._stand_on[day]:
            if (code, id) not in self._days:
                yield demand, Seat(standing.start, standing.units)

    def _tighten(self, failed: Iterable[tuple[Item, int]]) -> None:
        """Take a place from the rows of days that could not be packed."""
        used = Counter(
            row
            for (code, id), day in self._days.items()
            for row in self._places.rows(self._nodes[code, id].demand, day)
        )
        for item, day in failed:
            for need in item.demand.needs:
                row = self._places.row(need, day)
                self._places.limits[row] = max(min(self._places.limits[row], used[row] - 1), 0)

    def _give_up(self, failed: Iterable[tuple[Item, int]]) -> None:
        """Leaves without a time are lost; whose carrier has none stays as it stands."""
        for item, _ in failed:
            self._days.pop((item.code, item.id), None)
            if self._is_carrier(item):
                self._pin(self._case_of[item.code, item.id])

    def _pin(self, case: Case) -> None:
        self._pinned.add(case)
        for id in case.free:
            standing = case.standing.get(id)
            self._days.pop((case.code, id), None)
            if standing and standing.usable:
                self._days[case.code, id] = standing.day

    def _counted(self, seats: Mapping[tuple[str, str], tuple[int, Seat] | None]) -> int:
        """What the arrangement costs, by its seats and not by what was expected of them."""
        used: Counter[int] = Counter()
        placed: dict[Case, dict[str, tuple[int, int] | None]] = defaultdict(dict)
        for (code, id), place in seats.items():
            placed[self._case_of[code, id]][id] = None
            if place is not None:
                day, seat = place
                placed[self._case_of[code, id]][id] = day, seat.start
                used.update(self._places.rows(self._nodes[code, id].demand, day))
        rows = self._places.problem_rows()
        crowded = sum(max(n - rows[row].comfortable, 0) for row, n in used.items())
        return sum(case.cost(placed[case]) for case in self._cases) + CROWDED * crowded


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
