"""The store: the book of subjects and visits in SQLite or PostgreSQL."""

from scheduler.store.book import Book
from scheduler.store.changes import Change, Entry, Following
from scheduler.store.collections import Scope, Written
from scheduler.store.consents import Consent
from scheduler.store.entries import DoubleBooked
from scheduler.store.interruption import Interruption
from scheduler.store.outbox import Mailing, State
from scheduler.store.screenings import Ruled
from scheduler.store.store import Store
from scheduler.store.verification import Verdict

__all__ = [
    "Book",
    "Change",
    "Consent",
    "DoubleBooked",
    "Entry",
    "Following",
    "Interruption",
    "Mailing",
    "Ruled",
    "Scope",
    "State",
    "Store",
    "Verdict",
    "Written",
]
