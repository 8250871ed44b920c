"""Which database a URL names.

>>> engine("sqlite:///trial.db", patience=5).place.endswith("trial.db")
True
"""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from scheduler.errors import BadValue
from scheduler.store.postgresql import Postgresql
from scheduler.store.sqlite import Sqlite

Engine = Sqlite | Postgresql

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


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # Not shown: a URL that cannot be read may hold a password anywhere.
        raise BadValue("database", "URL", FORMS) from None
