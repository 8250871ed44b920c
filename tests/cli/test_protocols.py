"""`schedule protocol list|show|check`."""

import pytest

from scheduler import shipped
from tests.running import SHORT, Schedule


def test_list(schedule: Schedule) -> None:
    outcome = schedule("protocol", "list")
    assert outcome.code == 0
    [line] = [line for line in outcome.out.splitlines() if "bmsc-stroke" in line]
    assert line.split()[:4] == ["bmsc-stroke", "1", "bmsc,", "routine"]


def test_show_tells_every_row_and_where_it_comes_from(schedule: Schedule) -> None:
    for arguments in ((), ("bmsc-stroke",)):
        outcome = schedule("protocol", "show", *arguments)
        assert outcome.code == 0
        text = " ".join(outcome.out.split())
        assert "not the sponsor's protocol" in text
        assert "Arm bmsc: BMSCs group, 1 000 000 cells/kg in 80 ± 5 ml" in text
        assert "matched-day-0: enrollment + 38 days, no appointment" in text
        for row in (
            "baseline enrollment + 0 days",
            "infusion-2 infusion-1 + 7 days",
            "day-360 infusion-1 + 360 days",
            "re-score matched-day-0 + 0 days",
            "chair 420, nurse 90",
            "literature: RAINBOW",
        ):
            assert row in text


def test_own_protocols_join_in(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = schedule.folder / "own" / "protocols"
    folder.mkdir(parents=True)
    (folder / "short.toml").write_text(SHORT)
    monkeypatch.setenv("SCHEDULE_TEMPLATES", "own")
    outcome = schedule("protocol", "list")
    assert outcome.code == 0
    assert "Short study" in outcome.out
    assert "bmsc-stroke" in outcome.out
    assert "Arm a: Arm A" in schedule("protocol", "show", "short").out


def test_check(schedule: Schedule) -> None:
    schedule.write("short.toml", SHORT)
    outcome = schedule("protocol", "check", "short.toml")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "short.toml: short version 1 is sound; arms: a (3 encounters)\n"
    (schedule.folder / "copy.toml").write_bytes(shipped.read("protocols/bmsc-stroke.toml"))
    outcome = schedule("protocol", "check", "copy.toml")
    assert "arms: bmsc (13 encounters), routine (7 encounters)" in outcome.out


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("broken.toml", b"id = \n", 5, "broken.toml:1"),
        ("gbk.toml", 'id = "研究"'.encode("gbk"), 5, "gbk.toml: is no UTF-8 text"),
        ("empty.toml", b"", 5, "empty.toml:1: id is missing"),
        ("nested.toml", b"x = " + b"[" * 9999, 5, "nested.toml: is nested too deeply"),
        ("study.txt", b"id = 5", 5, "study.txt:1"),
    ],
)
def test_check_of_what_is_no_protocol(
    schedule: Schedule, name: str, content: bytes, code: int, says: str
) -> None:
    (schedule.folder / name).write_bytes(content)
    outcome = schedule("protocol", "check", name)
    assert outcome.code == code
    assert says in outcome.err
    assert outcome.out == ""


def test_check_of_what_is_not_there(schedule: Schedule) -> None:
    assert schedule("protocol", "check", "nowhere.toml").code == 5
    outcome = schedule("protocol", "show", "bmsc")
    assert outcome.code == 2
    assert 'no protocol "bmsc"; did you mean "bmsc-stroke"?' in outcome.err
