"""`schedule replan`: the best way out when time is taken away from many participants."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Day, as_of_option, conflicts_option, json_option
from scheduler.dates import Window
from scheduler.errors import BadValue, UsageError
from scheduler.exporters import records
from scheduler.joint.patterns import DAY, LOST, MOVED
from scheduler.joint.selection import CROWDED, Select
from scheduler.life import ask_reason
from scheduler.services import replan as service
from scheduler.services.cases import Lost
from scheduler.services.replan import Closure, Proposal, Request
from scheduler.subject import Visit


@click.command()
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
    today = as_of or app.today(app.clinic.site)
    request = Request(
        subjects=frozenset(subjects),
        closures=_closures(owners, first, last),
        conflicts=conflicts,
    )
    change = app.change("replan", reason.strip())
    if applies:
        ask_reason("apply a proposal", change.reason)
    with screen.progress("Re-planning") as watch:
        remaining = app.remaining(time_limit)
        select = _optimizer(remaining, lambda part: watch(round(100 * part), 100))
        found = service.propose(app.store, app.clinic, request, change, today, select, remaining)
    if as_json:
        screen.print_json(_record(found))
    else:
        _print(found)
    screen.warn_incomplete(found.problems)
    _remark(found, exact=select is not None)
    service.check_placed(found, accepted=accept_unplaced)
    if not applies:
        if found.changes:
            screen.say("Nothing was stored; --apply with a --reason does that.")
        return
    service.apply(app.store, found, change)
    screen.say(f"Stored; appointments moved: {found.moved}")
    if owners:
        screen.say(
            "What is shut was given for this run only: put it into the site file or a conflict"
            " calendar, so that nobody is enrolled into it."
        )


def _optimizer(remaining: Callable[[], float], told: Callable[[float], object]) -> Select | None:
    try:
        from scheduler import optimizer
    except ImportError:
        return None
    return partial(optimizer.select, remaining=remaining, told=told)


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


def _remark(found: Proposal, *, exact: bool) -> None:
    others = len(found.told) - found.moved - found.found
    parts = [f"{found.moved} of {found.free} open appointments move"]
    parts += [f"{found.found} visits find a slot"] if found.found else []
    parts += [f"{others} only change units"] if others else []
    parts += [f"{len(found.lost)} find no other slot"] if found.lost else []
    screen.say("; ".join(parts) + ".")
    if not exact:
        screen.say(
            "Placed one participant after another, with one ejection each: the optimiser is not"
            " installed (pip install 'infusion-scheduler[optimize]')."
        )
    screen.say(
        f"Cost {found.cost:,}, at least {found.bound:,.0f} in any proposal (gap {found.gap:.2%}):"
        f" {LOST:,} for a visit without a slot or outside its window, {MOVED:,} for a moved"
        f" appointment, {DAY} for a weighted day off target, {CROWDED} for a place on a full day."
    )


def _record(found: Proposal) -> records.Record:
    return {
        "site": found.site.code,
        "free": found.free,
        "lost": [
            {
                **records.any_record(lost.visit),
                "reasons": list(lost.reasons),
                "alternatives": [records.when(slot.start) for slot in lost.alternatives],
            }
            for lost in found.lost
        ],
        "changes": [
            {"before": records.any_record(before), "after": records.any_record(after)}
            for before, after in found.changes
        ],
        "moved": found.moved,
        "cost": found.cost,
        "bound": found.bound,
        "gap": found.gap,
        "incomplete": [str(problem) for problem in found.problems],
    }


COMMANDS = {"replan": replan}
