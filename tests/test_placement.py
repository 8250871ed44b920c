"""Placement against brute force: laws 5 and 10 on random studies."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.placement import (
    Placement,
    enrollment_dates,
    horizon,
    other_slots,
    place,
    widened,
)
from scheduler.plan import OutOfOrder
from scheduler.protocol import ENROLLMENT, Encounter, Protocol
from tests.arms import allowed, targets, tree
from tests.crowds import ENROLLED, Case, capped, cases

NEVER = date.max

Days = dict[str, date | None]
Cost = tuple[int, int, int, list[date]]


def assignments(case: Case) -> Iterator[Days]:
    """Every way to give the visits days, none or some; rules of law 5 on who may have none."""
    carriers = case.protocol.arms[0].carriers()
    fixed = {ENROLLMENT, *(point.id for point in case.protocol.milestones)}
    known = {id: day for id, day in targets(case.protocol, ENROLLED).items() if id in fixed}
    waiting = list(case.rows)
    order: list[Encounter] = []
    while waiting:
        ready = [row for row in waiting if row.timing.anchor in fixed | {o.id for o in order}]
        order += ready
        waiting = [row for row in waiting if row not in ready]

    def extend(n: int, days: dict[str, date | None]) -> Iterator[Days]:
        if n == len(order):
            yield {row.id: days[row.id] for row in case.rows}
            return
        row = order[n]
        anchored = days[row.timing.anchor] is not None
        if anchored:
            dates = {id: day for id, day in days.items() if day is not None}
            for day in allowed(row, dates)[1]:
                if case.starts(row, day):
                    yield from extend(n + 1, days | {row.id: day})
        # Only a branch as a whole may lack an anchor or half of a pair.
        if not anchored or row.id not in carriers or row.timing.anchor in fixed:
            yield from extend(n + 1, days | {row.id: None})

    yield from extend(0, dict(known))


def cost(case: Case, days: Days) -> Cost:
    """What law 5 looks at, in its order: visits without a day, days off target, dates."""
    carriers = case.protocol.arms[0].carriers()
    lost = [row.id for row in case.rows if days[row.id] is None]
    known = targets(case.protocol, ENROLLED) | {id: d for id, d in days.items() if d is not None}
    off = 0
    for row in case.rows:
        day = days[row.id]
        if day is not None:
            off += row.weight * abs((day - allowed(row, known)[0]).days)
    broken = [id for id in lost if {id, *above(case.protocol, id)} & carriers & set(lost)]
    return len(broken), len(lost), off, [days[row.id] or NEVER for row in case.rows]


def above(protocol: Protocol, id: str) -> list[str]:
    """The encounters that this one hangs on."""
    anchor = protocol.arms[0].encounter(id).timing.anchor
    return [anchor, *above(protocol, anchor)] if anchor.startswith("v") else []


def first_starts(case: Case, days: Days) -> dict[str, int] | None:
    """The earliest starts in protocol order at which no two visits overlap."""
    chosen: dict[str, int] = {}
    for day in {day for day in days.values() if day is not None}:
        rows = [row for row in case.rows if days[row.id] == day]
        if case.exceeds(rows, day):
            return None
        for starts in product(*(case.starts(row, day) for row in rows)):
            spans = [(at, at + row.minutes) for at, row in zip(starts, rows, strict=True)]
            if all(a[1] <= b[0] or b[1] <= a[0] for a, b in combinations(spans, 2)):
                chosen |= {row.id: at for row, at in zip(rows, starts, strict=True)}
                break
        else:
            return None
    return chosen


def best(case: Case) -> tuple[Days, dict[str, int]]:
    """The optimum of law 5 by trying everything."""
    ranked = sorted(((cost(case, days), days) for days in assignments(case)), key=lambda r: r[0])
    for _, days in ranked:
        starts = first_starts(case, days)
        if starts is not None:
            return days, starts
    raise AssertionError("no visit at all is an answer, too")


def days_of(placement: Placement) -> Days:
    placed: Days = {
        slot.expected.encounter.id: slot.interval.start.date() for slot in placement.slots
    }
    return placed | {missing.expected.encounter.id: None for missing in placement.missing}


@given(cases())
def test_law_5_placement_reaches_the_optimum_of_brute_force(case: Case) -> None:
    placement = case.placed()
    days, starts = best(case)
    assert cost(case, days_of(placement)) == cost(case, days)
    assert days_of(placement) == days
    assert {
        slot.expected.encounter.id: slot.interval.start.hour * 60 + slot.interval.start.minute
        for slot in placement.slots
    } == starts


@given(cases(most=5, furthest=0))
def test_law_5_visits_that_crowd_the_same_days_are_placed_best(case: Case) -> None:
    days, starts = best(case)
    placement = case.placed()
    assert days_of(placement) == days
    assert [
        slot.interval.start.hour * 60 + slot.interval.start.minute for slot in placement.slots
    ] == [starts[slot.expected.encounter.id] for slot in placement.slots]


@given(capped() | capped(furthest=1))
def test_law_5_the_optimum_under_caps_is_that_of_brute_force(case: Case) -> None:
    days, starts = best(case)
    placement = case.placed()
    assert days_of(placement) == days
    assert [
        slot.interval.start.hour * 60 + slot.interval.start.minute for slot in placement.slots
    ] == [starts[slot.expected.encounter.id] for slot in placement.slots]
    for missing in placement.missing:
        assert all(missing.reasons)


@given(cases(most=8, furthest=30))
def test_visits_of_one_participant_never_overlap(case: Case) -> None:
    slots = case.placed().slots
    for one, other in combinations(slots, 2):
        assert not one.interval.overlaps(other.interval)


@given(cases(most=8, furthest=30))
def test_law_5_a_visit_is_placed_on_an_open_day_of_its_window_or_reported(case: Case) -> None:
    placement = case.placed()
    for slot in placement.slots:
        day = slot.interval.start.date()
        assert day in slot.expected.window
        assert day not in case.closed
        assert slot.interval.minutes() == slot.expected.encounter.minutes
    ids = [s.expected.encounter.id for s in placement.slots]
    ids += [m.expected.encounter.id for m in placement.missing]
    assert sorted(ids) == sorted(row.id for row in case.rows)
    assert placement.complete == (not placement.missing)
    for missing in placement.missing:
        assert missing.reasons
        assert all(missing.reasons)


@given(cases(most=8, furthest=30))
def test_law_5_an_anchor_is_unplaced_only_with_its_whole_branch(case: Case) -> None:
    placement = case.placed()
    lost = {missing.expected.encounter.id for missing in placement.missing}
    carriers = case.protocol.arms[0].carriers()
    for row in case.rows:
        if row.timing.anchor in lost:
            assert row.id in lost
        if row.id in lost & carriers and row.timing.anchor.startswith("v"):
            assert row.timing.anchor in lost


@given(cases(most=8, furthest=30))
def test_law_5_a_pair_is_placed_together_or_not_at_all(case: Case) -> None:
    days = days_of(case.placed())
    for row in case.rows:
        if row.paired_with is not None:
            first, second = days[row.paired_with], days[row.id]
            if first is None or second is None:
                assert first is second is None
            else:
                assert second in allowed(row, _dated(case, days))[1]


@given(cases(most=8, furthest=30))
def test_law_10_dependants_follow_the_scheduled_day_of_their_anchors(case: Case) -> None:
    placement = case.placed()
    dates = _dated(case, days_of(placement))
    for slot in placement.slots:
        target, days = allowed(slot.expected.encounter, dates)
        assert slot.expected.target == target
        assert [slot.expected.window.earliest, slot.expected.window.latest] == [days[0], days[-1]]
    for missing in placement.missing:
        if missing.expected.encounter.anchors <= dates.keys():
            assert missing.expected.target == allowed(missing.expected.encounter, dates)[0]


def _dated(case: Case, days: Days) -> dict[str, date]:
    fixed = {ENROLLMENT, *(point.id for point in case.protocol.milestones)}
    known = {id: day for id, day in targets(case.protocol, ENROLLED).items() if id in fixed}
    return known | {id: day for id, day in days.items() if day is not None}


@given(cases(most=8, furthest=30))
def test_allocated_units_serve_the_needs_and_are_free(case: Case) -> None:
    for slot in case.placed().slots:
        row, day = slot.expected.encounter, slot.interval.start.date()
        assert len(slot.allocations) == len(row.needs)
        for need, allocation in zip(row.needs, slot.allocations, strict=True):
            assert allocation.unit.startswith(need.resource)
            assert allocation.interval.minutes() == need.minutes
            start = allocation.interval.start
            assert start == slot.interval.start + timedelta(minutes=need.start)
            first = start.hour * 60 + start.minute
            span = range(first, first + need.minutes)
            assert case.free({need.resource, allocation.unit}, day, span)


@given(cases(most=6, furthest=30))
def test_alternatives_are_free_and_outside_the_window(case: Case) -> None:
    placement = case.placed()
    for missing in placement.missing:
        row, window = missing.expected.encounter, missing.expected.window
        for interval in missing.alternatives:
            day, start = interval.start.date(), interval.start.hour * 60 + interval.start.minute
            assert day not in window
            assert start in case.starts(row, day)
            assert interval.minutes() == row.minutes
            for slot in placement.slots:
                assert not slot.interval.overlaps(interval)


@settings(max_examples=15)
@given(cases(most=4, furthest=20))
def test_enrollment_dates_are_the_nearest_that_place_everything(case: Case) -> None:
    availability, arm = case.availability(), tree(case.protocol)
    found = enrollment_dates(arm, ENROLLED, availability, most=2)
    days = sorted(
        (ENROLLED + timedelta(days=n) for n in range(-60, 61)),
        key=lambda day: (abs(day - ENROLLED), day),
    )
    complete = []
    for day in days:
        try:
            if place(arm, day, availability).complete:
                complete.append(day)
        except OutOfOrder:
            pass
        if len(complete) == 2:
            break
    assert list(found) == complete


@given(cases(most=6, furthest=30))
def test_the_horizon_holds_every_day_that_is_asked_about(case: Case) -> None:
    arm = tree(case.protocol)
    span = horizon(arm, ENROLLED)
    placement = case.placed()
    for slot in placement.slots:
        assert slot.expected.window.earliest in span
        assert slot.expected.window.latest in span
    for missing in placement.missing:
        assert all(other.start.date() in widened(span) for other in missing.alternatives)


@given(cases(most=6, furthest=20), st.lists(st.integers(-20, 20), min_size=1, max_size=4))
def test_participants_one_after_another_are_placed_as_if_each_were_the_first(
    case: Case, days: list[int]
) -> None:
    arm, shared = tree(case.protocol), case.availability()
    for enrolled in [ENROLLED + timedelta(days=n) for n in days]:
        try:
            alone = place(tree(case.protocol), enrolled, case.availability())
        except OutOfOrder:
            continue
        assert place(arm, enrolled, shared) == alone


@given(cases(most=6, furthest=20), st.data())
def test_law_10_dependants_follow_what_is_settled(case: Case, data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(case.rows))
    settled = {chosen.id: ENROLLED + timedelta(days=data.draw(st.integers(-10, 30)))}
    try:
        placement = place(tree(case.protocol), ENROLLED, case.availability(), settled)
    except OutOfOrder:
        return
    dates = _dated(case, days_of(placement)) | settled
    assert chosen.id not in days_of(placement)
    for slot in placement.slots:
        target, days = allowed(slot.expected.encounter, dates)
        assert slot.expected.target == target
        assert slot.interval.start.date() in days


@given(cases(most=6, furthest=20))
def test_other_slots_are_free_and_nearest_first(case: Case) -> None:
    placement, availability = case.placed(), case.availability()
    dates = _dated(case, days_of(placement))
    for slot in placement.slots:
        row = slot.expected.encounter
        others = other_slots(tree(case.protocol), row, dates, availability)
        target = slot.expected.target
        distances = [abs((other.start.date() - target).days) for other in others]
        assert distances == sorted(distances)
        for other in others:
            assert other.start.date() in slot.expected.window
            assert other.start.hour * 60 + other.start.minute in case.starts(
                row, other.start.date()
            )
