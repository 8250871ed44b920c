"""Points in time as a calendar writes them, and how long a thing takes.

A `Moment` remembers how it was written, because that decides what it can be compared
with: a whole day, a time in UTC or in a named zone, or a floating time without any.

>>> from zoneinfo import ZoneInfo
>>> zones = Zones([], site=ZoneInfo("Asia/Shanghai"), floating=None, before=datetime(2027, 1, 1))
>>> line = ContentLine(7, "DTSTART", ";TZID=Europe/Berlin", "20260302T090000")
>>> start = Moment.of(line.value, line, zones)
>>> start.form, start.utc()
(<Form.ZONED: 3>, datetime.datetime(2026, 3, 2, 8, 0))
>>> Length.lasting("PT90M", start).end(start.local, start.utc(), start.to_utc)
datetime.datetime(2026, 3, 2, 9, 30)
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Self

from icalendar import vDuration

from scheduler.readers.contentlines import ContentLine, Unreadable
from scheduler.readers.recurrence import ToUTC
from scheduler.readers.zones import UnknownZone, Zones, utc

DAY = timedelta(days=1)
INSTANT = timedelta(minutes=1)
"""What an event without length takes: whoever needs that instant meets it (RFC 4791 9.9)."""

_ZERO = timedelta(0)
_WRITTEN = re.compile(r"(\d{8})(?:(T\d{6})(Z?))?", re.ASCII)


class Form(Enum):
    """How a moment was written."""

    DAY = 1
    UTC = 2
    ZONED = 3
    FLOATING = 4


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall-clock time (midnight for a day), and the clock that takes it to UTC."""

    local: datetime
    to_utc: ToUTC
    form: Form

    @classmethod
    def of(cls, text: str, line: ContentLine, zones: Zones) -> Self:
        """One of the times that `line` lists.

        Raises:
            Unreadable: it is no time, or its zone is not known.
        """
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise Unreadable(line.number, f"{line.name} is not a time")
        day, at, zulu = written.groups()
        if (line.param("VALUE") or "").upper() == "DATE":
            at = None
        try:
            local = datetime.fromisoformat(day + (at or ""))
            if at is None:
                moment = cls(local, zones.days, Form.DAY)
            elif zulu:
                moment = cls(local, utc, Form.UTC)
            elif tzid := line.param("TZID"):
                moment = cls(local, zones.named(tzid), Form.ZONED)
            else:
                moment = cls(local, zones.floating(), Form.FLOATING)
            moment.utc()  # may lie outside the calendar
        except UnknownZone as error:
            raise Unreadable(line.number, f"{line.name}: {error}") from None
        except (ValueError, OverflowError):
            raise Unreadable(line.number, f"{line.name} is no possible time") from None
        return moment

    @property
    def whole_day(self) -> bool:
        """Whether it is a day, not a time of day."""
        return self.form is Form.DAY

    def utc(self) -> datetime:
        """The instant, naive, in UTC."""
        return self.to_utc(self.local)


@dataclass(frozen=True, slots=True)
class Length:
    """How long something takes, by the wall clock and in time that passes.

    When the clock changes meanwhile the two differ: RFC 5545 3.8.5.3 repeats the exact
    length of an event with DTEND, calendar programs its hours on the wall.  The time is
    kept busy by both readings.  Whole days go by the wall alone.
    """

    wall: timedelta
    exact: timedelta

    @classmethod
    def between(cls, start: Moment, end: Moment) -> Self:
        """The length from `start` to `end`; ValueError if that is negative."""
        exact = end.utc() - start.utc()
        wall = end.local - start.local if start.to_utc is end.to_utc else exact
        # A start in the gap of a clock change may be later than its end, by UTC alone.
        return cls._of(start, wall, exact if exact > _ZERO else wall)

    @classmethod
    def lasting(cls, duration: str, start: Moment) -> Self:
        """The length that a DURATION gives; ValueError if it is none, or negative."""
        try:
            length: timedelta = vDuration.from_ical(duration)  # type: ignore[no-untyped-call]  # icalendar gives it no types
        except ValueError:
            raise ValueError("it is no length of time") from None
        return cls._of(start, length, length)

    @classmethod
    def default(cls, start: Moment) -> Self:
        """The length of what has no end: a day, or an instant (RFC 5545 3.6.1)."""
        return cls._of(start, _ZERO, _ZERO)

    @classmethod
    def _of(cls, start: Moment, wall: timedelta, exact: timedelta) -> Self:
        if wall < _ZERO:
            raise ValueError("it ends before it starts")
        if start.whole_day:
            return cls(wall or DAY, _ZERO)
        return cls(wall or INSTANT, exact or INSTANT)

    def end(self, local: datetime, start: datetime, to_utc: ToUTC) -> datetime:
        """When something ends, in UTC, that starts at `local`, which is `start` in UTC."""
        return max(to_utc(local + self.wall), start + self.exact)

    def longest(self) -> timedelta:
        """The longer of its two readings."""
        return max(self.wall, self.exact)


def period(text: str, line: ContentLine, zones: Zones) -> tuple[Moment, Length | None]:
    """A PERIOD that `line` lists, or a start alone (None: as long as its event).

    Raises:
        Unreadable: it is neither.
    """
    first, slash, last = text.partition("/")
    start = Moment.of(first, line, zones)
    if not slash:
        return start, None
    try:
        if last[:1] in {"P", "+", "-"}:
            length = Length.lasting(last, start)
        else:
            length = Length.between(start, Moment.of(last, line, zones))
        length.end(start.local, start.utc(), start.to_utc)  # may lie outside the calendar
    except Unreadable:
        raise
    except (ValueError, OverflowError):
        raise Unreadable(line.number, f"{line.name} has an impossible period") from None
    return start, length
