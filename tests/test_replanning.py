"""What follows a moved anchor: laws 8, 9 and 10 on random studies."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduler.dates import Window
from scheduler.protocol import ENROLLMENT, Encounter
from scheduler.replanning import (
    CALLED_OFF,
    FREE,
    adrift,
    anchor_dates,
    follow,
    reach,
    revised,
    standing_day,
)
from scheduler.subject import OPEN, Allocation, Status, Visit, current
from scheduler.tree import Tree
from tests.arms import allowed, moved, tree
from tests.calendars import visit
from tests.crowds import ENROLLED, PARTICIPANT, Case, Taken, cases

CHANGED = datetime(2026, 3, 2, tzinfo=UTC)
FIXED = frozenset({Status.CONFIRMED, Status.HELD})
HAPPENINGS = ["nothing", "nothing", "complete", "confirm", "hold", "cancel", "miss", "move"]
Visits = dict[str, Visit]


@dataclass(frozen=True, kw_only=True)
class History:
    """A placed study to which things happened."""

    case: Case
    visits: Visits
    along: frozenset[str]

    @property
    def tree(self) -> Tree:
        return tree(self.case.protocol)

    def adrift(self) -> frozenset[str]:
        return adrift(self.tree, ENROLLED, self.visits, self.along)

    def clinic(self, leaving: frozenset[str]) -> Case:
        """The clinic, less what the visits take that stay."""
        stay = [v for id, v in self.visits.items() if id not in leaving]
        held = [v for v in stay if v.scheduled and v.status not in CALLED_OFF]
        taken = [
            Taken(owner=owner, day=slot.start.date(), minutes=_minutes(slot.start, slot.end))
            for visit in held
            for owner, slot in [
                *((PARTICIPANT, slot) for slot in [visit.scheduled] if slot),
                *((allocation.unit, allocation.interval) for allocation in visit.allocations),
            ]
        ]
        return replace(self.case, taken=(*self.case.taken, *taken))

    def followed(self) -> "History":
        """The same after everything has followed."""
        drifting = self.adrift()
        free = self.clinic(drifting).availability()
        visits = follow(self.tree, ENROLLED, self.visits, free, drifting)
        return replace(self, visits=visits)


def _minutes(start: datetime, end: datetime) -> range:
    return range(start.hour * 60 + start.minute, end.hour * 60 + end.minute)


def booked(case: Case) -> Visits:
    """The study as it is enrolled: every visit with a slot, or planned without one."""
    placement = case.placed()
    visits = {}
    for slot in placement.slots:
        row = slot.expected
        visits[row.encounter.id] = replace(
            _visit(row.encounter, row.target, row.window),
            status=Status.SCHEDULED,
            scheduled=slot.interval,
            allocations=slot.allocations,
            why=slot.why,
        )
    for missing in placement.missing:
        row = missing.expected
        visits[row.encounter.id] = _visit(row.encounter, row.target, row.window)
    return visits


def _visit(row: Encounter, target: date, window: Window) -> Visit:
    known = visit(target, encounter=row.id, subject=PARTICIPANT, label=row.label)
    return replace(
        known, status=Status.PLANNED, target=target, window=window, scheduled=None, allocations=()
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    case = draw(cases())
    visits = booked(case)
    for id, before in visits.items():
        visits[id] = _happened(before, draw(st.sampled_from(HAPPENINGS)), draw(st.integers(-3, 4)))
    along = draw(st.sets(st.sampled_from(sorted(visits)), max_size=1))
    return History(case=case, visits=visits, along=frozenset(along))


def _happened(before: Visit, what: str, days: int) -> Visit:
    """The visit after something happened to it, `days` off where that says when."""
    day = standing_day(before) + timedelta(days=days)
    match what:
        case "complete":
            return replace(before, status=Status.COMPLETED, actual=day)
        case "confirm" if before.scheduled:
            return replace(before, status=Status.CONFIRMED)
        case "hold" if before.scheduled:
            return replace(before, status=Status.HELD)
        case "cancel":
            return replace(before, status=Status.CANCELLED)
        case "miss":
            return replace(before, status=Status.MISSED)
        case "move" if before.scheduled:
            slot = before.scheduled
            shift = timedelta(days=days)
            there = replace(slot, start=slot.start + shift, end=slot.end + shift)
            taken = tuple(
                Allocation(
                    unit=a.unit,
                    interval=replace(
                        a.interval, start=a.interval.start + shift, end=a.interval.end + shift
                    ),
                )
                for a in before.allocations
            )
            return replace(before, scheduled=there, allocations=taken)
    return before


def days_that_count(history: History) -> Iterator[tuple[Encounter, date, list[date], date]]:
    """Laws 8 and 10 by hand: each encounter with its target, allowed days, and what it counts as.

    Where limits leave no day at all, the days are those of the timing alone.
    """
    dates = {ENROLLMENT: ENROLLED}
    for _ in history.case.protocol.milestones:
        for point in history.case.protocol.milestones:
            if point.anchor in dates:
                dates[point.id] = moved(dates[point.anchor], point.offset)
    rows = list(history.case.rows)
    while rows:
        row = next(row for row in rows if row.anchors <= dates.keys())
        rows.remove(row)
        target, days = allowed(row, dates)
        if not days:
            target, days = allowed(replace(row, limits=()), dates)
        stands = history.visits[row.id]
        day = stands.actual or (stands.scheduled.start.date() if stands.scheduled else None)
        if stands.status in CALLED_OFF and day not in days:
            day = None
        dates[row.id] = day or (stands.target if stands.status not in CALLED_OFF else target)
        yield row, target, days, dates[row.id]


@settings(max_examples=40)
@given(histories())
def test_what_counts_for_those_that_hang_on_it(history: History) -> None:
    dates = anchor_dates(history.tree, ENROLLED, history.visits)
    for row, _, _, day in days_that_count(history):
        assert dates[row.id] == day


@settings(max_examples=40)
@given(histories())
def test_replanning_twice_changes_nothing(history: History) -> None:
    once = history.followed()
    assert once.adrift() == frozenset()
    assert once.followed() == once


@settings(max_examples=40)
@given(histories())
def test_what_is_over_survives_everything(history: History) -> None:
    after = history.followed().visits
    assert after.keys() == history.visits.keys()
    for id, before in history.visits.items():
        if before.status not in OPEN:
            assert after[id] == before


@settings(max_examples=40)
@given(histories())
def test_what_is_agreed_does_not_move_without_being_named(history: History) -> None:
    after = history.followed().visits
    for id, before in history.visits.items():
        if before.status in FIXED and id not in history.along:
            told = (after[id].scheduled, after[id].allocations, after[id].status)
            assert told == (before.scheduled, before.allocations, before.status)


@settings(max_examples=40)
@given(histories())
def test_only_what_is_adrift_moves(history: History) -> None:
    after, drifting = history.followed().visits, history.adrift()
    event(f"{len(drifting)} adrift")
    for id, before in history.visits.items():
        if id not in drifting:
            stayed = replace(after[id], target=before.target, window=before.window, why=before.why)
            assert stayed == before
        else:
            assert before.status in (OPEN if id in history.along else FREE)


@settings(max_examples=40)
@given(histories())
def test_no_visit_leaves_its_window_silently(history: History) -> None:
    """It is moved into it, or has no slot and says why, or its window shows that it is outside."""
    after, drifting = history.followed(), history.adrift()
    clinic = history.clinic(drifting)
    for row, target, days, _ in days_that_count(after):
        stands = after.visits[row.id]
        if stands.status not in OPEN:
            continue
        assert stands.target == target
        assert (stands.window.earliest, stands.window.latest) == (days[0], days[-1])
        if row.id in drifting and stands.scheduled:
            start = stands.scheduled.start
            assert start.date() in days
            assert start.hour * 60 + start.minute in clinic.starts(row, start.date())
            assert stands.status is Status.SCHEDULED
        elif row.id in drifting:
            assert (stands.status, stands.allocations) == (Status.PLANNED, ())
            assert stands.why


@settings(max_examples=40)
@given(histories())
def test_the_pair_is_never_parted_by_what_follows(history: History) -> None:
    after = history.followed()
    for row, _, days, _ in days_that_count(after):
        first, second = after.visits.get(row.paired_with or ""), after.visits[row.id]
        if first is None or first.status not in OPEN or second.status not in OPEN:
            continue
        before = history.visits[row.id]
        together = _apart(history, row.id) == 0
        if before.status in FREE or together:
            assert second.day is None or second.day in days


def _apart(history: History, id: str) -> int:
    """Days by which a visit misses its window."""
    for row, _, days, _ in days_that_count(history):
        if row.id == id:
            day = standing_day(history.visits[id])
            return min(abs((day - other).days) for other in days)
    raise AssertionError(id)


@settings(max_examples=40)
@given(histories())
def test_a_visit_is_looked_for_only_within_reach(history: History) -> None:
    drifting = history.adrift()
    span = reach(history.tree, ENROLLED, history.visits, drifting)
    for stands in (*history.visits.values(), *history.followed().visits.values()):
        if stands.status not in CALLED_OFF:
            assert standing_day(stands) in span


@settings(max_examples=40)
@given(histories(), st.data())
def test_the_sequence_rises_exactly_when_time_place_or_status_changes(
    history: History, data: st.DataObject
) -> None:
    after = history.followed().visits
    at = CHANGED + timedelta(days=30)
    id = data.draw(st.sampled_from(sorted(after)))
    before, now = history.visits[id], revised(history.visits[id], after[id], at)
    told = (after[id].scheduled, after[id].allocations, after[id].status)
    rises = told != (before.scheduled, before.allocations, before.status)
    assert now.sequence == before.sequence + rises
    same_but_for_reasons = replace(after[id], why=before.why) == before
    assert now.changed == (before.changed if same_but_for_reasons else at)
    assert now.why == after[id].why


def test_the_last_occurrence_stands() -> None:
    first = visit(encounter="aspiration", status=Status.SUPERSEDED)
    second = visit(encounter="aspiration", occurrence=2)
    third = visit(encounter="aspiration", occurrence=3, status=Status.SUPERSEDED)
    baseline = visit(encounter="baseline")
    standing = current([third, second, baseline, first])
    assert standing == {"aspiration": second, "baseline": baseline}
