"""Enrolling a thousand participants through the service, each committed on its own.

Fifty sites share one SQLite book.  The baseline replays the very statements by which the rows were
written, with their values ready, into another book: the same tables, indices, constraints and
triggers, in as many transactions, each as durable.  It reads nothing, and does nothing else.

What a process loads but once is loaded before, for starting up has a row of its own.
"""

import gc
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Any, ClassVar, Self
from unittest.mock import patch

from benchmarks.table import Row
from scheduler.config import Settings
from scheduler.services import clinics, enrollment
from scheduler.services.clinics import Clinic
from scheduler.services.enrollment import Request
from scheduler.store import Change, Store

PARTICIPANTS, SITES = 1_000, 50

FIRST = date(2026, 3, 2)

_CHANGE = Change(user="bench", at=datetime(2026, 1, 1, tzinfo=UTC), command="enroll")

Write = tuple[str, Any]
"""A statement and its parameters: a tuple, or a list of tuples for many rows."""


Enrolled = list[tuple[Clinic, date, list[Write]]]
"""Who enrolled where and when, and what was written for it."""


def rows(scale: float) -> Iterator[Row]:
    """One row; at scale 1 with PARTICIPANTS at SITES.

    The two take turns, so that both find the machine as busy.
    """
    count = max(int(PARTICIPANTS * scale), 3)
    ours = bare = 0.0
    with tempfile.TemporaryDirectory() as folder:
        # What is written is noted in a book of its own, for noting takes time.
        rounds = list(_noted(f"{folder}/noted.db", count))
        with _made(f"{folder}/book.db") as store, _bare(f"{folder}/bare.db") as connection:
            # Nor does anyone look through what was noted, and loaded, for garbage.
            gc.collect()
            gc.freeze()
            for enrolled in rounds:
                begin = perf_counter()
                for clinic, day, _ in enrolled:
                    _enroll(store, clinic, day)
                ours += perf_counter() - begin
                bare += _replayed(connection, enrolled)
            gc.unfreeze()
    yield Row(
        work=f"enroll {count:,} participants, committed",
        unit="ms each",
        measured=ours / count * 1e3,
        baseline_name="the same rows in bare SQLite transactions",
        baseline=bare / count * 1e3,
        reach=4,
    )


def _made(path: str) -> Store:
    """A new book without anyone in it."""
    store = Store(f"sqlite:///{path}")
    store.write(lambda _: None)
    return store


class _Noting(sqlite3.Cursor):
    """A cursor that notes what is written through it."""

    written: ClassVar[list[Write]] = []

    def execute(self, sql: str, values: Any = (), /) -> Self:
        self._note(sql, values)
        return super().execute(sql, values)

    def executemany(self, sql: str, values: Any, /) -> Self:
        self._note(sql, values)
        return super().executemany(sql, values)

    def _note(self, sql: str, values: Any) -> None:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            self.written.append((sql, values))


class _Noted(sqlite3.Connection):
    """A connection that does everything by such cursors."""

    def cursor(self, factory: Any = _Noting) -> Any:
        return super().cursor(factory)

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.cursor().execute(sql, values)
        return cursor

    def executemany(self, sql: str, values: Any, /) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.cursor().executemany(sql, values)
        return cursor


@contextmanager
def _bare(path: str) -> Iterator[sqlite3.Connection]:
    """SQLite's own connection to a new book, as durable as the program's."""
    with _made(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        yield connection


def _noted(path: str, count: int) -> Iterator[Enrolled]:
    """Rounds of an enrollment at each site, on the days on which everyone finds a slot."""
    demo = clinics.find(Settings(values={}, site_files=()))
    codes = [f"S{number:02}" for number in range(SITES)]
    sites = [replace(demo, site=replace(demo.site, code=code)) for code in codes]
    day, done = FIRST, 0
    with (
        patch("sqlite3.connect", partial(sqlite3.connect, factory=_Noted)),
        _made(path) as store,
    ):
        while done < count:
            enrolled: Enrolled = []
            for clinic in sites[: count - done]:
                _Noting.written.clear()
                _enroll(store, clinic, day)
                if _Noting.written:
                    enrolled.append((clinic, day, _Noting.written.copy()))
            if enrolled:
                yield enrolled
            done += len(enrolled)
            day += timedelta(days=1)


def _enroll(store: Store, clinic: Clinic, day: date) -> None:
    enrollment.enroll(store, clinic, Request(enrolled=day, arm="bmsc"), _CHANGE, None, None)


def _replayed(bare: sqlite3.Connection, enrolled: Enrolled) -> float:
    """Seconds for the same writes by bare statements."""
    begin = perf_counter()
    for _, _, writes in enrolled:
        bare.execute("BEGIN IMMEDIATE")
        for sql, values in writes:
            if isinstance(values, list):
                bare.executemany(sql, values)
            else:
                bare.execute(sql, values)
        bare.execute("COMMIT")
    return perf_counter() - begin
