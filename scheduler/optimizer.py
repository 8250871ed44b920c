"""The optimiser: HiGHS selects one option for each group, rank by rank.

First one LP sees all ranks on one scale (`linear`), and a MIP on the options of small reduced
cost gives a selection that is nearly always the best.  Then each rank has its turn: its own LP
proves how little of it there can be with the ranks before it held where they are; where
the selection has more, a MIP on all options that can matter finds what is less, or proves that
nothing is.  One whose reduced cost exceeds the distance between the selection and the bound is
in no better one, so little is left to see for the ranks that follow.

This module needs the extra `optimize` and is imported where it is used only.

>>> from scheduler.joint.costs import DAY, LOST
>>> from scheduler.joint.selection import Option, Row
>>> rivals = ((Option(DAY, (0,)), Option(LOST, ())), (Option(2 * DAY, (0,)), Option(LOST, ())))
>>> found = select(Problem(groups=rivals, rows=(Row(places=1, comfortable=1),)))
>>> found.chosen, found.cost == found.bound == LOST + DAY
((0, 1), True)
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from math import ceil, inf

import highspy
import numpy as np

from scheduler.columns import Budget, Columns, Floats, Whole
from scheduler.highs import free, run
from scheduler.joint.costs import Ranked
from scheduler.joint.selection import Problem, Relaxation, Selection
from scheduler.linear import EPSILON, Linear, Relaxed

SCALE = Ranked(lost=1_000_000, moved=1_000, days=10, crowded=1)
"""The scale on which one LP sees all ranks; what it misjudges is put right rank by rank."""

NARROW = 5
"""Reduced cost on that scale up to which options are in the first MIP."""

NODES = 2_000
"""Branches in which a MIP of one rank looks for its proof."""

_ALONE = tuple(tuple(int(n == rank) for n in range(len(SCALE))) for rank in range(len(SCALE)))
"""The scales on which each rank is alone."""

_SLACK = 1e-4
"""What a bound may be too high by rounding."""


def select(
    problem: Problem,
    remaining: Callable[[], float] = lambda: inf,
    told: Callable[[float], object] = lambda _: None,
) -> Selection:
    """The cheapest selection, or the best that was found when no seconds are `remaining`.

    `told` hears how much of the work is done, from 0 to 1.
    """
    if not problem.groups:
        return Selection(chosen=(), cost=0, bound=0, prices=(0,) * len(problem.rows))
    with closing(_Selecting(problem, remaining)) as selecting:
        return selecting.selection(told)


def relax(
    problem: Problem,
    remaining: Callable[[], float] = lambda: inf,
    told: Callable[[float], object] = lambda _: None,
) -> Relaxation:
    """The cheapest selection that may take parts of options, as far as time allows."""
    if not problem.groups:
        return Relaxation(used=(0.0,) * len(problem.rows), bound=0)
    with closing(_Selecting(problem, remaining)) as selecting:
        return selecting.relaxation(told)


class _Selecting:
    """One problem; `least` is what is proved of every rank, those before being at theirs."""

    def __init__(self, problem: Problem, remaining: Callable[[], float]) -> None:
        self._problem, self._remaining = problem, remaining
        self._columns = Columns(problem)
        self._linear = Linear(self._columns, remaining)
        self._scale = self._columns.objective(SCALE)
        self._least = [round(self._columns.least(r).sum()) for r in self._columns.ranks]

    def close(self) -> None:
        """Give the memory back."""
        self._linear.close()

    def selection(self, told: Callable[[float], object]) -> Selection:
        """The answer; what is proved holds whatever becomes of the MIPs."""
        relaxed = self._linear.least(self._scale, told)
        best, proved = self._on_one_scale(relaxed)
        for rank in range(len(SCALE)):
            if proved and rank == len(SCALE) - 1:
                # With all ranks before at their best, what is best on one scale is best here.
                self._least[rank] = self._value(rank, best)
                break
            before, best = best, self._by_rank(rank, best)
            if self._value(rank, best) > self._least[rank]:
                break
            proved = proved and best is before
            self._hold(rank)
        cost = self._problem.cost(best)
        return Selection(
            chosen=tuple(best),
            cost=cost,
            bound=min(Ranked(*self._least).cost, cost),
            prices=tuple(map(_by_scale, relaxed.prices.tolist())),
        )

    def relaxation(self, told: Callable[[float], object]) -> Relaxation:
        """What the LP takes of every row, and what it proves of each rank but the last."""
        used = self._linear.least(self._scale, told).used
        for rank in range(len(SCALE) - 1):
            if self._remaining() <= 0:
                break
            self._prove(rank, self._linear.least(self._columns.objective(_ALONE[rank])).bound)
            self._hold(rank)
        return Relaxation(used=tuple(used.tolist()), bound=Ranked(*self._least).cost)

    def _by_rank(self, rank: int, best: list[int]) -> list[int]:
        """A selection with the least of a rank, which is then held, and what cannot matter dropped.

        None of the ranks before it is worse.
        """
        columns, costs = self._columns, self._columns.ranks[rank]
        reduced: Floats = costs - columns.least(costs)[columns.group]
        proved: float = self._least[rank]
        if self._value(rank, best) > proved and self._remaining() > 0:
            relaxed = self._linear.least(self._columns.objective(_ALONE[rank]))
            reduced, proved = relaxed.reduced, relaxed.bound
            self._prove(rank, proved)
        if self._value(rank, best) > self._least[rank] and self._remaining() > 0:
            matter = reduced <= self._value(rank, best) - proved + _SLACK
            found, is_least = self._integral(_ALONE[rank], np.flatnonzero(matter), best)
            if found is not None and self._problem.cost(found) < self._problem.cost(best):
                best = found
            if is_least:
                self._least[rank] = self._value(rank, best)
        dead = reduced > self._value(rank, best) - proved + _SLACK
        dead[self._numbers(best)] = False
        self._linear.drop(dead)
        return best

    def _prove(self, rank: int, bound: float) -> None:
        if bound > -inf:
            self._least[rank] = max(self._least[rank], ceil(bound - _SLACK))

    def _hold(self, rank: int) -> None:
        """From now on there is no more of a rank than is proved to be the least."""
        self._linear.hold(Budget(self._columns.ranks[rank], self._least[rank]))

    def _value(self, rank: int, chosen: Sequence[int]) -> int:
        return Ranked.of(self._problem.cost(chosen))[rank]

    def _weighed(self, weights: Sequence[int], chosen: Sequence[int]) -> int:
        """What a selection costs on a scale."""
        ranks = Ranked.of(self._problem.cost(chosen))
        return sum(weight * n for weight, n in zip(weights, ranks, strict=True))

    def _numbers(self, chosen: Sequence[int]) -> Whole:
        found: Whole = self._columns.firsts[:-1] + np.array(chosen)
        return found

    def _on_one_scale(self, relaxed: Relaxed) -> tuple[list[int], bool]:
        """The best selection on one scale, and whether that is proved."""
        # Without time for the LP, its prices are worth less than what options cost by themselves.
        costs = np.array([option.cost for group in self._problem.groups for option in group], float)
        best = min(map(self._rounded, (relaxed.reduced, costs)), key=self._problem.cost)
        width: float = NARROW
        while True:
            distance = self._weighed(SCALE, best) - relaxed.bound
            if distance < 1 - EPSILON or self._remaining() <= 0:
                return best, distance < 1 - EPSILON
            options = np.flatnonzero(relaxed.reduced <= width)
            found, proved = self._integral(SCALE, options, best)
            if found is not None and self._weighed(SCALE, found) <= self._weighed(SCALE, best):
                best = found
            distance = self._weighed(SCALE, best) - relaxed.bound
            if not proved or distance <= width or not (relaxed.reduced > width).any():
                return best, proved
            width = distance

    def _rounded(self, prices: Floats) -> list[int]:
        """A selection that fits: from all the last options, to cheaper ones as long as they fit."""
        problem = self._problem
        best = [len(group) - 1 for group in problem.groups]
        used = problem.used(best)
        firsts = self._columns.firsts.tolist()
        gains = [group[-1].cost - min(option.cost for option in group) for group in problem.groups]
        for group in sorted(range(len(best)), key=lambda group: -gains[group]):
            options = problem.groups[group]
            used.subtract(options[best[group]].rows)
            own = prices[firsts[group] : firsts[group + 1]]
            for n in np.argsort(own, kind="stable").tolist():
                rows = options[n].rows
                if all(used[row] + rows.count(row) <= problem.rows[row].places for row in rows):
                    best[group] = n
                    break
            used.update(options[best[group]].rows)
        return best

    def _integral(
        self, weights: Sequence[int], options: Whole, best: Sequence[int]
    ) -> tuple[list[int] | None, bool]:
        """The best selection among some options within all budgets, and whether that is proved.

        None where HiGHS gives none.
        """
        options = np.union1d(options, self._numbers(best))
        objective = self._columns.objective(weights)
        model = self._columns.model(options, objective, self._linear.budgets)
        first, count = len(self._columns.places), len(options)
        integral = np.full(count, highspy.HighsVarType.kInteger)
        model.changeColsIntegrality(
            count, np.arange(first, first + count, dtype=np.int32), integral
        )
        # Costs are whole numbers, so nothing lies within one of the best.  No start is given:
        # HiGHS 1.16 has taken one for the optimum, with a bound to prove it.
        model.setOptionValue("mip_rel_gap", 0.0)
        model.setOptionValue("mip_abs_gap", 0.999)
        if self._linear.budgets:
            model.setOptionValue("mip_max_nodes", NODES)
        run(model, self._remaining)
        proved = model.getModelStatus() == highspy.HighsModelStatus.kOptimal
        said = model.getInfo().objective_function_value
        found = np.asarray(model.getSolution().col_value)[first:]
        free(model)
        if len(found) != count or found.sum() < len(best) - 0.5:
            return None, False
        chosen: list[int] = (options[found > 0.5] - self._columns.firsts[:-1]).tolist()
        if not self._problem.fits(chosen):
            return None, False
        # What HiGHS says of its own answer is believed where it can be counted only.
        return chosen, proved and abs(said - self._weighed(weights, chosen)) < 0.5


def _by_scale(price: float) -> int:
    """A price on one scale, by ranks: so much of the first rank that it reaches, and the rest."""
    left, ranks = round(price), []
    for weight in SCALE:
        n, left = divmod(left, weight)
        ranks.append(n)
    return Ranked(*ranks).cost
