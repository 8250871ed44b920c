"""Holdings: what the cell laboratory holds for participants, and what they will need.

For screens, and for the weekly email: `Supply.warnings` has the sentences.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scheduler.clearance import Evidence
from scheduler.products import Product, infusions, untreated
from scheduler.protocol import Arm, Dose, Kind
from scheduler.readers.treatment import infusion_tests, treatment
from scheduler.store import Book, Store
from scheduler.subject import Subject, Visit, current
from scheduler.supplies import Supply, supplies, supply


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


def of_subject(store: Store, code: str) -> Holding | None:
    """A participant's holding, None in an arm without a dose; UnknownName for a wrong code."""
    return store.read(lambda book: _of(book, book.subject(code)))


def of_site(store: Store, site: str | None = None) -> tuple[Holding, ...]:
    """Everybody's holdings at one site, or at all."""

    def work(book: Book) -> tuple[Holding, ...]:
        found = (_of(book, subject) for subject in book.subjects(site))
        return tuple(holding for holding in found if holding)

    return store.read(work)


def held(book: Book, subject: Subject, visits: Iterable[Visit]) -> Holding | None:
    """A participant's holding by all the visits; None in an arm without a dose."""
    arm = _arm(book, subject)
    if arm.dose is None or not infusions(arm):
        return None
    standing = current(visits)
    products = book.products(subject.code)
    return Holding(
        subject=subject,
        dose=arm.dose,
        products=products,
        supplies=supplies(arm, standing, subject.weight, products, evidence(book, subject)),
        untreated=untreated(arm, standing),
    )


def of_visits(book: Book, subject: Subject, visits: Iterable[Visit]) -> tuple[Supply, ...]:
    """What is given at those of a participant's visits that are infusions."""
    infused = [visit for visit in visits if visit.kind is Kind.INFUSION]
    if not infused:
        return ()
    arm = _arm(book, subject)
    standing = current(book.visits(subject=subject.code))
    products = book.products(subject.code)
    known = evidence(book, subject)
    found = (supply(arm, standing, visit, subject.weight, products, known) for visit in infused)
    return tuple(each for each in found if each is not None)


def evidence(book: Book, subject: Subject) -> Evidence:
    """The tests that a participant's infusions wait for, and what was found by them."""
    text = book.protocol_text(subject.protocol, subject.protocol_version)
    tests = infusion_tests(text)
    rulings = book.rulings(subject.code) if tests else ()
    return Evidence(tests=tests, rulings=tuple(ruled.ruling for ruled in rulings))


def _of(book: Book, subject: Subject) -> Holding | None:
    return held(book, subject, book.visits(subject=subject.code))


def _arm(book: Book, subject: Subject) -> Arm:
    text = book.protocol_text(subject.protocol, subject.protocol_version)
    return treatment(text, subject.arm)
