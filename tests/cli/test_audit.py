"""`schedule audit` on both engines: listed, verified, and written out."""

import csv
from pathlib import Path

import pytest
from freezegun import freeze_time
from pypdf import PdfReader
from sqlalchemy import text

from tests.running import SHORT, Schedule
from tests.store.tampering import past_the_guards


def enroll(schedule: Schedule, day: str, *more: str) -> None:
    name = schedule.write("short.toml", SHORT)
    outcome = schedule("enroll", "--protocol", name, "--arm", "a", "--date", day, *more)
    assert outcome.code == 0, outcome.err


def live(schedule: Schedule) -> Schedule:
    """An enrollment, a move by somebody else, and a weight."""
    enroll(schedule, "2026-03-02", "--weight", "68.5")
    move = ("visit", "move", "ZJ-001", "last", "--date", "2026-03-25", "--reason", "=wish 病人")
    assert schedule("--user", "Wu", *move).code == 0
    with freeze_time("2026-02-21T17:00:00+00:00", ignore=["_pytest.timing"]):
        assert schedule("subject", "weigh", "ZJ-001", "70").code == 0
    return schedule


@pytest.fixture
def lived(schedule: Schedule) -> Schedule:
    return live(schedule)


@pytest.fixture
def lived_on_both(journey: Schedule) -> Schedule:
    return live(journey)


def _numbers(schedule: Schedule, *options: str) -> list[int]:
    return [deed["number"] for deed in schedule("audit", "--json", *options).json["changes"]]


def test_what_changed_is_told_before_and_after(lived_on_both: Schedule) -> None:
    lived = lived_on_both
    enrolled, moved, weighed = lived("audit", "--json").json["changes"]
    assert len([step for step in enrolled["steps"] if step["subject"] == "ZJ-001"]) == 5
    assert (moved["person"], moved["command"], moved["reason"]) == (
        "Wu",
        "visit move",
        "=wish 病人",
    )
    assert moved["steps"][0]["item"] == "last"
    assert moved["steps"][0]["fields"][0] == {
        "name": "time",
        "before": "2026-03-24 08:00–08:15",
        "after": "2026-03-25 08:00–08:15",
    }
    assert (weighed["at"], weighed["at_site"]) == (
        "2026-02-21T17:00:00Z",
        "2026-02-22T01:00:00+08:00",
    )
    told = lived("audit").out
    assert "ZJ-001 weight: kg 68.5 → 70" in told
    assert "“=wish 病人”" in told


def test_filters(lived: Schedule) -> None:
    enroll(lived, "2026-03-03")
    assert _numbers(lived) == [1, 2, 3, 4]
    assert _numbers(lived, "--subject", "zj-001") == [1, 2, 3]
    assert _numbers(lived, "--person", "wu") == [2]
    # By the site's days: the weight was taken on the 22nd there.
    assert _numbers(lived, "--from", "2026-02-22") == [3]
    assert _numbers(lived, "--to", "2026-02-21") == [1, 2, 4]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--subject", "ZJ-009"), 'no subject "ZJ-009"'),
        (("--person", "Wo"), 'no person in the audit trail "Wo"; did you mean "Wu"?'),
        (("--from", "2026-02-22", "--to", "2026-02-21"), "lies before"),
        (("--person", "Wu", "verify"), "write these options behind verify"),
        (("export", "--out", "trail.docx"), "neither .pdf nor .csv"),
        (("verify", "--head", "xyz"), "is no hash"),
    ],
)
def test_wrong_words(lived: Schedule, options: tuple[str, ...], says: str) -> None:
    outcome = lived("audit", *options)
    assert outcome.code == 2
    assert says in outcome.err


def test_verify_names_the_head_and_takes_it_later(lived_on_both: Schedule) -> None:
    lived = lived_on_both
    found = lived("audit", "verify", "--json").json
    assert (found["verifies"], found["number"], found["problems"]) == (True, 3, [])
    assert found["head"] in lived("audit", "verify").out
    assert lived("visit", "confirm", "ZJ-001", "first").code == 0
    assert lived("audit", "verify", "--head", found["head"][:12]).code == 0
    outcome = lived("audit", "verify", "--head", "0123456789ab")
    assert (outcome.code, outcome.out) == (8, "")
    assert "no change has the hash 0123456789ab" in outcome.err


def test_broken_trail_ends_with_8_and_is_still_written_out(lived_on_both: Schedule) -> None:
    lived = lived_on_both
    with past_the_guards(lived.url) as hands:
        hands.execute(text("UPDATE weights SET kg = '69' WHERE kg = '70'"))
        hands.commit()
    for command in (("verify",), ("verify", "--json"), ("export", "--out", "t.pdf")):
        outcome = lived("audit", *command)
        assert outcome.code == 8
        assert "subject weigh): row" in outcome.err
        assert "of weights was edited" in outcome.err
    assert "does NOT verify" in _printed(lived.folder / "t.pdf")


def _printed(path: Path) -> str:
    return " ".join(page.extract_text() for page in PdfReader(path).pages)


def test_table_is_safe_to_open(lived: Schedule) -> None:
    assert lived("audit", "export", "--out", "trail.csv").code == 0
    with (lived.folder / "trail.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    (weighed,) = (line for line in lines if line["number"] == "3" and line["field"] == "kg")
    assert (weighed["subject"], weighed["before"], weighed["after"]) == ("ZJ-001", "68.5", "70")
    assert weighed["site_time"] == "2026-02-22 01:00:00"
    assert {line["reason"] for line in lines} == {"", "'=wish 病人"}


@pytest.mark.parametrize(("language", "title"), [("en", "Audit trail"), ("zh", "稽查轨迹")])
def test_paper_flows_over_pages(lived: Schedule, language: str, title: str) -> None:
    for kg in range(60, 95):
        assert lived("subject", "weigh", "ZJ-001", str(kg)).code == 0
    assert lived("audit", "export", "--out", "t.pdf", "--language", language).code == 0
    assert len(PdfReader(lived.folder / "t.pdf").pages) > 1
    printed = _printed(lived.folder / "t.pdf")
    assert title in printed
    assert lived("audit", "verify", "--json").json["head"][:16] in printed.replace("\n", "")


def test_clock_that_went_back_is_warned_of_and_marked(lived: Schedule) -> None:
    with freeze_time("2026-02-21T01:00:00+00:00", ignore=["_pytest.timing"]):
        outcome = lived("visit", "confirm", "ZJ-001", "first")
    assert outcome.code == 0
    assert "16:00:00 ahead of this computer's clock" in outcome.err
    assert lived("audit", "--json").json["changes"][-1]["clock_back_seconds"] == 57600
    assert "CLOCK WENT BACK 16:00:00" in lived("audit").out
    assert lived("audit", "verify").code == 0


def test_person_whose_name_is_no_text_is_refused(
    lived: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the book nor its chain could hold it."""
    monkeypatch.setenv("SCHEDULE_USER", "\udcff")
    outcome = lived("subject", "weigh", "ZJ-001", "71")
    assert outcome.code == 2
    assert "is not text in UTF-8" in outcome.err


def test_what_people_wrote_is_printed_whatever_the_fonts_lack(lived: Schedule) -> None:
    assert lived("subject", "weigh", "ZJ-001", "71", "--reason", "well 😀 龘").code == 0
    assert lived("audit", "export", "--out", "t.pdf").code == 0
    assert "well <U+1F600> <U+9F98>" in _printed(lived.folder / "t.pdf")
