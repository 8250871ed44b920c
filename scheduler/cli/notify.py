"""`schedule notify`: the weekly mails, for cron."""

from datetime import date
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import as_of_option
from scheduler.services import notification


@click.command()
@as_of_option
@click.option("--dry-run", is_flag=True, required=True, help="Write the mails as files; send none.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where the files of --dry-run go.",
)
@click.pass_obj
def notify(app: App, as_of: date | None, dry_run: bool, out: Path) -> None:
    """Write each recipient of a site the mail of the week."""
    assert dry_run, "click asks for it"
    for clinic in app.clinics():
        day = as_of or app.today(clinic.site)
        paths = notification.preview(
            app.store, clinic, day, now=app.now(), own=app.templates, out=out
        )
        screen.say(*(f"Written: {path}" for path in paths))
    screen.say("Dry run: nothing was sent.")


COMMANDS = {"notify": notify}
