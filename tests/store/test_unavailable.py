"""A book that cannot be used now says why and what to do, and never a password."""

import re
import socket
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler.errors import BadValue, StoreUnavailable
from scheduler.store import Book, Store
from scheduler.store.engines import engine
from tests.databases import Databases, PostgresqlDatabases
from tests.store.values import SUBJECT, VISIT, enrolling, later


def refusals(url: str) -> list[str]:
    """What reading and writing say about the database."""
    said = []
    with Store(url, patience=0) as store:
        for use in (store.read, store.write):
            with pytest.raises(StoreUnavailable) as refused:
                use(lambda book: book.subjects())
            assert refused.value.exit_code == 6
            said.append(str(refused.value))
    return said


def test_missing_book_reads_as_empty_and_is_not_made(databases: Databases, tmp_path: Path) -> None:
    with databases.empty() as url, Store(url) as store:
        assert store.read(lambda book: (book.subjects(), book.visits())) == ((), ())
    with Store(f"sqlite:///{tmp_path}/a/b.db") as store:
        assert store.read(lambda book: book.subjects()) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_book_is_told_of_once_and_not_when_it_is_there(databases: Databases) -> None:
    said: list[str] = []
    with databases.empty() as url:
        with Store(url, remark=said.append) as store:
            for _ in range(2):
                assert store.read(lambda book: book.subjects()) == ()
            store.write(enrolling(SUBJECT, VISIT))
        with Store(url, remark=said.append) as store:
            assert store.read(lambda book: book.subjects()) == (SUBJECT,)
    [remark] = said
    assert "does not exist yet, and reads as empty" in remark


def test_empty_file_becomes_a_book(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    path.touch()
    with Store(f"sqlite:///{path}") as store:
        assert store.read(lambda book: book.subjects()) == ()
        assert path.stat().st_size == 0
        store.write(enrolling(SUBJECT, VISIT))
        assert store.read(lambda book: book.visits()) == (VISIT,)


def test_book_in_memory_lives_as_long_as_its_store() -> None:
    with Store("sqlite://") as store:
        assert store.read(lambda book: book.subjects()) == ()
        store.write(enrolling(SUBJECT, VISIT))
        assert store.read(lambda book: book.visits()) == (VISIT,)
    with Store("sqlite:///:memory:") as store:
        assert store.read(lambda book: book.visits()) == ()


def test_clinical_book_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "data" / "100% 试验 #1?.db"
    with Store(f"sqlite:///{str(path).replace('?', '%3F')}") as store:
        store.write(enrolling(SUBJECT, VISIT))
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_sqlite_survives_power_failure_and_lets_readers_go_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/book.db"
    with Store(url) as store:
        store.write(lambda _: None)
    database = engine(url, patience=3)
    with database.engine.connect() as connection:
        pragmas = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
        full, on = 2, 1
        assert values == ["wal", full, on, 3000]
    database.engine.dispose()


def test_reading_changes_nothing(databases: Databases) -> None:
    with databases.book() as url, Store(url) as store:
        with pytest.raises(StoreUnavailable):
            store.read(enrolling(SUBJECT, VISIT))
        assert store.read(lambda book: book.subjects()) == ()
        store.write(enrolling(SUBJECT, VISIT))
        with pytest.raises(StoreUnavailable):
            store.read(lambda book: book.record(later("visit confirm", 30), [VISIT]))
        assert len(store.read(lambda book: book.deeds())) == 1
        store.write(lambda book: book.record(later("visit confirm", 30), [VISIT]))


def test_locked_sqlite_book(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    with Store(f"sqlite:///{path}", patience=0) as store:
        store.write(enrolling(SUBJECT, VISIT))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            # Whoever only reads is not in the way of a writer, nor the writer in theirs.
            assert store.read(lambda book: book.visits()) == (VISIT,)
            with pytest.raises(StoreUnavailable, match=r"book\.db is locked by another program"):
                store.write(lambda book: book.subjects())
            other.execute("ROLLBACK")
        assert store.write(lambda book: book.subjects()) == (SUBJECT,)


def test_locked_postgresql_book(postgresql: PostgresqlDatabases) -> None:
    with postgresql.book() as url, Store(url, patience=0) as store:
        other = create_engine(url, poolclass=NullPool)
        with other.connect() as connection:
            connection.execute(text("LOCK TABLE changes IN EXCLUSIVE MODE"))
            with pytest.raises(StoreUnavailable, match="is locked by another program"):
                store.write(enrolling(SUBJECT, VISIT))
        store.write(enrolling(SUBJECT, VISIT))


def test_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, only words " * 100)
    for said in refusals(f"sqlite:///{path}"):
        assert said == f"the book {path} is not a database; name another file"
    assert path.read_text().startswith("not a database")


def test_damaged_book(tmp_path: Path) -> None:
    path = tmp_path / "book.db"
    with Store(f"sqlite:///{path}") as store:
        store.write(enrolling(SUBJECT, VISIT))
    content = bytearray(path.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    path.write_bytes(content)
    for said in refusals(f"sqlite:///{path}"):
        assert said == f"the book {path} is damaged; restore a backup"


def test_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE bookmarks (id INTEGER)")
    before = path.read_bytes()
    for said in refusals(f"sqlite:///{path}"):
        assert said.endswith("holds other tables than a schedule book; name an empty database")
    assert path.read_bytes() == before


def test_path_that_is_a_folder(tmp_path: Path) -> None:
    for said in refusals(f"sqlite:///{tmp_path}"):
        assert said.startswith(f"the book {tmp_path} cannot be opened")


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    url = f"sqlite:///{tmp_path}/file/book.db"
    with Store(url) as store:
        assert store.read(lambda book: book.subjects()) == ()
        with pytest.raises(StoreUnavailable, match="cannot be made or opened: "):
            store.write(lambda book: book.subjects())


def test_path_too_long_for_the_system() -> None:
    for said in refusals(f"sqlite:////{'x' * 5000}/book.db"):
        assert "cannot be made or opened: File name too long" in said


def test_server_that_is_down() -> None:
    with closing(socket.socket()) as deaf:
        # Bound but not listening: nobody else can answer there meanwhile.
        deaf.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://li:needle@127.0.0.1:{deaf.getsockname()[1]}/trial"
        for said in refusals(url):
            assert said.startswith("the book trial on 127.0.0.1 cannot be reached: ")
            assert "refused" in said
            assert "needle" not in said


@pytest.mark.parametrize("wrong", ["password", "user", "database"])
def test_login_that_fails(postgresql: PostgresqlDatabases, wrong: str) -> None:
    url = postgresql.server.url("postgres")
    wrongs = {
        "password": url.replace(postgresql.server.password, "needle"),
        "user": url.replace("//postgres:", "//needle:"),
        "database": url.replace("/postgres", "/needle").replace("//needle:", "//postgres:"),
    }
    for said in refusals(wrongs[wrong]):
        assert "cannot be reached: " in said
        assert "FATAL" in said
        assert postgresql.server.password not in said
        assert wrong != "password" or "needle" not in said


def test_connection_that_breaks(postgresql: PostgresqlDatabases) -> None:
    with postgresql.book() as url, Store(url) as store:
        store.write(enrolling(SUBJECT, VISIT))
        hang_up = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = '{url.rpartition('/')[2]}'"
        )

        def lose_the_server(book: Book) -> None:
            postgresql.server.execute(hang_up)
            book.subjects()

        with pytest.raises(StoreUnavailable, match=r"cannot be reached|shutting down"):
            store.read(lose_the_server)
        # The next command finds a connection of its own.
        assert store.read(lambda book: book.visits()) == (VISIT,)


def test_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=re.escape("'infusion-scheduler[postgres]'")):
        Store("postgresql+psycopg://li@localhost/trial")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "book.db",
        "mysql://li:needle@db/x",
        "postgresql+pg8000://li:needle@db/x",
        "sqlite+aiosqlite:///x.db",
        "postgresql://li:needle@db:port/x",
        "://needle",
    ],
)
def test_url_of_nothing_known_shows_the_forms(url: str) -> None:
    with pytest.raises(BadValue, match="write sqlite:///FOLDER/FILE or postgresql") as refused:
        Store(url)
    assert "needle" not in str(refused.value)


def test_short_postgresql_url_is_understood() -> None:
    with Store("postgresql://li@db.example/trial") as store:
        assert store is not None
