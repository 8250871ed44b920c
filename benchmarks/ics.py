"""Writing visits as one .ics file: our stream against `icalendar`'s own objects.

At scale 1 there are 50,000 visits.  The baseline adds the same texts and times to the
events of one `Calendar`, for a tenth of the visits, since its rate does not depend on
their number.  Both must parse to the same content, else there is nothing to compare.
"""

import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from time import process_time
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event

from benchmarks.table import Row
from scheduler.dates import Interval, Window
from scheduler.exporters import ics
from scheduler.exporters.vevent import Edition, uid
from scheduler.protocol import Kind, Mode
from scheduler.sites import Audience, Resource, Site, Wording
from scheduler.subject import Allocation, Status, Visit
from scheduler.words import Words

VISITS = 50_000
A_COURSE = 13
COMPARED = 500
MEGABYTES = 150
ZONE = ZoneInfo("America/New_York")
SITE = Site(
    code="NY",
    name=Words.of(en="Demo hospital"),
    zone=ZONE.key,
    hours=((),) * 7,
    resources=(Resource(kind="chair", label=Words.of(en="Infusion chair"), units=("chair-1",)),),
    wording={Audience.STAFF: Wording(link="https://visits.example.org/")},
)


def rows(scale: float) -> Iterator[Row]:
    """Rate, peak memory, and the time of a second export after one visit in a hundred changed."""
    count = max(int(VISITS * scale), 50)
    booked = list(visits(count))
    work = f"write {count:,} visits as .ics"
    compare(booked[:COMPARED])
    yield Row(
        work=work,
        unit="visits/s",
        measured=count / seconds(export(booked)),
        baseline_name="icalendar Event.add, one Calendar",
        baseline=len(booked[: count // 10]) / seconds(adding(booked[: count // 10])),
        reach=9,
        at_least=True,
    )
    yield Row(
        work=f"{work}: peak memory, visits included, by tracemalloc",
        unit="MB",
        measured=peak(count),
        baseline_name="limit",
        baseline=MEGABYTES,
        reach=1,
    )
    cache: ics.Cache = {}
    cold = seconds(export(booked, cache))
    yield Row(
        work=f"{work} again when 1 % changed",
        unit="s",
        measured=seconds(export(changed(booked), cache)),
        baseline_name="first export",
        baseline=cold,
        reach=0.1,
    )


def visits(count: int) -> Iterator[Visit]:
    """Courses of visits, forty a day from 2026 on."""
    label = Words.of(en="Infusion 1", zh="第1次输注")
    for n in range(count):
        day = date(2026, 1, 5) + timedelta(days=n // 40)
        start = datetime.combine(day, time(8 + n % 9), tzinfo=ZONE)
        slot = Interval(start=start, end=start + timedelta(hours=2))
        yield Visit(
            study="trial",
            subject=f"NY-{n // A_COURSE:04}",
            site="NY",
            encounter=f"visit-{n % A_COURSE}",
            label=label,
            kind=Kind.INFUSION,
            mode=Mode.VISIT,
            target=day,
            window=Window(earliest=day - timedelta(days=3), latest=day + timedelta(days=3)),
            status=Status.SCHEDULED,
            scheduled=slot,
            allocations=(Allocation(unit="chair-1", interval=slot),),
            basis="assumption",
            changed=datetime(2026, 1, 1, tzinfo=UTC),
        )


def changed(booked: Iterable[Visit]) -> list[Visit]:
    """The same visits, every hundredth with a change."""
    later = datetime(2026, 2, 1, tzinfo=UTC)
    return [
        visit if n % 100 else replace(visit, sequence=1, changed=later)
        for n, visit in enumerate(booked)
    ]


def export(booked: Iterable[Visit], cache: ics.Cache | None = None) -> Iterator[bytes]:
    """Our file, as a stream."""
    return ics.calendar(booked, site=SITE, audience=Audience.STAFF, cache=cache)


def adding(booked: Iterable[Visit]) -> Iterator[bytes]:
    """The same file by `icalendar`, at once."""
    edition = Edition.of(SITE, Audience.STAFF, "en")
    calendar = Calendar()
    for visit in booked:
        calendar.add_component(added(visit, edition))
    yield calendar.to_ical()


def added(visit: Visit, edition: Edition) -> Event:
    """An event of `icalendar` with what ours says."""
    assert visit.scheduled
    event, alarm = Event(), Alarm()
    event.add("UID", uid(visit, Audience.STAFF))
    event.add("DTSTAMP", visit.changed)
    event.add("LAST-MODIFIED", visit.changed)
    event.add("SEQUENCE", visit.sequence)
    event.add("DTSTART", visit.scheduled.start)
    event.add("DTEND", visit.scheduled.end)
    event.add("SUMMARY", edition.summary(visit))
    event.add("LOCATION", edition.location(visit))
    event.add("DESCRIPTION", edition.description(visit))
    event.add("STATUS", "CONFIRMED")
    event.add("TRANSP", "OPAQUE")
    event.add("X-MICROSOFT-CDO-BUSYSTATUS", "BUSY")
    event.add("CLASS", "PRIVATE")
    alarm.add("ACTION", "DISPLAY")
    alarm.add("TRIGGER", timedelta(days=-1))
    alarm.add("DESCRIPTION", edition.summary(visit))
    event.add_component(alarm)
    return event


def compare(booked: list[Visit]) -> None:
    """Both files of these visits parse to the same events."""
    if parsed(export(booked)) != parsed(adding(booked)):
        raise AssertionError("the two files say different things")


def parsed(chunks: Iterable[bytes]) -> list[bytes]:
    """The events that `icalendar` finds in a file, in no order."""
    return sorted(event.to_ical() for event in Calendar.from_ical(b"".join(chunks)).walk("VEVENT"))


def seconds(chunks: Iterable[bytes]) -> float:
    """Processor time until the last chunk; none is kept."""
    start = process_time()
    for _ in chunks:
        pass
    return process_time() - start


def peak(count: int) -> float:
    """The most megabytes held at once while the visits are made and written."""
    tracemalloc.start()
    for _ in export(visits(count)):
        pass
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6
