"""What of a screening may be kept: outcomes and counts, never an answer.

The dates, results and replies that were looked at stay with the person who gave them;
from what is kept nobody's date of birth can be told.

>>> from datetime import date
>>> from scheduler.criteria import Criteria
>>> from scheduler.eligibility import screen
>>> ruling = Ruling.of(screen(Criteria(), {}, date(2026, 3, 2)), {}, version="1")
>>> ruling.outcome.value, ruling.rules
('ELIGIBLE', ())
"""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self

from scheduler.outcomes import Count, Outcome, worst

if TYPE_CHECKING:
    from scheduler.answers import Answers, PartialDate
    from scheduler.eligibility import Finding, Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """What one rule came to: completed years or days where it counts any.

    `applies` is False where a test was said not to apply to this person.
    """

    rule: str
    outcome: Outcome
    count: Count | None = None
    flagged: bool = False
    applies: bool = True

    @classmethod
    def of(cls, finding: "Finding") -> Self:
        """The finding without what it looked at."""
        from scheduler.answers import Stated

        return cls(
            rule=finding.rule.id,
            outcome=finding.outcome,
            count=finding.count,
            flagged=finding.flagged,
            applies=finding.known is not Stated.NOT_APPLICABLE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A screening as the book keeps it.

    `version` is that of the protocol whose rules were applied, `consent` the day of the
    signature, and `review` what a person decided where the rules could not.
    """

    day: date
    version: str
    outcome: Outcome
    consent: "PartialDate | None"
    rules: tuple[RuleOutcome, ...]
    review: str = ""

    def joined(self, later: "Ruling") -> "Ruling":
        """This one with what a later ruling on the same day found of some or all rules."""
        found = {outcome.rule: outcome for outcome in (*self.rules, *later.rules)}
        return Ruling(
            day=self.day,
            version=later.version,
            outcome=worst(outcome.outcome for outcome in found.values()),
            consent=later.consent or self.consent,
            rules=tuple(found.values()),
            review=later.review or self.review,
        )

    @classmethod
    def of(
        cls, screening: "Screening", answers: "Answers", *, version: str, review: str = ""
    ) -> Self:
        """What may be kept of a screening."""
        from scheduler.answers import PartialDate
        from scheduler.criteria import CONSENT

        consent = answers.get(CONSENT)
        return cls(
            day=screening.day,
            version=version,
            outcome=screening.outcome,
            consent=consent if isinstance(consent, PartialDate) else None,
            rules=tuple(map(RuleOutcome.of, screening.findings())),
            review=review,
        )
