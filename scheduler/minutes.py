"""Local days as rows of minutes: bit n of an integer is the n-th minute after midnight.

A run of free minutes is found by shifting, so that a whole day costs a few machine
words.  Minutes are elapsed time, so a day of 23 or 25 hours is just shorter or longer;
only where the wall clock is changed do the two part ways.

>>> bin(runs(0b1110111, 3))
'0b10001'
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.dates import Interval, NonexistentTime, instant
from scheduler.sites import Hours

NO_TIME = -1
"""The earliest start on a day that has none."""

Stretch = tuple[int, int]
"""Open minutes of one stretch of hours, and the starts that lie on its grid."""

_DAY = 24 * 60

_LENGTHS = [timedelta(minutes=minutes) for minutes in range(_DAY)]

_MIDNIGHTS: dict[ZoneInfo, dict[int, int]] = defaultdict(dict)
"""The midnights that are known so far, as seconds since 1970, by zone and day."""

_STEADY: dict[ZoneInfo, dict[int, datetime | None]] = defaultdict(dict)
"""The same as the clock tells them; None on days on which it is changed."""


class Minutes:
    """The minutes of every day in one zone; days are ordinals."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone, self._midnights, self._steadies = zone, _MIDNIGHTS[zone], _STEADY[zone]

    def interval(self, ordinal: int, start: int, minutes: int) -> Interval:
        """From minute `start` of a day, `minutes` long, in the zone."""
        midnight = self._steady(ordinal)
        if midnight is not None and 0 <= start <= start + minutes < _DAY:
            # The clock runs on as time does, and the zone need not be asked for each instant.
            return Interval(
                start=midnight + _LENGTHS[start], end=midnight + _LENGTHS[start + minutes]
            )
        begin = self._midnight(ordinal) + start * 60
        return Interval(start=self._local(begin), end=self._local(begin + minutes * 60))

    def length(self, ordinal: int) -> int:
        """How many minutes the day has."""
        return (self._midnight(ordinal + 1) - self._midnight(ordinal)) // 60

    def since_midnight(self, ordinal: int, moment: datetime) -> int:
        """The minute of a day that an instant lies in; negative before that day."""
        return (int(moment.timestamp()) - self._midnight(ordinal)) // 60

    def by_day(self, interval: Interval) -> Sequence[tuple[int, int]]:
        """The days that an interval touches, each with the minutes of it that it touches, as bits.

        Part minutes count whole; the end of an interval is no part of it, and may be a midnight.
        """
        begin = interval.start.astimezone(self._zone)
        finish = interval.end.astimezone(self._zone)
        first, last = begin.toordinal(), finish.toordinal()
        if first == last and self._steady(first) is not None:
            # The clock runs on as time does, and need not be asked how far it is from UTC.
            start, end = begin.hour * 60 + begin.minute, finish.hour * 60 + finish.minute
            end += finish.second > 0 or finish.microsecond > 0
            return [(first, ((1 << (end - start)) - 1) << start)]
        touched = ((day, self._elapsed_bits(day, interval)) for day in range(first, last + 1))
        return [(day, bits) for day, bits in touched if bits]

    def _elapsed_bits(self, ordinal: int, interval: Interval) -> int:
        midnight, following = self._midnight(ordinal), self._midnight(ordinal + 1)
        start, end = interval.start.timestamp(), interval.end.timestamp()
        if end <= midnight or start >= following:
            return 0
        first = int(max(start - midnight, 0) // 60)
        last = int(-((midnight - min(end, following)) // 60))
        return ((1 << (last - first)) - 1) << first

    def stretches(self, ordinal: int, day: tuple[Hours, ...], grid: int) -> tuple[Stretch, ...]:
        """The opening hours of a day, each with its possible starts `grid` minutes apart."""
        if self._steady(ordinal) is None:
            return tuple(self._elapsed_stretch(ordinal, hours, grid) for hours in day)
        return tuple([_wall_stretch(hours, grid) for hours in day])

    def _steady(self, ordinal: int) -> datetime | None:
        """The midnight before a day that has 24 hours by the clock; None for others."""
        if ordinal not in self._steadies:
            midnight = self._local(self._midnight(ordinal))
            steady = self.length(ordinal) == _DAY and midnight.time() == time.min
            self._steadies[ordinal] = midnight if steady else None
        return self._steadies[ordinal]

    def _elapsed_stretch(self, ordinal: int, hours: Hours, grid: int) -> Stretch:
        begin, end = (self._wall(ordinal, at) for at in (hours.opens, hours.closes))
        starts = sum(self._mark(ordinal, at) for at in _steps(hours, grid))
        return ((1 << max(end - begin, 0)) - 1) << begin, starts

    def _mark(self, ordinal: int, at: time) -> int:
        try:
            return 1 << self._elapsed(instant(date.fromordinal(ordinal), at, self._zone), ordinal)
        except NonexistentTime:
            return 0  # the clock jumps over this step of the grid

    def _wall(self, ordinal: int, at: time) -> int:
        # Hours that begin or end while the clock jumps do so when it has jumped.
        moment = datetime.combine(date.fromordinal(ordinal), at)
        while True:
            try:
                return self._elapsed(instant(moment.date(), moment.time(), self._zone), ordinal)
            except NonexistentTime:
                moment += timedelta(minutes=1)

    def _elapsed(self, moment: datetime, ordinal: int) -> int:
        return (int(moment.timestamp()) - self._midnight(ordinal)) // 60

    def _midnight(self, ordinal: int) -> int:
        if ordinal not in self._midnights:
            moment = datetime.combine(date.fromordinal(ordinal), time.min, tzinfo=self._zone)
            self._midnights[ordinal] = int(moment.timestamp())
        return self._midnights[ordinal]

    def _local(self, timestamp: int) -> datetime:
        return datetime.fromtimestamp(timestamp, self._zone)


@lru_cache(maxsize=256)
def _wall_stretch(hours: Hours, grid: int) -> Stretch:
    begin, end = (at.hour * 60 + at.minute for at in (hours.opens, hours.closes))
    starts = sum(1 << at.hour * 60 + at.minute for at in _steps(hours, grid))
    return ((1 << (end - begin)) - 1) << begin, starts


def _steps(hours: Hours, grid: int) -> Iterator[time]:
    at = datetime.combine(date.min, hours.opens)
    closes = datetime.combine(date.min, hours.closes)
    while at < closes:
        yield at.time()
        at += timedelta(minutes=grid)


def runs(free: int, minutes: int) -> int:
    """Bits at which at least `minutes` set bits in a row begin."""
    for step in _doubling(minutes):
        free &= free >> step
        if not free:
            break
    return free


@lru_cache(maxsize=256)
def _doubling(minutes: int) -> tuple[int, ...]:
    """By how much bits are shifted in turn to find runs of so many."""
    steps, length = [], 1
    while length < minutes:
        steps.append(min(length, minutes - length))
        length += steps[-1]
    return tuple(steps)


def lowest(bits: int) -> int:
    """Index of the lowest set bit; NO_TIME when there is none."""
    return (bits & -bits).bit_length() - 1
