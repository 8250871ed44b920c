"""`schedule audit`: who did what, when and why; is that record whole; and it on paper."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Day, json_option
from scheduler.exporters import trail as exporter
from scheduler.services import auditing
from scheduler.services.auditing import Asked
from scheduler.sites import Site
from scheduler.store.verification import BrokenTrail, Verdict
from scheduler.trail import Deed

F = TypeVar("F", bound=Callable[..., Any])

PAGE = 500
"""Changes in one table; a longer trail is several."""


class Hash(click.ParamType[str]):
    """The hash of a head, or at least how it begins."""

    name = "hash"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value).lower()
        if not re.fullmatch(r"[0-9a-f]{8,64}", text):
            self.fail(f"{value} is no hash; give at least its first 8 signs", param, ctx)
        return text


def _asked(command: F) -> F:
    """The options that say which deeds are meant."""
    options = (
        click.option("--subject", metavar="CODE", help="What touches one participant."),
        click.option("--person", metavar="NAME", help="What one person did."),
        click.option("--from", "first", type=Day(), metavar="DATE", help="First day, at the site."),
        click.option("--to", "last", type=Day(), metavar="DATE", help="Last day, at the site."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@_asked
@json_option
@click.pass_context
def audit(
    ctx: click.Context,
    subject: str | None,
    person: str | None,
    first: date | None,
    last: date | None,
    as_json: bool,
) -> None:
    """List who did what, when and why, or verify or export that."""
    if ctx.invoked_subcommand:
        if subject or person or first or last:
            raise click.UsageError(f"write these options behind {ctx.invoked_subcommand}")
        return
    app = ctx.find_object(App)
    assert app is not None
    site = app.clinic.site
    asked = _checked(subject, person, first, last)
    tell = _print_json if as_json else _print_pages
    auditing.trail(app.store, asked, site, lambda deeds: tell(deeds, site))


def _print_json(deeds: Iterator[Deed], site: Site) -> None:
    screen.print_json_list("changes", (exporter.record(deed, site.tz()) for deed in deeds))


def _print_pages(deeds: Iterator[Deed], site: Site) -> None:
    """One table, or several where one would be too long to measure before it is printed."""
    for first, page in screen.pages(deeds, PAGE):
        is_all = first == 1 and len(page) < PAGE
        told = f": {screen.number(len(page), 'change')}" if is_all else f" from change {first:,}"
        _print_table(f"Audit trail{told}", page, site)


def _print_table(title: str, deeds: Iterable[Deed], site: Site) -> None:
    columns = ["No.", "UTC", site.zone, "Person", "Command", "Reason and what changed"]
    rows = (
        [
            "not sealed" if deed.number is None else str(deed.number),
            exporter.utc(deed.at),
            exporter.local(deed.at, site.tz()),
            deed.person,
            deed.command,
            "\n".join(_words(deed)),
        ]
        for deed in deeds
    )
    screen.print_table(title, columns, rows)


def _words(deed: Deed) -> list[str]:
    lines = [f"CLOCK WENT BACK {exporter.clock(deed.back)}"] if deed.back else []
    lines += [f"“{deed.reason}”"] if deed.reason else []
    return [*lines, *map(str, deed.steps)]


def _checked(
    subject: str | None, person: str | None, first: date | None, last: date | None
) -> Asked:
    if first and last and last < first:
        raise click.UsageError(f"--to {last} lies before --from {first}")
    return Asked(subject=subject, person=person, first=first, last=last)


@audit.command()
@click.option("--head", type=Hash(), metavar="HASH", help="A head noted before.")
@json_option
@click.pass_obj
def verify(app: App, head: str | None, as_json: bool) -> int:
    """Check that nothing was edited, removed, added or reordered.

    Note the head that is printed, outside of the book: only with it, as --head, can it be
    seen later that the newest changes were removed, or that the whole trail was made anew.
    """
    verdict = auditing.verify(app.store, head or "")
    if as_json:
        screen.print_json(verdict_record(verdict))
    elif not verdict.problems:
        click.echo(f"The audit trail of {screen.number(verdict.head.number, 'change')} verifies.")
        click.echo(f"Head: {verdict.head.hash}")
    return _code(verdict)


def verdict_record(verdict: Verdict | None) -> dict[str, Any]:
    """The object of a verification; all of it is null where none was possible."""
    if verdict is None:
        return dict.fromkeys(("verifies", "number", "head", "problems"))
    return {
        "verifies": not verdict.problems,
        "number": verdict.head.number,
        "head": verdict.head.hash,
        "problems": [{"place": p.place, "what": p.what} for p in verdict.problems],
    }


@audit.command()
@_asked
@click.option("--language", type=click.Choice(["en", "zh"]), help="Instead of the site's own.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Where to: a name ending in .pdf or .csv.",
)
@json_option
@click.pass_obj
def export(
    app: App,
    subject: str | None,
    person: str | None,
    first: date | None,
    last: date | None,
    language: str | None,
    out: Path,
    as_json: bool,
) -> int:
    """Write the trail to paper (.pdf) or a table (.csv); it is verified first."""
    done = auditing.export(
        app.store,
        _checked(subject, person, first, last),
        app.clinic.site,
        language=language,
        printed=app.now(),
        own=app.templates,
        out=out,
    )
    if as_json:
        told = {"file": str(done.path), "changes": done.deeds}
        screen.print_json({**told, **verdict_record(done.verdict)})
    screen.say(f"Written: {done.path} ({screen.number(done.deeds, 'change')})")
    return _code(done.verdict)


def _code(verdict: Verdict) -> int:
    """The exit code; what is broken is told."""
    if not verdict.problems:
        return 0
    broken = BrokenTrail(verdict.problems)
    screen.complain(str(broken))
    return broken.exit_code


COMMANDS = {"audit": audit}
