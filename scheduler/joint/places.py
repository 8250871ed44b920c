"""Places: how many visits of a length one day of a site can hold, by resource.

Minutes are no measure: a chair with two free runs of three hours has no place for a visit of
four.  So for every length that visits ask for there is a row: however they are arranged, a run
of free time holds no more of them than fit one behind the other, from the starts that they
may have.  A visit takes a place in the row of its own length, and of every shorter one as many as
fit into it wherever it starts.  `packing` has the last word.

>>> fit(0b111111, 0b010101, 2), fit(0b111011, 0b111111, 2)
(3, 2)
>>> fit_within(0b000111, 4, 0b010101, 2)
1
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from scheduler.availability import Availability
from scheduler.demand import Demand
from scheduler.joint.selection import Row
from scheduler.minutes import lowest, runs
from scheduler.protocol import Kind, Need

SPARE = 5
"""One place in so many is better left free, so that load spreads evenly."""


class Places:
    """The rows of a site's days, made when they are first asked for."""

    def __init__(self, availability: Availability, demands: Iterable[Demand]) -> None:
        self._availability = availability
        self._demands = list(dict.fromkeys(demands))
        lengths = {(n.resource, n.minutes) for demand in self._demands for n in demand.needs}
        self._lengths = sorted(lengths)
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._taken: dict[tuple[Demand, int], tuple[int, ...]] = {}
        self._begins: dict[tuple[str, int, int], int] = {}
        self._caps: set[int] = set()
        self.limits: list[int] = []
        self.laboratory: dict[int, tuple[Kind, int, int]] = {}
        """The rows that are places of the laboratory, too: for what, when, and how many."""
        self._comfortable: list[int] = []

    def rows(self, demand: Demand, day: int) -> tuple[int, ...]:
        """The rows of which a visit takes a place that day."""
        found = self._taken.get((demand, day))
        if found is None:
            rows = [
                row
                for need in demand.needs
                for kind, length in self._lengths
                if kind == need.resource and length <= need.minutes
                for row in self._places_of(need, length, day)
            ]
            if demand.work and (room := self._availability.room(demand, day)) is not None:
                # A resource may be called like a kind, but no visit takes zero minutes.
                rows.append(self._row((demand.work, 0, day), room))
                self._caps.add(rows[-1])
                at = self._availability.laboratory_room(demand.work, day)
                if at is not None:
                    self.laboratory[rows[-1]] = demand.work, day, at
            found = self._taken[demand, day] = tuple(rows)
        return found

    def held(self, demand: Demand, day: int) -> tuple[int, ...]:
        """The rows of which a visit that is lost takes a place all the same: those of its units."""
        return tuple(row for row in self.rows(demand, day) if row not in self._caps)

    def own_rows(
        self, availability: Availability, code: str, demands: Sequence[Demand], day: int
    ) -> dict[int, tuple[int, ...]]:
        """The rows of one participant's time, of which a visit takes a place; by its length."""
        lengths = sorted({demand.minutes for demand in demands})
        starts = dict.fromkeys(lengths, 0)
        for demand in demands:
            for length in lengths:
                if demand.minutes >= length:
                    starts[length] |= availability.known_starts(demand, day)
        rows = {n: self._row((code, n, day), fit(-1, starts[n], n)) for n in lengths}
        return {
            minutes: tuple(
                rows[length]
                for length in lengths
                if length <= minutes
                for _ in range(fit_within(starts[minutes], minutes, starts[length], length))
            )
            for minutes in lengths
        }

    def problem_rows(self, used: Sequence[int] = ()) -> tuple[Row, ...]:
        """All rows that were asked for so far, less the places that are used."""
        taken = [*used, *[0] * (len(self.limits) - len(used))]
        return tuple(
            Row(max(limit - n, 0), max(min(limit, comfortable) - n, 0))
            for limit, comfortable, n in zip(self.limits, self._comfortable, taken, strict=True)
        )

    def crowded(self, used: Mapping[int, int]) -> int:
        """How many of the places that are used of each row are beyond what is comfortable."""
        return sum(max(n - self._comfortable[row], 0) for row, n in used.items())

    def _places_of(self, need: Need, length: int, day: int) -> tuple[int, ...]:
        """The row of a length of a need's resource, once for each place that the need takes."""
        row = self._number(need.resource, length, day)
        if length == need.minutes:
            return (row,)
        begins = self._starts_of(need.resource, need.minutes, day)
        starts = self._starts_of(need.resource, length, day)
        return (row,) * fit_within(begins, need.minutes, starts, length)

    def _number(self, kind: str, length: int, day: int) -> int:
        key = kind, length, day
        if key in self._numbers:
            return self._numbers[key]
        limit = self._limit(kind, length, day)
        # The shortest length counts every visit, so crowding is counted there, and once.
        shortest = min(other for of, other in self._lengths if of == kind)
        return self._row(key, limit, limit // SPARE if length == shortest else 0)

    def _row(self, key: tuple[str, int, int], limit: int, spare: int = 0) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.limits)
            self.limits.append(limit)
            self._comfortable.append(limit - spare)
        return self._numbers[key]

    def _limit(self, kind: str, length: int, day: int) -> int:
        starts = self._starts_of(kind, length, day)
        resource = self._availability.site.resource(kind)
        units = resource.units if resource else ()
        return sum(
            fit(self._availability.units.free(kind, unit, day), starts, length) for unit in units
        )

    def _starts_of(self, kind: str, length: int, day: int) -> int:
        """When needs of a resource may begin that last so long or longer."""
        if (kind, length, day) in self._begins:
            return self._begins[kind, length, day]
        starts = 0
        for demand in self._demands:
            offsets = [n.start for n in demand.needs if n.resource == kind and n.minutes >= length]
            if offsets:
                possible = self._availability.known_starts(demand, day)
                for offset in offsets:
                    starts |= possible << offset
        self._begins[kind, length, day] = starts
        return starts


@lru_cache(maxsize=1 << 14)
def fit_within(begins: int, minutes: int, starts: int, length: int) -> int:
    """How many stretches of a length fit into one of so many minutes, whenever it begins.

    They are no longer than that, and may start wherever it may begin, and elsewhere.
    """
    least = minutes // length
    while begins and least > 1:
        start = lowest(begins)
        least = min(least, fit((1 << minutes) - 1, starts >> start, length))
        begins &= begins - 1
    return least


def fit(free: int, starts: int, minutes: int) -> int:
    """How many stretches of so many minutes fit into free ones, none overlapping another."""
    possible, count = runs(free, minutes) & starts, 0
    while possible:
        first = (possible & -possible).bit_length() - 1
        possible &= -1 << (first + minutes)
        count += 1
    return count
