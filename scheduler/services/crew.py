"""A crew: the workers that are alive, as one who re-plans many sites sees them.

It arranges several sites as processes of this computer would, only elsewhere.  An errand whose
worker died is given to another one.  When none is left, or an errand got lost, the rest is done
here.  Whatever ends the asking, an error or Ctrl-C too, takes what was asked out of the queue.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from math import isfinite

from procrastinate.exceptions import ConnectorException

from scheduler.errors import DeliveryFailed, SchedulerError
from scheduler.joint.arrangement import Arrangement
from scheduler.joint.errands import Plain, read_arrangement, write_party
from scheduler.joint.quotas import Party
from scheduler.services.network import Each
from scheduler.services.workers import ERRANDS, answers_to, program, stop
from scheduler.store.queue import BEAT, Queue

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""When an errand may be done again: at once, by whatever clock."""


class NoWorkers(DeliveryFailed):
    """There is nobody to work."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"no worker is running for {place}: start some with: schedule worker, or leave"
            " --workers out"
        )


class WorkerFailed(SchedulerError):
    """A worker could not do what it was asked."""

    def __init__(self, site: str, why: str, code: int) -> None:
        super().__init__(f"site {site} was not arranged: {why}")
        self.exit_code = code


@contextmanager
def crew(
    queue: Queue,
    here: Each,
    remaining: Callable[[], float],
    told: Callable[[float], object],
    remark: Callable[[str], object],
) -> Iterator[Each]:
    """Workers that arrange sites while the block runs; `here` does so on this computer.

    `told` hears what part of the sites is arranged, and `remark` what a person should know.

    Raises:
        NoWorkers: none is alive.
        WorkerFailed: one says so, later.
        OtherQueue, StoreUnavailable: as `Queue.workers`.
    """
    if not queue.workers():
        raise NoWorkers(queue.place)
    with queue.asking() as number:

        def each(parties: Sequence[Party]) -> list[Arrangement]:
            if len(parties) < 2:
                return here(parties)  # on the way there and back nothing would be gained
            with queue.explained():
                errands = _Errands(queue, number, remaining, told)
                found = asyncio.run(errands.done(parties))
            left = [party for party in parties if party.site not in found]
            if left and remaining() > 0:
                sites = ", ".join(party.site for party in left)
                remark(f"No worker answers any more; arranged on this computer: {sites}")
            found |= zip((party.site for party in left), here(left), strict=True)
            return [found[party.site] for party in parties]

        yield each


class _Errands:
    """The errands of one asking, by their sites."""

    def __init__(
        self,
        queue: Queue,
        number: int,
        remaining: Callable[[], float],
        told: Callable[[float], object],
    ) -> None:
        self._queue, self._number = queue, number
        self._remaining, self._told = remaining, told
        self._jobs = queue.app.job_manager
        self._found: dict[str, Arrangement] = {}
        self._news = asyncio.Event()
        self._end: str | None = None

    async def done(self, parties: Sequence[Party]) -> dict[str, Arrangement]:
        """The arrangements by site; those of errands that nobody does are missing."""
        async with self._queue.app.open_async(), self._listening():
            ids: dict[str, int] = {}
            try:
                await self._leave(parties, ids)
                while len(self._found) < len(parties) and await self._is_hopeful(ids):
                    self._told(len(self._found) / len(parties))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(BEAT):
                            await self._news.wait()
                    self._news.clear()
            finally:
                await self._take_back(ids)
        return self._found

    async def _leave(self, parties: Sequence[Party], ids: dict[str, int]) -> None:
        """Leave the errands in the queue, those that take longest first."""
        left = self._remaining()
        self._end = await self._queue.end(left) if isfinite(left) else None
        for party in sorted(parties, key=lambda party: -len(party.cases)):
            task = self._queue.app.configure_task(
                ERRANDS, queue=ERRANDS, queueing_lock=f"{self._number} {party.site}"
            )
            ids[party.site] = await task.defer_async(
                asked_by=program(), number=self._number, end=self._end, party=write_party(party)
            )

    async def _is_hopeful(self, ids: Mapping[str, int]) -> bool:
        """Take the answers that have come; whether others still can."""
        waiting = await self._queue.waiting(ids.values())
        # An answer is there before its errand is gone, so nothing is missed in this order.
        await self._take_answers()
        for id, stalled in waiting.items():
            with suppress(ConnectorException):  # it was not dead, and is done now
                if stalled:
                    await self._jobs.retry_job_by_id_async(id, LONG_AGO)
        if await self._is_stopped():
            return False
        open = {id for site, id in ids.items() if site not in self._found}
        return open <= waiting.keys() and bool(await self._queue.alive())

    async def _is_stopped(self) -> bool:
        """Whether time is over before the end of which the workers know."""
        if self._remaining() > 0:
            return False
        return self._end is None or await self._queue.seconds_until(self._end) > BEAT

    async def _take_answers(self) -> None:
        for job in await self._jobs.list_jobs_async(queue=answers_to(self._number)):
            assert job.id is not None
            await self._jobs.cancel_job_by_id_async(job.id, delete_job=True)
            known: Plain = job.task_kwargs
            site, answer = known["site"], known["answer"]
            if "error" in answer:
                raise WorkerFailed(site, answer["error"], answer["code"])
            self._found[site] = read_arrangement(answer)

    async def _take_back(self, ids: Mapping[str, int]) -> None:
        for site, id in ids.items():
            if site not in self._found:
                await self._jobs.cancel_job_by_id_async(id, abort=True, delete_job=True)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        """While the block runs, whatever comes is news."""

        async def hear(**_: object) -> None:
            self._news.set()

        queues = [answers_to(self._number)]
        listening = asyncio.create_task(
            self._jobs.listen_for_jobs(on_notification=hear, queues=queues)
        )
        try:
            yield
        finally:
            await stop(listening)
