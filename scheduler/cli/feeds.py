"""`schedule feed add|list|revoke`: private calendar addresses."""

import sys
from io import StringIO
from pathlib import Path

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import json_option
from scheduler.exporters.records import Record, when
from scheduler.feeds import Address, Feed
from scheduler.services import feeds
from scheduler.services.feeds import Order
from scheduler.sites import Audience

KEPT = "Devices keep what they have read until the calendar is removed from them."
"""What switching an address off does not do."""


@click.group()
def feed() -> None:
    """Give people calendar addresses that update themselves, and take them back."""


@feed.command()
@click.option("--person", metavar="NAME", help="Who gets it: a login or role (default: you).")
@click.option("--subject", metavar="CODE", help="One participant only (default: the whole site).")
@click.option(
    "--audience",
    type=click.Choice([audience.value for audience in Audience]),
    default=Audience.STAFF.value,
    show_default=True,
    help="For whom the calendar is: decides what it may say.",
)
@click.option("--language", type=click.Choice(["en", "zh"]), help="Instead of the site's own.")
@click.option(
    "--card", type=click.Path(path_type=Path), metavar="FILE", help="A card to print, as PDF."
)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would be given; give nothing.")
@json_option
@click.pass_obj
def add(
    app: App,
    person: str | None,
    subject: str | None,
    audience: str,
    language: str | None,
    card: Path | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give a calendar address; it is shown this once and cannot be shown again."""
    if person and audience == Audience.PARTICIPANT:
        raise click.UsageError("a participant is known by the code only: leave --person away")
    order = Order(
        person=(person or app.settings.get("user") or "").strip(),
        audience=Audience(audience),
        subject=subject,
        language=language,
    )
    address = Address(base=app.settings.public_url, token=app.token())
    change = app.change("feed add", reason.strip())

    def printing(given: Feed) -> bytes:
        from scheduler.exporters.feedcard import feed_card
        from scheduler.services.publication import templates

        site, own = app.clinic.site, templates(app.templates)
        return feed_card(given, address, site=site, printed=change.at, templates=own)

    given = feeds.give(
        app.store, app.clinic, order, change, address, printing, card, dry_run=dry_run
    )
    if dry_run:
        _tell(f"Would give {described(given)}", given, as_json=as_json)
        screen.say("Dry run: nothing was stored or written.")
        return
    _show(given, address, card, as_json=as_json)


@feed.command("list")
@json_option
@click.pass_obj
def list_(app: App, as_json: bool) -> None:
    """List the calendar addresses of the site: whose they are, and when last asked for."""
    given = feeds.given(app.store, app.clinic.site.code)
    if as_json:
        screen.print_json({"feeds": [record(one) for one in given]})
        return
    zone = app.clinic.site.tz()
    columns = ("No.", "Person", "Audience", "Visits of", "Language", "Given", "Last used", "State")
    rows = []
    for one in given:
        times = (one.given, one.used, one.revoked)
        first, used, revoked = (t and f"{t.astimezone(zone):%Y-%m-%d %H:%M}" for t in times)
        state = f"revoked {revoked}" if revoked else "answered"
        about = one.subject or f"site {one.site}"
        whose = (one.person, one.audience, about, one.language)
        rows.append([str(one.number), *whose, first or "", used or "never", state])
    screen.print_table(f"Calendar addresses of {app.clinic.site.code}", columns, rows)


@feed.command()
@click.argument("number", type=int)
@click.option("--reason", default="", metavar="TEXT", help="Why, for the history.")
@click.option("--dry-run", is_flag=True, help="Show what would be revoked; change nothing.")
@json_option
@click.pass_obj
def revoke(app: App, number: int, reason: str, dry_run: bool, as_json: bool) -> None:
    """Switch a calendar address off; what devices have read already stays on them."""
    change = app.change("feed revoke", reason.strip())
    done = feeds.revoke(app.store, app.clinic, number, change, dry_run=dry_run)
    _tell(f"{'Would revoke' if dry_run else 'Revoked'} {described(done)}", done, as_json=as_json)
    screen.say("Dry run: nothing was stored." if dry_run else KEPT)


def described(feed: Feed) -> str:
    """A feed in words."""
    name = f"feed {feed.number}" if feed.number else "a feed"
    whose = feed.subject or f"site {feed.site}"
    return f"{name} for {feed.person}: {feed.audience} calendar of {whose}, {feed.language}"


def record(feed: Feed) -> Record:
    """The JSON object of a feed."""
    return {
        "number": feed.number or None,
        "person": feed.person,
        "audience": feed.audience.value,
        "site": feed.site,
        "subject": feed.subject,
        "language": feed.language,
        "given": when(feed.given),
        "used": when(feed.used),
        "revoked": when(feed.revoked),
    }


def _tell(sentence: str, feed: Feed, *, as_json: bool) -> None:
    if as_json:
        screen.print_json(record(feed))
    else:
        screen.say(f"{sentence}.")


def _show(given: Feed, address: Address, card: Path | None, *, as_json: bool) -> None:
    if as_json:
        links = {"address": address.https, "webcal": address.webcal}
        files = [str(card)] if card else []
        screen.print_json({**record(given), **links, "files": files})
    else:
        click.echo(address.https)
        click.echo(address.webcal)
    screen.say(f"Gave {described(given)}.")
    if sys.stderr.isatty():
        screen.say(_qr(address.webcal))
    if card:
        screen.say(f"Written: {card}")
    screen.say(
        "The address is a secret, shown only now: the book keeps nothing it could be read from."
    )
    if not address.is_private:
        screen.warn(
            ["the address is no https:// one, so it can be read on the way: set public_url"]
        )


def _qr(text: str) -> str:
    """A QR code in characters, dark on light whatever the terminal's colours."""
    import segno  # tables of the QR standard: only where needed

    drawn = StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return click.style(drawn.getvalue().rstrip(), fg="bright_white", bg="black")


COMMANDS = {"feed": feed}
