"""`schedule site check`: is a site file sound, and what does it say?"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import json_option
from scheduler.dates import Window
from scheduler.errors import BadInput
from scheduler.services import clinics
from scheduler.services.clinics import Taken
from scheduler.sites import Site

YEAR = 365


@click.group()
def site() -> None:
    """Check site files."""


@site.command()
@click.argument("file", metavar="FILE")
@json_option
@click.pass_obj
def check(app: App, file: str, as_json: bool) -> int:
    """Check a site file and the conflict calendars it names; every problem is listed."""
    clinic = clinics.read(Path(file), app.web)
    found = clinic.site
    today = app.today(found)
    year = Window(earliest=today, latest=today + timedelta(days=YEAR - 1))
    taken = clinics.taken(clinic, (), year.interval(found.tz()))
    open_days = sum(1 for day in year.days() if found.day(day).closed_because is None)
    if as_json:
        screen.print_json(_record(file, found, year, open_days, taken))
    else:
        _print(file, found, open_days, taken)
    screen.warn_incomplete(taken.problems)
    return BadInput.exit_code if taken.problems else 0


def _print(file: str, found: Site, open_days: int, taken: Taken) -> None:
    resources = ", ".join(f"{len(r.units)} × {r.kind}" for r in found.resources)
    click.echo(f"{file}: {found.code}, {found.name}, {found.zone} is sound")
    click.echo(f"resources: {resources}; a start every {found.grid} min")
    click.echo(f"open on {open_days} of the next {YEAR} days; {_holidays(found.verified_through)}")
    for busy in taken.busy:
        count = f"{len(busy.intervals)} busy times in the next year"
        click.echo(f"calendar {busy.source} ({busy.owner}): {count}")


def _record(file: str, found: Site, year: Window, open_days: int, taken: Taken) -> dict[str, Any]:
    through = found.verified_through
    return {
        "file": file,
        "site": found.code,
        "name": str(found.name),
        "zone": found.zone,
        "grid": found.grid,
        "resources": [{"kind": r.kind, "units": list(r.units)} for r in found.resources],
        "from": year.earliest.isoformat(),
        "to": year.latest.isoformat(),
        "open_days": open_days,
        "verified_through": through.isoformat() if through else None,
        "calendars": [
            {"source": busy.source, "belongs_to": busy.owner, "busy": len(busy.intervals)}
            for busy in taken.busy
        ],
        "incomplete": list(map(str, taken.problems)),
    }


def _holidays(through: date | None) -> str:
    return f"public holidays verified through {through}" if through else "no public holidays"


COMMANDS = {"site": site}
