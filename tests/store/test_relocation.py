"""A book is carried from any engine to any other, whole or not at all, with the same head."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import alembic.command  # noqa: F401 - loaded once here, not again in every child that dies
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    Boolean,
    Connection,
    Date,
    Integer,
    String,
    Table,
    create_engine,
    insert,
    select,
)
from sqlalchemy.pool import NullPool

from scheduler.errors import BadValue, OutputError, Refused, StoreUnavailable
from scheduler.store import Store, guards
from scheduler.store.relocation import Relocated, relocate
from scheduler.store.tables import Instant, metadata
from scheduler.store.verification import BrokenTrail, Verdict
from scheduler.subject import Subject, Visit, Weight
from tests.databases import Databases
from tests.killing import Executioner
from tests.listening import listening
from tests.store import values
from tests.store.tampering import live, past_the_guards
from tests.store.test_killed import rows
from tests.store.values import SUBJECT, VISIT, enrolling, later


@pytest.fixture
def twin(databases: Databases) -> Iterator[str]:
    """An empty database on the engine of the book."""
    with databases.empty() as url:
        yield url


@pytest.fixture
def book(databases: Databases) -> Iterator[str]:
    """A book on either engine that has lived: a row in every table at least."""
    with databases.empty() as url:
        live(url)
        with past_the_guards(url) as hands:
            for table in metadata.sorted_tables:
                _fill(hands, table)
            hands.commit()
        yield url


def _fill(connection: Connection, table: Table) -> None:
    """Give a table of the present state, into which `live` has written nothing, some row."""
    if "change_id" in table.c or connection.execute(select(table)).first():
        return
    examples: dict[type, Any] = {
        Integer: 1,
        String: "李",
        Date: date(2026, 3, 2),
        Instant: datetime(2026, 3, 2, 1, 30, 0, 5, tzinfo=UTC),
        Boolean: True,
        JSON: {"zh": ["李"]},
    }
    row = {}
    for column in table.c:
        [key] = column.foreign_keys or [None]
        row[column.name] = (
            connection.scalar(select(key.column).limit(1)) if key else examples[type(column.type)]
        )
    connection.execute(insert(table), row)


def carry(url: str, target: str) -> None:
    relocate(url, target, watch=lambda _done, _total: None)


def carried(url: str, target: str, **more: Any) -> Relocated:
    return relocate(url, target, watch=lambda _done, _total: None, **more)


def verdict(url: str) -> Verdict:
    with Store(url) as store:
        return store.read(lambda book: book.verify())


@contextmanager
def looking(url: str) -> Iterator[Connection]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        yield connection


def contents(url: str) -> dict[str, list[Any]]:
    """Every row of every table, as values, by key."""
    with looking(url) as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(select(table))),
                key=lambda row: tuple(map(str, row)),
            )
            for table in metadata.sorted_tables
        }


@pytest.mark.parametrize("to", ["elsewhere", "twin"])
def test_every_row_of_every_table_arrives_under_the_same_head(
    book: str, to: str, request: pytest.FixtureRequest
) -> None:
    before, target = contents(book), request.getfixturevalue(to)
    assert all(before.values()), "every table is tried"
    done = carried(book, target)
    assert contents(target) == before == contents(book)
    assert (done.rows, done.later) == (sum(map(len, before.values())), 0)
    assert verdict(target) == verdict(book)
    assert verdict(target).head == done.head
    assert verdict(target).problems == ()
    with looking(target) as connection:
        assert guards.missing(connection) == ()
    assert rows(target) == rows(book), "no table of the database is forgotten"


def test_every_column_has_a_plain_form() -> None:
    """A type that is new to the book has to be told in `canon` first."""
    known = (Integer, String, Date, Instant, Boolean, JSON)
    types = {type(column.type) for table in metadata.tables.values() for column in table.c}
    assert types <= set(known)


def test_carried_book_is_written_on(book: str, elsewhere: str) -> None:
    """New keys follow those that came along; the chain goes on from the same head."""
    done = carried(book, elsewhere)
    with Store(elsewhere) as store:
        store.write(lambda book: book.record(later("visit confirm", 90), [VISIT]))
        store.write(lambda book: book.weigh(later("subject weigh", 91), "ZJ-001", _weight()))
        found = store.read(lambda book: book.verify(done.head.hash))
    assert found.problems == ()
    assert found.head.number == done.head.number + 2


def _weight() -> Weight:
    assert SUBJECT.weight is not None
    return SUBJECT.weight


@settings(max_examples=4)
@given(data=st.data())
@pytest.mark.parametrize("ways", ["there", "back"])
def test_any_values_arrive(
    sqlite_files: Databases, postgresql: Databases, ways: str, data: st.DataObject
) -> None:
    subject: Subject = data.draw(values.subjects)
    visits: list[Visit] = [
        data.draw(values.visits(subject, number))
        for number in range(1, data.draw(st.integers(1, 4)) + 1)
    ]
    first, last = sqlite_files, postgresql
    if ways == "back":
        first, last = last, first
    with first.book() as url, last.empty() as target:
        with Store(url) as store:
            store.write(enrolling(subject, *visits))
        carry(url, target)
        assert verdict(target) == verdict(url)
        with Store(url) as old, Store(target) as new:
            assert new.read(lambda book: book.visits()) == old.read(lambda book: book.visits())
            assert new.read(lambda book: book.subjects()) == (subject,)


def test_what_others_write_meanwhile_is_counted_and_not_carried(book: str, elsewhere: str) -> None:
    """The book is in use; what is carried is one state of it."""
    head = verdict(book).head

    def write(_done: int, _total: int) -> None:
        with Store(book) as store:
            store.write(lambda book: book.record(later("visit confirm", 90), [VISIT]))

    done = relocate(book, elsewhere, watch=write)
    assert done.later > 0
    assert done.head == head == verdict(elsewhere).head
    assert verdict(book).head.number == head.number + done.later


def test_progress_is_told_to_the_end(book: str, elsewhere: str) -> None:
    told: list[tuple[int, int]] = []
    done = relocate(book, elsewhere, watch=lambda *pair: told.append(pair))
    assert told == sorted(told)
    assert told[-1] == (2 * done.rows, 2 * done.rows)


def test_dry_run_leaves_nothing(book: str, elsewhere: str) -> None:
    before = rows(elsewhere)
    done = carried(book, elsewhere, dry_run=True)
    assert done.head == verdict(book).head
    assert rows(elsewhere) == before == {}


@pytest.mark.parametrize("dry_run", [True, False])
def test_target_that_holds_something_is_refused(
    book: str, elsewhere: str, *, dry_run: bool
) -> None:
    live(elsewhere)
    before = contents(elsewhere)
    with pytest.raises((Refused, OutputError), match=r"not empty|exists already"):
        carried(book, elsewhere, dry_run=dry_run)
    with pytest.raises((Refused, OutputError)):
        carried(book, book, dry_run=dry_run)
    assert contents(elsewhere) == before


def test_broken_history_is_not_carried(book: str, elsewhere: str) -> None:
    with past_the_guards(book) as hands:
        hands.exec_driver_sql("UPDATE weights SET kg = '69'")
        hands.commit()
    with pytest.raises(BrokenTrail, match="of weights was edited"):
        carry(book, elsewhere)
    assert rows(elsewhere) == {}


@pytest.mark.parametrize("table", ["weights", "bookings"])
def test_what_arrives_otherwise_is_not_kept(book: str, elsewhere: str, table: str) -> None:
    """As a driver or a server might, something changes a value on the way."""

    column = {"weights": "kg", "bookings": "unit"}[table]

    def garbled(row: Any) -> Any:
        if isinstance(row, dict):
            # Many rows of one statement are numbered: plain_kg__0, plain_kg__1.
            return {name: "1" if f"plain_{column}" in name else row[name] for name in row}
        place = metadata.tables[table].c.keys().index(column)
        return (*row[:place], "1", *row[place + 1 :])

    def garble(statement: str, rows: Any) -> tuple[str, Any]:
        if not statement.startswith(f"INSERT INTO {table} "):
            return statement, rows
        return statement, list(map(garbled, rows)) if isinstance(rows, list) else garbled(rows)

    class Garbling(sqlite3.Connection):
        def executemany(self, sql: str, rows: Any, /) -> sqlite3.Cursor:
            return super().executemany(*garble(sql, rows))

    def execute(_c: object, _k: object, sql: str, rows: Any, *_: object) -> tuple[str, Any]:
        return garble(sql, rows)

    with (
        listening("before_cursor_execute", execute, retval=True),
        patch("sqlite3.connect", partial(sqlite3.connect, factory=Garbling)),
        pytest.raises(StoreUnavailable, match=f"{table} came back otherwise"),
    ):
        carry(book, elsewhere)
    assert rows(elsewhere) == {}
    carry(book, elsewhere)


def test_killed_in_the_middle_it_leaves_nothing(book: str, elsewhere: str) -> None:
    before = contents(book)
    last = "os.link book.db" if elsewhere.startswith("sqlite") else "COMMIT"
    with Executioner("tests.store.test_relocation:carry") as executioner:
        for step in ("CREATE TABLE changes", "INSERT INTO changes", "INSERT INTO bookings", last):
            assert executioner.kills(step, book, elsewhere) == step
            assert rows(elsewhere) == {}
    carry(book, elsewhere)
    assert contents(elsewhere) == before == contents(book)


def test_what_is_no_book_or_no_target(databases: Databases, elsewhere: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with databases.empty() as url:
        with pytest.raises(StoreUnavailable, match="does not exist yet"):
            carry(url, elsewhere)
        live(url)
        with pytest.raises(BadValue, match="in memory"):
            carry(url, "sqlite://")
        with pytest.raises(StoreUnavailable, match="cannot be made or opened"):
            carry(url, f"sqlite:///{tmp_path}/file/book.db")
        with pytest.raises(StoreUnavailable, match=r"the book x on 127.0.0.1 cannot be reached"):
            carry(url, "postgresql://nobody@127.0.0.1:1/x")
