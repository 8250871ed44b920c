"""`schedule notify`: the weekly mails and the reminders, for cron."""

from datetime import date
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import as_of_option, json_option
from scheduler.errors import BadInput
from scheduler.exporters.records import Record
from scheduler.services import notification
from scheduler.services.posting import Parcel, Posted
from scheduler.sites import Site


@click.command()
@as_of_option
@click.option("--dry-run", is_flag=True, help="Write the mails as files; send and store nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the files of --dry-run go.",
)
@click.option("--retry", is_flag=True, help="Also what the mail server refused for good before.")
@json_option
@click.pass_obj
def notify(
    app: App, as_of: date | None, dry_run: bool, out: Path | None, retry: bool, as_json: bool
) -> None:
    """Send the mail of the week to each recipient of the site file, and reminders, once.

    Says nothing when all went well, so that cron has nothing to report.
    """
    if dry_run:
        _preview(app, as_of, out or Path(), as_json=as_json)
        return
    if out:
        raise click.UsageError("--out goes with --dry-run")
    clinics, broken = app.sound_clinics()

    def day_at(site: Site) -> date:
        return as_of or app.today(site)

    posted = notification.notify(
        app.store,
        clinics,
        day_at,
        app.postman(),
        now=app.now(),
        own=app.templates,
        retry=retry,
        problems=broken,
    )
    if as_json:
        screen.print_json(_record(posted))
    if failure := posted.failure():
        raise failure


def _preview(app: App, as_of: date | None, out: Path, *, as_json: bool) -> None:
    paths: list[Path] = []
    unaddressed: list[str] = []
    clinics, broken = app.sound_clinics()
    problems = list(broken)
    for clinic in clinics:
        day = as_of or app.today(clinic.site)
        try:
            found = notification.preview(
                app.store, clinic, day, now=app.now(), own=app.templates, out=out
            )
        except BadInput as error:
            problems += error.problems
            continue
        paths += found.paths
        unaddressed += found.unaddressed
    if as_json:
        screen.print_json({"files": [*map(str, paths)], "unaddressed": unaddressed})
    screen.warn(f"{code} is to be reminded and has no address" for code in unaddressed)
    screen.say(*(f"Written: {path}" for path in paths), "Dry run: nothing was sent.")
    if problems:
        raise BadInput(problems)


def _record(posted: Posted) -> Record:
    return {
        "sent": [_mailing(parcel) for parcel in posted.sent],
        "refused": [{**_mailing(parcel), "reply": reply} for parcel, reply in posted.refused],
        "waiting": [_mailing(parcel) for parcel in posted.waiting],
    }


def _mailing(parcel: Parcel) -> Record:
    mailing = parcel.mailing
    return {
        "kind": mailing.kind,
        "site": mailing.site,
        "week": mailing.week,
        "recipient": mailing.recipient,
        "message_id": mailing.message_id,
    }


COMMANDS = {"notify": notify}
