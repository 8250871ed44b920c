r"""A conflict calendar (.ics) as busy time.

Whatever in the file takes time but cannot be read is a `Problem` with file, line and
UID: a calendar with problems is incomplete, and whoever asks must be told.  Only times
leave this module, never what somebody is busy with.

>>> data = b'''BEGIN:VCALENDAR
... BEGIN:VEVENT
... UID:a
... SUMMARY:Ms Li, catheter
... DTSTART;TZID=China Standard Time:20260302T090000
... DURATION:PT2H
... END:VEVENT
... BEGIN:VEVENT
... UID:b
... DTSTART:tomorrow
... END:VEVENT
... END:VCALENDAR'''
>>> year = Interval(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2027, 1, 1, tzinfo=UTC))
>>> calendar = read(data, "nurse.ics", zone=ZoneInfo("Asia/Shanghai"), span=year)
>>> [f"{busy.start:%F %R} {busy.end:%R}" for busy in calendar.busy]
['2026-03-02 01:00 03:00']
>>> print(calendar.problems[0].place, calendar.problems[0].what, sep=": ")
nurse.ics:10: VEVENT UID "b": DTSTART is not a time: it is not counted as busy
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from operator import itemgetter
from zoneinfo import ZoneInfo

from scheduler.dates import Interval
from scheduler.errors import Problem
from scheduler.readers.contentlines import Component, Unreadable, calendars, decoded
from scheduler.readers.events import Event, takes_time
from scheduler.readers.moments import Moment, period
from scheduler.readers.series import Series, Taken
from scheduler.readers.zones import Zones

MOST = 2_000_000
"""Occurrences taken from one file before it is held to be no real calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyCalendar:
    """When the owner of one calendar is busy.

    `name` is the file's; `busy` is in UTC, sorted, merged and clipped to the span that was
    asked for; `problems` says what could not be read.
    """

    name: str
    busy: tuple[Interval, ...]
    problems: tuple[Problem, ...]

    @property
    def incomplete(self) -> bool:
        """Whether time may be taken that `busy` does not show."""
        return bool(self.problems)


def read(data: bytes, name: str, *, zone: ZoneInfo, span: Interval) -> BusyCalendar:
    """The busy time of the calendar file `name`, within `span`.

    Floating times are read in the calendar's own zone (X-WR-TIMEZONE), else in `zone`;
    whole days always in `zone`, the site's.

    Raises:
        BadInput: the file is no calendar, or is cut off.
    """
    found, problems = calendars(decoded(data), name)
    reading = _Reading(name, zone, span)
    taken = _merged(reading.all(found))
    problems += reading.problems
    return BusyCalendar(
        name=name,
        busy=tuple(_clipped(taken, reading.after, reading.before)),
        problems=tuple(sorted(set(problems), key=_position)),
    )


class _Reading:
    """One pass over the calendars of a file; problems gather as the times are taken."""

    def __init__(self, name: str, zone: ZoneInfo, span: Interval) -> None:
        self.problems: list[Problem] = []
        self.after, self.before = (
            instant.astimezone(UTC).replace(tzinfo=None) for instant in (span.start, span.end)
        )
        self._name = name
        self._zone = zone
        self._published: list[tuple[Component, Taken]] = []

    def all(self, found: Iterable[Component]) -> Iterator[Taken]:
        """Every time taken in any of the calendars, at most MOST of them."""
        times = chain.from_iterable(map(self._calendar, found))
        yield from islice(times, MOST)
        if next(times, None) is not None:
            what = f"takes more than {MOST:,} times: the others are not counted as busy"
            self.problems.append(Problem(self._name, what))
        self._report_uncovered()

    def _calendar(self, calendar: Component) -> Iterator[Taken]:
        for fault in calendar.faults:
            self._report(calendar, fault)
        own = calendar.every("X-WR-TIMEZONE")
        zones = Zones(
            (part for part in calendar.parts if part.kind == "VTIMEZONE"),
            site=self._zone,
            floating=own[0].value if own else None,
            before=self.before,
        )
        series: dict[str, list[Event]] = {}
        for part in calendar.parts:
            if part.kind == "VFREEBUSY":
                yield from self._free_busy(part, zones)
            elif part.kind == "VEVENT":
                for event in self._event(part, zones):
                    series.setdefault(part.uid or f"line {part.line}", []).append(event)
        for events in series.values():
            yield from self._series(Series(events))

    def _event(self, part: Component, zones: Zones) -> Iterator[Event]:
        try:
            event, faults = Event.of(part, zones)
        except Unreadable as lost:
            faults = [*part.faults, _uncounted(lost)]
        else:
            yield event
        # What takes no time takes none away when it cannot be read; a change of a series does.
        if takes_time(part) or part.every("RECURRENCE-ID"):
            for fault in faults:
                self._report(part, fault)

    def _series(self, series: Series) -> Iterator[Taken]:
        yield from series.taken(self.after, self.before)
        for source, fault in series.faults:
            self._report(source, fault)

    def _free_busy(self, part: Component, zones: Zones) -> Iterator[Taken]:
        for fault in part.faults:
            self._report(part, fault)
        self._published.append((part, self._covered(part, zones)))
        for line in part.every("FREEBUSY"):
            # An unknown FBTYPE is as good as BUSY (RFC 5545 3.2.9).
            if (line.param("FBTYPE") or "").upper() == "FREE":
                continue
            for text in line.value.split(","):
                try:
                    start, length = period(text.strip(), line, zones)
                    if length is None:
                        raise Unreadable(line.number, "FREEBUSY has a start without an end")
                    yield start.utc(), length.end(start.local, start.utc(), start.to_utc)
                except Unreadable as fault:
                    self._report(part, _uncounted(fault))

    def _covered(self, part: Component, zones: Zones) -> Taken:
        """The time that a VFREEBUSY tells of (RFC 5545 3.6.4); none where it does not say."""
        try:
            ends = part.one("DTSTART"), part.one("DTEND")
            first, last = (Moment.of(line.value, line, zones).utc() for line in ends if line)
        except (Unreadable, ValueError):
            return self.after, self.after
        return first, last

    def _report_uncovered(self) -> None:
        """Report where no VFREEBUSY tells anything though one is there: that is not free time."""
        if not self._published:
            return
        part, _ = self._published[0]
        told = list(_clipped(_merged(span for _, span in self._published), self.after, self.before))
        whole = Interval(start=self.after.replace(tzinfo=UTC), end=self.before.replace(tzinfo=UTC))
        if told != [whole]:
            spans = (
                f"{span.start.astimezone(self._zone):%Y-%m-%d %H:%M} to"
                f" {span.end.astimezone(self._zone):%Y-%m-%d %H:%M}"
                for span in told
            )
            only = " and ".join(spans) or "nothing of the time that is asked about"
            what = f"tells of {only}: outside of that, taken time looks free"
            self._report(part, Unreadable(part.line, what))

    def _report(self, part: Component, fault: Unreadable) -> None:
        self.problems.append(part.problem(fault, self._name))


def _uncounted(fault: Unreadable) -> Unreadable:
    return Unreadable(fault.line, f"{fault.what}: it is not counted as busy")


def _merged(taken: Iterable[Taken]) -> list[Taken]:
    merged: list[Taken] = []
    for start, end in sorted(taken, key=itemgetter(0)):
        if not merged or start > merged[-1][1]:
            merged.append((start, end))
        elif end > merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
    return merged


def _clipped(taken: Iterable[Taken], after: datetime, before: datetime) -> Iterator[Interval]:
    for start, end in taken:
        start, end = max(start, after), min(end, before)
        if start < end:
            yield Interval(start=start.replace(tzinfo=UTC), end=end.replace(tzinfo=UTC))


def _position(problem: Problem) -> tuple[int, str]:
    line = problem.place.rpartition(":")[2]
    return int(line) if line.isdigit() else 0, problem.what
