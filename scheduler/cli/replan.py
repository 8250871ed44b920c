"""`schedule replan`: the best way out when time is taken away from many participants."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from types import ModuleType

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Day, as_of_option, conflicts_option, json_option
from scheduler.cli.proposals import tell
from scheduler.cli.stopping import stoppable
from scheduler.cli.worker import WorkersMissing
from scheduler.dates import Window
from scheduler.errors import BadValue, UsageError
from scheduler.life import ask_reason
from scheduler.services import network, proposals
from scheduler.services import replan as service
from scheduler.services.network import Network, Solver
from scheduler.services.replan import Closure, Request
from scheduler.store import Change

Remaining = Callable[[], float]
"""How many seconds are left."""


@click.command()
@click.option(
    "--all-sites", is_flag=True, help="Every site that is known, for sites may share a laboratory."
)
@click.option("--workers", is_flag=True, help='With --all-sites: let each "schedule worker" help.')
@click.option("--subject", "subjects", multiple=True, metavar="CODE", help="Only who is named.")
@click.option(
    "--closed",
    "owners",
    multiple=True,
    metavar="UNIT",
    help='What is shut from --from to --to: "chair-1", "nurse", "site"; repeatable.',
)
@click.option("--from", "first", type=Day(), metavar="DATE", help="First day that it is shut.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="Last day that it is shut.")
@conflicts_option
@click.option("--apply", "applies", is_flag=True, help="Store the proposal.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option(
    "--accept-unplaced", is_flag=True, help="Apply although a visit has to stay where it cannot be."
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Give the best that is found by then.",
)
@as_of_option
@json_option
@click.pass_obj
def replan(
    app: App,
    all_sites: bool,
    workers: bool,
    subjects: tuple[str, ...],
    owners: tuple[str, ...],
    first: date | None,
    last: date | None,
    conflicts: tuple[str, ...],
    applies: bool,
    reason: str,
    accept_unplaced: bool,
    time_limit: float | None,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Propose the best way out when visits lost their time; store it with --apply.

    Without --closed, the site file and the conflict calendars say what is shut.
    """
    request = Request(
        subjects=frozenset(subjects),
        closures=_closures(owners, first, last),
        conflicts=conflicts,
    )
    change = app.change("replan", reason.strip())
    if applies:
        ask_reason("apply a proposal", change.reason)
    if all_sites and owners:
        raise UsageError("--closed names what is shut at one site: leave --all-sites out")
    if workers and not all_sites:
        raise UsageError("--workers arrange several sites: add --all-sites")
    with stoppable(app.remaining(time_limit)) as remaining:
        if all_sites:
            found = _of_all(app, request, change, as_of, remaining, workers)
        else:
            found = _of_one(app, request, change, as_of, remaining)
    tell(found, together=all_sites, exact=_optimizer() is not None, as_json=as_json)
    remaining.check()
    proposals.check_placed(found.proposals, accepted=accept_unplaced)
    if applies:
        _apply(app, found, change, shut=bool(owners))
    elif any(proposal.changes for proposal in found.proposals):
        screen.say("Nothing was stored; --apply with a --reason does that.")


def _apply(app: App, found: Network, change: Change, *, shut: bool) -> None:
    proposals.apply(app.store, found.proposals, change)
    if any(proposal.changes for proposal in found.proposals):
        screen.say(f"Stored; appointments moved: {sum(each.moved for each in found.proposals)}")
    else:
        screen.say("Nothing was stored, for nothing changes.")
    if shut:
        screen.say(
            "What is shut was given for this run only: put it into the site file or a conflict"
            " calendar, so that nobody is enrolled into it."
        )


def _of_one(
    app: App, request: Request, change: Change, as_of: date | None, remaining: Remaining
) -> Network:
    today = as_of or app.today(app.clinic.site)
    optimizer = _optimizer()
    with screen.progress("Re-planning") as watch:
        told = _percent(watch, 0, 100)
        select = partial(optimizer.select, remaining=remaining, told=told) if optimizer else None
        found = service.propose(app.store, app.clinic, request, change, today, select, remaining)
    return Network(proposals=(found,), bound=found.bound)


def _of_all(
    app: App,
    request: Request,
    change: Change,
    as_of: date | None,
    remaining: Remaining,
    workers: bool,
) -> Network:
    with screen.progress("Re-planning") as watch, _solver(app, watch, remaining, workers) as solver:
        return network.propose(
            app.store,
            app.clinics(),
            request,
            change,
            lambda site: as_of or app.today(site),
            solver,
            remaining,
        )


@contextmanager
def _solver(
    app: App, watch: screen.Watch, remaining: Remaining, workers: bool
) -> Iterator[Solver | None]:
    """The optimiser, if it is installed, with workers if they are wanted."""
    optimizer = _optimizer()
    if optimizer is None:
        if workers:
            raise WorkersMissing
        yield None
        return
    relax = partial(optimizer.relax, remaining=remaining, told=_percent(watch, 0, 50))
    here = network.side_by_side(optimizer.select, remaining, told=_percent(watch, 50, 50))
    if not workers:
        yield Solver(relax=relax, each=here)
        return
    try:
        from scheduler.services.crew import crew
        from scheduler.store.queue import Queue
    except ModuleNotFoundError as error:
        raise WorkersMissing from error
    with crew(Queue(app.database), here, remaining, _percent(watch, 50, 50), screen.say) as each:
        yield Solver(relax=relax, each=each)


def _percent(watch: screen.Watch, first: int, whole: int) -> Callable[[float], object]:
    return lambda part: watch(first + round(whole * part), 100)


def _optimizer() -> ModuleType | None:
    try:
        from scheduler import optimizer
    except ImportError:
        return None
    return optimizer


def _closures(
    owners: tuple[str, ...], first: date | None, last: date | None
) -> tuple[Closure, ...]:
    if not owners and (first or last):
        raise UsageError("--from and --to say when something is shut: name it with --closed")
    if not owners:
        return ()
    if first is None or last is None:
        raise UsageError("--closed needs --from and --to, the first and the last day")
    if last < first:
        raise BadValue("--to", last, f"it lies before --from {first}")
    days = Window(earliest=first, latest=last)
    return tuple(Closure(owner=owner, days=days) for owner in owners)


COMMANDS = {"replan": replan}
