"""Calendars as the common programs write them; what they take was worked out by hand."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.dates import Interval
from scheduler.readers import busy

CALENDARS = Path(__file__).parent / "calendars"
SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")

OUTLOOK = [
    "03-02 08:30 .. 03-02 09:30",  # ward round
    "03-04 10:00 .. 03-04 11:30",  # tentative
    "03-05 08:00 .. 03-05 12:00",  # working elsewhere, although TRANSPARENT
    "03-06 11:15 .. 03-06 12:15",  # 09:00 by a custom zone of +05:45
    "03-10 14:00 .. 03-10 15:00",  # ward round, moved from 9 March
    "03-12 10:00 .. 03-12 11:00",  # Microsoft's UTC, its colon unquoted
    "03-19 16:00 .. 03-19 17:00",  # 09:00 in Berlin, winter
    "03-23 08:30 .. 03-23 09:30",  # ward round; 16 March is excluded
    "03-26 16:00 .. 03-26 17:00",
    "03-30 08:30 .. 03-30 09:30",  # UNTIL is this start, in UTC
    "04-02 15:00 .. 04-02 16:00",  # 09:00 in Berlin, summer
    "04-13 00:00 .. 04-15 00:00",  # two whole days out of office
]
GOOGLE = [
    "03-02 14:00 .. 03-02 15:00",
    "03-03 09:30 .. 03-03 11:00",
    "03-09 14:00 .. 03-09 15:00",  # 4 March is excluded
    "03-11 16:00 .. 03-11 17:30",  # moved, and longer
    "03-18 14:00 .. 03-18 15:00",  # 16 March is cancelled
    "03-20 08:00 .. 03-20 09:00",  # floating: 09:00 in the calendar's own zone, Tokyo
    "04-04 00:00 .. 04-07 00:00",
]
APPLE = [
    "03-03 11:00 .. 03-03 12:00",  # its alarm is malformed
    "03-05 07:00 .. 03-05 07:45",  # floating
    "03-18 00:00 .. 03-19 00:00",
    "03-28 22:00 .. 03-29 06:00",  # seven hours: the clock is put forward
    "03-31 11:00 .. 03-31 12:00",  # 17 March and 14 April are excluded
    "04-18 00:00 .. 04-19 00:00",  # UNTIL is this midnight, in UTC
]
NEXTCLOUD = [
    "03-03 00:00 .. 03-04 00:00",
    "03-17 00:00 .. 03-18 00:00",  # 10 March is excluded, and counted
    "03-22 02:30 .. 03-22 03:00",
    "03-26 10:00 .. 03-26 11:30",  # the last Friday of March, moved to the Thursday
    "03-29 03:30 .. 03-29 04:00",  # 02:30 does not exist that day
    "04-02 13:00 .. 04-02 14:00",  # RDATE
    "04-05 02:30 .. 04-05 03:00",
    "04-09 13:00 .. 04-09 14:00",  # RDATE
    "04-24 13:00 .. 04-24 14:00",
]
FREE_BUSY = [
    "03-02 09:00 .. 03-02 11:00",  # two periods that overlap
    "03-03 14:00 .. 03-03 15:00",
    "03-04 09:00 .. 03-04 09:30",
    "03-05 08:00 .. 03-05 17:00",
    "03-09 08:00 .. 03-09 10:00",  # of an unknown kind: busy
]


def read(name: str, zone: ZoneInfo) -> busy.BusyCalendar:
    span = Interval(start=datetime(2026, 3, 1, tzinfo=zone), end=datetime(2026, 5, 1, tzinfo=zone))
    return busy.read((CALENDARS / name).read_bytes(), name, zone=zone, span=span)


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [
        ("outlook.ics", SHANGHAI, OUTLOOK),
        ("google.ics", SHANGHAI, GOOGLE),
        ("apple.ics", BERLIN, APPLE),
        ("nextcloud.ics", BERLIN, NEXTCLOUD),
        ("freebusy.ics", SHANGHAI, FREE_BUSY),
    ],
)
def test_the_time_a_calendar_takes(name: str, zone: ZoneInfo, expected: list[str]) -> None:
    calendar = read(name, zone)
    taken = [
        f"{i.start.astimezone(zone):%m-%d %H:%M} .. {i.end.astimezone(zone):%m-%d %H:%M}"
        for i in calendar.busy
    ]
    assert taken == expected
    assert calendar.problems == ()
    assert not calendar.incomplete
