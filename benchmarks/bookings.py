"""Bookings by many clients at once on PostgreSQL: the exclusion constraint against a lock.

Sixteen processes book random half-hours on a few chairs, one transaction each.  The
book's own table refuses overlaps by its constraint; the baseline, in a plain table,
takes an advisory lock for chair and day, looks, and inserts.  The server waits for the
disk at each commit, as one in use does.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from time import perf_counter

import click
import psycopg
import pytest

from benchmarks.table import Row
from tests.databases import PostgresqlDatabases, postgresql_server

CLIENTS = 16
ATTEMPTS = 600
CHAIRS, DAYS = 24, 400

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_EXCLUDED = (
    "INSERT INTO bookings (site, unit, start_at, end_at, zone, visit_id)"
    " VALUES ('ZJ', %s, %s, %s, 'UTC', %s) ON CONFLICT DO NOTHING"
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtext(%s), %s)"
_LOOK = "SELECT 1 FROM plain WHERE unit = %s AND start_at < %s AND end_at > %s"
_PLAIN = "INSERT INTO plain (unit, start_at, end_at) VALUES (%s, %s, %s)"
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
        connection.execute(
            "CREATE TABLE plain (id serial PRIMARY KEY, unit text NOT NULL,"
            " start_at timestamptz NOT NULL, end_at timestamptz NOT NULL)"
        )
        connection.execute("CREATE INDEX ON plain (unit, start_at)")
        by_lock = _rate(partial(_locked, url, attempts), clients, attempts)
        by_constraint = _rate(partial(_excluded, url, attempts), clients, attempts)
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


def _rate(book: "partial[None]", clients: int, attempts: int) -> float:
    with ProcessPoolExecutor(clients) as pool:
        list(pool.map(_idle, range(clients)))
        begin = perf_counter()
        list(pool.map(book, range(clients)))
        return clients * attempts / (perf_counter() - begin)


def _idle(_: int) -> None:
    """Make the pool start its processes before time is taken."""


def _asked(seed: int, attempts: int) -> Iterator[tuple[str, datetime, datetime]]:
    chance = Random(seed)
    for _ in range(attempts):
        start = _BEGIN + timedelta(days=chance.randrange(DAYS), minutes=30 * chance.randrange(16))
        yield f"chair-{chance.randrange(CHAIRS)}", start, start + timedelta(minutes=30)


def _excluded(url: str, attempts: int, seed: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for visit, (chair, start, end) in enumerate(_asked(seed, attempts), seed * attempts):
            connection.execute(_EXCLUDED, (chair, start, end, visit))


def _locked(url: str, attempts: int, seed: int) -> None:
    with psycopg.connect(url) as connection:
        for chair, start, end in _asked(seed, attempts):
            connection.execute(_LOCK, (chair, start.toordinal()))
            if connection.execute(_LOOK, (chair, end, start)).fetchone() is None:
                connection.execute(_PLAIN, (chair, start, end))
            connection.commit()
