"""The store: one database that holds the book, and its units of work.

>>> with Store("sqlite://") as store:
...     store.read(lambda book: book.subjects())
()
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError

from scheduler.errors import DeliveryFailed
from scheduler.store import schema
from scheduler.store.book import Book
from scheduler.store.engines import engine, explained
from scheduler.store.interruption import HalfDone, uninterrupted
from scheduler.store.tables import metadata

T = TypeVar("T")

ATTEMPTS = 5
"""The second is made alone and can lose only by a deadlock, so none needs a pause."""

CLOCK_WENT_BACK = (
    "the newest change in the book is {back} ahead of this computer's clock; this one is stored,"
    " and marked in the audit trail: set the clock right"
)


NO_BOOK_YET = "{place} does not exist yet, and reads as empty; is that the one you mean?"


class AtWork(DeliveryFailed):
    """Somebody else is at what only one may be at."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"another schedule {purpose} is at work on this book; try again later")


class Store:
    """A book in SQLite or PostgreSQL; close it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        *,
        patience: float = 5.0,
        remark: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Name the database; nothing is opened or created yet.

        Args:
            url: "sqlite:///path", "sqlite://" (in memory) or "postgresql+psycopg://…".
            patience: seconds to wait for a lock or a server.
            remark: told what a person should know of a change that was stored all the same, or
                of a book that is not there.

        Raises:
            BadValue: the URL is none of these.
            StoreUnavailable: the driver is not installed.
        """
        self._database = engine(url, patience=patience)
        self._remark = remark
        self._memory: dict[Hashable, Any] = {}
        self._missed = False

    def write(self, work: Callable[[Book], T]) -> T:
        """Do `work` in one transaction: all of it is stored, or, when it raises, nothing.

        The book is made in an empty database.  `work` is done again from the start, on
        the newer book, where others write at the same moment, so it should change
        nothing but the book.  It may raise an `Interruption`.

        Raises:
            StoreUnavailable: the database cannot be opened, locked or written.
        """
        self._database.prepare()
        return uninterrupted(lambda: self._written(work))

    def read(self, work: Callable[[Book], T]) -> T:
        """Do `work` on one state of the book; it cannot change anything.

        A database that is missing or empty reads as an empty book and stays so.  The
        work may raise an `Interruption`.

        Raises:
            StoreUnavailable: the database cannot be opened or is no book.
        """
        return uninterrupted(lambda: self._read(work))

    @contextmanager
    def alone(self, purpose: str) -> Iterator[None]:
        """Nobody else is at this purpose while the block runs, on this computer or another.

        Whoever dies in it leaves no trace: the lock is the system's, or the server's.

        Raises:
            AtWork: somebody else is.
            StoreUnavailable: the database cannot be opened.
        """
        self._database.prepare()
        with explained(self._database), self._database.alone(purpose) as taken:
            if not taken:
                raise AtWork(purpose)
            yield

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _written(self, work: Callable[[Book], T]) -> T:
        with explained(self._database):
            for attempt in range(ATTEMPTS - 1):
                try:
                    return self._whole(work, alone=attempt > 0)
                except DBAPIError as error:
                    if not self._database.lost_race(error):
                        raise
            return self._whole(work, alone=True)

    def _whole(self, work: Callable[[Book], T], *, alone: bool) -> T:
        """One attempt: without savepoints where they are dear, again with them if need be."""
        if self._database.spares_savepoints:
            with suppress(HalfDone):
                return self._write(work, alone=alone, savepoints=False)
        return self._write(work, alone=alone, savepoints=True)

    def _read(self, work: Callable[[Book], T]) -> T:
        if self._database.is_missing():
            return self._read_nothing(work)
        with explained(self._database), self._database.engine.connect() as connection:
            self._database.begin_reading(connection)
            if schema.exists(connection, self._database.place):
                return work(Book(connection, self._memory))
        return self._read_nothing(work)

    def _read_nothing(self, work: Callable[[Book], T]) -> T:
        if not self._missed:
            self._missed = True
            self._remark(NO_BOOK_YET.format(place=self._database.place))
        return _read_empty(work)

    def _write(self, work: Callable[[Book], T], *, alone: bool, savepoints: bool) -> T:
        from scheduler.store import chain

        database = self._database
        with database.writer() as connection:
            database.begin_writing(connection, alone=alone)
            if not schema.exists(connection, database.place):
                connection.rollback()
                self._make(connection)
                database.begin_writing(connection, alone=alone)
            book = Book(connection, self._memory, savepoints=savepoints)
            done = work(book)
            sealed = chain.seal(connection, book.end, book.marks.ids)
            note = book.finish(sealed)
            connection.commit()
            note()
            if sealed.back > chain.TOLERANCE:
                self._remark(CLOCK_WENT_BACK.format(back=sealed.back))
            return done

    def _make(self, connection: Connection) -> None:
        self._database.begin_making(connection)
        if not schema.exists(connection, self._database.place):
            schema.migrate(connection)
        connection.commit()


def _read_empty(work: Callable[[Book], T]) -> T:
    with create_engine("sqlite://").connect() as connection:
        metadata.create_all(connection)
        return work(Book(connection))
