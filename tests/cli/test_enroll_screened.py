"""Enrolling with answers: who is refused, who is warned of, and what is kept of it."""

from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from scheduler.store.tables import metadata
from tests.running import SHORT, WORKED, Schedule
from tests.screenings import answers_file

BORN = "1961-03-04"
TOLD = (BORN, "19610304", "datetime.date(1961", "year=1961", "1961/03")
"""A date of birth however it may be written."""

CRITERIA = """
[[fact]]
id = "birth"
kind = "date"
label = { en = "Date of birth" }

[[fact]]
id = "consent"
kind = "date"
label = { en = "Consent" }

[[criterion]]
id = "adult"
type = "inclusion"
text = { en = "From 18 to 65 years old" }

[[criterion.rule]]
id = "age"
kind = "age"
fact = "birth"
at = "consent"
least = 18
most = 65

[[criterion]]
id = "ill"
type = "exclusion"
text = { en = "Seriously ill" }
"""
"""Criteria for the short study."""

SHORT_STUDY = ("--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")


def enroll(schedule: Schedule, answers: str | None = None, *more: str) -> tuple[str, ...]:
    """The arguments of enrolling into the short study, with its files written."""
    schedule.write("short.toml", SHORT.replace("[[arm]]", f"{CRITERIA}\n[[arm]]", 1))
    given: tuple[str, ...] = ()
    if answers is not None:
        given = ("--answers", schedule.write("answers.toml", answers))
    return ("enroll", *SHORT_STUDY, *given, *more)


GOOD = f"birth = {BORN}\nconsent = 2026-03-01\nill = false\n"


def test_who_is_eligible_is_enrolled_and_the_ruling_kept(journey: Schedule) -> None:
    outcome = journey("--user", "wang", *enroll(journey, GOOD, "--json"))
    assert outcome.code == 0
    kept = outcome.json["eligibility"]
    assert kept == {
        "outcome": "ELIGIBLE",
        "date": "2026-03-02",
        "version": "1",
        "consent": "2026-03-01",
        "review": None,
        "rules": [
            {
                "rule": "age",
                "outcome": "ELIGIBLE",
                "count": {"least": 64, "most": 64, "unit": "years"},
                "flagged": False,
            },
            {"rule": "ill", "outcome": "ELIGIBLE", "count": None, "flagged": False},
        ],
    }
    shown = journey("show", "ZJ-001", "--json").json["eligibility"]
    assert shown == {**kept, "recorded": {"by": "wang", "at": "2026-02-20T01:00:00+00:00"}}
    line = "Screened for 2026-03-02: ELIGIBLE by the rules of version 1, consent 2026-03-01"
    assert f"{line} (recorded by wang)" in journey("show", "ZJ-001").out


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_who_is_not_eligible_is_refused_and_nothing_is_kept(
    journey: Schedule, dry: tuple[str, ...]
) -> None:
    answers = GOOD.replace("1961", "1951")
    outcome = journey(*enroll(journey, answers, "--review", "the PI agrees", *dry))
    assert outcome.code == 9
    assert outcome.out == ""
    assert "NOT_ELIGIBLE:\n  age: 74 years of age on 2026-03-01; 18 to 65" in outcome.err
    assert "1951" not in outcome.err
    assert journey.files() == ["answers.toml", "short.toml"]
    assert not any(journey("list", "--json").json["visits"])


def test_what_needs_a_review_is_warned_of_and_enrolled(journey: Schedule) -> None:
    outcome = journey(*enroll(journey, 'birth = "1961"\nconsent = 2026-03-01\n'))
    assert outcome.code == 0
    assert "Warning: NEEDS_REVIEW; record what is decided with --review TEXT" in outcome.err
    assert "  not answered: ill" in outcome.err
    assert journey("show", "ZJ-001", "--json").json["eligibility"]["outcome"] == "NEEDS_REVIEW"


def test_a_review_is_recorded_with_the_person_who_decided(journey: Schedule) -> None:
    outcome = journey(
        "--user", "wang", *enroll(journey, "ill = false", "--review", "passport seen")
    )
    assert outcome.code == 0
    assert "Review by wang: passport seen" in outcome.err
    assert "Warning: NEEDS_REVIEW" not in outcome.err
    kept = journey("show", "ZJ-001", "--json").json["eligibility"]
    assert (kept["outcome"], kept["review"]) == ("NEEDS_REVIEW", "passport seen")
    assert kept["recorded"]["by"] == "wang"


def test_without_answers_enrolling_says_that_eligibility_is_not_recorded(journey: Schedule) -> None:
    outcome = journey(*enroll(journey))
    assert outcome.code == 0
    assert "Eligibility is not recorded: no answers were given" in outcome.err
    assert journey("show", "ZJ-001", "--json").json["eligibility"] is None


def test_a_protocol_without_criteria_asks_for_nothing(schedule: Schedule) -> None:
    schedule.write("short.toml", SHORT)
    outcome = schedule("enroll", *SHORT_STUDY, "--dry-run")
    assert outcome.code == 0
    assert "ligib" not in outcome.err


@pytest.mark.parametrize(
    ("answers", "more", "code", "said"),
    [
        (None, ("--review", "x"), 2, "--review decides on answers"),
        ("ill = 1", (), 5, "answers.toml:1: ill must be true or false"),
        (None, ("--onset", "2025"), 2, 'no answer "onset"'),
        (None, ("--birth", "yesterday"), 2, 'birth "yesterday" is not possible'),
    ],
)
def test_wrong_answers_are_told_and_nobody_is_enrolled(
    schedule: Schedule, answers: str | None, more: tuple[str, ...], code: int, said: str
) -> None:
    outcome = schedule(*enroll(schedule, answers, *more))
    assert outcome.code == code
    assert said in outcome.err
    assert not any(name.endswith((".ics", ".pdf")) for name in schedule.files())


def test_the_built_in_trial_flags_and_keeps(schedule: Schedule) -> None:
    name = schedule.write("a.toml", answers_file(febrile="2025-12-08"))
    outcome = schedule(*WORKED, "--answers", name, "--dry-run", "--json")
    assert outcome.code == 0
    assert "Flagged: febrile: 2026-03-02 - 2025-12-08 = 84 days" in outcome.err
    rules = {rule["rule"]: rule for rule in outcome.json["eligibility"]["rules"]}
    assert rules["febrile"]["flagged"]
    assert rules["contraception"]["outcome"] == "ELIGIBLE"
    assert rules["onset-max"]["count"] == {"least": 99, "most": 99, "unit": "days"}


@pytest.fixture
def enrolled(journey: Schedule) -> Schedule:
    """Somebody is enrolled with a date of birth, and nothing printed had it."""
    commands = (
        enroll(journey, GOOD, "--birth", BORN, "--out", "out", "--json"),
        ("show", "ZJ-001"),
        ("show", "ZJ-001", "--json"),
    )
    for command in commands:
        outcome = journey(*command)
        assert outcome.code == 0
        assert not any(told in outcome.out + outcome.err for told in TOLD)
    return journey


def test_no_date_of_birth_is_in_the_book(enrolled: Schedule) -> None:
    with create_engine(enrolled.url, poolclass=NullPool).connect() as connection:
        rows = {n: connection.execute(select(t)).all() for n, t in metadata.tables.items()}
    assert rows["screenings"]
    kept = {name: repr(found) for name, found in rows.items() if name != "protocols"}
    for name, found in kept.items():
        assert not any(told in found for told in TOLD), name
    if enrolled.url.startswith("sqlite"):
        book = Path(enrolled.url.removeprefix("sqlite:///"))
        content = b"".join(path.read_bytes() for path in book.parent.glob(f"{book.name}*"))
        assert b"2026-03-01" in content
        assert not any(told.encode() in content for told in TOLD)


def test_no_date_of_birth_is_in_the_files(enrolled: Schedule) -> None:
    sheets, calendar = sorted((enrolled.folder / "out").iterdir())
    text = "".join(page.extract_text() for page in PdfReader(sheets).pages)
    for content in (calendar.read_text(), sheets.read_bytes().decode("latin-1"), text):
        assert not any(told in content for told in TOLD)
