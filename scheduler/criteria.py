"""A study's eligibility criteria as frozen values: facts that are asked, rules on them.

A criterion is one sentence of the protocol, in its own words, with the rules that make
it decidable; a rule asks for one `Fact`.  Rules on dates count from the fact to the
reference date: the day of enrollment, or, for an age, another fact such as the consent.

>>> onset = Elapsed(id="onset-max", fact="onset", at_most=Offset(months=36))
>>> str(onset)
'at most 3 years'
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from scheduler.dates import Offset
from scheduler.errors import UnknownName
from scheduler.words import Words

CONSENT = "consent"
"""The fact that is kept with what was found: the day of the signature."""


class FactKind(StrEnum):
    """What sort of answer a fact has."""

    DATE = "date"
    EVENT = "event"
    """Something that ended on a day, never was, or is still going on."""
    NUMBER = "number"
    TEST = "test"
    FINDINGS = "findings"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that is asked; `items` are what findings may name."""

    id: str
    kind: FactKind
    label: Words
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """From `least` to `most` completed years since a date of birth, both included.

    A year is completed on the anniversary; of a 29 February, in a common year, on
    28 February (months clip at their end).  `at` names the fact whose day is counted to;
    None is the day of enrollment.
    """

    id: str
    fact: str
    least: int
    most: int
    at: str | None = None
    reading: Words = Words.of()

    def __str__(self) -> str:
        return f"{self.least} to {self.most} completed years"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """At least, or at most, so long from a dated fact to the enrollment, ends included.

    Offsets are magnitudes; months clip at the month's end.  With `flag_edge` a person
    who is let in on the very first day is flagged.
    """

    id: str
    fact: str
    at_least: Offset | None = None
    at_most: Offset | None = None
    flag_edge: bool = False
    reading: Words = Words.of()

    def __str__(self) -> str:
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{words} {span(bound)}" for words, bound in bounds if bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A whole number from `least` to `most`, both included."""

    id: str
    fact: str
    least: int
    most: int
    reading: Words = Words.of()

    def __str__(self) -> str:
        return f"{self.least} to {self.most}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeTest:
    """A negative result, dated no later than the enrollment, unless it does not apply.

    With `infusion_valid_days` every infusion waits for a result that is at most so old.
    """

    id: str
    fact: str
    infusion_valid_days: int | None = None
    reading: Words = Words.of()

    def __str__(self) -> str:
        if self.infusion_valid_days is None:
            return "negative, with its date"
        return f"negative, with its date; for infusions at most {self.infusion_valid_days} d old"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFindings:
    """None of the fact's items; those in `review`, when alone, are for a person to judge."""

    id: str
    fact: str
    review: tuple[str, ...] = ()
    reading: Words = Words.of()

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Yes or no, of which `expected` lets a person in."""

    id: str
    fact: str
    expected: bool
    reading: Words = Words.of()

    def __str__(self) -> str:
        return "yes" if self.expected else "no"


Rule = Age | Elapsed | Range | NegativeTest | NoFindings | Question


class Type(StrEnum):
    """Whether a criterion must hold or must not."""

    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One sentence of the protocol and the rules that decide it, all of which must let in."""

    id: str
    type: Type
    text: Words
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """Who may enter a study: every fact that is asked, every criterion, as in the protocol."""

    facts: tuple[Fact, ...] = ()
    criteria: tuple[Criterion, ...] = ()

    def fact(self, id: str) -> Fact:
        """The fact of that id; UnknownName otherwise."""
        for fact in self.facts:
            if fact.id == id:
                return fact
        raise UnknownName("answer", id, [fact.id for fact in self.facts])

    def rules(self) -> Iterator[Rule]:
        """Every rule, in the order of the criteria."""
        for criterion in self.criteria:
            yield from criterion.rules


def span(offset: Offset) -> str:
    """A magnitude in words: years where the months are whole ones.

    >>> span(Offset(months=36)), span(Offset(months=1)), span(Offset(days=14))
    ('3 years', '1 month', '14 days')
    """
    amount, unit = (offset.months, "month") if offset.months else (offset.days, "day")
    if unit == "month" and amount % 12 == 0:
        amount, unit = amount // 12, "year"
    return f"{amount} {unit}{'' if amount == 1 else 's'}"
