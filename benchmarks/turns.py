"""The same work in several ways or on several books in turn, part by part, and what each costs.

A machine becomes quicker and slower from one minute to the next.  When every part of the work
is done in one way after the other, it does so for all of them alike.

>>> [(seconds, megabytes)] = in_turn([Step(parts=[int, int])])
>>> seconds < 1 < megabytes
True
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from time import process_time

from benchmarks import processor
from benchmarks.memory import peak

REPEATED = 3
"""How often work that has but one part is done."""

Cost = tuple[float, float]
"""Seconds of processor time to do it once, and the most megabytes held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Work in parts, and the first process of the server of its book, if there is one.

    What makes it `ready` is done before, and its time is not counted.
    """

    parts: Sequence[Callable[[], object]]
    server: int | None = None
    ready: Callable[[], object] = object


def in_turn(steps: Sequence[Step], preloaded: Sequence[str] = ()) -> list[Cost]:
    """What each of the steps costs, all of which have as many parts.

    Each is done in a process of its own, which finds the modules `preloaded`.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, *preloaded])
    costs = [(0.0, 0.0)] * len(steps)
    with ExitStack() as stack:
        processes = [stack.enter_context(ProcessPoolExecutor(1, mp_context=context)) for _ in steps]
        for process, step in zip(processes, steps, strict=True):
            process.submit(step.ready).result()
        whole = list(zip(*(step.parts for step in steps), strict=True))
        times = 1 if len(whole) > 1 else REPEATED
        for parts in whole * times:
            for n, part in enumerate(parts):
                done = processes[n].submit(_measured, part, steps[n].server)
                seconds, megabytes = done.result()
                costs[n] = costs[n][0] + seconds / times, megabytes
    return costs


def _measured(part: Callable[[], object], server: int | None) -> Cost:
    begin = _spent(server)
    part()
    return _spent(server) - begin, peak()


def _spent(server: int | None) -> float:
    return process_time() + (processor.of_server(server) if server else 0)
