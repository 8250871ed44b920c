"""The queue: where work is left for workers, beside the book in its PostgreSQL database.

Procrastinate keeps it, in a schema of its own that no backup, upgrade or move of the book carries:
what is in it is deleted when it is done.  A worker gives signs of life while it runs.  Whoever
asks for something has a number, and a lock of that number for as long as the connection lasts;
when the lock is gone, nobody waits for an answer any more.

This module needs the extra `workers` and is imported where it is used only.

>>> Queue("sqlite:///book.db")
Traceback (most recent call last):
scheduler.store.queue.NotShared: workers need a book in PostgreSQL; move it there with: \
schedule db migrate
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate import __version__ as VERSION  # noqa: N812 - a constant
from procrastinate.exceptions import ConnectorException
from procrastinate.schema import SchemaManager
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from scheduler.errors import Refused, StoreUnavailable
from scheduler.store.engines import engine, explained, using
from scheduler.store.postgresql import QUEUE, Postgresql

BEAT = 1.0
"""Seconds from one sign of life of a worker to the next."""

SILENCE = 8.0
"""Seconds without a sign of life after which a worker counts as dead."""

_ASKING = int.from_bytes(b"asks")
"""The class of the advisory locks of those who ask."""

_MAKING = int.from_bytes(b"queue")
"""The number of the advisory lock under which the queue is made."""

_STALLED = f"""job.status = 'doing' AND NOT EXISTS (
    SELECT FROM {QUEUE}.procrastinate_workers worker WHERE worker.id = job.worker_id
    AND worker.last_heartbeat > now() - interval '{SILENCE} s')"""

_ALIVE = f"""SELECT count(*) AS workers FROM {QUEUE}.procrastinate_workers
    WHERE last_heartbeat > now() - interval '{SILENCE} s'"""

_WAITING = f"""SELECT job.id, {_STALLED} AS stalled FROM {QUEUE}.procrastinate_jobs job
    WHERE job.id = ANY(%(ids)s) AND job.status IN ('todo', 'doing')"""

_ABANDONED = f"""SELECT job.id, {_STALLED} AS stalled FROM {QUEUE}.procrastinate_jobs job
    WHERE pg_try_advisory_xact_lock_shared({_ASKING}, split_part(queueing_lock, ' ', 1)::int)"""


class NotShared(Refused):
    """A book that only this computer can open has no use for workers elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "workers need a book in PostgreSQL; move it there with: schedule db migrate"
        )


class OtherQueue(StoreUnavailable):
    """Programs of different versions would use one queue."""

    def __init__(self, place: str, version: str) -> None:
        super().__init__(
            f"{place} has a queue of Procrastinate {version}, and this is {VERSION}: stop all"
            " workers and install the same program on every computer"
        )


class Queue:
    """The queue of one book; `app` is Procrastinate's."""

    def __init__(self, url: str, *, patience: float = 5.0) -> None:
        """Name the book; nothing is opened yet.

        Raises:
            NotShared: it is in SQLite.
            BadValue, StoreUnavailable: as `engine`.
        """
        database = engine(url, patience=patience)
        if not isinstance(database, Postgresql):
            raise NotShared
        self._database = database
        self.place = database.place

    @cached_property
    def app(self) -> App:
        """Procrastinate on this queue; open it with `open_async`."""
        for name in ("procrastinate", "psycopg.pool"):
            # Their words hold what the work is about, and are no words for people.
            quiet = logging.getLogger(name)
            quiet.propagate = False
            quiet.addHandler(logging.NullHandler())
        dialect, url = self._database.engine.dialect, self._database.url
        _, known = dialect.create_connect_args(url)
        known.pop("context", None)
        known["options"] = f"{known.get('options', '')} -c search_path={QUEUE}".strip()
        patience = self._database.patience
        connector = PsycopgConnector(
            conninfo=make_conninfo(**{"connect_timeout": patience, **known}),
            min_size=1,
            max_size=4,
            timeout=patience,
        )
        return App(connector=connector)

    def make(self) -> None:
        """Make the queue where there is none, or one of another version that nobody uses.

        Raises:
            OtherQueue: workers of that other version are alive.
            StoreUnavailable: the database cannot be reached, or refuses.
        """
        with self._connection("READ COMMITTED") as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MAKING})"))
            made_by = _made_by(connection)
            if made_by != VERSION:
                if made_by is not None and connection.scalar(text(_ALIVE)):
                    raise OtherQueue(self.place, made_by)
                _make(connection)
            connection.commit()

    def workers(self) -> int:
        """How many workers are alive.

        Raises:
            OtherQueue: they are of another version.
            StoreUnavailable: the database cannot be reached.
        """
        with self._connection("READ COMMITTED") as connection:
            made_by = _made_by(connection)
            alive = made_by is not None and connection.scalar(text(_ALIVE))
            if alive and made_by != VERSION:
                raise OtherQueue(self.place, str(made_by))
            return int(alive or 0)

    @contextmanager
    def asking(self) -> Iterator[int]:
        """The number of somebody who asks while the block runs, and no longer."""
        sequence = text(f"SELECT nextval('{QUEUE}.procrastinate_jobs_id_seq')")
        with self._connection("AUTOCOMMIT") as connection:
            # So the server hears soon of a computer that has lost its power.
            for setting in ("idle = 10", "interval = 5", "count = 3"):
                connection.exec_driver_sql(f"SET tcp_keepalives_{setting}")
            number = connection.execute(sequence).scalar_one()
            connection.execute(text(f"SELECT pg_advisory_lock({_ASKING}, {number})"))
            yield number

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Let errors of the database come in words while the block runs.

        Raises:
            StoreUnavailable: it fails.
        """
        try:
            with explained(self._database):
                yield
        except ConnectorException as error:
            cause = error.__cause__ or error
            words = self._database.explain(DBAPIError(None, None, cause))
            raise words or StoreUnavailable(f"{self.place}: the queue fails: {cause}") from error

    async def alive(self) -> int:
        """How many workers are alive."""
        [row] = await self._rows(_ALIVE)
        return int(row["workers"])

    async def waiting(self, ids: Iterable[int]) -> dict[int, bool]:
        """Which jobs wait or are being done, and whether it is by a worker that died."""
        rows = await self._rows(_WAITING, ids=list(ids))
        return {row["id"]: row["stalled"] for row in rows}

    async def abandoned(self) -> dict[int, bool]:
        """The jobs of those who do not ask any more, as `waiting` tells them."""
        return {row["id"]: row["stalled"] for row in await self._rows(_ABANDONED)}

    async def end(self, seconds: float) -> str:
        """The instant in so many seconds by the clock of the database, which all share."""
        query = "SELECT (clock_timestamp() + make_interval(secs => %(seconds)s))::text AS end"
        [row] = await self._rows(query, seconds=seconds)
        return str(row["end"])

    async def seconds_until(self, end: str) -> float:
        """How many seconds are left until such an instant."""
        query = "SELECT extract(epoch FROM %(end)s::timestamptz - clock_timestamp()) AS seconds"
        [row] = await self._rows(query, end=end)
        return float(row["seconds"])

    async def _rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        return await self.app.connector.execute_query_all_async(query, **values)

    @contextmanager
    def _connection(self, isolation: str) -> Iterator[Connection]:
        with using(self._database), self._database.engine.connect() as connection:
            yield connection.execution_options(isolation_level=isolation)


def _made_by(connection: Connection) -> str | None:
    """The version of the Procrastinate that made the queue; None where there is none."""
    query = f"SELECT obj_description(to_regnamespace('{QUEUE}'), 'pg_namespace')"
    made_by: str | None = connection.scalar(text(query))
    return made_by


def _make(connection: Connection) -> None:
    for statement in (
        f"DROP SCHEMA IF EXISTS {QUEUE} CASCADE",
        f"CREATE SCHEMA {QUEUE}",
        f"COMMENT ON SCHEMA {QUEUE} IS '{VERSION}'",
        f"SET LOCAL search_path TO {QUEUE}",
        SchemaManager.get_schema(),
    ):
        connection.execution_options(no_parameters=True).exec_driver_sql(statement)
