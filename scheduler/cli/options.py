"""Options and values that several commands share."""

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeVar

import click

from scheduler.dates import checked
from scheduler.errors import BadValue

F = TypeVar("F", bound=Callable[..., Any])


class Day(click.ParamType[date]):
    """A date, YYYY-MM-DD."""

    name = "date"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> date:
        if isinstance(value, date):
            return value
        text = str(value)
        try:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
                raise ValueError("it is not written YYYY-MM-DD")
            return checked(date.fromisoformat(text))
        except BadValue as error:
            self.fail(str(error), param, ctx)
        except ValueError as error:
            self.fail(f"{text} is no date: {error}; write it like 2026-03-02", param, ctx)


class Clock(click.ParamType[time]):
    """A wall-clock time, HH:MM."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> time:
        if isinstance(value, time):
            return value
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", str(value)):
            self.fail(f"{value} is no time; write it like 08:30", param, ctx)
        return time.fromisoformat(str(value))


class Kilograms(click.ParamType[Decimal]):
    """A body weight with a decimal point."""

    name = "kg"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        from scheduler.services.enrollment import check_weight

        if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", str(value)):
            self.fail(f"{value} is no number of kilograms; write it like 68.5", param, ctx)
        try:
            return check_weight(Decimal(str(value)))
        except BadValue as error:
            self.fail(str(error), param, ctx)


def _remember(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    ctx.meta["json"] = value or ctx.meta.get("json", False)
    return bool(ctx.meta["json"])


json_option: Callable[[F], F] = click.option(
    "--json", "as_json", is_flag=True, callback=_remember, help="Print one JSON object."
)
"""`--json` behind the command does what it does before it."""

as_of_option: Callable[[F], F] = click.option(
    "--as-of", type=Day(), metavar="DATE", help="The day to count as today."
)

conflicts_option: Callable[[F], F] = click.option(
    "--conflicts",
    multiple=True,
    metavar="FILE|URL",
    help="Calendar (.ics) whose events close the site; may be repeated.",
)
