"""Which days a site is open: weekdays, public holidays, its own word, and law 6."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Window
from scheduler.publicholidays import public_holidays
from scheduler.sites import Hours, Laboratory, Site
from tests.arms import clinic, resource, zhujiang

WORKDAY = (Hours(time(8), time(17, 30)),)
SATURDAY, SUNDAY, MONDAY = date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9)
MAKE_UP = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
YEAR = Window(earliest=date(2026, 1, 1), latest=date(2026, 12, 31))


def german(**more: Any) -> Site:
    return clinic("08:00-16:00", weekend=False, zone="Europe/Berlin", country="DE", **more)


@given(st.times(), st.times())
def test_hours_are_read_as_they_are_written(opens: time, closes: time) -> None:
    opens, closes = sorted(
        (opens.replace(second=0, microsecond=0), closes.replace(second=0, microsecond=0))
    )
    text = f"{opens:%H:%M}-{closes:%H:%M}"
    if opens == closes:
        with pytest.raises(ValueError, match="closes before it opens"):
            Hours.parse(text)
    else:
        assert Hours.parse(f" {opens:%H:%M} - {closes:%H:%M} ") == Hours(opens, closes)
        assert str(Hours.parse(text)) == text


@pytest.mark.parametrize("text", ["", "8-17", "8:00-17:00", "08:00", "08:00-24:00", "08:00-17:60"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match='is not hours like "08:00-17:30"'):
        Hours.parse(text)


def test_2026_has_248_working_days_in_china() -> None:
    assert sum(bool(zhujiang().day(day).hours) for day in YEAR.days()) == 248


@pytest.mark.parametrize("day", MAKE_UP)
def test_law_6_a_make_up_weekend_day_is_open(day: str) -> None:
    made_up = zhujiang().day(date.fromisoformat(day))
    assert date.fromisoformat(day).weekday() >= 5
    assert made_up.hours == WORKDAY
    assert made_up.closed_because is None


def test_no_other_weekend_day_is_open() -> None:
    weekend = [day for day in YEAR.days() if day.weekday() >= 5]
    assert [str(day) for day in weekend if zhujiang().day(day).hours] == MAKE_UP


@pytest.mark.parametrize(
    ("first", "last"), [("2026-02-15", "2026-02-23"), ("2026-10-01", "2026-10-07")]
)
def test_law_6_a_long_closure_is_closed_to_the_day(first: str, last: str) -> None:
    closure = Window(earliest=date.fromisoformat(first), latest=date.fromisoformat(last))
    for day in closure.days():
        assert not zhujiang().day(day).hours
        assert zhujiang().day(day).closed_because


def test_spring_festival_lasts_from_one_make_up_saturday_to_the_tuesday_after() -> None:
    days = [date(2026, 2, 13) + timedelta(days=n) for n in range(13)]
    opened = [str(day) for day in days if zhujiang().day(day).hours]
    assert opened == ["2026-02-13", "2026-02-14", "2026-02-24", "2026-02-25"]


def test_a_holiday_is_named_with_an_iso_date() -> None:
    assert zhujiang().day(date(2026, 10, 1)).closed_because == "National Day"
    substituted = zhujiang().day(date(2026, 10, 7)).closed_because
    assert substituted == "Day off (substituted from 2026-10-10)"


@given(st.dates(date(2026, 1, 1), date(2028, 12, 31)))
def test_law_6_days_beyond_the_published_holidays_are_unverified(day: date) -> None:
    assert zhujiang().day(day).unverified == (day > date(2026, 12, 31))
    assert not clinic().day(day).unverified


def test_a_site_without_make_up_hours_stays_closed_on_make_up_days() -> None:
    site = clinic(weekend=False, country="CN")
    assert site.day(date(2026, 5, 9)).hours == ()
    assert site.day(date(2026, 5, 9)).closed_because == "closed on make-up days (Saturday)"


def test_weekday_hours_without_holidays() -> None:
    site = clinic("08:00-12:00", "13:00-17:30", weekend=False)
    assert site.day(MONDAY).hours == (Hours.parse("08:00-12:00"), Hours.parse("13:00-17:30"))
    assert site.day(MONDAY).closed_because is None
    assert site.day(SATURDAY).closed_because == "closed on Saturdays"
    assert site.day(SUNDAY).closed_because == "closed on Sundays"
    assert site.day(date(2026, 10, 1)).hours


def test_each_weekday_has_its_own_hours() -> None:
    week = tuple((Hours(time(8), time(9 + n)),) for n in range(7))
    site = clinic(hours=week)
    assert [site.day(MONDAY + timedelta(days=n)).hours for n in range(7)] == list(week)


def test_a_subdivision_has_holidays_of_its_own() -> None:
    corpus_christi = date(2026, 6, 4)
    assert german().day(corpus_christi).hours
    assert german(subdivision="BY").day(corpus_christi).closed_because == "Corpus Christi"
    assert german(subdivision="BE").day(corpus_christi).hours
    assert german(subdivision="BE").day(date(2026, 5, 1)).closed_because == "Labor Day"


def test_the_sites_own_closed_day_comes_after_the_holidays() -> None:
    site = german(closed={MONDAY: "flood", date(2026, 5, 1): "moving house"})
    assert site.day(MONDAY).closed_because == "flood"
    assert site.day(MONDAY).hours == ()
    assert site.day(date(2026, 5, 1)).closed_because == "moving house"


@pytest.mark.parametrize("day", [SATURDAY, date(2026, 5, 1), MONDAY])
def test_an_extra_open_day_has_the_last_word(day: date) -> None:
    hours = (Hours.parse("10:00-12:00"),)
    site = german(opened={day: hours}, closed={day: "flood"})
    assert site.day(day).hours == hours
    assert site.day(day).closed_because is None


def test_an_extra_closed_day_shuts_a_make_up_day() -> None:
    site = clinic(
        weekend=False, country="CN", makeup=WORKDAY, closed={date(2026, 5, 9): "inventory"}
    )
    assert site.day(date(2026, 5, 9)).closed_because == "inventory"


@given(
    st.dates(date(2025, 12, 1), date(2027, 2, 28)),
    st.dictionaries(st.dates(date(2025, 12, 1), date(2027, 2, 28)), st.just("shut")),
    st.sampled_from(["CN", "DE", "US", None]),
)
def test_a_day_is_open_or_says_why_not(
    day: date, closed: Mapping[date, str], country: str | None
) -> None:
    site = clinic(weekend=False, country=country, makeup=WORKDAY, closed=closed)
    answer = site.day(day)
    assert bool(answer.hours) == (answer.closed_because is None)
    if day in closed:
        assert answer.closed_because == "shut"


@given(st.integers(2020, 2035), st.sampled_from(["CN", "DE", "US", "GB"]))
def test_holidays_of_a_year_lie_in_that_year(year: int, country: str) -> None:
    named, working = public_holidays(country, None, year)
    assert {day.year for day in named} == {year}
    assert {day.year for day in working} <= {year}
    assert all(name and "/" not in name for name in named.values())


def test_resources_and_their_units() -> None:
    site = clinic(resources=(resource("chair", 2), resource("lab", 1)))
    assert site.resource("chair") is site.resources[0]
    assert site.resource("bed") is None
    assert site.unit_label("chair-2", "en") == "chair 2"
    assert site.unit_label("lab-1", "en") == "lab"
    assert site.unit_label("bed-9", "en") == "bed-9"


def test_the_zone_of_a_site() -> None:
    assert zhujiang().tz().key == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 3, 2), None),
        (date(2026, 3, 3), "closed on Tuesdays"),
        (date(2026, 3, 9), "clean room"),
        (date(2026, 5, 4), "Labor Day"),  # a Monday, and a public holiday
        (date(2026, 5, 9), "closed on make-up days (Saturday)"),
    ],
)
def test_the_laboratory_has_days_of_its_own(day: date, why: str | None) -> None:
    monday = Laboratory(days=(True, *(False,) * 6), closed={date(2026, 3, 9): "clean room"})
    site = clinic(weekend=False, country="CN", makeup=WORKDAY, laboratory=monday)
    shut = site.laboratory_shut(day)
    assert (shut or "").startswith(why or "") == bool(why is None or shut)
    assert (shut is None) == (why is None)
    working = replace(site, laboratory=replace(monday, makeup=True))
    assert working.laboratory_shut(date(2026, 5, 9)) is None
    assert replace(site, laboratory=None).laboratory_shut(day) is None
