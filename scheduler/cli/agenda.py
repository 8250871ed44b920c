"""`schedule show`, `list` and `upcoming`: read the book."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Day, as_of_option, json_option
from scheduler.dates import FIRST_DAY, LAST_DAY, Window
from scheduler.errors import BadValue
from scheduler.protocol import Kind
from scheduler.services import agenda, holdings
from scheduler.services.agenda import Agenda
from scheduler.store import Ruled
from scheduler.subject import OPEN, Visit

if TYPE_CHECKING:
    from scheduler.deviations import Deviation
    from scheduler.ruling import RuleOutcome

PAGE = 1_000
"""Visits in one table; a longer list is several."""


@click.command()
@click.argument("subject")
@json_option
@click.pass_obj
def show(app: App, subject: str, as_json: bool) -> None:
    """Show one participant's visits."""
    found = agenda.of_subject(app.store, subject)
    broken = _broken(app, found)
    if as_json:
        from scheduler.cli import agendarecord

        screen.print_json(agendarecord.agenda(found, broken))
        return
    screen.print_visits(screen.headline(found.subject), found.visits)
    for each in found.versions[1:]:
        change = each.change
        click.echo(
            f"Version {each.version} since {change.at:%Y-%m-%d}, {change.user}: {change.reason}"
        )
    if found.eligibility:
        click.echo(_screened(found.eligibility))
    for ruled in found.rulings:
        if ruled.ruling.day != found.subject.enrolled:
            click.echo(_found_later(ruled))
    for deviation in broken:
        click.echo(_forced(deviation))
    screen.warn(found.holding.warnings() if found.holding else ())


def _broken(app: App, found: Agenda) -> "tuple[Deviation, ...]":
    if not any(visit.kind is Kind.INFUSION and visit.actual for visit in found.visits):
        return ()
    from scheduler.services import monitoring

    return monitoring.broken(app.store, found.subject.code)


def _forced(deviation: "Deviation") -> str:
    visit, recorded = deviation.visit, f"{deviation.user}: {deviation.reason}"
    return f"{visit.ref} on {visit.actual}: {deviation} (recorded by {recorded})"


def _screened(ruled: Ruled) -> str:
    ruling, change = ruled.ruling, ruled.change
    parts = [f"{ruling.outcome} by the rules of version {ruling.version}"]
    if ruling.consent:
        parts.append(f"consent {ruling.consent}")
    if ruling.review:
        parts.append(f"review: {ruling.review}")
    return f"Screened for {ruling.day}: {', '.join(parts)} (recorded by {change.user})"


def _found_later(ruled: Ruled) -> str:
    ruling = ruled.ruling
    parts = [_outcome(outcome) for outcome in ruling.rules]
    parts += [f"review: {ruling.review}"] if ruling.review else []
    return f"Found on {ruling.day}: {', '.join(parts)} (recorded by {ruled.change.user})"


def _outcome(outcome: "RuleOutcome") -> str:
    if not outcome.applies:
        return f"{outcome.rule} does not apply"
    count = f" ({outcome.count})" if outcome.count else ""
    return f"{outcome.rule} {outcome.outcome}{count}"


@click.command("list")
@click.option("--from", "first", type=Day(), default=FIRST_DAY, metavar="DATE", help="First day.")
@click.option("--to", "last", type=Day(), default=LAST_DAY, metavar="DATE", help="Last day.")
@json_option
@click.pass_obj
def list_visits(app: App, first: date, last: date, as_json: bool) -> None:
    """List everybody's visits, by day."""
    if last < first:
        raise BadValue("--to", last, f"it lies before --from {first}")
    _print(app, Window(earliest=first, latest=last), as_json=as_json)


@click.command()
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=7,
    show_default=True,
    help="How many, from today.",
)
@as_of_option
@json_option
@click.pass_obj
def upcoming(app: App, days: int, as_of: date | None, as_json: bool) -> None:
    """List the visits of the coming days, today included: each site's own today."""
    todays = {} if as_of else app.todays()
    # Visits at a site that the settings do not know count from the earliest: none is hidden.
    earliest = as_of or min(todays.values())
    last = max((earliest, *todays.values())) + timedelta(days=days - 1)
    infusions: list[Visit] = []

    def coming(visit: Visit) -> bool:
        first = todays.get(visit.site, earliest)
        ahead = (visit.day or visit.target) - first
        return visit.status in OPEN and timedelta() <= ahead < timedelta(days=days)

    def chosen(found: Iterator[Visit]) -> Iterator[Visit]:
        for visit in filter(coming, found):
            if visit.kind is Kind.INFUSION:
                infusions.append(visit)
            yield visit

    _print(app, Window(earliest=earliest, latest=last), chosen, as_json=as_json)
    if not as_json:
        screen.warn(_warnings(app, infusions))


def _print(
    app: App,
    window: Window,
    chosen: Callable[[Iterator[Visit]], Iterator[Visit]] = iter,
    *,
    as_json: bool,
) -> None:
    tell = _print_json if as_json else _print_pages
    agenda.of_days(app.store, window, app.site, lambda found: tell(chosen(found)))


def _print_json(visits: Iterator[Visit]) -> None:
    from scheduler.cli import agendarecord

    screen.print_json_list("visits", map(agendarecord.listed, visits))


def _print_pages(visits: Iterator[Visit]) -> None:
    """One table, or several where one would be too long to measure before it is printed."""
    for first, page in screen.pages(visits, PAGE):
        is_all = first == 1 and len(page) < PAGE
        title = screen.number(len(page), "visit") if is_all else f"Visits from no. {first:,}"
        screen.print_visits(title, page, with_subject=True)


def _warnings(app: App, infusions: Iterable[Visit]) -> Iterator[str]:
    """What to see to before these infusions."""
    among = {(visit.subject, visit.ref) for visit in infusions}
    codes = dict.fromkeys(visit.subject for visit in infusions)
    known = holdings.of_subjects(app.store, codes) if codes else {}
    for code in codes:
        for supply in known[code].supplies if code in known else ():
            if (code, supply.visit.ref) in among:
                yield from supply.warnings()


COMMANDS = {"show": show, "list": list_visits, "upcoming": upcoming}
