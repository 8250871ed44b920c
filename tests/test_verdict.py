"""What is kept of a screening is what it came to, and nothing that was answered."""

from datetime import date

from scheduler.answers import PartialDate
from scheduler.eligibility import Outcome, Unit, screen
from scheduler.verdict import Verdict
from tests.screenings import DAY, answers, criteria


def verdict(**changed: str | None) -> Verdict:
    given = answers(**changed)
    return Verdict.of(screen(criteria(), given, DAY), given, version="1", review="seen")


def test_outcomes_and_counts_are_kept_with_version_consent_and_review() -> None:
    kept = verdict(febrile="2025-12-08")
    assert (kept.day, kept.version, kept.review) == (date(2026, 3, 2), "1", "seen")
    assert (kept.outcome, kept.consent) == (Outcome.ELIGIBLE, PartialDate.parse("2026-03-01"))
    marks = {mark.rule: mark for mark in kept.marks}
    assert list(marks) == [rule.id for rule in criteria().rules()]
    assert marks["contraception"].outcome is Outcome.ELIGIBLE
    age, febrile = marks["age"].count, marks["febrile"].count
    assert age
    assert (age.least, age.most, age.unit) == (64, 64, Unit.YEARS)
    assert febrile
    assert (febrile.least, febrile.unit) == (84, Unit.DAYS)
    assert marks["febrile"].flagged


def test_no_answer_but_the_consent_is_kept() -> None:
    kept = repr(verdict(birth="1961-03-04", onset="2025-11-23", infections="HIV, HBsAb"))
    for told in ("1961", "2025-11-23", "HIV", "'negative"):
        assert told not in kept
    assert verdict(consent=None).consent is None
