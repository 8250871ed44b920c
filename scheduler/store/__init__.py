"""The store: the book of subjects and visits in SQLite or PostgreSQL."""

from scheduler.store.book import Book, Change, DoubleBooked, Entry
from scheduler.store.store import Store

__all__ = ["Book", "Change", "DoubleBooked", "Entry", "Store"]
