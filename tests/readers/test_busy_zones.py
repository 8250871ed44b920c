"""Times of a conflict calendar in zones of every kind, and on days of clock change."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.dates import Interval
from scheduler.readers import busy
from tests.busytime import BERLIN, NINE_TO_TEN, calendar, event, read, shown, taken


@pytest.mark.parametrize(
    ("tzid", "expected"),
    [
        ("Asia/Shanghai", "09:00-10:00"),
        ("China Standard Time", "09:00-10:00"),
        ('"China Standard Time"', "09:00-10:00"),
        ("Central Standard Time (Mexico)", "23:00-03-03 00:00"),
        ("/mozilla.org/20050126_1/Asia/Tokyo", "08:00-09:00"),
        ("/freeassociation.sourceforge.net/America/Argentina/Buenos_Aires", "20:00-21:00"),
        ("UTC", "17:00-18:00"),
        ("Etc/GMT-9", "08:00-09:00"),
        ("UTC+09:00", "08:00-09:00"),
        ("GMT-0330", "20:30-21:30"),
    ],
)
def test_zones_by_name(tzid: str, expected: str) -> None:
    assert taken(f"DTSTART;TZID={tzid}:20260302T090000", "DURATION:PT1H") == [f"03-02 {expected}"]


CUSTOM = (
    "BEGIN:VTIMEZONE",
    "TZID:Customized Time Zone",
    "BEGIN:STANDARD",
    "DTSTART:16010101T030000",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:16010101T020000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)


def custom(local: str) -> tuple[str, ...]:
    return event(f"DTSTART;TZID=Customized Time Zone:{local}", "DURATION:PT30M")


@given(st.datetimes(datetime(2026, 3, 2), datetime(2026, 5, 30)))
@example(datetime(2026, 3, 29, 1, 59))
@example(datetime(2026, 3, 29, 2, 0))
@example(datetime(2026, 3, 29, 2, 30))
@example(datetime(2026, 3, 29, 3, 0))
def test_a_zone_of_the_calendar_is_the_zone_it_describes(at: datetime) -> None:
    """Berlin under another name; also in the hour that does not exist."""
    ours = read(calendar(*CUSTOM, *custom(f"{at:%Y%m%dT%H%M%S}")))
    known = event(f"DTSTART;TZID=Europe/Berlin:{at:%Y%m%dT%H%M%S}", "DURATION:PT30M")
    assert ours.busy == read(calendar(*known)).busy


def test_the_repeated_hour_is_the_first_of_the_two() -> None:
    span = Interval(
        start=datetime(2026, 10, 24, tzinfo=BERLIN), end=datetime(2026, 10, 27, tzinfo=BERLIN)
    )
    known = event("DTSTART;TZID=Europe/Berlin:20261025T023000", "DURATION:PT30M")
    for lines in (CUSTOM + custom("20261025T023000"), known):
        [found] = busy.read(calendar(*lines), "a.ics", zone=BERLIN, span=span).busy
        assert f"{found.start:%H:%M}" == "00:30"


def test_a_zone_of_the_calendar_is_known_to_the_end_of_the_span() -> None:
    """Ten hours ahead of UTC, the last hours of the span are past a change of the clock."""
    ahead = [line.replace("+01", "+10").replace("+02", "+11") for line in CUSTOM]
    span = Interval(
        start=datetime(2026, 3, 1, tzinfo=UTC), end=datetime(2026, 3, 28, 17, tzinfo=UTC)
    )
    data = calendar(*ahead, *custom("20260329T030000"))
    [found] = busy.read(data, "a.ics", zone=BERLIN, span=span).busy
    assert f"{found.start:%d %H:%M}" == "28 16:00"


def test_each_calendar_of_a_file_has_its_own_zones() -> None:
    moved = [line.replace("+0100", "+0900").replace("+0200", "+0900") for line in CUSTOM]
    at = custom("20260302T100000")
    found = read(calendar(*CUSTOM, *at) + calendar(*moved, *at) + calendar(*at))
    assert shown(found) == ["03-02 09:00-09:30", "03-02 17:00-17:30"]
    [problem] = found.problems
    assert "Customized Time Zone" in problem.what


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line.replace("+0200", "+5328"),
        lambda line: line.replace("TZOFFSETTO", "X-OFFSET"),
        lambda line: line.replace("FREQ=YEARLY", "FREQ=OFTEN"),
        lambda line: line.replace("DTSTART:", "DTSTART"),
    ],
)
def test_a_broken_zone_loses_only_its_own_events(damage: Callable[[str], str]) -> None:
    found = read(calendar(*map(damage, CUSTOM), *custom("20260302T100000"), *event(*NINE_TO_TEN)))
    assert shown(found) == ["03-02 09:00-10:00"]
    [problem] = found.problems
    assert problem.place == f"nurse.ics:{3 + len(CUSTOM) + 2}"
    assert 'UID "a"' in problem.what


def test_floating_times_follow_the_calendar_and_whole_days_the_site() -> None:
    floating = event("DTSTART:20260302T090000", "DTEND:20260302T100000")
    day = event("DTSTART;VALUE=DATE:20260304")
    assert shown(read(calendar(*floating))) == ["03-02 09:00-10:00"]
    found = read(calendar("X-WR-TIMEZONE:Asia/Tokyo", *floating, *day))
    assert shown(found) == ["03-02 08:00-09:00", "03-04 00:00-03-05 00:00"]


def test_an_unknown_zone_of_the_calendar_matters_only_to_floating_times() -> None:
    unknown = "X-WR-TIMEZONE:Mars/Olympus"
    assert not read(calendar(unknown, *event(*NINE_TO_TEN))).incomplete
    found = read(calendar(unknown, *event("DTSTART:20260302T090000")))
    assert found.incomplete
    assert found.busy == ()


def test_a_series_keeps_its_hour_when_the_clock_changes() -> None:
    lines = ("DTSTART;TZID=Europe/Berlin:20260328T090000", "DURATION:PT1H")
    assert taken(*lines, "RRULE:FREQ=DAILY;COUNT=2", zone=BERLIN) == [
        "03-28 09:00-10:00",
        "03-29 09:00-10:00",
    ]


def test_a_night_shift_is_busy_by_both_readings_when_the_clock_changes() -> None:
    """Eight hours from 22:00 end at 07:00 by RFC 5545, at 06:00 in every calendar program."""
    lines = (
        "DTSTART;TZID=Europe/Berlin:20260327T220000",
        "DTEND;TZID=Europe/Berlin:20260328T060000",
        "RRULE:FREQ=DAILY;COUNT=2",
    )
    assert taken(*lines, zone=BERLIN) == ["03-27 22:00-03-28 06:00", "03-28 22:00-03-29 07:00"]


def test_whole_days_end_at_midnight_when_the_clock_changes() -> None:
    lines = ("DTSTART;VALUE=DATE:20260328", "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=2")
    assert taken(*lines, zone=BERLIN) == ["03-28 00:00-03-29 00:00", "03-30 00:00-03-31 00:00"]
    assert taken("DTSTART;VALUE=DATE:20260329", zone=BERLIN) == ["03-29 00:00-03-30 00:00"]
