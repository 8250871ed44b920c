"""The linear program: groups take parts of their options, found by lazy pricing.

It begins with few options of each group and is given those that its prices speak for, until
there are none.  Then its value is a bound that no selection beats.  It is asked for one
objective after another; what an objective has shown can be held fast for those that follow, by
a budget, and options that are proved to be no part of an answer are dropped.

Source of the method: column generation (Desaulniers, Desrosiers, Solomon 2005), reduced-cost
fixing (Dantzig, Fulkerson, Johnson 1954); solver: HiGHS (Huangfu, Hall 2018).

This module needs the extra `optimize` and is imported where it is used only.

>>> from scheduler.joint.costs import DAY
>>> from scheduler.joint.selection import Option, Row
>>> rivals = ((Option(1 * DAY, (0,)), Option(5 * DAY, ())),) * 2
>>> columns = Columns(Problem(groups=rivals, rows=(Row(places=1, comfortable=1),)))
>>> Linear(columns, lambda: inf).least(columns.objective((0, 0, 1, 0))).bound
6.0
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from ctypes import CDLL
from dataclasses import dataclass
from functools import cache
from itertools import chain
from math import inf
from typing import Any, NamedTuple

import highspy
import numpy as np

from scheduler.joint.costs import Ranked
from scheduler.joint.selection import Problem

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
Places = np.ndarray[Any, np.dtype[np.int32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

ENTERING = 2
"""Options of a group that may join the LP in one round."""

POLL = 0.1
"""Seconds from one look at the time that remains to the next."""

EPSILON = 1e-6

_MMAP_THRESHOLD = -3
"""The number of that option of glibc's malloc."""

_LARGE = 128 * 1024
"""Octets of an array that is given back to the system when it is done with."""


class Quiet(highspy.Highs):
    """HiGHS without a word on stdout: the first thing that it does would print a banner."""

    def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS calls it so
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]  # highspy has no types


class Objective(NamedTuple):
    """What every option costs on one scale, and a place beyond what is comfortable."""

    costs: Floats
    crowding: float


class Budget(NamedTuple):
    """So much of something at most, and how much of it there is in every option."""

    amounts: Floats
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """What the LP shows: a bound, and what taking an option would cost beyond it.

    `prices` are what one more place of each row would save, `used` is how much of each is.
    """

    bound: float
    reduced: Floats
    prices: Floats
    used: Floats


@cache
def give_back() -> None:
    """Have malloc give large arrays back to the system.

    It would keep them for others as large, and HiGHS makes ever larger ones: a third of all memory
    at ten thousand participants.
    """
    with suppress(AttributeError, OSError, TypeError):  # another C library
        CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE)


class Columns:
    """A problem in arrays: option n has its group, its ranks, and its part of `rows`."""

    def __init__(self, problem: Problem) -> None:
        give_back()
        self.problem = problem
        options = [option for group in problem.groups for option in group]
        sizes = np.array([len(group) for group in problem.groups], dtype=np.int64)
        self.firsts: Whole = np.concatenate(([0], np.cumsum(sizes)))
        self.group: Whole = np.repeat(np.arange(len(problem.groups)), sizes)
        ranks = chain.from_iterable(Ranked.of(option.cost) for option in options)
        self.ranks: Floats = np.fromiter(ranks, np.float64).reshape(-1, len(Ranked._fields)).T
        lengths = np.array([len(option.rows) for option in options], dtype=np.int64)
        self.starts: Whole = np.concatenate(([0], np.cumsum(lengths)))
        rows = chain.from_iterable(option.rows for option in options)
        self.rows: Places = np.fromiter(rows, np.int32, count=lengths.sum())
        self.owner: Places = np.repeat(np.arange(len(options), dtype=np.int32), lengths)
        limits = np.array(problem.rows, dtype=np.float64).reshape(-1, 2)
        self.places: Floats = limits[:, 0]
        self.comfortable: Floats = limits.min(axis=1)

    def __len__(self) -> int:
        return len(self.group)

    def objective(self, weights: Sequence[float]) -> Objective:
        """All ranks on one scale."""
        return Objective(np.asarray(weights, dtype=np.float64) @ self.ranks, weights[-1])

    def least(self, costs: Floats) -> Floats:
        """The least in every group."""
        found: Floats = np.minimum.reduceat(costs, self.firsts[:-1])
        return found

    def paid(self, prices: Floats) -> Floats:
        """What the places of every option cost."""
        return _summed(self.owner, prices[self.rows], len(self))

    def used(self, parts: Floats) -> Floats:
        """How much of every row parts of the options take."""
        taken = np.repeat(parts, np.diff(self.starts))
        return _summed(self.rows, taken, len(self.places))

    def model(
        self, options: Whole, objective: Objective, budgets: Iterable[Budget] = ()
    ) -> highspy.Highs:
        """Equations for the groups, limits for the rows, budgets, crowding, and some options.

        Options have no upper bound of 1: the equation implies it, and a bound would hide
        part of their price.
        """
        model = Quiet()  # type: ignore[no-untyped-call]  # highspy has no types
        model.setOptionValue("threads", 1)
        groups, rows = len(self.problem.groups), len(self.places)
        empty = np.array([], dtype=np.int32), np.array([], dtype=np.float64)
        lower = np.concatenate((np.ones(groups), np.full(rows, -highspy.kHighsInf)))
        upper = np.concatenate((np.ones(groups), self.comfortable))
        model.addRows(
            groups + rows, lower, upper, 0, np.zeros(groups + rows, dtype=np.int32), *empty
        )
        model.addCols(
            rows,
            np.full(rows, objective.crowding),
            np.zeros(rows),
            self.places - self.comfortable,
            rows,
            np.arange(rows, dtype=np.int32),
            np.arange(groups, groups + rows, dtype=np.int32),
            np.full(rows, -1.0),
        )
        self.add(model, options, objective)
        for budget in budgets:
            self.hold(model, options, budget)
        return model

    def add(
        self,
        model: highspy.Highs,
        options: Whole,
        objective: Objective,
        budgets: Sequence[Budget] = (),
    ) -> None:
        """Give a model further options, that has these budgets already."""
        groups, rows = len(self.problem.groups), len(self.places)
        index: list[int] = []
        value: list[float] = []
        starts = []
        for option in options.tolist():
            starts.append(len(index))
            index.append(int(self.group[option]))
            value.append(1.0)
            taken, counts = np.unique(
                self.rows[self.starts[option] : self.starts[option + 1]], return_counts=True
            )
            index += (taken + groups).tolist()
            value += counts.tolist()
            for n, budget in enumerate(budgets):
                if amount := float(budget.amounts[option]):
                    index.append(groups + rows + n)
                    value.append(amount)
        model.addCols(
            len(options),
            objective.costs[options],
            np.zeros(len(options)),
            np.full(len(options), highspy.kHighsInf),
            len(index),
            np.array(starts, dtype=np.int32),
            np.array(index, dtype=np.int32),
            np.array(value, dtype=np.float64),
        )

    def hold(self, model: highspy.Highs, options: Whole, budget: Budget) -> None:
        """Give a model of these options a budget."""
        amounts = budget.amounts[options]
        [taken] = np.nonzero(amounts)
        model.addRow(
            -highspy.kHighsInf,
            budget.most,
            len(taken),
            (taken + len(self.places)).astype(np.int32),
            amounts[taken],
        )


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
        groups, rows = len(columns.problem.groups), len(columns.places)
        best = -inf
        used: Floats = np.zeros(rows)
        while True:
            run(model, self._remaining)
            solution = model.getSolution()
            parts = np.asarray(solution.col_value)[rows:]
            if len(parts) == len(self._order):
                whole = np.zeros(len(columns))
                whole[self._order] = parts
                used = columns.used(whole)
            duals = np.asarray(solution.row_dual)
            if len(duals) != groups + rows + len(self.budgets):
                duals = np.zeros(groups + rows + len(self.budgets))  # time was up at once
            of_groups, prices, of_budgets = np.split(duals, [groups, groups + rows])
            prices, of_budgets = np.minimum(prices, 0), np.minimum(of_budgets, 0)
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


def _summed(places: Places, amounts: Floats, count: int) -> Floats:
    """What there is in each of so many places."""
    found: Floats = np.bincount(places, weights=amounts, minlength=count).astype(np.float64)
    return found


def free(model: highspy.Highs) -> None:
    """Give the memory of a model back: its callbacks hold the model itself, in a circle."""
    model.clear()


def run(model: highspy.Highs, remaining: Callable[[], float]) -> None:
    """Solve as long as time remains, in a thread, so that it can be stopped in the middle."""
    if (left := remaining()) < inf:
        model.setOptionValue("time_limit", model.getRunTime() + max(left, 0.1))
    model.HandleUserInterrupt = True
    model.startSolve()
    try:
        while not model.wait(POLL)[0]:
            if remaining() <= 0:
                model.cancelSolve()  # type: ignore[no-untyped-call]  # as above
    except KeyboardInterrupt:
        model.cancelSolve()  # type: ignore[no-untyped-call]  # as above
        model.wait()
        raise
