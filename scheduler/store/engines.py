"""Which database a URL names.

>>> engine("sqlite:///trial.db", patience=5).place.endswith("trial.db")
True
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from scheduler.errors import BadValue
from scheduler.store.postgresql import Postgresql
from scheduler.store.sqlite import Sqlite

Engine = Sqlite | Postgresql

E = TypeVar("E", bound=Engine)

FORMS = "write sqlite:///FOLDER/FILE or postgresql+psycopg://USER@HOST/DATABASE"


def engine(url: str, *, patience: float) -> Engine:
    """The database at `url`, waiting `patience` seconds for locks and servers.

    Raises:
        BadValue: the URL names no SQLite or PostgreSQL database.
        StoreUnavailable: the driver for PostgreSQL is not installed.
    """
    parsed = _parsed(url)
    match parsed.drivername:
        case "sqlite":
            return Sqlite(parsed, patience=patience)
        case "postgresql" | "postgresql+psycopg":
            return Postgresql(parsed, patience=patience)
        case other:
            raise BadValue("database", other, FORMS)


@contextmanager
def explained(database: Engine) -> Iterator[None]:
    """Let errors of the database come in words while the block runs.

    Raises:
        StoreUnavailable: it fails, and what is wrong is known.
    """
    try:
        yield
    except DBAPIError as error:
        words = database.explain(error)
        if words is None:
            raise
        raise words from error


@contextmanager
def using(database: E) -> Iterator[E]:
    """The database while the block runs, explained; its connections are closed then."""
    try:
        with explained(database):
            yield database
    finally:
        database.close()


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # Not shown: a URL that cannot be read may hold a password anywhere.
        raise BadValue("database", "URL", FORMS) from None
