"""Giving: which batch an infusion is recorded with, and taking such a record back.

An infusion is recorded as completed with a batch that may be given, or by decision (`forced`)
with what it was given in truth; what it lacked then is read off the history again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from scheduler.breaches import Breach
from scheduler.clearance import Evidence
from scheduler.errors import BadValue
from scheduler.products import (
    NoBatch,
    Product,
    UnknownBatch,
    breach,
    chain,
    check_given,
    mark,
)
from scheduler.protocol import Arm, Kind
from scheduler.readers.treatment import infusion_tests, treatment
from scheduler.store import Book, Entry, Ruled
from scheduler.subject import Status, Subject, Visit, current


def give(
    book: Book,
    arm: Arm,
    standing: Mapping[str, Visit],
    visit: Visit,
    batch: str | None,
    day: date,
    *,
    forced: bool,
) -> tuple[Product, ...]:
    """The batch as it stands once it was given at the visit on `day`; none but for infusions.

    It stays whose it is: one that went to somebody else is marked so, and serves no more.

    Raises:
        BadValue: a batch is named for a visit at which none is given.
        NoBatch, UnknownBatch: none is named, or one that nobody ordered.
        SwappedBatch, UnfitBatch: it is another participant's, or may not be given that day,
            and that is not forced.
    """
    if visit.kind is not Kind.INFUSION or arm.dose is None:
        if batch is not None:
            raise BadValue("--batch", batch, f"no product is given at {visit.ref}")
        return ()
    if batch is None:
        raise NoBatch(visit)
    product = known(book, visit.subject, batch)
    if not forced:
        check_given(product, visit, chain(arm, standing), day)
    given = dict.fromkeys((*product.given, mark(product, visit)))
    return (replace(product, given=tuple(given)),)


def broken(
    arm: Arm,
    standing: Mapping[str, Visit],
    visit: Visit,
    products: Sequence[Product],
    evidence: Evidence,
    day: date,
) -> tuple[Breach, ...]:
    """What an infusion on `day` lacks or lacked, with the batches that are given at it."""
    number = chain(arm, standing)
    of_batches = (breach(product, visit, number, day) for product in products)
    return (*filter(None, of_batches), *evidence.breaches(day))


def broken_then(
    book: Book,
    subject: Subject,
    history: Sequence[Entry],
    rulings: Sequence[Ruled],
    supplied: Mapping[int, Sequence[Product]],
) -> Mapping[tuple[int, str], tuple[Breach, ...]]:
    """What infusions lacked by what was known when they were recorded, by change and visit.

    Args:
        rulings: what the subject's screenings came to, ever.
        supplied: the states of batches that changes recorded, by the number of the change.
    """
    found: dict[tuple[int, str], tuple[Breach, ...]] = {}
    states: dict[str, Visit] = {}
    for entry in history:
        visit, states[entry.visit.ref] = entry.visit, entry.visit
        if visit.kind is not Kind.INFUSION or visit.status is not Status.COMPLETED:
            continue
        assert visit.actual is not None, "completed on a day"
        text = book.protocol_text(subject.protocol, entry.version)
        found_before = tuple(ruled.ruling for ruled in rulings if ruled.number < entry.number)
        evidence = Evidence(tests=infusion_tests(text), rulings=found_before)
        given = [p for p in supplied.get(entry.number, ()) if mark(p, visit) in p.given]
        arm, standing = treatment(text, subject.arm), current(states.values())
        lacked = broken(arm, standing, visit, given, evidence, visit.actual)
        found[entry.number, visit.ref] = lacked
    return found


def take_back(book: Book, visit: Visit) -> tuple[Product, ...]:
    """The batches of the participant that were given at the visit, as if they had not been.

    That of another participant stays marked: nobody may be given cells that perhaps left it.
    """
    return tuple(
        replace(product, given=tuple(ref for ref in product.given if ref != visit.ref))
        for product in book.products(visit.subject)
        if visit.ref in product.given
    )


def known(book: Book, subject: str, batch: str) -> Product:
    """The batch of that id, whoever it belongs to.

    Raises:
        UnknownBatch: nobody ordered it.
    """
    product = book.product(batch)
    if product is None:
        own = (product.batch for product in book.products(subject))
        raise UnknownBatch(subject, batch, own)
    return product
