"""May this person enter the study on this day, and by which arithmetic?

Every rule gives one of three answers.  A date that is known only to the month or year
is every day it may be: where both ends agree that is the answer, else a person must
look.  What is not known is never guessed.

>>> from scheduler.criteria import Type
>>> from scheduler.dates import Offset
>>> from scheduler.words import Words
>>> onset = Elapsed(id="onset-min", fact="onset", at_least=Offset(days=14))
>>> acute = Criterion(id="acute", type=Type.EXCLUSION, text=Words.of(en="Acute"), rules=(onset,))
>>> answers = {"onset": PartialDate.parse("2026-02-10")}
>>> found = screen(Criteria(criteria=(acute,)), answers, date(2026, 2, 20))
>>> print(found.outcome, found.findings()[0].why, sep=": ")
NOT_ELIGIBLE: 2026-02-20 - 2026-02-10 = 10 days; at least 14 days, so from 2026-02-24 on
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from scheduler.admission import Admission, completed_years
from scheduler.answers import Answer, Answers, PartialDate, Result, Stated, in_words
from scheduler.criteria import (
    Age,
    Criteria,
    Criterion,
    Elapsed,
    NegativeTest,
    NoFindings,
    Question,
    Range,
    Rule,
)
from scheduler.outcomes import Count, Outcome, Unit, worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule came to.

    `known` is the answer it looked at and `reference` the day it counted to.  `why` is
    the arithmetic in a sentence; of an age it never tells a date of birth.  `flagged`:
    let in on the very first day, so the dates deserve a second look.
    """

    rule: Rule
    outcome: Outcome
    why: str
    known: Answer | None = None
    reference: PartialDate | None = None
    count: Count | None = None
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the rules of one criterion came to."""

    criterion: Criterion
    findings: tuple[Finding, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of its rules."""
        return worst(finding.outcome for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What every criterion came to for an enrollment on `day`."""

    day: date
    judgements: tuple[Judgement, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst of its criteria."""
        return worst(judgement.outcome for judgement in self.judgements)

    def findings(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        """Every finding, or those of the given outcomes."""
        found = (finding for judgement in self.judgements for finding in judgement.findings)
        return tuple(f for f in found if not outcomes or f.outcome in outcomes)

    def only(self, wanted: Callable[[Finding], bool]) -> Self:
        """The same screening by those rules alone whose findings are `wanted`."""
        judgements = (
            replace(each, findings=tuple(filter(wanted, each.findings))) for each in self.judgements
        )
        return replace(self, judgements=tuple(each for each in judgements if each.findings))


def screen(criteria: Criteria, answers: Answers, day: date) -> Screening:
    """Judge an enrollment on `day` by every criterion."""
    return Screening(
        day=day,
        judgements=tuple(
            Judgement(
                criterion=criterion,
                findings=tuple(judge(rule, answers, day) for rule in criterion.rules),
            )
            for criterion in criteria.criteria
        ),
    )


def judge(rule: Rule, answers: Answers, day: date) -> Finding:
    """What one rule comes to for an enrollment on `day`."""
    known = answers.get(rule.fact)
    if known is None:
        return Finding(rule=rule, outcome=Outcome.NEEDS_REVIEW, why="not answered")
    match rule, known:
        case Age(), PartialDate():
            return _judge_age(rule, known, answers, day)
        case Elapsed(), PartialDate():
            return _judge_elapsed(rule, known, day)
        case Elapsed(), Stated():
            outcome, why = _stated(known)
        case Range(), int():
            outcome, why = _number(rule, known)
        case NegativeTest(), Result():
            return _judge_test(rule, known, day)
        case NegativeTest(), Stated():
            outcome, why = Outcome.ELIGIBLE, "does not apply"
        case NoFindings(), frozenset():
            outcome, why = _findings(rule, known)
        case Question(), bool():
            outcome = Outcome.ELIGIBLE if known == rule.expected else Outcome.NOT_ELIGIBLE
            why = f"answered {in_words(known)}; {rule} is needed"
        case _:
            raise TypeError(f"{known!r} does not answer {rule.fact}")
    return Finding(rule=rule, outcome=outcome, why=why, known=known)


# ------------------------------------------------------------------------------ dates
def other_reference(rule: Age, answers: Answers) -> PartialDate | None:
    """The day an age is counted to, where that is not the enrollment."""
    known = answers.get(rule.at) if rule.at else None
    return known if isinstance(known, PartialDate) else None


def _judge_age(rule: Age, birth: PartialDate, answers: Answers, day: date) -> Finding:
    other = other_reference(rule, answers)
    reference = other or PartialDate.of(day)
    outcome = _outcome(Admission.of(rule, birth), reference)
    count = Count(
        least=completed_years(birth.days.latest, reference.days.earliest),
        most=completed_years(birth.days.earliest, reference.days.latest),
        unit=Unit.YEARS,
    )
    stands_in = f" (the enrollment, for {rule.at} is not known)" if rule.at and not other else ""
    why = f"{count} of age on {reference}{stands_in}; {rule} are needed"
    return Finding(
        rule=rule,
        outcome=outcome,
        why=why + _doubt(outcome),
        known=birth,
        reference=reference,
        count=count,
    )


def _judge_elapsed(rule: Elapsed, fact: PartialDate, day: date) -> Finding:
    admission, reference = Admission.of(rule, fact), PartialDate.of(day)
    outcome = _outcome(admission, reference)
    count = Count(
        least=(day - fact.days.latest).days, most=(day - fact.days.earliest).days, unit=Unit.DAYS
    )
    sure = admission.sure
    flagged = rule.flag_edge and sure is not None and sure.earliest == day and day in sure
    why = f"{day} - {fact} = {count}; {rule}, so {admission.in_words(rule)}"
    edge = "; on the very first day: check the dates" if flagged else ""
    return Finding(
        rule=rule,
        outcome=outcome,
        why=why + _doubt(outcome) + edge,
        known=fact,
        reference=reference,
        count=count,
        flagged=flagged,
    )


def _outcome(admission: Admission, reference: PartialDate) -> Outcome:
    """What a dated rule comes to when it is counted to any of the days of `reference`."""
    days, sure = reference.days, admission.sure
    if not days & admission.possible:
        return Outcome.NOT_ELIGIBLE
    if sure and days.earliest in sure and days.latest in sure:
        return Outcome.ELIGIBLE
    return Outcome.NEEDS_REVIEW


def _doubt(outcome: Outcome) -> str:
    return ": the ends disagree" if outcome is Outcome.NEEDS_REVIEW else ""


# ------------------------------------------------------------- answers without a count
def _stated(known: Stated) -> tuple[Outcome, str]:
    if known is Stated.ONGOING:
        return Outcome.NOT_ELIGIBLE, "still going on"
    return Outcome.ELIGIBLE, "none"


def _number(rule: Range, known: int) -> tuple[Outcome, str]:
    inside = rule.least <= known <= rule.most
    outcome = Outcome.ELIGIBLE if inside else Outcome.NOT_ELIGIBLE
    return outcome, f"{known}; {rule} is needed"


def _judge_test(rule: NegativeTest, known: Result, day: date) -> Finding:
    days = known.day.days
    count = Count(least=(day - days.latest).days, most=(day - days.earliest).days, unit=Unit.DAYS)
    if known.positive:
        outcome, why = Outcome.NOT_ELIGIBLE, f"{known}; negative is needed"
    elif days.latest > day:
        outcome, why = Outcome.NEEDS_REVIEW, f"{known}, by {day} it may not have been there"
    else:
        outcome, why = Outcome.ELIGIBLE, f"{known}, {count} before {day}"
    return Finding(rule=rule, outcome=outcome, why=why, known=known, count=count)


def _findings(rule: NoFindings, known: frozenset[str]) -> tuple[Outcome, str]:
    if not known:
        return Outcome.ELIGIBLE, "none present"
    present = f"{in_words(known)} present"
    if known <= set(rule.review):
        return Outcome.NEEDS_REVIEW, f"{present}, which a person must judge"
    return Outcome.NOT_ELIGIBLE, f"{present}; none is needed"
