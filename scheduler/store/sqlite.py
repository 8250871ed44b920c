"""A book in one SQLite file, or in memory for as long as the store is open.

Writers queue: a writing transaction takes the lock before it reads, so what it read
still holds when it writes.

>>> from sqlalchemy import make_url
>>> Sqlite(make_url("sqlite://"), patience=0).place
'the book in memory'
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import uniform
from time import sleep

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from scheduler.errors import StoreUnavailable
from scheduler.store.driver import raw, told
from scheduler.store.rows import json_text

_CAUSES = {
    sqlite3.SQLITE_BUSY: "is locked by another program; close that or try again",
    sqlite3.SQLITE_LOCKED: "is locked by another program; close that or try again",
    sqlite3.SQLITE_READONLY: "is write-protected; allow writing to the file and its folder",
    sqlite3.SQLITE_PERM: "may not be opened; allow access to the file and its folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; it must be a file that you may read and write",
    sqlite3.SQLITE_NOTADB: "is not a database; name another file",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore a backup",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk fails",
}

_WRITES = "may write"
"""What is noted of a connection, for as long as it lives."""

_HAS_ROOM = "has room"
"""Noted likewise."""

_ROOM = "cache_size = -32768", "wal_autocheckpoint = 4000"
"""KiB of pages that a writer holds, and pages in the journal before they go into the file.

Indexes by site and day change all over.  What does not fit is written and read again within
one transaction, and each page once more whenever the journal is emptied.  A journal that still
grows makes each commit wait longer for the disk, so it should not grow for hundreds of them.
"""

_PAUSE = 0.001, 0.005
"""Seconds between two attempts to become the writer; a change takes some ten milliseconds."""


class Sqlite:
    """One SQLite database: how to reach it, begin on it and explain its errors."""

    spares_savepoints = True
    """Within one, SQLite copies every page before it changes: a sixth of an enrollment."""

    def __init__(self, url: URL, *, patience: float) -> None:
        self.patience = patience
        in_memory = url.database in {None, "", ":memory:"}
        self.path = None if in_memory else Path(url.database or "").absolute()
        self.place = f"the book {self.path}" if self.path else "the book in memory"
        self.engine = create_engine(
            "sqlite://",
            creator=self.connect,
            poolclass=StaticPool if in_memory else QueuePool,
            hide_parameters=True,
            json_serializer=json_text,
        )
        self._idle: list[Connection] = []

    @contextmanager
    def writer(self) -> Iterator[Connection]:
        """A connection to write by; one that does not fail is kept open for the next writer.

        No more than one, for nobody writes beside another, and readers need theirs.
        """
        try:
            connection = self._idle.pop()  # not looked at first: another thread may be quicker
        except IndexError:
            connection = self.engine.connect()
        try:
            _have_room(connection)
            yield connection
        except BaseException:
            connection.close()
            raise
        if self._idle:
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close every connection."""
        while self._idle:
            self._idle.pop().close()
        self.engine.dispose()

    def is_missing(self) -> bool:
        """Whether there is no file yet.

        Raises:
            StoreUnavailable: the folder may not be read.
        """
        if self.path is None:
            return False
        try:
            os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return True
        except OSError as error:
            raise self._unreachable(error) from error
        return False

    def prepare(self) -> None:
        """Make the file where there is none; a clinical book is for its owner alone.

        Raises:
            StoreUnavailable: the file or its folder cannot be made.
        """
        if self.path is None or not self.is_missing():
            return
        self.make_folder()
        try:
            # Exclusively: opening and closing a file that another thread has open would
            # drop the locks SQLite holds on it.
            with suppress(FileExistsError):
                self.path.touch(mode=0o600, exist_ok=False)
        except OSError as error:
            raise self._unreachable(error) from error

    def make_folder(self) -> None:
        """Make the folder of the file where there is none; it is for its owner alone.

        Raises:
            StoreUnavailable: it cannot be made.
        """
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unreachable(error) from error

    def begin_reading(self, connection: Connection) -> None:
        """Begin a transaction that sees one state of the book and changes nothing."""
        allow_writing(connection, False)
        connection.exec_driver_sql("BEGIN")

    def begin_writing(self, connection: Connection, *, alone: bool = True) -> None:  # noqa: ARG002 - SQLite's writer always is
        """Begin a transaction that sees one state of the book and may change it."""
        allow_writing(connection, True)
        if not connection.in_transaction():
            connection.begin()  # which SQLAlchemy only notes
        driver = raw(connection)
        # SQLite's own waiting asks ever more rarely, so whoever comes last is served first.
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            self._take_the_lock(driver)
        finally:
            driver.execute(f"PRAGMA busy_timeout = {round(self.patience * 1000)}")

    def _take_the_lock(self, driver: sqlite3.Connection) -> None:
        """Become the writer; all who wait ask equally often.

        The pauses are counted and no clock is asked: one that stands still would never end it.
        """
        waited, begin = 0.0, "BEGIN IMMEDIATE"
        while True:
            try:
                driver.execute(begin)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
                if code & 0xFF != sqlite3.SQLITE_BUSY or waited > self.patience:
                    raise told(error, begin) from error
                sleep(pause := uniform(*_PAUSE))
                waited += pause
            else:
                return

    def begin_making(self, connection: Connection) -> None:
        """Begin the transaction that makes the book; its readers will not stop its writer."""
        # Two first writers at once: the one refused goes on by the other's journal.
        with suppress(DBAPIError):
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        self.begin_writing(connection)

    @contextmanager
    def alone(self, purpose: str) -> Iterator[bool]:
        """Whether nobody else is at this purpose; then nobody can be while the block runs.

        Raises:
            StoreUnavailable: the folder of the book cannot be written.
        """
        if self.path is None:
            yield True
            return
        from fcntl import LOCK_EX, LOCK_NB, flock  # Unix only, as cron is

        # The lock goes with whoever holds it; the file stays, for removing it would race.
        place = self.path.with_name(f"{self.path.name}.{purpose}.lock")
        try:
            held = os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unreachable(error) from error
        try:
            try:
                flock(held, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(held)

    def lost_race(self, error: DBAPIError) -> bool:  # noqa: ARG002 - PostgreSQL's signature
        """Never: the lock lets one writer in at a time, and an error is final."""
        return False

    def explain(self, error: DBAPIError) -> StoreUnavailable | None:
        """Words for an error that is the database's, None for the program's."""
        code = getattr(error.orig, "sqlite_errorcode", None)
        cause = None if code is None else _CAUSES.get(code & 0xFF)
        return StoreUnavailable(f"{self.place} {cause}") if cause else None

    def connect(self) -> sqlite3.Connection:
        """A connection of the driver's own; only `begin_…` begins a transaction on it."""
        # mode=rw: only `prepare` creates files.  No isolation level: only `begin` begins.
        target = f"{self.path.as_uri()}?mode=rw" if self.path else ":memory:"
        connection = sqlite3.connect(
            target,
            uri=True,
            timeout=self.patience,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        # A plan a nurse has read aloud must survive a power failure; NORMAL may lose it.
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _unreachable(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"{self.place} cannot be made or opened: {error.strerror}")


def allow_writing(connection: Connection, allowed: bool) -> None:
    """Whether the next transactions on a connection may change anything.

    The pragma makes SQLite prepare every statement anew, so it is not repeated.
    """
    if connection.info.get(_WRITES) != allowed:
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if allowed else 'ON'}")
        connection.info[_WRITES] = allowed


def _have_room(connection: Connection) -> None:
    """Let a writer hold more pages than readers do, who need none of them twice."""
    if not connection.info.get(_HAS_ROOM):
        for setting in _ROOM:
            connection.exec_driver_sql(f"PRAGMA {setting}")
        connection.info[_HAS_ROOM] = True


def of_file(path: Path) -> Sqlite:
    """The database in a file that nobody else uses."""
    return Sqlite(URL.create("sqlite", database=str(path)), patience=0)
