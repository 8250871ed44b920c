"""`schedule deviations`: what parted from the protocol, or will, with rule and reason."""

from datetime import date
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Day, as_of_option, json_option
from scheduler.dates import FIRST_DAY, LAST_DAY, Window
from scheduler.deviations import Deviation, Kind
from scheduler.errors import BadValue
from scheduler.exporters import deviations as exporter
from scheduler.services import monitoring
from scheduler.services.monitoring import Selection


@click.command()
@click.option("--subject", metavar="CODE", help="One participant only.")
@click.option("--site", metavar="CODE", help="All participants of a site (the default).")
@click.option("--from", "first", type=Day(), metavar="DATE", help="First day.")
@click.option("--to", "last", type=Day(), metavar="DATE", help="Last day.")
@click.option("--planned", is_flag=True, help="Only those that still lie ahead.")
@click.option(
    "--csv", "table", type=click.Path(path_type=Path), metavar="FILE", help="Write a table too."
)
@click.option(
    "--pdf", "paper", type=click.Path(path_type=Path), metavar="FILE", help="Write a log to sign."
)
@click.option("--language", type=click.Choice(["en", "zh"]), help="Of the log (default: site's).")
@as_of_option
@json_option
@click.pass_obj
def deviations(
    app: App,
    subject: str | None,
    site: str | None,
    first: date | None,
    last: date | None,
    planned: bool,
    table: Path | None,
    paper: Path | None,
    language: str | None,
    as_of: date | None,
    as_json: bool,
) -> None:
    """List visits out of window or order, missed, forced or not recorded, and those to come."""
    if subject and site:
        raise click.UsageError("--subject and --site exclude each other")
    clinic = app.clinic_of(site)
    selection = Selection(
        subject=subject,
        days=_days(first, last),
        planned=planned,
        as_of=as_of or app.today(clinic.site),
    )
    log = monitoring.find(app.store, clinic.site.code, selection)
    if as_json:
        screen.print_json({"deviations": [exporter.record(each) for each in log.deviations]})
    elif log.deviations:
        columns = ["Subject", "Visit", "Kind", "Days", "Date", "By", "What, rule and reason"]
        ahead = sum(each.planned for each in log.deviations)
        title = f"{log.whom}: {len(log.deviations) - ahead} on record, {ahead} planned"
        screen.print_table(title, columns, map(_row, log.deviations))
    else:
        screen.say("No deviations.")
    paths = monitoring.write(
        log,
        clinic,
        table=table,
        paper=paper,
        language=language,
        printed=app.now(),
        own=app.templates,
    )
    screen.say(*(f"Written: {path}" for path in paths))


def _days(first: date | None, last: date | None) -> Window | None:
    if first and last and last < first:
        raise BadValue("--to", last, f"it lies before --from {first}")
    if first is None and last is None:
        return None
    return Window(earliest=first or FIRST_DAY, latest=last or LAST_DAY)


def _row(deviation: Deviation) -> list[str]:
    visit = deviation.visit
    day = visit.actual or visit.day
    said = [str(deviation), f"rule: {deviation.rule}"]
    if deviation.kind is not Kind.UNRECORDED:
        said.append(f"reason: {deviation.reason}" if deviation.reason else "no reason given")
    return [
        visit.subject,
        visit.ref,
        f"{deviation.kind}{' (planned)' if deviation.planned else ''}",
        "" if deviation.days is None else f"{deviation.days:+d}",
        screen.day(day) if day else "no slot",
        deviation.user,
        "; ".join(said),
    ]


COMMANDS = {"deviations": deviations}
