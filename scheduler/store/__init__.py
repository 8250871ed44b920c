"""The store: the book of subjects and visits in SQLite or PostgreSQL.

This is what every use of the book needs.  What only some deal in (mails, collections, the
verdict on a trail) is imported from its own module by those, so nobody else waits for it.
"""

from scheduler.store.book import Book
from scheduler.store.changes import Change, Entry, Following
from scheduler.store.interruption import Interruption
from scheduler.store.screenings import Ruled
from scheduler.store.store import Store

__all__ = [
    "Book",
    "Change",
    "Entry",
    "Following",
    "Interruption",
    "Ruled",
    "Store",
]
