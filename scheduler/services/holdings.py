"""Holdings: what the cell laboratory holds for participants, and what they will need.

For screens, and for the weekly email: `Supply.warnings` has the sentences.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from scheduler.clearance import Evidence
from scheduler.products import Product, infusions, untreated
from scheduler.protocol import Arm, Dose, Kind
from scheduler.readers.treatment import infusion_tests, treatment
from scheduler.store import Book, Store
from scheduler.subject import Subject, Visit, current
from scheduler.supplies import Supply, supplies, supply

AT_ONCE = 500
"""Participants that are read at once, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One participant in an arm with a dose.

    `products` are all batches, oldest first; `supplies` those of the coming infusions;
    `untreated` is the milestone that follow-ups count from when no infusion takes place.
    """

    subject: Subject
    dose: Dose
    products: tuple[Product, ...]
    supplies: tuple[Supply, ...]
    untreated: str | None

    def warnings(self) -> tuple[str, ...]:
        """Sentences for a person; none when all is well."""
        found = tuple(warning for supply in self.supplies for warning in supply.warnings())
        if self.untreated is None:
            return found
        code = self.subject.code
        return (*found, f"{code} is not treated: follow-ups count from {self.untreated}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the book has of one participant that infusions depend on."""

    subject: Subject
    arm: Arm
    standing: Mapping[str, Visit]
    products: tuple[Product, ...]
    evidence: Evidence

    def holding(self) -> Holding | None:
        dose, weight = self.arm.dose, self.subject.weight
        if dose is None or not infusions(self.arm):
            return None
        return Holding(
            subject=self.subject,
            dose=dose,
            products=self.products,
            supplies=supplies(self.arm, self.standing, weight, self.products, self.evidence),
            untreated=untreated(self.arm, self.standing),
        )

    def supplies(self, infused: Iterable[Visit]) -> tuple[Supply, ...]:
        weight = self.subject.weight
        found = (
            supply(self.arm, self.standing, visit, weight, self.products, self.evidence)
            for visit in infused
        )
        return tuple(each for each in found if each is not None)


def of_subject(store: Store, code: str) -> Holding | None:
    """A participant's holding, None in an arm without a dose; UnknownName for a wrong code."""

    def work(book: Book) -> Holding | None:
        subject = book.subject(code)
        return held(book, subject, book.visits(subject=subject.code))

    return store.read(work)


def of_subjects(store: Store, codes: Iterable[str]) -> Mapping[str, Holding]:
    """Several participants' holdings, by their codes; none of those in an arm without a dose."""
    return {each.subject.code: each for each in store.read(lambda book: _held(book, codes))}


def of_site(store: Store, site: str | None = None) -> tuple[Holding, ...]:
    """Everybody's holdings at one site, or at all, by code."""
    return store.read(lambda book: _held(book, [each.code for each in book.subjects(site)]))


def held(book: Book, subject: Subject, visits: Iterable[Visit]) -> Holding | None:
    """A participant's holding by all the visits; None in an arm without a dose."""
    return _known(book, subject, visits).holding()


def of_visits(
    book: Book, visits: Mapping[str, Iterable[Visit]]
) -> Mapping[str, tuple[Supply, ...]]:
    """What is given at participants' infusions among some visits, by their codes."""
    infused = {code: found for code, own in visits.items() if (found := _infused(own))}
    known = {each.subject.code: each for each in _every(book, infused)}
    return {code: known[code].supplies(found) for code, found in infused.items()}


def evidence(book: Book, subject: Subject) -> Evidence:
    """The tests that a participant's infusions wait for, and what was found by them."""
    tests = infusion_tests(_text(book, subject))
    rulings = book.rulings(subject.code) if tests else ()
    return Evidence(tests=tests, rulings=tuple(ruled.ruling for ruled in rulings))


def _known(book: Book, subject: Subject, visits: Iterable[Visit]) -> _Known:
    return _Known(
        subject=subject,
        arm=treatment(_text(book, subject), subject.arm),
        standing=current(visits),
        products=book.products(subject.code),
        evidence=evidence(book, subject),
    )


def _every(book: Book, codes: Iterable[str]) -> Iterator[_Known]:
    """What is known of each participant; of some at once, for a network has many."""
    rest = iter(codes)
    while some := list(islice(rest, AT_ONCE)):
        yield from _cohort(book, some)


def _cohort(book: Book, codes: Sequence[str]) -> Iterator[_Known]:
    """What is known of each participant, in as many questions as for one."""
    cohort = book.cohort(codes)
    visits, products, rulings = cohort.visits(), cohort.products(), cohort.rulings()
    for subject in cohort.subjects():
        code, text = subject.code, _text(book, subject)
        ruled = tuple(each.ruling for each in rulings.get(code, ()))
        yield _Known(
            subject=subject,
            arm=treatment(text, subject.arm),
            standing=current(visits.get(code, ())),
            products=tuple(products.get(code, ())),
            evidence=Evidence(tests=infusion_tests(text), rulings=ruled),
        )


def _held(book: Book, codes: Iterable[str]) -> tuple[Holding, ...]:
    return tuple(found for known in _every(book, codes) if (found := known.holding()))


def _infused(visits: Iterable[Visit]) -> list[Visit]:
    return [visit for visit in visits if visit.kind is Kind.INFUSION]


def _text(book: Book, subject: Subject) -> str:
    return book.protocol_text(subject.protocol, subject.protocol_version)
