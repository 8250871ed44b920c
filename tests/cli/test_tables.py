"""Tables are read whole, on a wide screen, on a narrow one and in a file."""

import pytest

from tests.journeys.worked_example import DATES
from tests.running import Schedule
from tests.terminal import on_a_terminal


@pytest.mark.parametrize("width", [60, 80, 140])
def test_nothing_is_cut_off_on_a_screen(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)
    schedule.enter()
    seen = on_a_terminal(width, "show", "ZJ-001")
    assert "…" not in seen
    assert "\x1b[3" not in seen  # no colour
    assert max(map(len, seen.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines())) <= width
    words = " ".join(seen.split())
    for encounter, (day, *_) in DATES.items():
        assert day in words, encounter
    assert "08:00–15:00" in words
    assert "Marrow aspiration" in words
    assert "aspiration 2026-03-05 + 35 days" in words.replace(" \r\n", " ")
    assert ("Window: 2026-04-02" in words) == (width < 140)


def test_a_table_in_a_file_has_room_for_all(schedule: Schedule) -> None:
    schedule.enter()
    lines = schedule("list").out.splitlines()
    assert max(map(len, lines)) <= 160
    rows = [line for line in lines if line.startswith("  ZJ-001")]
    assert len(rows) == 13
    assert not any("…" in line for line in lines)


def test_colour_is_for_terminals(schedule: Schedule) -> None:
    schedule.enter()
    assert "\x1b" not in schedule("show", "ZJ-001").out
