"""Expanding a conflict calendar: our reader against `recurring_ical_events`.

At scale 1 the calendar holds 1,000 series over two years, some 325,000 occurrences, with
excluded and moved ones, in two zones of which one changes its clock.  Both sides start
from its bytes and must find the same times, else there is nothing to compare.
"""

import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from time import process_time
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from benchmarks.table import Row
from scheduler.conflicts import merged
from scheduler.dates import Interval
from scheduler.readers import busy

SERIES = 1_000
FIRST = date(2026, 1, 5)
SPAN = Interval(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2028, 1, 1, tzinfo=UTC))
SITE = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "Europe/Berlin")
RULES = (
    "FREQ=DAILY",
    "FREQ=DAILY;INTERVAL=2",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;UNTIL=20270630T000000Z",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR",
    "FREQ=WEEKLY;BYDAY=TU,TH",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH;COUNT=300",
)


def rows(scale: float) -> Iterator[Row]:
    """Time and peak memory of an expansion; at scale 1 of SERIES series."""
    series = max(int(SERIES * scale), len(RULES))
    data = calendar(series)

    start = process_time()
    ours = busy.read(data, "bench.ics", zone=SITE, span=SPAN)
    measured = process_time() - start

    start = process_time()
    events = recurring_ical_events.of(Calendar.from_ical(data)).between(SPAN.start, SPAN.end)
    baseline = process_time() - start

    theirs = (Interval(start=e["DTSTART"].dt, end=e["DTEND"].dt) for e in events)
    if ours.incomplete or ours.busy != merged(theirs):
        raise AssertionError("the two expansions find different times")
    work = f"expand {series:,} series, {len(events):,} occurrences"
    yield Row(
        work=work,
        unit="s",
        measured=measured,
        baseline_name="recurring_ical_events",
        baseline=baseline,
        reach=0.1,
    )
    yield Row(
        work=f"{work}: peak",
        unit="MB",
        measured=_peak(data),
        baseline_name="a limit",
        baseline=200,
        reach=1,
    )


def calendar(series: int) -> bytes:
    """A calendar of that many series of one hour, each with changes."""
    random = Random(1)
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//benchmark//EN"]
    for number in range(series):
        zone = ZONES[number % len(ZONES)]
        first = datetime.combine(FIRST, datetime.min.time()) + timedelta(
            days=7 * random.randrange(4), minutes=15 * random.randrange(32, 72)
        )
        event = ["BEGIN:VEVENT", f"UID:{number}", "DTSTAMP:20260101T000000Z"]
        lines += [
            *event,
            f"DTSTART;TZID={zone}:{first:%Y%m%dT%H%M%S}",
            f"DTEND;TZID={zone}:{first + timedelta(hours=1):%Y%m%dT%H%M%S}",
            f"RRULE:{RULES[number % len(RULES)]}",
            f"EXDATE;TZID={zone}:{first + timedelta(days=14):%Y%m%dT%H%M%S}",
            "END:VEVENT",
            *event,
            f"RECURRENCE-ID;TZID={zone}:{first:%Y%m%dT%H%M%S}",
            f"DTSTART;TZID={zone}:{first + timedelta(hours=3):%Y%m%dT%H%M%S}",
            f"DTEND;TZID={zone}:{first + timedelta(hours=5):%Y%m%dT%H%M%S}",
            "END:VEVENT",
        ]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def _peak(data: bytes) -> float:
    tracemalloc.start()
    busy.read(data, "bench.ics", zone=SITE, span=SPAN)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
