"""Giving: which batch an infusion is recorded with, and taking such a record back.

An infusion is never recorded as completed without a batch that may be given.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from scheduler.errors import BadValue
from scheduler.products import NoBatch, Product, UnknownBatch, chain, check_given
from scheduler.protocol import Arm, Kind
from scheduler.store import Book
from scheduler.subject import Visit


def give(
    book: Book, arm: Arm, standing: Mapping[str, Visit], visit: Visit, batch: str | None, day: date
) -> tuple[Product, ...]:
    """The batch as it stands once it was given at the visit on `day`; none but for infusions.

    Raises:
        BadValue: a batch is named for a visit at which none is given.
        NoBatch, UnknownBatch: none is named, or one that nobody ordered.
        SwappedBatch, UnfitBatch: it is another participant's, or may not be given that day.
    """
    if visit.kind is not Kind.INFUSION or arm.dose is None:
        if batch is not None:
            raise BadValue("--batch", batch, f"no product is given at {visit.ref}")
        return ()
    if batch is None:
        raise NoBatch(visit)
    product = known(book, visit.subject, batch)
    check_given(product, visit, chain(arm, standing), day)
    return (replace(product, given=(*product.given, visit.ref)),)


def take_back(book: Book, visit: Visit) -> tuple[Product, ...]:
    """The batches that were given at the visit, as if they had not been."""
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
