"""Rescreening: answers about a participant that come after the enrollment.

A test that infusions wait for is judged on the day it is recorded; every other answer
is judged, as on the first day, for the enrollment.  What comes of it is stored as further
rulings beside the earlier ones: outcomes and counts, never an answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from scheduler.answers import Answers, Result, in_words
from scheduler.clearance import Evidence
from scheduler.criteria import Criteria, NegativeTest, Rule
from scheduler.eligibility import Finding, Screening, screen
from scheduler.errors import BadValue, UsageError
from scheduler.life import BEDSIDE, permit
from scheduler.outcomes import Outcome
from scheduler.protocol import Protocol
from scheduler.ruling import Ruling
from scheduler.services import holdings, studies
from scheduler.services.clinics import Clinic, check_site
from scheduler.services.screening import Given, gathered
from scheduler.store import Book, Change, Store
from scheduler.subject import Subject, current
from scheduler.supplies import Supply, supplies


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescreened:
    """What the answers came to, as it is stored, and what coming infusions have by it."""

    subject: Subject
    screenings: tuple[Screening, ...]
    rulings: tuple[Ruling, ...]
    supplies: tuple[Supply, ...]

    def findings(self, *outcomes: Outcome) -> tuple[Finding, ...]:
        """Every finding, or those of the given outcomes."""
        return tuple(f for each in self.screenings for f in each.findings(*outcomes))


def waited_for(criteria: Criteria) -> Criteria:
    """The facts alone that infusions wait for: what a nurse is asked at the bedside."""
    asked = {rule.fact for rule in criteria.rules() if _is_waited_for(rule)}
    return Criteria(facts=tuple(fact for fact in criteria.facts if fact.id in asked))


def criteria_of(store: Store, code: str) -> Criteria:
    """The criteria of the protocol version that a participant is on.

    Raises:
        UnknownName: nobody is enrolled under that code.
    """
    return store.read(lambda book: studies.kept(book, book.subject(code)).criteria)


def rescreen(
    store: Store,
    clinic: Clinic,
    code: str,
    given: Given,
    change: Change,
    today: date,
    *,
    dry_run: bool,
) -> Rescreened:
    """Judge answers about a participant, and record what comes of them.

    Nobody is refused here: what is found of somebody who takes part has to be on record.

    Raises:
        UnknownName: nobody is enrolled under that code, or the protocol asks no such thing.
        UsageError: nothing was answered.
        BadInput, BadValue: an answer is wrong, or a test is of no day before today.
        Refused: the person may not.
    """

    def work(book: Book) -> Rescreened:
        subject = book.subject(code)
        check_site(clinic.site, subject)
        permit("screen participants", BEDSIDE, user=change.user, people=clinic.site.people)
        protocol = studies.kept(book, subject)
        answers = gathered(protocol.criteria, given)
        screenings = tuple(_screenings(protocol.criteria, answers, subject.enrolled, today))
        if not screenings:
            raise UsageError(f"nothing is answered that {protocol.id} {protocol.version} asks")
        rulings = tuple(_ruling(each, protocol, answers, subject, given) for each in screenings)
        found = _supplies(book, protocol, subject, rulings)
        if not dry_run:
            for ruling in rulings:
                book.keep_ruling(change, subject.code, ruling)
        return Rescreened(subject=subject, screenings=screenings, rulings=rulings, supplies=found)

    return store.read(work) if dry_run else store.write(work)


def _screenings(
    criteria: Criteria, answers: Answers, enrolled: date, today: date
) -> Iterator[Screening]:
    """What is answered, judged for the enrollment; tests that infusions wait for, for today."""
    tests = screen(criteria, answers, today).only(
        lambda finding: finding.known is not None and _is_waited_for(finding.rule)
    )
    for finding in tests.findings():
        _check_past(finding, today)
    others = screen(criteria, answers, enrolled).only(
        lambda finding: finding.known is not None and not _is_waited_for(finding.rule)
    )
    yield from (each for each in (others, tests) if each.judgements)


def _check_past(finding: Finding, today: date) -> None:
    known = finding.known
    if isinstance(known, Result) and known.day.days.latest > today:
        expected = f"a result is of {today} or of a day before it"
        raise BadValue(finding.rule.fact, f'"{in_words(known)}"', expected)


def _ruling(
    screening: Screening, protocol: Protocol, answers: Answers, subject: Subject, given: Given
) -> Ruling:
    # The consent belongs to the enrollment.
    told = answers if screening.day == subject.enrolled else {}
    return Ruling.of(screening, told, version=protocol.version, review=given.review)


def _supplies(
    book: Book, protocol: Protocol, subject: Subject, rulings: tuple[Ruling, ...]
) -> tuple[Supply, ...]:
    """What coming infusions have once the rulings are on record too."""
    known = holdings.evidence(book, subject)
    return supplies(
        protocol.arm(subject.arm),
        current(book.visits(subject=subject.code)),
        subject.weight,
        book.products(subject.code),
        Evidence(tests=known.tests, rulings=(*known.rulings, *rulings)),
    )


def _is_waited_for(rule: Rule) -> bool:
    return isinstance(rule, NegativeTest) and rule.infusion_valid_days is not None
