"""On which days, and from when, a visit finds everything it needs at a site.

What is vacant on a day (`scheduler.vacancy`) is worked out once and kept in tables.  Where
appointments come and go, only their days are worked out again.

>>> from datetime import date
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

from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from typing import Any, Self, TypeVar

from scheduler.appointments import Appointment
from scheduler.conflicts import Busy
from scheduler.demand import Demand
from scheduler.minutes import NO_TIME, Stretch, lowest
from scheduler.protocol import Kind
from scheduler.sites import Site
from scheduler.vacancy import Vacancy

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
        self,
        vacancy: Vacancy,
        demand: Demand,
        *,
        to_anyone: Mapping[int, int] | None = None,
        former: "_Starts | None" = None,
    ) -> None:
        """Those of a demand; `former` are to anyone before some days changed, known ones too."""
        super().__init__(() if former is None else former)
        self._vacancy, self._demand, self._to_anyone = vacancy, demand, to_anyone
        owners = vacancy.owners(demand) if former is None else former._owners
        self._owners: tuple[str, ...] = owners
        self._alike: dict[tuple[Stretch, ...], int] = {} if former is None else former._alike
        self.of_days: dict[int, dict[Hashable, Any]] = {} if former is None else {**former.of_days}

    def forget(self, touched: Mapping[int, Set[str]]) -> None:
        """Have days worked out again on which something was taken of owners that matter."""
        every = self._vacancy.is_capped
        for ordinal in touched.keys() & self.keys():
            if every or not touched[ordinal].isdisjoint(self._owners):
                del self[ordinal]
                self.of_days.pop(ordinal, None)

    def __missing__(self, ordinal: int) -> int:
        start = self[_same(ordinal)] = _same(self._found(ordinal))
        return start

    def _found(self, ordinal: int) -> int:
        vacancy = self._vacancy
        if self._to_anyone is not None and not vacancy.is_engaged(ordinal):
            return self._to_anyone[ordinal]
        if self._demand.laboratory and vacancy.laboratory_shut(ordinal):
            return NO_TIME
        if vacancy.is_taken(self._owners, ordinal):
            return lowest(vacancy.starts(self._demand, ordinal))
        stretches = vacancy.opening(ordinal)
        if stretches not in self._alike:
            self._alike[stretches] = lowest(vacancy.starts(self._demand, ordinal))
        return self._alike[stretches]


class Availability(Vacancy):
    """A `Vacancy`, with tables of days that are worked out as they are asked for.

    Derived from values that do not change; what is worked out is remembered.
    """

    def __init__(
        self,
        site: Site,
        busy: Iterable[Busy] = (),
        appointments: Iterable[Appointment] = (),
    ) -> None:
        self._begin(Vacancy(site, busy, appointments))

    def _begin(self, vacancy: Vacancy, whole: "Availability | None" = None) -> Self:
        """Be that vacancy, with nothing remembered; `whole` is the one to anyone."""
        vars(self).update(vars(vacancy))
        # Tables hold on to the vacancy and not to who holds them: else all of it would stay
        # in the memory, once nobody has it any more, until garbage is looked for.
        self._vacancy, self._whole = vacancy, whole
        self._earliest: dict[Demand, _Starts] = {}
        self._remembered: dict[Hashable, Any] = {}
        return self

    def seen_by(self, participant: str) -> "Availability":
        """The same, less the time that is taken of that participant."""
        if self._whole is None and not self._occupancy.may_hold(participant):
            return self  # and all that is known of it
        return _new()._begin(self._vacancy.to(participant), self)

    def changed(
        self, gone: Iterable[Appointment] = (), come: Iterable[Appointment] = ()
    ) -> "Availability":
        """The same to anyone, once some appointments are gone and others have come.

        One that has come takes the place of the visit's former appointment on the same
        days.  What is known of days that none of them touches is kept.
        """
        whole = self._whole or self
        vacancy, touched = whole._vacancy.after(gone, come)
        other = _new()._begin(vacancy)
        for demand, known in whole._earliest.items():
            other._earliest[demand] = starts = _Starts(vacancy, demand, former=known)
            starts.forget(touched)
        return other

    def allotted(self, quotas: Mapping[tuple[Kind, int], int]) -> "Availability":
        """The same where the laboratory takes just so many more visits of a kind on a day."""
        return _new()._begin((self._whole or self)._vacancy.held_to(quotas))

    def remember(self, key: Hashable, found: Callable[[], T]) -> T:
        """What follows from this availability and `key`, found out once."""
        if key not in self._remembered:
            self._remembered[key] = found()
        known: T = self._remembered[key]
        return known

    def remember_of_full_day(
        self, demand: Demand, ordinal: int, key: Hashable, found: Callable[[], T]
    ) -> T | None:
        """What follows from a day without a start, a demand and `key`; None of other days.

        It is found out once, until that day changes.
        """
        table = self._starts(demand)
        if table[ordinal] != NO_TIME:
            return None
        of_day = table.of_days.setdefault(ordinal, {})
        if key not in of_day:
            of_day[key] = found()
        known: T = of_day[key]
        return known

    def earliest(self, demand: Demand) -> Mapping[int, int]:
        """Minute of the earliest start by day ordinal; NO_TIME on days without one."""
        return self._starts(demand)

    def known_starts(self, demand: Demand, ordinal: int) -> int:
        """The same as `starts`, for those who ask again and again."""
        if self._whole is not None and not self.is_engaged(ordinal):
            return self._whole.known_starts(demand, ordinal)
        return self.remember((demand, ordinal), lambda: self.starts(demand, ordinal))

    def _starts(self, demand: Demand) -> _Starts:
        table = self._earliest.get(demand)
        if table is None:
            to_anyone = self._whole.earliest(demand) if self._whole else None
            table = _Starts(self._vacancy, demand, to_anyone=to_anyone)
            self._earliest[demand] = table
        return table


def _new() -> Availability:
    return Availability.__new__(Availability)
