"""Killed at any moment, a command leaves the book as it was or complete, never between."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count

import alembic.command  # noqa: F401 - loaded once here, not again in every child that dies
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from scheduler.store import Store
from tests.databases import Databases
from tests.killing import Executioner
from tests.store.values import CHANGE, SHANGHAI, SUBJECT, VISIT, at, enrolling

OTHER = at(
    replace(VISIT, encounter="infusion-2"),
    datetime(2026, 4, 16, 9, tzinfo=SHANGHAI),
    units=("chair-1", "nurse-1"),
)
MOVED = at(VISIT, datetime(2026, 4, 10, 9, tzinfo=SHANGHAI), units=("chair-2",))

NOTHING: dict[str, int] = {}
ENROLLED = {
    "changes": 1,
    "protocols": 1,
    "subjects": 1,
    "weights": 1,
    "visits": 2,
    "visit_entries": 2,
    "bookings": 3,
}


def enroll(url: str) -> None:
    with Store(url) as store:
        store.write(enrolling(SUBJECT, VISIT, OTHER))


def move(url: str) -> None:
    with Store(url) as store:
        store.write(lambda book: book.record(CHANGE, [MOVED]))


def rows(url: str) -> dict[str, int]:
    """How many rows each table holds; those without any, and missing ones, are left out."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names()) - {"alembic_version"}
        counts = {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in names}
    return {name: n for name, n in counts.items() if n}


def deaths(target: str, url: str, before: Mapping[str, int]) -> int:
    """Kill the target at step after step until its work is stored; how often it was in vain.

    Each death that leaves the book as it was leaves it usable: the next step starts there.
    """
    with Executioner(f"tests.store.test_killed:{target}") as executioner:
        for step in count(1):
            killed = executioner.kills(step, url)
            # A book in the making may not even be a file yet, and looking must not make it.
            with Store(url) as store:
                empty = not store.read(lambda book: book.subjects())
            if (NOTHING if empty else rows(url)) != before:
                assert killed, "it must be stored at the latest when its connection is done with"
                return step - 1
            assert killed
    raise AssertionError("unreachable")


@pytest.mark.parametrize("made", [True, False], ids=["made", "unmade"])
def test_enrolling_is_all_or_nothing(databases: Databases, made: bool) -> None:
    with databases.book() if made else databases.empty() as url:
        assert deaths("enroll", url, NOTHING) > (15 if made else 40)
        assert rows(url) == ENROLLED
        with Store(url) as store:
            assert store.read(lambda book: book.visits()) == (VISIT, OTHER)
            assert store.read(lambda book: book.subjects()) == (SUBJECT,)


def test_moving_is_all_or_nothing(databases: Databases) -> None:
    with databases.book() as url:
        enroll(url)
        assert deaths("move", url, ENROLLED) > 8
        assert rows(url) == {**ENROLLED, "changes": 2, "visit_entries": 3}
        with Store(url) as store:
            assert store.read(lambda book: book.visits()) == (MOVED, OTHER)
            assert len(store.read(lambda book: book.history("ZJ-001"))) == 3
