"""Workers: processes that arrange sites for whoever re-plans many, on this or another computer.

A worker takes errands from the queue of a book, as many at a time as its computer has cores,
and sends the arrangements back through the queue.  Each errand is done by a process of
its own, so an errand that nobody waits for any more is ended by ending that process, and
one that eats up the memory takes no other with it.  Nothing is kept: neither what was asked
nor what came of it.

>>> answer = failure(Refused("the site is shut"))
>>> answer["error"], answer["code"]
('the site is shut', 9)
"""

import asyncio
import json
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from procrastinate import JobContext, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Status

from scheduler import __version__
from scheduler.errors import Refused, SchedulerError, StoreUnavailable
from scheduler.store.queue import BEAT, Queue

if TYPE_CHECKING:
    from scheduler.joint.errands import Plain  # the work itself is done elsewhere

ERRANDS = "errands"
"""The queue that workers look into, and the task that is in it."""

ANSWER = "answer"
"""The task that carries what came of an errand; nobody but the one who asked looks for it."""

FORGOTTEN = 24 * 3600.0
"""Seconds of silence after which it is forgotten that there was a worker; until then, one on a
computer that was asleep may come back."""

PATIENCE = 0.1
"""Seconds after which a task that was cancelled and goes on is cancelled again."""

LOOK = 2.0
"""Seconds from one look for those who do not ask any more to the next."""


class GivenBack(Exception):
    """An errand that somebody else has to do, for this worker stops."""


class OtherProgram(Refused):
    """Two computers would not come to the same days."""

    def __init__(self, theirs: str, ours: str) -> None:
        super().__init__(
            f"this worker runs {ours}, and is asked by {theirs}; install the same program on"
            " every computer"
        )


def program() -> str:
    """This program, with all that decides on days.

    >>> program().startswith(f"infusion-scheduler {__version__} (highspy ")
    True
    """
    packages = ("highspy", "holidays", "tzdata")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"infusion-scheduler {__version__} ({versions})"


def failure(error: Exception) -> "Plain":
    """The answer to an errand that failed."""
    if isinstance(error, SchedulerError):
        return {"error": str(error), "code": error.exit_code}
    what = f"unexpected failure: {type(error).__name__}: {error}"
    return {"error": what, "code": SchedulerError.exit_code}


def answers_to(number: int) -> str:
    """The queue in which whoever has that number finds answers."""
    return f"{ANSWER}s-{number}"


async def stop(task: asyncio.Task[object]) -> None:
    """Cancel a task until it is over, whatever comes of it.

    Procrastinate and the pool of psycopg wait by `asyncio.wait_for`, which before Python 3.12
    forgets that it was cancelled when what it waits for comes at that very moment (CPython
    issue 86296).
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=PATIENCE)
    await asyncio.gather(task, return_exceptions=True)


def work(queue: Queue, solver: Sequence[str], at_once: int, log: Callable[[str], object]) -> None:
    """Do errands until SIGTERM or SIGINT, `at_once` at a time.

    `solver` is the command that does one, from its first line on stdin to an answer on stdout.
    What is being done when the signal comes goes back into the queue.

    Raises:
        OtherQueue: workers of another version are alive.
        StoreUnavailable: the database cannot be reached, or is gone.
    """
    queue.make()
    with queue.explained():
        asyncio.run(_Worker(queue, solver, log).run(at_once))


class _Worker:
    def __init__(self, queue: Queue, solver: Sequence[str], log: Callable[[str], object]) -> None:
        self._queue, self._solver, self._log = queue, solver, log
        again = RetryStrategy(retry_exceptions={GivenBack})
        queue.app.task(name=ERRANDS, pass_context=True, retry=again)(self._errand)

    async def run(self, at_once: int) -> None:
        """Work until a signal comes."""
        told, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        # An errand that is gone before it is done, for its asker is, is nothing to complain of.
        loop.set_exception_handler(lambda *_: None)
        async with self._queue.app.open_async() as app:
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[ERRANDS],
                    concurrency=at_once,
                    delete_jobs="always",
                    fetch_job_polling_interval=LOOK,
                    abort_job_polling_interval=LOOK,
                    shutdown_graceful_timeout=0,
                    update_heartbeat_interval=BEAT,
                    stalled_worker_timeout=FORGOTTEN,
                    install_signal_handlers=False,
                )
            )
            looking = asyncio.create_task(self._look(at_once))
            stopping = asyncio.create_task(told.wait())
            tasks = (stopping, looking, working)
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            working.cancel()
            await stop(looking)
            await stop(stopping)
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        if not told.is_set():
            # Procrastinate stops without a word when it loses the database.
            gone = StoreUnavailable(f"{self._queue.place} is gone; this worker stops")
            raise next((end for end in ends if isinstance(end, Exception)), gone)

    async def _look(self, at_once: int) -> None:
        """Say when there is somebody to work, and drop what nobody waits for."""
        while not await self._queue.alive():
            await asyncio.sleep(BEAT / 20)
        self._log(f"Waiting for sites to arrange, {at_once} at a time; stop with Ctrl-C.")
        jobs = self._queue.app.job_manager
        while True:
            for id, stalled in (await self._queue.abandoned()).items():
                if not stalled:
                    await jobs.cancel_job_by_id_async(id, abort=True, delete_job=True)
                    continue
                with suppress(ConnectorException):  # another worker was first
                    await jobs.finish_job_by_id_async(id, Status.FAILED, delete_job=True)
            await jobs.delete_old_jobs(
                0, include_failed=True, include_cancelled=True, include_aborted=True
            )
            await asyncio.sleep(LOOK)

    async def _errand(
        self, context: JobContext, *, asked_by: str, number: int, end: str | None, party: "Plain"
    ) -> None:
        """Have one site arranged, and send the answer."""
        site = party["site"]["code"]
        self._log(f"{site}: {len(party['participants'])} participants")
        try:
            answer = await self._answer(asked_by, end, party)
        except asyncio.CancelledError:
            if context.abort_reason() is AbortReason.SHUTDOWN:
                self._log(f"{site}: given back")
                raise GivenBack from None
            self._log(f"{site}: not asked for any more")
            raise
        self._log(f"{site}: {answer.get('error', 'done')}")
        back = self._queue.app.configure_task(
            ANSWER, queue=answers_to(number), queueing_lock=f"{number} {ANSWER} {site}"
        )
        with suppress(AlreadyEnqueued):  # it was taken for dead, and somebody else did it
            await back.defer_async(site=site, answer=answer)

    async def _answer(self, asked_by: str, end: str | None, party: "Plain") -> "Plain":
        if asked_by != program():
            return failure(OtherProgram(asked_by, program()))
        seconds = None if end is None else await self._queue.seconds_until(end)
        line = json.dumps({"seconds": seconds, "party": party}) + "\n"
        pipe = asyncio.subprocess.PIPE
        solver = await asyncio.create_subprocess_exec(*self._solver, stdin=pipe, stdout=pipe)
        assert solver.stdin is not None
        assert solver.stdout is not None
        try:
            with suppress(ConnectionError):  # it died at once; its code tells
                solver.stdin.write(line.encode())
                await solver.stdin.drain()
            # Its stdin stays open: when this process dies, the other sees its end and goes too.
            said = await solver.stdout.read()
            code = await solver.wait()
        except asyncio.CancelledError:
            solver.kill()
            await solver.wait()
            raise
        if code:
            return failure(SchedulerError(f"the process that arranged it ended by {code}"))
        answer: Plain = json.loads(said)
        return answer
