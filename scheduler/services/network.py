"""A network: all sites re-planned together, because they share a laboratory.

The LP of all sites shares out the days of the laboratory, each site is arranged within what it
has, side by side on all cores, and what they leave is offered once more.  What comes of
that is counted again at every site before anybody sees it, with what all the others ask.
"""

import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import inf
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from os import cpu_count

from scheduler.appointments import Appointment
from scheduler.errors import UsageError
from scheduler.joint.arrangement import Arrangement
from scheduler.joint.quotas import Party, arrange_all
from scheduler.joint.selection import Relax, Selection
from scheduler.life import DESK, permit
from scheduler.services import replan
from scheduler.services.clinics import Clinic
from scheduler.services.proposals import Proposal
from scheduler.services.replan import Planning, Request
from scheduler.sites import Site
from scheduler.store import Book, Change, Store
from scheduler.subject import Subject

ENDLESS = partial(float, "inf")
"""There is always time left; unlike a lambda, this can be sent to other processes."""

POLL = 0.1
"""Seconds from one look at the time that remains to the next."""

Solve = Callable[..., Selection]
"""A `Select` that is also told what time is `remaining`."""

Each = Callable[[Sequence[Party]], list[Arrangement]]
"""Arranges several sites, each within what it has of the laboratory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """An optimiser: for the LP of all sites, and for each of them."""

    relax: Relax
    each: Each


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The proposals of all sites; all together they cost at least `bound`."""

    proposals: tuple[Proposal, ...]
    bound: int

    @property
    def cost(self) -> int:
        """What they cost together."""
        return sum(proposal.cost for proposal in self.proposals)


class NoSiteFile(UsageError):
    """A participant is named whose site nothing describes."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(
            f"{subject.code} is a participant of site {subject.site}, and none of site_files"
            " describes that site"
        )


def propose(
    store: Store,
    clinics: Sequence[Clinic],
    request: Request,
    change: Change,
    today: Callable[[Site], date],
    solver: Solver | None,
    remaining: Callable[[], float] = ENDLESS,
) -> Network:
    """The best way out for all sites, or without a solver a good one; nothing is stored.

    Raises:
        As `replan.propose`, but NoSiteFile where somebody's site is not among them.
    """
    for clinic in clinics:
        permit("re-plan visits", DESK, user=change.user, people=clinic.site.people)

    def read(book: Book) -> list[Planning]:
        known = [clinic.site.code for clinic in clinics]
        for code in request.subjects:
            if (subject := book.subject(code)).site not in known:
                raise NoSiteFile(subject)
        return [Planning(book, c, request, change, today(c.site)) for c in clinics]

    plannings = store.read(read)
    while True:
        found, bound = _arranged_all(plannings, solver, remaining)
        unseated = [p.unseat(f) for p, f in zip(plannings, found, strict=True)]
        if not any(unseated):
            break
    asked = {
        planning.site.code: [*planning.fixed_abroad(), *planning.free_abroad(arrangement)]
        for planning, arrangement in zip(plannings, found, strict=True)
    }
    for planning in plannings:
        planning.open(_beside(planning, plannings, lambda other: asked[other.site.code]))
    proposals = (p.proposal(f) for p, f in zip(plannings, found, strict=True))
    return Network(proposals=tuple(proposals), bound=bound)


def _arranged_all(
    plannings: Sequence[Planning], solver: Solver | None, remaining: Callable[[], float]
) -> tuple[list[Arrangement], int]:
    """An arrangement of every site, and what all together cost at least."""
    if solver is None:
        found = _in_turn(plannings, remaining)
        return found, sum(each.bound for each in found)
    for planning in plannings:
        planning.open(_beside(planning, plannings, lambda other: other.fixed_abroad()))
    parties = [planning.party() for planning in plannings]
    return arrange_all(parties, solver.relax, solver.each)


def _beside(
    planning: Planning,
    plannings: Iterable[Planning],
    asked: Callable[[Planning], Iterable[Appointment]],
) -> list[Appointment]:
    """What the others who share a site's laboratory ask of it."""
    sharing = planning.elsewhere.sharing.sites
    return [each for other in plannings if other.site.code in sharing for each in asked(other)]


def _in_turn(plannings: Sequence[Planning], remaining: Callable[[], float]) -> list[Arrangement]:
    """One site after another, in what those before leave and those after have as yet."""
    free = {planning.site.code: planning.free_abroad(None) for planning in plannings}
    found = []
    for planning in plannings:
        planning.open(
            _beside(planning, plannings, lambda p: [*p.fixed_abroad(), *free[p.site.code]])
        )
        found.append(planning.in_turn(remaining))
        free[planning.site.code] = planning.free_abroad(found[-1])
    return found


def side_by_side(
    select: Solve,
    remaining: Callable[[], float] = ENDLESS,
    told: Callable[[float], object] = lambda _: None,
) -> Each:
    """Arranges sites on all cores of this computer, and tells what part of them is done.

    Processes are spawned, for a solver's threads do not survive a fork, and `select` has to be
    such that it can be sent to them.
    """

    def each(parties: Sequence[Party]) -> list[Arrangement]:
        workers = min(len(parties), cpu_count() or 1)
        if workers < 2:
            return [_arranged(select, remaining, party) for party in parties]
        spawning = get_context("spawn")
        over = spawning.Event()
        with ProcessPoolExecutor(workers, spawning, _begin, (over,)) as pool:
            work = partial(_arranged, select, _left)
            with _deaf():
                futures = [pool.submit(work, party) for party in parties]
            waiting = set(futures)
            try:
                while waiting:
                    waiting = wait(waiting, timeout=POLL, return_when=FIRST_COMPLETED).not_done
                    if remaining() <= 0:
                        over.set()
                    told(1 - len(waiting) / len(parties))
            finally:
                over.set()
        return [future.result() for future in futures]

    return each


def _arranged(select: Solve, remaining: Callable[[], float], party: Party) -> Arrangement:
    return replan.arranged(party, partial(select, remaining=remaining), remaining)


_over: Event | None = None
"""In a process of `side_by_side`: what says that no time remains."""


def _begin(over: Event) -> None:
    """The first Ctrl-C asks for the best so far, and the program itself says so to all of us."""
    global _over
    _over = over
    signal.signal(signal.SIGINT, _once)
    _hear(signal.SIG_UNBLOCK)


@contextmanager
def _deaf() -> Iterator[None]:
    """Let Ctrl-C wait while the block runs, and for processes begun in it until `_begin`.

    Until then they import, and Ctrl-C would end them amid that.
    """
    _hear(signal.SIG_BLOCK)
    try:
        yield
    finally:
        _hear(signal.SIG_UNBLOCK)


def _hear(how: int) -> None:
    if hasattr(signal, "pthread_sigmask"):  # Windows has none
        signal.pthread_sigmask(how, {signal.SIGINT})


def _once(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_DFL)


def _left() -> float:
    return 0.0 if _over is None or _over.is_set() else inf
