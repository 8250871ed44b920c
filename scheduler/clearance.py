"""Clearance: do the test results on record let an infusion take place on a day?

Which tests an infusion waits for, and how long a result counts, is told by the protocol
(`NegativeTest.infusion_valid_days`).  A result is known as the book keeps it: by outcome
and by days before the day it was recorded, never by the answer itself.

>>> from scheduler.ruling import RuleOutcome
>>> from scheduler.outcomes import Count, Unit
>>> pregnancy = InfusionTest(rule="pregnancy", valid_days=15,
...                          label=Words.of(en="Pregnancy test"))
>>> found = RuleOutcome(rule="pregnancy", outcome=Outcome.ELIGIBLE,
...                     count=Count(least=1, most=1, unit=Unit.DAYS))
>>> ruling = Ruling(day=date(2026, 4, 2), version="1", outcome=Outcome.ELIGIBLE, consent=None,
...                 rules=(found,))
>>> evidence = Evidence(tests=(pregnancy,), rulings=(ruling,))
>>> [str(each) for each in evidence.on(date(2026, 4, 16))]
['Pregnancy test: negative of 2026-04-01, counts until 2026-04-16']
>>> [str(each) for each in evidence.on(date(2026, 4, 17))]
['Pregnancy test: negative of 2026-04-01 counts until 2026-04-16 only']
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from scheduler.breaches import REMEDY, Breach, Kind, Phrase
from scheduler.errors import Refused
from scheduler.outcomes import Outcome
from scheduler.ruling import RuleOutcome, Ruling
from scheduler.subject import Visit
from scheduler.words import Words


class State(StrEnum):
    """Where a test stands for one day."""

    NEGATIVE = "negative"
    NOT_APPLICABLE = "not applicable"
    MISSING = "missing"
    OUTDATED = "outdated"
    POSITIVE = "positive"


_CLEAR = frozenset({State.NEGATIVE, State.NOT_APPLICABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionTest:
    """A test that infusions wait for: the rule on it, and for how many days a result counts."""

    rule: str
    label: Words
    valid_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """Where one test stands for an infusion on a day.

    `tested` is the day of the result that counts, the earliest it may be where only its
    month is known; None without one.
    """

    test: InfusionTest
    state: State
    tested: date | None = None

    @property
    def blocks(self) -> bool:
        """Whether there may be no infusion."""
        return self.state not in _CLEAR

    @property
    def until(self) -> date | None:
        """The last day for which the result counts."""
        days = timedelta(days=self.test.valid_days)
        return self.tested + days if self.tested else None

    @property
    def breach(self) -> Breach:
        """What an infusion on that day broke, if the test stood in its way."""
        label, days = self.test.label, str(self.test.valid_days)
        rule = Phrase(
            word="tested",
            said=f"{label}: negative, at most {days} d before an infusion",
            facts={"label": label, "days": days},
        )
        facts: dict[str, str | Words] = {
            "label": label,
            "tested": str(self.tested),
            "until": str(self.until),
        }
        fault = Phrase(word=self.state.value, said=str(self), facts=facts)
        return Breach(kind=Kind.NO_VALID_TEST, rule=rule, faults=(fault,))

    def __str__(self) -> str:
        match self.state:
            case State.NEGATIVE:
                return f"{self.test.label}: negative of {self.tested}, counts until {self.until}"
            case State.NOT_APPLICABLE:
                return f"{self.test.label}: does not apply"
            case State.OUTDATED:
                told = f"negative of {self.tested} counts until {self.until} only"
                return f"{self.test.label}: {told}"
            case State.POSITIVE:
                return f"{self.test.label}: POSITIVE, of {self.tested}"
            case _:
                return f"{self.test.label}: no result is on record"


class NotCleared(Refused):
    """An infusion for which a result is missing, too old, or positive."""

    def __init__(self, visit: Visit, day: date, lacking: tuple[Clearance, ...]) -> None:
        what = "; ".join(map(str, lacking))
        super().__init__(
            f"no infusion of {visit.subject} at {visit.ref} on {day}: {what}."
            f" Record the result first: schedule subject screen {visit.subject}. {REMEDY}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The tests that a protocol asks for before infusions, and what was recorded, oldest first."""

    tests: tuple[InfusionTest, ...] = ()
    rulings: tuple[Ruling, ...] = ()

    def on(self, day: date) -> tuple[Clearance, ...]:
        """Where every test stands for an infusion on `day`."""
        return tuple(self._clearance(test, day) for test in self.tests)

    def breaches(self, day: date) -> tuple[Breach, ...]:
        """What an infusion on `day` lacks, a breach for each test."""
        return tuple(each.breach for each in self.on(day) if each.blocks)

    def check(self, visit: Visit, day: date) -> None:
        """Refuse an infusion on `day` that a test stands in the way of.

        Raises:
            NotCleared: as it says.
        """
        if lacking := tuple(each for each in self.on(day) if each.blocks):
            raise NotCleared(visit, day, lacking)

    def _clearance(self, test: InfusionTest, day: date) -> Clearance:
        """By the newest test before `day`; of one day's, by what was recorded last."""
        known = [each for each in self._known(test) if _counts(each, day)]
        # `max` keeps the first of equals, and the last one recorded is to win.
        newest = max(reversed(known), key=lambda each: each[0], default=None)
        if newest is None:
            return Clearance(test=test, state=State.MISSING)
        tested, state = newest
        if state is State.NOT_APPLICABLE:
            return Clearance(test=test, state=state)
        if state is State.NEGATIVE and (day - tested).days > test.valid_days:
            state = State.OUTDATED
        return Clearance(test=test, state=state, tested=tested)

    def _known(self, test: InfusionTest) -> Iterator[tuple[date, State]]:
        for ruling in self.rulings:
            for outcome in ruling.rules:
                if outcome.rule == test.rule:
                    yield from _told(ruling.day, outcome)


NO_EVIDENCE = Evidence()
"""A protocol that asks for no test."""


def _counts(known: tuple[date, State], day: date) -> bool:
    """Whether a result says anything of `day`; that a test does not apply is true of any."""
    tested, state = known
    return state is State.NOT_APPLICABLE or tested <= day


def _told(day: date, outcome: RuleOutcome) -> Iterator[tuple[date, State]]:
    """The result that an outcome of `day` stands for, on the safe end of what its date may be."""
    count = outcome.count
    if not outcome.applies:
        yield day, State.NOT_APPLICABLE
    elif count and outcome.outcome is Outcome.ELIGIBLE:
        yield day - timedelta(days=count.most), State.NEGATIVE
    elif count and outcome.outcome is Outcome.NOT_ELIGIBLE:
        yield day - timedelta(days=max(count.least, 0)), State.POSITIVE
