"""The free time of a clinic: read from its calendars and the book once, then kept in step.

A process that asks again reads only what the changes since then have moved, whoever made
them.  The chain of the book says which those are; a chain that does not go on from where
it was, such as that of a restored book, is read anew.

>>> whole_quarters(Window(earliest=date(2026, 2, 20), latest=date(2026, 4, 1)))
Window(earliest=datetime.date(2026, 1, 1), latest=datetime.date(2026, 6, 30))
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from threading import Lock

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Window
from scheduler.errors import Problem
from scheduler.services import clinics
from scheduler.services.clinics import Clinic, Taken
from scheduler.services.laboratories import Elsewhere
from scheduler.store import Book
from scheduler.store.chain import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeTime:
    """A clinic's free time to anyone, and what calendars take of it.

    `problems` are parts of calendars that could not be read.
    """

    availability: Availability
    calendars: tuple[Busy, ...]
    problems: tuple[Problem, ...]


def prepare(clinic: Clinic, days: Window, given: Sequence[str] = ()) -> None:
    """Read the calendars before a transaction: servers are slow, and expanding takes long.

    Raises:
        BadInput: a calendar cannot be read at all; all such are listed.
    """
    clinics.taken(clinic, given, whole_quarters(days).interval(clinic.site.tz()))


def of(book: Book, clinic: Clinic, days: Window, given: Sequence[str] = ()) -> FreeTime:
    """The free time of a clinic on `days` at least, as the transaction of `book` sees it.

    `given` are conflict calendars beside those of the site file; they close the whole site.

    Raises:
        Interruption: servers of calendars have to be asked first.
        BadInput: a calendar cannot be read at all; all such are listed.  Or it cannot be
            known who shares the laboratory.
    """
    days = whole_quarters(days)
    if book.marks.ids:
        # What this transaction has changed is sealed, and told of, only at its end.
        return _Kept(book, clinic, days, given).free
    key = (_Kept, clinic.site.code, *given)
    kept: _Kept | None = book.memory.get(key)
    free = kept.followed(book, clinic, days) if kept else None
    if free is None:
        new = book.memory[key] = _Kept(book, clinic, days | kept.days if kept else days, given)
        free = new.free
    return free


class _Kept:
    """The free time of one clinic at the end of the chain that it was read up to."""

    def __init__(self, book: Book, clinic: Clinic, days: Window, given: Sequence[str]) -> None:
        self.days, self._site, self._given = days, clinic.site, given
        self._alone = Lock()
        self._span = days.interval(clinic.site.tz())
        self._head, _ = book.head()
        self._taken = self._calendars(clinic)
        self._elsewhere = Elsewhere.read(book, clinic.sharing, days)
        own = book.appointments.at(clinic.site.code, days)
        self._appointments = {**own, **self._elsewhere.appointments}
        appointments = self._appointments.values()
        self.free = self._made(Availability(clinic.site, self._taken.busy, appointments))

    def followed(self, book: Book, clinic: Clinic, days: Window) -> FreeTime | None:
        """The free time now, brought up to the book; None where that has to be read anew."""
        with self._alone:
            head, goes_on = book.head(self._head)
            same = (self._site, self._elsewhere.sharing) == (clinic.site, clinic.sharing)
            known = goes_on and same and days | self.days == self.days
            if not known or self._calendars(clinic) != self._taken:
                return None
            if head != self._head:
                self._follow(book, head)
            return self.free

    def _follow(self, book: Book, head: Head) -> None:
        gone, come = [], []
        own = book.appointments.changed(self._site.code, self.days, self._head, head)
        others = self._elsewhere.changed(book, self._head, head)
        for visit_id, appointment in chain(own.items(), others):
            if visit_id in self._appointments:
                gone.append(self._appointments.pop(visit_id))
            if appointment is not None:
                come.append(appointment)
                self._appointments[visit_id] = appointment
        availability = self.free.availability.changed(gone, come)
        self._head, self.free = head, self._made(availability)

    def _made(self, availability: Availability) -> FreeTime:
        taken = self._taken
        return FreeTime(availability=availability, calendars=taken.busy, problems=taken.problems)

    def _calendars(self, clinic: Clinic) -> Taken:
        return clinics.taken_at_once(clinic, self._given, self._span)


@lru_cache(maxsize=256)
def whole_quarters(days: Window) -> Window:
    """`days` and the rest of the quarters they begin and end in: many spans become one."""
    first, following = (
        date(quarter // 4, quarter % 4 * 3 + 1, 1)
        for quarter in (_quarter(days.earliest), _quarter(days.latest) + 1)
    )
    return Window(earliest=first, latest=following - timedelta(days=1))


def _quarter(day: date) -> int:
    return day.year * 4 + (day.month - 1) // 3
