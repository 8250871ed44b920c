"""Stationery of a hospital's own: what fails is told with its place."""

import pytest

from scheduler.errors import BadInput
from scheduler.exporters.stationery import Stationery

WORDS = """
day = "{weekday} {date}"
weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
broken = "{count"
asks = "{name}"
deep = "{count.real.__class__.nothing}"
number = 5
[risk]
closed = "shut"
"""


def paper(**files: str) -> Stationery:
    return Stationery(files={"email/text/en.toml": WORDS, **files})


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("nothing", "email/text/en.toml: has no words for nothing (add nothing = "),
        ("risk.open", "has no words for risk.open"),
        ("risk.closed.more", "has no words for risk.closed.more"),
        ("risk", "has no words for risk"),
        ("number", "has no words for number"),
        ("broken", "broken cannot be filled in: {count (words in braces here: {count})"),
        ("asks", "asks cannot be filled in: {name}"),
        ("deep", "deep cannot be filled in"),
    ],
)
def test_words_that_do_not_work(key: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        paper().words("en").say(key, count=1)
    assert says in str(caught.value)


def test_a_week_has_seven_days() -> None:
    from datetime import date

    with pytest.raises(BadInput, match="weekdays must be seven texts"):
        paper().words("en").day(date(2026, 4, 6))


def test_languages_that_are_not_there() -> None:
    with pytest.raises(BadInput, match=r"email/text/zh.toml: is missing"):
        paper().words("zh")
    with pytest.raises(BadInput, match=r"email/text/en.toml: is no TOML"):
        Stationery(files={"email/text/en.toml": "a ="}).words("en")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{% if %}", r"email/a\.txt:1: fails: Expected an expression"),
        ("\n{{ unknown }}", r"email/a\.txt: fails: 'unknown' is undefined"),
        ("{% include 'email/b.txt' %}", "email/a.txt: fails: email/b.txt"),
    ],
)
def test_templates_that_do_not_work(template: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        paper(**{"email/a.txt": template}).write("a.txt")


def test_html_is_escaped_and_text_is_not() -> None:
    files = {"email/a.txt": "{{ said }}", "email/a.html": "{{ said }}"}
    assert paper(**files).write("a.txt", said="<b> & co") == "<b> & co"
    assert paper(**files).write("a.html", said="<b> & co") == "&lt;b&gt; &amp; co"
