"""`schedule db backup|restore|upgrade|migrate`: keep the book safe."""

from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.audit import verdict_record
from scheduler.cli.options import json_option
from scheduler.store import keeping, relocation
from scheduler.store.verification import BrokenTrail

LATE = (
    "others stored {} more change(s) in the old book meanwhile, which the new one lacks: let"
    " nobody write, and carry it into another empty database"
)

_FILE = click.Path(path_type=Path)


@click.group()
def db() -> None:
    """Back up, restore, upgrade or move the book."""


@db.command()
@click.argument("file", type=_FILE, metavar="FILE")
@json_option
@click.pass_obj
def backup(app: App, file: Path, as_json: bool) -> int:
    """Write the whole book into a new file, while it may be in use.

    An SQLite book becomes an SQLite file; a PostgreSQL book is dumped by pg_dump.
    """
    verdict = keeping.backup(app.database, file)
    screen.say(f"Written: {file}")
    if verdict is None:
        screen.say("The book has an older schema; its history was not verified.")
        screen.answer({"file": str(file), **verdict_record(None)}, as_json=as_json)
        return 0
    head = f"{screen.number(verdict.head.number, 'change')}; head: {verdict.head.hash}"
    screen.answer({"file": str(file), **verdict_record(verdict)}, head, as_json=as_json)
    if not verdict.problems:
        return 0
    broken = BrokenTrail(verdict.problems)
    screen.complain(str(broken))
    return broken.exit_code


@db.command()
@click.argument("file", type=_FILE, metavar="FILE")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@json_option
@click.pass_obj
def restore(app: App, file: Path, reason: str, as_json: bool) -> None:
    """Let the book be what it was when FILE was written.

    A damaged or tampered file is refused, and the book stays as it is. An SQLite book that
    is replaced is kept beside the new one; a PostgreSQL database must be empty.
    """
    change = app.change("db restore", f"{reason.strip()} from {file.name}".strip())
    done = keeping.restore(app.database, file, change)
    if done.before is not None:
        screen.say(f"The book as it was is kept as {done.before}")
    head = done.verdict.head
    screen.answer(
        {"kept_as": _path(done.before), **verdict_record(done.verdict)},
        f"Restored: {screen.number(head.number, 'change')}; head: {head.hash}",
        as_json=as_json,
    )


@db.command()
@json_option
@click.pass_obj
def upgrade(app: App, as_json: bool) -> None:
    """Bring a book of an older program to this one's schema; it is backed up first."""
    done = keeping.upgrade(app.database, Path(), app.change("db upgrade"))
    if done is None:
        said = "The book has this program's schema already."
        screen.answer({"upgraded_from": None, "kept_as": None}, said, as_json=as_json)
        return
    screen.say(f"The book as it was is kept as {done.backup}")
    screen.answer(
        {"upgraded_from": done.revision, "kept_as": _path(done.backup)},
        f"Upgraded from schema {done.revision}",
        as_json=as_json,
    )


@db.command()
@click.argument("url", metavar="URL")
@click.option("--dry-run", is_flag=True, help="Make sure that it would work; store nothing.")
@json_option
@click.pass_obj
def migrate(app: App, url: str, dry_run: bool, as_json: bool) -> None:
    """Carry the book with its history into the empty database at URL.

    Either may be SQLite or PostgreSQL. The book is only read, and stays as it is; what is
    written into it afterwards is not carried, so let nobody write until the settings name
    the new one.
    """
    with screen.progress("Carrying over") as watch:
        done = relocation.relocate(app.database, url, dry_run=dry_run, watch=watch)
    carried = f"{screen.number(done.head.number, 'change')}, {screen.number(done.rows, 'row')}"
    head = f"{carried}; head: {done.head.hash}"
    screen.answer(
        {
            "number": done.head.number,
            "head": done.head.hash,
            "rows": done.rows,
            "later": done.later,
        },
        f"Would be carried over: {head}" if dry_run else f"Carried over: {head}",
        as_json=as_json,
    )
    if done.later:
        screen.warn([LATE.format(done.later)])
    if not dry_run:
        screen.say("Now name the new book in the settings of every desk and cron line.")


def _path(path: Path | None) -> str | None:
    return str(path) if path else None


COMMANDS = {"db": db}
