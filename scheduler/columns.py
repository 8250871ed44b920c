"""Columns: the options of a selection in arrays, and models of some of them for HiGHS.

An option is a column; a model has an equation for each group, a limit for each row, and a column
for what a row holds beyond what is comfortable.  A budget limits what the options taken come to.

This module needs the extra `optimize` and is imported where it is used only.

>>> from scheduler.joint.costs import DAY
>>> from scheduler.joint.selection import Option, Row
>>> rivals = ((Option(1 * DAY, (0,)), Option(5 * DAY, ())),) * 2
>>> columns = Columns(Problem(groups=rivals, rows=(Row(places=1, comfortable=1),)))
>>> columns.objective((0, 0, 1, 0)).costs.tolist()
[1.0, 5.0, 1.0, 5.0]
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import highspy
import numpy as np

from scheduler.highs import Quiet, give_back
from scheduler.joint.costs import Ranked
from scheduler.joint.selection import Problem

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
Places = np.ndarray[Any, np.dtype[np.int32]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Objective(NamedTuple):
    """What every option costs on one scale, and a place beyond what is comfortable."""

    costs: Floats
    crowding: float


class Budget(NamedTuple):
    """So much of something at most, and how much of it there is in every option."""

    amounts: Floats
    most: float


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


def _summed(places: Places, amounts: Floats, count: int) -> Floats:
    """What there is in each of so many places."""
    found: Floats = np.bincount(places, weights=amounts, minlength=count).astype(np.float64)
    return found
