"""Batches of cell products as rows of the book: whose each is, for ever, and its states.

`products` holds a batch's participant and chain once; its key is unique over the book
without case and width.  Each change appends a state to `product_entries`.
"""

from collections.abc import Mapping, Sequence
from datetime import time
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, exists, insert, select

from scheduler.errors import Refused
from scheduler.products import Expiry, Product, Stage, batch_key
from scheduler.store.rows import Columns
from scheduler.store.tables import product_entries, products, subjects, visit_entries, visits
from scheduler.subject import Weight

_newer = product_entries.alias()
_STATES = (
    select(products.c.id, products.c.batch, products.c.chain, subjects.c.code)
    .add_columns(*(column for column in product_entries.c if column.name != "id"))
    .select_from(product_entries)
    .join(products, products.c.id == product_entries.c.product_id)
    .join(subjects, subjects.c.id == products.c.subject_id)
    .order_by(products.c.id, product_entries.c.revision)
)
_IS_CURRENT = ~exists().where(
    _newer.c.product_id == product_entries.c.product_id,
    _newer.c.revision > product_entries.c.revision,
)


class BatchTaken(Refused):
    """A batch belongs to one participant and one chain for ever."""

    def __init__(self, known: Product) -> None:
        super().__init__(
            f"STOP. BATCH {known.batch} BELONGS TO {known.subject} (aspiration {known.chain},"
            f" {known.stage}) and can never be anybody else's. Nothing was stored."
        )


def of_subject(connection: Connection, subject_id: int) -> tuple[Product, ...]:
    """A subject's batches as they stand, oldest first."""
    return _found(connection, products.c.subject_id == subject_id, _IS_CURRENT)


def among(connection: Connection, such: ColumnElement[bool]) -> tuple[Product, ...]:
    """The batches of such subjects as they stand, each subject's oldest first."""
    return _found(connection, such, _IS_CURRENT)


def of_batch(connection: Connection, batch: str) -> Product | None:
    """The batch of that id in any case and width, whoever it belongs to."""
    found = _found(connection, products.c.batch_key == batch_key(batch), _IS_CURRENT)
    return found[0] if found else None


def states(connection: Connection, subject_id: int) -> tuple[Product, ...]:
    """Every state of a subject's batches that was ever recorded, batch by batch."""
    return _found(connection, products.c.subject_id == subject_id)


def by_change(connection: Connection, such: ColumnElement[bool]) -> Mapping[int, Sequence[Product]]:
    """States of batches, whoever they belong to, by the keys of the changes that recorded them.

    Of every change that recorded a state of a visit of such a subject.
    """
    changing = (
        select(visit_entries.c.change_id)
        .join(visits, visits.c.id == visit_entries.c.visit_id)
        .join(subjects, subjects.c.id == visits.c.subject_id)
        .where(such)
    )
    found: dict[int, list[Product]] = {}
    for row in connection.execute(_STATES.where(product_entries.c.change_id.in_(changing))):
        found.setdefault(row.change_id, []).append(_product(row))
    return found


def append(
    connection: Connection, change_id: int, subject_id: int, changed: Sequence[Product]
) -> None:
    """Append states of one subject's batches; those that are new are entered.

    Raises:
        BatchTaken: a batch is another subject's, or of another chain.
    """
    for product in changed:
        product_id, revision = _entered(connection, change_id, subject_id, product)
        marks = {"product_id": product_id, "revision": revision + 1, "change_id": change_id}
        connection.execute(insert(product_entries), {**_columns(product), **marks})


def _entered(
    connection: Connection, change_id: int, subject_id: int, product: Product
) -> tuple[int, int]:
    """Id and last revision of a batch; a new one is entered at revision 0."""
    key = batch_key(product.batch)
    query = _STATES.where(products.c.batch_key == key, _IS_CURRENT)
    known = connection.execute(query.add_columns(products.c.subject_id)).one_or_none()
    if known is None:
        row = {"subject_id": subject_id, "batch": product.batch, "batch_key": key}
        entering = insert(products).values(**row, chain=product.chain, change_id=change_id)
        product_id: int = connection.execute(entering.returning(products.c.id)).scalar_one()
        return product_id, 0
    if (known.subject_id, known.chain) != (subject_id, product.chain):
        raise BatchTaken(_product(known))
    return known.id, known.revision


def _found(connection: Connection, *such: ColumnElement[bool]) -> tuple[Product, ...]:
    return tuple(map(_product, connection.execute(_STATES.where(*such))))


def _columns(product: Product) -> Columns:
    expires = product.expires
    return {
        "stage": product.stage.value,
        "kg": str(product.weight.kg),
        "weighed": product.weight.measured,
        "ordered": product.ordered,
        "released": product.released,
        "expires": expires and expires.day,
        "expires_at": f"{expires.at:%H:%M}" if expires and expires.at else None,
        "given": list(product.given),
        "reason": product.reason,
    }


def _product(row: Row[Any]) -> Product:
    at = time.fromisoformat(row.expires_at) if row.expires_at else None
    return Product(
        subject=row.code,
        batch=row.batch,
        chain=row.chain,
        stage=Stage(row.stage),
        weight=Weight(kg=Decimal(row.kg), measured=row.weighed),
        ordered=row.ordered,
        released=row.released,
        expires=Expiry(day=row.expires, at=at) if row.expires else None,
        given=tuple(row.given),
        reason=row.reason,
    )
