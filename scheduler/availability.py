"""On which days, and from when, a visit finds everything it needs at a site.

Every local day is a row of minutes (`scheduler.minutes`), less what is closed and taken;
each day is worked out once and kept.

>>> from scheduler.sites import Hours
>>> from scheduler.words import Words
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai",
...             hours=((Hours.parse("08:00-17:30"),),) * 5 + ((), ()))
>>> Availability(site).reasons(Demand(minutes=60), date(2026, 3, 7))
('closed on Saturdays',)
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import combinations, product
from operator import and_, or_
from typing import Any, Self, TypeVar

from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.minutes import Minutes, Stretch, lowest, runs
from scheduler.protocol import Encounter, Need
from scheduler.sites import WHOLE_SITE, Site, SiteDay
from scheduler.subject import Allocation

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a visit takes of a site: minutes in a row, and resources during them."""

    minutes: int
    needs: tuple[Need, ...] = ()

    @classmethod
    def of(cls, encounter: Encounter) -> Self:
        """The demand of an encounter."""
        return cls(minutes=encounter.minutes, needs=encounter.needs)

    def teams(self) -> tuple[tuple[Need, ...], ...]:
        """The needs by resource kind: those of one kind share its units."""
        kinds = dict.fromkeys(need.resource for need in self.needs)
        return tuple(tuple(n for n in self.needs if n.resource == kind) for kind in kinds)


class _Starts(dict[int, int]):
    """Earliest start by day ordinal, worked out at the first question.

    Days with the same hours on which nothing that matters is taken are all alike.
    """

    def __init__(self, availability: "Availability", demand: Demand) -> None:
        super().__init__()
        self._availability, self._demand = availability, demand
        self._taken = availability.taken(demand)
        self._alike: dict[tuple[Stretch, ...], int] = {}

    def __missing__(self, ordinal: int) -> int:
        if any(ordinal in days for days in self._taken):
            start = lowest(self._availability.starts(self._demand, ordinal))
        else:
            stretches = self._availability.opening(ordinal)
            if stretches not in self._alike:
                starts = self._availability.starts(self._demand, ordinal)
                self._alike[stretches] = lowest(starts)
            start = self._alike[stretches]
        self[ordinal] = start
        return start


class Availability:
    """Free time of one site against busy time, to anyone or to one participant.

    Derived from values that do not change; what is worked out for a day is remembered.
    """

    def __init__(self, site: Site, busy: Iterable[Busy] = ()) -> None:
        self.site, self._minutes, self._participant = site, Minutes(site.tz()), ""
        self._busy: dict[str, list[Busy]] = defaultdict(list)
        self._taken: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._days: dict[int, SiteDay] = {}
        self._opening: dict[int, tuple[Stretch, ...]] = {}
        self._earliest: dict[Demand, _Starts] = {}
        self._remembered: dict[Hashable, Any] = {}
        for source in busy:
            self._busy[source.owner].append(source)
            days = self._taken[source.owner]
            for interval in source.intervals:
                for ordinal, minutes in self._minutes.taken(interval):
                    days[ordinal] |= minutes

    def seen_by(self, participant: str) -> "Availability":
        """The same, less the time that is taken of that participant."""
        if not self._taken.get(participant):
            return self
        view = copy(self)
        view._participant, view._earliest, view._remembered = participant, {}, {}
        return view

    def remember(self, key: Hashable, found: Callable[[], T]) -> T:
        """What follows from this availability and `key`, found out once."""
        if key not in self._remembered:
            self._remembered[key] = found()
        known: T = self._remembered[key]
        return known

    def earliest(self, demand: Demand) -> Mapping[int, int]:
        """Minute of the earliest start by day ordinal; NO_TIME on days without one."""
        table = self._earliest.get(demand)
        if table is None:
            table = self._earliest[demand] = _Starts(self, demand)
        return table

    def taken(self, demand: Demand) -> tuple[Mapping[int, int], ...]:
        """The tables of taken minutes by day that bear on a demand; empty ones left out."""
        kinds = {need.resource for need in demand.needs}
        units = {unit for kind in kinds for unit in self._units(kind)}
        owners = {WHOLE_SITE, self._participant, *kinds, *units}
        return tuple(days for owner in owners if (days := self._taken.get(owner)))

    def opening(self, ordinal: int) -> tuple[Stretch, ...]:
        """The stretches of hours at which the site is open that day."""
        if ordinal not in self._opening:
            hours = self._day(ordinal).hours
            self._opening[ordinal] = self._minutes.stretches(ordinal, hours, self.site.grid)
        return self._opening[ordinal]

    def starts(self, demand: Demand, ordinal: int) -> int:
        """Every possible start on a day, one bit a minute."""
        taken = self._taken[WHOLE_SITE].get(ordinal, 0)
        taken |= self._taken[self._participant].get(ordinal, 0)
        starts = self._fitting(ordinal, demand.minutes, taken)
        for team in demand.teams():
            if not starts:
                return 0
            starts &= self._served(team, ordinal)
        return starts

    def allocate(self, demand: Demand, ordinal: int, start: int) -> tuple[Allocation, ...]:
        """The first free units for the needs of a visit that begins at minute `start`."""
        allocations = []
        for team in demand.teams():
            crew = next(
                crew
                for crew in self._crews(team)
                if self._serving(crew, team, ordinal) >> start & 1
            )
            for unit, need in zip(crew, team, strict=True):
                interval = self.interval(ordinal, start + need.start, need.minutes)
                allocations.append(Allocation(unit=unit, interval=interval))
        return tuple(allocations)

    def interval(self, ordinal: int, start: int, minutes: int) -> Interval:
        """From minute `start` of a day, `minutes` long, in the site's zone."""
        return self._minutes.interval(ordinal, start, minutes)

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
        fitting = self._fitting(ordinal, demand.minutes)
        if not fitting:
            hours = ", ".join(map(str, self._day(ordinal).hours))
            return (f"open {hours}, too short for {demand.minutes} min",)
        found = [*self._clashes(WHOLE_SITE, ordinal), *self._clashes(self._participant, ordinal)]
        for team in demand.teams():
            if not self._served(team, ordinal) & fitting:
                kind, lengths = team[0].resource, " + ".join(str(need.minutes) for need in team)
                found += [f"no {kind} free for {lengths} min"]
                for owner in (kind, *self._units(kind)):
                    found += self._clashes(owner, ordinal)
        return tuple(found) or (f"no {demand.minutes} min at which everything needed is free",)

    def _clashes(self, owner: str, ordinal: int) -> list[str]:
        day = self.interval(ordinal, 0, self._minutes.length(ordinal))
        return [str(clash) for busy in self._busy.get(owner, ()) for clash in busy.clashes(day)]

    def _units(self, kind: str) -> tuple[str, ...]:
        resource = self.site.resource(kind)
        return resource.units if resource else ()

    def _unit_free(self, kind: str, unit: str, ordinal: int) -> int:
        taken = self._taken[kind].get(ordinal, 0) | self._taken[unit].get(ordinal, 0)
        return ((1 << self._minutes.length(ordinal)) - 1) & ~taken

    def _served(self, team: Sequence[Need], ordinal: int) -> int:
        """Minutes at which a visit may start so that units of one kind serve all its needs."""
        return reduce(or_, (self._serving(crew, team, ordinal) for crew in self._crews(team)), 0)

    def _serving(self, crew: Sequence[str], team: Sequence[Need], ordinal: int) -> int:
        """Minutes at which a visit may start so that each of these units serves its need."""
        free = (
            runs(self._unit_free(need.resource, unit, ordinal), need.minutes) >> need.start
            for unit, need in zip(crew, team, strict=True)
        )
        return reduce(and_, free)

    def _crews(self, team: Sequence[Need]) -> Iterator[tuple[str, ...]]:
        """The ways to share needs of one kind among its units, none needed twice at a time."""
        at_once = [
            (a, b)
            for (a, one), (b, other) in combinations(enumerate(team), 2)
            if one.start < other.start + other.minutes and other.start < one.start + one.minutes
        ]
        for crew in product(self._units(team[0].resource), repeat=len(team)):
            if all(crew[a] != crew[b] for a, b in at_once):
                yield crew

    def _day(self, ordinal: int) -> SiteDay:
        if ordinal not in self._days:
            self._days[ordinal] = self.site.day(date.fromordinal(ordinal))
        return self._days[ordinal]

    def _fitting(self, ordinal: int, minutes: int, taken: int = 0) -> int:
        """Starts on the grid from which `minutes` lie in one stretch of hours, none `taken`."""
        starts = 0
        for opening, grid in self.opening(ordinal):
            starts |= runs(opening & ~taken, minutes) & grid
        return starts
