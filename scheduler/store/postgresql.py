"""A book in a PostgreSQL database that several desks share.

Every transaction sees the book as of its first query.  Where another desk commits
something that contradicts it, PostgreSQL refuses, and the store does the work again on
the newer book, then alone: nobody loses twice.

>>> from sqlalchemy import make_url
>>> Postgresql(make_url("postgresql://li:secret@db.example/trial"), patience=1).place
'the book trial on db.example'
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from scheduler.errors import StoreUnavailable
from scheduler.store.rows import json_text

QUEUE = "schedule_queue"
"""The schema of the queue that workers share, which is no part of the book."""

_MAKING = int.from_bytes(b"schedule")
"""The number of the advisory lock under which a book is made."""

_PLANNING = ("SET LOCAL cursor_tuple_fraction = 1", "SET LOCAL random_page_cost = 1.1")
"""What the server cannot know: cursors are read to their end, and a book fits into its memory.

It would plan for the first rows of a list, and read whole tables to spare a disk.
"""

_RACES = {
    "40001",  # serialization_failure: what was read has changed
    "40P01",  # deadlock_detected: two desks waited for each other
    "23P01",  # exclusion_violation: another desk took the slot first
    "23505",  # unique_violation: another desk entered the same code or revision first
}

_CAUSES = {
    "23P01": "is being changed by too many others at this moment; try again",
    "25006": "is on a server that only reads; name the main server",
    "40": "is being changed by too many others at this moment; try again",
    "42501": "refuses this user; its administrator must grant CREATE and USAGE on the schema",
    "53": "is on a server that is full or has no connection left",
    "55P03": "is locked by another program; close that or try again",
    "57": "is on a server that is shutting down or cancelled the command; try again",
}
"""SQLSTATEs, whole or by class, to what they mean here."""


class MissingDriver(StoreUnavailable):
    """psycopg is an extra, and is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "PostgreSQL needs its driver; install it with:"
            " pip install 'infusion-scheduler[postgres]'"
        )


class Postgresql:
    """One PostgreSQL database: how to reach it, begin on it and explain its errors."""

    spares_savepoints = False
    """What is refused by a constraint is done again often enough, and a savepoint costs little."""

    def __init__(self, url: URL, *, patience: float) -> None:
        self.url, self.patience = url, max(2, round(patience))
        # Zero would be forever.
        lock_timeout = f"SET LOCAL lock_timeout = {max(1, int(patience * 1000))}"
        self._settings = "; ".join((lock_timeout, *_PLANNING))
        host = url.host or url.query.get("host") or "this machine"
        self.place = f"the book {url.database or url.username or 'by default'} on {host}"
        try:
            self.engine = create_engine(
                url.set(drivername="postgresql+psycopg"),
                connect_args={"connect_timeout": self.patience},
                pool_pre_ping=True,
                hide_parameters=True,
                json_serializer=json_text,
                isolation_level="REPEATABLE READ",
            )
        except ModuleNotFoundError as error:
            raise MissingDriver from error

    def writer(self) -> Connection:
        """A connection to write by; it is known to be alive."""
        return self.engine.connect()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def is_missing(self) -> bool:
        """Never: a database that is not there is an error, for only a server can make one."""
        return False

    def prepare(self) -> None:
        """Nothing: the server keeps its own files."""

    def begin_reading(self, connection: Connection) -> None:
        """Begin a transaction that sees one state of the book and changes nothing."""
        connection.execution_options(postgresql_readonly=True)
        connection.exec_driver_sql(self._settings)

    def begin_writing(self, connection: Connection, *, alone: bool) -> None:
        """Begin a transaction that sees one state of the book and may change it.

        One that is alone waits for its turn, and then no other writer can come first.
        """
        connection.exec_driver_sql(self._settings)
        if alone:
            # Unlike a query, this does not yet fix the state that the transaction sees.
            connection.exec_driver_sql("LOCK TABLE changes IN SHARE ROW EXCLUSIVE MODE")

    def begin_making(self, connection: Connection) -> None:
        """Begin the transaction that makes the book; others who want to make it wait."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        connection.exec_driver_sql(self._settings)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING})")

    @contextmanager
    def alone(self, purpose: str) -> Iterator[bool]:
        """Whether nobody else is at this purpose; then nobody can be while the block runs."""
        number = {"number": int.from_bytes(purpose.encode()[:8])}
        options = {"isolation_level": "AUTOCOMMIT"}
        with self.engine.connect().execution_options(**options) as connection:
            taken = connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), number)
            try:
                yield bool(taken)
            finally:
                # The connection goes back to the pool, and a lock of it would stay.
                connection.execute(text("SELECT pg_advisory_unlock_all()"))

    def lost_race(self, error: DBAPIError) -> bool:
        """Whether the work may succeed when it is done again on the newer book."""
        return _sqlstate(error) in _RACES

    def explain(self, error: DBAPIError) -> StoreUnavailable | None:
        """Words for an error that is the database's, None for the program's."""
        state, said = _sqlstate(error), _said(error)
        if "btree_gist" in said:
            return StoreUnavailable(
                f"{self.place} lacks the extension btree_gist ({said}); ask its"
                " administrator to install it and run there: CREATE EXTENSION btree_gist"
            )
        if not state or state.startswith("08"):
            return StoreUnavailable(f"{self.place} cannot be reached: {said}")
        cause = _CAUSES.get(state) or _CAUSES.get(state[:2])
        return StoreUnavailable(f"{self.place} {cause} ({said})") if cause else None


def _sqlstate(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _said(error: DBAPIError) -> str:
    # The server's sentence, or all that libpq tried, as one line; neither repeats the password.
    primary = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return " ".join(str(primary or error.orig).split())
