"""Re-planning a thousand participants of one site at once, from nothing.

Two years of a site with four chairs.  The baseline is HiGHS on every column of the same
instance, to the same gap; the participants who lose a visit are compared with placing each
in the order of arrival at the best that the others leave.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from time import process_time

import highspy
import numpy as np

from benchmarks.crowds import crowd, site
from benchmarks.table import Row
from scheduler import optimizer
from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.columns import Columns
from scheduler.joint.arrangement import arrange
from scheduler.joint.costs import Ranked, figures
from scheduler.joint.patterns import Case
from scheduler.joint.selection import Problem, Selection
from scheduler.joint.turns import improved
from scheduler.placement import place

PARTICIPANTS = 1_000


def rows(scale: float) -> Iterator[Row]:
    """Four rows; at scale 1 with PARTICIPANTS at one site."""
    count = max(int(PARTICIPANTS * scale), 12)
    told = f"re-plan {count:,} participants"
    cases, availability = crowd(count, site())
    noted: list[tuple[Problem, Selection, float]] = []

    def select(problem: Problem) -> Selection:
        begin = process_time()
        found = optimizer.select(problem)
        noted.append((problem, found, process_time() - begin))
        return found

    begin = process_time()
    found = arrange(cases, availability, select)
    found = improved(cases, availability, found)
    spent = process_time() - begin
    problem, selection, spent_on_patterns = noted[0]
    on_all_columns = _on_all_columns(problem, selection)
    yield Row(
        work=f"{told}, select patterns rank by rank",
        unit="CPU-s",
        measured=spent_on_patterns,
        baseline_name="HiGHS on all columns, ranks on one scale",
        baseline=on_all_columns,
        reach=0.5,
    )
    yield Row(
        work=f"{told}, everything from patterns to times",
        unit="CPU-s",
        measured=spent,
        baseline_name="HiGHS on all columns, patterns alone",
        baseline=on_all_columns,
        reach=5,
    )
    ranks = figures(found.cost, found.bound)
    gaps = [1 if rank.gap is None else rank.gap for rank in ranks.values()]
    yield Row(
        work=f"{told}, gap of visits lost and of days to the bounds",
        unit="%",
        measured=100 * max(gaps[:-1]),
        baseline_name="a limit",
        baseline=0.1,
        reach=1,
    )
    yield Row(
        work=f"{told}, visits lost",
        unit="visits",
        measured=ranks["lost"].found,
        baseline_name="placing in the order of arrival",
        baseline=max(_lost_by_turns(cases, availability), 1),
        reach=0.5,
    )


def _on_all_columns(problem: Problem, selection: Selection) -> float:
    """CPU-seconds of HiGHS with every column, to the same gap; it may not lose fewer visits."""
    columns = Columns(problem)
    model = columns.model(np.arange(len(columns)), columns.objective(optimizer.SCALE))
    first, count = len(problem.rows), len(columns)
    integral = np.full(count, highspy.HighsVarType.kInteger)
    model.changeColsIntegrality(count, np.arange(first, first + count, dtype=np.int32), integral)
    model.setOptionValue("mip_rel_gap", 0.0)
    model.setOptionValue("mip_abs_gap", 0.999)
    begin = process_time()
    model.solve()
    spent = process_time() - begin
    lost = model.getInfo().objective_function_value // optimizer.SCALE.lost
    assert lost >= Ranked.of(selection.bound).lost
    return spent


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
