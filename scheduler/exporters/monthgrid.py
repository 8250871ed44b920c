"""Months on paper: which days carry a visit, a target or a window.

A month is whole weeks of seven days, Monday first; days of the neighbouring months are
blank.  Months in which nothing falls are left out, for a year of follow-up would push
the weeks that matter off the page.

>>> april = Entry(number=4, day=date(2026, 4, 9), infusion=True, target=date(2026, 4, 9),
...               window=Window(earliest=date(2026, 4, 2), latest=date(2026, 4, 16)))
>>> [grid] = month_grid([april])
>>> grid.weeks[1][2:5]
(Day(number=8, mark=<Mark.WINDOW: 'window'>, visits=()), \
Day(number=9, mark=<Mark.INFUSION: 'infusion'>, visits=(4,)), \
Day(number=10, mark=<Mark.WINDOW: 'window'>, visits=()))
"""

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scheduler.dates import Window


class Mark(StrEnum):
    """How a day is drawn; where several hold, the first listed here wins."""

    INFUSION = "infusion"
    VISIT = "visit"
    TARGET = "target"
    WINDOW = "window"
    NONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One visit as the grid sees it; `day` is None while it has no slot."""

    number: int
    day: date | None
    infusion: bool
    target: date
    window: Window

    def mark(self, day: date) -> Mark:
        """What this visit makes of `day`."""
        if day == self.day:
            return Mark.INFUSION if self.infusion else Mark.VISIT
        if day == self.target:
            return Mark.TARGET
        return Mark.WINDOW if day in self.window else Mark.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One cell: day of the month, how it is drawn, and the numbers of the visits on it."""

    number: int
    mark: Mark
    visits: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month; a week has seven cells, None outside the month."""

    year: int
    month: int
    weeks: tuple[tuple[Day | None, ...], ...]


def month_grid(entries: Sequence[Entry]) -> tuple[Month, ...]:
    """The months that any entry touches, in order."""
    touched = {(day.year, day.month) for entry in entries for day in _days(entry)}
    return tuple(_month(year, month, entries) for year, month in sorted(touched))


def _days(entry: Entry) -> tuple[date, ...]:
    days = (*entry.window.days(), entry.target)
    return days if entry.day is None else (*days, entry.day)


def _month(year: int, month: int, entries: Sequence[Entry]) -> Month:
    weeks = Calendar().monthdatescalendar(year, month)
    return Month(
        year=year,
        month=month,
        weeks=tuple(
            tuple(_cell(day, entries) if day.month == month else None for day in week)
            for week in weeks
        ),
    )


def _cell(day: date, entries: Sequence[Entry]) -> Day:
    marks = {entry.mark(day) for entry in entries}
    return Day(
        number=day.day,
        mark=next((mark for mark in Mark if mark in marks), Mark.NONE),
        visits=tuple(entry.number for entry in entries if entry.day == day),
    )
