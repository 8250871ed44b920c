"""`schedule explain`: for each day of a visit's window, why it was taken or was not."""

from typing import Any

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import json_option
from scheduler.exporters import records
from scheduler.services import explaining
from scheduler.services.explaining import Day, Explained


@click.command()
@click.argument("subject")
@click.argument("encounter", metavar="ENCOUNTER[#N]")
@json_option
@click.pass_obj
def explain(app: App, subject: str, encounter: str, as_json: bool) -> None:
    """Say for each day of a visit's window why it is there, or is not.

    The days are as the calendars and the book are now; under "why" is what decided when the
    visit was placed.
    """
    found = explaining.explain(app.store, app.clinic, subject, encounter)
    if as_json:
        screen.print_json(_record(found))
    else:
        _print(found)
    screen.warn_incomplete(found.problems)


def _print(found: Explained) -> None:
    visit = found.visit
    slot = visit.scheduled
    stands = f"{screen.day(slot.start.date())} {screen.clock(slot)}" if slot else "no slot"
    units = ", ".join(allocation.unit for allocation in visit.allocations)
    title = f"{visit.subject} · {visit.label} ({visit.status}): {stands}"
    screen.print_table(
        f"{title}{f', {units}' if units else ''}",
        ["Day", "Off target", "Is", "Time", "Why"],
        map(_row, found.days),
    )
    for rule in found.expected.rules:
        click.echo(f"Rule: {rule}")
    for why in visit.why:
        if why not in found.expected.rules:
            click.echo(f"When it was placed: {why}")


def _row(told: Day) -> list[str]:
    off = f"{told.off:+} d" if told.off else "target"
    slot = screen.clock(told.slot) if told.slot else ""
    return [screen.day(told.day), off, told.verdict, slot, told.why]


def _record(found: Explained) -> dict[str, Any]:
    visit = found.visit
    return {
        "subject": visit.subject,
        **records.any_record(visit),
        "rules": list(found.expected.rules),
        "days": [
            {
                "day": told.day.isoformat(),
                "off_target": told.off,
                "verdict": told.verdict.value,
                "why": told.why,
                "start": records.when(told.slot.start if told.slot else None),
            }
            for told in found.days
        ],
        "incomplete": [str(problem) for problem in found.problems],
    }


COMMANDS = {"explain": explain}
