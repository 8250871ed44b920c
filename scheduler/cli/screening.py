"""`schedule screen`: may this person enter, on which days, and why; and the sheet to fill in."""

from datetime import date
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen as console
from scheduler.cli.answering import answer_options, asked_for
from scheduler.cli.options import Day, json_option
from scheduler.eligibility import Finding
from scheduler.exporters import screeningrecord
from scheduler.services import screening, studies
from scheduler.services.screening import Given, Screened


@click.command()
@click.option("--date", "day", type=Day(), help="Day of enrollment (default: today).")
@click.option("--protocol", metavar="NAME|FILE", help="Protocol (default: the built-in trial).")
@answer_options
@click.option("--ask", is_flag=True, help="Ask on the terminal for what was not given.")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Write the screening sheet (PDF).",
)
@click.option("--language", type=click.Choice(["en", "zh"]), help="Of the sheet.")
@json_option
@click.pass_obj
def screen(
    app: App,
    day: date | None,
    protocol: str | None,
    given: Given,
    ask: bool,
    sheet: Path | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Judge by a protocol's criteria who may be enrolled; nothing is stored.

    NOT_ELIGIBLE ends with exit code 9; NEEDS_REVIEW is no refusal and ends with 0.
    """
    if language and sheet is None:
        raise click.UsageError("--language is for --sheet")
    if sheet is not None:
        path = screening.print_sheet(
            app.clinic,
            protocol,
            language=language,
            printed=app.now(),
            own=app.templates,
            out=sheet,
        )
        console.say(f"Written: {path}")
        if not given and not ask:
            return
    found = studies.find(protocol, app.templates).protocol
    if ask or not given:
        given = asked_for(found.criteria, given)
    screened = screening.of_answers(found, given, day or app.today(app.clinic.site))
    if as_json:
        record = screeningrecord.screening(screened.screening, screened.enrollable(), found)
        console.print_json(record)
    else:
        _print(screened)
    screened.refuse()


def _print(screened: Screened) -> None:
    found, protocol = screened.screening, screened.protocol
    title = (
        f"{found.outcome} · enrollment {console.day(found.day)} · "
        f"{protocol.id} version {protocol.version}"
    )
    rows = [
        [criterion.type.value, criterion.id, finding.rule.id, _outcome(finding), _why(finding)]
        for criterion, findings in ((j.criterion, j.findings) for j in found.judgements)
        for finding in findings
    ]
    columns = ["Criterion", "", "Rule", "Outcome", "Why, and how the rule is read"]
    console.print_table(title, columns, rows)
    click.echo(f"Enrollment is possible {screened.enrollable()}")


def _outcome(finding: Finding) -> str:
    return f"{finding.outcome}, flagged" if finding.flagged else finding.outcome


def _why(finding: Finding) -> str:
    reading = finding.rule.reading.say("en")
    return f"{finding.why} ({reading})" if reading else finding.why


COMMANDS = {"screen": screen}
