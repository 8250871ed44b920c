r"""One event of a calendar: when it starts, how long it takes, how it repeats.

An event that cannot be placed in time is refused; one of which only a part cannot be
read (a rule, an excluded date) is used as far as it goes, with a fault for each part.
Where programs differ, the reading that takes more time is chosen: a visit put on a day
that was taken harms, a day offered too few does not.

>>> from datetime import datetime
>>> from zoneinfo import ZoneInfo
>>> from scheduler.readers.contentlines import calendars
>>> text = '''BEGIN:VCALENDAR
... BEGIN:VEVENT
... DTSTART;VALUE=DATE:20260302
... RRULE:FREQ=FORTNIGHTLY
... END:VEVENT
... END:VCALENDAR'''
>>> [calendar], _ = calendars(text, "nurse.ics")
>>> zones = Zones([], site=ZoneInfo("Asia/Shanghai"), floating=None, before=datetime(2027, 1, 1))
>>> event, faults = Event.of(calendar.parts[0], zones)
>>> print(event.start.local, event.length.wall, *faults)
2026-03-02 00:00:00 1 day, 0:00:00 RRULE has no known FREQ: only the first time is counted
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from scheduler.readers.contentlines import Component, ContentLine, Unreadable
from scheduler.readers.moments import Length, Moment, period
from scheduler.readers.recurrence import Rule
from scheduler.readers.zones import Zones

_OUTLOOK_TAKES_TIME = frozenset({"TENTATIVE", "BUSY", "OOF", "OUTOFOFFICE", "WORKINGELSEWHERE"})
"""Who works elsewhere works, but not at the site; a tentative appointment may be kept."""


def takes_time(component: Component) -> bool:
    """Whether a VEVENT makes its owner busy.

    A cancelled one does not.  Otherwise Outlook's own status wins over TRANSP
    (MS-OXCICAL 2.1.3.1.1.20.31), whose default is to take time (RFC 5545 3.8.2.7).
    """
    if component.value("STATUS") == "CANCELLED":
        return False
    outlook = component.value("X-MICROSOFT-CDO-BUSYSTATUS")
    if outlook == "FREE" or outlook in _OUTLOOK_TAKES_TIME:
        return outlook != "FREE"
    return component.value("TRANSP") != "TRANSPARENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A VEVENT that can be placed in time.

    `rules` and `added` give further starts, `excluded` and `excluding` take starts away.
    `replaces` is the start of the occurrence that this event is a change of;
    `following` when the change holds for the later ones too (RFC 5545 3.8.4.4).
    """

    source: Component
    busy: bool
    start: Moment
    length: Length
    rules: tuple[Rule, ...]
    added: tuple[tuple[Moment, Length], ...]
    excluded: tuple[Moment, ...]
    excluding: tuple[Rule, ...]
    replaces: Moment | None
    following: bool

    @classmethod
    def of(cls, source: Component, zones: Zones) -> tuple[Self, list[Unreadable]]:
        """The event, and what in it could not be read.

        Raises:
            Unreadable: it cannot be placed in time.
        """
        try:
            return cls._of(source, zones)
        except OverflowError:
            raise Unreadable(source.line, "ends after the year 9999") from None

    @classmethod
    def _of(cls, source: Component, zones: Zones) -> tuple[Self, list[Unreadable]]:
        line = source.one("DTSTART")
        if line is None:
            raise Unreadable(source.line, "has no DTSTART")
        start = Moment.of(line.value, line, zones)
        length = max(_lengths(source, start, zones), key=Length.longest)
        length.end(start.local, start.utc(), start.to_utc)  # may lie outside the calendar
        faults = list(source.faults)
        replaces, following = _replaced(source, zones, faults)
        event = cls(
            source=source,
            busy=takes_time(source),
            start=start,
            length=length,
            rules=tuple(_rules(source.every("RRULE"), start, faults)),
            added=tuple(_added(source, start, length, zones, faults)),
            excluded=tuple(_excluded(source, zones, faults)),
            excluding=tuple(_rules(source.every("EXRULE"), start, faults)),
            replaces=replaces,
            following=following,
        )
        return event, faults


def _lengths(source: Component, start: Moment, zones: Zones) -> Iterator[Length]:
    lines = [line for name in ("DTEND", "DURATION") if (line := source.one(name))]
    for line in lines:
        try:
            if line.name == "DURATION":
                yield Length.lasting(line.value, start)
            else:
                yield Length.between(start, Moment.of(line.value, line, zones))
        except Unreadable:
            raise
        except ValueError as error:
            raise Unreadable(line.number, f"{line.name}: {error}") from None
    if not lines:
        yield Length.default(start)


def _rules(lines: list[ContentLine], start: Moment, faults: list[Unreadable]) -> Iterator[Rule]:
    for line in lines:
        lost = (
            "only the first time is counted"
            if line.name == "RRULE"
            else "the excluded times still count"
        )
        try:
            rule = Rule.parse(line.value, start.local, whole_days=start.whole_day)
            if rule.ended(start.local, start.to_utc):
                raise ValueError("ends before its event starts")
        except ValueError as error:
            faults.append(Unreadable(line.number, f"{line.name} {error}: {lost}"))
        else:
            yield rule


def _texts(source: Component, name: str) -> Iterator[tuple[ContentLine, str]]:
    for line in source.every(name):
        for text in line.value.split(","):
            if text.strip():
                yield line, text.strip()


def _added(
    source: Component, start: Moment, length: Length, zones: Zones, faults: list[Unreadable]
) -> Iterator[tuple[Moment, Length]]:
    for line, text in _texts(source, "RDATE"):
        try:
            added, own = period(text, line, zones)
        except Unreadable as fault:
            faults.append(Unreadable(line.number, f"{fault.what}: that time is not counted"))
        else:
            if own is None and added.whole_day and not start.whole_day:
                # A day without the hour: all of it may be taken.
                own = Length.default(added)
            yield added, own or length


def _excluded(source: Component, zones: Zones, faults: list[Unreadable]) -> Iterator[Moment]:
    for line, text in _texts(source, "EXDATE"):
        try:
            yield Moment.of(text, line, zones)
        except Unreadable as fault:
            faults.append(Unreadable(line.number, f"{fault.what}: that time still counts"))


def _replaced(
    source: Component, zones: Zones, faults: list[Unreadable]
) -> tuple[Moment | None, bool]:
    try:
        line = source.one("RECURRENCE-ID")
        if line is None:
            return None, False
        replaced = Moment.of(line.value, line, zones)
    except Unreadable as fault:
        faults.append(Unreadable(fault.line, f"{fault.what}: what it replaces still counts"))
        return None, False
    reach = (line.param("RANGE") or "").upper()
    if reach not in {"", "THISANDFUTURE"}:
        what = "RANGE is not supported: the others still count unchanged"
        faults.append(Unreadable(line.number, what))
    return replaced, reach == "THISANDFUTURE"
