"""The schema of the book: is it there, is it this program's, and make it so."""

from sqlite3 import SQLITE_ERROR
from threading import Lock

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from scheduler.errors import Refused, StoreUnavailable
from scheduler.store.driver import ask
from scheduler.store.tables import REVISION, changes

VERSION_TABLE = "alembic_version"

_VERSION = text(f"SELECT version_num FROM {VERSION_TABLE}")
_TABLES = {
    "sqlite": text(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
    ),
    "postgresql": text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"),
}
"""Without SQLAlchemy's inspector, which is slow to set up: PostgreSQL asks at every transaction."""

_OURS = text(f"SELECT version_num, EXISTS (SELECT * FROM {changes.name}) FROM {VERSION_TABLE}")
"""The version, where the tables that make a book are there; else SQLite refuses the question."""

_one_at_a_time = Lock()
"""Alembic keeps what it is doing in global names, which two threads would share."""


class ForeignDatabase(StoreUnavailable):
    """The database belongs to something else."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} holds other tables than a schedule book; name an empty database")


class OtherSchema(StoreUnavailable):
    """The book was written by another version of this program.

    >>> print(OtherSchema("book.db", "9999"))  # doctest: +ELLIPSIS
    book.db has schema 9999, newer than this program's ...; install the newer program
    """

    def __init__(self, place: str, revision: str) -> None:
        if revision > REVISION:
            advice = f"newer than this program's {REVISION}; install the newer program"
        else:
            advice = f"older than this program's {REVISION}; run: schedule db upgrade"
        super().__init__(f"{place} has schema {revision}, {advice}")


class NotEmpty(Refused):
    """A book that comes from elsewhere goes where nothing is, so that nothing is lost."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place} is not empty; make an empty database for it, name that one with"
            " this command, and afterwards in the settings"
        )


def revision(connection: Connection, place: str) -> str | None:
    """The schema of the book in the database; None when it holds nothing at all.

    Raises:
        ForeignDatabase: it holds something else.
    """
    names = _names(connection)
    if not names:
        return None
    if not {VERSION_TABLE, changes.name} <= names:
        raise ForeignDatabase(place)
    return str(connection.scalar(_VERSION))


def exists(connection: Connection, place: str) -> bool:
    """Whether the database holds a book; False when it holds nothing at all.

    Raises:
        ForeignDatabase: it holds something else.
        OtherSchema: it holds a book of another schema.
    """
    if _is_ours(connection):
        return True
    found = revision(connection, place)
    if found not in {None, REVISION}:
        raise OtherSchema(place, str(found))
    return found is not None


def refuse_tables(connection: Connection, place: str) -> None:
    """NotEmpty where the database holds any table."""
    if _names(connection):
        raise NotEmpty(place)


def migrate(connection: Connection) -> None:
    """Bring the schema to this program's, from nothing or from an older one.

    It happens in the transaction of `connection`.
    """
    # Alembic takes as long to load as all the rest, and a book is made only once.
    from alembic.command import upgrade
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "scheduler.store:migrations")
    config.attributes["connection"] = connection
    with _one_at_a_time:
        upgrade(config, "head")


def _is_ours(connection: Connection) -> bool:
    """Whether one short question shows that this is a book of this program's schema.

    On PostgreSQL a question about tables that are not there would end the transaction.
    """
    if connection.dialect.name != "sqlite":
        return False
    try:
        return [version for version, _ in ask(connection, _OURS)] == [REVISION]
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) != SQLITE_ERROR:
            raise
        return False


def _names(connection: Connection) -> set[str]:
    return set(connection.scalars(_TABLES[connection.dialect.name]))
