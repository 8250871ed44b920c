"""Bookings by many clients at once on PostgreSQL: the exclusion constraint against a lock.

Sixteen processes book random half-hours on a few chairs, one transaction each.  The
book's own table refuses overlaps by its constraint, as the program has it do; the
baseline, in a table that is the same but for the constraint, takes an advisory lock for
chair and day, looks, and inserts.  The two take turns, so that both find the machine as
busy, and the server waits for the disk at each commit, as one in use does.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from random import Random
from time import perf_counter
from typing import LiteralString, cast

import click
import psycopg
import pytest
from psycopg.errors import ExclusionViolation

from benchmarks.table import Row
from tests.databases import PostgresqlDatabases, postgresql_server

CLIENTS = 16
ATTEMPTS = 600
TURNS = 6
CHAIRS, DAYS = 24, 400

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_EXCLUDED = (
    "INSERT INTO bookings (site, unit, start_at, end_at, zone, visit_id)"
    " VALUES ('ZJ', %s, %s, %s, 'UTC', %s)"
)
_COPIED = "SELECT conname FROM pg_constraint WHERE conrelid = 'plain'::regclass AND contype = 'x'"
_LOCK = "SELECT pg_advisory_xact_lock(hashtext(%s), %s)"
_LOOK = "SELECT 1 FROM plain WHERE site = 'ZJ' AND unit = %s AND start_at < %s AND end_at > %s"
_PLAIN = _EXCLUDED.replace("bookings", "plain")
_OVERLAPS = (
    "SELECT count(*) FROM {table} a JOIN {table} b ON a.unit = b.unit AND a.id < b.id"
    " AND a.start_at < b.end_at AND b.start_at < a.end_at"
)


def rows(scale: float) -> Iterator[Row]:
    """Two rows; at scale 1 every client makes ATTEMPTS bookings in either way."""
    attempts = max(int(ATTEMPTS * scale), 2)
    clients = max(min(int(CLIENTS * scale * 10), CLIENTS), 2)
    try:
        with postgresql_server(durable=True) as server, PostgresqlDatabases(server).book() as url:
            yield from _measured(url.replace("+psycopg", ""), clients, attempts)
    except pytest.skip.Exception as missing:
        click.echo(f"not measured: bookings by {CLIENTS} clients ({missing})", err=True)


def _measured(url: str, clients: int, attempts: int) -> Iterator[Row]:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("CREATE TABLE plain (LIKE bookings INCLUDING ALL)")
        connection.execute("ALTER TABLE plain DROP CONSTRAINT " + _constraint(connection))
        by_lock, by_constraint = _rates(url, clients, attempts)
        overlaps = connection.execute(_OVERLAPS.format(table="bookings").encode()).fetchone()
    yield Row(
        work=f"bookings by {clients} clients on PostgreSQL",
        unit="bookings/s",
        measured=by_constraint,
        baseline_name="advisory lock, look, insert",
        baseline=by_lock,
        reach=2,
        at_least=True,
    )
    assert overlaps is not None
    yield Row(
        work="double bookings among these",
        unit="overlaps",
        measured=overlaps[0],
        baseline_name="as a limit",
        baseline=1,
        reach=0,
    )


def _constraint(connection: psycopg.Connection) -> LiteralString:
    found = connection.execute(_COPIED).fetchone()
    assert found is not None
    return cast(LiteralString, found[0])


def _rates(url: str, clients: int, attempts: int) -> tuple[float, float]:
    """Bookings a second by the lock and by the constraint, of clients that are connected."""
    spent = dict.fromkeys((_locked, _excluded), 0.0)
    each = max(attempts // TURNS, 1)
    with ProcessPoolExecutor(clients, initializer=_connection, initargs=(url,)) as pool:
        # A turn before the first: processes start and connect in it.
        for turn in range(TURNS + 1):
            for book in spent:
                seeds = range(turn * clients, (turn + 1) * clients)
                begin = perf_counter()
                list(pool.map(partial(book, url, each), seeds))
                spent[book] += perf_counter() - begin if turn else 0
    made = clients * each * TURNS
    return made / spent[_locked], made / spent[_excluded]


@cache
def _connection(url: str) -> psycopg.Connection:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("SET session_replication_role = replica")
    return connection


def _asked(seed: int, attempts: int) -> Iterator[tuple[str, datetime, datetime]]:
    chance = Random(seed)
    for _ in range(attempts):
        start = _BEGIN + timedelta(days=chance.randrange(DAYS), minutes=30 * chance.randrange(16))
        yield f"chair-{chance.randrange(CHAIRS)}", start, start + timedelta(minutes=30)


def _excluded(url: str, attempts: int, seed: int) -> None:
    connection = _connection(url)
    for visit, (chair, start, end) in enumerate(_asked(seed, attempts), seed * attempts):
        with suppress(ExclusionViolation):
            connection.execute(_EXCLUDED, (chair, start, end, visit))


def _locked(url: str, attempts: int, seed: int) -> None:
    connection = _connection(url)
    for visit, (chair, start, end) in enumerate(_asked(seed, attempts), seed * attempts):
        with connection.transaction():
            connection.execute(_LOCK, (chair, start.toordinal()))
            if connection.execute(_LOOK, (chair, end, start)).fetchone() is None:
                connection.execute(_PLAIN, (chair, start, end, visit))
