"""Workers as processes of their own, and what is in their queue."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler.store.postgresql import QUEUE

PROGRAM = "from scheduler.cli import main; main()"

ONE_CORE = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
"""On one core, a worker does one errand at a time."""

HANGING = 300
"""Seconds after which something hangs; far more than anything takes."""

NEVER = "from scheduler.cli import worker; worker.SOLVER = ('cat',)"
"""Makes a worker whose solver gives no answer while the worker lives."""


class Worker:
    """`schedule worker` as a process; `said` is what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []

    def hear(self, words: str) -> str:
        """Wait until it says something with these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.strip())
            if words in line:
                return line.strip()
        raise AssertionError(f"it ended, and said: {self.said}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code, after that signal and its last words."""
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, when it ends by itself."""
        assert self.process.stderr is not None
        self.said += (line.strip() for line in self.process.stderr)
        return self.process.wait(timeout=HANGING)


@contextmanager
def worker(url: str, made: str = "") -> Iterator[Worker]:
    """A worker for a book while the block runs, on one core; `made` as a line of Python says."""
    with subprocess.Popen(
        (sys.executable, "-c", "\n".join((ONE_CORE, made, PROGRAM)), "worker"),
        env=os.environ | {"SCHEDULE_DATABASE": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        started = Worker(process)
        try:
            started.hear("Waiting for sites to arrange, 1 at a time")
            yield started
        finally:
            if process.poll() is None:
                process.kill()
                started.wait()


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    """What a statement on the queue gives."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        connection.exec_driver_sql(f"SET search_path TO {QUEUE}")
        found = connection.execute(text(statement))
        rows = [tuple(row) for row in found] if found.returns_rows else []
        connection.commit()
    return rows


def bury(url: str) -> None:
    """Let those who have work be silent for long."""
    execute(
        url,
        "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 h'"
        " WHERE id IN (SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing')",
    )


def wait_until_left(url: str, count: int) -> None:
    """Return when so many errands and answers are left of what was asked."""
    jobs = text(f"SELECT count(*) FROM {QUEUE}.procrastinate_jobs")
    with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as asking:
        while asking.scalar(jobs) != count:
            asking.execute(text("SELECT pg_sleep(0.02)"))


def wait_until_empty(url: str) -> None:
    """Return when nothing is left of what was asked, nor of what became of it."""
    wait_until_left(url, 0)
    assert execute(url, "SELECT count(*) FROM procrastinate_events") == [(0,)]
