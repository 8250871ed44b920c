"""The database itself keeps history and bookings right, even against SQL by hand."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from scheduler.store import Store
from scheduler.store.tables import bookings, metadata
from tests.databases import Databases
from tests.store.tampering import SEALED, live
from tests.store.values import SUBJECT, VISIT, enrolling


@pytest.fixture
def by_hand(databases: Databases) -> Iterator[Connection]:
    """A plain connection to a book with some history, past the store."""
    with databases.book() as url:
        live(url)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            yield connection


@pytest.mark.parametrize("table", SEALED)
def test_history_is_never_rewritten_nor_removed(by_hand: Connection, table: str) -> None:
    key = metadata.tables[table].columns[0].name
    assert by_hand.scalar(text(f"SELECT count(*) FROM {table}")), "no row to rewrite"
    statements = [f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"]
    if by_hand.dialect.name == "postgresql":
        statements += [f"TRUNCATE {table} CASCADE"]
    else:
        statements += [f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"]
    for statement in statements:
        with pytest.raises(DBAPIError, match="append_only"):
            by_hand.execute(text(statement))
        by_hand.rollback()


@pytest.mark.parametrize(
    ("table", "column"),
    [("subjects", "code_key"), ("visits", "subject_id"), ("visit_entries", "visit_id")],
)
def test_second_key_is_no_way_around(by_hand: Connection, table: str, column: str) -> None:
    """A row with a new id may not replace one with the same code, visit or revision."""
    columns = [c.name for c in bookings.metadata.tables[table].c if c.name != "id"]
    listing = ", ".join(f'"{name}"' for name in columns)
    replacing = "INSERT OR REPLACE" if by_hand.dialect.name == "sqlite" else "INSERT"
    copy = f"{replacing} INTO {table} (id, {listing}) SELECT id + 100, {listing} FROM {table}"
    assert column in columns
    with pytest.raises(DBAPIError, match=r"append_only|duplicate key"):
        by_hand.execute(text(copy))


def _booking(unit: str, start: int, minutes: int) -> dict[str, object]:
    begin = datetime(2026, 4, 9, tzinfo=UTC) + timedelta(minutes=start)
    end = begin + timedelta(minutes=minutes)
    return {"site": "X", "unit": unit, "start_at": begin, "end_at": end, "zone": "UTC"}


wishes = st.lists(
    st.tuples(st.sampled_from("AB"), st.integers(0, 60), st.integers(1, 30)), max_size=30
)


@settings(max_examples=30)
@given(wishes=wishes)
def test_unit_is_never_booked_twice(
    databases: Databases, wishes: list[tuple[str, int, int]]
) -> None:
    """Rows are let in exactly when they overlap none before them on the same unit."""
    with databases.book() as url:
        with Store(url) as store:
            store.write(enrolling(SUBJECT, VISIT))
        let_in: list[tuple[str, int, int]] = []
        with create_engine(url, poolclass=NullPool).connect() as connection:
            visit_id = connection.scalar(text("SELECT id FROM visits"))
            for unit, start, minutes in wishes:
                free = all(
                    unit != other or start + minutes <= s or s + m <= start
                    for other, s, m in let_in
                )
                row = {**_booking(unit, start, minutes), "visit_id": visit_id}
                refused = pytest.raises(IntegrityError, match="bookings_no_overlap")
                with nullcontext() if free else refused, connection.begin_nested():
                    connection.execute(insert(bookings), row)
                let_in += [(unit, start, minutes)] if free else []


def test_units_whose_names_run_together_are_two(by_hand: Connection) -> None:
    """PostgreSQL's index knows both by one number, and must still let both be booked."""
    visit_id = by_hand.scalar(text("SELECT id FROM visits"))
    for site, unit in (("X", "A B"), ("X A", "B")):
        booking = {**_booking(unit, 0, 60), "site": site, "visit_id": visit_id}
        by_hand.execute(insert(bookings), booking)
        with pytest.raises(IntegrityError, match="bookings_no_overlap"), by_hand.begin_nested():
            by_hand.execute(insert(bookings), booking)


def test_booking_cannot_be_stretched_into_another(by_hand: Connection) -> None:
    visit_id = by_hand.scalar(text("SELECT id FROM visits"))
    for start in (0, 60):
        by_hand.execute(insert(bookings), {**_booking("A", start, 60), "visit_id": visit_id})
    by_hand.commit()
    midday = datetime(2026, 4, 9, 12, tzinfo=UTC)
    second = update(bookings).where(bookings.c.start_at == datetime(2026, 4, 9, 1, tzinfo=UTC))
    by_hand.execute(second.values(end_at=midday))
    first = update(bookings).where(bookings.c.start_at == datetime(2026, 4, 9, tzinfo=UTC))
    with pytest.raises(IntegrityError, match="bookings_no_overlap"):
        by_hand.execute(first.values(end_at=midday))


def test_booking_takes_time(by_hand: Connection) -> None:
    visit_id = by_hand.scalar(text("SELECT id FROM visits"))
    with pytest.raises(IntegrityError, match="bookings_takes_time"):
        by_hand.execute(insert(bookings), {**_booking("A", 0, 0), "visit_id": visit_id})
