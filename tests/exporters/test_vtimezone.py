"""VTIMEZONE: what is written means the same hours to dateutil as the zone does to zoneinfo."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from io import StringIO
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.exporters.vtimezone import vtimezone

ZONES = sorted(available_timezones() - {"localtime"})


def written(name: str, first: int, last: int) -> str:
    return vtimezone(ZoneInfo(name), first, last).decode().replace("\r\n", "\n")


def read(text: str) -> tzinfo | None:
    calendar = f"BEGIN:VCALENDAR\n{text}END:VCALENDAR\n"
    return tz.tzical(StringIO(calendar)).get()


@given(st.sampled_from(ZONES), st.integers(2000, 2098), st.integers(0, 3), st.data())
@settings(max_examples=150)
def test_dateutil_reads_the_hours_of_zoneinfo(
    name: str, first: int, more: int, data: st.DataObject
) -> None:
    zone, last = ZoneInfo(name), first + more
    theirs = read(written(name, first, last))
    start = datetime(first, 1, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(last + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    minutes = st.integers(0, (end - start) // timedelta(minutes=15) - 1)
    moments = [start + timedelta(minutes=15) * n for n in data.draw(st.lists(minutes, max_size=30))]
    for moment in moments + list(around_changes(zone, start, end)):
        ours = moment.astimezone(zone)
        if not ours.fold:
            assert ours.replace(tzinfo=theirs).utcoffset() == ours.utcoffset()


def around_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Every quarter of an hour of the days on which the clocks change."""
    days = (end - start) // timedelta(days=1)
    for day in (start + timedelta(days=n) for n in range(days)):
        after = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            yield from (day + timedelta(minutes=15) * n for n in range(24 * 4))


def test_nearly_every_zone_is_a_rule() -> None:
    zones = ZONES[::5]
    listed = [name for name in zones if "RDATE" in written(name, 2026, 2030)]
    assert len(listed) < len(zones) / 20


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("Africa/Cairo", 2026),  # the clocks change at 24:00, which no RRULE can say
        ("Africa/Casablanca", 2025),  # after the moon
        ("America/New_York", 2006),  # by the rule of an earlier law
    ],
)
def test_changes_are_listed_where_no_rule_is_true(name: str, year: int) -> None:
    text = written(name, year, year + 1)
    assert "RRULE" not in text
    assert "RDATE" in text


def test_new_york_by_hand() -> None:
    assert (
        written("America/New_York", 2026, 2026)
        == """BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:DAYLIGHT
DTSTART:20250309T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
TZNAME:EDT
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20251102T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
TZNAME:EST
END:STANDARD
END:VTIMEZONE
"""
    )


def test_a_summer_that_the_law_calls_standard_is_daylight() -> None:
    dublin = written("Europe/Dublin", 2026, 2026)
    daylight = dublin.partition("BEGIN:DAYLIGHT")[2].partition("END:DAYLIGHT")[0]
    assert "TZOFFSETTO:+0100\nTZNAME:IST" in daylight


def test_the_last_change_of_a_zone_is_no_yearly_rule() -> None:
    istanbul = written("Europe/Istanbul", 2016, 2016)
    assert "RRULE" not in istanbul
    assert "DTSTART:20160327T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0300" in istanbul


def test_minutes_of_an_offset_are_kept() -> None:
    assert "TZOFFSETTO:-0930" in written("Pacific/Marquesas", 2026, 2026)
    assert "TZOFFSETTO:+0545" in written("Asia/Kathmandu", 2026, 2026)
