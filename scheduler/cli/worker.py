"""`schedule worker`: arranges sites for whoever re-plans many of them."""

import json
import os
import signal
import sys
from functools import partial
from importlib.util import find_spec
from threading import Thread

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.errors import UsageError

SOLVER = (sys.executable, "-c", "from scheduler.cli.worker import solve; solve()")
"""The command that does one errand."""


class WorkersMissing(UsageError):
    """The queue, or the optimiser, is an extra, and is not installed."""

    def __init__(self) -> None:
        super().__init__("workers are an extra: pip install 'infusion-scheduler[workers]'")


@click.command()
@click.pass_obj
def worker(app: App) -> None:
    """Arrange sites for "replan --all-sites --workers" until stopped, on all cores it may use.

    The book is in PostgreSQL, and any number of workers may run for it, on any computer that
    reaches it.
    """
    try:
        from scheduler.services.workers import work
        from scheduler.store.queue import Queue
    except ModuleNotFoundError as error:
        raise WorkersMissing from error
    if find_spec("highspy") is None:  # this process itself has no use for it
        raise WorkersMissing
    work(Queue(app.database), SOLVER, _cores(), screen.say)
    screen.say("Stopped.")


def _cores() -> int:
    """The cores that this process may use, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def solve() -> None:
    """Do the errand that one line on stdin asks for; the answer goes to stdout."""
    # Whoever started this process ends it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    line = sys.stdin.readline()
    Thread(target=_leave_with_parent, daemon=True).start()
    from scheduler import optimizer
    from scheduler.joint.errands import read_party, write_arrangement
    from scheduler.services.replan import arranged
    from scheduler.services.workers import failure

    try:
        errand = json.loads(line)
        remaining = App({}).remaining(errand["seconds"])
        select = partial(optimizer.select, remaining=remaining)
        answer = write_arrangement(arranged(read_party(errand["party"]), select, remaining))
    except Exception as error:
        answer = failure(error)
    json.dump(answer, sys.stdout)


def _leave_with_parent() -> None:
    """End this process when the end of stdin says that the one that started it is gone."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(1)


COMMANDS = {"worker": worker}
