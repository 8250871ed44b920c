"""`schedule subject withdraw|weigh|consent|screen`: what happens to a participant as a whole."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.answering import answer_options, asked_for
from scheduler.cli.feeds import KEPT
from scheduler.cli.options import Day, Kilograms, as_of_option, json_option
from scheduler.cli.visits import tell
from scheduler.deviations import WITHDRAWAL
from scheduler.exporters import screeningrecord
from scheduler.exporters.holdings import supply_record
from scheduler.outcomes import Outcome
from scheduler.services import consents, participants, rescreening
from scheduler.services.participants import MOST_CHANGE, Weighing
from scheduler.services.screening import Given
from scheduler.subject import Weight


@click.group()
def subject() -> None:
    """Withdraw, weigh or screen a participant, or record a consent."""


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
    answered = [feed.number for feed in outcome.feeds]
    tell(outcome, dry_run=dry_run, as_json=as_json, feeds=answered)


@subject.command()
@click.argument("code", metavar="SUBJECT")
@click.argument("kg", type=Kilograms(), metavar="KG")
@click.option("--date", "day", type=Day(), metavar="DATE", help="When weighed (default: today).")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@as_of_option
@json_option
@click.pass_obj
def weigh(
    app: App,
    code: str,
    kg: Decimal,
    day: date | None,
    reason: str,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Record a body weight; the dose of coming infusions follows it."""
    today = as_of or app.today(app.clinic.site)
    weight = Weight(kg=kg, measured=day or today)
    change = app.change("subject weigh", reason.strip())
    weighing = participants.weigh(
        app.store, app.clinic, code, weight, change, today, dry_run=dry_run
    )
    screen.answer(_weighed(weighing), _sentence(weighing), as_json=as_json)
    share = weighing.change
    if share is not None and abs(share) > MOST_CHANGE:
        screen.say(f"Warning: {share:+.1%} since the last weight; check scales and order")
    if dry_run:
        screen.say("Dry run: nothing was stored.")


def _weighed(weighing: Weighing) -> dict[str, Any]:
    weight, dose, share = weighing.after.weight, weighing.dose, weighing.change
    assert weight is not None
    return {
        "subject": weighing.after.code,
        "weight": {"kg": str(weight.kg), "measured": weight.measured.isoformat()},
        "cells": dose.cells(weight.kg) if dose else None,
        "change": None if share is None else f"{share:+.3f}",
    }


def _sentence(weighing: Weighing) -> str:
    weight = weighing.after.weight
    assert weight is not None
    line = f"{weighing.after.code}: {weight.kg} kg on {weight.measured}"
    if weighing.dose is None:
        return line
    cells = f"{weighing.dose.cells(weight.kg):,}".replace(",", " ")
    return f"{line}, {cells} cells an infusion"


@subject.command()
@click.argument("code", metavar="SUBJECT")
@click.option(
    "--to",
    "scope",
    type=click.Choice(["reminders"]),
    required=True,
    help="To what: mails, and a calendar of one's own.",
)
@click.option("--withdraw", "withdrawn", is_flag=True, help="The consent ends, at once.")
@click.option("--date", "day", type=Day(), metavar="DATE", help="When (default: today).")
@click.option("--reason", default="", metavar="TEXT", help="A remark, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would be recorded; record nothing.")
@as_of_option
@json_option
@click.pass_obj
def consent(
    app: App,
    code: str,
    scope: str,
    withdrawn: bool,
    day: date | None,
    reason: str,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Record a consent to be told of appointments outside of the hospital: given, or withdrawn."""
    today = as_of or app.today(app.clinic.site)
    change = app.change("subject consent", reason.strip())
    found = consents.record(
        app.store,
        app.clinic,
        code,
        day or today,
        change,
        today,
        given=not withdrawn,
        dry_run=dry_run,
    )
    subject_code, state = found.subject.code, "given" if found.given else "withdrawn"
    if as_json:
        record = {"subject": subject_code, "to": scope, "state": state}
        ended = {"dropped": found.dropped, "revoked": [feed.number for feed in found.revoked]}
        screen.print_json({**record, "day": found.day.isoformat(), **ended})
    else:
        click.echo(f"{subject_code}: consent to {scope} {state} on {found.day}")
    if found.dropped:
        screen.say(f"Not sent any more: {screen.number(found.dropped, 'mail')} that waited")
    if found.revoked:
        numbers = ", ".join(str(feed.number) for feed in found.revoked)
        screen.say(f"Not answered any more: calendar address {numbers}")
        screen.say(KEPT)
    if dry_run:
        screen.say("Dry run: nothing was stored.")


@subject.command("screen")
@click.argument("code", metavar="SUBJECT")
@answer_options
@click.option("--review", default="", metavar="TEXT", help="Decision where the rules need one.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would be recorded; record nothing.")
@as_of_option
@json_option
@click.pass_obj
def screen_subject(
    app: App,
    code: str,
    given: Given,
    review: str,
    reason: str,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Record what is found after the enrollment: a pregnancy test, or anything else of a criterion.

    Without answers, it asks on the terminal for what infusions wait for.
    """
    if not given:
        criteria = rescreening.criteria_of(app.store, code)
        given = asked_for(rescreening.waited_for(criteria), given)
    today = as_of or app.today(app.clinic.site)
    change = app.change("subject screen", reason.strip())
    given = replace(given, review=review.strip())
    found = rescreening.rescreen(app.store, app.clinic, code, given, change, today, dry_run=dry_run)
    told = {
        "subject": found.subject.code,
        "screenings": [screeningrecord.ruling(ruling) for ruling in found.rulings],
        "infusions": [supply_record(supply) for supply in found.supplies],
    }
    lines = (f"{found.subject.code}: {f.rule.id} {f.outcome}: {f.why}" for f in found.findings())
    screen.answer(told, *lines, as_json=as_json)
    for finding in found.findings(Outcome.NOT_ELIGIBLE):
        screen.warn([f"{finding.rule.id} speaks against taking part: tell the investigator now"])
    screen.warn(warning for supply in found.supplies for warning in supply.warnings())
    if dry_run:
        screen.say("Dry run: nothing was stored.")


COMMANDS = {"subject": subject}
