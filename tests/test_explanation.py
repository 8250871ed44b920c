"""Why a visit is on its day, or on none: every day is accounted for, in sentences by hand."""

import re
from datetime import date, datetime, time, timedelta

from hypothesis import given

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval, Offset, Window
from scheduler.explanation import spoken
from scheduler.placement import Placement, place
from scheduler.protocol import ENROLLMENT, Limit, Protocol
from scheduler.sites import WHOLE_SITE
from tests.arms import clinic, encounter, study, tree, trial, zhujiang
from tests.crowds import ENROLLED, Case, cases

SPAN = re.compile(r"\w{3} (\d{4}-\d\d-\d\d)(?: to \w{3} (\d{4}-\d\d-\d\d))?: \S")


def told(reasons: tuple[str, ...]) -> list[date]:
    """The days that sentences speak of, in order."""
    days: list[date] = []
    for reason in reasons:
        found = SPAN.match(reason)
        assert found, reason
        first, last = date.fromisoformat(found[1]), date.fromisoformat(found[2] or found[1])
        days += Window(earliest=first, latest=last).days()
    return days


@given(cases(most=8, furthest=20))
def test_every_day_of_a_window_is_accounted_for(case: Case) -> None:
    placement = case.placed()
    lost = {missing.expected.encounter.id for missing in placement.missing}
    for missing in placement.missing:
        first, *rest = missing.reasons
        anchor = missing.expected.encounter.timing.anchor
        if first.startswith("hangs on"):
            assert first == f"hangs on {anchor}, which has no slot"
            assert anchor in lost
            assert not rest
        elif missing.expected.contradiction:
            assert missing.expected.contradiction in first
        else:
            assert first.startswith("no allowed day")
            assert told(tuple(rest)) == list(missing.expected.window.days())


@given(cases(most=8, furthest=20))
def test_a_visit_off_its_target_accounts_for_every_better_day(case: Case) -> None:
    for slot in case.placed().slots:
        expected, day = slot.expected, slot.interval.start.date()
        rules, why = slot.why[: len(expected.rules)], slot.why[len(expected.rules) :]
        assert rules == expected.rules
        weight, days = expected.encounter.weight, list(expected.window.days())
        best_first = sorted(days, key=lambda day: weight * abs((day - expected.target).days))
        better = best_first[: best_first.index(day)] if day != expected.target else []
        assert told(why) == sorted(better)


def placed(protocol: Protocol, *busy: Busy, closed: tuple[int, ...] = (), **site: str) -> Placement:
    """Placed in a clinic that is shut on these days of March 2026; ENROLLED is Monday the 2nd."""
    days = {date(2026, 3, day): "shut" for day in closed}
    hours = clinic(site.get("hours", "08:00-17:30")).hours
    return place(tree(protocol), ENROLLED, Availability(clinic(hours=hours, closed=days), busy))


def why(placement: Placement, id: str) -> tuple[str, ...]:
    """What was said of a placed visit beyond its rules."""
    [slot] = [slot for slot in placement.slots if slot.expected.encounter.id == id]
    return slot.why[len(slot.expected.rules) :]


def reasons(placement: Placement, id: str) -> tuple[str, ...]:
    [missing] = [missing for missing in placement.missing if missing.expected.encounter.id == id]
    return missing.reasons


def test_a_visit_on_its_target_needs_no_reason() -> None:
    assert why(placed(study(encounter("v", offset="2 d", after="2 d"))), "v") == ()


def test_both_sides_of_the_target_are_told() -> None:
    row = encounter("v", offset="3 d", before="2 d", after="2 d")
    assert why(placed(study(row), closed=(4, 5)), "v") == (
        "Wed 2026-03-04 to Thu 2026-03-05: shut",
    )


def test_neighbours_with_different_reasons_are_told_apart() -> None:
    row = encounter("v", offset="3 d", before="2 d", after="2 d")
    midnight = datetime.combine(date(2026, 3, 5), time.min, clinic().tz())
    night = Interval(start=midnight, end=midnight + timedelta(hours=24))
    assert why(placed(study(row), Busy.of(WHOLE_SITE, "a", [night]), closed=(4,)), "v") == (
        "Wed 2026-03-04: shut",
        "Thu 2026-03-05: site taken 2026-03-05 (a)",
    )


def test_an_anchor_says_what_its_target_would_have_done_to_others() -> None:
    rows = (
        encounter("v", offset="2 d", before="2 d", after="2 d"),
        encounter("w", "v", "2 d"),
    )
    assert why(placed(study(*rows), closed=(6,)), "v") == (
        "Wed 2026-03-04: w would fall on Fri 2026-03-06 (shut)",
    )


def test_an_anchor_says_how_far_off_others_would_have_been() -> None:
    rows = (
        encounter("v", offset="2 d", before="2 d", after="2 d"),
        encounter("w", "v", "2 d", "3 d", "3 d"),
        encounter("x", "v", "2 d", "3 d"),
    )
    assert why(placed(study(*rows), closed=(6,)), "v") == (
        "Wed 2026-03-04: the visits after it would be 2 days off target",
    )


def test_a_visit_that_is_lost_in_any_case_speaks_against_no_day() -> None:
    rows = (
        encounter("v", offset="2 d", before="1 d", after="1 d"),
        encounter("w", "v", "2 d"),
        encounter("x", "v", "20 d", after="2 d"),
    )
    placement = placed(study(*rows), closed=(6, *range(20, 31)))
    assert reasons(placement, "x")[0] == "no allowed day between 2026-03-23 and 2026-03-25"
    assert why(placement, "v") == ("Wed 2026-03-04: w would fall on Fri 2026-03-06 (shut)",)


def test_a_window_of_one_closed_day() -> None:
    assert reasons(placed(study(encounter("v", offset="2 d")), closed=(4,)), "v") == (
        "no allowed day on 2026-03-04",
        "Wed 2026-03-04: shut",
    )


def test_a_window_of_closed_days() -> None:
    row = encounter("v", offset="2 d", before="1 d", after="3 d")
    assert reasons(placed(study(row), closed=(3, 4, 5, 6, 7)), "v") == (
        "no allowed day between 2026-03-03 and 2026-03-07",
        "Tue 2026-03-03 to Sat 2026-03-07: shut",
    )


def test_visits_that_cannot_share_their_only_day() -> None:
    rows = encounter("v"), encounter("w", minutes=90)
    placement = placed(study(*rows), hours="08:00-10:00")
    assert reasons(placement, "w") == (
        "no allowed day on 2026-03-02",
        "Mon 2026-03-02: no time left beside v",
    )


def test_a_visit_moved_by_another_of_the_same_day_says_so() -> None:
    rows = encounter("v"), encounter("w", after="1 d", minutes=90)
    assert why(placed(study(*rows), hours="08:00-10:00"), "w") == (
        "Mon 2026-03-02: no time left beside v",
    )


def test_rules_that_exclude_each_other_are_both_named() -> None:
    limit = Limit(anchor=ENROLLMENT, not_after=Offset(days=5))
    rows = encounter("v"), encounter("w", "v", "7 d", "1 d", "1 d", limits=(limit,))
    assert reasons(placed(study(*rows)), "w") == (
        "no day keeps both rules: 2026-03-08 to 2026-03-10 by v 2026-03-02 + 7 days, "
        "but not after enrollment + 5 days (enrollment 2026-03-02)",
    )


def test_an_anchor_tells_of_rules_that_would_exclude_each_other() -> None:
    limit = Limit(anchor=ENROLLMENT, not_after=Offset(days=8))
    rows = (
        encounter("v", offset="2 d", before="1 d"),
        encounter("w", "v", "7 d", limits=(limit,)),
    )
    assert why(placed(study(*rows)), "v") == (
        "Wed 2026-03-04: w would have no day (2026-03-11 to 2026-03-11 by v 2026-03-04 + 7 days, "
        "but not after enrollment + 8 days (enrollment 2026-03-02))",
    )


def test_a_carrier_that_cannot_be_placed_takes_its_branch_along() -> None:
    rows = (
        encounter("v", offset="1 d", before="1 d", after="1 d"),
        encounter("w", "v", "7 d", paired_with="v"),
        encounter("x", "w", "7 d", before="2 d", after="2 d"),
    )
    placement = placed(study(*rows), closed=(3, 9, 11, 15))
    assert reasons(placement, "v") == (
        "no allowed day between 2026-03-02 and 2026-03-04",
        "Mon 2026-03-02: w would fall on Mon 2026-03-09 (shut)",
        "Tue 2026-03-03: shut",
        "Wed 2026-03-04: w would fall on Wed 2026-03-11 (shut)",
    )
    # By the plan it would have been on the open 10th, and the last near the 17th.
    assert reasons(placement, "w") == ("hangs on v, which has no slot",)
    assert reasons(placement, "x") == ("hangs on w, which has no slot",)


def test_a_chain_is_told_down_to_the_day_that_is_closed() -> None:
    rows = (
        encounter("v"),
        encounter("w", "v", "1 d"),
        encounter("x", "w", "1 d", paired_with="w"),
    )
    assert reasons(placed(study(*rows), closed=(4,)), "v") == (
        "no allowed day on 2026-03-02",
        "Mon 2026-03-02: w would fall on Tue 2026-03-03 (x would fall on Wed 2026-03-04 (shut))",
    )


def test_the_worked_example_is_explained() -> None:
    placement = place(tree(trial(), "bmsc"), ENROLLED, Availability(zhujiang()))
    slots = {slot.expected.encounter.id: slot.why for slot in placement.slots}
    assert slots["infusion-1"] == ("aspiration 2026-03-05 + 35 days",)
    assert slots["day-3"] == (
        "infusion-1 2026-04-09 + 3 days",
        "Sat 2026-04-11: closed on Saturdays",
        "Sun 2026-04-12: closed on Sundays",
    )
    assert [re.sub(r": .*", "", sentence) for sentence in slots["day-180"][1:]] == [
        "Sun 2026-10-04",
        "Mon 2026-10-05",
        "Tue 2026-10-06",
        "Wed 2026-10-07",
    ]


def test_days_are_spoken_with_weekdays() -> None:
    day = date(2026, 3, 2)
    assert spoken(day, day) == "Mon 2026-03-02"
    assert spoken(day, day + timedelta(days=6)) == "Mon 2026-03-02 to Sun 2026-03-08"
