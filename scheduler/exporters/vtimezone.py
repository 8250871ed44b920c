"""A time zone as the VTIMEZONE of a calendar (RFC 5545 3.6.5), right over a span of years.

Outlook understands yearly rules and is reported to ignore lists of dates, so the zone is
written as a rule wherever one holds: the rule is the POSIX one at the end of the zone's
own data ("EST5EDT,M3.2.0,M11.1.0"), and it is used only when it gives the very changes
of the clock that `zoneinfo` gives in those years.  Else every change is listed.

>>> shanghai = vtimezone(ZoneInfo("Asia/Shanghai"), 2026, 2027)
>>> print(shanghai.decode().replace("\\r", ""), end="")
BEGIN:VTIMEZONE
TZID:Asia/Shanghai
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0800
TZOFFSETTO:+0800
TZNAME:CST
END:STANDARD
END:VTIMEZONE
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from scheduler.exporters.contentline import line, local, text

_DAY = r",M(\d+)\.(\d)\.(\d)(?:/([-\d:]+))?"
_RULE = re.compile(rf"[^,]+{_DAY}{_DAY}")
_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_BEGINNING = datetime(1970, 1, 1)
_LAST = 5
"""The week number that means "the last one" in a POSIX rule."""


@dataclass(frozen=True, slots=True)
class Change:
    """Clocks going from one offset to another: when, by the clock before, and under what name."""

    onset: datetime
    before: timedelta
    after: timedelta
    name: str

    @classmethod
    def none(cls, at: datetime) -> "Change":
        """No change at all: the clocks as they go at `at`, as if they had always gone so."""
        offset = at.utcoffset() or timedelta()
        return cls(_BEGINNING, offset, offset, at.tzname() or "")

    def kind(self) -> str:
        """DAYLIGHT for clocks put forward, whatever the law of the land calls it."""
        return "DAYLIGHT" if self.after > self.before else "STANDARD"


@dataclass(frozen=True, slots=True)
class YearlyDay:
    """The nth weekday of a month (Sunday is 0; the fifth is the last), at a time of the clock."""

    month: int
    week: int
    weekday: int
    at: time

    @classmethod
    def parse(cls, month: str, week: str, weekday: str, at: str | None) -> "YearlyDay | None":
        """The day of a POSIX rule; None for a time outside 0..23 h, which no RRULE can say."""
        hours, _, minutes = (at or "2").partition(":")
        if not 0 <= int(hours) < 24:
            return None
        return cls(int(month), int(week), int(weekday), time(int(hours), int(minutes or 0)))

    def on(self, year: int) -> datetime:
        """The time this day falls on in `year`."""
        first, length = calendar.monthrange(year, self.month)
        day = 1 + (self.weekday - (first + 1)) % 7 + 7 * (self.week - 1)
        return datetime.combine(date(year, self.month, day - 7 * (day > length)), self.at)

    def rrule(self) -> str:
        """The same day as a recurrence rule."""
        nth = -1 if self.week == _LAST else self.week
        return f"FREQ=YEARLY;BYMONTH={self.month};BYDAY={nth}{_WEEKDAYS[self.weekday]}"


@dataclass(frozen=True, slots=True)
class Observance:
    """A change that comes again: by a yearly rule, or on the listed other onsets."""

    change: Change
    rule: str = ""
    others: tuple[datetime, ...] = ()

    def lines(self) -> bytes:
        """The STANDARD or DAYLIGHT component."""
        change, kind = self.change, self.change.kind().encode()
        again = line("RRULE", self.rule) if self.rule else b""
        again += line("RDATE", ",".join(map(local, self.others))) if self.others else b""
        return b"".join(
            (
                b"BEGIN:" + kind + b"\r\n",
                line("DTSTART", local(change.onset)),
                again,
                line("TZOFFSETFROM", _offset(change.before)),
                line("TZOFFSETTO", _offset(change.after)),
                line("TZNAME", text(change.name)),
                b"END:" + kind + b"\r\n",
            )
        )


@lru_cache(maxsize=64)
def vtimezone(zone: ZoneInfo, first: int, last: int) -> bytes:
    """The VTIMEZONE of `zone`, right from the start of year `first` to the end of year `last`."""
    changes = _changes(zone, first, last)
    years = range(first, last + 1)
    observances = _by_rule(_yearly_days(zone), years, changes) or [
        Observance(Change.none(datetime(first, 1, 1, tzinfo=zone))),
        *_by_dates(changes),
    ]
    return b"".join(
        (
            b"BEGIN:VTIMEZONE\r\n",
            line("TZID", text(zone.key)),
            *(observance.lines() for observance in observances),
            b"END:VTIMEZONE\r\n",
        )
    )


def _changes(zone: ZoneInfo, first: int, last: int) -> list[Change]:
    """Every change of the clocks in those years, in order."""
    midnight = datetime(first, 1, 1, tzinfo=zone)
    days = (date(last + 1, 1, 1) - midnight.date()).days
    moments = [midnight.astimezone(UTC) + timedelta(days=n) for n in range(days + 1)]
    offsets = [moment.astimezone(zone).utcoffset() for moment in moments]
    return [
        _change(zone, moments[n], moments[n + 1])
        for n in range(days)
        if offsets[n] != offsets[n + 1]
    ]


def _change(zone: ZoneInfo, early: datetime, late: datetime) -> Change:
    """The one change between two instants, found by halving down to the minute."""
    before = early.astimezone(zone).utcoffset() or timedelta()
    while late - early > timedelta(minutes=1):
        middle = early + timedelta(minutes=(late - early) // timedelta(minutes=2))
        if middle.astimezone(zone).utcoffset() == before:
            early = middle
        else:
            late = middle
    changed = late.astimezone(zone)
    onset = late.replace(tzinfo=None) + before
    return Change(onset, before, changed.utcoffset() or timedelta(), changed.tzname() or "")


def _by_rule(
    days: Sequence[YearlyDay], years: range, changes: Sequence[Change]
) -> list[Observance]:
    """Two yearly observances that begin a year early; none where they would not be true."""
    pairs = [(day, c) for day in days for c in changes[:2] if c.onset == day.on(years[0])]
    if len(pairs) != 2 or pairs[0][1].before != pairs[1][1].after:
        return []
    foretold = [replace(c, onset=day.on(year)) for year in years for day, c in pairs]
    if sorted(foretold, key=lambda change: change.onset) != changes:
        return []
    return [
        Observance(replace(c, onset=day.on(years[0] - 1)), rule=day.rrule()) for day, c in pairs
    ]


def _by_dates(changes: Sequence[Change]) -> list[Observance]:
    """One observance for all changes between the same offsets, in the order they first come."""
    onsets: dict[Change, list[datetime]] = {}
    for change in changes:
        onsets.setdefault(replace(change, onset=_BEGINNING), []).append(change.onset)
    return [
        Observance(replace(change, onset=first), others=tuple(others))
        for change, (first, *others) in onsets.items()
    ]


def _yearly_days(zone: ZoneInfo) -> list[YearlyDay]:
    """The days of the year on which the zone's own rule changes the clocks, if it has such."""
    data = files("tzdata").joinpath("zoneinfo", *zone.key.split("/")).read_bytes()
    match = _RULE.fullmatch(data.rstrip(b"\n").rsplit(b"\n", 1)[-1].decode())
    if match is None:
        return []
    days = (YearlyDay.parse(*match.groups()[:4]), YearlyDay.parse(*match.groups()[4:]))
    return [day for day in days if day is not None]


def _offset(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
