"""Packing: a time and units for every visit of one day, side by side.

What has a time keeps it where it can, before anybody else takes the units.  The others are placed
hardest first; where that leaves somebody out, everybody who may move is placed anew, by a search
through all starts and units that differ, within a budget of steps.

>>> pack(739000, [])
{}
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scheduler.availability import Availability
from scheduler.capacity import WORK
from scheduler.demand import Demand
from scheduler.minutes import lowest, runs
from scheduler.protocol import Kind, Need

STEPS = 4_000
"""Seats tried on one day before a search gives up."""


class Seat(NamedTuple):
    """The minute of the day a visit begins at, and the unit for each of its needs."""

    start: int
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """A visit in want of a time that day.

    `wish` is where it stands already; a `pinned` one stays there.  `availability` is as the
    participant finds it.
    """

    code: str
    id: str
    demand: Demand
    availability: Availability
    wish: Seat | None = None
    pinned: bool = False


Seats = dict[tuple[str, str], Seat]
"""Seats by participant and visit."""


Taken = tuple[str, Demand, Seat]
"""A seat that a visit of a participant keeps."""


def pack(day: int, items: Sequence[Item], taken: Iterable[Taken] = ()) -> Seats:
    """The seats of a day beside what is `taken`; who is missing found no room."""
    taken = list(taken)
    room, seats = Room(day, taken), Seats()
    waiting = sorted(items, key=lambda item: not item.pinned)
    for keep in (room.stay, room.keep):
        seats |= {(i.code, i.id): seat for i in waiting if (seat := keep(i))}
        waiting = [item for item in waiting if (item.code, item.id) not in seats]
    if not waiting:
        return seats
    if found := room.search(waiting):
        return seats | found
    anew = Room(day, taken)
    pinned = {(i.code, i.id): seat for i in items if i.pinned and (seat := anew.keep(i))}
    if found := anew.search([item for item in items if (item.code, item.id) not in pinned]):
        return pinned | found
    for item in room.hardest(waiting):
        if seat := next(room.seats(item), None):
            room.take(item, seat)
            seats[item.code, item.id] = seat
    return seats


class Room:
    """What is taken on one day, of units and of participants, while it is filled."""

    def __init__(self, day: int, taken: Iterable[Taken] = ()) -> None:
        self._day = day
        self._open: dict[str, int] = {}
        self._taken: dict[str, int] = defaultdict(int)
        self._begun = Counter[tuple[int, Kind | None]]()
        for code, demand, seat in taken:
            self.occupy(code, demand, seat)

    def stay(self, item: Item) -> Seat | None:
        """The very seat where an item stands, taken for it; a pinned one may get other units."""
        if item.pinned:
            return self.keep(item)
        if item.wish is None or not self.holds(item, item.wish):
            return None
        self.take(item, item.wish)
        return item.wish

    def keep(self, item: Item) -> Seat | None:
        """The seat at the time where an item stands, taken for it; with other units if need be."""
        if item.wish is None or not self._starts(item) >> item.wish.start & 1:
            return None
        seat = next(self._crews(item, item.wish.start, item.wish.units), None)
        if seat is not None:
            self.take(item, seat)
        return seat

    def holds(self, item: Item, seat: Seat) -> bool:
        """Whether just this seat is free for the item."""
        return bool(self._starts(item) >> seat.start & 1) and all(
            not _span(seat.start + need.start, need.minutes) & ~self._free(item, need, unit)
            for unit, need in zip(seat.units, item.demand.needs, strict=True)
        )

    def take(self, item: Item, seat: Seat) -> None:
        """From now on the seat is the item's."""
        self.occupy(item.code, item.demand, seat)

    def leave(self, item: Item, seat: Seat) -> None:
        """The item gives its seat back."""
        self.vacate(item.code, item.demand, seat)

    def occupy(self, code: str, demand: Demand, seat: Seat) -> None:
        """Take the units of a seat, and the participant's time."""
        self._taken[code] |= _span(seat.start, demand.minutes)
        for unit, need in zip(seat.units, demand.needs, strict=True):
            self._taken[unit] |= _span(seat.start + need.start, need.minutes)
        self._begun[seat.start, demand.work] += not demand.phone

    def vacate(self, code: str, demand: Demand, seat: Seat) -> None:
        """Give back what was occupied."""
        self._taken[code] &= ~_span(seat.start, demand.minutes)
        for unit, need in zip(seat.units, demand.needs, strict=True):
            self._taken[unit] &= ~_span(seat.start + need.start, need.minutes)
        self._begun[seat.start, demand.work] -= not demand.phone

    def hardest(self, items: Iterable[Item]) -> list[Item]:
        """Those with the fewest starts first; of two, the longer."""
        return sorted(
            items, key=lambda i: (self._starts(i).bit_count(), -i.demand.minutes, i.code, i.id)
        )

    def search(self, items: Sequence[Item]) -> Seats | None:
        """Seats for all of them, or None where there are none within the budget."""
        steps = STEPS
        order = self.hardest(items)

        def fill(n: int) -> Seats | None:
            nonlocal steps
            if n == len(order):
                return {}
            item = order[n]
            for seat in self.seats(item):
                steps -= 1
                if steps < 0:
                    return None
                self.take(item, seat)
                if (rest := fill(n + 1)) is not None:
                    return {(item.code, item.id): seat} | rest
                self.leave(item, seat)
            return None

        return fill(0)

    def seats(self, item: Item) -> Iterator[Seat]:
        """Every seat that differs: the wish first, then by start."""
        starts = self._starts(item)
        if item.wish and starts >> item.wish.start & 1:
            yield from self._crews(item, item.wish.start, item.wish.units)
            starts &= ~(1 << item.wish.start)
        while starts:
            yield from self._crews(item, lowest(starts), ())
            starts &= starts - 1

    def _starts(self, item: Item) -> int:
        """Starts at which the participant is free, and some unit for each need."""
        starts = item.availability.known_starts(item.demand, self._day)
        starts &= runs(_DAY & ~self._taken[item.code], item.demand.minutes)
        for need in item.demand.needs:
            if not starts:
                break
            served = 0
            for unit in self._units(item, need):
                served |= runs(self._free(item, need, unit), need.minutes) >> need.start
            starts &= served
        return starts & ~self._full(item, starts)

    def _full(self, item: Item, starts: int) -> int:
        """Those of the starts at which the site takes no more."""
        demand, availability = item.demand, item.availability
        caps = availability.site.caps
        if demand.phone or not starts or not availability.is_capped:
            return 0
        room = availability.room(demand, self._day)
        if room is not None:
            given = sum(n for (_, work), n in self._begun.items() if work is demand.work)
            if given >= room:
                return starts
        load, full = availability.load(self._day), 0
        while starts:
            start = lowest(starts)
            begun = sum(self._begun[start, work] for work in (None, *WORK))
            left = load.left(caps, start, infusion=False) - begun
            if demand.infusion:
                infusions = self._begun[start, Kind.INFUSION]
                left = min(left, load.left(caps, start, infusion=True) - infusions)
            full |= (left <= 0) << start
            starts &= starts - 1
        return full

    def _crews(self, item: Item, start: int, wished: Sequence[str]) -> Iterator[Seat]:
        """The units that can serve a start; those that are free alike count once."""

        def crew(n: int, taken: tuple[tuple[str, int], ...]) -> Iterator[tuple[str, ...]]:
            if n == len(item.demand.needs):
                yield ()
                return
            need = item.demand.needs[n]
            span = _span(start + need.start, need.minutes)
            seen: set[int] = set()
            units = self._units(item, need)
            for unit in sorted(units, key=lambda unit: unit not in wished):
                free = self._free(item, need, unit)
                busy = any(unit == other and span & minutes for other, minutes in taken)
                if busy or span & ~free or free in seen:
                    continue
                seen.add(free)
                for rest in crew(n + 1, (*taken, (unit, span))):
                    yield (unit, *rest)

        return (Seat(start, units) for units in crew(0, ()))

    def _units(self, item: Item, need: Need) -> tuple[str, ...]:
        resource = item.availability.site.resource(need.resource)
        return resource.units if resource else ()

    def _free(self, item: Item, need: Need, unit: str) -> int:
        if unit not in self._open:
            self._open[unit] = item.availability.units.free(need.resource, unit, self._day)
        return self._open[unit] & ~self._taken[unit]


_DAY = (1 << 60 * 26) - 1
"""Minutes of the longest day, and some more."""


def _span(start: int, minutes: int) -> int:
    return ((1 << minutes) - 1) << start
