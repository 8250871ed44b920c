"""On which days, and from when, a visit finds everything it needs at a site.

Every local day is a row of minutes, kept as the bits of one integer: bit n is the n-th
minute after local midnight.  A run of free minutes is found by shifting, so that one
day costs a few machine words; each day is worked out once and kept.  Minutes count
elapsed time, so a day of 23 or 25 hours needs no special case.

>>> from scheduler.sites import Hours
>>> from scheduler.words import Words
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai",
...             hours=((Hours.parse("08:00-17:30"),),) * 5 + ((), ()))
>>> Availability(site).reasons(Demand(minutes=60), date(2026, 3, 7))
('closed on Saturdays',)
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from scheduler.conflicts import Busy
from scheduler.dates import Interval, NonexistentTime, instant
from scheduler.protocol import Encounter, Need
from scheduler.sites import WHOLE_SITE, Hours, Site, SiteDay
from scheduler.subject import Allocation

NO_TIME = -1
"""The earliest start on a day that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a visit takes of a site: minutes in a row, and resources during them."""

    minutes: int
    needs: tuple[Need, ...] = ()

    @classmethod
    def of(cls, encounter: Encounter) -> Self:
        """The demand of an encounter."""
        return cls(minutes=encounter.minutes, needs=encounter.needs)


class _Starts(dict[int, int]):
    """Earliest start by day ordinal, worked out at the first question."""

    def __init__(self, availability: "Availability", demand: Demand) -> None:
        super().__init__()
        self._availability, self._demand = availability, demand

    def __missing__(self, ordinal: int) -> int:
        self[ordinal] = start = lowest(self._availability.starts(self._demand, ordinal))
        return start


class Availability:
    """Free time of one site against busy time, to anyone or to one participant.

    Derived from values that do not change; what is worked out for a day is remembered.
    """

    def __init__(self, site: Site, busy: Iterable[Busy] = ()) -> None:
        self.site, self._zone, self._participant = site, site.tz(), ""
        self._busy: dict[str, list[Busy]] = defaultdict(list)
        self._taken: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._midnights: dict[int, int] = {}
        self._days: dict[int, SiteDay] = {}
        self._opening: dict[int, tuple[int, int]] = {}
        self._earliest: dict[Demand, _Starts] = {}
        for source in busy:
            self._busy[source.owner].append(source)
            days = self._taken[source.owner]
            for interval in source.intervals:
                for ordinal, minutes in self._minutes(interval):
                    days[ordinal] |= minutes

    def seen_by(self, participant: str) -> "Availability":
        """The same, less the time that is taken of that participant."""
        if not self._taken.get(participant):
            return self
        view = copy(self)
        view._participant, view._earliest = participant, {}
        return view

    def earliest(self, demand: Demand) -> Mapping[int, int]:
        """Minute of the earliest start by day ordinal; NO_TIME on days without one."""
        table = self._earliest.get(demand)
        if table is None:
            table = self._earliest[demand] = _Starts(self, demand)
        return table

    def starts(self, demand: Demand, ordinal: int) -> int:
        """Every possible start on a day, one bit a minute."""
        opening, grid = self._open(ordinal)
        free = opening & ~self._taken[WHOLE_SITE].get(ordinal, 0)
        free &= ~self._taken[self._participant].get(ordinal, 0)
        starts = runs(free, demand.minutes) & grid
        for need in demand.needs:
            if not starts:
                return 0
            starts &= self._served(need, ordinal)
        return starts

    def allocate(self, demand: Demand, ordinal: int, start: int) -> tuple[Allocation, ...]:
        """The first free unit for each need of a visit that begins at minute `start`."""
        allocations = []
        for need in demand.needs:
            begin = start + need.start
            unit = next(
                unit
                for unit in self._units(need.resource)
                if runs(self._unit_free(need.resource, unit, ordinal), need.minutes) >> begin & 1
            )
            interval = self.interval(ordinal, begin, need.minutes)
            allocations.append(Allocation(unit=unit, interval=interval))
        return tuple(allocations)

    def interval(self, ordinal: int, start: int, minutes: int) -> Interval:
        """From minute `start` of a day, `minutes` long, in the site's zone."""
        begin = self._midnight(ordinal) + start * 60
        return Interval(start=self._local(begin), end=self._local(begin + minutes * 60))

    def unverified(self, day: date) -> bool:
        """Whether the day lies beyond the published holidays."""
        return self._day(day.toordinal()).unverified

    def reasons(self, demand: Demand, day: date) -> tuple[str, ...]:
        """Why no visit of this demand can be that day; empty when one can."""
        ordinal = day.toordinal()
        if self.starts(demand, ordinal):
            return ()
        closed = self._day(ordinal).closed_because
        if closed is not None:
            return (closed,)
        opening, grid = self._open(ordinal)
        if not runs(opening, demand.minutes) & grid:
            hours = ", ".join(map(str, self._day(ordinal).hours))
            return (f"open {hours}, too short for {demand.minutes} min",)
        found = [*self._clashes(WHOLE_SITE, ordinal), *self._clashes(self._participant, ordinal)]
        for need in demand.needs:
            if not self._served(need, ordinal) & runs(opening, demand.minutes) & grid:
                found += [f"no {need.resource} free for {need.minutes} min"]
                for owner in (need.resource, *self._units(need.resource)):
                    found += self._clashes(owner, ordinal)
        return tuple(found) or (f"no {demand.minutes} min at which everything needed is free",)

    def _clashes(self, owner: str, ordinal: int) -> list[str]:
        day = self.interval(ordinal, 0, self._length(ordinal))
        return [str(clash) for busy in self._busy.get(owner, ()) for clash in busy.clashes(day)]

    def _units(self, kind: str) -> tuple[str, ...]:
        resource = self.site.resource(kind)
        return resource.units if resource else ()

    def _unit_free(self, kind: str, unit: str, ordinal: int) -> int:
        taken = self._taken[kind].get(ordinal, 0) | self._taken[unit].get(ordinal, 0)
        return ((1 << self._length(ordinal)) - 1) & ~taken

    def _served(self, need: Need, ordinal: int) -> int:
        """Minutes at which a visit may start so that some unit serves the need."""
        served = 0
        for unit in self._units(need.resource):
            served |= runs(self._unit_free(need.resource, unit, ordinal), need.minutes)
        return served >> need.start

    def _day(self, ordinal: int) -> SiteDay:
        if ordinal not in self._days:
            self._days[ordinal] = self.site.day(date.fromordinal(ordinal))
        return self._days[ordinal]

    def _open(self, ordinal: int) -> tuple[int, int]:
        """Open minutes of a day, and the starts that lie on the site's grid."""
        if ordinal not in self._opening:
            opening = grid = 0
            for hours in self._day(ordinal).hours:
                begin, end = (self._wall(ordinal, at) for at in (hours.opens, hours.closes))
                opening |= ((1 << max(end - begin, 0)) - 1) << begin
                for at in _steps(hours, self.site.grid):
                    grid |= self._mark(ordinal, at)
            self._opening[ordinal] = opening, grid
        return self._opening[ordinal]

    def _mark(self, ordinal: int, at: time) -> int:
        try:
            return 1 << self._elapsed(instant(date.fromordinal(ordinal), at, self._zone), ordinal)
        except NonexistentTime:
            return 0  # the clock jumps over this step of the grid

    def _wall(self, ordinal: int, at: time) -> int:
        moment = datetime.combine(date.fromordinal(ordinal), at, tzinfo=self._zone)
        return self._elapsed(moment, ordinal)

    def _elapsed(self, moment: datetime, ordinal: int) -> int:
        return (int(moment.timestamp()) - self._midnight(ordinal)) // 60

    def _midnight(self, ordinal: int) -> int:
        if ordinal not in self._midnights:
            moment = datetime.combine(date.fromordinal(ordinal), time.min, tzinfo=self._zone)
            self._midnights[ordinal] = int(moment.timestamp())
        return self._midnights[ordinal]

    def _length(self, ordinal: int) -> int:
        return (self._midnight(ordinal + 1) - self._midnight(ordinal)) // 60

    def _local(self, timestamp: int) -> datetime:
        return datetime.fromtimestamp(timestamp, UTC).astimezone(self._zone)

    def _minutes(self, interval: Interval) -> Iterator[tuple[int, int]]:
        """The days an interval touches, each with the minutes taken; part minutes count whole."""
        start, end = interval.start.timestamp(), interval.end.timestamp()
        ordinal = interval.start.astimezone(self._zone).toordinal()
        while self._midnight(ordinal) < end:
            midnight, following = self._midnight(ordinal), self._midnight(ordinal + 1)
            first = int(max(start - midnight, 0) // 60)
            last = int(-((midnight - min(end, following)) // 60))
            yield ordinal, ((1 << (last - first)) - 1) << first
            ordinal += 1


def runs(free: int, minutes: int) -> int:
    """Bits at which at least `minutes` set bits in a row begin.

    >>> bin(runs(0b1110111, 3))
    '0b10001'
    """
    length = 1
    while length < minutes and free:
        step = min(length, minutes - length)
        free &= free >> step
        length += step
    return free


def lowest(bits: int) -> int:
    """Index of the lowest set bit; NO_TIME when there is none."""
    return (bits & -bits).bit_length() - 1


def _steps(hours: Hours, grid: int) -> Iterator[time]:
    at = datetime.combine(date.min, hours.opens)
    closes = datetime.combine(date.min, hours.closes)
    while at < closes:
        yield at.time()
        at += timedelta(minutes=grid)
