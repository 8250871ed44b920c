"""`schedule visit …`: the life of a visit."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, TypeVar

import click

from scheduler.app import App
from scheduler.breaches import Kind as Broken
from scheduler.cli import screen
from scheduler.cli.options import Clock, Day, as_of_option, json_option
from scheduler.dates import instant
from scheduler.exporters import records
from scheduler.life import Act
from scheduler.replanning import standing_day
from scheduler.services import unscheduled, visits
from scheduler.services.visits import Outcome, Request
from scheduler.subject import Visit

F = TypeVar("F", bound=Callable[..., Any])

ABOUT = {
    Act.CONFIRM: "Agree a visit with the participant: from then on it stays unless it is named.",
    Act.COMPLETE: "Record that a visit took place; what hangs on it follows its actual date.",
    Act.MISS: "Record that a visit did not take place.",
    Act.MOVE: "Move a visit to another day or time; what hangs on it follows.",
    Act.HOLD: "Put a visit on hold; it keeps its slot.",
    Act.RESUME: "Take up a visit that was held, or that was ended by mistake.",
    Act.CANCEL: "Cancel a visit; it counts as its expected date for those that hang on it.",
}
"""What the acts' commands say of themselves."""


@click.group()
def visit() -> None:
    """Follow visits through their life; every act previews with --dry-run."""


def _shared(command: F) -> F:
    options = (
        click.argument("subject"),
        click.argument("encounter", metavar="ENCOUNTER[#N]"),
        click.option("--reason", default="", metavar="TEXT", help="Why, for the history."),
        click.option("--dry-run", is_flag=True, help="Show what would change; change nothing."),
        as_of_option,
        json_option,
        click.pass_obj,
    )
    for option in reversed(options):
        command = option(command)
    return command


def _along(command: F) -> F:
    return click.option(
        "--along",
        multiple=True,
        metavar="ENCOUNTER",
        help="Agreed visit that may move too; repeatable.",
    )(command)


def _run(
    app: App, request: Request, *, reason: str, as_of: date | None, dry_run: bool, as_json: bool
) -> None:
    clinic = app.clinic
    today = as_of or app.today(clinic.site)
    change = app.change(f"visit {request.act}", reason.strip())
    outcome = visits.act(app.store, clinic, request, change, today, dry_run=dry_run)
    tell(outcome, dry_run=dry_run, as_json=as_json, today=today)


def _simple(act: Act) -> click.Command:
    @click.command(act.value, help=ABOUT[act])
    @_shared
    def command(
        app: App,
        subject: str,
        encounter: str,
        reason: str,
        dry_run: bool,
        as_of: date | None,
        as_json: bool,
    ) -> None:
        request = Request(act=act, subject=subject, visit=encounter)
        _run(app, request, reason=reason, as_of=as_of, dry_run=dry_run, as_json=as_json)

    return command


@click.command("complete", help=ABOUT[Act.COMPLETE])
@click.option("--date", "day", type=Day(), metavar="DATE", help="The actual day (default: today).")
@click.option("--batch", metavar="ID", help="Batch on the bag's label; infusions need it.")
@click.option("--force", is_flag=True, help="It was given against the rules: record that.")
@_along
@_shared
def complete(
    app: App,
    subject: str,
    encounter: str,
    day: date | None,
    batch: str | None,
    force: bool,
    along: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    request = Request(
        act=Act.COMPLETE,
        subject=subject,
        visit=encounter,
        day=day,
        batch=batch,
        forced=force,
        along=frozenset(along),
    )
    _run(app, request, reason=reason, as_of=as_of, dry_run=dry_run, as_json=as_json)


@click.command("move", help=ABOUT[Act.MOVE])
@click.option("--date", "day", type=Day(), metavar="DATE", help="The new day.")
@click.option("--time", "at", type=Clock(), metavar="HH:MM", help="The new start.")
@click.option("--force", is_flag=True, help="Leave the window, or cost another visit its slot.")
@_along
@_shared
def move(
    app: App,
    subject: str,
    encounter: str,
    day: date | None,
    at: time | None,
    force: bool,
    along: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    if day is None and at is None:
        raise click.UsageError("say where to: --date, --time, or both")
    request = Request(
        act=Act.MOVE,
        subject=subject,
        visit=encounter,
        day=day,
        at=at,
        forced=force,
        along=frozenset(along),
    )
    _run(app, request, reason=reason, as_of=as_of, dry_run=dry_run, as_json=as_json)


@click.command("add")
@click.argument("subject")
@click.option("--date", "day", type=Day(), required=True, metavar="DATE", help="The day.")
@click.option("--time", "at", type=Clock(), required=True, metavar="HH:MM", help="The start.")
@click.option(
    "--minutes",
    type=click.IntRange(5, 720),
    default=30,
    show_default=True,
    help="How long it takes.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@json_option
@click.pass_obj
def add(
    app: App,
    subject: str,
    day: date,
    at: time,
    minutes: int,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Record an unscheduled visit, which no protocol foresees."""
    start: datetime = instant(day, at, app.clinic.site.tz())
    change = app.change("visit add", reason.strip())
    outcome = unscheduled.add(
        app.store, app.clinic, subject, start, minutes, change, dry_run=dry_run
    )
    tell(outcome, dry_run=dry_run, as_json=as_json)


def tell(
    outcome: Outcome, *, dry_run: bool, as_json: bool, today: date | None = None, **more: object
) -> None:
    """Print what changed, for whom, and what to watch; `more` goes into the JSON object.

    What was put on a day before `today` is warned of.
    """
    behind = outcome.behind(today) if today else ()
    if as_json:
        past = [visit.ref for visit in behind]
        screen.print_json({**_record(outcome), "in_the_past": past, **more})
    elif outcome.changes:
        columns = ["Visit", "Before", "", "After", "", "Window", "Why"]
        screen.print_table(outcome.subject.code, columns, map(_row, outcome.changes))
    else:
        screen.say("Nothing changes.")
    screen.warn_incomplete(outcome.problems)
    for visit in behind:
        screen.say(
            f"Warning: {visit.ref} on {screen.appointment(visit)} lies in the past:"
            " record what became of it, or move it on"
        )
    for breach in outcome.breaches:
        screen.say(f"Deviation: {breach}")
        if breach.kind is Broken.SWAPPED_BATCH:
            screen.say(
                f"STOP. Tell the investigator now, and whoever treats {breach.owner}: batch"
                f" {breach.batch} is not to be given to anybody any more."
            )
    for visit in outcome.unplaced:
        screen.say(f"Warning: {visit.ref} has no slot any more: {'; '.join(visit.why)}")
    for visit in outcome.outside:
        days = visit.window.beyond(standing_day(visit))
        screen.say(
            f"Deviation: {visit.ref} is {abs(days)} d {'after' if days > 0 else 'before'}"
            f" its window {screen.span(visit.window)}"
        )
    screen.warn(warning for supply in outcome.supplies for warning in supply.warnings())
    if outcome.leaning:
        leaning = ", ".join(visit.ref for visit in outcome.leaning)
        screen.say(f"Its expected date goes on counting for {leaning}.")
    for feed in outcome.feeds:
        screen.say(
            f"Calendar address {feed.number} still answers, with the appointments called off;"
            f" revoke it with: schedule feed revoke {feed.number}"
        )
    if dry_run:
        screen.say("Dry run: nothing was stored.")


def _row(pair: tuple[Visit | None, Visit]) -> list[str]:
    before, after = pair
    return [
        after.ref,
        screen.appointment(before) if before else "",
        before.status.value if before and before.sequence != after.sequence else "",
        screen.appointment(after),
        after.status.value,
        screen.span(after.window),
        screen.why(after),
    ]


def _record(outcome: Outcome) -> records.Record:
    return {
        "subject": outcome.subject.code,
        "changes": [
            {
                "before": records.any_record(before) if before else None,
                "after": records.any_record(after),
            }
            for before, after in outcome.changes
        ],
        "incomplete": [str(problem) for problem in outcome.problems],
        "breaches": [str(breach) for breach in outcome.breaches],
        "warnings": [warning for each in outcome.supplies for warning in each.warnings()],
    }


for _act in (Act.CONFIRM, Act.MISS, Act.HOLD, Act.RESUME, Act.CANCEL):
    visit.add_command(_simple(_act))
for _command in (complete, move, add):
    visit.add_command(_command)

COMMANDS = {"visit": visit}
