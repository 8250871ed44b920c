"""Calendar objects as servers and programs change them: what counts as a change."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduler.readers.objects import read

SHANGHAI = ZoneInfo("Asia/Shanghai")
LINES = (
    "UID:a",
    "DTSTAMP:20260220T010000Z",
    "LAST-MODIFIED:20260220T010000Z",
    "SEQUENCE:0",
    "DTSTART;TZID=Asia/Shanghai:20260409T090000",
    "DTEND;TZID=Asia/Shanghai:20260409T160000",
    "SUMMARY:ZJ-001 · Infusion 1",
    "LOCATION:Chair 1",
    "DESCRIPTION:Window 2026-04-02 to 2026-04-16\\nBasis: assumption",
    "STATUS:CONFIRMED",
    "TRANSP:OPAQUE",
    "CLASS:PRIVATE",
    "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
    "BEGIN:VALARM",
    "ACTION:DISPLAY",
    "TRIGGER:-P1D",
    "DESCRIPTION:ZJ-001 · Infusion 1",
    "END:VALARM",
)


def data(*lines: str, more: str = "") -> bytes:
    """An object of these lines in its event."""
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", "BEGIN:VEVENT")
    text = (*head, *lines, "END:VEVENT", *more.split(), "END:VCALENDAR")
    return "".join(f"{line}\r\n" for line in text).encode()


def changed(old: str, new: str) -> bytes:
    assert any(old in line for line in LINES)
    return data(*(line.replace(old, new) for line in LINES if line.replace(old, new)))


BASE = read(data(*LINES), SHANGHAI)


@pytest.mark.parametrize(
    ("text", "differences"),
    [
        (changed("T090000", "T083000"), ("time",)),
        (changed("T160000", "T163000"), ("time",)),
        (changed("20260409", "20260410"), ("time",)),
        (changed("SUMMARY:ZJ-001", "SUMMARY:Ms Li"), ("title",)),
        (changed("Chair 1", "Chair 2"), ("place",)),
        (changed("LOCATION:Chair 1", ""), ("place",)),
        (changed("Basis", "Please call. Basis"), ("notes",)),
        (changed("CONFIRMED", "CANCELLED"), ("status",)),
        (changed("OPAQUE", "TRANSPARENT"), ("busy",)),
        (changed("CLASS:PRIVATE", "CLASS:PUBLIC"), ("privacy",)),
        (data(*LINES, "RRULE:FREQ=WEEKLY"), ("repetition",)),
        (data(*LINES, "ATTENDEE:mailto:li@example.org"), ("details",)),
        (changed("CONFIRMED", "CANCELLED").replace(b"Chair 1", b"Ward"), ("place", "status")),
    ],
)
def test_what_people_read_counts(text: bytes, differences: tuple[str, ...]) -> None:
    told = read(text, SHANGHAI)
    assert BASE.differences(told) == differences
    assert told != BASE


@pytest.mark.parametrize(
    "text",
    [
        data(*reversed(LINES[:-5]), *LINES[-5:]),
        data(*LINES, "X-MOZ-LASTACK:20260408T010000Z"),
        data(*LINES, "CREATED:20260220T010000Z"),
        data(*LINES[:-5]),
        changed("STATUS:CONFIRMED", ""),
        changed("TRANSP:OPAQUE", ""),
        changed("X-MICROSOFT-CDO-BUSYSTATUS:BUSY", ""),
        changed("DTSTART;TZID=Asia/Shanghai:20260409T090000", "DTSTART:20260409T010000Z"),
        changed("DTEND;TZID=Asia/Shanghai:20260409T160000", "DURATION:PT7H"),
        changed(";TZID=Asia/Shanghai", ""),
        data(*LINES).replace(b"\r\n", b"\n"),
    ],
)
def test_what_servers_and_programs_do_by_themselves_does_not(text: bytes) -> None:
    assert read(text, SHANGHAI) == BASE


def test_a_new_version_is_told_by_its_stamps() -> None:
    for old, new in (("SEQUENCE:0", "SEQUENCE:1"), ("DTSTAMP:20260220", "DTSTAMP:20260221")):
        told = read(changed(old, new), SHANGHAI)
        assert told != BASE
        assert BASE.differences(told) == ()


def test_times_of_all_kinds() -> None:
    assert BASE.start == datetime(2026, 4, 9, 1, tzinfo=UTC)
    day = changed(";TZID=Asia/Shanghai:20260409T090000", ";VALUE=DATE:20260409")
    told = read(day.replace(b"DTEND;TZID=Asia/Shanghai:20260409T160000\r\n", b""), SHANGHAI)
    assert (told.start, told.end) == (date(2026, 4, 9), date(2026, 4, 10))


def test_an_override_makes_it_repeat() -> None:
    override = (*LINES[:6], "RECURRENCE-ID:20260409T010000Z")
    both = (
        data(*LINES).replace(b"END:VCALENDAR\r\n", b"")
        + data(*override).partition(b"PRODID:-//tests//EN\r\n")[2]
    )
    assert BASE.differences(read(both, SHANGHAI)) == ("repetition",)


def test_no_text_is_kept() -> None:
    told = read(changed("SUMMARY:ZJ-001", "SUMMARY:Ms Li"), SHANGHAI)
    assert "Li" not in repr((told, dict(told.said)))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html/>",
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        data("UID:a", "SUMMARY:without a time"),
        changed("20260409T090000", "tomorrow"),
        data(*LINES)[:-40],
        data("UID:a", "DTSTART:20260409T010000Z", "RECURRENCE-ID:20260409T010000Z"),
    ],
)
def test_what_cannot_be_read(text: bytes) -> None:
    with pytest.raises(ValueError, match="is no event that can be read"):
        read(text, SHANGHAI)
