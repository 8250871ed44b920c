"""Offsets, windows and intervals: the algebra of dates, without a clock.

A date rule is an `Offset` from an anchor and a `Window` around the target it gives.
Windows are whole days with both ends inclusive, in the site's zone; intervals are
instants and half-open, so that one may end where the next begins.

>>> target = Offset(days=35).after(date(2026, 3, 5))
>>> window = Window.around(target, before=Offset(days=7), after=Offset(days=7))
>>> print(window.earliest, target, window.latest)
2026-04-02 2026-04-09 2026-04-16
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from scheduler.errors import BadValue, SchedulerError

FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)
"""Dates outside these years are slips of the pen ("0026-03-02"), never visits."""

_UNITS = {"d": (1, 0), "w": (7, 0), "mo": (0, 1), "y": (0, 12)}
_OFFSET = re.compile(r"\s*([+\-−]?)\s*(\d{1,5})\s*(d|w|mo|y)\s*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """A signed distance from an anchor, in days or in calendar months, never both.

    Days obey the shift law: move the anchor by n days and the target moves by n.
    Months clip at the month's end, always counted from the anchor.

    >>> Offset(months=1).after(date(2028, 1, 31))
    datetime.date(2028, 2, 29)
    """

    days: int = 0
    months: int = 0

    def __post_init__(self) -> None:
        if self.days and self.months:
            raise ValueError("an offset counts days or months, not both")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "35 d", "-1 w", "+3 mo" or "1 y".

        Raises:
            ValueError: the text is none of these; the message says what is.
        """
        match = _OFFSET.match(text)
        if match is None:
            raise ValueError(f'"{text}" is not an offset like "35 d", "-1 w", "3 mo", "1 y"')
        sign, digits, unit = match.groups()
        amount = int(digits) * (-1 if sign in {"-", "−"} else 1)
        days, months = _UNITS[unit]
        return cls(days=days * amount, months=months * amount)

    def after(self, anchor: date) -> date:
        """The day this offset leads to from `anchor`.

        Raises:
            DateOutOfRange: the day falls outside FIRST_DAY..LAST_DAY.
        """
        return self._from(anchor, 1)

    def before(self, anchor: date) -> date:
        """The day as far from `anchor` on the other side.

        Raises:
            DateOutOfRange: the day falls outside FIRST_DAY..LAST_DAY.
        """
        return self._from(anchor, -1)

    def _from(self, anchor: date, sign: int) -> date:
        try:
            if self.months:
                day = anchor + relativedelta(months=sign * self.months)
            else:
                day = date.fromordinal(anchor.toordinal() + sign * self.days)
        except (OverflowError, ValueError):
            raise DateOutOfRange(f"{anchor} {self if sign > 0 else -self}") from None
        return checked(day)

    def __neg__(self) -> "Offset":
        return Offset(days=-self.days, months=-self.months)

    def __str__(self) -> str:
        """
        >>> str(Offset(days=-7)), str(Offset(days=1)), str(Offset(months=3))
        ('- 7 days', '+ 1 day', '+ 3 months')
        """
        amount, unit = (self.months, "month") if self.months else (self.days, "day")
        sign = "-" if amount < 0 else "+"
        return f"{sign} {abs(amount)} {unit}{'' if abs(amount) == 1 else 's'}"


class DateOutOfRange(BadValue):
    """A date no visit can have."""

    def __init__(self, what: object) -> None:
        super().__init__("date", what, f"dates run from {FIRST_DAY} to {LAST_DAY}")


def checked(day: date) -> date:
    """`day`, when it lies inside FIRST_DAY..LAST_DAY; else DateOutOfRange."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise DateOutOfRange(day)
    return day


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Earliest and latest allowed day, both inclusive."""

    earliest: date
    latest: date

    def __post_init__(self) -> None:
        if self.latest < self.earliest:
            raise ValueError(f"window ends {self.latest} before it begins {self.earliest}")

    @classmethod
    def around(cls, target: date, *, before: Offset, after: Offset) -> Self:
        """The window of `target`; `before` and `after` are magnitudes, so it holds the target."""
        return cls(earliest=before.before(target), latest=after.after(target))

    def __contains__(self, day: date) -> bool:
        return self.earliest <= day <= self.latest

    def __and__(self, other: "Window") -> "Window | None":
        """The days in both windows; None when there are none."""
        earliest, latest = max(self.earliest, other.earliest), min(self.latest, other.latest)
        return Window(earliest=earliest, latest=latest) if earliest <= latest else None

    def __or__(self, other: "Window") -> "Window":
        """The shortest window that holds both."""
        earliest, latest = min(self.earliest, other.earliest), max(self.latest, other.latest)
        return Window(earliest=earliest, latest=latest)

    def days(self) -> Iterator[date]:
        """Every day, in order."""
        return map(date.fromordinal, range(self.earliest.toordinal(), self.latest.toordinal() + 1))

    def interval(self, zone: ZoneInfo) -> "Interval":
        """From the first midnight of the window to the one after it, by the clocks of `zone`."""
        midnights = (self.earliest, self.latest + timedelta(days=1))
        start, end = (datetime.combine(day, time.min, tzinfo=zone) for day in midnights)
        return Interval(start=start, end=end)

    def nearest(self, day: date) -> date:
        """The day of this window that is nearest to `day`."""
        return min(max(day, self.earliest), self.latest)

    def beyond(self, day: date) -> int:
        """Days by which `day` misses the window: negative before it, 0 inside, positive after."""
        return (day - self.nearest(day)).days


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Interval:
    """A stretch of time between two instants, half-open: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an interval needs instants with a zone")
        start, end = self.start, self.end
        # Instants of one ZoneInfo compare by wall clock, wrong only where that is changed between.
        if start.utcoffset() != end.utcoffset():
            start, end = _utc(start), _utc(end)
        if end <= start:
            raise ValueError(f"interval ends {self.end} at or before its start {self.start}")

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two share an instant."""
        return _utc(self.start) < _utc(other.end) and _utc(other.start) < _utc(self.end)

    def minutes(self) -> int:
        """Whole minutes that pass between the two instants."""
        return int((_utc(self.end) - _utc(self.start)).total_seconds() // 60)


def _utc(instant: datetime) -> datetime:
    # Instants of one ZoneInfo compare by wall clock, which is wrong in the repeated hour.
    return instant.astimezone(UTC)


class NonexistentTime(SchedulerError):
    """A wall-clock time that the clock jumps over that day."""

    exit_code = 2

    def __init__(self, day: date, at: time, zone: str) -> None:
        super().__init__(f"{at:%H:%M} does not exist on {day} in {zone}: the clock is put forward")


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock time; in a repeated hour, the first of the two.

    Raises:
        NonexistentTime: the clock jumps over `at` that day.
    """
    moment = datetime.combine(day, at, tzinfo=zone)
    if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise NonexistentTime(day, at, zone.key)
    return moment


def study_day(day: date, reference: date) -> int:
    """Display only: the reference date is day 1 and there is no day 0 (CDISC SDTM --DY).

    >>> study_day(date(2026, 3, 2), date(2026, 3, 2)), study_day(date(2026, 3, 1), date(2026, 3, 2))
    (1, -1)
    """
    days = (day - reference).days
    return days + 1 if days >= 0 else days
