"""The audit trail as people read it: who did what, when, why, and what came of it.

>>> str(Field(name="status", before="scheduled", after="confirmed"))
'status scheduled → confirmed'
>>> str(Field(name="arm", before=None, after="bmsc"))
'arm bmsc'
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.dates import Interval
from scheduler.errors import UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that is now different; None where there was or is nothing."""

    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.name} {self.after}"
        return f"{self.name} {self.before} → {'nothing' if self.after is None else self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a command did to one item: a visit, a weight, a batch; "" without a subject."""

    subject: str
    item: str
    fields: tuple[Field, ...]

    def __str__(self) -> str:
        return f"{self.subject} {self.item}: {'; '.join(map(str, self.fields))}".lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One command that changed the book.

    `number` is its place in the chain, None when it was added past the program; `at` is in
    UTC; `back` is how far the clock had gone back since the deed before, if it had.
    """

    number: int | None
    at: datetime
    person: str
    command: str
    reason: str
    back: timedelta
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which deeds: those that touch one subject, of one person, within a span; None is any."""

    subject: str | None = None
    person: str | None = None
    span: Interval | None = None

    def of(self, deeds: Iterable[Deed]) -> tuple[Deed, ...]:
        """The deeds selected, with the steps of the subject alone if one is named.

        Raises:
            UnknownName: that person has never done anything.
        """
        every = tuple(deeds)
        if self.person is not None:
            people = sorted({deed.person for deed in every})
            if self.person.casefold() not in map(str.casefold, people):
                raise UnknownName("person in the audit trail", self.person, people)
        return tuple(self.each(every))

    def each(self, deeds: Iterable[Deed]) -> Iterator[Deed]:
        """As `of`, one by one; a person may be unknown."""
        for deed in deeds:
            if self.person is not None and deed.person.casefold() != self.person.casefold():
                continue
            if self.span is not None and not self.span.start <= deed.at < self.span.end:
                continue
            if self.subject is None:
                yield deed
            elif steps := tuple(step for step in deed.steps if step.subject == self.subject):
                yield replace(deed, steps=steps)


EVERYTHING = Selection()
"""The whole trail."""
