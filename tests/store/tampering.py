"""Hands in the database, past the program and past the database's own guards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from scheduler.feeds import Feed, digest
from scheduler.outcomes import Outcome
from scheduler.products import Product, Stage
from scheduler.ruling import RuleOutcome, Ruling
from scheduler.sites import Audience
from scheduler.store import Book, Store
from scheduler.store.canon import HISTORY
from scheduler.store.collections import Scope, Written
from scheduler.store.tables import seals
from scheduler.subject import Weight
from tests.store.values import CHANGE, SHANGHAI, SUBJECT, VISIT, at, enrolling, later

SEALED = sorted(table.name for table in (*HISTORY, seals))
"""Every table that only grows, the seals among them."""

RULING = Ruling(
    day=SUBJECT.enrolled,
    version="1",
    outcome=Outcome.ELIGIBLE,
    consent=None,
    rules=(RuleOutcome(rule="age", outcome=Outcome.ELIGIBLE),),
)
BATCH = Product(
    subject="ZJ-001",
    batch="B-1",
    chain=1,
    stage=Stage.ORDERED,
    weight=Weight(kg=Decimal("68.50"), measured=SUBJECT.enrolled),
    ordered=SUBJECT.enrolled,
)

COLLECTION = "https://dav.example/li/visits/"
WRITTEN = Written(uid="a", path="/li/visits/a.ics", etag='"1"', body="BEGIN:VCALENDAR…".encode())
FEED = Feed(
    number=0,
    person="li",
    audience=Audience.STAFF,
    site="ZJ",
    subject="ZJ-001",
    language="en",
    given=CHANGE.at,
)


def live(url: str) -> None:
    """Some history, with a row in every table of it."""
    moved = at(VISIT, datetime(2026, 4, 10, 9, tzinfo=SHANGHAI), units=("chair-2",))
    weight = Weight(kg=Decimal("70.0"), measured=SUBJECT.enrolled)
    with Store(url) as store:
        store.write(_begin)
        store.write(lambda book: book.record(later("visit move", 1, "病人要求"), [moved]))
        store.write(lambda book: book.weigh(later("subject weigh", 2), "ZJ-001", weight))
        store.write(lambda book: book.amend(later("amend", 3), {"ZJ-001": "1"}, [VISIT]))


def _begin(book: Book) -> None:
    enrolling(SUBJECT, VISIT)(book)
    book.keep_ruling(CHANGE, "ZJ-001", RULING)
    book.supply(CHANGE, "ZJ-001", [BATCH])
    book.consents.record(CHANGE, "ZJ-001", SUBJECT.enrolled, given=True)
    book.collections.open(COLLECTION, Scope(site="ZJ", audience=Audience.STAFF, subject="ZJ-001"))
    book.collections.note(COLLECTION, WRITTEN)
    given = book.feeds.give(CHANGE, FEED, digest("token"))
    book.feeds.revoke(CHANGE, given.number, "ZJ")


@contextmanager
def past_the_guards(url: str) -> Iterator[Connection]:
    """A connection for which no trigger, foreign key or check stands in the way."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET session_replication_role = replica"))
        else:
            names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger'"))
            for name in names.all():
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.commit()
        yield connection
