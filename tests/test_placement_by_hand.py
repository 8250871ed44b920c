"""Placements worked out by hand: the trial in its year, and small clinics for each rule."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval, Offset
from scheduler.placement import Missing, Placement, Slot, enrollment_dates, other_slots, place
from scheduler.plan import OutOfOrder
from scheduler.protocol import ENROLLMENT, Encounter, Limit, Protocol
from scheduler.sites import WHOLE_SITE
from tests.arms import clinic, encounter, study, tree, trial, zhujiang
from tests.crowds import ENROLLED


def in_the_trial(
    enrolled: str, arm: str = "bmsc", *busy: Busy
) -> tuple[dict[str, Slot], dict[str, Missing]]:
    path = tree(trial(), arm)
    placement = place(path, date.fromisoformat(enrolled), Availability(zhujiang(), busy))
    slots = {slot.expected.encounter.id: slot for slot in placement.slots}
    return slots, {missing.expected.encounter.id: missing for missing in placement.missing}


def on(slot: Slot) -> str:
    return f"{slot.interval.start:%a %Y-%m-%d}"


def off_target(slot: Slot) -> int:
    return (slot.interval.start.date() - slot.expected.target).days


def shut(first: str, last: str, owner: str = WHOLE_SITE) -> Busy:
    """Taken from one day to another, both included."""
    midnight = datetime.combine(date.fromisoformat(first), time.min, zhujiang().tz())
    days = date.fromisoformat(last) - date.fromisoformat(first) + timedelta(days=1)
    return Busy.of(owner, "closure", [Interval(start=midnight, end=midnight + days)])


def test_the_worked_example_to_the_day() -> None:
    slots, missing = in_the_trial("2026-03-02")
    assert not missing
    assert {id: on(slot) for id, slot in slots.items()} == {
        "baseline": "Mon 2026-03-02",
        "aspiration": "Thu 2026-03-05",
        "pre-check": "Thu 2026-04-02",
        "infusion-1": "Thu 2026-04-09",
        "day-1": "Fri 2026-04-10",
        "day-3": "Mon 2026-04-13",
        "infusion-2": "Thu 2026-04-16",
        "day-8": "Fri 2026-04-17",
        "day-14": "Thu 2026-04-23",
        "day-30": "Sat 2026-05-09",
        "day-90": "Wed 2026-07-08",
        "day-180": "Thu 2026-10-08",
        "day-360": "Fri 2027-04-02",
    }
    off = {id: off_target(slot) for id, slot in slots.items() if off_target(slot)}
    assert off == {"day-3": 1, "day-180": 2, "day-360": -2}
    assert [id for id, slot in slots.items() if slot.unverified] == ["day-360"]
    for slot in slots.values():
        assert f"{slot.interval.start:%H:%M %z}" == "08:00 +0800"
    infusion = [(a.unit, a.interval.minutes()) for a in slots["infusion-1"].allocations]
    assert infusion == [("chair-1", 420), ("nurse-1", 90)]


def test_the_worked_example_in_the_routine_arm() -> None:
    slots, missing = in_the_trial("2026-03-02", "routine")
    assert not missing
    assert {id: on(slot) for id, slot in slots.items()} == {
        "baseline": "Mon 2026-03-02",
        "re-score": "Thu 2026-04-09",
        "day-14": "Thu 2026-04-23",
        "day-30": "Sat 2026-05-09",
        "day-90": "Wed 2026-07-08",
        "day-180": "Thu 2026-10-08",
        "day-360": "Fri 2027-04-02",
    }
    assert slots["day-14"].allocations == ()


@pytest.mark.parametrize("arm", ["bmsc", "routine"])
def test_241_of_248_working_days_can_be_enrollment_days(arm: str) -> None:
    path, availability = tree(trial(), arm), Availability(zhujiang())
    year = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    working = [day for day in year if zhujiang().day(day).hours]
    complete = [day for day in working if place(path, day, availability).complete]
    assert (len(working), len(complete)) == (248, 241)


def test_an_infusion_1_on_10_february_2026_is_impossible() -> None:
    # Chairs are free on 10 February and in the weeks from the 17th, when the site is closed.
    taken = shut("2026-01-20", "2026-02-09", "chair"), shut("2026-02-11", "2026-02-16", "chair")
    slots, missing = in_the_trial("2026-01-04", "bmsc", *taken)
    assert list(slots) == ["baseline"]
    assert any(
        "Tue 2026-02-10: infusion-2 would fall on Tue 2026-02-17" in reason
        for reason in missing["infusion-1"].reasons
    )


def test_an_infusion_1_on_20_january_2026_leaves_no_day_for_day_30() -> None:
    free = "2026-01-20", "2026-01-27"
    taken = (
        shut("2025-12-01", "2026-01-19", "chair"),
        shut("2026-01-21", "2026-01-26", "chair"),
        shut("2026-01-28", "2026-03-31", "chair"),
    )
    slots, missing = in_the_trial("2025-12-12", "bmsc", *taken)
    assert (str(slots["infusion-1"].interval.start.date()), list(missing)) == (free[0], ["day-30"])
    assert str(slots["infusion-2"].interval.start.date()) == free[1]
    day_30 = missing["day-30"]
    assert (str(day_30.expected.window.earliest), str(day_30.expected.window.latest)) == (
        "2026-02-16",
        "2026-02-22",
    )
    assert [str(interval.start.date()) for interval in day_30.alternatives] == [
        "2026-02-14",
        "2026-02-24",
    ]


def test_another_first_day_is_chosen_where_day_30_would_have_none() -> None:
    # With chairs free all year, the same enrollment avoids 20 January and loses nothing.
    slots, missing = in_the_trial("2025-12-12")
    assert not missing
    assert on(slots["infusion-1"]) != "Tue 2026-01-20"


def test_a_pair_is_chosen_so_that_both_days_and_all_later_windows_can_be_kept() -> None:
    # Enrolled on the make-up Sunday 4 January.  Spring Festival shuts 15 to 23 February, so
    # day-14 needs an infusion 1 by 2 February, which is in reach of an aspiration on the
    # 5th alone: 5 January + 35 days - 7 days.
    slots, missing = in_the_trial("2026-01-04")
    assert not missing
    assert {id: (on(slot), off_target(slot)) for id, slot in list(slots.items())[:10]} == {
        "baseline": ("Sun 2026-01-04", 0),
        "aspiration": ("Mon 2026-01-05", -2),
        "pre-check": ("Mon 2026-01-26", 0),
        "infusion-1": ("Mon 2026-02-02", -7),
        "day-1": ("Tue 2026-02-03", 0),
        "day-3": ("Thu 2026-02-05", 0),
        "infusion-2": ("Mon 2026-02-09", 0),
        "day-8": ("Tue 2026-02-10", 0),
        "day-14": ("Sat 2026-02-14", -2),
        "day-30": ("Wed 2026-03-04", 0),
    }


def test_every_pair_of_a_year_is_seven_days_apart_on_two_open_days() -> None:
    path, availability = tree(trial(), "bmsc"), Availability(zhujiang())
    for n in range(365):
        placement = place(path, date(2026, 1, 1) + timedelta(days=n), availability)
        days = {slot.expected.encounter.id: slot.interval.start.date() for slot in placement.slots}
        assert ("infusion-1" in days) == ("infusion-2" in days)
        if "infusion-1" in days:
            assert days["infusion-2"] - days["infusion-1"] == timedelta(days=7)
            assert days["infusion-1"] != date(2026, 2, 10)


# Small clinics.  ENROLLED is a Monday.


def placed(protocol: Protocol, *busy: Busy, **site: Any) -> Placement:
    return place(tree(protocol), ENROLLED, Availability(clinic(**site), busy))


def chosen(placement: Placement) -> dict[str, str]:
    return {
        slot.expected.encounter.id: f"{slot.interval.start:%a %H:%M}" for slot in placement.slots
    }


def around(id: str = "v", offset: str = "2 d", **more: Any) -> Encounter:
    return encounter(id, offset=offset, before="2 d", after="2 d", **more)


@pytest.mark.parametrize(
    ("closed", "day"),
    [
        ("", "Wed"),
        ("Wed", "Tue"),
        ("Wed Tue", "Thu"),
        ("Wed Thu", "Tue"),
        ("Tue Wed Thu", "Mon"),
        ("Mon Tue Wed Thu", "Fri"),
    ],
)
def test_law_5_the_nearest_allowed_day_the_earlier_on_a_tie(closed: str, day: str) -> None:
    week = {f"{ENROLLED + timedelta(days=n):%a}": ENROLLED + timedelta(days=n) for n in range(5)}
    placement = placed(study(around()), closed={week[name]: "shut" for name in closed.split()})
    assert chosen(placement) == {"v": f"{day} 08:00"}


def test_law_5_weight_zero_means_the_earliest_day() -> None:
    assert chosen(placed(study(around(weight=0)))) == {"v": "Mon 08:00"}


@pytest.mark.parametrize(("weight", "first", "second"), [(1, "Tue", "Thu"), (3, "Wed", "Thu")])
def test_law_5_an_anchor_moves_for_its_dependants_when_that_costs_less(
    weight: int, first: str, second: str
) -> None:
    # Friday is closed, and what is due two days after Wednesday weighs twice.
    rows = around(weight=weight), encounter("w", "v", "2 d", "1 d", "1 d", weight=2)
    placement = placed(study(*rows), closed={date(2026, 3, 6): "shut"})
    assert chosen(placement) == {"v": f"{first} 08:00", "w": f"{second} 08:00"}


def test_law_5_an_anchor_moves_for_a_dependant_that_has_one_day_only() -> None:
    rows = around(), encounter("w", "v", "2 d")
    placement = placed(study(*rows), closed={date(2026, 3, 6): "shut"})
    assert chosen(placement) == {"v": "Tue 08:00", "w": "Thu 08:00"}


def test_law_5_a_pair_is_never_nudged_apart() -> None:
    pair = around(), encounter("w", "v", "7 d", paired_with="v")
    closed = {date(2026, 3, day): "shut" for day in (9, 10, 11, 12)}
    assert chosen(placed(study(*pair), closed=closed)) == {"v": "Fri 08:00", "w": "Fri 08:00"}
    placement = placed(study(*pair), closed=closed | {date(2026, 3, 13): "shut"})
    assert [missing.expected.encounter.id for missing in placement.missing] == ["v", "w"]


def test_law_5_a_limit_binds_the_chosen_day() -> None:
    # Due a week after the first, but no later than eight days after enrollment.
    limit = Limit(anchor=ENROLLMENT, not_after=Offset(days=8))
    rows = around(), encounter("w", "v", "7 d", after="3 d", limits=(limit,))
    assert chosen(placed(study(*rows))) == {"v": "Tue 08:00", "w": "Tue 08:00"}


def test_law_5_of_two_branches_that_exclude_each_other_the_larger_is_kept() -> None:
    # Both anchors have one and the same hour of one day.
    large = [encounter("a"), *(encounter(f"a{n}", "a", f"{n} d") for n in range(1, 4))]
    small = [encounter("b"), encounter("b1", "b", "4 d")]
    for rows in ([*large, *small], [*small, *large]):
        rows.sort(key=lambda row: row.timing.offset.days)
        placement = placed(study(*rows), hours=clinic("08:00-09:00").hours)
        assert [missing.expected.encounter.id for missing in placement.missing] == ["b", "b1"]


def test_visits_that_crowd_one_window_are_spread_in_time() -> None:
    rows = [encounter(f"v{n}", "enrollment", "5 d", "5 d", "5 d", minutes=420) for n in range(6)]
    placement = placed(study(*rows))
    assert [slot.interval.start.date().day for slot in placement.slots] == [4, 5, 6, 7, 8, 9]


def test_other_slots_cost_no_other_visit() -> None:
    # Friday is closed, which is where the second would fall from Wednesday.
    rows = around(), encounter("w", "v", "2 d")
    path, days = tree(study(*rows)), {ENROLLMENT: ENROLLED}
    availability = Availability(clinic(closed={date(2026, 3, 6): "shut"}))
    slots = other_slots(path, rows[0], days, availability)
    assert [f"{slot.start:%a %H:%M}" for slot in slots] == ["Tue 08:00", "Thu 08:00", "Mon 08:00"]


def test_law_3_targets_out_of_order_are_not_placed() -> None:
    with pytest.raises(OutOfOrder, match="w would be due on 2026-03-03, before v on 2026-03-04"):
        placed(study(around(), encounter("w", offset="1 d")))


def test_alternatives_are_beside_the_visits_that_are_placed() -> None:
    # The second visit finds its only day closed; the day before is half taken by the first.
    rows = encounter("v"), encounter("w", offset="1 d")
    placement = placed(study(*rows), closed={date(2026, 3, 3): "shut"})
    [missing] = placement.missing
    assert [f"{slot.start:%a %H:%M}" for slot in missing.alternatives] == ["Mon 09:00", "Wed 08:00"]
    assert not placement.complete


def test_nearest_enrollment_dates() -> None:
    rows = encounter("v"), encounter("w", "v", "7 d")
    closed = {date(2026, 3, day): "shut" for day in (1, 9, 10)}
    availability = Availability(clinic(closed=closed))
    # From the 2nd and the 3rd the second visit is shut out, from the 1st the first one.
    assert enrollment_dates(tree(study(*rows)), ENROLLED, availability) == (
        date(2026, 2, 28),
        date(2026, 3, 4),
        date(2026, 2, 27),
    )
