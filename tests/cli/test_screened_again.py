"""`schedule subject screen`, and the infusions that wait for what it records."""

from io import StringIO

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from scheduler.store.tables import metadata
from tests.running import Schedule, site_file
from tests.screenings import answers_file

SCREEN = ("subject", "screen", "ZJ-001")
LATER = ("--as-of", "2026-03-20")
RELEASE = ("product", "release", "ZJ-001", "--batch", "B-1")
INFUSE = ("visit", "complete", "ZJ-001", "infusion-1", "--batch", "B-1", "--as-of", "2026-04-09")


@pytest.fixture
def book(journey: Schedule) -> Schedule:
    """Infusion 1 of the worked example, which nobody was screened for, is due with its batch."""
    journey.enter()
    for step in (
        ("visit", "complete", "ZJ-001", "aspiration", "--as-of", "2026-03-05"),
        ("product", "order", "ZJ-001", "--batch", "B-1", "--as-of", "2026-04-02"),
        (*RELEASE, "--on", "2026-04-07", "--expires", "2026-04-20"),
    ):
        assert journey(*step).code == 0
    return journey


def test_an_infusion_waits_for_a_result(book: Schedule) -> None:
    before = book.rows()
    for more in ((), ("--dry-run",)):
        refused = book(*INFUSE, *more)
        assert refused.code == 9
        assert "Pregnancy test: no result is on record" in refused.err
        assert "schedule subject screen ZJ-001" in refused.err
    assert book.rows() == before
    shown = book("show", "ZJ-001")
    assert "infusion-1 on 2026-04-09: no infusion: Pregnancy test: no result" in shown.err
    upcoming = book("upcoming", "--as-of", "2026-04-06").err
    assert "ZJ-001 infusion-1 on 2026-04-09: no infusion: Pregnancy test" in upcoming
    done = book(*SCREEN, "--pregnancy-test", "negative 2026-04-08", "--as-of", "2026-04-09")
    assert done.code == 0
    assert done.out == "ZJ-001: pregnancy ELIGIBLE: negative 2026-04-08, 1 day before 2026-04-09\n"
    assert "no infusion" not in done.err
    assert book(*INFUSE).code == 0
    shown = book("show", "ZJ-001")
    assert "Found on 2026-04-09: pregnancy ELIGIBLE (1 day) (recorded by li)" in shown.out


def test_the_result_of_the_screening_is_too_old_by_then(journey: Schedule) -> None:
    """Of 2026-03-01, it counts for 15 days; warned of from the first day on."""
    answers = journey.write("answers.toml", answers_file())
    outcome = journey.enroll("--answers", answers)
    assert outcome.code == 0
    [first, _] = journey("show", "ZJ-001", "--json").json["infusions"]
    assert first["tests"] == [
        {
            "rule": "pregnancy",
            "state": "outdated",
            "tested": "2026-03-01",
            "until": "2026-03-16",
            "blocks": True,
        }
    ]
    done = journey(*SCREEN, "--pregnancy-test", "not applicable", *LATER, "--json")
    assert [each["tests"][0]["state"] for each in done.json["infusions"]] == ["not applicable"] * 2
    shown = journey("show", "ZJ-001", "--json").json
    assert shown["eligibility"]["date"] == "2026-03-02"
    assert shown["eligibility"]["outcome"] == "ELIGIBLE"
    assert [each["date"] for each in shown["screenings"]] == ["2026-03-02", "2026-03-20"]


def test_a_positive_result_blocks_until_a_later_negative_one(book: Schedule) -> None:
    found = book(*SCREEN, "--pregnancy-test", "positive 2026-04-03", "--as-of", "2026-04-03")
    assert found.code == 0
    assert "Warning: pregnancy speaks against taking part: tell the investigator now" in found.err
    assert "Pregnancy test: POSITIVE, of 2026-04-03" in book(*INFUSE).err
    book(*SCREEN, "--pregnancy-test", "negative 2026-04-01", "--as-of", "2026-04-09")
    assert "POSITIVE" in book(*INFUSE).err
    book(*SCREEN, "--pregnancy-test", "negative 2026-04-09", "--as-of", "2026-04-09")
    assert book(*INFUSE).code == 0


def test_the_visit_that_prepares_an_infusion_says_what_it_lacks(book: Schedule) -> None:
    complete = ("visit", "complete", "ZJ-001")
    baseline = book(*complete, "baseline", "--as-of", "2026-04-02", "--date", "2026-03-02")
    assert "Pregnancy test" not in baseline.err
    prepared = book(*complete, "pre-check", "--as-of", "2026-04-02")
    assert prepared.code == 0
    assert "infusion-1 on 2026-04-09: no infusion: Pregnancy test: no result" in prepared.err
    assert "infusion-2" not in prepared.err


def test_another_participants_batch_is_told_of_before_anything_else(book: Schedule) -> None:
    book.enter()
    infuse = ("visit", "complete", "ZJ-002", "infusion-1", "--batch", "B-1")
    book("visit", "complete", "ZJ-002", "aspiration", "--as-of", "2026-03-05")
    outcome = book(*infuse, "--as-of", "2026-04-09")
    assert outcome.code == 9
    assert "STOP. BATCH B-1 BELONGS TO ZJ-001" in outcome.err


def test_screening_for_the_enrollment_afterwards(journey: Schedule) -> None:
    """All other answers count for the day of enrollment; what is kept holds no answer."""
    journey.enter()
    answers = journey.write("answers.toml", answers_file())
    again = (*SCREEN, "--answers", answers, "--as-of", "2026-03-05", "--json")
    preview = journey(*again, "--dry-run")
    assert journey.rows()["screenings"] == 0
    done = journey(*again, "--reason", "found in the records")
    assert done.json == preview.json
    assert [each["date"] for each in done.json["screenings"]] == ["2026-03-02", "2026-03-05"]
    assert journey("show", "ZJ-001", "--json").json["eligibility"]["outcome"] == "ELIGIBLE"
    with create_engine(journey.url, poolclass=NullPool).connect() as connection:
        kept = repr(connection.execute(select(metadata.tables["screenings"])).all())
    assert "1961" not in kept
    *_, deed = journey("audit", "--subject", "ZJ-001", "--json").json["changes"]
    assert deed["reason"] == "found in the records"
    assert [step["item"] for step in deed["steps"]] == ["screenings"] * 2
    # A further ruling stands beside the one before and takes nothing back.
    assert {field["before"] for step in deed["steps"] for field in step["fields"]} == {None}


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (("--pregnancy-test", "negative 2026-02-21"), 2, "of 2026-02-20 or of a day before it"),
        (("--pregnancy-test", "negative 2026-02"), 2, "of 2026-02-20 or of a day before it"),
        (("--pregnancy-test", "perhaps"), 2, "it must be"),
        ((), 2, "there is no terminal to ask on"),
    ],
)
def test_what_is_no_result(schedule: Schedule, more: tuple[str, ...], code: int, says: str) -> None:
    schedule.enter()
    before = schedule.rows()
    outcome = schedule(*SCREEN, *more)
    assert outcome.code == code
    assert says in outcome.err
    assert schedule.rows() == before
    assert schedule("subject", "screen", "ZJ-009", *more).code == 2


def test_who_may_not(schedule: Schedule) -> None:
    schedule.enter()
    site = schedule.write("zj.toml", site_file('[people]\nli = "laboratory"'))
    outcome = schedule("--site", site, *SCREEN, "--pregnancy-test", "not applicable")
    assert outcome.code == 9
    assert "li may not screen participants" in outcome.err


def test_asked_on_a_terminal_for_what_infusions_wait_for_alone(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule.enter()

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("maybe\nnegative 2026-02-19\n"))
    outcome = schedule(*SCREEN)
    assert outcome.code == 0
    assert outcome.err.count("Pregnancy test (") == 2
    assert "birth" not in outcome.err
    assert "pregnancy ELIGIBLE" in outcome.out
