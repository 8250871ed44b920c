"""Enrolling a thousand participants through the service, each committed on its own.

Fifty sites share one SQLite book.  The baseline replays the very statements by which the rows were
written, with their values ready, into another book: the same tables, indices, constraints and
triggers, in as many transactions, each as durable.  It reads nothing, and does nothing else.

What a process loads but once is loaded before, for starting up has a row of its own.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, event

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


def rows(scale: float) -> Iterator[Row]:
    """One row; at scale 1 with PARTICIPANTS at SITES.

    The two take turns, so that both find the machine as busy.
    """
    count = max(int(PARTICIPANTS * scale), 3)
    demo = clinics.find(Settings(values={}, site_files=()))
    with Store("sqlite://") as store:
        _enroll(store, demo, FIRST)
    ours = bare = 0.0
    with tempfile.TemporaryDirectory() as folder:
        with Store(f"sqlite:///{folder}/bare.db") as store:
            store.write(lambda _: None)
        with Store(f"sqlite:///{folder}/book.db") as store:
            store.write(lambda _: None)
            for spent, written in _enrolled(store, demo, count):
                ours += spent
                bare += _replayed(Path(folder) / "bare.db", written)
    yield Row(
        work=f"enroll {count:,} participants, committed",
        unit="ms each",
        measured=ours / count * 1e3,
        baseline_name="the same rows in bare SQLite transactions",
        baseline=bare / count * 1e3,
        reach=4,
    )


def _enrolled(store: Store, demo: Clinic, count: int) -> Iterator[tuple[float, list[list[Write]]]]:
    """Rounds of an enrollment at each site: the seconds, and what each of them wrote."""
    codes = [f"S{number:02}" for number in range(SITES)]
    sites = [replace(demo, site=replace(demo.site, code=code)) for code in codes]
    day, done = FIRST, 0
    while done < count:
        spent, written = 0.0, list[list[Write]]()
        for clinic in sites[: count - done]:
            with _noted() as writes:
                begin = perf_counter()
                _enroll(store, clinic, day)
                took = perf_counter() - begin
            if writes:
                spent += took
                written.append(writes)
        yield spent, written
        done += len(written)
        day += timedelta(days=1)


def _enroll(store: Store, clinic: Clinic, day: date) -> None:
    enrollment.enroll(store, clinic, Request(enrolled=day, arm="bmsc"), _CHANGE, None, None)


@contextmanager
def _noted() -> Iterator[list[Write]]:
    """Every writing statement of the block."""
    writes: list[Write] = []

    def note(_c: Any, _k: Any, sql: str, values: Any, _x: Any, _m: bool) -> None:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            writes.append((sql, values))

    event.listen(Engine, "before_cursor_execute", note)
    yield writes
    event.remove(Engine, "before_cursor_execute", note)


def _replayed(path: Path, written: list[list[Write]]) -> float:
    """Seconds for the same writes by bare statements."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    begin = perf_counter()
    for writes in written:
        connection.execute("BEGIN IMMEDIATE")
        for sql, values in writes:
            if isinstance(values, list):
                connection.executemany(sql, values)
            else:
                connection.execute(sql, values).fetchall()
        connection.execute("COMMIT")
    spent = perf_counter() - begin
    connection.close()
    return spent
