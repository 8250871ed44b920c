"""A crew whose workers die, fail, or are of another version: no site is left undone."""

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from math import inf
from threading import Event

import pytest

from scheduler.joint.arrangement import Arrangement
from scheduler.joint.quotas import Party
from scheduler.services.crew import WorkerFailed, crew
from scheduler.store.queue import Queue
from tests.databases import PostgresqlDatabases
from tests.joint.test_quotas import each, party
from tests.working import (
    HANGING,
    NEVER,
    Worker,
    bury,
    execute,
    wait_until_empty,
    wait_until_left,
    worker,
)


def here(parties: Sequence[Party]) -> list[Arrangement]:
    return each([*parties])


PARTIES = [party("ZJ", [0, 0, 1], 1), party("GZ", [0], 1)]


@pytest.fixture(scope="module")
def url(postgresql: PostgresqlDatabases) -> Iterator[str]:
    with postgresql.empty() as url:
        yield url


@pytest.fixture(scope="module")
def sound(url: str) -> Iterator[Worker]:
    """A worker; as long as it is stopped it takes nothing."""
    with worker(url) as sound:
        sound.send(signal.SIGSTOP)
        yield sound
        sound.send(signal.SIGCONT)


@contextmanager
def awake(url: str, sound: Worker) -> Iterator[None]:
    """The sound worker takes errands while the block runs."""
    sound.send(signal.SIGCONT)
    while not Queue(url).workers():
        pass
    yield
    sound.send(signal.SIGSTOP)


class Asked:
    """What somebody hears who asks for the two sites; `left` are the seconds for that."""

    def __init__(self, left: float = inf) -> None:
        self.left = left
        self.parts: list[float] = []
        self.remarks: list[str] = []

    def found(self, url: str) -> list[Arrangement]:
        """The arrangements."""
        hear = (self.parts.append, self.remarks.append)
        with crew(Queue(url), here, lambda: self.left, *hear) as arranged:
            return arranged(PARTIES)


@contextmanager
def asking(url: str) -> Iterator[tuple[Asked, "Future[list[Arrangement]]"]]:
    """Somebody who asks while the block runs."""
    with ThreadPoolExecutor(1) as pool:
        asked = Asked()
        yield asked, pool.submit(asked.found, url)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_a_worker_leaves_another_does(url: str, sound: Worker, number: signal.Signals) -> None:
    with worker(url, NEVER) as stuck, asking(url) as (asked, found):
        stuck.hear("participants")
        with awake(url, sound):
            # It does the other site first, for there is one errand at a time for each.
            wait_until_left(url, 1)
            if number is signal.SIGTERM:
                assert stuck.end(number) == 0
                assert stuck.said[-2:] == ["ZJ: given back", "Stopped."]
            else:
                assert stuck.end(number) == -number
                bury(url)
            assert found.result(timeout=HANGING) == each(PARTIES)
    assert asked.remarks == []
    assert asked.parts == sorted(asked.parts)
    wait_until_empty(url)


def test_what_workers_leave_is_done_here(postgresql: PostgresqlDatabases) -> None:
    with postgresql.empty() as url, worker(url, NEVER) as stuck:
        with asking(url) as (asked, found):
            stuck.hear("participants")
            asked.left = 0.0
            assert found.result(timeout=HANGING) == each(PARTIES)
            assert asked.remarks == []
        stuck.hear("not asked for any more")
        with asking(url) as (asked, found):
            stuck.hear("participants")
            assert stuck.end(signal.SIGKILL) == -signal.SIGKILL
            bury(url)
            assert found.result(timeout=HANGING) == each(PARTIES)
            [remark] = asked.remarks
            assert remark == "No worker answers any more; arranged on this computer: ZJ, GZ"


def test_news_at_the_end_stops_nobody_from_ending(url: str, sound: Worker) -> None:
    """A cancellation that comes together with a notification may be lost."""
    news = """SELECT pg_notify('procrastinate_queue_v1#answers-' || number,
        format('{"type": "job_inserted", "job_id": %s}', id))
        FROM generate_series(1, 100) number, generate_series(1, 300) id"""
    over = Event()

    def flood() -> None:
        while not over.is_set():
            execute(url, news)

    with awake(url, sound), ThreadPoolExecutor(1) as pool:
        flooded = pool.submit(flood)
        for _ in range(3):
            assert Asked().found(url) == each(PARTIES)
        over.set()
        flooded.result()


def test_without_time_workers_give_what_they_have(url: str, sound: Worker) -> None:
    asked = Asked(left=0.0)
    with awake(url, sound):
        found = asked.found(url)
    for alone, there in zip(each(PARTIES), found, strict=True):
        assert there.bound <= alone.cost <= there.cost
    assert asked.parts


def test_nothing_stays_of_those_who_do_not_ask_any_more(url: str, sound: Worker) -> None:
    """An errand that nobody took, one whose worker died, and an answer that came too late."""
    for status in ("todo", "doing"):
        for queue, site in (("errands", "ZJ"), ("answers-1000", "GZ")):
            execute(
                url,
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, status)"
                f" VALUES ('{queue}', 'x', '1000 {status} {site}', '{status}')",
            )
    with awake(url, sound):
        wait_until_empty(url)


OLDER = "import scheduler; scheduler.__version__ = '0.0.1'"
FAILING = "from scheduler.cli import worker; worker.SOLVER = ('false',)"


def test_workers_of_another_version_refuse(postgresql: PostgresqlDatabases) -> None:
    with postgresql.empty() as url, worker(url, OLDER):
        words = r"this worker runs infusion-scheduler 0\.0\.1 \(.* install the same program"
        with pytest.raises(WorkerFailed, match=words) as refused:
            Asked().found(url)
        assert refused.value.exit_code == 9
        wait_until_empty(url)


def test_what_goes_wrong_at_a_worker_is_told(postgresql: PostgresqlDatabases) -> None:
    with postgresql.empty() as url, worker(url, FAILING) as failing:
        words = "site ZJ was not arranged: the process that arranged it ended by 1"
        with pytest.raises(WorkerFailed, match=words):
            Asked().found(url)
        wait_until_empty(url)
        database = url.rpartition("/")[2]
        postgresql.server.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        sessions = f"FROM pg_stat_activity WHERE datname = '{database}'"
        postgresql.server.execute(f"SELECT pg_terminate_backend(pid) {sessions}")
        assert failing.wait() == 6
        assert failing.said[-1].startswith(f"schedule: the book {database} on 127.0.0.1 ")
        assert not [line for line in failing.said if "Traceback" in line]
