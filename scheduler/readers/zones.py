"""The time zones of one calendar: from a TZID to what takes its wall clock to UTC.

A name that the world knows ("Asia/Shanghai", Outlook's "China Standard Time") means the
zone of the tz database, which also knows the changes its writer did not; any other name
("Customized Time Zone") means what the calendar itself defines in a VTIMEZONE.

>>> shanghai = ZoneInfo("Asia/Shanghai")
>>> zones = Zones([], site=shanghai, floating=None, before=datetime(2027, 1, 1))
>>> zones.named("China Standard Time")(datetime(2026, 3, 2, 9))
datetime.datetime(2026, 3, 2, 1, 0)
>>> zones.named("Mars/Olympus")
Traceback (most recent call last):
scheduler.readers.zones.UnknownZone: no time zone "Mars/Olympus" is known or defined here
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from scheduler.readers.contentlines import Component, printable
from scheduler.readers.recurrence import Rule, ToUTC

_ZERO = timedelta(0)
_MARGIN = timedelta(days=2)
"""More than any wall clock is ahead of UTC."""

_FIXED = re.compile(r"(?:UTC|GMT)([+-]\d{2}:?\d{2})")
_MICROSOFT_UTC = "tzone://Microsoft/Utc"


class UnknownZone(ValueError):
    """A TZID that neither the tz database nor the calendar explains."""

    def __init__(self, tzid: str) -> None:
        super().__init__(f'no time zone "{printable(tzid)}" is known or defined here')


@lru_cache(maxsize=1024)
def clock(zone: ZoneInfo) -> ToUTC:
    """The wall clock of a zone of the tz database.

    A time that a clock put forward jumps over counts by the offset before the gap; of a
    time that occurs twice the first is meant (RFC 5545 3.3.5).

    >>> clock(ZoneInfo("Europe/Berlin"))(datetime(2026, 3, 29, 2, 30))
    datetime.datetime(2026, 3, 29, 1, 30)
    """

    def to_utc(local: datetime) -> datetime:
        return local - (zone.utcoffset(local) or _ZERO)

    return to_utc


def utc(local: datetime) -> datetime:
    """The wall clock of UTC itself."""
    return local


class Zones:
    """The zones of one calendar.

    `floating` names the zone of times that have none (X-WR-TIMEZONE); without it they
    follow the site's, as whole days always do.  VTIMEZONEs are worked out up to `before`,
    naive UTC.
    """

    def __init__(
        self,
        definitions: Iterable[Component],
        *,
        site: ZoneInfo,
        floating: str | None,
        before: datetime,
    ) -> None:
        self._definitions: dict[str, Component] = {}
        for definition in definitions:
            for line in definition.every("TZID"):
                self._definitions.setdefault(line.value.strip('"'), definition)
        self._before = before + _MARGIN
        self._found: dict[str, ToUTC] = {}
        self._floating = floating
        self.days = clock(site)

    def floating(self) -> ToUTC:
        """The clock of times without a zone.

        Raises:
            UnknownZone: the calendar names a zone for them that is not known.
        """
        return self.named(self._floating) if self._floating else self.days

    def named(self, tzid: str) -> ToUTC:
        """The clock that a TZID means.

        Raises:
            UnknownZone: it is neither known nor defined in this calendar.
        """
        if tzid not in self._found:
            self._found[tzid] = self._find(tzid)
        return self._found[tzid]

    def _find(self, tzid: str) -> ToUTC:
        known = _database(tzid) if "/" in tzid else None
        known = known or _database(WINDOWS_TO_OLSON.get(tzid, ""))
        if known is not None:
            return clock(known)
        if tzid in self._definitions:
            try:
                return Definition.of(self._definitions[tzid], self._before).utc
            except (ValueError, OverflowError):
                raise UnknownZone(tzid) from None
        return _by_convention(tzid)


def _database(key: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(key) if key else None
    except (KeyError, ValueError, OSError):
        return None


def _by_convention(tzid: str) -> ToUTC:
    if tzid == _MICROSOFT_UTC:
        return utc
    fixed = _FIXED.fullmatch(tzid)
    if fixed is not None:
        offset = _offset(fixed[1])
        return lambda local: local - offset
    # "/mozilla.org/20050126_1/Europe/Berlin": a vendor's prefix before a known name.
    parts = tzid.split("/")
    suffixes = ("/".join(parts[n:]) for n in range(len(parts)))
    known = next(filter(None, map(_database, suffixes if tzid[:1] == "/" else [tzid])), None)
    if known is None:
        raise UnknownZone(tzid)
    return clock(known)


@dataclass(frozen=True, slots=True)
class Definition:
    """A VTIMEZONE: `offsets[n]` holds for wall clocks before `thresholds[n]`, the last after all.

    A threshold is the first wall-clock time that belongs to the new offset alone.
    """

    thresholds: tuple[datetime, ...]
    offsets: tuple[timedelta, ...]

    @classmethod
    def of(cls, definition: Component, before: datetime) -> Self:
        """Work a VTIMEZONE out (RFC 5545 3.6.5), for times before `before`.

        Raises:
            ValueError: it has no observance, or one that cannot be read.
        """
        changes = sorted(change for part in definition.parts for change in _changes(part, before))
        if not changes or definition.faults:
            raise ValueError("a time zone without offsets")
        thresholds, _, new = zip(*changes, strict=True)
        return cls(thresholds, (changes[0][1], *new))

    def utc(self, local: datetime) -> datetime:
        """The instant of a wall-clock time, gaps and repeated hours as `clock` has them."""
        return local - self.offsets[bisect_right(self.thresholds, local)]


def _changes(part: Component, before: datetime) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """The thresholds of one observance, each with the old and the new offset."""
    start, *offsets = (part.one(name) for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"))
    if start is None or part.faults:
        raise ValueError("an observance without a beginning")
    old, new = (_offset(line.value if line else "") for line in offsets)
    first = datetime.fromisoformat(start.value.rstrip("Z"))
    onsets = [first]
    for line in part.every("RDATE"):
        onsets += [datetime.fromisoformat(v.strip().rstrip("Z")) for v in line.value.split(",")]
    for line in part.every("RRULE"):
        rule = Rule.parse(line.value, first)
        onsets += rule.starts(lambda local: local - old, after=first, before=before)
    for onset in onsets:
        yield onset + max(new - old, _ZERO), old, new


def _offset(text: str) -> timedelta:
    return datetime.strptime(text, "%z").utcoffset() or _ZERO
