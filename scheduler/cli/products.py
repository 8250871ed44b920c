"""`schedule product order|release|fail|list`: the cell product's chain."""

import re
from collections.abc import Callable, Iterable
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeVar

import click

from scheduler.app import App
from scheduler.cli import screen
from scheduler.cli.options import Clock, Day, Kilograms, as_of_option, json_option
from scheduler.cli.visits import tell
from scheduler.exporters.holdings import product_record, supply_record
from scheduler.exporters.sheetfacts import grouped
from scheduler.products import Expiry, Product
from scheduler.services import holdings, products, repeats
from scheduler.services.holdings import Holding
from scheduler.services.products import Handled, Order, Release
from scheduler.services.repeats import Failure
from scheduler.subject import Weight
from scheduler.supplies import Supply

F = TypeVar("F", bound=Callable[..., Any])


class Expires(click.ParamType[Expiry]):
    """A last day, or the time on it from which a batch has expired."""

    name = "expiry"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Expiry:
        if isinstance(value, Expiry):
            return value
        day, _, clock = str(value).partition("T")
        if re.search("T", str(value)) and not clock:
            self.fail(f"{value} has no time; write 2026-04-16 or 2026-04-16T12:00", param, ctx)
        at: time | None = Clock().convert(clock, param, ctx) if clock else None
        return Expiry(day=Day().convert(day, param, ctx), at=at)


@click.group()
def product() -> None:
    """Follow cell products: each batch belongs to one participant, for ever."""


def _shared(command: F) -> F:
    options = (
        click.argument("subject"),
        click.option("--batch", required=True, metavar="ID", help="The batch id on the label."),
        click.option("--reason", default="", metavar="TEXT", help="Why, for the history."),
        click.option("--dry-run", is_flag=True, help="Show what would change; change nothing."),
        json_option,
        click.pass_obj,
    )
    for option in reversed(options):
        command = option(command)
    return command


@product.command()
@click.option("--weight", type=Kilograms(), metavar="KG", help="Made for this (default: newest).")
@click.option("--weighed", type=Day(), metavar="DATE", help="When weighed (default: that day).")
@click.option(
    "--date", "day", type=Day(), metavar="DATE", help="Day of the order (default: today)."
)
@as_of_option
@_shared
def order(
    app: App,
    subject: str,
    batch: str,
    weight: Decimal | None,
    weighed: date | None,
    day: date | None,
    reason: str,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Order the doses of a participant, for a weight of a date."""
    if weighed is not None and weight is None:
        raise click.UsageError("--weighed says when --weight was taken: give both")
    today = as_of or app.today(app.clinic.site)
    made_for = Weight(kg=weight, measured=weighed or day or today) if weight else None
    asked = Order(subject=subject, batch=batch, weight=made_for, day=day)
    change = app.change("product order", reason.strip())
    handled = products.order(app.store, app.clinic, asked, change, today, dry_run=dry_run)
    _tell(handled, dry_run=dry_run, as_json=as_json)


@product.command()
@click.option("--on", "day", type=Day(), required=True, metavar="DATE", help="Day of the release.")
@click.option(
    "--expires", type=Expires(), required=True, metavar="DATE[THH:MM]", help="Last day, or time."
)
@click.option("--force", is_flag=True, help="Let an infusion leave its window, with a --reason.")
@click.option(
    "--along", multiple=True, metavar="ENCOUNTER", help="Agreed visit that may move; repeatable."
)
@_shared
def release(
    app: App,
    subject: str,
    batch: str,
    day: date,
    expires: Expiry,
    force: bool,
    along: tuple[str, ...],
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Release a batch; infusions that stand before that day move behind it."""
    asked = Release(
        subject=subject,
        batch=batch,
        day=day,
        expires=expires,
        forced=force,
        along=frozenset(along),
    )
    change = app.change("product release", reason.strip())
    handled = products.release(app.store, app.clinic, asked, change, dry_run=dry_run)
    _tell(handled, dry_run=dry_run, as_json=as_json)


@product.command()
@click.option(
    "--aspiration", "earliest", type=Day(), metavar="DATE", help="Aspirate again from then on."
)
@click.option("--no-repeat", is_flag=True, help="End the treatment; follow-ups go on.")
@as_of_option
@_shared
def fail(
    app: App,
    subject: str,
    batch: str,
    earliest: date | None,
    no_repeat: bool,
    reason: str,
    dry_run: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Record that a culture failed; it is repeated from another aspiration, or given up."""
    if no_repeat and earliest is not None:
        raise click.UsageError("--no-repeat and --aspiration exclude each other")
    today = as_of or app.today(app.clinic.site)
    failure = Failure(subject=subject, batch=batch, earliest=earliest, end=no_repeat)
    change = app.change("product fail", reason.strip())
    handled = repeats.fail(app.store, app.clinic, failure, change, today, dry_run=dry_run)
    _tell(handled, dry_run=dry_run, as_json=as_json, today=today)


@product.command("list")
@click.argument("subject", required=False)
@json_option
@click.pass_obj
def list_products(app: App, subject: str | None, as_json: bool) -> None:
    """List coming infusions with what they need, and every batch."""
    if subject is None:
        site = app.clinic.site.code if app.settings.get("site") else None
        found = holdings.of_site(app.store, site)
    else:
        holding = holdings.of_subject(app.store, subject)
        found = (holding,) if holding else ()
    if as_json:
        supplied = (supply for holding in found for supply in holding.supplies)
        batches = (batch for holding in found for batch in holding.products)
        screen.print_json(
            {
                "infusions": [supply_record(supply) for supply in supplied],
                "products": [product_record(batch) for batch in batches],
            }
        )
        return
    _print(found)


def _print(found: Iterable[Holding]) -> None:
    found = tuple(found)
    supplied = [supply for holding in found for supply in holding.supplies]
    supplied.sort(key=lambda supply: (supply.day, supply.visit.subject))
    columns = ["Subject", "Infusion", "Date", "Status", "Cells", "Volume", "Batch", "Weight"]
    screen.print_table(
        f"{screen.number(len(supplied), 'infusion')} to come", columns, map(_supply_row, supplied)
    )
    batches = [batch for holding in found for batch in holding.products]
    columns = ["Subject", "Batch", "Chain", "Stage", "Ordered", "Released", "Expires", "Remarks"]
    screen.print_table(
        screen.number(len(batches), "batch", "batches"), columns, map(_batch_row, batches)
    )
    for holding in found:
        screen.warn(holding.warnings())


def _supply_row(supply: Supply) -> list[str]:
    visit, weight, dose = supply.visit, supply.weight, supply.dose
    volume = f"{dose.volume_ml} ± {dose.tolerance_ml} ml"
    return [
        visit.subject,
        visit.ref,
        screen.appointment(visit),
        visit.status.value,
        grouped(dose.cells(weight.kg)) if weight else "",
        volume,
        f"{supply.product.batch} ({supply.product.stage})" if supply.product else "none ordered",
        f"{weight.kg} kg of {weight.measured}, {supply.age} d old then" if weight else "none",
    ]


def _batch_row(batch: Product) -> list[str]:
    given = f"given at {', '.join(batch.given)}" if batch.given else ""
    made_for = f"for {batch.weight.kg} kg of {batch.weight.measured}"
    return [
        batch.subject,
        batch.batch,
        str(batch.chain),
        batch.stage.value,
        str(batch.ordered),
        str(batch.released or ""),
        str(batch.expires or ""),
        "; ".join(part for part in (made_for, given, batch.reason) if part),
    ]


def _tell(handled: Handled, *, dry_run: bool, as_json: bool, today: date | None = None) -> None:
    batch = handled.after
    if not as_json:
        parts = [batch.stage.value, f"for {batch.weight.kg} kg of {batch.weight.measured}"]
        if batch.released and batch.expires:
            parts += [f"released {batch.released}", f"expires {batch.expires}"]
        screen.say(f"{batch.subject}, batch {batch.batch}: {', '.join(parts)}")
    told = product_record(batch)
    tell(handled.outcome, dry_run=dry_run, as_json=as_json, today=today, product=told)


COMMANDS = {"product": product}
