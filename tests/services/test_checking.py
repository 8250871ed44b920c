"""Checking: alternatives are slots that a placement could have chosen."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.arms import trial, zhujiang
from tests.running import Schedule, calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
FOLLOW_UPS = ("day-30", "day-90", "day-180", "day-360")


@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_alternative_could_be_taken(schedule: Schedule, data: st.DataObject) -> None:
    """It lies in the window, is open, is free of calendars and of others, and is another day."""
    if not schedule.rows()["subjects"]:
        schedule.enter()
        schedule.enter()
    visits = schedule("show", "ZJ-001", "--json").json["visits"]
    chosen = data.draw(st.sampled_from([v for v in visits if v["encounter"] in FOLLOW_UPS]))
    first, last = (date.fromisoformat(chosen[key]) for key in ("earliest", "latest"))
    shut = data.draw(st.sets(st.dates(first, last), max_size=6)) | {_day(chosen["start"])}
    schedule.write("shut.ics", calendar(*map(str, sorted(shut))))
    outcome = schedule("check", "--json", "--conflicts", "shut.ics")
    assert outcome.code == 4
    [blocked] = [
        visit
        for visit in outcome.json["blocked"]
        if (visit["subject"], visit["encounter"]) == ("ZJ-001", chosen["encounter"])
    ]
    minutes = trial().arm("bmsc").encounter(chosen["encounter"]).minutes
    for start in blocked["alternatives"]:
        at = datetime.fromisoformat(start).astimezone(SHANGHAI)
        day = zhujiang().day(at.date())
        assert first <= at.date() <= last
        assert at.date() not in shut
        assert day.closed_because is None
        opens, closes = day.hours[0].opens, day.hours[0].closes
        assert opens <= at.time()
        assert at.hour * 60 + at.minute + minutes <= closes.hour * 60 + closes.minute
    days = [_day(start) for start in blocked["alternatives"]]
    assert len(days) == len(set(days))
    if any(zhujiang().day(day).closed_because is None for day in _others(first, last, shut)):
        assert blocked["alternatives"]


def _others(first: date, last: date, shut: set[date]) -> list[date]:
    days = (date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1))
    return [day for day in days if day not in shut]


def _day(start: str) -> date:
    return date.fromisoformat(start[:10])
