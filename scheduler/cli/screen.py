"""What a person sees: tables and JSON on stdout, remarks on stderr.

Colour appears on a terminal only, and never where NO_COLOR is set.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from textwrap import indent
from typing import TYPE_CHECKING, Any, TypeVar

import click

from scheduler.dates import Interval, Window
from scheduler.errors import Problem
from scheduler.subject import Subject, Visit

if TYPE_CHECKING:
    from rich.console import Console

T = TypeVar("T")

Watch = Callable[[int, int], object]
"""Told how much is done of how much."""

MOST_REASONS = 4
"""Sentences of one visit in a table."""

LEAST_LAST = 24
"""Columns of the screen that a long cell needs to be read."""

GAP = "   "
"""Between two columns of a table."""

PIPE_WIDTH = 160
"""Columns of a table that goes into a file or another program."""


def say(*lines: str) -> None:
    """Remarks for the person at the terminal."""
    for line in lines:
        click.echo(line, err=True)


def complain(sentence: str) -> None:
    """Why the command failed."""
    click.echo(f"schedule: {sentence}", err=True)


@contextmanager
def progress(title: str) -> Iterator[Watch]:
    """A bar on a terminal, moved by telling how much is done of how much; else nothing."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def number(count: int, one: str, many: str = "") -> str:
    """How many there are of something.

    >>> number(1, "visit"), number(1200, "visit"), number(0, "batch", "batches")
    ('1 visit', '1,200 visits', '0 batches')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def print_json(record: Mapping[str, Any]) -> None:
    """One JSON object."""
    click.echo(json.dumps(record, ensure_ascii=False, indent=2))


def print_json_list(name: str, records: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object of one list, which is written while it is read."""
    begun = False
    for record in records:
        text = indent(json.dumps(record, ensure_ascii=False, indent=2), "    ")
        before = "," if begun else f'{{\n  "{name}": ['
        click.echo(f"{before}\n{text}", nl=False)
        begun = True
    click.echo("\n  ]\n}" if begun else f'{{\n  "{name}": []\n}}')


def answer(record: Mapping[str, Any], *lines: str, as_json: bool) -> None:
    """What a command came to on stdout: one JSON object, or the lines that say the same."""
    if as_json:
        print_json(record)
    else:
        for line in lines:
            click.echo(line)


def warn(warnings: Iterable[str]) -> None:
    """Tell what a person should see to."""
    say(*(f"Warning: {warning}" for warning in warnings))


def warn_incomplete(problems: Sequence[Problem]) -> None:
    """Tell that parts of conflict calendars were not read."""
    if problems:
        say(
            f"Warning: the conflict check is incomplete, {len(problems)} part(s) of calendars "
            "could not be read; times they take may look free:"
        )
        say(*(f"  {problem}" for problem in problems))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; the last column takes what width is left and may wrap.

    On a screen too narrow for that, each row is its first cell, and beside it the others
    with the names of their columns: a date that is cut off is no date.
    """
    from rich import box
    from rich.table import Table

    console, cells = _console(), [list(columns), *map(list, rows)]
    widths = _widths(cells)
    if _least(widths) > console.width:
        cells = [[columns[0], ""], *([row[0], _told(columns, row)] for row in cells[1:])]
        widths = _widths(cells)
    # All columns but the last as one: this is three times as fast as eight of them.
    heading, *lines = ([_line(row[:-1], widths), row[-1]] for row in cells)
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column(heading[0], no_wrap=True)
    table.add_column(heading[1], overflow="fold", ratio=1)
    for line in lines:
        table.add_row(*line)
    console.print(table)


def pages(items: Iterator[T], most: int) -> Iterator[tuple[int, list[T]]]:
    """The items in parts of so many, each with the number of its first; of none, an empty part.

    >>> list(pages(iter("abc"), 2)), list(pages(iter(""), 2))
    ([(1, ['a', 'b']), (3, ['c'])], [(1, [])])
    """
    first, page = 1, list(islice(items, most))
    while page or first == 1:
        yield first, page
        if len(page) < most:
            return
        first, page = first + len(page), list(islice(items, most))


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Columns of the screen that each column of a table needs."""
    from rich.cells import cell_len

    return [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]


def _least(widths: Sequence[int]) -> int:
    """Columns of the screen that a table needs to be read with ease."""
    *others, last = widths
    return sum(others) + min(LEAST_LAST, last) + len(GAP) * len(others) + 4


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    from rich.cells import set_cell_size

    return GAP.join(set_cell_size(cell, width) for cell, width in zip(cells, widths, strict=False))


def _told(columns: Sequence[str], row: Sequence[str]) -> str:
    """All cells but the first; the last one, which may be long, begins a line."""
    cells = zip(columns[1:], row[1:], strict=True)
    *named, last = (f"{column}: {cell or '-'}" for column, cell in cells)
    return "\n".join((" · ".join(named), last)) if named else last


def _console() -> "Console":
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False)


def tracked(items: Sequence[T], label: str) -> Iterable[T]:
    """Hand out items one by one, under a bar that shows how far it is on a terminal."""
    if not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, label, console=Console(stderr=True), transient=True)


def print_visits(title: str, visits: Iterable[Visit], *, with_subject: bool = False) -> None:
    """The visits a nurse reads: date with weekday, time, window, days from target, why."""
    columns = ["Visit", "Date", "Time", "Status", "Window", "Off target", "Why this date"]
    rows = []
    for visit in visits:
        again = f" #{visit.occurrence}" if visit.occurrence > 1 else ""
        row = [f"{visit.label}{again}", *_when(visit), visit.status.value, span(visit.window)]
        row += [off_target(visit), why(visit)]
        rows.append([visit.subject, *row] if with_subject else row)
    print_table(title, ["Subject", *columns] if with_subject else columns, rows)


def headline(subject: Subject) -> str:
    """Who, in which arm, since when, by which rules."""
    return (
        f"{subject.code} · {subject.arm} · enrolled {day(subject.enrolled)} · "
        f"{subject.protocol} version {subject.protocol_version}"
    )


def day(day: date) -> str:
    """A date with its weekday."""
    return f"{day:%a %Y-%m-%d}"


def clock(interval: Interval) -> str:
    """Start and end by the wall clock."""
    return f"{interval.start:%H:%M}–{interval.end:%H:%M}"


def span(window: Window) -> str:
    """The allowed days."""
    if window.earliest == window.latest:
        return "that day only"
    return f"{window.earliest} – {window.latest}"


def appointment(visit: Visit) -> str:
    """Day and time in one cell."""
    return " ".join(_when(visit)).strip()


def off_target(visit: Visit) -> str:
    """Days from the target to the actual or scheduled day, with sign."""
    standing = visit.actual or visit.day
    days = (standing - visit.target).days if standing else None
    return "" if days is None else "on target" if days == 0 else f"{days:+d} d"


def _when(visit: Visit) -> tuple[str, str]:
    """Day and time; once a visit is done, its actual day, with the time if it kept that."""
    slot = visit.scheduled
    if visit.actual is not None and (slot is None or slot.start.date() != visit.actual):
        return day(visit.actual), ""
    if slot is None:
        return "no slot", ""
    return day(slot.start.date()), clock(slot)


def why(visit: Visit) -> str:
    """The rule and the first reasons; all of them are in the JSON output."""
    shown, more = visit.why[:MOST_REASONS], len(visit.why) - MOST_REASONS
    parts = (
        [*shown, f"{more} more reason{'s' if more > 1 else ''} in the JSON output"]
        if more > 0
        else [*shown]
    )
    if visit.unverified:
        parts.append("unverified: public holidays of that time are not published yet")
    return "; ".join(parts)
