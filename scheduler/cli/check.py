"""`schedule check`: which coming visits the calendars block by now."""

from datetime import date

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import as_of_option, conflicts_option, json_option
from scheduler.errors import BadInput, ConflictsFound
from scheduler.exporters import records
from scheduler.services import checking
from scheduler.services.checking import Blocked, Check


@click.command()
@conflicts_option
@as_of_option
@json_option
@click.pass_obj
def check(app: App, conflicts: tuple[str, ...], as_of: date | None, as_json: bool) -> int:
    """Check every coming visit against the conflict calendars as they are now."""
    day = as_of or app.today(app.clinic.site)
    result = checking.check(app.store, app.clinic, conflicts, day)
    if as_json:
        screen.print_json(_record(result))
    else:
        _print(result)
    screen.warn_incomplete(result.problems)
    if result.blocked:
        raise ConflictsFound(f"{len(result.blocked)} of {result.checked} coming visits are blocked")
    return BadInput.exit_code if result.problems else 0


def _print(result: Check) -> None:
    if not result.blocked:
        screen.say(f"{result.checked} coming visits, none blocked")
        return
    columns = ["Subject", "Visit", "Date", "Time", "Blocked by", "Instead"]
    screen.print_table("Blocked visits", columns, map(_row, result.blocked))


def _row(blocked: Blocked) -> list[str]:
    visit = blocked.visit
    assert visit.scheduled is not None
    slots = (
        f"{screen.day(slot.start.date())} {screen.clock(slot)}" for slot in blocked.alternatives
    )
    return [
        visit.subject,
        str(visit.label),
        screen.day(visit.scheduled.start.date()),
        screen.clock(visit.scheduled),
        "; ".join(blocked.reasons),
        " or ".join(slots) or "no other day in the window",
    ]


def _record(result: Check) -> records.Record:
    return {
        "checked": result.checked,
        "blocked": [
            {
                "subject": blocked.visit.subject,
                **records.visit_record(blocked.visit),
                "reasons": list(blocked.reasons),
                "alternatives": [records.when(slot.start) for slot in blocked.alternatives],
            }
            for blocked in result.blocked
        ],
        "incomplete": [str(problem) for problem in result.problems],
    }


COMMANDS = {"check": check}
