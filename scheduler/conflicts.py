"""What is in the way: time taken on a resource, and why a slot cannot be used.

`Busy` is the time one source (a calendar, the book) takes of one owner: the whole
site, a kind of resource, a single unit, or a participant.  A `Conflict` is a clash with
it, ready to be told.  Neither carries an event's title: titles hold names.

>>> from datetime import UTC, datetime
>>> nine, noon = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC)
>>> chair = Busy.of("chair-1", "chairs.ics", [Interval(start=nine, end=noon)])
>>> print(*chair.clashes(Interval(start=nine.replace(hour=11), end=noon)))
chair-1 taken 09:00-12:00 (chairs.ics)
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, time, timedelta, tzinfo
from operator import attrgetter

from scheduler.dates import Interval

BOOK = "book"
"""The source of time that visits of other participants take."""

_start = attrgetter("start")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One clash: who is taken, when (in the site's zone), according to which source."""

    owner: str
    interval: Interval
    source: str

    def __str__(self) -> str:
        start, end = self.interval.start, self.interval.end
        first, last = start.date(), end.date()
        if start.time() == end.time() == time.min and first < last:
            # Nobody should take the day after for one of them.
            last -= timedelta(days=1)
            when = f"{first}" if first == last else f"{first} to {last}"
        elif first == last:
            when = f"{start:%H:%M}-{end:%H:%M}"
        else:
            when = f"{first} {start:%H:%M}-{last} {end:%H:%M}"
        return f"{self.owner} taken {when} ({self.source})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Time one source takes of one owner; `intervals` are in UTC, sorted, and do not overlap."""

    owner: str
    source: str
    intervals: tuple[Interval, ...]

    @classmethod
    def of(cls, owner: str, source: str, intervals: Iterable[Interval]) -> "Busy":
        """Busy time from intervals in any order, overlapping or not."""
        return cls(owner=owner, source=source, intervals=merged(intervals))

    def is_free(self, wanted: Interval) -> bool:
        """Whether nothing of `wanted` is taken."""
        at = bisect_left(self.intervals, wanted.end.astimezone(UTC), key=_start)
        return at == 0 or self.intervals[at - 1].end <= wanted.start.astimezone(UTC)

    def clashes(self, wanted: Interval) -> Iterator[Conflict]:
        """Every clash with `wanted`, in order, told in the zone of `wanted`."""
        start, end = wanted.start.astimezone(UTC), wanted.end.astimezone(UTC)
        at = max(bisect_right(self.intervals, start, key=_start) - 1, 0)
        while at < len(self.intervals) and self.intervals[at].start < end:
            if self.intervals[at].end > start:
                interval = _moved(self.intervals[at], wanted.start.tzinfo)
                yield Conflict(owner=self.owner, interval=interval, source=self.source)
            at += 1


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same time in UTC, as sorted intervals that neither overlap nor touch."""
    result: list[Interval] = []
    for interval in sorted((_moved(i, UTC) for i in intervals), key=_start):
        if result and interval.start <= result[-1].end:
            if interval.end > result[-1].end:
                result[-1] = Interval(start=result[-1].start, end=interval.end)
        else:
            result.append(interval)
    return tuple(result)


def _moved(interval: Interval, zone: tzinfo | None) -> Interval:
    return Interval(start=interval.start.astimezone(zone), end=interval.end.astimezone(zone))
