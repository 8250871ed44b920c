"""SQLite's writers leave their connection to the next one, and nothing behind in the end."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from scheduler.errors import AlreadyEnrolled
from scheduler.store import Store
from scheduler.store.sqlite import of_file
from tests.store.values import SUBJECT, VISIT, enrolling


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
