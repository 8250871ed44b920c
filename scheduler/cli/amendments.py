"""`schedule protocol diff|amend`: versions of a protocol, and who follows which."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby

import click

from scheduler.amendment import Difference, compare
from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import as_of_option, json_option
from scheduler.exporters import records
from scheduler.services import amendments, studies
from scheduler.services.amending import Amended
from scheduler.services.amendments import Amendment, Request
from scheduler.subject import OPEN, Visit


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@json_option
@click.pass_obj
def diff(app: App, old: str, new: str, as_json: bool) -> None:
    """Say in words how protocol B differs from A.

    Each is a name, a file, or a version that the book keeps, as bmsc-stroke@1.
    """
    versions = [
        studies.find_version(name, app.store, app.templates).protocol for name in (old, new)
    ]
    differences = compare(*versions)
    if as_json:
        screen.print_json(
            {
                "versions": [{"id": each.id, "version": each.version} for each in versions],
                "differences": list(map(_difference_record, differences)),
            }
        )
        return
    before, after = (f"{each.id} version {each.version}" for each in versions)
    if not differences:
        screen.say(f"{before} and {after} have the same rules.")
    for arm, group in groupby(differences, key=lambda each: each.arm):
        click.echo(f"Arm {arm}, {before} to {after}:" if arm else f"{before} to {after}:")
        for difference in group:
            click.echo(f"  {difference}")


@click.command()
@click.argument("new", metavar="NEW")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--subject", "subjects", multiple=True, metavar="CODE", help="Only who is named.")
@click.option(
    "--stay", multiple=True, metavar="CODE", help="Who keeps the version they are on; recorded."
)
@click.option(
    "--along",
    multiple=True,
    metavar="ENCOUNTER",
    help="Encounter whose agreed visits may move or go too; repeatable.",
)
@click.option("--accept-unplaced", is_flag=True, help="Store although a visit has no slot.")
@click.option("--dry-run", is_flag=True, help="Show what would change; change nothing.")
@as_of_option
@json_option
@click.pass_obj
def amend(
    app: App,
    new: str,
    reason: str,
    subjects: tuple[str, ...],
    stay: tuple[str, ...],
    along: tuple[str, ...],
    accept_unplaced: bool,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Let everybody's open visits follow a new version; they are listed first."""
    request = Request(
        study=studies.find(new, app.templates),
        subjects=frozenset(subjects),
        stay=frozenset(stay),
        along=frozenset(along),
        accept_unplaced=accept_unplaced,
    )
    change = app.change("protocol amend", reason.strip())
    today = as_of or app.today(app.clinic.site)
    found = amendments.preview(app.store, app.clinic_of, request, change, today)
    if as_json:
        screen.print_json(_record(found))
    else:
        _print(found)
    _remark(found)
    amendments.check_placed(found, accepted=accept_unplaced)
    if dry_run:
        screen.say("Dry run: nothing was stored.")
        return
    amendments.amend(app.store, app.clinic_of, request, change, today, seen=found)
    version = f"{found.protocol.id} version {found.protocol.version}"
    screen.say(f"Stored; participants who follow {version} now: {len(found.amended)}")


def _print(found: Amendment) -> None:
    version = f"{found.protocol.id} version {found.protocol.version}"
    rows = [_row(*pair) for each in found.amended for pair in each.changes if _is_told(*pair)]
    if rows:
        columns = ["Subject", "Visit", "Before", "", "After", "", "Window", "Why"]
        screen.print_table(f"Who moves with {version}", columns, rows)
    for each in found.amended:
        line = f"{each.subject.code}: version {each.subject.protocol_version} to {version}"
        kept = sum(not _is_told(*pair) for pair in each.changes)
        click.echo(f"{line}; visits changed: {len(each.changes) - kept}{_new_rules(kept)}")
    for subject in found.staying:
        click.echo(f"{subject.code}: stays on version {subject.protocol_version}")


def _new_rules(kept: int) -> str:
    return f", with their time kept under new rules: {kept}" if kept else ""


def _is_told(before: Visit | None, after: Visit) -> bool:
    """Whether a change is one of time, place or status, not of the rules alone."""
    return before is None or before.sequence != after.sequence


def _row(before: Visit | None, after: Visit) -> list[str]:
    return [
        after.subject,
        after.ref,
        screen.appointment(before) if before else "",
        before.status.value if before else "new",
        screen.appointment(after) if after.status in OPEN else "",
        after.status.value,
        screen.span(after.window),
        screen.why(after),
    ]


def _remark(found: Amendment) -> None:
    screen.warn_incomplete(found.problems)
    for each in found.amended:
        screen.say(*_remarks(each, found.protocol.version))
    if found.finished:
        codes = ", ".join(subject.code for subject in found.finished)
        screen.say(f"Without open visits, and so not amended: {codes}")


def _remarks(each: Amended, version: str) -> Iterable[str]:
    code = each.subject.code
    for visit in each.unplaced:
        yield f"Deviation: {code} {visit.ref} has no slot: {'; '.join(visit.why)}"
    for visit in each.outside:
        days = visit.window.beyond(visit.day or visit.target)
        side = "after" if days > 0 else "before"
        yield (
            f"Deviation: {code} {visit.ref} is {abs(days)} d {side}"
            f" its window {screen.span(visit.window)}"
        )
    for visit in each.agreed:
        yield (
            f"{code} {visit.ref} is {visit.status} and stays, though version {version} has no"
            f" such visit; --along {visit.encounter} lets it go"
        )
    if each.behind:
        refs = ", ".join(visit.ref for visit in each.behind)
        yield f"{code}: in the past, and left to be recorded as it was planned: {refs}"
    for id in each.late:
        yield f"{code}: {id} comes too late, its window is over"


def _record(found: Amendment) -> records.Record:
    protocol = found.protocol
    return {
        "protocol": {"id": protocol.id, "version": protocol.version},
        "amended": [
            {
                "subject": each.subject.code,
                "from": each.subject.protocol_version,
                "changes": [
                    {
                        "before": records.any_record(before) if before else None,
                        "after": records.any_record(after),
                    }
                    for before, after in each.changes
                ],
                "unplaced": [visit.ref for visit in each.unplaced],
                "outside": [visit.ref for visit in each.outside],
                "agreed": [visit.ref for visit in each.agreed],
                "behind": [visit.ref for visit in each.behind],
                "late": list(each.late),
            }
            for each in found.amended
        ],
        "staying": [subject.code for subject in found.staying],
        "finished": [subject.code for subject in found.finished],
        "incomplete": [str(problem) for problem in found.problems],
    }


def _difference_record(difference: Difference) -> records.Record:
    return {
        "arm": difference.arm,
        "item": difference.item,
        "aspect": difference.aspect,
        "before": difference.before,
        "after": difference.after,
        "text": str(difference),
    }
