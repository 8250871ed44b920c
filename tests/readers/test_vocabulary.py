"""One TOML value, one typed value, or a refusal that says what would do."""

from datetime import date, datetime
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Offset
from scheduler.readers.vocabulary import CONVERTER, Margin, meant, shown
from scheduler.sites import Hours
from scheduler.words import Words


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


UNITS = st.sampled_from(["d", "w", "mo", "y"])


@given(st.integers(0, 999), UNITS, st.integers(0, 999), UNITS)
def test_a_margin_holds_its_target(early: int, unit: str, late: int, other: str) -> None:
    margin = Margin.of([f"-{early} {unit}", f"+{late} {other}"])
    assert margin.before == Offset.parse(f"{early} {unit}")
    assert margin.after == Offset.parse(f"{late} {other}")
    assert Margin.of(f"{early} {unit}") == Margin(before=margin.before, after=margin.before)


@pytest.mark.parametrize(
    "value",
    ["-7 d", "+7 d", "−7 d", ["2 d", "4 d"], ["-2 d", "-1 d"], ["-2 d"], [1, 2], 7, True, {}, []],
)
def test_a_window_that_does_not_hold_its_target_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match='a window is "7 d"'):
        Margin.of(value)


@pytest.mark.parametrize(
    ("value", "wanted", "refusal"),
    [
        (5, str, "must be text in quotes, not 5"),
        (" ", str, "is empty"),
        ("a\x00b", str, "has a control character"),
        ("5", int, 'must be a whole number, not "5"'),
        (True, int, "must be a whole number, not true"),
        (1.0, int, "must be a whole number, not 1.0"),
        (1, bool, "must be true or false, not 1"),
        ("2026-03-02", date, 'without quotes, not "2026-03-02"'),
        (datetime(2026, 3, 2), date, "must be a day"),
        (date(26, 3, 2), date, "dates run from 2000-01-01"),
        ("green", Colour, '"green" is not one of red, blue'),
        (1, Colour, "must be text in quotes"),
        ("text", Words, "must be texts by language"),
        ({}, Words, "must be texts by language"),
        ({"en": "a", "ehn": "b"}, Words, 'unknown language "ehn"; did you mean "en"'),
        ({"en": ""}, Words, "is empty"),
        (35, Offset, "must be text in quotes, not 35"),
        ("35", Offset, "is not an offset like"),
        ("08:00", Hours, "is not hours like"),
        ("17:00-08:00", Hours, "closes before it opens"),
        ("08:00-17:30+08:00", Hours, "is not hours like"),
        ("08:00-24:30", Hours, "is not hours like"),
    ],
)
def test_what_is_not_meant_is_refused(value: object, wanted: type, refusal: str) -> None:
    with pytest.raises(ValueError, match=refusal.replace("(", r"\(")):
        CONVERTER.structure(value, wanted)


def test_what_is_meant_is_read() -> None:
    assert CONVERTER.structure("red", Colour) is Colour.RED
    assert CONVERTER.structure({"zh": "二", "en": "two"}, Words) == Words.of(en="two", zh="二")
    assert CONVERTER.structure("-1 w", Offset) == Offset(days=-7)
    assert CONVERTER.structure("a\nb", str) == "a\nb"
    assert str(CONVERTER.structure(" 08:00 - 17:30 ", Hours)) == "08:00-17:30"


def test_long_values_are_shortened() -> None:
    assert len(shown("x" * 500)) < 50
    assert len(shown(list(range(10**6)))) < 50


def test_a_far_off_name_gets_the_list_of_known_ones() -> None:
    assert meant("zzz", ["visit", "phone"]) == "known: visit, phone"
    assert meant("zzz", []) == ""
    assert meant("zzz", map(str, range(500))) == ""
    assert meant("asia/shangai", ["Asia/Shanghai"]) == 'did you mean "Asia/Shanghai"?'
