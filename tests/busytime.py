"""Small conflict calendars for tests: written line by line, read, and shown by the wall clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

from scheduler.dates import Interval
from scheduler.readers import busy

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def read(data: bytes, zone: ZoneInfo = SHANGHAI) -> busy.BusyCalendar:
    span = Interval(start=datetime(2026, 3, 1, tzinfo=zone), end=datetime(2026, 6, 1, tzinfo=zone))
    return busy.read(data, "nurse.ics", zone=zone, span=span)


def calendar(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]).encode()


def event(*lines: str) -> tuple[str, ...]:
    return ("BEGIN:VEVENT", "UID:a", *lines, "END:VEVENT")


def zoned(name: str, local: str) -> str:
    return f"{name};TZID=Asia/Shanghai:{local}"


def shown(found: busy.BusyCalendar, zone: ZoneInfo = SHANGHAI) -> list[str]:
    """Busy time by the wall clock: "03-02 09:00-10:00", "03-02 00:00-03-04 00:00"."""
    result = []
    for interval in found.busy:
        start, end = interval.start.astimezone(zone), interval.end.astimezone(zone)
        day = "" if start.date() == end.date() else f"{end:%m-%d} "
        result.append(f"{start:%m-%d %H:%M}-{day}{end:%H:%M}")
    return result


def taken(*lines: str, zone: ZoneInfo = SHANGHAI) -> list[str]:
    """What one event takes, when all of it can be read."""
    found = read(calendar(*event(*lines)), zone)
    assert found.problems == ()
    return shown(found, zone)


def covered(inner: busy.BusyCalendar, outer: busy.BusyCalendar) -> bool:
    """Whether everything busy in one is busy in the other."""
    return all(any(o.start <= i.start and i.end <= o.end for o in outer.busy) for i in inner.busy)


def at_nine(*days: str) -> list[str]:
    return [f"{day} 09:00-10:00" for day in days]


NINE_TO_TEN = (zoned("DTSTART", "20260302T090000"), zoned("DTEND", "20260302T100000"))
DAILY = (*NINE_TO_TEN, "RRULE:FREQ=DAILY;COUNT=3")
SECOND = zoned("RECURRENCE-ID", "20260303T090000")
AT_TWO = (zoned("DTSTART", "20260303T140000"), zoned("DTEND", "20260303T143000"))
