"""Killed at any moment, a command leaves the book as it was or complete, never between."""

from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path

import alembic.command  # noqa: F401 - loaded once here, not again in every child that dies
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from scheduler.store import Store
from scheduler.store.tables import metadata
from tests.databases import Databases
from tests.killing import Executioner, written
from tests.store.values import CHANGE, SHANGHAI, SUBJECT, VISIT, at, enrolling

OTHER = at(
    replace(VISIT, encounter="infusion-2"),
    datetime(2026, 4, 16, 9, tzinfo=SHANGHAI),
    units=("chair-1", "nurse-1"),
)
MOVED = at(VISIT, datetime(2026, 4, 10, 9, tzinfo=SHANGHAI), units=("chair-2",))

EMPTY = {**dict.fromkeys(metadata.tables, 0), "alembic_version": 1}
ENROLLED = {
    **EMPTY,
    "changes": 1,
    "seals": 1,
    "protocols": 1,
    "subjects": 1,
    "weights": 1,
    "visits": 2,
    "visit_entries": 2,
    "bookings": 3,
}


def make(url: str) -> None:
    with Store(url) as store:
        store.write(lambda _: None)


def enroll(url: str) -> None:
    with Store(url) as store:
        store.write(enrolling(SUBJECT, VISIT, OTHER))


def move(url: str) -> None:
    with Store(url) as store:
        store.write(lambda book: book.record(CHANGE, [MOVED]))


def rows(url: str) -> dict[str, int | None]:
    """How many rows each table holds; looking does not make a missing file."""
    if url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists():
        return {}
    with create_engine(url, poolclass=NullPool).connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in names}


def deaths(target: str, url: str) -> list[str]:
    """Kill the target at step after step until its work is stored; before what it was in vain.

    Each death that leaves the book as it was leaves it usable: the next step starts there.
    """
    before, in_vain = rows(url), []
    with Executioner(f"tests.store.test_killed:{target}") as executioner:
        for step in count(1):
            death = executioner.kills(step, url)
            assert death, "stored when its connection is done with"
            if rows(url) != before:
                break
            in_vain.append(death)
    return in_vain


def test_making_is_all_or_nothing(databases: Databases) -> None:
    with databases.empty() as url:
        in_vain = deaths("make", url)
        assert {f"CREATE TABLE {name}" for name in metadata.tables} <= set(in_vain)
        assert in_vain[-1] == "COMMIT"
        assert rows(url) == EMPTY
        enroll(url)
        assert rows(url) == ENROLLED


def test_enrolling_is_all_or_nothing(databases: Databases) -> None:
    with databases.book() as url:
        in_vain = deaths("enroll", url)
        assert written(in_vain) == {name for name in metadata.tables if ENROLLED[name]}
        assert in_vain[-1] == "COMMIT"
        assert rows(url) == ENROLLED
        with Store(url) as store:
            assert store.read(lambda book: book.visits()) == (VISIT, OTHER)
            assert store.read(lambda book: book.subjects()) == (SUBJECT,)


def test_moving_is_all_or_nothing(databases: Databases) -> None:
    with databases.book() as url:
        enroll(url)
        in_vain = deaths("move", url)
        assert written(in_vain) == {"changes", "visit_entries", "bookings", "seals"}
        assert "DELETE FROM bookings" in in_vain
        assert in_vain[-1] == "COMMIT"
        assert rows(url) == {**ENROLLED, "changes": 2, "seals": 2, "visit_entries": 3}
        with Store(url) as store:
            assert store.read(lambda book: book.visits()) == (MOVED, OTHER)
            assert len(store.read(lambda book: book.history("ZJ-001"))) == 3
