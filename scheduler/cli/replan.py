"""`schedule replan`: the best way out when time is taken away from many participants."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from types import ModuleType

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Day, as_of_option, conflicts_option, json_option
from scheduler.cli.stopping import stoppable
from scheduler.cli.worker import WorkersMissing
from scheduler.dates import Window
from scheduler.errors import BadValue, UsageError
from scheduler.exporters import records
from scheduler.joint.costs import Figure, figures
from scheduler.life import ask_reason
from scheduler.services import network, proposals
from scheduler.services import replan as service
from scheduler.services.cases import Lost
from scheduler.services.network import Network, Solver
from scheduler.services.proposals import Proposal
from scheduler.services.replan import Closure, Request
from scheduler.store import Change
from scheduler.subject import Visit

RANKS = {
    "lost": "visits without a slot or outside their window",
    "moved": "appointments moved",
    "days": "weighted days off target",
    "crowded": "places on days that are nearly full",
}
"""The ranks of a cost in words, the first rank first."""

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
    if as_json:
        screen.print_json(_record_all(found) if all_sites else _record(found.proposals[0]))
    for proposal in found.proposals:
        if not as_json:
            _print(proposal)
        screen.warn_incomplete(proposal.problems)
        _count(proposal, named=all_sites)
    _remark(found, exact=_optimizer() is not None)
    remaining.check()
    for proposal in found.proposals:
        proposals.check_placed(proposal, accepted=accept_unplaced)
    if not applies:
        if any(proposal.changes for proposal in found.proposals):
            screen.say("Nothing was stored; --apply with a --reason does that.")
        return
    proposals.apply_all(app.store, found.proposals, change)
    screen.say(f"Stored; appointments moved: {sum(each.moved for each in found.proposals)}")
    if owners:
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


def _print(found: Proposal) -> None:
    if found.lost:
        columns = ["Subject", "Visit", "Stays", "Window", "Why there is no other slot"]
        rows = [
            [
                lost.visit.subject,
                lost.visit.ref,
                screen.appointment(lost.visit),
                screen.span(lost.visit.window),
                "; ".join((*lost.reasons, *_instead(lost))),
            ]
            for lost in found.lost
        ]
        screen.print_table("Visits without another slot", columns, rows)
    if found.told:
        columns = ["Subject", "Visit", "Before", "After", "Units", "Off target", "Window"]
        rows = [_row(before, after) for before, after in found.told]
        screen.print_table("Visits that move", columns, rows)


def _instead(lost: Lost) -> Iterable[str]:
    if lost.alternatives:
        days = (f"{screen.day(slot.start.date())} {slot.start:%H:%M}" for slot in lost.alternatives)
        yield f"outside the window: {' or '.join(days)}"


def _row(before: Visit, after: Visit) -> list[str]:
    return [
        after.subject,
        after.ref,
        screen.appointment(before),
        screen.appointment(after),
        ", ".join(taken.unit for taken in after.allocations),
        screen.off_target(after),
        screen.span(after.window),
    ]


def _count(found: Proposal, *, named: bool) -> None:
    others = len(found.told) - found.moved - found.found
    parts = [f"{found.moved} of {found.free} open appointments move"]
    parts += [f"{found.found} visits find a slot"] if found.found else []
    parts += [f"{others} only change units"] if others else []
    parts += [f"{len(found.lost)} find no other slot"] if found.lost else []
    screen.say(f"{f'{found.site.code}: ' if named else ''}{'; '.join(parts)}.")


def _remark(found: Network, *, exact: bool) -> None:
    if not exact:
        screen.say(
            "Placed one participant after another, with one ejection each: the optimiser is not"
            " installed (pip install 'infusion-scheduler[optimize]')."
        )
    screen.say("What comes first counts first, and this is proved of any proposal:")
    for rank, figure in figures(found.cost, found.bound).items():
        screen.say(f"  {RANKS[rank]}: {figure.found:,}, {_proof(figure)}")


def _proof(figure: Figure) -> str:
    if figure.least is None:
        return "and nothing is proved beyond the rank before"
    if figure.least == figure.found:
        return "and none has fewer"
    return f"and none has fewer than {figure.least:,} (gap {figure.gap:.2%})"


def _record_all(found: Network) -> records.Record:
    return {
        "sites": [_record(proposal) for proposal in found.proposals],
        "ranks": _ranks(found.cost, found.bound),
    }


def _ranks(cost: int, bound: int) -> records.Record:
    return {
        rank: {"found": figure.found, "least": figure.least, "gap": figure.gap}
        for rank, figure in figures(cost, bound).items()
    }


def _record(found: Proposal) -> records.Record:
    return {
        "site": found.site.code,
        "free": found.free,
        "lost": [
            {
                "subject": lost.visit.subject,
                **records.any_record(lost.visit),
                "reasons": list(lost.reasons),
                "alternatives": [records.when(slot.start) for slot in lost.alternatives],
            }
            for lost in found.lost
        ],
        "changes": [
            {
                "subject": after.subject,
                "before": records.any_record(before),
                "after": records.any_record(after),
            }
            for before, after in found.changes
        ],
        "moved": found.moved,
        "ranks": _ranks(found.cost, found.bound),
        "incomplete": [str(problem) for problem in found.problems],
    }


COMMANDS = {"replan": replan}
