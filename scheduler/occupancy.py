"""What is taken of whom on which day: by calendars, and by appointments that come and go.

Owners are the whole site, a kind of resource, a unit or a participant.  Days are ordinals,
and a day is a row of minutes (`scheduler.minutes`), worked out when it is first asked for.

>>> nothing = Occupancy(ZoneInfo("Asia/Shanghai"))
>>> nothing.on(739_677)
{}
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from itertools import chain, repeat
from typing import TypeVar
from zoneinfo import ZoneInfo

from scheduler.appointments import Appointment
from scheduler.conflicts import BOOK, Busy
from scheduler.dates import Interval
from scheduler.minutes import Minutes

T = TypeVar("T")

_Day = Mapping[tuple[str, str], Appointment]
"""The appointments that touch one day, by their keys."""

_Taken = tuple[str, int]
"""An owner, and minutes of one day, as bits, that are taken of that one."""


def twin(value: T) -> T:
    """A shallow copy, in a third of the time that `copy.copy` takes."""
    other = object.__new__(type(value))
    vars(other).update(vars(value))
    return other


class Occupancy:
    """What is taken in one zone; it never changes, `changed` makes another."""

    def __init__(
        self,
        zone: ZoneInfo,
        busy: Iterable[Busy] = (),
        appointments: Iterable[Appointment] = (),
    ) -> None:
        self._zone, self._minutes = zone, Minutes(zone)
        self._busy: dict[str, list[Busy]] = defaultdict(list)
        self._closed: dict[int, dict[str, int]] = defaultdict(partial(defaultdict, int))
        for source in busy:
            self._busy[source.owner].append(source)
            for interval in source.intervals:
                for ordinal, taken in self._minutes.by_day(interval):
                    self._closed[ordinal][source.owner] |= taken
        # Shared by all that `changed` makes: a name too many costs a question, and no more.
        self._holders = set(self._busy)
        self._booked: dict[int, _Day] = {}
        self._taken: dict[int, Mapping[str, int]] = {}
        self._book((), appointments)

    def contents(self) -> tuple[tuple[Busy, ...], tuple[Appointment, ...]]:
        """The busy time and the appointments that are in it."""
        busy = tuple(each for sources in self._busy.values() for each in sources)
        booked = {each.key: each for day in self._booked.values() for each in day.values()}
        return busy, tuple(booked.values())

    def changed(
        self, gone: Iterable[Appointment], come: Iterable[Appointment]
    ) -> tuple["Occupancy", Mapping[int, Set[str]]]:
        """The same without the `gone` and with those that have `come`.

        And whose time may be another one on which days.
        """
        other = twin(self)
        other._booked, other._taken = dict(self._booked), dict(self._taken)
        touched, fresh = other._book(gone, come)
        for ordinal, more in fresh.items():
            taken = other._taken.pop(ordinal, None)
            if taken is not None and more is not None:
                other._taken[ordinal] = _with(taken, more)
        return other, touched

    def on(self, ordinal: int) -> Mapping[str, int]:
        """The minutes of a day, as bits, that are taken of each owner of whom some are."""
        taken = self._taken.get(ordinal)
        if taken is None:
            booked = self._booked.get(ordinal, {}).values()
            more = (each for visit in booked for each in self._by_day(visit).get(ordinal, ()))
            taken = self._taken[ordinal] = _with(self._closed.get(ordinal, {}), more)
        return taken

    def may_hold(self, owner: str) -> bool:
        """False where nothing is taken of an owner on any day."""
        return owner in self._holders

    def is_visited(self, ordinal: int) -> bool:
        """Whether there are appointments that day."""
        return bool(self._booked.get(ordinal))

    def starting(self, ordinal: int) -> Iterator[tuple[int, Appointment]]:
        """The appointments of a day with the minutes they start at, negative the day before."""
        for appointment in self._booked.get(ordinal, {}).values():
            start = appointment.interval.start
            yield self._minutes.since_midnight(ordinal, start), appointment

    def clashes(self, owner: str, day: Interval, ordinal: int, *, named: bool) -> list[str]:
        """What takes an owner's time that day, in words; appointments by name where `named`."""
        booked: dict[str, list[Interval]] = {}
        for appointment in self._booked.get(ordinal, {}).values():
            for holder, interval in appointment.taken():
                if holder == owner:
                    booked.setdefault(str(appointment) if named else BOOK, []).append(interval)
        taken = [Busy.of(owner, source, intervals) for source, intervals in booked.items()]
        sources = [*self._busy.get(owner, ()), *sorted(taken, key=lambda busy: busy.intervals)]
        return [str(clash) for busy in sources for clash in busy.clashes(day)]

    def _book(
        self, gone: Iterable[Appointment], come: Iterable[Appointment]
    ) -> tuple[Mapping[int, Set[str]], Mapping[int, list[_Taken] | None]]:
        """Take appointments out and in; the owners of what they take, by the days they touch.

        And what more is taken of each of these days; None where something is gone.
        """
        days: dict[int, dict[tuple[str, str], Appointment]] = {}
        touched: dict[int, set[str]] = {}
        fresh: dict[int, list[_Taken] | None] = {}
        for appointment, stays in chain(zip(gone, repeat(False)), zip(come, repeat(True))):
            key = appointment.key
            for ordinal, taken in self._by_day(appointment).items():
                if ordinal not in days:
                    days[ordinal], touched[ordinal] = dict(self._booked.get(ordinal, {})), set()
                    fresh[ordinal] = []
                day, owners = days[ordinal], [owner for owner, _ in taken]
                touched[ordinal].update(owners)
                if former := day.pop(key, None):
                    touched[ordinal].update(owner for owner, _ in former.taken())
                    fresh[ordinal] = None
                if stays:
                    day[key] = appointment
                    self._holders.update(owners)
                    if (more := fresh[ordinal]) is not None:
                        more += taken
        self._booked |= days
        return touched, fresh

    def _by_day(self, appointment: Appointment) -> Mapping[int, list[_Taken]]:
        """The minutes of each day that an appointment takes of each owner."""
        found: dict[int, list[_Taken]] = {}
        span: Interval | None = None
        days: Sequence[tuple[int, int]] = ()
        for owner, interval in appointment.taken():
            if interval is not span:  # units are mostly taken for the same time
                span, days = interval, self._minutes.by_day(interval)
            for ordinal, bits in days:
                found.setdefault(ordinal, []).append((owner, bits))
        return found


def _with(taken: Mapping[str, int], more: Iterable[_Taken]) -> Mapping[str, int]:
    """What is taken of a day, with what is taken of it besides."""
    minutes = dict(taken)
    for owner, bits in more:
        minutes[owner] = minutes.get(owner, 0) | bits
    return minutes
