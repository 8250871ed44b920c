"""Places: how many visits of a length one day of a site can hold, by resource.

Minutes are no measure: a chair with two free runs of three hours has no place for a visit of
four.  So for every length that visits ask for there is a row: however they are arranged, a run
of free time holds no more of them than fit one behind the other, from the starts that they
may have.  A visit takes a place in the row of its own length and of every shorter one.  Where
lengths divide one another the rows are exact; elsewhere they are a bound, and `packing` has the
last word.

>>> fit(0b111111, 0b010101, 2), fit(0b111011, 0b111111, 2)
(3, 2)
"""

from collections.abc import Iterable, Sequence

from scheduler.availability import Availability, Demand
from scheduler.joint.selection import Row
from scheduler.minutes import runs
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
        self.limits: list[int] = []
        self.laboratory: dict[int, tuple[Kind, int, int]] = {}
        """The rows that are places of the laboratory, too: for what, when, and how many."""
        self._spare: list[int] = []

    def rows(self, demand: Demand, day: int) -> tuple[int, ...]:
        """The rows of which a visit takes a place that day."""
        found = self._taken.get((demand, day))
        if found is None:
            rows = [
                self._number(kind, length, day)
                for need in demand.needs
                for kind, length in self._lengths
                if kind == need.resource and length <= need.minutes
            ]
            if demand.work and (room := self._availability.room(demand, day)) is not None:
                # A resource may be called like a kind, but no visit takes zero minutes.
                rows.append(self._row((demand.work, 0, day), room))
                at = self._availability.laboratory_room(demand.work, day)
                if at is not None:
                    self.laboratory[rows[-1]] = demand.work, day, at
            found = self._taken[demand, day] = tuple(rows)
        return found

    def row(self, need: Need, day: int) -> int:
        """The row of a need's own length."""
        return self._number(need.resource, need.minutes, day)

    def own_rows(
        self, availability: Availability, code: str, demands: Sequence[Demand], day: int
    ) -> dict[int, tuple[int, ...]]:
        """The rows of one participant's time, of which a visit takes a place; by its length."""
        lengths = sorted({demand.minutes for demand in demands})
        rows = []
        for length in lengths:
            key = code, length, day
            if key not in self._numbers:
                starts = 0
                for demand in demands:
                    if demand.minutes >= length:
                        starts |= availability.starts(demand, day)
                self._row(key, fit(-1, starts, length))
            rows.append(self._numbers[key])
        return {length: tuple(rows[: n + 1]) for n, length in enumerate(lengths)}

    def problem_rows(self, used: Sequence[int] = ()) -> tuple[Row, ...]:
        """All rows that were asked for so far, less the places that are used."""
        taken = [*used, *[0] * (len(self.limits) - len(used))]
        return tuple(
            Row(max(limit - n, 0), max(limit - spare - n, 0))
            for limit, spare, n in zip(self.limits, self._spare, taken, strict=True)
        )

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
            self._spare.append(spare)
        return self._numbers[key]

    def _limit(self, kind: str, length: int, day: int) -> int:
        starts = 0
        for demand in self._demands:
            offsets = [n.start for n in demand.needs if n.resource == kind and n.minutes >= length]
            if offsets:
                possible = self._availability.starts(demand, day)
                for offset in offsets:
                    starts |= possible << offset
        resource = self._availability.site.resource(kind)
        units = resource.units if resource else ()
        return sum(
            fit(self._availability.unit_free(kind, unit, day), starts, length) for unit in units
        )


def fit(free: int, starts: int, minutes: int) -> int:
    """How many stretches of so many minutes fit into free ones, none overlapping another."""
    possible, count = runs(free, minutes) & starts, 0
    while possible:
        first = (possible & -possible).bit_length() - 1
        possible &= -1 << (first + minutes)
        count += 1
    return count
