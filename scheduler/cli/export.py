"""`schedule export ics|sheets|csv`: visits as files."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.audiences import audience_option
from scheduler.cli.options import Day, json_option
from scheduler.dates import Window, checked
from scheduler.errors import BadValue
from scheduler.services import consents, publication
from scheduler.services import reissue as reissuing
from scheduler.services.publication import Kind, Selection
from scheduler.services.reissue import Reissue
from scheduler.sites import Audience


class Week(click.ParamType[Window]):
    """An ISO week, as 2026-W15 or as any of its days."""

    name = "week"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Window:
        if match := re.fullmatch(r"(\d{4})-?W(\d{2})", str(value)):
            try:
                monday = checked(date.fromisocalendar(int(match[1]), int(match[2]), 1))
            except (BadValue, ValueError) as error:
                self.fail(f"{value} is no week: {error}", param, ctx)
        else:
            day = Day().convert(value, param, ctx)
            monday = day - timedelta(days=day.weekday())
        return Window(earliest=monday, latest=monday + timedelta(days=6))


@click.command()
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.option("--subject", metavar="CODE", help="One participant only.")
@click.option("--site", "site", metavar="CODE", help="All participants of a site (the default).")
@click.option("--week", type=Week(), metavar="DATE", help="Visits of one week only.")
@audience_option
@click.option("--changes-since", type=Day(), metavar="DATE", help="Only what changed since then.")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Instead of the site's own.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where files go."
)
@click.option("--reissue", is_flag=True, help="Have calendars take over a changed wording.")
@click.option("--reason", default="", metavar="TEXT", help="Why reissued, for the history.")
@click.option("--dry-run", is_flag=True, help="Say how many would be reissued; change nothing.")
@json_option
@click.pass_obj
def export(
    app: App,
    kind: str,
    subject: str | None,
    site: str | None,
    week: Window | None,
    audience: str,
    changes_since: date | None,
    language: str | None,
    out: Path,
    reissue: bool,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write calendars (.ics), visit sheets (PDF) or a table (CSV)."""
    if subject and site:
        raise click.UsageError("--subject and --site exclude each other")
    if not _is_made(Kind(kind), Audience(audience)):
        raise click.UsageError(f"{kind} are not made for --audience {audience}")
    if reissue and (kind != Kind.ICS or language):
        raise click.UsageError("--reissue is for calendars, in the language of the site file")
    if not reissue and (reason or dry_run):
        raise click.UsageError("--reason and --dry-run go with --reissue")
    clinic = app.clinic_of(site)
    selection = Selection(subject=subject, week=week, changed_since=changes_since)
    if reissue:
        done = reissuing.reissue(
            app.store,
            clinic,
            selection,
            app.change("export --reissue", reason.strip()),
            audience=Audience(audience),
            own=app.templates,
            out=out,
            dry_run=dry_run,
        )
        _tell_reissued(done, dry_run=dry_run, as_json=as_json)
        return
    paths = publication.publish(
        app.store,
        clinic,
        Kind(kind),
        selection,
        audience=Audience(audience),
        language=language,
        printed=app.now(),
        own=app.templates,
        out=out,
    )
    _tell_written(paths, as_json=as_json)
    if kind == Kind.ICS and audience == Audience.PARTICIPANT and not subject:
        unasked = consents.unasked(app.store, clinic.site.code)
        screen.say(*(f"Left out, without a consent to reminders: {code}" for code in unasked))


def _is_made(kind: Kind, audience: Audience) -> bool:
    """Calendars are for everybody, and a page in large print for the participant."""
    to_participant = kind is Kind.SHEETS and audience is Audience.PARTICIPANT
    return kind is Kind.ICS or audience is Audience.STAFF or to_participant


def _tell_written(paths: Sequence[Path], *, as_json: bool) -> None:
    if as_json:
        screen.print_json({"files": list(map(str, paths))})
    screen.say(*(f"Written: {path}" for path in paths) if paths else ["No visits: nothing written"])


def _tell_reissued(done: Reissue, *, dry_run: bool, as_json: bool) -> None:
    subjects = {visit.subject for visit in done.visits}
    if as_json:
        reissued = [{"subject": visit.subject, "visit": visit.ref} for visit in done.visits]
        screen.print_json({"files": list(map(str, done.files)), "reissued": reissued})
    verb = "Would reissue" if dry_run else "Reissued"
    visits = screen.number(len(done.visits), "visit")
    screen.say(f"{verb}: {visits} of {screen.number(len(subjects), 'participant')}")
    screen.say(*(f"Written: {path}" for path in done.files))
    if dry_run:
        screen.say("Dry run: nothing was stored or written.")


COMMANDS = {"export": export}
