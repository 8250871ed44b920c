"""The table: what a spreadsheet reads back, cell by cell, and what it must never run."""

import csv
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Window
from scheduler.exporters.csv import COLUMNS, cell, table
from scheduler.subject import Status, Visit
from scheduler.words import Words
from tests.calendars import TEXT, clinic, visit

DAY = date(2026, 4, 9)


def read(*visits: Visit, language: str = "en") -> list[dict[str, str]]:
    data = b"".join(table(visits, site=clinic(), language=language))
    return list(csv.DictReader(data.decode("utf-8-sig").splitlines()))


def test_one_visit_by_hand() -> None:
    [row] = read(
        visit(
            target=DAY - timedelta(days=2),
            window=Window(earliest=date(2026, 4, 2), latest=date(2026, 4, 16)),
            actual=DAY,
            unverified=True,
            why=("aspiration 2026-03-05 + 35 days", "Qingming is closed"),
            sequence=3,
        )
    )
    assert row == {
        "subject": "ZJ-001",
        "site": "ZJ",
        "study": "bmsc-stroke",
        "encounter": "infusion-1",
        "occurrence": "1",
        "label": "Infusion 1",
        "kind": "infusion",
        "mode": "visit",
        "status": "scheduled",
        "target": "2026-04-07",
        "earliest": "2026-04-02",
        "latest": "2026-04-16",
        "start": "2026-04-09 09:00",
        "end": "2026-04-09 16:00",
        "zone": "Asia/Shanghai",
        "off_target": "2",
        "units": "Nurse; Infusion chair 2",
        "actual": "2026-04-09",
        "unverified": "yes",
        "basis": "assumption",
        "why": "aspiration 2026-03-05 + 35 days; Qingming is closed",
        "sequence": "3",
        "changed": "2026-03-02T01:02:03+00:00",
    }


def test_it_opens_with_a_byte_order_mark_and_ends_lines_as_spreadsheets_do() -> None:
    data = b"".join(table([], site=clinic()))
    assert data == b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"


def test_chinese_words() -> None:
    [row] = read(visit(), language="zh")
    assert (row["label"], row["units"]) == ("第1次输注", "护士; 输液椅 2")


def test_in_the_order_of_time_with_the_unplaced_at_their_target() -> None:
    rows = read(
        visit(DAY, "14:00", encounter="late"),
        visit(DAY, scheduled=None, status=Status.PLANNED, encounter="unplaced"),
        visit(DAY, "08:00", encounter="early"),
        visit(DAY - timedelta(days=1), encounter="before"),
    )
    assert [row["encounter"] for row in rows] == ["before", "unplaced", "early", "late"]
    assert (rows[1]["start"], rows[1]["end"], rows[1]["off_target"]) == ("", "", "")


@given(st.lists(TEXT, max_size=4))
def test_one_line_a_visit_whatever_the_words(texts: list[str]) -> None:
    visits = [visit(label=Words.of(en=text), basis=text, why=(text,)) for text in texts]
    data = b"".join(table(visits, site=clinic(), language="en"))
    lines = data.decode("utf-8-sig").split("\r\n")
    assert len(lines) == len(texts) + 2
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert {len(row) for row in csv.reader(lines[:-1])} == {len(COLUMNS)}


@given(TEXT)
def test_no_text_opens_a_formula(text: str) -> None:
    for prefix in ("", "=", "+", "-", "@", "\t=", "\r\n=", " =", "＝"):
        assert not cell(prefix + text).startswith(tuple("=+-@＝＋－＠\t\r\n "))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-3, "-3"), ("-3", "'-3"), (0, "0"), (False, "no"), ("a\r\nb", "a b"), ("Day 3", "Day 3")],
)
def test_cells_by_hand(value: str | int, shown: str) -> None:
    assert cell(value) == shown
