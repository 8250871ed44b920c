"""Keeping the book safe: back it up, restore it, and bring it to this program's schema.

>>> aside(Path("/data/book.db"), "before-restore", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)).name
'book-before-restore-20260302T093000Z.db'
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os.path import isfile
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from scheduler.errors import BadInput, BadValue, Problem, StoreUnavailable
from scheduler.store import chain, guards, postgresql_dumps, schema, sqlite_copies, verification
from scheduler.store.changes import Change
from scheduler.store.engines import Engine, engine, using
from scheduler.store.marks import Marks
from scheduler.store.postgresql import Postgresql
from scheduler.store.sqlite import Sqlite, of_file
from scheduler.store.tables import REVISION
from scheduler.store.verification import BrokenTrail, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The history that the book has now, and where the book that was before is kept, if any."""

    verdict: Verdict
    before: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """The schema before, and the backup of the book as it was."""

    revision: str
    backup: Path


class NoBook(StoreUnavailable):
    """There is nothing to keep."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} does not exist yet")


def aside(book: Path, why: str, at: datetime) -> Path:
    """The name beside the book under which it is kept as it was."""
    return book.with_name(f"{book.stem}-{why}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{book.suffix}")


def backup(url: str, out: Path, *, patience: float = 5.0) -> Verdict | None:
    """Write the whole book, while it may be in use, into the new file `out`.

    Returns:
        What verifying came to, for a book with a broken history is backed up too; None for
        one of an older schema, which only upgrading can verify.

    Raises:
        AlreadyThere: `out` exists.
        OutputError: it cannot be written.
        StoreUnavailable: there is no book, it is damaged, or a program is missing.
    """
    with using(engine(url, patience=patience)) as database:
        _revision(database)
        with sqlite_copies.appearing(out) as part:
            match database:
                case Sqlite():
                    sqlite_copies.copy(database, part)
                    with using(of_file(part)) as copied:
                        _refuse_flaws(copied, out)
                        return _verified(copied)
                case Postgresql():
                    postgresql_dumps.dump(database, part)
                    postgresql_dumps.check(part)
                    return _verified(database)


def restore(url: str, file: Path, change: Change, *, patience: float = 5.0) -> Restored:
    """Let the book be what it was when `file` was written; the change says so in its history.

    The book as it was stays beside it under a name with the date of the change.  A file of an
    older schema is upgraded.

    Raises:
        BadInput: the file is no backup, is damaged, or lacks guards.
        BrokenTrail: its history does not verify.
        StoreUnavailable: it is of a newer schema; or the database cannot be used now.
        Refused: a PostgreSQL database is not empty.
        OutputError: the book cannot be replaced.
    """
    if not isfile(file):  # Path.is_file raises where a name is too long for a file
        raise BadInput([Problem(str(file), "is no file", "name a file of: schedule db backup")])
    with using(engine(url, patience=patience)) as database:
        match database:
            case Sqlite():
                return _restore_sqlite(database, file, change)
            case Postgresql():
                return _restore_postgresql(database, file, change)


def upgrade(url: str, folder: Path, change: Change, *, patience: float = 5.0) -> Upgraded | None:
    """Bring an older book to this program's schema, after a backup of it; None if it is.

    The backup goes beside an SQLite book, or into `folder`.

    Raises:
        OtherSchema: the book is newer.
        AlreadyThere, OutputError: the backup cannot be written.
        BrokenTrail: the history would not verify afterwards; nothing is changed.
        StoreUnavailable: there is no book, or it cannot be used now.
    """
    with using(engine(url, patience=patience)) as database:
        revision = _revision(database)
        if revision == REVISION:
            return None
        kept = database.path if isinstance(database, Sqlite) else folder / "book.dump"
        assert kept is not None, "a book in memory is new"
        out = aside(kept, f"before-upgrade-from-{revision}", change.at)
        with sqlite_copies.appearing(out) as part:
            if isinstance(database, Sqlite):
                sqlite_copies.copy(database, part)
                with using(of_file(part)) as copied:
                    _refuse_flaws(copied, out)
            else:
                postgresql_dumps.dump(database, part)
        with database.engine.connect() as connection:
            database.begin_making(connection)
            _take_over(connection, database.place, change)
            connection.commit()
        return Upgraded(revision=revision, backup=out)


def _restore_sqlite(database: Sqlite, file: Path, change: Change) -> Restored:
    book = database.path
    if book is None:
        raise BadValue("database", "in memory", "it is gone when this command ends")
    if not database.is_missing():
        _refuse_foreign(database)
    database.make_folder()
    kept = aside(book, "before-restore", change.at)
    with TemporaryDirectory(prefix=f".{book.name}.", dir=book.parent) as folder:
        whole = Path(folder) / book.name
        whole.touch(mode=0o600)
        sqlite_copies.take_in(file, whole)
        with using(of_file(whole)) as taken:
            _refuse_flaws(taken, file)
            with taken.engine.connect() as connection:
                taken.begin_writing(connection)
                verdict = _take_over(connection, str(file), change)
                connection.commit()
        had = sqlite_copies.put_back(database, whole, kept)
    return Restored(verdict=verdict, before=kept if had else None)


def _restore_postgresql(database: Postgresql, file: Path, change: Change) -> Restored:
    postgresql_dumps.check(file)
    postgresql_dumps.load(database, file)
    with database.engine.connect() as connection:
        try:
            database.begin_making(connection)
            verdict = _take_over(connection, str(file), change)
            # A dump has no statistics; until the server's own clerk comes by, it would guess.
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
        except BaseException:
            connection.rollback()
            postgresql_dumps.empty(connection)
            connection.commit()
            raise
    return Restored(verdict=verdict, before=None)


def _take_over(connection: Connection, place: str, change: Change) -> Verdict:
    """Check a book that came from outside or from before, upgrade it, and enter the change."""
    revision = schema.revision(connection, place)
    if revision is None:
        raise BadInput([Problem(place, "is empty", "name a file of: schedule db backup")])
    if revision > REVISION:
        raise schema.OtherSchema(place, revision)
    schema.migrate(connection)
    if lacking := guards.missing(connection):
        what = f"lacks the guards of its history: {', '.join(lacking)}"
        raise BadInput([Problem(place, what, "restore another backup")])
    verdict = verification.verify(connection)
    if verdict.problems:
        raise BrokenTrail(verdict.problems)
    head = verdict.head
    noted = replace(change, reason=f"{change.reason} (schema {revision}, head {head.hash})".strip())
    chain.seal(connection, chain.end(connection), [Marks(connection).id_of(noted)])
    return verification.verify(connection)


def _revision(database: Engine) -> str:
    if database.is_missing():
        raise NoBook(database.place)
    with database.engine.connect() as connection:
        database.begin_reading(connection)
        revision = schema.revision(connection, database.place)
    if revision is None:
        raise NoBook(database.place)
    if revision > REVISION:
        raise schema.OtherSchema(database.place, revision)
    return revision


def _refuse_foreign(database: Sqlite) -> None:
    """Another program's database is never replaced; a damaged book is what restoring is for."""
    try:
        with database.engine.connect() as connection:
            schema.revision(connection, database.place)
    except DBAPIError:
        pass


def _refuse_flaws(database: Sqlite, file: Path) -> None:
    if found := sqlite_copies.flaws(database):
        raise BadInput([Problem(str(file), f"is damaged: {flaw}") for flaw in found])


def _verified(database: Engine) -> Verdict | None:
    with database.engine.connect() as connection:
        database.begin_reading(connection)
        if schema.revision(connection, database.place) != REVISION:
            return None
        return verification.verify(connection)
