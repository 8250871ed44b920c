"""What is vacant at a site on a day: hours that nothing takes, and units that are free in them.

Every local day is a row of minutes (`scheduler.minutes`), less what is closed and taken.  Nothing
here is remembered but hours and caps; tables of many days are `scheduler.availability`.

>>> from scheduler.sites import Hours
>>> from scheduler.words import Words
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai",
...             hours=((Hours.parse("08:00-17:30"),),) * 5 + ((), ()))
>>> free, friday, hour = Vacancy(site), date(2026, 3, 6).toordinal(), Demand(minutes=60)
>>> free.starts(hour, friday).bit_count(), free.starts(hour, friday + 1).bit_count()
(18, 0)
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from datetime import date, datetime

from scheduler.appointments import Appointment
from scheduler.capacity import Load
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.demand import Demand
from scheduler.minutes import Minutes, Stretch, runs
from scheduler.occupancy import Occupancy, twin
from scheduler.protocol import Kind
from scheduler.sites import WHOLE_SITE, Caps, Site, SiteDay
from scheduler.subject import Allocation
from scheduler.units import Units


class Vacancy:
    """Free time of one site against busy time and appointments, to anyone or to one participant.

    One that `is_capped` takes only so many visits whatever is free, or its laboratory does.
    """

    def __init__(
        self,
        site: Site,
        busy: Iterable[Busy] = (),
        appointments: Iterable[Appointment] = (),
    ) -> None:
        self.site, self._minutes, self.participant = site, Minutes(site.tz()), ""
        laboratory = site.laboratory
        self.is_capped = site.caps != Caps() or (laboratory is not None and laboratory.is_capped)
        self._occupancy = Occupancy(site.tz(), busy, appointments)
        self.units = Units(site.resources, self._occupancy, self._minutes)
        self._days: dict[int, SiteDay] = {}
        self._opening: dict[int, tuple[Stretch, ...]] = {}
        self._quotas: Mapping[tuple[Kind, int], int] | None = None
        self._loads: dict[int, Load] = {}
        self._shut: dict[int, str | None] = {}

    def to(self, participant: str) -> "Vacancy":
        """The same, less the time that is taken of that participant."""
        other = twin(self)
        other.participant = participant
        return other

    def after(
        self, gone: Iterable[Appointment], come: Iterable[Appointment]
    ) -> tuple["Vacancy", Mapping[int, Set[str]]]:
        """The same once some appointments are gone and others have come.

        And of whom something else may be taken then, by the days that they touch.
        """
        other = twin(self)
        other._occupancy, touched = self._occupancy.changed(gone, come)
        other.units = self.units.taken_by(other._occupancy)
        other._loads = {day: load for day, load in self._loads.items() if day not in touched}
        return other, touched

    def held_to(self, quotas: Mapping[tuple[Kind, int], int]) -> "Vacancy":
        """The same where the laboratory takes just so many more visits of a kind on a day."""
        other = twin(self)
        other._quotas = quotas
        return other

    @property
    def quotas(self) -> Mapping[tuple[Kind, int], int] | None:
        """What it is held to, by kind of visit and day; None where it is not."""
        return self._quotas

    def contents(self) -> tuple[tuple[Busy, ...], tuple[Appointment, ...]]:
        """The busy time and the appointments that it counts with."""
        return self._occupancy.contents()

    def laboratory_room(self, kind: Kind | None, ordinal: int) -> int | None:
        """How many more visits of a kind its laboratory takes that day; None: not capped."""
        room = self.load(ordinal).laboratory_room(self.site.laboratory, kind)
        if room is None or kind is None or self._quotas is None:
            return room
        return self._quotas.get((kind, ordinal), 0)

    def owners(self, demand: Demand) -> tuple[str, ...]:
        """Whose time bears on a demand: the site's, the participant's, that of its resources."""
        kinds = {need.resource for need in demand.needs}
        units = {unit for kind in kinds for unit in self.units.of(kind)}
        return WHOLE_SITE, self.participant, *kinds, *units

    def is_taken(self, owners: Collection[str], ordinal: int) -> bool:
        """Whether something is taken of any of them that day, or visits count for caps."""
        if self.is_capped and (self._quotas is not None or self._occupancy.is_visited(ordinal)):
            return True  # with quotas, no two days are alike
        return not self._occupancy.on(ordinal).keys().isdisjoint(owners)

    def is_engaged(self, ordinal: int) -> bool:
        """Whether something is taken of just this participant that day."""
        return self.participant in self._occupancy.on(ordinal)

    def opening(self, ordinal: int) -> tuple[Stretch, ...]:
        """The stretches of hours at which the site is open that day."""
        if ordinal not in self._opening:
            hours = self.day(ordinal).hours
            self._opening[ordinal] = self._minutes.stretches(ordinal, hours, self.site.grid)
        return self._opening[ordinal]

    def starts(self, demand: Demand, ordinal: int) -> int:
        """Every possible start on a day, one bit a minute."""
        if demand.laboratory and self.laboratory_shut(ordinal):
            return 0
        of = self._occupancy.on(ordinal).get
        taken = of(WHOLE_SITE, 0) | of(self.participant, 0)
        starts = self.fitting(ordinal, demand.minutes, taken) & ~self.full(demand, ordinal)
        for team in demand.teams:
            if not starts:
                return 0
            starts &= self.units.serving(team, ordinal)
        return starts

    def allocate(
        self, demand: Demand, ordinal: int, start: int
    ) -> tuple[Interval, tuple[Allocation, ...]]:
        """The time of a visit from minute `start` on, and the first free units for its needs."""
        whole = self.interval(ordinal, start, demand.minutes)
        spans = {(start, demand.minutes): whole}
        allocations = []
        for team in demand.teams:
            for unit, need in zip(self.units.crew(team, ordinal, start), team, strict=True):
                span = start + need.start, need.minutes
                if span not in spans:
                    spans[span] = self.interval(ordinal, *span)
                allocations.append(Allocation(unit=unit, interval=spans[span]))
        return whole, tuple(allocations)

    def interval(self, ordinal: int, start: int, minutes: int) -> Interval:
        """From minute `start` of a day, `minutes` long, in the site's zone."""
        return self._minutes.interval(ordinal, start, minutes)

    def minute(self, ordinal: int, moment: datetime) -> int:
        """The minute of a day that an instant lies in; negative before that day."""
        return self._minutes.since_midnight(ordinal, moment)

    def unverified(self, day: date) -> bool:
        """Whether the day lies beyond the published holidays."""
        return self.day(day.toordinal()).unverified

    def room(self, demand: Demand, ordinal: int) -> int | None:
        """How many more visits of this demand's kind a day takes; None where that is not capped."""
        if not self.is_capped:
            return None
        load = self.load(ordinal)
        rooms = [self.laboratory_room(demand.work, ordinal)]
        if demand.infusion:
            rooms.append(load.room(self.site.caps))
        return min((room for room in rooms if room is not None), default=None)

    def excess(self, demand: Demand, moment: datetime) -> Iterator[str]:
        """The caps that a visit of this demand helps to exceed, which starts then already."""
        if not demand.phone:
            ordinal = moment.astimezone(self.site.tz()).toordinal()
            minute = self.minute(ordinal, moment)
            load = self.load(ordinal)
            yield from load.excess(self.site.caps, minute, infusion=demand.infusion)
            yield from load.laboratory_excess(self.site.laboratory, demand.work)

    def full(self, demand: Demand, ordinal: int) -> int:
        """Minutes at which no visit of this demand may start, for the site's caps."""
        if demand.phone or not self.is_capped:
            return 0
        if self.room(demand, ordinal) == 0:
            return -1
        return self.load(ordinal).full(self.site.caps, infusion=demand.infusion)

    def load(self, ordinal: int) -> Load:
        """What counts against the caps that day."""
        load = self._loads.get(ordinal)
        if load is None:
            starting = self._occupancy.starting(ordinal)
            load = Load(starting, self.opening(ordinal), self.site.grid)
            self._loads[ordinal] = load
        return load

    def laboratory_shut(self, ordinal: int) -> str | None:
        """Why the cell laboratory does not work that day; None when it does."""
        if self.site.laboratory is None:
            return None
        if ordinal not in self._shut:
            self._shut[ordinal] = self.site.laboratory_shut(date.fromordinal(ordinal))
        return self._shut[ordinal]

    def clashes(
        self, owner: str, ordinal: int, wanted: Interval | None = None, *, named: bool = False
    ) -> list[str]:
        """What takes an owner's time that day, or what is `wanted` of it, in words."""
        if owner not in self._occupancy.on(ordinal):
            return []
        wanted = wanted or self.interval(ordinal, 0, self._minutes.length(ordinal))
        return self._occupancy.clashes(owner, wanted, ordinal, named=named)

    def day(self, ordinal: int) -> SiteDay:
        """The hours of the site that day, or why it is closed."""
        if ordinal not in self._days:
            self._days[ordinal] = self.site.day(date.fromordinal(ordinal))
        return self._days[ordinal]

    def fitting(self, ordinal: int, minutes: int, taken: int = 0) -> int:
        """Starts on the grid from which `minutes` lie in one stretch of hours, none `taken`."""
        starts = 0
        for opening, grid in self.opening(ordinal):
            starts |= runs(opening & ~taken, minutes) & grid
        return starts
