"""The queue stands beside the book: made when it is needed, and no part of what is kept."""

from pathlib import Path

import procrastinate
import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from scheduler.store import Store, keeping
from scheduler.store.postgresql import QUEUE
from scheduler.store.queue import OtherQueue, Queue
from tests.databases import PostgresqlDatabases
from tests.lives import change
from tests.working import execute


def of_another_version(url: str) -> None:
    execute(url, f"COMMENT ON SCHEMA {QUEUE} IS '2.0.0'")


def test_a_queue_is_made_once(postgresql: PostgresqlDatabases) -> None:
    with postgresql.empty() as url:
        queue = Queue(url)
        assert queue.workers() == 0
        queue.make()
        execute(url, "INSERT INTO procrastinate_workers DEFAULT VALUES")
        queue.make()
        assert queue.workers() == 1


def test_a_queue_of_another_version_is_made_anew_when_nobody_uses_it(
    postgresql: PostgresqlDatabases,
) -> None:
    with postgresql.empty() as url:
        queue = Queue(url)
        queue.make()
        of_another_version(url)
        execute(url, "INSERT INTO procrastinate_workers DEFAULT VALUES")
        for use in (queue.make, queue.workers):
            with pytest.raises(
                OtherQueue, match=f"of Procrastinate 2.0.0, and this is {procrastinate.__version__}"
            ):
                use()
        execute(url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '9 s'")
        assert queue.workers() == 0
        queue.make()
        assert execute(url, "SELECT count(*) FROM procrastinate_workers") == [(0,)]


def test_a_backup_leaves_the_queue_where_it_is(
    postgresql: PostgresqlDatabases, tmp_path: Path
) -> None:
    with postgresql.book() as url, postgresql.empty() as other:
        Queue(url).make()
        Queue(other).make()
        execute(other, "INSERT INTO procrastinate_workers DEFAULT VALUES")
        keeping.backup(url, tmp_path / "saved")
        keeping.restore(other, tmp_path / "saved", change("db restore"))
        assert Queue(other).workers() == 1
        engine = create_engine(other, poolclass=NullPool)
        assert not [name for name in inspect(engine).get_table_names() if "procrastinate" in name]
        with Store(other) as store:
            assert not store.read(lambda book: book.verify()).problems
