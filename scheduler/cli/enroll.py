"""`schedule enroll`: a new participant, with every visit at a real time."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.answering import answer_options
from scheduler.cli.options import Day, Kilograms, conflicts_option, json_option
from scheduler.errors import Unplaced
from scheduler.exporters import records, screeningrecord
from scheduler.outcomes import Outcome
from scheduler.placement import Missing
from scheduler.services import enrollment
from scheduler.services.enrollment import Enrollment, Request
from scheduler.services.screening import Given


@click.command()
@click.option("--date", "enrolled", type=Day(), required=True, help="Day of enrollment.")
@click.option("--arm", required=True, metavar="NAME", help='Arm: a code or a name, "BMSCs group".')
@click.option("--subject", "code", metavar="CODE", help="Participant code (default: the next one).")
@click.option("--weight", type=Kilograms(), metavar="KG", help="Body weight that day.")
@click.option("--protocol", metavar="NAME|FILE", help="Protocol (default: the built-in trial).")
@answer_options
@click.option("--review", default="", metavar="TEXT", help="Decision where the rules need one.")
@conflicts_option
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where files go."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done and change nothing.")
@click.option("--accept-unplaced", is_flag=True, help="Store although a visit has no slot.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@json_option
@click.pass_obj
def enroll(
    app: App,
    enrolled: date,
    arm: str,
    code: str | None,
    weight: Decimal | None,
    protocol: str | None,
    given: Given,
    review: str,
    conflicts: tuple[str, ...],
    out: Path,
    dry_run: bool,
    accept_unplaced: bool,
    reason: str,
    as_json: bool,
) -> None:
    """Enroll a participant: plan, place and store every visit, write calendar and sheets."""
    if accept_unplaced and not reason.strip():
        raise click.UsageError("--accept-unplaced needs a --reason")
    if review.strip() and not given:
        raise click.UsageError("--review decides on answers; give them, with --answers FILE")
    request = Request(
        enrolled=enrolled,
        arm=arm,
        code=code,
        weight=weight,
        protocol=protocol,
        conflicts=conflicts,
        accept_unplaced=accept_unplaced,
        given=replace(given, review=review.strip()),
    )
    change = app.change("enroll", reason.strip())
    if dry_run:
        found = enrollment.preview(app.store, app.clinic, request, change, app.templates)
    else:
        found = enrollment.enroll(app.store, app.clinic, request, change, app.templates, out)
    if as_json:
        _print_record(found)
    else:
        _print_visits(found)
    _remark(app, found, dry_run=dry_run)
    if found.missing and not (accept_unplaced and found.acceptable):
        raise Unplaced(_refusal(found))


def _print_record(found: Enrollment) -> None:
    unplaced = (
        {
            "encounter": missing.expected.encounter.id,
            "target": missing.expected.target.isoformat(),
            "earliest": missing.expected.window.earliest.isoformat(),
            "latest": missing.expected.window.latest.isoformat(),
            "reasons": list(missing.reasons),
            "alternatives": [records.when(slot.start) for slot in missing.alternatives],
        }
        for missing in found.missing
    )
    record = records.schedule(
        found.subject,
        found.visits,
        unplaced,
        [str(path) for path in found.files],
        eligibility=screeningrecord.ruling(found.screened.ruling()) if found.screened else None,
        enrollment_dates=[day.isoformat() for day in found.dates],
        incomplete=[str(problem) for problem in found.problems],
    )
    screen.print_json(record)


def _print_visits(found: Enrollment) -> None:
    screen.print_visits(screen.headline(found.subject), found.visits)
    for missing in found.missing:
        screen.say(*_sentences(missing))


def _sentences(missing: Missing) -> list[str]:
    encounter = missing.expected.encounter
    lines = [f"No slot for {encounter.label} (due {screen.day(missing.expected.target)}):"]
    lines += [f"  {reason}" for reason in missing.reasons]
    for slot in missing.alternatives:
        days = missing.expected.window.beyond(slot.start.date())
        side = "before" if days < 0 else "after"
        lines.append(
            f"  nearest free slot {side} the window: {screen.day(slot.start.date())} "
            f"{screen.clock(slot)} ({abs(days)} d outside, a deviation)"
        )
    return lines


def _remark(app: App, found: Enrollment, *, dry_run: bool) -> None:
    if notice := found.protocol.notice.say("en"):
        screen.say(f"Protocol: {notice}")
    _remark_eligibility(app, found)
    screen.warn_incomplete(found.problems)
    if found.acceptable:
        for missing in found.missing:
            screen.say(f"Deviation: {missing.expected.encounter.id} is planned without a slot")
    today = app.today(app.clinic.site)
    past = [str(visit.label) for visit in found.visits if visit.day and visit.day < today]
    if past:
        screen.say(f"In the past already: {', '.join(past)}")
    if found.files:
        screen.say(*(f"Written: {path}" for path in found.files))
    if dry_run:
        screen.say("Dry run: nothing was stored or written.")


def _remark_eligibility(app: App, found: Enrollment) -> None:
    screened = found.screened
    if screened is None:
        if found.protocol.criteria.criteria:
            screen.say("Eligibility is not recorded: no answers were given (see: schedule screen)")
        return
    open_ = screened.screening.findings(Outcome.NEEDS_REVIEW)
    if open_ and screened.review:
        screen.say(f"Review by {app.settings.get('user')}: {screened.review}")
    elif open_:
        screen.say(f"Warning: {Outcome.NEEDS_REVIEW}; record what is decided with --review TEXT:")
    screen.say(*(f"  {f.rule.id}: {f.why}" for f in open_ if f.known is not None))
    if missing := ", ".join(f.rule.id for f in open_ if f.known is None):
        screen.say(f"  not answered: {missing}")
    for finding in screened.screening.findings():
        if finding.flagged:
            screen.say(f"Flagged: {finding.rule.id}: {finding.why}")


def _refusal(found: Enrollment) -> str:
    lost = ", ".join(missing.expected.encounter.id for missing in found.missing)
    days = ", ".join(screen.day(day) for day in found.dates)
    dates = f"; enrollment dates with a slot for all: {days}" if days else ""
    return f"nothing was stored, no slot for {lost}{dates}"


COMMANDS = {"enroll": enroll}
