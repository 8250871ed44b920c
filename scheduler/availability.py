"""On which days, and from when, a visit finds everything it needs at a site.

Every local day is a row of minutes (`scheduler.minutes`), less what is closed and taken;
each day is worked out once and kept.  Where appointments come and go, only their days are
worked out again.

>>> from scheduler.sites import Hours
>>> from scheduler.words import Words
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai",
...             hours=((Hours.parse("08:00-17:30"),),) * 5 + ((), ()))
>>> free, friday = Availability(site), date(2026, 3, 6).toordinal()
>>> free.earliest(Demand(minutes=60))[friday] // 60
8
>>> free.earliest(Demand(minutes=60))[friday + 1] == NO_TIME
True
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Set
from copy import copy
from datetime import date, datetime
from typing import Any, TypeVar

from scheduler.appointments import Appointment
from scheduler.capacity import Load
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.demand import Demand
from scheduler.minutes import NO_TIME, Minutes, Stretch, lowest, runs
from scheduler.occupancy import Occupancy
from scheduler.protocol import Kind
from scheduler.sites import WHOLE_SITE, Caps, Site, SiteDay
from scheduler.subject import Allocation
from scheduler.units import Units

T = TypeVar("T")


_NUMBERS: dict[int, int] = {}


def _same(number: int) -> int:
    """The number, as one object for all tables: that much smaller, they stay in the cache."""
    return _NUMBERS.setdefault(number, number)


class _Starts(dict[int, int]):
    """Earliest start by day ordinal, worked out at the first question.

    Days with the same hours on which nothing that matters is taken are all alike; and to a
    participant, days are as they are to anyone unless something is taken of just that one.
    What else is known of a demand on `of_days` stands as long.
    """

    def __init__(
        self, availability: "Availability", demand: Demand, former: "_Starts | None" = None
    ) -> None:
        """Those of a demand; `former` are to anyone before some days changed, known ones too."""
        super().__init__(() if former is None else former)
        self._availability, self._demand = availability, demand
        owners = availability.owners(demand) if former is None else former._owners
        self._owners: tuple[str, ...] = owners
        self._to_anyone = availability.to_anyone(demand)
        self._alike: dict[tuple[Stretch, ...], int] = {} if former is None else former._alike
        self.of_days: dict[int, dict[Hashable, Any]] = {} if former is None else {**former.of_days}

    def forget(self, touched: Mapping[int, Set[str]]) -> None:
        """Have days worked out again on which something was taken of owners that matter."""
        every = self._availability.is_capped
        for ordinal, owners in touched.items():
            if every or not owners.isdisjoint(self._owners):
                self.pop(ordinal, None)
                self.of_days.pop(ordinal, None)

    def __missing__(self, ordinal: int) -> int:
        start = self[_same(ordinal)] = _same(self._found(ordinal))
        return start

    def _found(self, ordinal: int) -> int:
        availability = self._availability
        if self._to_anyone is not None and not availability.is_engaged(ordinal):
            return self._to_anyone[ordinal]
        if self._demand.laboratory and availability.laboratory_shut(ordinal):
            return NO_TIME
        if availability.is_taken(self._owners, ordinal):
            return lowest(availability.starts(self._demand, ordinal))
        stretches = availability.opening(ordinal)
        if stretches not in self._alike:
            self._alike[stretches] = lowest(availability.starts(self._demand, ordinal))
        return self._alike[stretches]


class Availability:
    """Free time of one site against busy time and appointments, to anyone or to one participant.

    Derived from values that do not change; what is worked out for a day is remembered.  One that
    `is_capped` takes only so many visits whatever is free, or its laboratory does.
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
        self._earliest: dict[Demand, _Starts] = {}
        self._remembered: dict[Hashable, Any] = {}
        self._quotas: Mapping[tuple[Kind, int], int] | None = None
        self._whole: Availability | None = None
        self._loads: dict[int, Load] = {}
        self._shut: dict[int, str | None] = {}

    def seen_by(self, participant: str) -> "Availability":
        """The same, less the time that is taken of that participant."""
        if self._whole is None and not self._occupancy.may_hold(participant):
            return self  # and all that is known of it
        view = copy(self)
        view.participant, view._whole = participant, self
        view._earliest, view._remembered = {}, {}
        return view

    def changed(
        self, gone: Iterable[Appointment] = (), come: Iterable[Appointment] = ()
    ) -> "Availability":
        """The same to anyone, once some appointments are gone and others have come.

        One that has come takes the place of the visit's former appointment on the same
        days.  What is known of days that none of them touches is kept.
        """
        other = copy(self._whole or self)
        other._loads, other._remembered = dict(other._loads), {}
        other._occupancy, touched = other._occupancy.changed(gone, come)
        other.units = other.units.taken_by(other._occupancy)
        for ordinal in touched:
            other._loads.pop(ordinal, None)
        other._earliest = {}
        for demand, known in (self._whole or self)._earliest.items():
            other._earliest[demand] = starts = _Starts(other, demand, known)
            starts.forget(touched)
        return other

    def allotted(self, quotas: Mapping[tuple[Kind, int], int]) -> "Availability":
        """The same where the laboratory takes just so many more visits of a kind on a day."""
        other = copy(self._whole or self)
        other._quotas = quotas
        other._earliest, other._remembered = {}, {}
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

    def remember(self, key: Hashable, found: Callable[[], T]) -> T:
        """What follows from this availability and `key`, found out once."""
        if key not in self._remembered:
            self._remembered[key] = found()
        known: T = self._remembered[key]
        return known

    def remember_of_day(
        self, demand: Demand, ordinal: int, key: Hashable, found: Callable[[], T]
    ) -> T:
        """What follows from a demand on a day and `key`, found out once, until that changes."""
        of_day = self._starts(demand).of_days.setdefault(ordinal, {})
        if key not in of_day:
            of_day[key] = found()
        known: T = of_day[key]
        return known

    def earliest(self, demand: Demand) -> Mapping[int, int]:
        """Minute of the earliest start by day ordinal; NO_TIME on days without one."""
        return self._starts(demand)

    def _starts(self, demand: Demand) -> _Starts:
        table = self._earliest.get(demand)
        if table is None:
            table = self._earliest[demand] = _Starts(self, demand)
        return table

    def to_anyone(self, demand: Demand) -> Mapping[int, int] | None:
        """The earliest starts to anyone, where this is how one participant finds the site."""
        return self._whole.earliest(demand) if self._whole else None

    def owners(self, demand: Demand) -> tuple[str, ...]:
        """Whose time bears on a demand: the site's, the participant's, that of its resources."""
        kinds = {need.resource for need in demand.needs}
        units = {unit for kind in kinds for unit in self.units.of(kind)}
        return WHOLE_SITE, self.participant, *kinds, *units

    def is_taken(self, owners: Collection[str], ordinal: int) -> bool:
        """Whether something is taken of any of them that day, or visits count for caps."""
        if self.is_capped and (self._quotas is not None or self._occupancy.is_visited(ordinal)):
            return True  # with quotas, no two days are alike
        return self._occupancy.is_taken(owners, ordinal)

    def is_engaged(self, ordinal: int) -> bool:
        """Whether something is taken of just this participant that day."""
        return self._occupancy.is_taken((self.participant,), ordinal)

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
        of = self._occupancy.minutes_of
        taken = of(WHOLE_SITE, ordinal) | of(self.participant, ordinal)
        starts = self.fitting(ordinal, demand.minutes, taken) & ~self.full(demand, ordinal)
        for team in demand.teams:
            if not starts:
                return 0
            starts &= self.units.serving(team, ordinal)
        return starts

    def known_starts(self, demand: Demand, ordinal: int) -> int:
        """The same as `starts`, for those who ask again and again."""
        if self._whole is not None and not self.is_engaged(ordinal):
            return self._whole.known_starts(demand, ordinal)
        return self.remember((demand, ordinal), lambda: self.starts(demand, ordinal))

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
        if not self._occupancy.is_taken((owner,), ordinal):
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
