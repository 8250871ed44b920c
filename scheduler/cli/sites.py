"""`schedule site check`: is a site file sound, and what does it say?"""

from calendar import day_name
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from scheduler.app import App
from scheduler.capacity import WORK
from scheduler.cli import screen
from scheduler.cli.options import json_option
from scheduler.dates import Window
from scheduler.errors import BadInput
from scheduler.services import clinics, reminders
from scheduler.services.clinics import Taken
from scheduler.sites import Laboratory, Site

YEAR = 365


@click.group()
def site() -> None:
    """Check site files."""


@site.command()
@click.argument("file", metavar="FILE")
@json_option
@click.pass_obj
def check(app: App, file: str, as_json: bool) -> int:
    """Check a site file and the files and calendars it names; every problem is listed."""
    clinic = clinics.read(Path(file), app.web)
    found = clinic.site
    today = app.today(found)
    year = Window(earliest=today, latest=today + timedelta(days=YEAR - 1))
    contacts = reminders.contacts(clinic)
    taken = clinics.taken(clinic, (), year.interval(found.tz()))
    open_days = sum(1 for day in year.days() if found.day(day).closed_because is None)
    if as_json:
        screen.print_json(_record(file, found, year, open_days, taken))
    else:
        _print(file, found, open_days, taken)
        if found.reminders:
            days = found.reminders.days_before
            told = screen.number(len(contacts), "participant")
            click.echo(f"reminders {days} d before; {told} with an address")
    screen.warn_incomplete(taken.problems)
    return BadInput.exit_code if taken.problems else 0


def _print(file: str, found: Site, open_days: int, taken: Taken) -> None:
    resources = ", ".join(f"{len(r.units)} × {r.kind}" for r in found.resources)
    click.echo(f"{file}: {found.code}, {found.name}, {found.zone} is sound")
    click.echo(f"resources: {resources}; a start every {found.grid} min")
    for line in _limits(found):
        click.echo(line)
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
        "caps": asdict(found.caps),
        "laboratory": _laboratory(found.laboratory),
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


def _limits(found: Site) -> Iterator[str]:
    """What the site takes at most, and when its laboratory works; nothing where that is open."""
    caps = {name.replace("_", " "): most for name, most in asdict(found.caps).items() if most}
    if caps:
        yield f"at most {', '.join(f'{most} {what}' for what, most in caps.items())}"
    if found.laboratory is not None:
        days = ", ".join(_weekdays(found.laboratory))
        makeup = " and on make-up days" if found.laboratory.makeup else ""
        own = len(found.laboratory.closed)
        closed = f"; closed on {own} days of its own" if own else ""
        work = "".join(f"; at most {most} {what} a day" for what, most in _work(found.laboratory))
        yield f"cell laboratory on {days}{makeup}{closed}{work}"
        if found.laboratory.name:
            yield f'it is shared with the sites whose files name "{found.laboratory.name}"'


def _laboratory(laboratory: Laboratory | None) -> dict[str, Any] | None:
    if laboratory is None:
        return None
    closed = {day.isoformat(): reason for day, reason in sorted(laboratory.closed.items())}
    return {
        "days": _weekdays(laboratory),
        "makeup": laboratory.makeup,
        "closed": closed,
        "name": laboratory.name,
        "starts_per_day": laboratory.starts_per_day,
        "releases_per_day": laboratory.releases_per_day,
    }


def _work(laboratory: Laboratory) -> Iterator[tuple[str, int]]:
    """What the laboratory takes so much of, and no more."""
    for kind, what in WORK.items():
        most = laboratory.most(kind)
        if most is not None:
            yield what, most


def _weekdays(laboratory: Laboratory) -> list[str]:
    return [name for name, works in zip(day_name, laboratory.days, strict=True) if works]


def _holidays(through: date | None) -> str:
    return f"public holidays verified through {through}" if through else "no public holidays"


COMMANDS = {"site": site}
