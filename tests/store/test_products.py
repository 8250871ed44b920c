"""Batches in the book: one owner for ever, every state kept, on both engines."""

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from scheduler.errors import UnknownName
from scheduler.products import Expiry, Product, Stage, batch_key
from scheduler.store import Book, Store
from scheduler.store.products import BatchTaken
from scheduler.subject import Weight
from tests.databases import Databases
from tests.store.values import CHANGE, SUBJECT, VISIT, days, enrolling, texts

BATCH = Product(
    subject="ZJ-001",
    batch="B-1",
    chain=1,
    stage=Stage.RELEASED,
    weight=Weight(kg=Decimal("68.50"), measured=date(2026, 3, 2)),
    ordered=date(2026, 3, 5),
    released=date(2026, 4, 7),
    expires=Expiry(day=date(2026, 4, 16), at=time(12, 30)),
)
OTHER = replace(SUBJECT, code="ZJ-002")

releases = st.tuples(
    days, st.builds(Expiry, day=days, at=st.none() | st.times().map(lambda t: time(t.hour)))
)


@st.composite
def products(draw: st.DrawFn) -> Product:
    """Any state of one batch."""
    stage = draw(st.sampled_from(Stage))
    release = draw(releases if stage is Stage.RELEASED else st.none() | releases)
    return replace(
        BATCH,
        stage=stage,
        weight=Weight(kg=draw(st.decimals("20", "300", places=2)), measured=draw(days)),
        ordered=draw(days),
        released=release and release[0],
        expires=release and release[1],
        given=tuple(draw(st.lists(texts, max_size=2))),
        reason=draw(texts),
    )


def supply(store: Store, *changed: Product) -> None:
    store.write(lambda book: book.supply(CHANGE, changed[0].subject, changed))


@settings(max_examples=15)
@given(lived=st.lists(products(), min_size=1, max_size=4))
def test_every_state_comes_back_as_it_went_in(databases: Databases, lived: list[Product]) -> None:
    with databases.book() as url, Store(url) as store:
        store.write(enrolling(SUBJECT, VISIT))
        for state in lived:
            supply(store, state)
        assert store.read(lambda book: book.product_states("zj-001")) == tuple(lived)
        assert store.read(lambda book: book.products("ZJ-001")) == (lived[-1],)


@pytest.mark.parametrize("spelling", ["B-1", "b-1", "Ｂ－１"])
def test_a_batch_is_found_in_any_spelling_and_kept_by_its_owner(
    store: Store, spelling: str
) -> None:
    for subject in (SUBJECT, OTHER):
        store.write(enrolling(subject))
    supply(store, BATCH)
    assert store.read(lambda book: book.product(spelling)) == BATCH
    for stolen in (replace(BATCH, subject="ZJ-002"), replace(BATCH, chain=2)):
        with pytest.raises(BatchTaken, match="BELONGS TO ZJ-001"):
            supply(store, replace(stolen, batch=spelling))
    assert store.read(lambda book: book.product_states("ZJ-001")) == (BATCH,)
    assert store.read(lambda book: book.products("ZJ-002")) == ()


def test_batches_stand_in_the_order_in_which_they_came(store: Store) -> None:
    store.write(enrolling(SUBJECT))
    batches = [replace(BATCH, batch=f"B-{n}") for n in (3, 1, 2)]
    supply(store, *batches)
    supply(store, replace(batches[0], given=("infusion-1",)))
    found = store.read(lambda book: book.products("ZJ-001"))
    assert [product.batch for product in found] == ["B-3", "B-1", "B-2"]
    assert store.read(lambda book: book.product("B-9")) is None


def test_nobody_owns_batches_who_is_not_enrolled(store: Store) -> None:
    for ask in (Book.products, Book.product_states):
        with pytest.raises(UnknownName):
            store.read(partial(ask, subject="ZJ-009"))
    with pytest.raises(UnknownName):
        supply(store, BATCH)


@pytest.mark.parametrize("table", ["products", "product_entries"])
def test_history_of_batches_is_never_rewritten(databases: Databases, table: str) -> None:
    with databases.book() as url:
        with Store(url) as store:
            store.write(enrolling(SUBJECT))
            supply(store, BATCH)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
                with pytest.raises(DBAPIError, match="append_only"):
                    connection.execute(text(statement))
                connection.rollback()


def test_the_database_itself_keeps_a_key_unique(databases: Databases) -> None:
    with databases.book() as url:
        with Store(url) as store:
            store.write(enrolling(SUBJECT))
            store.write(enrolling(OTHER))
            supply(store, BATCH)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            replacing = "INSERT OR REPLACE" if connection.dialect.name == "sqlite" else "INSERT"
            copy = (
                f"{replacing} INTO products (id, subject_id, batch, batch_key, chain, change_id)"
                " SELECT 99, 2, batch, batch_key, chain, change_id FROM products"
            )
            with pytest.raises(DBAPIError, match=r"append_only|duplicate key"):
                connection.execute(text(copy))


def test_keys_leave_out_case_and_width() -> None:
    assert batch_key("Ｂ－１") == batch_key("b-1") != batch_key("b-2")
