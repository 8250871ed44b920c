"""Outcomes: what a rule on eligibility comes to, and what it counted on the way.

These few words are all that the book keeps of a rule, so whoever looks into the book needs
them without the rules themselves.

>>> worst([Outcome.ELIGIBLE, Outcome.NEEDS_REVIEW]).value
'NEEDS_REVIEW'
>>> print(Count(least=1, most=1, unit=Unit.DAYS), Count(least=40, most=41, unit=Unit.YEARS))
1 day 40 to 41 years
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What a rule, a criterion or a screening comes to; the worst of several counts."""

    ELIGIBLE = "ELIGIBLE"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"


_WORST = (Outcome.NOT_ELIGIBLE, Outcome.NEEDS_REVIEW, Outcome.ELIGIBLE)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """What several outcomes come to; nothing stands in the way of nothing."""
    return min(outcomes, key=_WORST.index, default=Outcome.ELIGIBLE)


class Unit(StrEnum):
    """What a count counts."""

    YEARS = "years"
    DAYS = "days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Completed years or days between two dates, from `least` to `most` as these are known."""

    least: int
    most: int
    unit: Unit

    def __str__(self) -> str:
        if self.least == self.most:
            return f"{self.least} {self.unit[:-1] if abs(self.least) == 1 else self.unit}"
        return f"{self.least} to {self.most} {self.unit}"
