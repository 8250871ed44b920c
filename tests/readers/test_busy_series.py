"""Series of a conflict calendar: what is added, excluded, moved and cancelled in them."""

import pytest

from tests.busytime import (
    AT_TWO,
    DAILY,
    NINE_TO_TEN,
    SECOND,
    at_nine,
    calendar,
    event,
    read,
    shown,
    taken,
    zoned,
)


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


def changed(*lines: str) -> list[str]:
    found = read(calendar(*event(*DAILY), *event(*lines)))
    assert found.problems == ()
    return shown(found)


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
