"""The guards: triggers that keep the history from being rewritten.

A book whose guards were taken away looks like any other, so whoever takes in a book from
outside asks here.

>>> with create_engine("sqlite://").connect() as connection:
...     seals.metadata.create_all(connection)
...     "visits_append_only_delete" in missing(connection)
True
"""

from collections.abc import Set
from functools import cache

from sqlalchemy import Connection, create_engine, text

from scheduler.store import schema
from scheduler.store.canon import HISTORY
from scheduler.store.tables import seals

_SQLITE = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
_POSTGRESQL = text(
    "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
    " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
    " UNION SELECT conname, conrelid::regclass::text FROM pg_constraint WHERE contype = 'x'"
)


def missing(connection: Connection) -> tuple[str, ...]:
    """Names of guards that a new book has and this one lacks, or has in another form."""
    wanted: Set[tuple[str, str]]
    if connection.dialect.name == "postgresql":
        kept = {(f"{table}_append_only", table.name) for table in (*HISTORY, seals)}
        wanted = kept | {("bookings_no_overlap", "bookings")}
        standing = frozenset((name, table) for name, table in connection.execute(_POSTGRESQL))
    else:
        wanted, standing = of_a_new_book(), _triggers(connection)
    return tuple(sorted(name for name, _ in wanted - standing))


@cache
def of_a_new_book() -> frozenset[tuple[str, str]]:
    """The triggers of a new book in SQLite, by name, as they were written; worked out once."""
    with create_engine("sqlite://").connect() as connection:
        schema.migrate(connection)
        return _triggers(connection)


def _triggers(connection: Connection) -> frozenset[tuple[str, str]]:
    return frozenset((name, sql) for name, sql in connection.execute(_SQLITE))
