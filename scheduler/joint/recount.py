"""A recount: whether proposed visits really can be as they say, found out the plain way.

It shares nothing with the search: no table of minutes, no row, no price.  Whatever a solver
answers passes here before anybody sees it.

>>> from scheduler.sites import Hours
>>> from scheduler.words import Words
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai",
...             hours=((Hours.parse("08:00-17:30"),),) * 5 + ((), ()))
>>> recount(site=site, today=date(2026, 3, 2), moved=(), standing=(), busy=(), encounters={})
()
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date

from scheduler.appointments import Appointment
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.protocol import Encounter, Kind, Mode
from scheduler.sites import WHOLE_SITE, Site
from scheduler.subject import Visit


def recount(
    *,
    site: Site,
    today: date,
    moved: Sequence[Visit],
    standing: Sequence[Visit],
    busy: Sequence[Busy],
    encounters: Mapping[str, Encounter],
    elsewhere: Iterable[Appointment] = (),
) -> tuple[str, ...]:
    """What is wrong with `moved` visits beside all those `standing`; nothing, if all is well.

    `encounters` are those of the moved visits, by participant and id ("ZJ-001 day-3"); what
    stands `elsewhere` takes of the laboratory.
    """
    faults = [fault for visit in moved for fault in _by_itself(site, visit, today, busy)]
    for visit in moved:
        encounter = encounters[f"{visit.subject} {visit.encounter}"]
        faults += _unserved(site, visit, encounter)
    everyone = [visit for visit in (*standing, *moved) if visit.scheduled]
    changed = {f"{visit.subject} {visit.ref}" for visit in moved}
    faults += _beyond_laboratory(site, everyone, elsewhere, changed)
    return (*faults, *_overlaps(everyone, changed), *_beyond_caps(site, everyone, changed))


def _by_itself(site: Site, visit: Visit, today: date, busy: Sequence[Busy]) -> Iterator[str]:
    name, slot = f"{visit.subject} {visit.ref}", visit.scheduled
    if slot is None:
        yield f"{name} has no slot"
        return
    day = slot.start.date()
    if day < today:
        yield f"{name} on {day} lies in the past"
    if day not in visit.window:
        yield f"{name} on {day} lies outside its window"
    yield from (f"{name}: {fault}" for fault in in_the_way(site, visit, busy))


def in_the_way(site: Site, visit: Visit, busy: Sequence[Busy]) -> Iterator[str]:
    """What keeps a visit from taking place when it is scheduled: closed hours, time taken."""
    slot = visit.scheduled
    if slot is None:
        return
    day, hours = slot.start.date(), site.day(slot.start.date()).hours
    wall = slot.start.time(), slot.end.time()
    if not any(stretch.opens <= wall[0] and wall[1] <= stretch.closes for stretch in hours):
        yield f"{day} lies outside the opening hours"
    spans: dict[str, list[Interval]] = defaultdict(list)
    spans[WHOLE_SITE] = spans[visit.subject] = [slot]
    for taken in visit.allocations:
        spans[taken.unit].append(taken.interval)
        spans[_kind(site, taken.unit)].append(taken.interval)
    for source in busy:
        for span in spans.get(source.owner, ()):
            yield from map(str, source.clashes(span))


def _unserved(site: Site, visit: Visit, encounter: Encounter) -> Iterator[str]:
    """Needs of a visit that are not met, minute for minute."""
    asked = sorted((need.resource, need.start, need.minutes) for need in encounter.needs)
    given = []
    for taken in visit.allocations:
        begin = visit.scheduled.start if visit.scheduled else taken.interval.start
        after = int((taken.interval.start - begin).total_seconds() // 60)
        given.append((_kind(site, taken.unit), after, taken.interval.minutes()))
    length = visit.scheduled.minutes() if visit.scheduled else 0
    day = visit.scheduled.start.date() if visit.scheduled else None
    if day and encounter.laboratory and (shut := site.laboratory_shut(day)):
        yield f"{visit.subject} {visit.ref} on {day} needs the laboratory: {shut}"
    if sorted(given) != asked or length != encounter.minutes:
        yield f"{visit.subject} {visit.ref} is not given what it needs"


def _overlaps(visits: Iterable[Visit], changed: set[str]) -> Iterator[str]:
    """Units and participants that a changed visit shares with another at one time."""
    taken: dict[str, list[tuple[Interval, str]]] = defaultdict(list)
    for visit in visits:
        name = f"{visit.subject} {visit.ref}"
        assert visit.scheduled is not None
        taken[visit.subject].append((visit.scheduled, name))
        for allocation in visit.allocations:
            taken[allocation.unit].append((allocation.interval, name))
    for owner, spans in taken.items():
        spans.sort(key=lambda span: (span[0].start.astimezone(UTC), span[1]))
        last, holder = spans[0]
        for span, name in spans[1:]:
            if span.overlaps(last) and {name, holder} & changed:
                yield f"{owner} is taken by {holder} and {name} at one time"
            if span.end.astimezone(UTC) > last.end.astimezone(UTC):
                last, holder = span, name


def _beyond_caps(site: Site, visits: Iterable[Visit], changed: set[str]) -> Iterator[str]:
    """Days and times at which a changed visit is one more than the site takes."""
    counts: dict[tuple[str, object], list[str]] = defaultdict(list)
    for visit in visits:
        if visit.scheduled is None or visit.mode is not Mode.VISIT:
            continue
        name, start = f"{visit.subject} {visit.ref}", visit.scheduled.start
        counts["visits_per_start", start.astimezone(UTC)].append(name)
        if visit.kind is Kind.INFUSION:
            counts["infusions_per_start", start.astimezone(UTC)].append(name)
            counts["infusions_per_day", start.date()].append(name)
    for (cap, when), names in counts.items():
        most: int | None = getattr(site.caps, cap)
        if most is not None and len(names) > most and changed & {*names}:
            yield f"{when}: {len(names)} {cap.replace('_', ' ')}, and the site takes {most}"


def _beyond_laboratory(
    site: Site,
    visits: Iterable[Visit],
    elsewhere: Iterable[Appointment],
    changed: set[str],
) -> Iterator[str]:
    """Days on which a changed visit is one more than the laboratory takes."""
    if site.laboratory is None:
        return
    zone = site.tz()
    counts: dict[tuple[date, Kind], list[str]] = defaultdict(list)
    for visit in visits:
        if visit.scheduled and visit.mode is Mode.VISIT:
            counts[visit.scheduled.start.date(), visit.kind].append(f"{visit.subject} {visit.ref}")
    for other in elsewhere:
        if other.mode is Mode.VISIT:
            day = other.interval.start.astimezone(zone).date()
            counts[day, other.kind].append(f"{other.subject} {other.visit}")
    for (day, kind), names in counts.items():
        most = site.laboratory.most(kind)
        if most is not None and len(names) > most and changed & {*names}:
            yield f"{day}: {len(names)} visits of kind {kind}, and the laboratory takes {most}"


def _kind(site: Site, unit: str) -> str:
    return next((resource.kind for resource in site.resources if unit in resource.units), unit)
