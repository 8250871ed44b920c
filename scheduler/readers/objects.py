r"""A calendar object that we wrote, as it is on a server now: what it says.

Servers order properties anew, and programs note in them when they reminded whom.  What
counts is what people read: time, title, place, notes, whether it stands, whether it repeats.
Reminders and properties of single programs do not.

>>> data = b'''BEGIN:VCALENDAR
... BEGIN:VEVENT
... UID:a
... DTSTART;TZID=Asia/Shanghai:20260409T090000
... DTEND;TZID=Asia/Shanghai:20260409T160000
... SUMMARY:ZJ-001
... X-MOZ-LASTACK:20260401T000000Z
... END:VEVENT
... END:VCALENDAR'''
>>> object = read(data, ZoneInfo("Asia/Shanghai"))
>>> f"{object.start:%F %R}", sorted(object.said)
('2026-04-09 01:00', ['busy', 'status', 'title'])
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from scheduler.reconciliation import Told

_WORDS = {
    "SUMMARY": "title",
    "LOCATION": "place",
    "DESCRIPTION": "notes",
    "STATUS": "status",
    "TRANSP": "busy",
    "CLASS": "privacy",
    "RRULE": "repetition",
    "RDATE": "repetition",
    "EXDATE": "repetition",
}
"""What people call properties; any other is a detail."""

_STAMPS = ("SEQUENCE", "DTSTAMP", "LAST-MODIFIED")
_PASSED_OVER = {"UID", "DTSTART", "DTEND", "DURATION", "CREATED", *_STAMPS}
_UNLESS_SAID = {"STATUS": "CONFIRMED", "TRANSP": "OPAQUE"}
_ERRORS = (ValueError, KeyError, IndexError, TypeError, AttributeError)


def read(data: bytes, zone: ZoneInfo) -> Told:
    """What the object says; a time without a zone is one of the site's.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        events = [event for event in Calendar.from_ical(data).events if isinstance(event, Event)]
        master = next(event for event in events if "RECURRENCE-ID" not in event)
        return Told(
            start=_instant(master.start, zone),
            end=_instant(master.end, zone),
            said=_said(master, len(events)),
            stamps=tuple(_text(master, name) for name in _STAMPS),
        )
    except (*_ERRORS, StopIteration):
        raise ValueError("is no event that can be read") from None


def _said(event: Event, count: int) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for name, text in sorted(_properties(event)):
        texts.setdefault(_WORDS.get(name, "details"), []).append(f"{name}:{text}")
    if count > 1:
        texts.setdefault("repetition", []).append(f"changed {count - 1} times")
    return {word: sha256("\n".join(said).encode()).hexdigest() for word, said in texts.items()}


def _properties(event: Event) -> Iterator[tuple[str, str]]:
    names = {*event.keys(), *_UNLESS_SAID} - _PASSED_OVER
    for name in names:
        if not name.startswith("X-"):
            yield name, _text(event, name)


def _text(event: Event, name: str) -> str:
    """All values of a property as they are written, without space around them."""
    value = event.get(name, _UNLESS_SAID.get(name, ""))
    values = value if isinstance(value, list) else [value]
    texts = (each.to_ical().decode() if hasattr(each, "to_ical") else str(each) for each in values)
    return ",".join(sorted(text.strip() for text in texts))


def _instant(at: datetime | date, zone: ZoneInfo) -> datetime | date:
    if not isinstance(at, datetime):
        return at
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
