"""Target dates and windows by arithmetic: laws 1 to 4, and the trial by hand."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scheduler.dates import DateOutOfRange, Offset, Window
from scheduler.plan import Expected, OutOfOrder, expect, milestone_dates, plan
from scheduler.protocol import ENROLLMENT, Encounter, Limit, Protocol
from tests.arms import allowed, encounter, milestone, studies, study, targets, trial

ENROLLED = date(2026, 3, 2)
DATES = st.dates(date(2015, 1, 1), date(2060, 12, 31))


def planned(protocol: Protocol, enrolled: date = ENROLLED) -> tuple[Expected, ...]:
    return plan(protocol, protocol.arms[0], enrolled)


@st.composite
def enrolled_studies(draw: st.DrawFn) -> tuple[Protocol, date]:
    enrolled = draw(DATES)
    return draw(studies(enrolled=enrolled, furthest=90, widest=20)), enrolled


def counts_months(protocol: Protocol) -> bool:
    offsets: list[Offset | None] = [point.offset for point in protocol.milestones]
    for row in protocol.arms[0].encounters:
        offsets += [row.timing.offset, row.timing.before, row.timing.after]
        offsets += [bound for limit in row.limits for bound in (limit.not_before, limit.not_after)]
    return any(offset.months for offset in offsets if offset is not None)


@given(enrolled_studies())
def test_law_1_a_window_holds_its_target(case: tuple[Protocol, date]) -> None:
    for expected in planned(*case):
        assert expected.target in expected.window


@given(enrolled_studies())
def test_a_plan_follows_every_anchor_at_its_target(case: tuple[Protocol, date]) -> None:
    protocol, enrolled = case
    dates = targets(protocol, enrolled)
    for expected, row in zip(planned(*case), protocol.arms[0].encounters, strict=True):
        assert expected.encounter is row
        assert expected.target == dates[row.id]
        target, days = allowed(row, dates)
        assert bool(expected.contradiction) == (not days)
        if days:
            assert (expected.target, list(expected.window.days())) == (target, days)


@given(enrolled_studies(), st.integers(-1000, 1000))
def test_law_2_targets_in_days_obey_the_shift_law(case: tuple[Protocol, date], days: int) -> None:
    protocol, enrolled = case
    assume(not counts_months(protocol))
    shift = timedelta(days=days)
    before, after = planned(protocol, enrolled), planned(protocol, enrolled + shift)
    for then, now in zip(before, after, strict=True):
        assert now.target == then.target + shift
        assert now.window.earliest == then.window.earliest + shift
        assert now.window.latest == then.window.latest + shift


@given(DATES, st.integers(1, 24), st.integers(1, 24))
def test_law_2_months_count_from_the_anchor_never_chained(
    enrolled: date, first: int, second: int
) -> None:
    rows = (encounter("a", offset=f"{first} mo"), encounter("b", offset=f"{first + second} mo"))
    earlier, later = planned(study(*rows), enrolled)
    assert earlier.target == Offset(months=first).after(enrolled)
    assert later.target == Offset(months=first + second).after(enrolled)
    assert later.target.day <= enrolled.day


@given(st.lists(st.integers(0, 30), min_size=2, max_size=6), DATES)
def test_law_3_targets_are_checked_against_each_other(days: list[int], enrolled: date) -> None:
    protocol = study(*(encounter(f"v{n}", offset=f"{day} d") for n, day in enumerate(days)))
    if days == sorted(days):
        assert [(e.target - enrolled).days for e in planned(protocol, enrolled)] == days
    else:
        with pytest.raises(OutOfOrder):
            planned(protocol, enrolled)


def test_law_3_names_the_two_that_are_out_of_order() -> None:
    # Each comes after the first, but the third comes before the second.
    rows = (encounter("a"), encounter("b", offset="9 d"), encounter("c", offset="8 d"))
    with pytest.raises(
        OutOfOrder, match="c would be due on 2026-03-10, before b on 2026-03-11"
    ) as refused:
        planned(study(*rows))
    assert refused.value.exit_code == 9


def test_law_3_order_can_depend_on_the_length_of_the_month() -> None:
    protocol = study(encounter("month", offset="1 mo"), encounter("days", offset="29 d"))
    assert [str(e.target) for e in planned(protocol, date(2026, 2, 1))] == [
        "2026-03-01",
        "2026-03-02",
    ]
    with pytest.raises(OutOfOrder):
        planned(protocol, date(2026, 1, 1))


def limited(limit: Limit, *more: Limit) -> Encounter:
    return encounter(
        "infusion-2", "infusion-1", "7 d", before="2 d", after="3 d", limits=(limit, *more)
    )


@given(enrolled_studies())
def test_law_4_windows_intersect_or_name_both_rules(case: tuple[Protocol, date]) -> None:
    protocol, enrolled = case
    dates = targets(protocol, enrolled)
    for expected in planned(*case):
        row = expected.encounter
        whole = row.timing.window(dates[row.timing.anchor])
        for limit in row.limits:
            window = limit.window(dates[limit.anchor])
            if expected.contradiction is None:
                assert window is not None
                assert expected.window.earliest in window
                assert expected.window.latest in window
            else:
                assert row.timing.anchor in expected.contradiction
                assert str(limit) in expected.contradiction
                assert expected.window == whole


def test_law_4_a_second_anchor_narrows_the_window() -> None:
    within = limited(Limit(anchor=ENROLLMENT, not_after=Offset(days=40)))
    expected = expect(within, {"infusion-1": date(2026, 4, 2), ENROLLMENT: ENROLLED})
    # 2 April + 7 days = 9 April, -2/+3; 2 March + 40 days = 11 April.
    assert expected.target == date(2026, 4, 9)
    assert expected.window == Window(earliest=date(2026, 4, 7), latest=date(2026, 4, 11))
    assert expected.rules == (
        "infusion-1 2026-04-02 + 7 days",
        "not after enrollment + 40 days (enrollment 2026-03-02)",
    )


def test_law_4_a_target_beyond_the_limit_gives_way_to_the_nearest_day() -> None:
    within = limited(Limit(anchor=ENROLLMENT, not_after=Offset(days=37)))
    expected = expect(within, {"infusion-1": date(2026, 4, 2), ENROLLMENT: ENROLLED})
    assert expected.target == date(2026, 4, 8)
    assert expected.window == Window(earliest=date(2026, 4, 7), latest=date(2026, 4, 8))


def test_law_4_an_empty_intersection_names_both_rules() -> None:
    within = limited(Limit(anchor=ENROLLMENT, not_after=Offset(days=30)))
    expected = expect(within, {"infusion-1": date(2026, 4, 2), ENROLLMENT: ENROLLED})
    assert expected.contradiction == (
        "2026-04-07 to 2026-04-12 by infusion-1 2026-04-02 + 7 days, "
        "but not after enrollment + 30 days (enrollment 2026-03-02)"
    )
    assert expected.target == date(2026, 4, 9)
    assert expected.window == Window(earliest=date(2026, 4, 7), latest=date(2026, 4, 12))


def test_law_4_limits_that_exclude_each_other_are_both_named() -> None:
    early = Limit(anchor=ENROLLMENT, not_after=Offset(days=37))
    late = Limit(anchor="infusion-1", not_before=Offset(days=8))
    dates = {"infusion-1": date(2026, 4, 2), ENROLLMENT: ENROLLED}
    expected = expect(limited(early, late), dates)
    assert expected.contradiction is not None
    assert str(early) in expected.contradiction
    assert str(late) in expected.contradiction


def test_law_4_a_limit_without_any_day_of_its_own_is_named() -> None:
    # From 1 March on, a month is longer than 30 days.
    never = Limit(anchor=ENROLLMENT, not_before=Offset(months=1), not_after=Offset(days=30))
    dates = {"infusion-1": date(2026, 3, 24), ENROLLMENT: date(2026, 3, 1)}
    expected = expect(limited(never), dates)
    assert expected.contradiction is not None
    assert str(never) in expected.contradiction


@pytest.mark.parametrize(
    ("enrolled", "latest"),
    [
        ("2026-01-31", "2026-02-28"),
        ("2028-01-31", "2028-02-29"),
        ("2026-12-31", "2027-01-31"),
        ("2026-01-28", "2026-02-28"),
    ],
)
def test_a_limit_in_months_clips_at_the_months_end(enrolled: str, latest: str) -> None:
    within = Limit(anchor=ENROLLMENT, not_after=Offset(months=1))
    row = encounter("v", offset="4 w", before="7 d", after="7 d", limits=(within,))
    expected = expect(row, {ENROLLMENT: date.fromisoformat(enrolled)})
    assert expected.window.latest == date.fromisoformat(latest)


def test_windows_of_zero_are_single_days() -> None:
    for expected in plan(trial(), trial().arm("bmsc"), ENROLLED):
        if expected.encounter.id in {"baseline", "day-1", "infusion-2", "day-8"}:
            assert expected.window == Window(earliest=expected.target, latest=expected.target)


@pytest.mark.parametrize(
    ("enrolled", "target", "earliest", "latest"),
    [
        ("2026-01-31", "2026-02-28", "2026-01-28", "2026-03-28"),
        ("2028-01-31", "2028-02-29", "2028-01-29", "2028-03-29"),
        ("2026-02-28", "2026-03-28", "2026-02-28", "2026-04-28"),
        ("2028-02-29", "2028-03-29", "2028-02-29", "2028-04-29"),
        ("2026-12-31", "2027-01-31", "2026-12-31", "2027-02-28"),
    ],
)
def test_a_month_from_month_ends_and_leap_days(
    enrolled: str, target: str, earliest: str, latest: str
) -> None:
    [expected] = planned(
        study(encounter("v", offset="1 mo", before="1 mo", after="1 mo")),
        date.fromisoformat(enrolled),
    )
    assert str(expected.target) == target
    assert (str(expected.window.earliest), str(expected.window.latest)) == (earliest, latest)


def test_the_targets_of_the_trial_by_hand() -> None:
    expected = plan(trial(), trial().arm("bmsc"), ENROLLED)
    assert [(e.encounter.id, str(e.target)) for e in expected] == [
        ("baseline", "2026-03-02"),
        ("aspiration", "2026-03-05"),
        ("pre-check", "2026-04-02"),
        ("infusion-1", "2026-04-09"),
        ("day-1", "2026-04-10"),
        ("day-3", "2026-04-12"),
        ("infusion-2", "2026-04-16"),
        ("day-8", "2026-04-17"),
        ("day-14", "2026-04-23"),
        ("day-30", "2026-05-09"),
        ("day-90", "2026-07-08"),
        ("day-180", "2026-10-06"),
        ("day-360", "2027-04-04"),
    ]
    windows = {e.encounter.id: (str(e.window.earliest), str(e.window.latest)) for e in expected}
    assert windows["aspiration"] == ("2026-03-03", "2026-03-09")
    assert windows["infusion-1"] == ("2026-04-02", "2026-04-16")
    assert windows["day-30"] == ("2026-05-06", "2026-05-12")
    assert windows["day-360"] == ("2027-03-05", "2027-05-04")


def test_the_routine_arm_counts_from_the_matched_day_0() -> None:
    expected = plan(trial(), trial().arm("routine"), ENROLLED)
    assert [(e.encounter.id, str(e.target)) for e in expected] == [
        ("baseline", "2026-03-02"),
        ("re-score", "2026-04-09"),
        ("day-14", "2026-04-23"),
        ("day-30", "2026-05-09"),
        ("day-90", "2026-07-08"),
        ("day-180", "2026-10-06"),
        ("day-360", "2027-04-04"),
    ]
    assert expected[1].window == Window(earliest=date(2026, 4, 2), latest=date(2026, 4, 12))


def test_milestones_may_count_from_each_other_in_any_order() -> None:
    points = [milestone("late", "soon", "1 mo"), milestone("soon", ENROLLMENT, "10 d")]
    assert milestone_dates(points, {ENROLLMENT: date(2026, 1, 21)}) == {
        ENROLLMENT: date(2026, 1, 21),
        "soon": date(2026, 1, 31),
        "late": date(2026, 2, 28),
    }


def test_a_plan_out_of_all_years_is_refused() -> None:
    with pytest.raises(DateOutOfRange, match="dates run from 2000-01-01 to 2099-12-31"):
        plan(trial(), trial().arm("bmsc"), date(2099, 6, 1))


def test_anchors_that_form_no_tree_are_a_fault_of_the_program() -> None:
    circle = study(encounter("a", "b"), encounter("b", "a"))
    with pytest.raises(ValueError, match="anchors of a, b form no tree"):
        planned(circle)
