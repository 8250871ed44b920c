"""The events of one UID together: a series, its added, excluded and changed occurrences.

All that matters of an occurrence is the time it takes, as a pair of naive UTC times.  A
series is expanded by the wall clock of its zone, within a span; occurrences that another
event replaces (RECURRENCE-ID) are taken out, and that event takes its own time.

>>> from zoneinfo import ZoneInfo
>>> from scheduler.readers.contentlines import calendars
>>> from scheduler.readers.zones import Zones
>>> text = '''BEGIN:VCALENDAR
... BEGIN:VEVENT
... DTSTART:20260302T090000
... RRULE:FREQ=WEEKLY
... EXDATE:20260309T090000
... END:VEVENT
... END:VCALENDAR'''
>>> [calendar], _ = calendars(text, "nurse.ics")
>>> zones = Zones([], site=ZoneInfo("Asia/Shanghai"), floating=None, before=datetime(2027, 1, 1))
>>> event, _ = Event.of(calendar.parts[0], zones)
>>> taken = Series([event]).taken(datetime(2026, 3, 1), datetime(2026, 3, 20))
>>> sorted({f"{start:%d %H:%M}" for start, _ in taken})
['02 01:00', '16 01:00']
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from scheduler.readers.contentlines import Component, Unreadable
from scheduler.readers.events import Event
from scheduler.readers.moments import Form, Length, Moment
from scheduler.readers.recurrence import Rule, TooManyTimes, ToUTC
from scheduler.readers.zones import utc

Taken = tuple[datetime, datetime]
"""Start and end, naive, in UTC, half-open."""

_MARGIN = timedelta(days=2)
"""More than any two clocks differ, so that a span in UTC is safe on every wall."""

_FARTHEST = timedelta(days=366 * 400)
"""How far from the span a start may lie whose time is still looked for."""


@dataclass(slots=True)
class Exclusions:
    """Occurrences taken out of a series, by instant, by its wall clock, or by day."""

    instants: set[datetime] = field(default_factory=set)
    walls: set[datetime] = field(default_factory=set)
    days: set[date] = field(default_factory=set)

    def add(self, moment: Moment, *, whole_days: bool) -> None:
        """Take out the occurrence that `moment` names; `whole_days` if the series has dates.

        A floating time names the hour on the series' own wall.
        """
        if moment.form is Form.FLOATING:
            self.walls.add(moment.local)
        elif moment.form is not Form.DAY:
            self.instants.add(moment.utc())
        midnight = moment.local.time() == datetime.min.time()
        if moment.whole_day or (whole_days and (midnight or moment.form is not Form.UTC)):
            self.days.add(moment.local.date())


class Series:
    """Every event that shares a UID within one calendar.

    `faults` fills while `taken` is consumed: series that could not be followed to their end.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self._masters: list[Event] = []
        self._changes: list[tuple[Moment, Event]] = []
        self.faults: list[tuple[Component, Unreadable]] = []
        for event in events:
            if event.replaces is None:
                self._masters.append(event)
            else:
                self._changes.append((event.replaces, event))
        self._note_rules_of_changes()

    def taken(self, after: datetime, before: datetime) -> Iterator[Taken]:
        """The time taken from `after` to `before` (naive UTC), in no order; it may reach beyond."""
        for _, change in self._changes:
            if change.busy:
                yield _single(change)
        tail = _Tail([pair for pair in self._changes if pair[1].following])
        for master in self._masters:
            if master.busy or tail.busy:
                try:
                    yield from self._of(master, tail, after, before)
                except OverflowError:
                    what = "repeats beyond the year 9999: what lies there is not counted"
                    self.faults.append((master.source, Unreadable(master.source.line, what)))

    def _of(
        self, master: Event, tail: "_Tail", after: datetime, before: datetime
    ) -> Iterator[Taken]:
        lengths = [master.length, *(length for _, length in master.added)]
        reach = max(length.longest() for length in lengths) + _MARGIN
        reach = min(max(reach, tail.reach + _MARGIN), _FARTHEST)
        after, before = after - reach, before + reach
        out = self._exclusions(master, after, before)
        instants, walls, days = out.instants, out.walls, out.days
        busy, tailed = master.busy, bool(tail.changes)
        for walls_at, length, to_utc in self._starts(master, after, before):
            wall, exact = length.wall, length.exact
            for local in walls_at:
                start = to_utc(local)
                if start in instants or local in walls or (days and local.date() in days):
                    continue
                if tailed and (change := tail.change(start)):
                    yield from change.moved(local, start, to_utc)
                elif busy:
                    yield start, max(to_utc(local + wall), start + exact)

    def _starts(
        self, master: Event, after: datetime, before: datetime
    ) -> Iterator[tuple[Iterable[datetime], Length, ToUTC]]:
        """Starts by a wall clock, how long each takes, and that clock."""
        for moment, length in [(master.start, master.length), *master.added]:
            yield [moment.local], length, moment.to_utc
        for rule in master.rules:
            yield self._repeated(master, rule, after, before), master.length, master.start.to_utc

    def _exclusions(self, master: Event, after: datetime, before: datetime) -> Exclusions:
        exclusions = Exclusions()
        whole_days = master.start.whole_day
        for moment in master.excluded:
            exclusions.add(moment, whole_days=whole_days)
        for replaced, _ in self._changes:
            exclusions.add(replaced, whole_days=whole_days)
        for rule in master.excluding:
            starts = self._repeated(master, rule, after, before)
            exclusions.instants.update(map(master.start.to_utc, starts))
        return exclusions

    def _repeated(
        self, master: Event, rule: Rule, after: datetime, before: datetime
    ) -> Iterator[datetime]:
        try:
            yield from rule.starts(master.start.to_utc, after=after, before=before)
        except TooManyTimes as error:
            what = f"its rule {error}: none from {error.unseen:%Y-%m-%d %H:%M} on is counted"
            self.faults.append((master.source, Unreadable(master.source.line, what)))

    def _note_rules_of_changes(self) -> None:
        known = {rule.text for master in self._masters for rule in master.rules}
        for _, change in self._changes:
            if any(rule.text not in known for rule in change.rules) or change.added:
                what = "changes one occurrence and repeats: only that occurrence is counted"
                fault = Unreadable(change.source.line, what)
                self.faults.append((change.source, fault))


class _Tail:
    """Changes that hold for all later occurrences, the latest one before each."""

    def __init__(self, changes: Iterable[tuple[Moment, Event]]) -> None:
        self.changes = sorted(
            ((replaced.utc(), _Shift(replaced, event)) for replaced, event in changes),
            key=lambda pair: pair[0],
        )
        self.busy = any(shift.event.busy for _, shift in self.changes)
        self.reach = max((shift.reach for _, shift in self.changes), default=timedelta(0))

    def change(self, start: datetime) -> "_Shift | None":
        at = bisect_right(self.changes, start, key=lambda pair: pair[0])
        return self.changes[at - 1][1] if at else None


class _Shift:
    """How one change with RANGE=THISANDFUTURE moves an occurrence."""

    def __init__(self, replaced: Moment, event: Event) -> None:
        self.event = event
        self._by_wall = replaced.to_utc is event.start.to_utc
        self._wall = event.start.local - replaced.local
        self._exact = event.start.utc() - replaced.utc()
        self.reach = abs(self._exact) + event.length.longest()

    def moved(self, local: datetime, start: datetime, to_utc: ToUTC) -> Iterator[Taken]:
        if not self.event.busy:
            return
        if self._by_wall:
            local += self._wall
            start = to_utc(local)
        else:
            local = start = start + self._exact
            to_utc = utc
        yield start, self.event.length.end(local, start, to_utc)


def _single(event: Event) -> Taken:
    start = event.start.utc()
    return start, event.length.end(event.start.local, start, event.start.to_utc)
