"""Re-planning a thousand participants of one site at once, from nothing.

Two years of a site with four chairs.  The baseline is HiGHS on every column of the same
instance, to the same gap; the participants who lose a visit are compared with placing each
in the order of arrival at the best that the others leave.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from time import process_time

from benchmarks.crowds import crowd, site
from benchmarks.table import Row
from scheduler import optimizer
from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.joint.arrangement import arrange
from scheduler.joint.patterns import LOST, Case
from scheduler.joint.selection import CROWDED, Problem, Selection
from scheduler.joint.turns import improved
from scheduler.placement import place

PARTICIPANTS = 1_000


def rows(scale: float) -> Iterator[Row]:
    """Three rows; at scale 1 with PARTICIPANTS at one site."""
    count = max(int(PARTICIPANTS * scale), 12)
    cases, availability = crowd(count, site())
    noted: list[tuple[Problem, Selection, float]] = []

    def select(problem: Problem) -> Selection:
        begin = process_time()
        found = optimizer.select(problem)
        noted.append((problem, found, process_time() - begin))
        return found

    found = improved(cases, arrange(cases, availability, select))
    problem, selection, spent = noted[0]
    whole, cost = _all_columns(problem)
    assert cost >= selection.bound
    yield Row(
        work=f"re-plan {count:,} participants, select patterns",
        unit="CPU-s",
        measured=spent,
        baseline_name="HiGHS on all columns",
        baseline=whole,
        reach=0.5,
    )
    lost = sum(place is None for place in found.seats.values())
    rest = found.cost - LOST * lost
    yield Row(
        work=f"re-plan {count:,} participants, gap of moves and days to the bound",
        unit="%",
        measured=100 * (found.cost - found.bound) / max(rest, 1),
        baseline_name="a limit",
        baseline=0.1,
        reach=1,
    )
    yield Row(
        work=f"re-plan {count:,} participants, visits lost",
        unit="visits",
        measured=lost,
        baseline_name="placing in the order of arrival",
        baseline=max(_lost_by_turns(cases, availability), 1),
        reach=0.5,
    )


def _all_columns(problem: Problem) -> tuple[float, int]:
    """CPU-seconds of HiGHS with every column, to the same gap, and the cost it reaches."""
    import highspy
    import numpy as np

    groups, limits = len(problem.groups), len(problem.rows)
    model = optimizer.Quiet()  # type: ignore[no-untyped-call]  # highspy has no types
    model.setOptionValue("threads", 1)
    comfortable = np.array([min(row) for row in problem.rows], dtype=np.float64)
    places = np.array([row.places for row in problem.rows], dtype=np.float64)
    lower = np.concatenate((np.ones(groups), np.full(limits, -highspy.kHighsInf)))
    upper = np.concatenate((np.ones(groups), comfortable))
    none = np.array([], dtype=np.int32), np.array([], dtype=np.float64)
    model.addRows(
        groups + limits, lower, upper, 0, np.zeros(groups + limits, dtype=np.int32), *none
    )
    costs: list[float] = []
    starts: list[int] = []
    index: list[int] = []
    value: list[float] = []
    for group, options in enumerate(problem.groups):
        for option in options:
            costs.append(float(option.cost))
            starts.append(len(index))
            taken = Counter(option.rows)
            index += [group, *(groups + row for row in taken)]
            value += [1.0, *map(float, taken.values())]
    count = len(costs)
    for row in range(limits):
        costs.append(float(CROWDED))
        starts.append(len(index))
        index.append(groups + row)
        value.append(-1.0)
    ceiling = np.concatenate((np.full(count, highspy.kHighsInf), places - comfortable))
    model.addCols(
        len(costs),
        np.array(costs),
        np.zeros(len(costs)),
        ceiling,
        len(index),
        np.array(starts, dtype=np.int32),
        np.array(index, dtype=np.int32),
        np.array(value),
    )
    integral = np.full(count, highspy.HighsVarType.kInteger)
    model.changeColsIntegrality(count, np.arange(count, dtype=np.int32), integral)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 0.999)
    begin = process_time()
    model.solve()
    return process_time() - begin, round(model.getInfo().objective_function_value)


def _lost_by_turns(cases: Sequence[Case], availability: Availability) -> int:
    """Visits lost when each is placed at the best that those before have left."""
    lost = 0
    for case in cases:
        day = date.fromordinal(case.anchors["enrollment"])
        placement = place(case.tree, day, availability)
        lost += len(placement.missing)
        come = [
            Appointment(
                subject=case.code,
                visit=slot.expected.encounter.id,
                kind=slot.expected.encounter.kind,
                mode=slot.expected.encounter.mode,
                interval=slot.interval,
                allocations=slot.allocations,
            )
            for slot in placement.slots
        ]
        availability = availability.changed(come=come)
    return lost
