"""A conflict calendar becomes busy time, and nothing is lost without a word."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scheduler.dates import Interval
from scheduler.errors import BadInput
from scheduler.readers import busy
from scheduler.readers.contentlines import TIMES

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
CALENDARS = sorted((Path(__file__).parent / "calendars").glob("*.ics"))


def read(data: bytes, zone: ZoneInfo = SHANGHAI) -> busy.BusyCalendar:
    span = Interval(start=datetime(2026, 3, 1, tzinfo=zone), end=datetime(2026, 6, 1, tzinfo=zone))
    return busy.read(data, "nurse.ics", zone=zone, span=span)


def calendar(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]).encode()


def event(*lines: str) -> tuple[str, ...]:
    return ("BEGIN:VEVENT", "UID:a", *lines, "END:VEVENT")


def zoned(name: str, local: str) -> str:
    return f"{name};TZID=Asia/Shanghai:{local}"


def shown(found: busy.BusyCalendar, zone: ZoneInfo = SHANGHAI) -> list[str]:
    """Busy time by the wall clock: "03-02 09:00-10:00", "03-02 00:00-03-04 00:00"."""
    result = []
    for interval in found.busy:
        start, end = interval.start.astimezone(zone), interval.end.astimezone(zone)
        day = "" if start.date() == end.date() else f"{end:%m-%d} "
        result.append(f"{start:%m-%d %H:%M}-{day}{end:%H:%M}")
    return result


def taken(*lines: str, zone: ZoneInfo = SHANGHAI) -> list[str]:
    """What one event takes, when all of it can be read."""
    found = read(calendar(*event(*lines)), zone)
    assert found.problems == ()
    return shown(found, zone)


def covered(inner: busy.BusyCalendar, outer: busy.BusyCalendar) -> bool:
    """Whether everything busy in one is busy in the other."""
    return all(any(o.start <= i.start and i.end <= o.end for o in outer.busy) for i in inner.busy)


NINE_TO_TEN = (zoned("DTSTART", "20260302T090000"), zoned("DTEND", "20260302T100000"))
DAILY = (*NINE_TO_TEN, "RRULE:FREQ=DAILY;COUNT=3")


# How long an event is


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART:20260302T010000Z", "DTEND:20260302T020000Z"], ["03-02 09:00-10:00"]),
        (["DTSTART:20260302T010000Z", "DURATION:PT90M"], ["03-02 09:00-10:30"]),
        (["DTSTART:20260302T090000", "DURATION:PT1H"], ["03-02 09:00-10:00"]),
        (["DTSTART;VALUE=DATE:20260302"], ["03-02 00:00-03-03 00:00"]),
        (["DTSTART:20260302"], ["03-02 00:00-03-03 00:00"]),
        (["DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260302"], ["03-02 00:00-03-03 00:00"]),
        (["DTSTART;VALUE=DATE:20260302", "DTEND;VALUE=DATE:20260305"], ["03-02 00:00-03-05 00:00"]),
        (["DTSTART;VALUE=DATE:20260302", "DURATION:P2D"], ["03-02 00:00-03-04 00:00"]),
        (["DTSTART;VALUE=DATE:20260302", "DTEND:20260302T120000"], ["03-02 00:00-12:00"]),
        (["DTSTART;VALUE=DATE:20260302", "DTEND:20260302T120000Z"], ["03-02 00:00-20:00"]),
        (["DTSTART;VALUE=DATE:20260302T000000"], ["03-02 00:00-03-03 00:00"]),
        (["DTSTART:20260302T090000", "DTEND;VALUE=DATE:20260303"], ["03-02 09:00-03-03 00:00"]),
        # Without length: the instant, so that a visit around it is in conflict.
        (["DTSTART:20260302T090000"], ["03-02 09:00-09:01"]),
        (["DTSTART:20260302T090000", "DTEND:20260302T090000"], ["03-02 09:00-09:01"]),
        # Both are given, which RFC 5545 forbids: the longer one.
        (
            ["DTSTART:20260302T090000", "DTEND:20260302T100000", "DURATION:PT2H"],
            ["03-02 09:00-11:00"],
        ),
        # A flight: it ends by another clock.
        (
            [zoned("DTSTART", "20260302T090000"), "DTEND;TZID=Europe/Berlin:20260302T120000"],
            ["03-02 09:00-19:00"],
        ),
        # Clipped to the span, March to May.
        (
            ["DTSTART;VALUE=DATE:20260226", "DTEND;VALUE=DATE:20260302"],
            ["03-01 00:00-03-02 00:00"],
        ),
        (["DTSTART:20260531T230000", "DURATION:PT5H"], ["05-31 23:00-06-01 00:00"]),
        (["DTSTART:20000101T000000Z", "DTEND:99991231T235959Z"], ["03-01 00:00-06-01 00:00"]),
        (["DTSTART:20270302T090000", "DURATION:PT1H"], []),
    ],
)
def test_how_long_an_event_takes(lines: list[str], expected: list[str]) -> None:
    assert taken(*lines) == expected


# Who is busy


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], True),
        (["TRANSP:OPAQUE"], True),
        (["TRANSP:TRANSPARENT"], False),
        (["transp:transparent"], False),
        (["STATUS:TENTATIVE"], True),
        (["STATUS:CANCELLED"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:FREE"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:FREE", "TRANSP:OPAQUE"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "TRANSP:TRANSPARENT"], True),
        (["X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"], True),
        (["X-MICROSOFT-CDO-BUSYSTATUS:OOF"], True),
        (["X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE"], True),
        (["X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "STATUS:CANCELLED"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:?", "TRANSP:TRANSPARENT"], False),
    ],
)
def test_who_is_busy(lines: list[str], expected: bool) -> None:
    assert bool(taken(*NINE_TO_TEN, *lines)) is expected


# Zones


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


# Series


def at_nine(*days: str) -> list[str]:
    return [f"{day} 09:00-10:00" for day in days]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["RRULE:FREQ=DAILY;COUNT=2"], ["03-02", "03-03"]),
        (["RRULE:FREQ=DAILY;UNTIL=20260303"], ["03-02", "03-03"]),
        (["RRULE:FREQ=DAILY;UNTIL=20260303T090000"], ["03-02", "03-03"]),
        (["RRULE:FREQ=DAILY;UNTIL=20260303T010000Z"], ["03-02", "03-03"]),
        (["RRULE:FREQ=DAILY;UNTIL=20260303T005959Z"], ["03-02"]),
        (["rrule:freq=daily;count=2"], ["03-02", "03-03"]),
        (["RRULE:FREQ=DAILY;COUNT=2;"], ["03-02", "03-03"]),
        # The first time counts, whether the rule gives it or not.
        (["RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2"], ["03-02", "03-03", "03-10"]),
        (["RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"], ["03-02"]),
        (["RRULE:FREQ=DAILY;COUNT=2", "RRULE:FREQ=WEEKLY;COUNT=2"], ["03-02", "03-03", "03-09"]),
        # What is taken out
        (["RRULE:FREQ=DAILY;COUNT=3", zoned("EXDATE", "20260303T090000")], ["03-02", "03-04"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260303T010000Z"], ["03-02", "03-04"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260303T090000"], ["03-02", "03-04"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260303"], ["03-02", "03-04"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:"], ["03-02", "03-03", "03-04"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260303T000000Z"], ["03-02", "03-03", "03-04"]),
        (["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20260302,20260304"], ["03-03"]),
        (["RRULE:FREQ=DAILY;COUNT=4", "EXRULE:FREQ=DAILY;INTERVAL=2"], ["03-03", "03-05"]),
        # What is added
        ([zoned("RDATE", "20260304T090000,20260306T090000")], ["03-02", "03-04", "03-06"]),
        (["RDATE:20260304T010000Z", "EXDATE:20260304T010000Z"], ["03-02"]),
    ],
)
def test_series(lines: list[str], expected: list[str]) -> None:
    assert taken(*NINE_TO_TEN, *lines) == at_nine(*expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("VALUE=PERIOD:20260304T010000Z/PT3H", "03-04 09:00-12:00"),
        ("VALUE=PERIOD:20260304T010000Z/20260304T013000Z", "03-04 09:00-09:30"),
        # A day for an event that has an hour: all of it may be meant.
        ("VALUE=DATE:20260304", "03-04 00:00-03-05 00:00"),
    ],
)
def test_added_times_of_their_own_length(value: str, expected: str) -> None:
    assert taken(*NINE_TO_TEN, f"RDATE;{value}") == [*at_nine("03-02"), expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["RRULE:FREQ=WEEKLY;COUNT=2"], ["02", "09"]),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260309"], ["02", "09"]),
        (["RRULE:FREQ=WEEKLY;UNTIL=20260308T160000Z"], ["02", "09"]),  # midnight of 9 March
        (["RRULE:FREQ=WEEKLY;UNTIL=20260309T000000Z"], ["02", "09"]),
        (["RRULE:FREQ=WEEKLY;BYHOUR=9;COUNT=2"], ["02", "09"]),  # hours mean nothing here
        (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20260309"], ["02", "16"]),
        (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260309T000000"], ["02", "16"]),
        (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260308T160000Z"], ["02", "16"]),
        (["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260309T000000Z"], ["02", "16"]),
        (["RDATE;VALUE=DATE:20260305"], ["02", "05"]),
    ],
)
def test_series_of_whole_days(lines: list[str], expected: list[str]) -> None:
    found = taken("DTSTART;VALUE=DATE:20260302", *lines)
    assert [day[3:5] for day in found] == expected


def test_a_series_from_long_ago_is_seen_in_the_span_only() -> None:
    lines = (zoned("DTSTART", "19700105T090000"), "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=MO")
    assert taken(*lines)[:2] == at_nine("03-02", "03-09")


def test_an_occurrence_that_began_before_the_span_is_seen() -> None:
    lines = ("DTSTART;VALUE=DATE:20251201", "DTEND;VALUE=DATE:20260130")
    found = taken(*lines, "RRULE:FREQ=MONTHLY;INTERVAL=2;COUNT=2")
    assert found == ["03-01 00:00-04-02 00:00"]  # from 1 February, sixty days


# Changed occurrences


def changed(*lines: str) -> list[str]:
    found = read(calendar(*event(*DAILY), *event(*lines)))
    assert found.problems == ()
    return shown(found)


SECOND = zoned("RECURRENCE-ID", "20260303T090000")
AT_TWO = (zoned("DTSTART", "20260303T140000"), zoned("DTEND", "20260303T143000"))


@pytest.mark.parametrize(
    "second",
    [
        SECOND,
        "RECURRENCE-ID:20260303T010000Z",
        "RECURRENCE-ID:20260303T090000",
        "RECURRENCE-ID;VALUE=DATE:20260303",
        "RECURRENCE-ID;TZID=China Standard Time:20260303T090000",
    ],
)
def test_a_moved_occurrence(second: str) -> None:
    expected = ["03-02 09:00-10:00", "03-03 14:00-14:30", "03-04 09:00-10:00"]
    assert changed(second, *AT_TWO) == expected


@pytest.mark.parametrize("gone", ["STATUS:CANCELLED", "TRANSP:TRANSPARENT"])
def test_a_cancelled_occurrence(gone: str) -> None:
    assert changed(SECOND, *AT_TWO, gone) == at_nine("03-02", "03-04")


def test_a_change_of_no_known_occurrence_takes_its_time() -> None:
    other = zoned("RECURRENCE-ID", "20260303T113000")
    assert "03-03 14:00-14:30" in changed(other, *AT_TWO)
    assert shown(read(calendar(*event(SECOND, *AT_TWO)))) == ["03-03 14:00-14:30"]


def test_a_busy_change_of_a_series_that_is_free() -> None:
    data = calendar(*event(*DAILY, "TRANSP:TRANSPARENT"), *event(SECOND, *AT_TWO))
    assert shown(read(data)) == ["03-03 14:00-14:30"]


def test_a_change_of_this_and_all_that_follow() -> None:
    following = SECOND.replace(";", ";RANGE=THISANDFUTURE;")
    expected = ["03-02 09:00-10:00", "03-03 14:00-14:30", "03-04 14:00-14:30"]
    assert changed(following, *AT_TWO) == expected
    assert changed(following, *AT_TWO, "STATUS:CANCELLED") == at_nine("03-02")
    in_utc = ("DTSTART:20260303T060000Z", "DTEND:20260303T063000Z")
    assert changed(following, *in_utc) == expected


def test_events_that_share_a_uid_are_both_kept() -> None:
    other = event(zoned("DTSTART", "20260302T140000"), "DURATION:PT1H")
    assert shown(read(calendar(*event(*NINE_TO_TEN), *other))) == [
        "03-02 09:00-10:00",
        "03-02 14:00-15:00",
    ]


def test_events_without_a_uid_are_strangers() -> None:
    nameless = ("BEGIN:VEVENT", *DAILY, "END:VEVENT", "BEGIN:VEVENT", SECOND, *AT_TWO, "END:VEVENT")
    assert shown(read(calendar(*nameless))) == [
        *at_nine("03-02", "03-03"),
        "03-03 14:00-14:30",
        *at_nine("03-04"),
    ]


# What cannot be read


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        ([], 3, "has no DTSTART"),
        (["DTSTART:20260302T090000", "DTSTART:20260303T090000"], 6, "DTSTART is given 2 times"),
        (["DTSTART:tomorrow"], 5, "DTSTART is not a time"),
        (["DTSTART:20260230T090000"], 5, "DTSTART is no possible time"),
        (["DTSTART:20260302T250000"], 5, "DTSTART is no possible time"),
        (["DTSTART;TZID=Mars/Olympus:20260302T090000"], 5, 'no time zone "Mars/Olympus"'),
        (["DTSTART;TZID=Europe:20260302T090000"], 5, 'no time zone "Europe"'),
        (["DTSTART:20260302T090000", "DTEND:20260302T080000"], 6, "it ends before it starts"),
        (["DTSTART:20260302T090000", "DURATION:-PT1H"], 6, "it ends before it starts"),
        (["DTSTART:20260302T090000", "DURATION:PT-1H"], 6, "it is no length of time"),
        (["DTSTART:20260302T090000", "DURATION:PT99999999999999H"], 6, "it is no length of time"),
        (["DTSTART:00010101T000000"], 5, "DTSTART is no possible time"),
        (["DTSTART:20260302T090000", "DURATION:P9000000D"], 3, "ends after the year 9999"),
    ],
)
def test_an_event_that_cannot_be_placed(lines: list[str], line: int, what: str) -> None:
    found = read(calendar(*event(*lines), *event(*NINE_TO_TEN)))
    assert shown(found) == ["03-02 09:00-10:00"]
    [problem] = found.problems
    assert problem.place == f"nurse.ics:{line}"
    assert problem.what.startswith('VEVENT UID "a": ')
    assert what in problem.what
    assert problem.what.endswith("it is not counted as busy")
    assert found.incomplete


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("RRULE:FREQ=FORTNIGHTLY", "has no known FREQ"),
        ("RRULE:COUNT=3", "has no known FREQ"),
        ("RRULE:", "cannot be read"),
        ("RRULE:FREQ=DAILY;COUNT5", "cannot be read"),
        ("RRULE:FREQ=DAILY;BYEASTER=1", "cannot be read"),
        ("RRULE:FREQ=DAILY;INTERVAL=0", "has an impossible INTERVAL"),
        ("RRULE:FREQ=DAILY;COUNT=0", "has an impossible COUNT"),
        ("RRULE:FREQ=YEARLY;BYMONTH=13", "has an impossible BYMONTH"),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=32", "has an impossible BYMONTHDAY"),
        ("RRULE:FREQ=MONTHLY;BYDAY=0MO", "has an impossible BYDAY"),
        ("RRULE:FREQ=WEEKLY;WKST=XX", "has an impossible WKST"),
        ("RRULE:FREQ=DAILY;UNTIL=soon", "has an impossible UNTIL"),
        ("RRULE:FREQ=DAILY;UNTIL=20260230", "has an impossible UNTIL"),
        ("RRULE:RSCALE=CHINESE;FREQ=YEARLY", "is not supported"),
        ("RRULE:FREQ=SECONDLY;BYSETPOS=2", "is not supported"),
        ("RRULE:FREQ=SECONDLY;INTERVAL=2;BYSECOND=1", "gives no time at all"),
        # Exchange writes this for a series that never ends.
        ("RRULE:FREQ=DAILY;UNTIL=20260301T160000Z", "ends before its event starts"),
    ],
)
def test_of_an_unreadable_rule_the_first_time_counts(line: str, what: str) -> None:
    found = read(calendar(*event(*NINE_TO_TEN, line)))
    assert shown(found) == at_nine("03-02")
    [problem] = found.problems
    assert problem.place == "nurse.ics:7"
    assert what in problem.what
    assert "only the first time is counted" in problem.what


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (["EXDATE:20260303T090000,never"], "EXDATE is not a time: that time still counts"),
        (["EXDATE;TZID=Mars/Olympus:20260304T090000"], "Mars/Olympus"),
        (["RDATE:never,20260303T090000"], "RDATE is not a time: that time is not counted"),
        (["RDATE;VALUE=PERIOD:20260303T010000Z/-PT1H"], "RDATE has an impossible period"),
        (["EXRULE:FREQ=NEVER"], "the excluded times still count"),
        (["RECURRENCE-ID:never"], "what it replaces still counts"),
        (["RECURRENCE-ID:20260302T090000", "RECURRENCE-ID:20260303T090000"], "given 2 times"),
        (["RECURRENCE-ID;RANGE=THISANDPRIOR:20260302T090000"], "RANGE is not supported"),
        (["RECURRENCE-ID:20260302T090000", "RRULE:FREQ=DAILY"], "only that occurrence is counted"),
        (["RRULE FREQ=DAILY"], "this line is not a property"),
        (["RDATE:20260303T090000,", "20260304T090000"], "this line is not a property"),
        (["BEGIN:VALARM", "TRIGGER:-PT5M"], "its part VALARM never ends"),
    ],
)
def test_a_part_that_cannot_be_read(lines: list[str], what: str) -> None:
    found = read(calendar(*event(*NINE_TO_TEN, *lines)))
    assert covered(read(calendar(*event(*NINE_TO_TEN))), found)
    assert any(what in problem.what for problem in found.problems)
    assert found.incomplete


def test_a_rule_of_every_second_is_cut_and_told() -> None:
    found = read(calendar(*event(*NINE_TO_TEN, "RRULE:FREQ=SECONDLY")))
    [problem] = found.problems
    assert "gives more than 100,000 times" in problem.what
    assert "none from 2026-03-03 12:" in problem.what
    assert found.busy[0].end - found.busy[0].start > timedelta(days=1)


def test_a_calendar_without_end_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy, "MOST", 3)
    found = read(calendar(*event(*NINE_TO_TEN, "RRULE:FREQ=DAILY")))
    assert len(found.busy) == 2  # the first time counts twice: once as DTSTART, once by rule
    [problem] = found.problems
    assert "takes more than 3 times" in problem.what


def test_a_series_that_leaves_the_calendar_is_told() -> None:
    lines = ("DTSTART:20260302T090000Z", "DTEND:99991231T000000Z", "RRULE:FREQ=DAILY")
    found = read(calendar(*event(*lines), *event(*NINE_TO_TEN)))
    assert shown(found) == ["03-02 09:00-10:00", "03-02 17:00-06-01 00:00"]
    assert "repeats beyond the year 9999" in found.problems[0].what


@pytest.mark.parametrize("idle", ["STATUS:CANCELLED", "X-MICROSOFT-CDO-BUSYSTATUS:FREE"])
def test_what_takes_no_time_need_not_be_readable(idle: str) -> None:
    assert not read(calendar(*event("DTSTART:never", idle))).incomplete


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (["BEGIN:VEVENT", "DTSTART:20260302T090000", *event(*NINE_TO_TEN)], "never ends"),
        ([*event(*NINE_TO_TEN), "BEGIN:VEVENT", "DTSTART:20260302T090000"], "never ends"),
        ([*event(*NINE_TO_TEN), "DTSTART:20260302T110000", "END:VEVENT"], "ends nothing"),
        ([*event(*NINE_TO_TEN), "BEGIN:VEVNT", "END:VEVNT"], "VEVNT is not read"),
        ([*event(*NINE_TO_TEN), "BEGIN:VAVAILABILITY", "END:VAVAILABILITY"], "is not read"),
        (
            [*event(*NINE_TO_TEN), "BEGIN:VFREEBUSY", "FREEBUSY:never", "END:VFREEBUSY"],
            "not a time",
        ),
        (
            [*event(*NINE_TO_TEN), "BEGIN:VFREEBUSY", "FREEBUSY:20260302T090000Z", "END:VFREEBUSY"],
            "a start without an end",
        ),
    ],
)
def test_what_is_lost_between_events_is_told(lines: list[str], what: str) -> None:
    found = read(calendar(*lines))
    assert shown(found) == at_nine("03-02")
    [problem] = found.problems
    assert what in str(problem)
    assert re.match(r"nurse\.ics:\d+: ", str(problem))


def test_an_event_outside_any_calendar_is_told() -> None:
    data = calendar(*event(*NINE_TO_TEN)) + "\r\n".join(event(*NINE_TO_TEN)).encode()
    assert "stands outside any calendar" in read(data).problems[0].what


@pytest.mark.parametrize(
    "idle",
    [
        ["BEGIN:VTODO", "DTSTART:never", "END:VTODO"],
        ["BEGIN:VJOURNAL", "DTSTART:20260302T120000", "END:VJOURNAL"],
        ["BEGIN:X-COLOURS", "X-RED:1", "END:X-COLOURS"],
        ["X", "a line that is nothing"],
        event(*NINE_TO_TEN, "BEGIN:VALARM", "TRIGGER:PT-2H", "DURATION:?", "END:VALARM"),
        event(*NINE_TO_TEN, "DESCRIPTION:first", "second line, badly folded"),
        event(*NINE_TO_TEN, "ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA", " BBBB"),
    ],
)
def test_what_takes_no_time_is_passed_over(idle: list[str]) -> None:
    found = read(calendar(*idle, *event(*NINE_TO_TEN)))
    assert shown(found) == at_nine("03-02")
    assert found.problems == ()


# Bytes

PLAIN = calendar(*event("SUMMARY:病房查房 à la carte", *NINE_TO_TEN))


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN.rstrip(),
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN.replace(b"\r\n", b"\r\r\n"),
        PLAIN.replace(b"\r\n", b"\r"),
        PLAIN.replace(b"\r\n", b"\r\n\r\n"),
        PLAIN.replace(b"T090000", b"T09\r\n 0000"),
        PLAIN.decode().encode("gb18030"),
        PLAIN.decode().encode("utf-16"),
        PLAIN.decode().encode("utf-16-be"),
        PLAIN.decode().encode("utf-16-le"),
        PLAIN.decode().encode("latin-1", errors="replace") + b"\xe9\xff",
        PLAIN.replace("病".encode(), "病".encode()[:1] + b"\r\n " + "病".encode()[1:]),
        PLAIN + b"\xef\xbb\xbf" + PLAIN,
        b"From: a@example.org\r\nSubject: calendar\r\n\r\n" + PLAIN,
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    found = read(data)
    assert shown(found) == at_nine("03-02")
    assert found.problems == ()


@pytest.mark.parametrize(
    ("data", "place", "what"),
    [
        (b"", "nurse.ics", "the file is empty"),
        (b"\r\n \r\n", "nurse.ics", "the file is empty"),
        (b"<!DOCTYPE html><html>log in", "nurse.ics", "this is a web page, not a calendar"),
        (b"%PDF-1.7\x00\x01\xff\xfe", "nurse.ics", "this is no calendar"),
        (bytes(range(256)) * 40, "nurse.ics", "this is no calendar"),
        (b"\xff\xfe\x00", "nurse.ics", "this is no calendar"),
        ("\n".join(event(*NINE_TO_TEN)).encode(), "nurse.ics", "this is no calendar"),
        (PLAIN[:120], "nurse.ics:1", "the file is cut off"),
        (PLAIN.replace(b"END:VCALENDAR\r\n", b""), "nurse.ics:1", "the file is cut off"),
        (PLAIN.replace(b"END:VCALENDAR\r\n", b"") + PLAIN, "nurse.ics:1", "the file is cut off"),
    ],
)
def test_what_is_no_calendar_is_refused(data: bytes, place: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(data)
    [problem] = refused.value.problems
    assert problem.place == place
    assert what in problem.what
    assert refused.value.exit_code == 5


def test_a_calendar_without_events_is_free() -> None:
    assert read(calendar()) == busy.BusyCalendar(name="nurse.ics", busy=(), problems=())


# Laws


@given(st.permutations([DAILY, (SECOND, *AT_TWO), ("DTSTART:20260310",), ("DTSTART:?",)]))
def test_the_order_of_events_does_not_matter(events: list[tuple[str, ...]]) -> None:
    found = read(calendar(*(line for lines in events for line in event(*lines))))
    assert shown(found) == [
        "03-02 09:00-10:00",
        "03-03 14:00-14:30",
        "03-04 09:00-10:00",
        "03-10 00:00-03-11 00:00",
    ]
    assert len(found.problems) == 1


@given(st.sampled_from(CALENDARS), st.data())
def test_no_time_is_lost_without_a_word(path: Path, data: st.DataObject) -> None:
    """Whatever value is spoilt: the time is still busy, or the calendar is incomplete."""
    lines = path.read_bytes().decode().splitlines()
    names = [re.split("[:;]", line)[0] for line in lines]
    at = data.draw(st.sampled_from([n for n, name in enumerate(names) if name in TIMES]))
    spoilt = [*lines]
    spoilt[at] = data.draw(st.sampled_from([f"{names[at]}:?", names[at], f"{lines[at]}?"]))
    before, after = (read("\n".join(text).encode()) for text in (lines, spoilt))
    assert after.incomplete or covered(before, after)


@given(st.sampled_from(CALENDARS), st.data())
def test_damaged_files_are_read_or_refused(path: Path, data: st.DataObject) -> None:
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(whole) - 1))
        end = start + data.draw(st.integers(0, 60))
        whole[start:end] = data.draw(st.binary(max_size=8) | st.sampled_from([b"\r\n", b":", b";"]))
    try:
        problems = read(bytes(whole)).problems
    except BadInput as refused:
        problems = refused.problems
    assert all(problem.place.startswith("nurse.ics") for problem in problems)


@given(st.sampled_from(["SUMMARY", "DESCRIPTION", "LOCATION", "ATTENDEE", "DTSTART", "RRULE"]))
def test_no_words_of_an_event_leave_the_reader(name: str) -> None:
    """Not even those that stand where a time should."""
    found = read(calendar(*event(*NINE_TO_TEN, f"{name}:Ms Li"), *event(f"{name}:Ms Li")))
    assert found.incomplete
    assert "Ms Li" not in repr(found)
    assert "Li" not in "".join(map(str, found.problems))
