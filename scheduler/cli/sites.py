"""`schedule site check`: is a site file sound, and what does it say?"""

from datetime import date, timedelta
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.dates import Window
from scheduler.errors import BadInput
from scheduler.services import clinics

YEAR = 365


@click.group()
def site() -> None:
    """Check site files."""


@site.command()
@click.argument("file", metavar="FILE")
@click.pass_obj
def check(app: App, file: str) -> int:
    """Check a site file and the conflict calendars it names; every problem is listed."""
    clinic = clinics.read(Path(file), app.web)
    found = clinic.site
    today = app.today(found)
    year = Window(earliest=today, latest=today + timedelta(days=YEAR - 1))
    taken = clinics.taken(clinic, (), year.interval(found.tz()))
    resources = ", ".join(f"{len(r.units)} × {r.kind}" for r in found.resources)
    open_days = sum(1 for day in year.days() if found.day(day).closed_because is None)
    click.echo(f"{file}: {found.code}, {found.name}, {found.zone} is sound")
    click.echo(f"resources: {resources}; a start every {found.grid} min")
    click.echo(f"open on {open_days} of the next {YEAR} days; {_holidays(found.verified_through)}")
    for busy in taken.busy:
        count = f"{len(busy.intervals)} busy times in the next year"
        click.echo(f"calendar {busy.source} ({busy.owner}): {count}")
    screen.warn_incomplete(taken.problems)
    return BadInput.exit_code if taken.problems else 0


def _holidays(through: date | None) -> str:
    return f"public holidays verified through {through}" if through else "no public holidays"


COMMANDS = {"site": site}
