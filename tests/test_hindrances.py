"""Why days and minutes are not free: by hand, and a sentence exactly where there is no start."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.demand import Demand
from scheduler.hindrances import Hindrances
from scheduler.protocol import Need
from scheduler.sites import WHOLE_SITE, Site
from tests.arms import clinic, resource, zhujiang
from tests.test_vacancy import Question, questions

DAY = date(2026, 3, 4)
PARTICIPANT = "ZJ-001"
RESOURCES = (resource("chair", 2), resource("nurse", 2), resource("room", 1))
OWNERS = (WHOLE_SITE, PARTICIPANT, "ZJ-002", "chair", "chair-1", "chair-2", "nurse-1", "room")
TEAMS = (
    Demand(minutes=60),
    Demand(minutes=60, needs=(Need(resource="chair", start=0, minutes=60),)),
    Demand(
        minutes=90,
        needs=(
            Need(resource="nurse", start=0, minutes=30),
            Need(resource="nurse", start=30, minutes=60),
            Need(resource="room", start=0, minutes=90),
        ),
    ),
)


def taken(owner: str, first: str, last: str) -> Busy:
    zone = clinic().tz()
    start, end = (datetime.combine(DAY, time.fromisoformat(at), zone) for at in (first, last))
    return Busy.of(owner, "a.ics", [Interval(start=start, end=end)])


def _hour(hour: int) -> datetime:
    return datetime.combine(DAY, time(hour), ZoneInfo("Asia/Shanghai"))


REASONS = [
    (clinic(weekend=False), "2026-03-07", (), ("closed on Saturdays",)),
    (zhujiang(), "2026-10-01", (), ("National Day",)),
    (clinic("08:00-09:00"), str(DAY), (), ("open 08:00-09:00, too short for 120 min",)),
    (
        clinic("08:00-12:00"),
        str(DAY),
        (taken(WHOLE_SITE, "09:00", "11:00"),),
        ("site taken 09:00-11:00 (a.ics)",),
    ),
]


@pytest.mark.parametrize(("site", "day", "busy", "reasons"), REASONS)
def test_reasons_by_hand(
    site: Site, day: str, busy: tuple[Busy, ...], reasons: tuple[str, ...]
) -> None:
    availability, demand = Availability(site, busy), Demand(minutes=120)
    assert Hindrances(availability, demand, date.fromisoformat(day)).of_day() == reasons


def test_every_clash_of_a_resource_is_told() -> None:
    site = clinic("08:00-10:00", resources=(resource("chair", 2),))
    busy = taken("chair-1", "08:00", "09:30"), taken("chair-2", "09:00", "12:00")
    demand = Demand(minutes=120, needs=(Need(resource="chair", minutes=120),))
    assert Hindrances(Availability(site, busy), demand, DAY).of_day() == (
        "no chair free for 120 min",
        "chair-1 taken 08:00-09:30 (a.ics)",
        "chair-2 taken 09:00-12:00 (a.ics)",
    )


def test_a_participants_trip_is_told() -> None:
    busy = (taken(PARTICIPANT, "08:00", "20:00"),)
    availability = Availability(clinic(), busy).seen_by(PARTICIPANT)
    assert Hindrances(availability, Demand(minutes=60), DAY).of_day() == (
        "ZJ-001 taken 08:00-20:00 (a.ics)",
    )


def test_needs_that_are_never_free_together_are_a_reason() -> None:
    resources = (resource("chair", 1), resource("nurse", 1))
    busy = taken("chair", "08:00", "09:00"), taken("nurse", "09:00", "10:00")
    needs = Need(resource="chair", minutes=60), Need(resource="nurse", minutes=60)
    availability = Availability(clinic("08:00-10:00", resources=resources), busy)
    assert Hindrances(availability, Demand(minutes=60, needs=needs), DAY).of_day() == (
        "no 60 min at which everything needed is free",
    )


@given(drawn=st.data())
def test_a_start_is_hindered_exactly_where_none_is_possible(drawn: st.DataObject) -> None:
    site, demand = clinic(resources=RESOURCES), drawn.draw(st.sampled_from(TEAMS))
    owners, hours = st.sampled_from(OWNERS), st.integers(7, 18)
    busy = [
        Busy.of(owner, "rounds", [Interval(start=_hour(hour), end=_hour(hour + 1))])
        for owner, hour in drawn.draw(st.lists(st.tuples(owners, hours), max_size=5))
    ]
    availability = Availability(site, busy).seen_by(PARTICIPANT)
    starts = availability.starts(demand, DAY.toordinal())
    hindrances = Hindrances(availability, demand, DAY)
    for minute in range(0, 24 * 60, 15):
        hindered = hindrances.of_start(minute)
        assert bool(hindered) != bool(starts >> minute & 1)
        assert all(hindered)


def test_what_hinders_a_start_is_told_for_that_time_alone() -> None:
    busy = [
        Busy.of("chair-1", "repair", [Interval(start=_hour(9), end=_hour(10))]),
        Busy.of("chair-1", "rounds", [Interval(start=_hour(14), end=_hour(15))]),
    ]
    site = clinic(resources=(resource("chair", 1),))
    availability = Availability(site, busy)
    demand = Demand(minutes=60, needs=(Need(resource="chair", start=0, minutes=60),))
    hindrances = Hindrances(availability, demand, DAY)
    no_chair, why = hindrances.of_start(9 * 60)
    assert no_chair == "no chair free"
    assert "repair" in why
    assert hindrances.of_start(10 * 60) == ()


@given(questions())
def test_a_day_has_a_start_or_every_reason_why_not(question: Question) -> None:
    site, day, busy, demand = question
    availability = Availability(site, busy).seen_by(PARTICIPANT)
    reasons = Hindrances(availability, demand, day).of_day()
    assert bool(reasons) == (not availability.starts(demand, day.toordinal()))
    assert all(reasons)
