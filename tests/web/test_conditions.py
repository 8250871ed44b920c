"""Conditional requests and packing, by the grammar of RFC 9110."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.web.conditions import has_already, http_date, takes_gzip

TAG = "0123456789abcdef"
MODIFIED = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
TAGS = st.text("abcdef0123456789", min_size=1, max_size=8)


@given(others=st.lists(TAGS, max_size=4), weak=st.booleans(), at=st.integers(0, 4))
def test_a_tag_is_found_in_any_list(others: list[str], weak: bool, at: int) -> None:
    mine = f'{"W/" if weak else ""}"{TAG}"'
    listed = [f'"{other}"' for other in others]
    headers = {"if-none-match": ", ".join([*listed[:at], mine, *listed[at:]])}
    assert has_already(headers, TAG, MODIFIED)
    assert has_already({"if-none-match": ",".join(listed)}, TAG, MODIFIED) is False


@pytest.mark.parametrize("tags", ["", '""', "0123456789abcdef", '"0123', "W/", '"*"', ","])
def test_what_is_no_tag_matches_nothing(tags: str) -> None:
    assert not has_already({"if-none-match": tags}, TAG, MODIFIED)


def test_any_copy_will_do() -> None:
    assert has_already({"if-none-match": " * "}, TAG, MODIFIED)


def test_a_tag_says_more_than_a_date() -> None:
    later = http_date(MODIFIED + timedelta(days=1))
    assert has_already({"if-modified-since": later}, TAG, MODIFIED)
    other = {"if-none-match": '"other"', "if-modified-since": later}
    assert not has_already(other, TAG, MODIFIED)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-1, False), (0, True), (1, True), (86_400, True)]
)
def test_a_date_counts_to_the_second(seconds: int, expected: bool) -> None:
    since = http_date(MODIFIED + timedelta(seconds=seconds))
    assert has_already({"if-modified-since": since}, TAG, MODIFIED) is expected


@given(st.text(max_size=40))
def test_no_text_is_too_strange(text: str) -> None:
    headers = {"if-modified-since": text}
    assert has_already(headers, TAG, MODIFIED) in {True, False}
    assert has_already({"if-none-match": text}, TAG, MODIFIED) in {True, False}
    assert takes_gzip(text) in {True, False}


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("br;q=1, gzip;q=0.001", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("identity", False),
        ("br", False),
        ("", False),
        ("gzip;q=high", False),
    ],
)
def test_packing_only_for_who_can_unpack(accepted: str, expected: bool) -> None:
    assert takes_gzip(accepted) is expected
