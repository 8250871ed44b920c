"""What stands on a sheet is what the values say."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Interval, instant
from scheduler.exporters import sheetfacts
from scheduler.exporters.sheetfacts import Sheaf, grouped, scientific
from scheduler.subject import Status, Visit, Weight
from tests.arms import trial, zhujiang
from tests.printing import PRINTED, participant, supply, visits, weight

INFUSION_1 = date(2026, 4, 9)
UNITS = st.decimals(Decimal("20"), Decimal("300"), places=2)


def facts(
    listed: Sequence[Visit],
    *,
    weighed: Weight | None = None,
    language: str = "en",
    arm: str = "bmsc",
) -> Any:
    """The facts of one participant, as a template sees them."""
    sheaf = Sheaf(
        subject=participant(arm, weighed=weighed), protocol=trial(), visits=listed, calendar=listed
    )
    document: Any = sheetfacts.facts(
        [sheaf], site=zhujiang(), language=language, paper="a4", printed=PRINTED
    )
    return document["sheaves"][0]


def one(encounter: str, **changes: Any) -> Visit:
    [found] = [visit for visit in visits() if visit.encounter == encounter]
    return replace(found, **changes)


def sheet(visit: Visit, **more: Any) -> Any:
    [shown] = facts([visit], **more)["visits"]
    return shown


@given(st.integers(0, 10**12))
def test_grouped_digits_are_the_number(amount: int) -> None:
    text = grouped(amount)
    assert int(text.replace(" ", "")) == amount
    assert all(len(group) == 3 for group in text.split(" ")[1:])


@given(st.integers(1, 10**12), st.integers(0, 12))
def test_a_mantissa_and_its_power_are_the_number(amount: int, exponent: int) -> None:
    mantissa = scientific(Decimal(amount), exponent)
    assert Decimal(mantissa).scaleb(exponent) == amount
    assert "." not in mantissa or mantissa[-1] not in "0."


@given(UNITS)
def test_the_dose_is_said_twice_and_is_cells_per_kilogram_times_weight(kg: Decimal) -> None:
    dose = sheet(one("infusion-1"), weighed=Weight(kg=kg, measured=INFUSION_1))["dose"]
    assert int(dose["digits"].replace(" ", "")) == 1_000_000 * kg
    assert Decimal(dose["cells"]).scaleb(dose["exponent"]) == 1_000_000 * kg
    assert Decimal(dose["weight"]["kg"]) == kg


def test_the_dose_line_of_the_trial() -> None:
    dose = sheet(one("infusion-1"), weighed=weight(INFUSION_1))["dose"]
    assert (dose["per_kg"], dose["exponent"]) == ("1", 6)
    assert (dose["cells"], dose["digits"]) == ("68.5", "68 500 000")
    assert (dose["least"], dose["volume"], dose["most"]) == (75, 80, 85)


@pytest.mark.parametrize(("age", "valid"), [(-1, False), (0, True), (7, True), (8, False)])
def test_a_weight_counts_for_seven_days_and_not_backwards(age: int, valid: bool) -> None:
    measured = INFUSION_1 - timedelta(days=age)
    dose = sheet(one("infusion-1"), weighed=weight(measured))["dose"]
    assert (dose["weight"]["age"], dose["weight"]["valid"]) == (age, valid)


def test_the_batch_to_expect_stands_beside_the_weight_it_was_ordered_for() -> None:
    visit, weighed = one("infusion-1"), weight(INFUSION_1, "110")
    sheaf = Sheaf(
        subject=participant(weighed=weighed),
        protocol=trial(),
        visits=[visit],
        supplies=[supply(visit, weighed, batch="B-7")],
    )
    document: Any = sheetfacts.facts(
        [sheaf], site=zhujiang(), language="en", paper="a4", printed=PRINTED
    )
    [shown] = document["sheaves"][0]["visits"]
    dose = shown["dose"]
    assert dose["weight"]["kg"] == "110"
    assert dose["ordered"]["kg"] == "123.456"
    assert dose["ordered"]["change"] == "−10.9%"
    assert dose["product"] == {
        "batch": "B-7",
        "released": {"iso": "2026-04-07", "weekday": 1},
        "expires": {"iso": "2026-04-16", "weekday": 3},
        "expires_at": "17:30",
    }


def test_without_a_batch_its_place_stays_blank() -> None:
    dose = sheet(one("infusion-1"), weighed=weight(INFUSION_1))["dose"]
    assert (dose["ordered"], dose["product"]) == (None, None)


def test_without_a_weight_no_amount_is_given() -> None:
    dose = sheet(one("infusion-1"))["dose"]
    assert dose["weight"] is None
    assert "cells" not in dose
    assert "digits" not in dose


def test_only_infusions_have_a_dose() -> None:
    shown = facts(visits(), weighed=weight())["visits"]
    assert [visit["label"] for visit in shown if visit["dose"]] == ["Infusion 1", "Infusion 2"]


def test_vital_signs_are_due_at_clock_times() -> None:
    vitals = sheet(one("infusion-1"))["vitals"]
    assert [moment["clock"] for moment in vitals[:5]] == [
        "08:00",
        "08:15",
        "08:30",
        "08:45",
        "09:00",
    ]
    assert (vitals[-1]["minutes"], vitals[-1]["clock"]) == (420, "15:00")


def test_vital_signs_follow_a_clock_that_is_put_forward() -> None:
    start = instant(date(2026, 3, 29), time(1, 30), ZoneInfo("Europe/Berlin"))
    end = datetime(2026, 3, 29, 9, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    vitals = sheet(one("infusion-1", scheduled=Interval(start=start, end=end)))["vitals"]
    assert [moment["clock"] for moment in vitals[:5]] == [
        "01:30",
        "01:45",
        "03:00",
        "03:15",
        "03:30",
    ]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.MISSED, Status.SUPERSEDED])
def test_what_will_not_take_place_gets_no_sheet(status: Status) -> None:
    assert facts([one("day-3", status=status)])["visits"] == []


def test_a_visit_without_a_slot_is_on_the_calendar_only() -> None:
    waiting = one("day-3", status=Status.PLANNED, scheduled=None, allocations=())
    shown = facts([one("day-1"), waiting])
    assert [visit["label"] for visit in shown["visits"]] == ["Day 1"]
    [_, listed] = shown["calendar"]["visits"]
    assert (listed["label"], listed["day"], listed["off_target"]) == ("Day 3", None, None)
    assert listed["target"] == {"iso": "2026-04-12", "weekday": 6}


def test_the_calendar_lists_cancelled_visits_but_marks_no_day_for_them() -> None:
    calendar = facts([one("day-3", status=Status.CANCELLED), one("day-1")])["calendar"]
    assert [visit["status"] for visit in calendar["visits"]] == ["scheduled", "cancelled"]
    numbers = {
        number
        for month in calendar["months"]
        for week in month["weeks"]
        for day in week
        if day
        for number in day["visits"]
    }
    assert numbers == {1}


def test_the_calendar_forgets_superseded_visits() -> None:
    listed = facts([one("day-3", status=Status.SUPERSEDED), one("day-3", occurrence=2)])
    assert [visit["label"] for visit in listed["calendar"]["visits"]] == ["Day 3 #2"]


def test_sheets_stand_in_the_order_of_their_days() -> None:
    shown = facts(visits()[::-1])
    days = [visit["day"]["iso"] for visit in shown["visits"]]
    assert days == sorted(days)
    assert [visit["sheet"] for visit in shown["visits"]] == [
        {"x": x, "y": 13} for x in range(1, 14)
    ]


def test_a_second_occurrence_is_told_apart() -> None:
    shown = sheet(one("aspiration", occurrence=2))
    assert shown["label"] == "Marrow aspiration #2"
    assert shown["reference"] == "bmsc-stroke/ZJ-001/aspiration#2"


def test_places_give_hours_only_where_they_are_not_the_visits() -> None:
    assert sheet(one("infusion-1"))["places"] == [
        "Infusion chair 1",
        "Study nurse 1 (08:00–09:30)",
    ]


def test_a_day_beyond_the_window_is_counted() -> None:
    forced = one("infusion-2")
    assert sheet(forced)["beyond"] == 0
    late = replace(
        forced,
        scheduled=Interval(
            start=instant(date(2026, 4, 18), time(8), zhujiang().tz()),
            end=instant(date(2026, 4, 18), time(15), zhujiang().tz()),
        ),
    )
    assert (sheet(late)["beyond"], sheet(late)["off_target"]) == (2, 2)


def test_the_language_is_that_of_the_reader() -> None:
    shown = sheet(one("infusion-1"), language="zh")
    assert shown["label"] == "第1次输注"
    assert shown["checklist"][2] == "放行证书齐全;制剂在有效期内"
