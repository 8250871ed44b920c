"""Answers about a person: dates known to the day, month or year, numbers, results, yes and no.

Each kind of fact has one way to be written, on the command line, in a file and at a
prompt alike; `answer` reads it.  What is not known is left out: no answer is a guess.

>>> str(PartialDate.parse("2024-05")), PartialDate.parse("2024-05").days.latest
('2024-05', datetime.date(2024, 5, 31))
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from scheduler.criteria import Fact, FactKind
from scheduler.dates import Window

FIRST_YEAR, LAST_YEAR = 1900, 2099
"""Dates outside these years are slips of the pen, never a birth or a stroke."""

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_DATE_FORMS = 'a day like 2026-03-02, or "2026-03" or "2026" when no more is known'


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDate:
    """A date that is known to the day, to the month or to the year (as in ISO 8601).

    >>> PartialDate.parse("2026-02-30")
    Traceback (most recent call last):
    ValueError: must be a day like 2026-03-02, or "2026-03" or "2026" when no more is known
    """

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2024-05-06", "2024-05" or "2024".

        Raises:
            ValueError: the text is none of these, or is no day of the calendar.
        """
        match = _DATE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"must be {_DATE_FORMS}")
        year, month, day = (int(part) if part else None for part in match.groups())
        assert year is not None, "the pattern asks for it"
        try:
            date(year, month or 1, day or 1)
        except ValueError:
            raise ValueError(f"must be {_DATE_FORMS}") from None
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError(f"must be from {FIRST_YEAR} to {LAST_YEAR}, not {year}")
        return cls(year=year, month=month, day=day)

    @classmethod
    def of(cls, day: date) -> Self:
        """A date that is known to the day."""
        return cls(year=day.year, month=day.month, day=day.day)

    @property
    def days(self) -> Window:
        """Every day that it may be."""
        first, last = self.month or 1, self.month or 12
        return Window(
            earliest=date(self.year, first, self.day or 1),
            latest=date(self.year, last, self.day or monthrange(self.year, last)[1]),
        )

    def __str__(self) -> str:
        parts = (f"{part:02}" for part in (self.month, self.day) if part is not None)
        return "-".join((f"{self.year:04}", *parts))


class Stated(StrEnum):
    """An answer in a word where no date or result is possible."""

    NONE = "none"
    ONGOING = "ongoing"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a test found, and the day of the test."""

    positive: bool
    day: PartialDate

    def __str__(self) -> str:
        return f"{'positive' if self.positive else 'negative'} {self.day}"


Answer = PartialDate | Stated | Result | frozenset[str] | int | bool
"""What one fact may be; `bool` answers questions, `frozenset` holds the findings present."""

Answers = Mapping[str, Answer]
"""Answers by the id of their fact; what is not known is not there."""


def answer(fact: Fact, text: str) -> Answer:
    """Read the answer to a fact as a person writes it.

    Raises:
        ValueError: a predicate that reads on from the fact's name: "must be …".

    >>> from scheduler.words import Words
    >>> answer(Fact(id="hcg", kind=FactKind.TEST, label=Words.of()), "negative 2026-03-01").positive
    False
    """
    return _READERS[fact.kind](fact, text.strip())


def in_words(value: Answer) -> str:
    """An answer as it would be written.

    >>> in_words(True), in_words(frozenset({"HIV", "HBsAb"})), in_words(Stated.ONGOING)
    ('yes', 'HBsAb, HIV', 'ongoing')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case frozenset():
            return ", ".join(sorted(value)) or Stated.NONE
        case _:
            return str(value)


def findings(fact: Fact, names: list[str]) -> frozenset[str]:
    """The items of a fact that are present, found by name in any case.

    Raises:
        ValueError: a name is none of the fact's items.
    """
    known = {item.casefold(): item for item in fact.items}
    for name in names:
        if name.casefold() not in known:
            raise ValueError(f'has no item "{name}"; known: {", ".join(fact.items)}')
    return frozenset(known[name.casefold()] for name in names)


def expected(fact: Fact) -> str:
    """How the answer to a fact is written, for a prompt or a refusal."""
    return _EXPECTED[fact.kind].format(items=", ".join(fact.items))


_EXPECTED = {
    FactKind.DATE: _DATE_FORMS,
    FactKind.EVENT: f'the last day ({_DATE_FORMS}), or "none", or "ongoing"',
    FactKind.NUMBER: "a whole number",
    FactKind.TEST: '"negative 2026-03-01", "positive 2026-03-01" or "not applicable"',
    FactKind.FINDINGS: '"none", or what is present of: {items}',
    FactKind.QUESTION: "yes or no",
}


def _date(_: Fact, text: str) -> Answer:
    return PartialDate.parse(text)


def _event(fact: Fact, text: str) -> Answer:
    if text.casefold() in {Stated.NONE, Stated.ONGOING}:
        return Stated(text.casefold())
    try:
        return PartialDate.parse(text)
    except ValueError:
        raise ValueError(f"must be {expected(fact)}") from None


def _number(fact: Fact, text: str) -> Answer:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"must be {expected(fact)}")
    return int(text)


def _test(fact: Fact, text: str) -> Answer:
    result, _, day = text.partition(" ")
    if text.casefold() == Stated.NOT_APPLICABLE:
        return Stated.NOT_APPLICABLE
    if result.casefold() not in {"negative", "positive"}:
        raise ValueError(f"must be {expected(fact)}")
    try:
        return Result(positive=result.casefold() == "positive", day=PartialDate.parse(day))
    except ValueError:
        raise ValueError(f"must be {expected(fact)}") from None


def _findings(fact: Fact, text: str) -> Answer:
    if text.casefold() == Stated.NONE:
        return frozenset()
    return findings(fact, [name.strip() for name in text.split(",")])


def _question(fact: Fact, text: str) -> Answer:
    if text.casefold() not in {"yes", "no"}:
        raise ValueError(f"must be {expected(fact)}")
    return text.casefold() == "yes"


_READERS: Mapping[FactKind, Callable[[Fact, str], Answer]] = {
    FactKind.DATE: _date,
    FactKind.EVENT: _event,
    FactKind.NUMBER: _number,
    FactKind.TEST: _test,
    FactKind.FINDINGS: _findings,
    FactKind.QUESTION: _question,
}
