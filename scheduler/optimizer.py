"""The optimiser: HiGHS selects one option for each group.

The LP is solved by lazy pricing: it begins with few options of each group and is given those that
its prices speak for, until there are none.  Then its value is a bound that no selection beats.
The MIP sees only options of small reduced cost: one whose reduced cost exceeds the distance
between the best selection and the bound is in no better one, so little is left out and that
little is proved to be no loss.

Source of the method: column generation (Desaulniers, Desrosiers, Solomon 2005), reduced-cost
fixing (Dantzig, Fulkerson, Johnson 1954); solver: HiGHS (Huangfu, Hall 2018).

This module needs the extra `optimize` and is imported where it is used only.

>>> from scheduler.joint.selection import Option, Row
>>> rivals = ((Option(1, (0,)), Option(5, ())), (Option(2, (0,)), Option(9, ())))
>>> found = select(Problem(groups=rivals, rows=(Row(places=1, comfortable=1),)))
>>> found.chosen, found.cost, found.bound
((1, 0), 7, 7.0)
"""

from collections.abc import Callable, Sequence
from math import ceil, inf
from typing import Any

import highspy
import numpy as np

from scheduler.joint.selection import CROWDED, Problem, Relaxation, Selection

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]

NARROW = 5
"""Reduced cost up to which options are in the first MIP."""

ENTERING = 2
"""Options of a group that may join the LP in one round."""

_EPSILON = 1e-6


def select(
    problem: Problem,
    remaining: Callable[[], float] = lambda: inf,
    told: Callable[[float], object] = lambda _: None,
) -> Selection:
    """The cheapest selection, or the best that was found when no seconds are `remaining`.

    `told` hears how much of the work is done, from 0 to 1.
    """
    return _Selecting(problem, remaining, told).selection()


def relax(
    problem: Problem,
    remaining: Callable[[], float] = lambda: inf,
    told: Callable[[float], object] = lambda _: None,
) -> Relaxation:
    """The cheapest selection that may take parts of options, as far as time allows."""
    return _Selecting(problem, remaining, told).relaxation()


class Quiet(highspy.Highs):
    """HiGHS without a word on stdout: the first thing that it does would print a banner."""

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS calls it so
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]  # highspy has no types


class _Selecting:
    """One problem in arrays: option n has its group, its cost, and its part of `rows`."""

    def __init__(
        self, problem: Problem, remaining: Callable[[], float], told: Callable[[float], object]
    ) -> None:
        self._problem, self._remaining, self._told = problem, remaining, told
        options = [option for group in problem.groups for option in group]
        self._sizes = np.array([len(group) for group in problem.groups], dtype=np.int64)
        self._firsts = np.concatenate(([0], np.cumsum(self._sizes)))
        self._group = np.repeat(np.arange(len(problem.groups)), self._sizes)
        self._costs = np.array([option.cost for option in options], dtype=np.float64)
        lengths = np.array([len(option.rows) for option in options], dtype=np.int64)
        self._starts = np.concatenate(([0], np.cumsum(lengths)))
        self._rows = np.array([row for option in options for row in option.rows], dtype=np.int64)
        self._owner = np.repeat(np.arange(len(options)), lengths)
        self._bound = -inf
        self._prices: Floats = np.zeros(len(problem.rows))
        self._parts: Floats = np.zeros(len(options))

    def selection(self) -> Selection:
        """The answer; what the LP proves holds whatever becomes of the MIP."""
        if not self._problem.groups:
            return Selection(chosen=(), cost=0, bound=0, prices=tuple(self._prices.tolist()))
        reduced = self._relaxed()
        best = self._rounded(reduced)
        width: float = NARROW
        while True:
            distance = self._problem.cost(best) - self._bound
            if distance < 1 - _EPSILON or self._remaining() <= 0:
                break
            best, proved = self._integral(np.flatnonzero(reduced <= width), best)
            distance = self._problem.cost(best) - self._bound
            if proved and (distance <= width or not (reduced > width).any()):
                self._bound = self._problem.cost(best)
                break
            if not proved or width >= distance:
                break
            width = distance
        cost = self._problem.cost(best)
        return Selection(
            chosen=tuple(best),
            cost=cost,
            bound=min(float(ceil(self._bound - 1e-4)), cost) if self._bound > -inf else -inf,
            prices=tuple((-self._prices).tolist()),
        )

    def relaxation(self) -> Relaxation:
        """What the LP takes of every row."""
        if not self._problem.groups:
            return Relaxation(used=(0.0,) * len(self._problem.rows), bound=0.0)
        self._relaxed()
        taken = np.repeat(self._parts, np.diff(self._starts))
        used = np.bincount(self._rows, weights=taken, minlength=len(self._problem.rows))
        return Relaxation(used=tuple(used.tolist()), bound=self._bound)

    def _relaxed(self) -> Floats:
        """Solve the LP; the reduced cost of every option, and the bound they prove."""
        model = self._model(first := self._promising())
        inside = np.zeros(len(self._costs), dtype=bool)
        inside[first] = True
        order = first
        while True:
            self._run(model)
            solution = model.getSolution()
            parts = np.asarray(solution.col_value)[len(self._prices) :]
            if len(parts) == len(order):
                self._parts = np.zeros(len(self._costs))
                self._parts[order] = parts
            duals = np.asarray(solution.row_dual)
            if len(duals) != len(self._sizes) + len(self._prices):
                duals = np.zeros(len(self._sizes) + len(self._prices))  # time was up at once
            groups, prices = np.split(duals, [len(self._sizes)])
            self._prices = np.minimum(prices, 0)
            costs = self._priced()
            least = np.minimum.reduceat(costs, self._firsts[:-1])
            self._bound = max(self._bound, self._proved(least))
            missing = float(np.maximum(groups - least, 0).sum())
            self._told(1 / (1 + missing / (1 + abs(self._bound)) * 1e3))
            entering = self._entering(costs - groups[self._group], inside)
            if not len(entering) or self._remaining() <= 0:
                reduced: Floats = costs - least[self._group]
                return reduced
            inside[entering] = True
            order = np.concatenate((order, entering))
            self._add(model, entering)

    def _priced(self) -> Floats:
        """What each option costs together with the places that it takes."""
        paid = np.bincount(
            self._owner, weights=self._prices[self._rows], minlength=len(self._costs)
        )
        priced: Floats = self._costs - paid
        return priced

    def _proved(self, least: Floats) -> float:
        """What any selection costs at least, by any prices: the value of Lagrange's dual."""
        rows = np.array(self._problem.rows, dtype=np.float64).reshape(-1, 2)
        comfortable = rows.min(axis=1)
        crowding = np.minimum(CROWDED + self._prices, 0) * (rows[:, 0] - comfortable)
        return float(least.sum() + (self._prices * comfortable).sum() + crowding.sum())

    def _promising(self) -> Whole:
        """What the LP begins with: the cheapest option of each group, and the last."""
        order = np.lexsort((self._costs, self._group))
        return np.unique(np.concatenate((order[self._firsts[:-1]], self._firsts[1:] - 1)))

    def _entering(self, reduced: Floats, inside: np.ndarray[Any, Any]) -> Whole:
        """The options of most promise in each group that are not in the LP yet."""
        wanted = np.flatnonzero((reduced < -_EPSILON) & ~inside)
        order = wanted[np.lexsort((reduced[wanted], self._group[wanted]))]
        groups = self._group[order]
        begins = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
        nth = np.arange(len(order)) - np.repeat(begins, np.diff([*begins, len(order)]))
        found: Whole = order[nth < ENTERING]
        return found

    def _model(self, options: Whole) -> highspy.Highs:
        """Equations for the groups, limits for the rows, crowding, and some options.

        Options have no upper bound of 1: the equation implies it, and a bound would hide
        part of their price.
        """
        problem = self._problem
        model = Quiet()  # type: ignore[no-untyped-call]  # highspy has no types
        model.setOptionValue("threads", 1)
        groups, rows = len(problem.groups), len(problem.rows)
        empty = np.array([], dtype=np.int32), np.array([], dtype=np.float64)
        lower = np.concatenate((np.ones(groups), np.full(rows, -highspy.kHighsInf)))
        comfortable = [min(row) for row in problem.rows]
        upper = np.concatenate((np.ones(groups), np.array(comfortable, dtype=np.float64)))
        model.addRows(
            groups + rows, lower, upper, 0, np.zeros(groups + rows, dtype=np.int32), *empty
        )
        slack = np.array([row.places for row in problem.rows]) - np.array(comfortable)
        model.addCols(
            rows,
            np.full(rows, float(CROWDED)),
            np.zeros(rows),
            slack.astype(np.float64),
            rows,
            np.arange(rows, dtype=np.int32),
            np.arange(groups, groups + rows, dtype=np.int32),
            np.full(rows, -1.0),
        )
        self._add(model, options)
        return model

    def _add(self, model: highspy.Highs, options: Whole) -> None:
        """Give a model further options as columns."""
        groups = len(self._problem.groups)
        index: list[int] = []
        value: list[float] = []
        starts = []
        for option in options.tolist():
            starts.append(len(index))
            index.append(int(self._group[option]))
            value.append(1.0)
            rows = self._rows[self._starts[option] : self._starts[option + 1]]
            taken, counts = np.unique(rows, return_counts=True)
            index += (taken + groups).tolist()
            value += counts.tolist()
        model.addCols(
            len(options),
            self._costs[options],
            np.zeros(len(options)),
            np.full(len(options), highspy.kHighsInf),
            len(index),
            np.array(starts, dtype=np.int32),
            np.array(index, dtype=np.int32),
            np.array(value, dtype=np.float64),
        )

    def _run(self, model: highspy.Highs) -> None:
        """Solve within the time that remains, in a thread that Ctrl-C can stop."""
        if (left := self._remaining()) < inf:
            model.setOptionValue("time_limit", model.getRunTime() + max(left, 0.1))
        model.HandleKeyboardInterrupt = True
        model.solve()
        if model.getModelStatus() == highspy.HighsModelStatus.kInterrupt:
            raise KeyboardInterrupt

    def _rounded(self, reduced: Floats) -> list[int]:
        """A selection that fits: from all the last options, to cheaper ones as long as they fit."""
        problem = self._problem
        best = [len(group) - 1 for group in problem.groups]
        used = problem.used(best)
        firsts = self._firsts.tolist()
        gains = [group[-1].cost - min(option.cost for option in group) for group in problem.groups]
        for group in sorted(range(len(best)), key=lambda group: -gains[group]):
            options = problem.groups[group]
            used.subtract(options[best[group]].rows)
            prices = reduced[firsts[group] : firsts[group + 1]]
            for n in np.argsort(prices, kind="stable").tolist():
                rows = options[n].rows
                if all(used[row] + rows.count(row) <= problem.rows[row].places for row in rows):
                    best[group] = n
                    break
            used.update(options[best[group]].rows)
        return best

    def _integral(self, options: Whole, best: Sequence[int]) -> tuple[list[int], bool]:
        """The best selection among some options, and whether that is proved."""
        known = self._firsts[:-1] + np.array(best)
        options = np.union1d(options, known)
        model, rows = self._model(options), len(self._problem.rows)
        first, count = rows, len(options)
        integral = np.full(count, highspy.HighsVarType.kInteger)
        model.changeColsIntegrality(
            count, np.arange(first, first + count, dtype=np.int32), integral
        )
        # Costs are whole numbers, so nothing lies within one of the best.  No start is given:
        # HiGHS 1.16 has taken one for the optimum, with a bound to prove it.
        model.setOptionValue("mip_rel_gap", 0.0)
        model.setOptionValue("mip_abs_gap", 0.999)
        self._run(model)
        proved = model.getModelStatus() == highspy.HighsModelStatus.kOptimal
        found = np.asarray(model.getSolution().col_value)[first:]
        if len(found) != count or found.sum() < len(best) - 0.5:
            return list(best), False
        picked = options[found > 0.5]
        chosen: list[int] = (picked - self._firsts[:-1]).tolist()
        cost = self._problem.cost(chosen)
        if cost > self._problem.cost(best) or not self._problem.fits(chosen):
            return list(best), False
        # What HiGHS says of its own answer is believed where it can be counted only.
        said = model.getInfo().objective_function_value
        return chosen, proved and abs(said - cost) < 0.5
