"""Why a visit cannot be on a day, or begin at a minute of it, in sentences.

Free time (`scheduler.availability`) only says that a day has no start.  What stands against
one is looked for when somebody asks: the site is closed, its caps are reached, or the time
of whom or what the visit needs is taken.

>>> from scheduler.sites import Hours, Site
>>> from scheduler.words import Words
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai",
...             hours=((Hours.parse("08:00-17:30"),),) * 5 + ((), ()))
>>> Hindrances(Availability(site), Demand(minutes=60), date(2026, 3, 7)).of_day()
('closed on Saturdays',)
"""

from collections.abc import Iterator
from datetime import date

from scheduler.availability import Availability
from scheduler.capacity import WORK
from scheduler.dates import Interval
from scheduler.demand import Demand
from scheduler.minutes import lowest
from scheduler.sites import WHOLE_SITE


class Hindrances:
    """What keeps visits of one demand from a day, or from a time of it.

    Where `named`, other participants' appointments that are in the way are named: that is
    for the screen, and not to be kept.
    """

    def __init__(
        self, availability: Availability, demand: Demand, day: date, *, named: bool = False
    ) -> None:
        self._availability, self._demand, self._named = availability, demand, named
        self._ordinal = day.toordinal()

    def of_day(self) -> tuple[str, ...]:
        """Why no such visit can be that day; empty when one can."""
        free, demand, ordinal = self._availability, self._demand, self._ordinal
        # A full day stands in the way of many.
        found = free.remember_of_full_day(demand, ordinal, self._named, self._found_of_day)
        return () if found is None else found

    def _found_of_day(self) -> tuple[str, ...]:
        free, demand, ordinal = self._availability, self._demand, self._ordinal
        closed = free.day(ordinal).closed_because
        if closed is not None:
            return (closed,)
        shut = free.laboratory_shut(ordinal) if demand.laboratory else None
        if shut is not None:
            return (f"cell laboratory: {shut}",)
        if busy := self._no_room():
            return (busy,)
        fitting = free.fitting(ordinal, demand.minutes)
        if not fitting:
            return (f"open {self._hours()}, too short for {demand.minutes} min",)
        found = list(self._clashes(WHOLE_SITE, free.participant))
        for team in demand.teams:
            if not free.units.serving(team, ordinal) & fitting:
                kind, lengths = team[0].resource, " + ".join(str(need.minutes) for need in team)
                found.append(f"no {kind} free for {lengths} min")
                found += self._clashes(kind, *free.units.of(kind))
        if full := free.full(demand, ordinal) & fitting:
            times = ", ".join(map(self._clock, _places(full)))
            found.append(f"as many as the site takes begin at {times}")
        return tuple(found) or (f"no {demand.minutes} min at which everything needed is free",)

    def of_start(self, start: int) -> tuple[str, ...]:
        """Why no such visit can begin at minute `start` of the day; empty when one can."""
        free, demand, ordinal = self._availability, self._demand, self._ordinal
        if free.starts(demand, ordinal) >> start & 1:
            return ()
        if closed := self.of_day():
            return closed
        if not free.fitting(ordinal, demand.minutes) >> start & 1:
            begin = f"{demand.minutes} min begin every {free.site.grid} min"
            return (f"open {self._hours()}, and {begin} within that",)
        wanted = free.interval(ordinal, start, demand.minutes)
        found = list(self._clashes(WHOLE_SITE, free.participant, wanted=wanted))
        for team in demand.teams:
            if not free.units.serving(team, ordinal) >> start & 1:
                kind, last = team[0].resource, max(need.start + need.minutes for need in team)
                wanted = free.interval(ordinal, start, last)
                found.append(f"no {kind} free")
                found += self._clashes(kind, *free.units.of(kind), wanted=wanted)
        if free.full(demand, ordinal) >> start & 1:
            found.append("as many as the site takes begin then")
        return tuple(found)

    def _no_room(self) -> str | None:
        """What takes no more visits of this kind that day; None where there is room."""
        free, demand, ordinal = self._availability, self._demand, self._ordinal
        caps, laboratory = free.site.caps, free.site.laboratory
        if not free.is_capped:
            return None
        if demand.infusion and free.load(ordinal).room(caps) == 0:
            return f"as many infusions that day as the site takes ({caps.infusions_per_day})"
        if laboratory and demand.work and free.laboratory_room(demand.work, ordinal) == 0:
            most, work = laboratory.most(demand.work), WORK[demand.work]
            return f"cell laboratory: as many {work} that day as it takes ({most})"
        return None

    def _clashes(self, *owners: str, wanted: Interval | None = None) -> Iterator[str]:
        """What takes the time of any of these owners, all day or as far as it is `wanted`."""
        for owner in owners:
            yield from self._availability.clashes(owner, self._ordinal, wanted, named=self._named)

    def _hours(self) -> str:
        return ", ".join(map(str, self._availability.day(self._ordinal).hours))

    def _clock(self, minute: int) -> str:
        return f"{self._availability.interval(self._ordinal, minute, 1).start:%H:%M}"


def _places(bits: int) -> Iterator[int]:
    """The places of the set bits, from the lowest."""
    while bits:
        yield lowest(bits)
        bits &= bits - 1
