"""What cannot be read of a conflict calendar is told, and the rest is used."""

import re
from datetime import timedelta

import pytest

from scheduler.readers import busy
from tests.busytime import NINE_TO_TEN, at_nine, calendar, covered, event, read, shown


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


def free_busy(*lines: str, first: str = "20260101", last: str = "20270101") -> list[str]:
    """What somebody's server tells of some days."""
    days = (f"DTSTART:{first}T000000Z", f"DTEND:{last}T000000Z")
    return ["BEGIN:VFREEBUSY", *days, *lines, "END:VFREEBUSY"]


def test_beyond_what_a_server_tells_of_is_not_free() -> None:
    """Asked about March to May; told of some of it, or of months one after the other."""
    taken = "FREEBUSY:20260302T010000Z/PT1H"
    part = read(calendar(*free_busy(taken, first="20260201", last="20260401")))
    assert shown(part) == at_nine("03-02")
    [problem] = part.problems
    assert problem.what == (
        "VFREEBUSY: tells of 2026-03-01 00:00 to 2026-04-01 08:00:"
        " outside of that, taken time looks free"
    )
    months = [("20260201", "20260401"), ("20260501", "20260701"), ("20260401", "20260501")]
    whole = [line for first, last in months for line in free_busy(first=first, last=last)]
    assert not read(calendar(*whole, *free_busy(taken))).incomplete
    holey = [line for first, last in months[:2] for line in free_busy(first=first, last=last)]
    [problem] = read(calendar(*holey)).problems
    assert "2026-04-01 08:00 and 2026-05-01 08:00 to 2026-06-01 00:00" in problem.what


@pytest.mark.parametrize(
    "days", [[], ["DTSTART:20260101T000000Z"], ["DTSTART:never", "DTEND:20270101T000000Z"]]
)
def test_a_server_that_does_not_say_what_it_tells_of(days: list[str]) -> None:
    [problem] = read(calendar("BEGIN:VFREEBUSY", *days, "END:VFREEBUSY")).problems
    assert "tells of nothing of the time that is asked about" in problem.what


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
            [*event(*NINE_TO_TEN), *free_busy("FREEBUSY:never")],
            "not a time",
        ),
        (
            [*event(*NINE_TO_TEN), *free_busy("FREEBUSY:20260302T090000Z")],
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
