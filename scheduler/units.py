"""The units of a site, and which of them serve the needs of a visit on a day.

Needs of one kind of resource are a team: they share the units of that kind, and a crew is a
way to do so in which no unit is needed twice at a time.  Days are ordinals and rows of minutes
(`scheduler.minutes`).

>>> from zoneinfo import ZoneInfo
>>> from scheduler.sites import Resource
>>> from scheduler.words import Words
>>> chairs = Resource(kind="chair", label=Words.of(en="Chair"), units=("chair-1", "chair-2"))
>>> zone = ZoneInfo("Asia/Shanghai")
>>> units = Units([chairs], Occupancy(zone), Minutes(zone))
>>> units.crew((Need(resource="chair", minutes=420),), 739_677, 480)
('chair-1',)
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import combinations, product
from operator import and_, or_

from scheduler.minutes import Minutes, runs
from scheduler.occupancy import Occupancy, twin
from scheduler.protocol import Need
from scheduler.sites import Resource

Team = tuple[Need, ...]
"""Needs of one kind of resource."""

Crew = tuple[str, ...]
"""One unit for each need of a team."""


class Units:
    """The units of a site, less what is taken of them; it never changes."""

    def __init__(
        self, resources: Iterable[Resource], occupancy: Occupancy, minutes: Minutes
    ) -> None:
        self._of = {resource.kind: resource.units for resource in resources}
        self._occupancy, self._minutes = occupancy, minutes
        self._crews: dict[Team, tuple[Crew, ...]] = {}

    def taken_by(self, occupancy: Occupancy) -> "Units":
        """The same units, of which other time is taken."""
        other = twin(self)
        other._occupancy = occupancy
        return other

    def of(self, kind: str) -> tuple[str, ...]:
        """The units that the site has of a kind of resource."""
        return self._of.get(kind, ())

    def free(self, kind: str, unit: str, ordinal: int) -> int:
        """The minutes of a day that nothing takes of a unit, nor of all its kind."""
        of = self._occupancy.on(ordinal).get
        return ((1 << self._minutes.length(ordinal)) - 1) & ~(of(kind, 0) | of(unit, 0))

    def serving(self, team: Team, ordinal: int) -> int:
        """Minutes at which a visit may start so that a crew serves all needs of the team."""
        if len(team) > 1:
            starts = (self._starts(crew, team, ordinal) for crew in self._ways(team))
            return reduce(or_, starts, 0)
        [need] = team
        of, found = self._occupancy.on(ordinal).get, 0
        free = ((1 << self._minutes.length(ordinal)) - 1) & ~of(need.resource, 0)
        for unit in self.of(need.resource):
            taken = of(unit, 0)
            found |= runs(free & ~taken, need.minutes)
            if not taken:
                break  # no other unit is free for longer
        return found >> need.start

    def crew(self, team: Team, ordinal: int, start: int) -> Crew:
        """The first crew that serves the team in a visit that starts then, as one can."""
        if len(team) == 1:
            [need] = team
            of = self._occupancy.on(ordinal).get
            span = ((1 << need.minutes) - 1) << start + need.start
            units = () if of(need.resource, 0) & span else self.of(need.resource)
            for unit in units:
                if not of(unit, 0) & span:
                    return (unit,)
        return next(crew for crew in self._ways(team) if self.serves(crew, team, ordinal, start))

    def _starts(self, crew: Crew, team: Team, ordinal: int) -> int:
        """Minutes at which a visit may start so that each of these units serves its need."""
        free = (
            runs(self.free(need.resource, unit, ordinal), need.minutes) >> need.start
            for unit, need in zip(crew, team, strict=True)
        )
        return reduce(and_, free)

    def serves(self, crew: Sequence[str], needs: Sequence[Need], ordinal: int, start: int) -> bool:
        """Whether each of these units is free for its need, in a visit that starts then."""
        of = self._occupancy.on(ordinal).get
        for unit, need in zip(crew, needs, strict=True):
            span = ((1 << need.minutes) - 1) << start + need.start
            if (of(need.resource, 0) | of(unit, 0)) & span:
                return False
        return True

    def _ways(self, team: Team) -> Sequence[Crew]:
        """The crews for a team, in the order in which they are taken."""
        if team not in self._crews:
            self._crews[team] = tuple(self._shared(team))
        return self._crews[team]

    def _shared(self, team: Team) -> Iterator[Crew]:
        at_once = [
            (a, b)
            for (a, one), (b, other) in combinations(enumerate(team), 2)
            if one.start < other.start + other.minutes and other.start < one.start + one.minutes
        ]
        for crew in product(self.of(team[0].resource), repeat=len(team)):
            if all(crew[a] != crew[b] for a, b in at_once):
                yield crew
