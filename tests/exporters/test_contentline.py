"""Content lines: any text survives escaping, folding and an independent parser."""

import importlib
from datetime import datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.exporters.contentline import OCTETS, line, local, text, utc
from tests.calendars import TEXT, components, readable

vobject = importlib.import_module("vobject")  # carries no types

HEAD = b"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n"
TAIL = b"END:VEVENT\r\nEND:VCALENDAR\r\n"


def enclosed(value: str) -> bytes:
    """A calendar with nothing but this summary."""
    return HEAD + line("SUMMARY", text(value)) + TAIL


@given(TEXT)
def test_any_text_comes_back_through_icalendar(value: str) -> None:
    [event] = icalendar.Calendar.from_ical(enclosed(value)).walk("VEVENT")
    assert str(event["SUMMARY"]) == readable(value)


@given(TEXT)
def test_any_text_comes_back_through_vobject(value: str) -> None:
    calendar = vobject.readOne(enclosed(value).decode())
    assert calendar.vevent.summary.value == readable(value)


@given(TEXT)
def test_lines_keep_to_the_octets(value: str) -> None:
    [event] = [part for part in components(enclosed(value)).parts if part.name == "VEVENT"]
    assert event.value("SUMMARY") == text(value)


@given(st.integers(0, 6), st.sampled_from(["\\", "输", "😀", "é", "\n"]))
def test_no_cut_falls_inside_a_character_or_an_escape(shift: int, piece: str) -> None:
    components(enclosed("x" * shift + piece * 100))


@pytest.mark.parametrize(
    ("value", "escaped"),
    [
        ("C:\\New", "C:\\\\New"),
        ("a; b, c", "a\\; b\\, c"),
        ("one\r\ntwo\rthree\nfour", "one\\ntwo\\nthree\\nfour"),
        ("NUL\x00 VT\x0b DEL\x7f half\ud83d", "NUL VT DEL half"),
        ('tab\t and "quotes": as they are', 'tab\t and "quotes": as they are'),
        ("输注;第1次", "输注\\;第1次"),
    ],
)
def test_escapes_by_hand(value: str, escaped: str) -> None:
    assert text(value) == escaped


def test_a_full_line_is_not_folded_and_one_octet_more_is() -> None:
    full = "x" * (OCTETS - len("N:"))
    assert line("N", full) == f"N:{full}\r\n".encode()
    assert line("N", f"{full}y") == f"N:{full}\r\n y\r\n".encode()


def test_moments() -> None:
    moment = datetime(2026, 4, 9, 9, 0, 7, 999_999, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert local(moment) == "20260409T090007"
    assert utc(moment) == "20260409T010007Z"
