"""Days for many: carriers by their patterns, leaves in what is left, and prices between them.

The patterns are selected first, each at the cost of the best days that its leaves could have.
Then every leaf that hangs on a chosen pattern is given a day: one unit of flow each, through
days that hold so many.  Where leaves crowd, the prices of their days go back into the patterns,
and both are chosen again.  Relaxed by such prices (Lagrange), the first selection proves what
any choice of days costs at least.

>>> PRICINGS > 1
True
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf
from types import MappingProxyType

from scheduler.availability import Availability
from scheduler.joint.costs import LOST
from scheduler.joint.patterns import Case, Pattern
from scheduler.joint.places import Places
from scheduler.joint.selection import Option, Problem, Select
from scheduler.tree import Node

Days = dict[tuple[str, str], int]
"""Days by participant and visit; who has none is not in it."""

PRICINGS = 4
"""Times that crowded days are priced."""

_Leaf = tuple[Case, Node, tuple[tuple[int, int], ...]]
"""A visit that hangs on a chosen pattern, and the days it may be on with their costs."""

_NOTHING = Pattern(0, {})


class Choosing:
    """The choice of days for some participants; `bound` is what any choice costs at least.

    Cases are taken apart into `cases` that have no day in common.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        availability: Availability,
        select: Select,
        remaining: Callable[[], float] = lambda: inf,
    ) -> None:
        self.cases = [part for case in cases for part in case.parts()]
        self.nodes = {(case.code, id): n for case in self.cases for id, n in case.nodes().items()}
        self.places = Places(availability, (node.demand for node in self.nodes.values()))
        self.bound = 0
        self._select, self._remaining = select, remaining
        self._patterns = {case: case.patterns() for case in self.cases if case.carriers()}
        self._chosen: dict[Case, Pattern] = {}
        self._rows: dict[tuple[Case, int], tuple[int, ...]] = {}
        self._own: dict[tuple[str, int, int], tuple[int, ...]] = {}

    def choose(self) -> Days:
        """Days for everybody; the best of some rounds of pricing, as far as time allows."""
        prices: dict[int, int] = {}
        best: tuple[int, Days, dict[Case, Pattern]] | None = None
        first = not self._chosen
        for _ in range(PRICINGS):
            bound = self._choose_patterns(prices)
            if first:
                self.bound = max(self.bound, bound)
            days, cost, found = self._leaves()
            cost += self._pattern_cost()
            if best is None or cost < best[0]:
                best = cost, days, dict(self._chosen)
            priced = {row: price for row, price in enumerate(found) if price > 0}
            if best[0] <= self.bound or not priced or self._remaining() <= 0:
                break
            rows = prices.keys() | priced.keys()
            raised = {row: max(prices.get(row, 0), priced.get(row, 0)) for row in rows}
            if raised == prices:
                break
            prices = raised
        assert best is not None
        self._chosen = best[2]
        return best[1]

    def choose_leaves(self) -> Days:
        """Days for the leaves alone, the carriers as they are."""
        return self._leaves()[0]

    def own_rows(self, code: str, day: int, minutes: int) -> tuple[int, ...]:
        """The rows of a participant's own time of which a visit of a length takes a place.

        The first counts every visit of the day; there are none where two could not meet.
        """
        return self._own.get((code, day, minutes), ())

    def _pattern_cost(self) -> int:
        return sum(pattern.cost for pattern in self._chosen.values())

    def _choose_patterns(self, prices: dict[int, int]) -> int:
        """Choose patterns when places cost so much; the result is a bound on all."""
        problem, least = self.problem(prices)
        found = self._select(problem)
        self._chosen = {case: _NOTHING for case in self.cases if case not in self._patterns}
        for case, n in zip(self._patterns, found.chosen, strict=True):
            self._chosen[case] = self._patterns[case][n]
        paid = sum(price * self.places.limits[row] for row, price in prices.items())
        return found.bound + least - paid

    def problem(self, prices: Mapping[int, int] = MappingProxyType({})) -> tuple[Problem, int]:
        """The choice of patterns, and what those cost at least who have none to choose."""
        alone = [case for case in self.cases if case not in self._patterns]
        groups = tuple(tuple(self._options(case, prices)) for case in self._patterns)
        least = sum(self._cheapest(case, _NOTHING, prices) for case in alone)
        return Problem(groups=groups, rows=self.places.problem_rows()), least

    def _options(self, case: Case, prices: Mapping[int, int]) -> Iterator[Option]:
        for n, pattern in enumerate(self._patterns[case]):
            if (case, n) not in self._rows:
                self._rows[case, n] = tuple(self._pattern_rows(case, pattern))
            rows = self._rows[case, n]
            cost = pattern.cost + self._cheapest(case, pattern, prices)
            yield Option(cost + sum(prices.get(row, 0) for row in rows), rows)

    def _cheapest(self, case: Case, pattern: Pattern, prices: Mapping[int, int]) -> int:
        """What the leaves of a pattern cost at least, places included."""
        if not prices:
            return case.cheapest(pattern)
        cost = 0
        for node in case.leaves():
            least = LOST
            for day, off in case.leaf_choices(node, pattern):
                if off >= least:
                    break  # cheapest first, and no price is negative
                rows = self.places.rows(node.demand, day)
                least = min(least, off + sum(prices.get(row, 0) for row in rows))
            cost += least
        return cost

    def _pattern_rows(self, case: Case, pattern: Pattern) -> Iterator[int]:
        for id in case.placed(pattern):
            yield from self.places.rows(self.nodes[case.code, id].demand, pattern.days[id])
        for id in sorted(pattern.holding):
            yield from self.places.held(self.nodes[case.code, id].demand, pattern.days[id])

    def _leaves(self) -> tuple[Days, int, tuple[int, ...]]:
        """Days for all in the places that the carriers leave, the leaves' cost, and the prices."""
        used: Counter[int] = Counter()
        days: Days = {}
        leaves: list[_Leaf] = []
        for case in self.cases:
            pattern = self._chosen[case]
            days |= {(case.code, id): pattern.days[id] for id in case.placed(pattern)}
            used.update(self._pattern_rows(case, pattern))
            leaves += ((case, n, case.leaf_choices(n, pattern)) for n in case.leaves())
        self._own = self._shared_days(leaves)
        groups = tuple(
            (
                *(
                    Option(
                        cost,
                        self.places.rows(node.demand, day)
                        + self.own_rows(case.code, day, node.demand.minutes),
                    )
                    for day, cost in choices
                ),
                Option(LOST, ()),
            )
            for case, node, choices in leaves
        )
        for (code, id), day in days.items():
            used.update(self.own_rows(code, day, self.nodes[code, id].demand.minutes))
        taken = [used[row] for row in range(len(self.places.limits))]
        found = self._select(Problem(groups=groups, rows=self.places.problem_rows(taken)))
        for (case, node, choices), n in zip(leaves, found.chosen, strict=True):
            if n < len(choices):
                days[case.code, node.encounter.id] = choices[n][0]
        return days, found.cost, found.prices

    def _shared_days(self, leaves: Sequence[_Leaf]) -> dict[tuple[str, int, int], tuple[int, ...]]:
        """Rows of participants' own time, on days that two visits of one of them may share.

        By participant, day, and length of visit.
        """
        wanted: dict[tuple[str, int], set[str]] = defaultdict(set)
        cases: dict[str, Case] = {}
        for case, node, choices in leaves:
            cases[case.code] = case
            for day, _ in choices:
                wanted[case.code, day].add(node.encounter.id)
        for case, pattern in self._chosen.items():
            for id in case.placed(pattern):
                wanted[case.code, pattern.days[id]].add(id)
        found: dict[tuple[str, int, int], tuple[int, ...]] = {}
        for (code, day), ids in wanted.items():
            if len(ids) > 1 and code in cases:
                demands = [self.nodes[code, id].demand for id in ids]
                for length, rows in self.places.own_rows(
                    cases[code].availability, code, demands, day
                ).items():
                    found[code, day, length] = rows
        return found
