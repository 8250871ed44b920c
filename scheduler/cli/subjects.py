"""`schedule subject withdraw|weigh`: what happens to a participant as a whole."""

from datetime import date
from decimal import Decimal

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Day, Kilograms, as_of_option, json_option
from scheduler.cli.visits import tell
from scheduler.deviations import WITHDRAWAL
from scheduler.services import participants
from scheduler.services.participants import MOST_CHANGE, Weighing
from scheduler.subject import Weight


@click.group()
def subject() -> None:
    """Withdraw or weigh a participant."""


@subject.command()
@click.argument("code", metavar="SUBJECT")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@json_option
@click.pass_obj
def withdraw(app: App, code: str, reason: str, dry_run: bool, as_json: bool) -> None:
    """Cancel every visit that is still to come."""
    change = app.change(WITHDRAWAL, reason.strip())
    outcome = participants.withdraw(app.store, app.clinic, code, change, dry_run=dry_run)
    tell(outcome, dry_run=dry_run, as_json=as_json)


@subject.command()
@click.argument("code", metavar="SUBJECT")
@click.argument("kg", type=Kilograms(), metavar="KG")
@click.option("--date", "day", type=Day(), metavar="DATE", help="When weighed (default: today).")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@as_of_option
@click.pass_obj
def weigh(
    app: App,
    code: str,
    kg: Decimal,
    day: date | None,
    reason: str,
    dry_run: bool,
    as_of: date | None,
) -> None:
    """Record a body weight; the dose of coming infusions follows it."""
    today = as_of or app.today(app.clinic.site)
    weight = Weight(kg=kg, measured=day or today)
    change = app.change("subject weigh", reason.strip())
    weighing = participants.weigh(
        app.store, app.clinic, code, weight, change, today, dry_run=dry_run
    )
    click.echo(_sentence(weighing))
    share = weighing.change
    if share is not None and abs(share) > MOST_CHANGE:
        screen.say(f"Warning: {share:+.1%} since the last weight; check scales and order")
    if dry_run:
        screen.say("Dry run: nothing was stored.")


def _sentence(weighing: Weighing) -> str:
    weight = weighing.after.weight
    assert weight is not None
    line = f"{weighing.after.code}: {weight.kg} kg on {weight.measured}"
    if weighing.dose is None:
        return line
    cells = f"{weighing.dose.cells(weight.kg):,}".replace(",", " ")
    return f"{line}, {cells} cells an infusion"


COMMANDS = {"subject": subject}
