"""A conflict calendar becomes busy time, and nothing is lost without a word."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.errors import BadInput
from scheduler.readers import busy
from scheduler.readers.contentlines import TIMES
from tests.busytime import (
    AT_TWO,
    DAILY,
    NINE_TO_TEN,
    SECOND,
    at_nine,
    calendar,
    covered,
    event,
    read,
    shown,
    taken,
    zoned,
)

CALENDARS = sorted((Path(__file__).parent / "calendars").glob("*.ics"))


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
