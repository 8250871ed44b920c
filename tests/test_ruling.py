"""What is kept of a screening is what it came to, and nothing that was answered."""

from datetime import date

from scheduler.answers import PartialDate
from scheduler.eligibility import screen
from scheduler.outcomes import Outcome, Unit
from scheduler.ruling import Ruling
from tests.screenings import DAY, answers, criteria


def ruling(**changed: str | None) -> Ruling:
    given = answers(**changed)
    return Ruling.of(screen(criteria(), given, DAY), given, version="1", review="seen")


def test_outcomes_and_counts_are_kept_with_version_consent_and_review() -> None:
    kept = ruling(febrile="2025-12-08")
    assert (kept.day, kept.version, kept.review) == (date(2026, 3, 2), "1", "seen")
    assert (kept.outcome, kept.consent) == (Outcome.ELIGIBLE, PartialDate.parse("2026-03-01"))
    found = {rule.rule: rule for rule in kept.rules}
    assert list(found) == [rule.id for rule in criteria().rules()]
    assert found["contraception"].outcome is Outcome.ELIGIBLE
    age, febrile = found["age"].count, found["febrile"].count
    assert age
    assert (age.least, age.most, age.unit) == (64, 64, Unit.YEARS)
    assert febrile
    assert (febrile.least, febrile.unit) == (84, Unit.DAYS)
    assert found["febrile"].flagged


def test_no_answer_but_the_consent_is_kept() -> None:
    kept = repr(ruling(birth="1961-03-04", onset="2025-11-23", infections="HIV, HBsAb"))
    for told in ("1961", "2025-11-23", "HIV", "'negative"):
        assert told not in kept
    assert ruling(consent=None).consent is None
