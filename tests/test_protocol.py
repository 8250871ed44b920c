"""A study's rules as values: timings, limits, arms, doses."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import FIRST_DAY, LAST_DAY, Offset, Window
from scheduler.errors import UnknownName
from scheduler.protocol import ENROLLMENT, Arm, Dose, Kind, Limit, Mode, Protocol, Timing
from scheduler.words import Words
from tests.arms import encounter, moved, study, trial

DAYS = st.dates(date(2010, 1, 1), date(2080, 12, 31))
DAY = date(2026, 1, 31)


@given(DAYS, st.integers(-400, 400), st.integers(0, 60), st.integers(0, 60))
def test_a_timing_gives_target_and_window(anchor: date, days: int, before: int, after: int) -> None:
    timing = Timing(
        anchor="x",
        offset=Offset(days=days),
        before=Offset(days=before),
        after=Offset(days=after),
    )
    window = timing.window(anchor)
    assert timing.target(anchor) in window
    assert timing.target(anchor) == moved(anchor, timing.offset)
    assert (window.latest - window.earliest).days == before + after


def test_a_timing_in_months_has_a_window_from_its_target() -> None:
    month = Offset(months=1)
    timing = Timing(anchor="x", offset=month, before=month, after=month)
    # 31 Jan + 1 month = 28 Feb; from there a month back and a month on.
    assert timing.window(DAY) == Window(earliest=date(2026, 1, 28), latest=date(2026, 3, 28))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("0 d", "0 d", "x + 3 days, that day only"),
        ("2 d", "4 d", "x + 3 days, window -2/+4 d"),
        ("0 d", "4 d", "x + 3 days, window -0/+4 d"),
        ("1 w", "7 d", "x + 3 days, window -7/+7 d"),
        ("1 mo", "2 mo", "x + 3 days, window -1/+2 mo"),
        ("0 d", "1 mo", "x + 3 days, window -0/+1 mo"),
        ("1 mo", "0 d", "x + 3 days, window -1/+0 mo"),
        ("7 d", "1 mo", "x + 3 days, window -7 d/+1 mo"),
        ("1 mo", "7 d", "x + 3 days, window -1 mo/+7 d"),
    ],
)
def test_a_timing_is_told_in_words(before: str, after: str, words: str) -> None:
    assert str(encounter("v", "x", "3 d", before, after).timing) == words


def test_a_limit_leaves_the_days_between_its_bounds() -> None:
    early, late = Offset(days=3), Offset(months=1)
    both = Limit(anchor="x", not_before=early, not_after=late)
    assert both.window(DAY) == Window(earliest=date(2026, 2, 3), latest=date(2026, 2, 28))
    open_ended = Limit(anchor="x", not_before=early)
    assert open_ended.window(DAY) == Window(earliest=date(2026, 2, 3), latest=LAST_DAY)
    deadline = Limit(anchor="x", not_after=late)
    assert deadline.window(DAY) == Window(earliest=FIRST_DAY, latest=date(2026, 2, 28))


def test_a_limit_of_zero_is_that_very_day() -> None:
    exact = Limit(anchor="x", not_before=Offset(), not_after=Offset())
    assert exact.window(DAY) == Window(earliest=DAY, latest=DAY)


def test_a_limit_may_leave_no_day_for_some_anchors_only() -> None:
    # From 1 March on, 30 days are less than a month; from 1 April on, they are as long.
    limit = Limit(anchor="x", not_before=Offset(months=1), not_after=Offset(days=30))
    assert limit.window(date(2026, 3, 1)) is None
    first_of_may = date(2026, 5, 1)
    assert limit.window(date(2026, 4, 1)) == Window(earliest=first_of_may, latest=first_of_may)


def test_a_limit_is_told_in_words() -> None:
    both = Limit(anchor="x", not_before=Offset(days=1), not_after=Offset(months=2))
    assert str(both) == "not before x + 1 day and not after x + 2 months"
    assert str(Limit(anchor="x", not_after=Offset())) == "not after x + 0 days"


def test_an_encounter_counts_from_its_anchor_and_those_of_its_limits() -> None:
    limits = (Limit(anchor="y", not_after=Offset()), Limit(anchor="z", not_after=Offset()))
    assert encounter("v", "x").anchors == {"x"}
    assert encounter("v", "x", limits=limits).anchors == {"x", "y", "z"}


def test_carriers_are_anchors_and_both_halves_of_a_pair() -> None:
    limit = Limit(anchor="asked", not_after=Offset(days=9))
    arm = study(
        encounter("alone"),
        encounter("asked"),
        encounter("anchor", "asked"),
        encounter("leaf", "anchor", limits=(limit,)),
        encounter("first"),
        encounter("second", "first", "7 d", paired_with="first"),
    ).arms[0]
    assert arm.carriers() == {"asked", "anchor", "first", "second"}


def test_the_carriers_of_the_trial() -> None:
    assert trial().arm("bmsc").carriers() == {"aspiration", "infusion-1", "infusion-2"}
    assert trial().arm("routine").carriers() == set()


def test_an_arm_answers_to_its_code_names_and_aliases_in_any_case() -> None:
    arms = (
        Arm(code="bmsc", label=Words.of(en="BMSCs group", zh="干细胞组"), encounters=()),
        Arm(code="routine", label=Words.of(en="Routine"), encounters=(), aliases=("Control",)),
    )
    protocol = Protocol(id="s", version="1", title=Words.of(en="s"), arms=arms)
    for name in ("bmsc", "BMSC", " bmscs GROUP ", "干细胞组"):
        assert protocol.arm(name) is arms[0]
    for name in ("routine", "control"):
        assert protocol.arm(name) is arms[1]
    with pytest.raises(UnknownName, match='no arm "rutine"; did you mean "routine"'):
        protocol.arm("rutine")


def test_an_arm_finds_its_encounters() -> None:
    arm = study(encounter("day-1"), encounter("day-3")).arms[0]
    assert arm.encounter("day-3").id == "day-3"
    with pytest.raises(UnknownName, match='no encounter in arm a "day-2"; did you mean'):
        arm.encounter("day-2")


def test_shared_encounters_have_the_same_mode_and_length_in_every_arm() -> None:
    def arm(code: str, *encounters: tuple[str, int, Mode]) -> Arm:
        rows = [encounter(id, minutes=minutes, mode=mode) for id, minutes, mode in encounters]
        return Arm(code=code, label=Words.of(en=code), encounters=tuple(rows))

    one = arm("a", ("x", 30, Mode.VISIT), ("y", 30, Mode.VISIT), ("z", 30, Mode.VISIT))
    two = arm("b", ("x", 30, Mode.VISIT), ("y", 45, Mode.VISIT), ("z", 30, Mode.PHONE))
    protocol = Protocol(id="s", version="1", title=Words.of(en="s"), arms=(one, two))
    assert protocol.shared_encounters() == {"x"}


def test_the_shared_encounters_of_the_trial() -> None:
    follow_up = {"day-30", "day-90", "day-180", "day-360"}
    assert trial().shared_encounters() == {"baseline"} | follow_up


@given(st.decimals("20", "300", places=2))
def test_a_dose_is_whole_cells_for_a_weight(kg: Decimal) -> None:
    dose = Dose(cells_per_kg=10**6, volume_ml=80, tolerance_ml=5, weight_valid_days=7)
    assert dose.cells(kg) == int(kg * 100) * 10**4


def test_half_a_cell_is_rounded_up() -> None:
    dose = Dose(cells_per_kg=1, volume_ml=80, tolerance_ml=5, weight_valid_days=7)
    assert [dose.cells(Decimal(kg)) for kg in ("68.4", "68.5", "69.5")] == [68, 69, 70]


def test_the_trial_infuses_twice_a_week_apart() -> None:
    arm = trial().arm("BMSCs group")
    first, second = (e for e in arm.encounters if e.kind is Kind.INFUSION)
    assert (second.timing.anchor, second.paired_with) == (first.id, first.id)
    assert second.timing == Timing(anchor="infusion-1", offset=Offset(days=7))
    assert arm.dose == Dose(
        cells_per_kg=10**6,
        volume_ml=80,
        tolerance_ml=5,
        weight_valid_days=7,
        untreated="matched-day-0",
    )


def test_every_arm_of_the_trial_begins_at_enrollment() -> None:
    for arm in trial().arms:
        assert arm.encounters[0].timing == Timing(anchor=ENROLLMENT, offset=Offset())
