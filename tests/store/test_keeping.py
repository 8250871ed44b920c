"""A book that is backed up comes back whole, and nothing that is not whole comes in."""

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler.errors import BadInput, OutputError, Refused, SchedulerError, StoreUnavailable
from scheduler.store import Store, keeping, postgresql_dumps
from scheduler.store.chain import Head
from scheduler.store.schema import OtherSchema
from scheduler.store.tables import REVISION
from scheduler.store.verification import BrokenTrail
from tests.databases import Databases, PostgresqlDatabases, SqliteFiles
from tests.killing import Executioner
from tests.store.restoring import RESTORING
from tests.store.tampering import SEALED, live, past_the_guards
from tests.store.values import CHANGE, SUBJECT, VISIT, enrolling, later
from tests.store.writing import desk


@pytest.fixture
def lived(databases: Databases) -> Iterator[str]:
    """The URL of a book with some history."""
    with databases.empty() as url:
        live(url)
        yield url


@pytest.fixture
def saved(lived: str, tmp_path: Path) -> Path:
    """A backup of that book."""
    keeping.backup(lived, tmp_path / "saved")
    return tmp_path / "saved"


def head(url: str) -> Head:
    with Store(url) as store:
        verdict = store.read(lambda book: book.verify())
    assert verdict.problems == ()
    return verdict.head


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the book."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=repr)
            for name in [*SEALED, "bookings"]
        }


def go_on(url: str) -> None:
    """The next change that somebody makes."""
    with Store(url) as store:
        store.write(lambda book: book.record(later("visit confirm", 30), [VISIT]))


def test_backup_is_the_book_and_for_its_owner_alone(lived: str, tmp_path: Path) -> None:
    out = tmp_path / "saved"
    verdict = keeping.backup(lived, out)
    assert verdict is not None
    assert verdict.head == head(lived)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    before = out.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        keeping.backup(lived, out)
    assert out.read_bytes() == before


def test_what_was_backed_up_comes_back(databases: Databases, lived: str, saved: Path) -> None:
    was, before = rows(lived), head(lived)
    with databases.empty() as fresh:
        restored = keeping.restore(fresh, saved, RESTORING)
        assert restored.before is None
        now = rows(fresh)
        for name in SEALED:
            assert set(map(repr, was[name])) <= set(map(repr, now[name]))
        assert now["bookings"] == was["bookings"]
        assert head(fresh).number == before.number + 1
        with Store(fresh) as store:
            deed = store.read(lambda book: book.deeds())[-1]
        assert (deed.person, deed.command) == ("wu", "db restore")
        assert before.hash in deed.reason
        go_on(fresh)
        with Store(fresh) as store, pytest.raises(Exception, match="append_only"):
            store.write(lambda book: book._connection.execute(text("DELETE FROM weights")))


def test_backup_while_other_processes_write_is_consistent(lived: str, tmp_path: Path) -> None:
    """Each copy holds the book of one moment, later ones more of it; nobody is kept waiting."""
    with desk(lived) as one, desk(lived) as other:
        heads = [keeping.backup(lived, tmp_path / str(n), patience=60) for n in range(3)]
    numbers = [verdict.head.number for verdict in heads if verdict and not verdict.problems]
    assert len(numbers) == 3
    assert numbers == sorted(numbers)
    # What both desks were told is stored is in the book, and they wrote between the copies.
    assert head(lived).number >= one[0] + other[0] > 2
    assert numbers[0] < numbers[-1] <= head(lived).number


def test_book_with_a_broken_history_is_backed_up_but_not_restored(
    databases: Databases, lived: str, tmp_path: Path
) -> None:
    with past_the_guards(lived) as hands:
        hands.execute(text("UPDATE weights SET kg = '99' WHERE kg = '70.0'"))
        hands.commit()
    _put_guards_back(lived)
    verdict = keeping.backup(lived, tmp_path / "saved")
    assert verdict is not None
    assert "of weights was edited" in str(verdict.problems[0])
    with databases.empty() as fresh:
        with pytest.raises(BrokenTrail, match="of weights was edited") as broken:
            keeping.restore(fresh, tmp_path / "saved", RESTORING)
        assert broken.value.exit_code == 8
        with Store(fresh) as store:
            assert store.read(lambda book: book.subjects()) == ()
            store.write(enrolling(SUBJECT, VISIT))


def _put_guards_back(url: str) -> None:
    """On SQLite `past_the_guards` drops them; a clever hand makes them anew."""
    if not url.startswith("sqlite"):
        return
    path = url.removeprefix("sqlite:///")
    with Store(f"sqlite:///{path}.fresh") as store:
        store.write(lambda _: None)
    with closing(sqlite3.connect(f"{path}.fresh")) as new, closing(sqlite3.connect(path)) as old:
        for (sql,) in new.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'"):
            old.execute(sql)


def test_backup_whose_guards_were_taken_away_is_refused(
    databases: Databases, lived: str, tmp_path: Path
) -> None:
    with past_the_guards(lived) as hands:
        if hands.dialect.name == "postgresql":
            hands.execute(text("DROP TRIGGER weights_append_only ON weights"))
            hands.commit()
    keeping.backup(lived, tmp_path / "saved")
    with databases.empty() as fresh:
        with pytest.raises(BadInput, match=r"lacks the guards of its history: .*weights_append"):
            keeping.restore(fresh, tmp_path / "saved", RESTORING)
        with Store(fresh) as store:
            assert store.read(lambda book: book.subjects()) == ()


def test_newer_backup_is_refused(databases: Databases, lived: str, tmp_path: Path) -> None:
    with past_the_guards(lived) as hands:
        saved = tmp_path / "saved"
        keeping.backup(lived, saved)
        hands.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        hands.commit()
    with pytest.raises(OtherSchema, match="install the newer program"):
        keeping.backup(lived, tmp_path / "newer")
    newer = tmp_path / "newer"
    if databases.name == "sqlite":
        shutil.copy(lived.removeprefix("sqlite:///"), newer)
        with databases.empty() as fresh, pytest.raises(OtherSchema, match="newer"):
            keeping.restore(fresh, newer, RESTORING)


@pytest.mark.parametrize("content", [b"", b"not a backup at all, only words" * 99, b"PGDMP\x01"])
def test_file_that_is_no_backup_is_refused(
    databases: Databases, lived: str, tmp_path: Path, content: bytes
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_bytes(content)
    before = rows(lived)
    with databases.empty() as fresh:
        for url in (lived, fresh):
            with pytest.raises((BadInput, Refused)):
                keeping.restore(url, wrong, RESTORING)
    assert rows(lived) == before
    with pytest.raises(BadInput, match="is no file"):
        keeping.restore(lived, tmp_path, RESTORING)


def test_there_must_be_a_book(databases: Databases, tmp_path: Path) -> None:
    with databases.empty() as url:
        for act in (
            lambda: keeping.backup(url, tmp_path / "saved"),
            lambda: keeping.upgrade(url, tmp_path, CHANGE),
        ):
            with pytest.raises(StoreUnavailable, match="does not exist yet"):
                act()
    assert list(tmp_path.iterdir()) == []


def test_book_of_this_schema_is_not_upgraded(lived: str, tmp_path: Path) -> None:
    before = rows(lived)
    assert keeping.upgrade(lived, tmp_path, CHANGE) is None
    assert rows(lived) == before
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------- SQLite alone


@pytest.fixture
def book(sqlite_files: SqliteFiles) -> Iterator[Path]:
    """The file of a book with some history."""
    with sqlite_files.empty() as url:
        live(url)
        yield Path(url.removeprefix("sqlite:///"))


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def test_replaced_book_is_kept_whole(book: Path, tmp_path: Path) -> None:
    keeping.backup(url_of(book), tmp_path / "saved")
    go_on(url_of(book))
    was = rows(url_of(book))
    restored = keeping.restore(url_of(book), tmp_path / "saved", RESTORING)
    assert restored.before == book.with_name("book-before-restore-20260302T023000Z.db")
    assert rows(url_of(restored.before)) == was
    assert stat.S_IMODE(restored.before.stat().st_mode) == 0o600
    assert head(url_of(book)).number == 5
    assert sorted(p.suffix for p in book.parent.iterdir() if "-" not in p.suffix) == [".db", ".db"]
    with pytest.raises(OutputError, match="exists already"):
        keeping.restore(url_of(book), tmp_path / "saved", RESTORING)


def test_whoever_has_the_book_open_goes_on_in_the_restored_one(book: Path, tmp_path: Path) -> None:
    keeping.backup(url_of(book), tmp_path / "saved")
    with Store(url_of(book)) as open_all_the_time:
        open_all_the_time.write(lambda b: b.record(later("visit confirm", 30), [VISIT]))
        keeping.restore(url_of(book), tmp_path / "saved", RESTORING)
        assert len(open_all_the_time.read(lambda b: b.deeds())) == 5
        open_all_the_time.write(lambda b: b.record(later("visit confirm", 90), [VISIT]))
    assert head(url_of(book)).number == 6


def test_restoring_waits_for_a_writer_no_longer_than_its_patience(
    book: Path, tmp_path: Path
) -> None:
    keeping.backup(url_of(book), tmp_path / "saved")
    with closing(sqlite3.connect(book, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"being changed by others|locked"):
            keeping.restore(url_of(book), tmp_path / "saved", RESTORING, patience=0.1)
        other.execute("ROLLBACK")
    assert head(url_of(book)).number == 4


@pytest.mark.parametrize("damage", ["missing", "words", "bytes"])
def test_lost_or_damaged_book_is_replaced(book: Path, tmp_path: Path, damage: str) -> None:
    keeping.backup(url_of(book), tmp_path / "saved")
    match damage:
        case "missing":
            book.unlink()
        case "words":
            book.write_bytes(b"not a database at all, only words" * 99)
        case "bytes":
            content = book.read_bytes()
            book.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    restored = keeping.restore(url_of(book), tmp_path / "saved", RESTORING)
    assert (restored.before is None) == (damage == "missing")
    assert head(url_of(book)).number == 5


def test_database_of_another_program_is_never_replaced(tmp_path: Path, book: Path) -> None:
    keeping.backup(url_of(book), tmp_path / "saved")
    other = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE bookmarks (id INTEGER)")
    before = other.read_bytes()
    with pytest.raises(StoreUnavailable, match="other tables than a schedule book"):
        keeping.restore(url_of(other), tmp_path / "saved", RESTORING)
    assert other.read_bytes() == before


@pytest.mark.parametrize("at", [100, 5000, 20_000, 60_000])
def test_damaged_backup_is_refused(book: Path, tmp_path: Path, at: int) -> None:
    saved = tmp_path / "saved"
    keeping.backup(url_of(book), saved)
    content = bytearray(saved.read_bytes())
    content[at : at + 4000] = b"\xff" * len(content[at : at + 4000])
    saved.write_bytes(content)
    go_on(url_of(book))
    with pytest.raises(SchedulerError) as refused:
        keeping.restore(url_of(book), saved, RESTORING)
    assert refused.value.exit_code in {5, 8}
    assert head(url_of(book)).number == 5


@pytest.mark.parametrize("damaged", [False, True], ids=["sound", "damaged"])
def test_killed_at_any_step_the_book_is_the_old_or_the_new(
    tmp_path: Path, book: Path, damaged: bool
) -> None:
    saved = tmp_path / "saved"
    keeping.backup(url_of(book), saved)
    go_on(url_of(book))
    with closing(sqlite3.connect(book)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    whole = book.read_bytes()
    old = whole[:8192] + b"\xff" * (len(whole) - 8192) if damaged else whole
    ends, deaths = [], []
    with Executioner("tests.store.restoring:restore") as executioner:
        for step in count(1):
            place = tmp_path / str(step)
            place.mkdir()
            (place / "book.db").write_bytes(old)
            death = executioner.kills(step, url_of(place / "book.db"), str(saved))
            if damaged and (place / "book.db").read_bytes() == old:
                ends.append("old")
            else:
                with Store(url_of(place / "book.db")) as store:
                    last = store.read(lambda b: b.deeds())[-1].command
                assert head(url_of(place / "book.db")).number == 5
                ends.append({"visit confirm": "old", "db restore": "new"}[last])
            if not death:
                break
            deaths.append(death.split()[0])
    assert ends == sorted(ends, reverse=True)
    # The backup was made ready beside the book and the book kept aside, and after that it was new.
    kept = {"os.rename"} if damaged else {"VACUUM"}
    assert {"INSERT", "COMMIT", "os.link"} | kept <= set(deaths[: ends.count("old")])
    assert deaths[ends.count("old") :]


# ----------------------------------------------------------------- PostgreSQL alone


def test_postgresql_is_restored_into_an_empty_database_only(
    postgresql: PostgresqlDatabases, tmp_path: Path
) -> None:
    with postgresql.empty() as url:
        live(url)
        keeping.backup(url, tmp_path / "saved")
        before = rows(url)
        with pytest.raises(Refused, match="is not empty; make an empty database"):
            keeping.restore(url, tmp_path / "saved", RESTORING)
        assert rows(url) == before


def test_postgresql_knows_a_restored_book_at_once(
    postgresql: PostgresqlDatabases, tmp_path: Path
) -> None:
    """Without statistics it reads whole tables where an index would do."""
    with postgresql.empty() as old, postgresql.empty() as url:
        live(old)
        keeping.backup(old, tmp_path / "saved")
        keeping.restore(url, tmp_path / "saved", RESTORING)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            known = set(connection.scalars(text("SELECT tablename FROM pg_stats")))
    assert {"changes", "visits", "visit_entries", "bookings"} <= known


def test_missing_client_program_is_named(
    postgresql: PostgresqlDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with postgresql.book() as url:
        live(url)
        with pytest.raises(postgresql_dumps.MissingProgram, match="postgresql-client"):
            keeping.backup(url, tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


def test_password_is_never_shown(postgresql: PostgresqlDatabases, tmp_path: Path) -> None:
    with postgresql.book() as url:
        live(url)
        password = postgresql.server.password
        program = tmp_path / "pg_dump"
        program.write_text('#!/bin/sh\necho "$@" >&2\nexit 1\n')
        program.chmod(0o700)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(tmp_path), prepend=":")
            with pytest.raises(StoreUnavailable, match="cannot be backed up") as refused:
                keeping.backup(url, tmp_path / "saved")
    assert "dbname=postgresql://" in str(refused.value)
    assert password not in str(refused.value)


def test_revision_is_a_number_that_sorts() -> None:
    """Newer is told from older by comparing the text."""
    assert len(REVISION) == 4
    assert REVISION.isdigit()
