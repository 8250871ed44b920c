"""`schedule caldav push|pull`: visits in a CalDAV collection, and what people changed there."""

from datetime import date, datetime
from functools import partial

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.audiences import audience_option
from scheduler.cli.options import json_option
from scheduler.errors import ConflictsFound
from scheduler.exporters import records
from scheduler.reconciliation import TIME, Step
from scheduler.services import collections
from scheduler.services.collections import Pulled, Pushed
from scheduler.services.published import Edit
from scheduler.sites import Audience, Site
from scheduler.store.collections import Scope

_DONE = {
    Step.CREATE: "created",
    Step.UPDATE: "updated",
    Step.REMOVE: "removed",
    Step.NOTE: "found",
    Step.FORGET: "forgotten",
    Step.NOTHING: "unchanged",
}
"""What became of a visit at each step; `found` were there already, `forgotten` gone already."""


@click.group()
def caldav() -> None:
    """Publish visits into a CalDAV collection, and see what people changed there."""


@caldav.command()
@click.argument("url", metavar="URL")
@click.option("--subject", metavar="CODE", help="One participant only (default: all of the site).")
@audience_option
@click.option("--create", is_flag=True, help="Make the collection if it is not there.")
@click.option("--overwrite", is_flag=True, help="Also put back what people changed or deleted.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent and change nothing.")
@json_option
@click.pass_obj
def push(
    app: App,
    url: str,
    subject: str | None,
    audience: str,
    create: bool,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send what differs from what was sent before; what people changed is left and told."""
    if audience == Audience.PARTICIPANT and not subject:
        raise click.UsageError("--audience participant needs a --subject: a collection for each")
    address = collections.address_of(url, app.settings.caldav_login())
    site = app.clinic.site
    pushed = collections.push(
        app.store,
        app.clinic,
        address,
        Scope(site=site.code, audience=Audience(audience), subject=subject),
        create=create,
        overwrite=overwrite,
        dry_run=dry_run,
        track=partial(screen.tracked, label="Sending"),
    )
    if as_json:
        screen.print_json(_pushed(pushed, site))
    else:
        counts = [f"{count} {_DONE[step]}" for step, count in sorted(pushed.done.items())]
        screen.say(f"{address.url}: {', '.join(counts) or 'nothing sent'}")
    if dry_run:
        screen.say("Dry run: nothing was sent or stored.")
    if pushed.edits:
        raise ConflictsFound(
            f"changed on the server: {screen.number(len(pushed.edits), 'visit')}, left as it is "
            f"there; look with: schedule caldav pull {address.url}"
        )


@caldav.command()
@click.argument("url", metavar="URL")
@json_option
@click.pass_obj
def pull(app: App, url: str, as_json: bool) -> None:
    """Tell what people changed in a collection since it was pushed; change nothing."""
    address = collections.address_of(url, app.settings.caldav_login())
    site = app.clinic.site
    pulled = collections.pull(app.store, app.clinic, address)
    if as_json:
        screen.print_json(_pulled(pulled, site))
    elif pulled.edits:
        columns = ["Subject", "Visit", "In the book", "On the server", "Changed"]
        screen.print_table("Changed on the server", columns, (_row(e, site) for e in pulled.edits))
        screen.say(*(_remedy(edit, site) for edit in pulled.edits if TIME in edit.what))
        screen.say(f"To put all of them back: schedule caldav push {address.url} --overwrite")
    else:
        screen.say(f"{screen.number(pulled.visits, 'visit')}, none changed on the server")
    if pulled.strangers:
        screen.say(f"{pulled.strangers} other events in the collection are left alone")
    if pulled.edits:
        raise ConflictsFound(
            f"changed on the server: {len(pulled.edits)} of {screen.number(pulled.visits, 'visit')}"
        )


def _row(edit: Edit, site: Site) -> list[str]:
    visit = edit.visit
    changed = "deleted" if edit.deleted else ", ".join(edit.what)
    there = "deleted" if edit.deleted else _when(edit, site)
    return [visit.subject, str(visit.label), screen.appointment(visit), there, changed]


def _when(edit: Edit, site: Site) -> str:
    """Day and time on the server, by the wall clock of the site."""
    if not isinstance(edit.start, datetime) or not isinstance(edit.end, datetime):
        return screen.day(edit.start) if edit.start else "cannot be read"
    start, end = edit.start.astimezone(site.tz()), edit.end.astimezone(site.tz())
    return f"{screen.day(start.date())} {start:%H:%M}–{end:%H:%M}"


def _remedy(edit: Edit, site: Site) -> str:
    """How the book takes over a time from the server."""
    visit = edit.visit
    move = f"schedule visit move {visit.subject} {visit.ref}"
    if isinstance(edit.start, datetime):
        start = edit.start.astimezone(site.tz())
        return f"To take it over: {move} --date {start:%F} --time {start:%H:%M} --reason …"
    return f"To take it over: {move} --date {edit.start} --reason …"


def _pushed(pushed: Pushed, site: Site) -> records.Record:
    return {
        **{word: pushed.done.get(step, 0) for step, word in _DONE.items()},
        "changed_on_server": [_record(edit, site) for edit in pushed.edits],
        "others": pushed.strangers,
    }


def _pulled(pulled: Pulled, site: Site) -> records.Record:
    return {
        "visits": pulled.visits,
        "changed_on_server": [_record(edit, site) for edit in pulled.edits],
        "others": pulled.strangers,
    }


def _record(edit: Edit, site: Site) -> records.Record:
    visit = edit.visit
    return {
        "subject": visit.subject,
        **records.visit_record(visit),
        "deleted": edit.deleted,
        "changed": list(edit.what),
        "there": {"start": _iso(edit.start, site), "end": _iso(edit.end, site)},
    }


def _iso(at: datetime | date | None, site: Site) -> str | None:
    if isinstance(at, datetime):
        return records.when(at.astimezone(site.tz()))
    return at.isoformat() if at else None


COMMANDS = {"caldav": caldav}
