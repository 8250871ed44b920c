"""SQLite's writers: their connections, what they leave behind, and how their work grows."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection

from scheduler.errors import AlreadyEnrolled
from scheduler.store import Store
from scheduler.store.sqlite import of_file
from tests.listening import listening
from tests.store.values import SLOT, SUBJECT, VISIT, at, enrolling, later


def test_a_writer_takes_over_the_connection_of_the_one_before(tmp_path: Path) -> None:
    database = of_file(tmp_path / "book.db")
    database.prepare()
    with database.writer() as first, database.writer() as beside:
        assert first is not beside
    assert [first.closed, beside.closed] == [True, False]
    with database.writer() as following:
        assert following is beside
    database.close()
    assert first.closed
    assert beside.closed


def test_a_writer_that_fails_leaves_its_connection_to_nobody(tmp_path: Path) -> None:
    database = of_file(tmp_path / "book.db")
    database.prepare()
    given: list[Connection] = []

    def fail() -> None:
        with database.writer() as connection:
            given.append(connection)
            database.begin_writing(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert given[0].closed
    with database.writer() as following:
        database.begin_writing(following)  # for nobody holds the lock
        following.rollback()
    database.close()


def test_the_journal_goes_with_the_last_connection(tmp_path: Path) -> None:
    book = tmp_path / "book.db"
    with Store(f"sqlite:///{book}") as store:
        store.write(enrolling(SUBJECT, VISIT))
        with pytest.raises(AlreadyEnrolled):
            store.write(enrolling(SUBJECT, VISIT))
        assert store.read(lambda book: book.subjects()) == (SUBJECT,)
        assert (tmp_path / "book.db-wal").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["book.db"]


def test_only_a_writer_holds_many_pages(tmp_path: Path) -> None:
    database = of_file(tmp_path / "book.db")
    database.prepare()
    with database.engine.connect() as reader, database.writer() as writer:
        pages = [each.exec_driver_sql("PRAGMA cache_size").scalar() for each in (reader, writer)]
        assert pages == [-2000, -32768]
    database.close()


def _enroll(store: Store, number: int) -> None:
    """The participant of that number with a visit, by a change and on a day of their own."""
    code, change = f"ZJ-{number:03}", later("enroll", number)
    visit = at(VISIT, SLOT.start + timedelta(days=number), units=("chair-1",))
    one = replace(visit, subject=code, changed=change.at)
    store.write(enrolling(replace(SUBJECT, code=code), one, change=change))


@contextmanager
def _steps() -> Iterator[Iterator[int]]:
    """Counts the steps of SQLite's machine on connections that are made meanwhile."""
    taken = count()

    def tell(connection: sqlite3.Connection, _: object) -> None:
        connection.set_progress_handler(lambda: next(taken) and None, 1)

    with listening("connect", tell):
        yield taken


def _steps_of(url: str, number: int) -> int:
    """Those of an enrollment, and of looking at it, each on a new connection."""
    with _steps() as taken, Store(url) as store:
        _enroll(store, number)
        assert store.read(lambda book: book.subject(f"ZJ-{number:03}")).site == "ZJ"
    return next(taken)


def test_a_change_takes_as_many_steps_in_a_long_book_as_in_a_short_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'book.db'}"
    with Store(url) as store:
        _enroll(store, 1)
        short = _steps_of(url, 2)
        for number in range(3, 200):
            _enroll(store, number)
    assert _steps_of(url, 200) == short > 0
