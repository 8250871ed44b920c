"""`schedule screen`: what a person may answer, and what is said of it."""

import sys
from io import StringIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.running import DEMO_SITE, SHORT, Schedule
from tests.screenings import DATED, answers_file, wanted

ON = ("screen", "--date", "2026-03-02")


def test_the_protocol_shows_everything_that_is_asked(schedule: Schedule) -> None:
    shown = schedule("protocol", "show").out
    assert all(id in shown for id in (*DATED, *wanted()))


class Terminal(StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


def file(schedule: Schedule, **changed: str) -> tuple[str, ...]:
    return (*ON, "--answers", schedule.write("answers.toml", answers_file(**changed)))


def test_who_meets_everything_is_eligible_and_told_until_when(schedule: Schedule) -> None:
    outcome = schedule(*file(schedule, other_trial="2025-12-10"), "--date", "2026-03-04")
    assert outcome.code == 0
    assert outcome.out.startswith("ELIGIBLE · enrollment Wed 2026-03-04 · bmsc-stroke version 1")
    assert "Enrollment is possible from 2026-03-04 (other-trial) to 2028-11-23" in outcome.out
    assert "ELIGIBLE, flagged" in outcome.out
    assert schedule.files() == ["answers.toml"]


def test_who_is_not_eligible_is_refused_with_the_arithmetic(schedule: Schedule) -> None:
    outcome = schedule(*file(schedule, nihss="21"), "--onset", "2026-02-20")
    assert outcome.code == 9
    assert "NOT_ELIGIBLE · enrollment" in outcome.out
    assert "Enrollment is possible on no day: nihss: 21; 8 to 20 is needed" in outcome.out
    assert "  nihss: 21; 8 to 20 is needed\n" in outcome.err
    said = "onset-min: 2026-03-02 - 2026-02-20 = 10 days; at least 14 days, so from 2026-03-06 on"
    assert said in outcome.err


def test_what_needs_a_review_is_no_refusal(schedule: Schedule) -> None:
    outcome = schedule(*file(schedule, infections='["HBsAb"]'), "--json")
    assert outcome.code == 0
    assert outcome.json["outcome"] == "NEEDS_REVIEW"


def test_options_alone_answer_and_the_rest_is_not_known(schedule: Schedule) -> None:
    options = [f"--{id}={text}" for id, text in DATED.items() if id != "infections"]
    outcome = schedule(*ON, *options, "--json")
    assert outcome.code == 0
    found = {r["rule"]: r for c in outcome.json["criteria"] for r in c["rules"]}
    assert found["onset-max"] == {
        "rule": "onset-max",
        "outcome": "ELIGIBLE",
        "answer": "2025-11-23",
        "reference": "2026-03-02",
        "count": {"least": 99, "most": 99, "unit": "days"},
        "why": "2026-03-02 - 2025-11-23 = 99 days; at most 3 years, so until 2028-11-23",
        "reading": found["onset-max"]["reading"],
        "flagged": False,
    }
    assert found["hbsab"]["why"] == "not answered"
    assert outcome.json["enrollment"] == {
        "earliest": "2026-03-01",
        "latest": "2028-11-23",
        "opened_by": "consent-signed",
        "closed_by": "onset-max",
        "why": [],
    }


def test_an_option_wins_over_the_file(schedule: Schedule) -> None:
    assert schedule(*file(schedule, nihss="7"), "--nihss", "8").code == 0


def test_the_day_is_today_unless_said(schedule: Schedule) -> None:
    outcome = schedule("screen", "--onset", "2025-11-23", "--json")
    assert outcome.json["date"] == "2026-02-20"


def test_no_date_of_birth_is_printed(schedule: Schedule) -> None:
    for arguments in (file(schedule), (*file(schedule), "--json"), (*ON, "--birth", "1961-03-04")):
        outcome = schedule(*arguments)
        assert "1961" not in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "there is no terminal to ask on; give --answers FILE"),
        (("--ask",), 2, "there is no terminal to ask on"),
        (("--onset", "2026-02-30"), 2, 'onset "2026-02-30" is not possible: it must be a day'),
        (("--nihss", "8.5"), 2, "nihss"),
        (("--answers", "none.toml"), 5, "none.toml: cannot be read"),
        (("--nihss", "8", "--language", "zh"), 2, "--language is for --sheet"),
        (("--protocol", "short.toml", "--nihss", "8"), 2, "has no criteria to screen by"),
        (("--protocol", "short.toml", "--sheet", "."), 2, "has no criteria to print"),
        (("--sheet", "short.toml/x.pdf"), 10, "cannot write"),
    ],
)
def test_what_cannot_be_screened_is_told(
    schedule: Schedule, arguments: tuple[str, ...], code: int, said: str
) -> None:
    schedule.write("short.toml", SHORT)
    outcome = schedule(*ON, *arguments)
    assert outcome.code == code
    assert said in outcome.err
    assert outcome.out == ""


def test_a_wrong_file_is_answered_with_all_its_problems(schedule: Schedule) -> None:
    name = schedule.write("answers.toml", 'onset = "x"\nlacuner = true\nnihss = "y"\n')
    outcome = schedule(*ON, "--answers", name)
    assert outcome.code == 5
    assert "3 problems" in outcome.err
    assert 'answers.toml:2: lacuner is not a key here (did you mean "lacunar"?)' in outcome.err


def typed(**changed: str) -> Terminal:
    """Every answer in the order of the prompts."""
    replies = {**DATED, **{id: "yes" if yes else "no" for id, yes in wanted().items()}}
    replies |= {name.replace("_", "-"): text for name, text in changed.items()}
    return Terminal("".join(f"{reply}\n" for reply in replies.values()))


def test_on_a_terminal_what_was_not_given_is_asked(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", typed(nihss="many\n12", infections=""))
    outcome = schedule(*ON, "--json")
    assert outcome.code == 0
    assert outcome.json["outcome"] == "NEEDS_REVIEW"
    assert "NIHSS score (a whole number): " in outcome.err
    assert "  it must be a whole number\n" in outcome.err
    open_ = [r["rule"] for c in outcome.json["criteria"] for r in c["rules"] if not r["answer"]]
    assert open_ == ["age", "hbsab"]


def test_with_ask_only_the_rest_is_asked(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = schedule.write("answers.toml", answers_file().replace("nihss = 12\n", ""))
    monkeypatch.setattr(sys, "stdin", Terminal("21\n"))
    outcome = schedule(*ON, "--answers", name, "--ask", "--json")
    assert outcome.code == 9
    assert "nihss: 21; 8 to 20 is needed" in outcome.err


def test_nothing_is_asked_when_something_was_given(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert schedule(*ON, "--nihss", "8").code == 0


@pytest.mark.parametrize(
    ("out", "path"),
    [("sheet.pdf", "sheet.pdf"), ("sheets", "sheets/bmsc-stroke-screening-sheet.pdf")],
)
def test_the_sheet_is_written_to_a_file_or_a_folder(
    schedule: Schedule, out: str, path: str
) -> None:
    outcome = schedule("screen", "--sheet", out, "--language", "zh")
    assert outcome.code == 0
    assert outcome.err == f"{DEMO_SITE}Written: {Path(path)}\n"
    assert schedule.files() == [path]
    assert "筛选记录单" in PdfReader(schedule.folder / path).pages[0].extract_text()
