"""The linear program: groups take parts of their options, found by lazy pricing.

It begins with few options of each group and is given those that its prices speak for, until
there are none.  Then its value is a bound that no selection beats.  It is asked for one
objective after another; what an objective has shown can be held fast for those that follow, by
a budget, and options that are proved to be no part of an answer are dropped.

Source of the method: column generation (Desaulniers, Desrosiers, Solomon 2005), reduced-cost
fixing (Dantzig, Fulkerson, Johnson 1954).

This module needs the extra `optimize` and is imported where it is used only.

>>> from scheduler.joint.costs import DAY
>>> from scheduler.joint.selection import Option, Problem, Row
>>> rivals = ((Option(1 * DAY, (0,)), Option(5 * DAY, ())),) * 2
>>> columns = Columns(Problem(groups=rivals, rows=(Row(places=1, comfortable=1),)))
>>> Linear(columns, lambda: inf).least(columns.objective((0, 0, 1, 0))).bound
6.0
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import highspy
import numpy as np

from scheduler.columns import Budget, Columns, Floats, Mask, Objective, Whole
from scheduler.highs import free, run

ENTERING = 2
"""Options of a group that may join the LP in one round."""

EPSILON = 1e-6
"""What a reduced cost may be off by rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """What the LP shows: a bound, and what taking an option would cost beyond it.

    `prices` are what one more place of each row would save, `used` is how much of each is.
    """

    bound: float
    reduced: Floats
    prices: Floats
    used: Floats


class Linear:
    """The LP of some columns, kept from one objective to the next."""

    def __init__(self, columns: Columns, remaining: Callable[[], float]) -> None:
        self._columns, self._remaining = columns, remaining
        self._model: highspy.Highs | None = None
        self._order: Whole = np.array([], dtype=np.int64)
        self._inside: Mask = np.zeros(len(columns), dtype=np.bool_)
        self.alive: Mask = np.ones(len(columns), dtype=np.bool_)
        self.budgets: list[Budget] = []

    def least(
        self, objective: Objective, told: Callable[[float], object] = lambda _: None
    ) -> Relaxed:
        """The least that parts of the options cost, as far as time allows."""
        columns = self._columns
        model = self._begun(objective)
        best, used = -inf, np.zeros(len(columns.places))
        while True:
            run(model, self._remaining)
            solution = model.getSolution()
            parts = np.asarray(solution.col_value)[len(columns.places) :]
            if len(parts) == len(self._order):
                whole = np.zeros(len(columns))
                whole[self._order] = parts
                used = columns.used(whole)
            of_groups, prices, of_budgets = self._duals(solution)
            costs = objective.costs - columns.paid(prices)
            for budget, price in zip(self.budgets, of_budgets.tolist(), strict=True):
                costs = costs - price * budget.amounts
            costs[~self.alive] = inf
            least = columns.least(costs)
            bound = self._proved(objective, least, prices, of_budgets)
            best = max(best, bound)
            missing = float(np.maximum(of_groups - least, 0).sum())
            told(1 / (1 + missing / (1 + abs(best)) * 1e3))
            entering = self._entering(costs - of_groups[columns.group])
            if not len(entering) or self._remaining() <= 0:
                # These prices may prove less than those of a round before.
                reduced: Floats = costs - least[columns.group] + (bound - best)
                return Relaxed(bound=best, reduced=reduced, prices=-prices, used=used)
            self._inside[entering] = True
            self._order = np.concatenate((self._order, entering))
            columns.add(model, entering, objective, self.budgets)

    def _duals(self, solution: highspy.HighsSolution) -> tuple[Floats, Floats, Floats]:
        """What groups, rows and budgets are worth; no price has the wrong sign by rounding."""
        groups, rows = len(self._columns.problem.groups), len(self._columns.places)
        duals = np.asarray(solution.row_dual)
        if len(duals) != groups + rows + len(self.budgets):
            duals = np.zeros(groups + rows + len(self.budgets))  # time was up at once
        of_groups, prices, of_budgets = np.split(duals, [groups, groups + rows])
        return of_groups, np.minimum(prices, 0), np.minimum(of_budgets, 0)

    def close(self) -> None:
        """Give the memory back; the LP is done with."""
        if self._model is not None:
            free(self._model)

    def hold(self, budget: Budget) -> None:
        """From now on there is so much at most."""
        self.budgets.append(budget)
        if self._model is not None:
            self._columns.hold(self._model, self._order, budget)

    def drop(self, dead: Mask) -> None:
        """From now on these options are no part of any answer."""
        self.alive = self.alive & ~dead
        if self._model is not None:
            gone = np.flatnonzero(dead[self._order]) + len(self._columns.places)
            self._model.changeColsBounds(
                len(gone), gone.astype(np.int32), np.zeros(len(gone)), np.zeros(len(gone))
            )

    def _begun(self, objective: Objective) -> highspy.Highs:
        """The model with this objective; the first time, with the most promising options."""
        if self._model is None:
            self._order = self._promising(objective.costs)
            self._inside[self._order] = True
            self._model = self._columns.model(self._order, objective, self.budgets)
            # Perturbed costs would have the last rounds, which add next to nothing, walk as far
            # as the first: a fifth of the time without, at 3,000 participants.
            self._model.setOptionValue("dual_simplex_cost_perturbation_multiplier", 0.0)
            return self._model
        rows = len(self._columns.places)
        costs = np.concatenate((np.full(rows, objective.crowding), objective.costs[self._order]))
        self._model.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)
        return self._model

    def _promising(self, costs: Floats) -> Whole:
        """The cheapest option of each group, and the last."""
        order = np.lexsort((costs, self._columns.group))
        firsts = self._columns.firsts
        return np.unique(np.concatenate((order[firsts[:-1]], firsts[1:] - 1)))

    def _proved(
        self, objective: Objective, least: Floats, prices: Floats, of_budgets: Floats
    ) -> float:
        """What any selection costs at least, by any prices: the value of Lagrange's dual."""
        columns = self._columns
        crowding = np.minimum(objective.crowding + prices, 0) * (
            columns.places - columns.comfortable
        )
        held = sum(
            price * budget.most
            for budget, price in zip(self.budgets, of_budgets.tolist(), strict=True)
        )
        return float(least.sum() + (prices * columns.comfortable).sum() + crowding.sum() + held)

    def _entering(self, reduced: Floats) -> Whole:
        """The options of most promise in each group that are not in the LP yet."""
        wanted = np.flatnonzero((reduced < -EPSILON) & ~self._inside)
        order = wanted[np.lexsort((reduced[wanted], self._columns.group[wanted]))]
        groups = self._columns.group[order]
        begins = np.flatnonzero(np.concatenate(([True], groups[1:] != groups[:-1])))
        nth = np.arange(len(order)) - np.repeat(begins, np.diff([*begins, len(order)]))
        found: Whole = order[nth < ENTERING]
        return found
