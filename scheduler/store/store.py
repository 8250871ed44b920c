"""The store: one database that holds the book, and its units of work."""

from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from scheduler.store.book import Book

T = TypeVar("T")


class Store:
    """A book in SQLite or PostgreSQL; close it, or use it as a context manager."""

    def __init__(self, url: str, *, patience: float = 5.0) -> None:
        """Name the database; nothing is opened or created yet.

        Args:
            url: "sqlite:///path", "sqlite://" (in memory) or "postgresql+psycopg://…".
            patience: seconds to wait for a lock or a server.

        Raises:
            BadValue: the URL is none of these.
            StoreUnavailable: the driver is not installed.
        """

    def write(self, work: Callable[[Book], T]) -> T:
        """Do `work` in one transaction: all of it is stored, or, when it raises, nothing.

        The book is created in an empty database.  `work` may be called several times
        (each time on a fresh view of the book) where others write at the same moment.

        Raises:
            StoreUnavailable: the database cannot be opened, locked or written.
        """
        raise NotImplementedError

    def read(self, work: Callable[[Book], T]) -> T:
        """Do `work` on one consistent view of the book; it cannot change anything.

        A database that is missing or empty reads as an empty book and is not created.

        Raises:
            StoreUnavailable: the database cannot be opened or is no book.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close every connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
