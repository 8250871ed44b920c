"""Visits as an iCalendar file, one for each audience, written as a stream of bytes.

A file has one zone (`exporters.vtimezone`), one event a visit (`exporters.vevent`), no
METHOD and no clock in it: the same visits give the same bytes.  Visits without a slot
are in no calendar; a cancelled one stays, marked, because programs that import a file
never delete what is not in it any more.

>>> from scheduler.words import Words
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai", hours=((),) * 7)
>>> lines = b"".join(calendar([], site=site, audience=Audience.STAFF)).split(b"\\r\\n")
>>> lines[:2], lines[-2]
([b'BEGIN:VCALENDAR', b'VERSION:2.0'], b'END:VCALENDAR')
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from itertools import chain
from operator import attrgetter
from zoneinfo import ZoneInfo

from scheduler import __version__
from scheduler.dates import FIRST_DAY
from scheduler.exporters.contentline import line, text
from scheduler.exporters.vevent import Edition, uid
from scheduler.exporters.vtimezone import vtimezone
from scheduler.feeds import Feed
from scheduler.protocol import Protocol, shared_by_study
from scheduler.sites import Audience, Site
from scheduler.subject import Visit

LIMIT = 900_000
"""Octets that a part of a split calendar stays below: Google imports at most 1 MB."""

REFRESH = "PT6H"
"""How often a program is asked to look again where a file came from."""

FEED_REFRESH = "PT1H"
"""How often a subscriber is asked to look again; that nothing has changed costs nothing."""

Identity = tuple[str, str, str, int]
"""Study, subject, encounter and occurrence: what makes a visit the same one for life."""

Cache = dict[Edition, dict[Identity, tuple[int, datetime, bytes]]]
"""Events written before, for `calendar(cache=...)`.

One is used again while the visit's `sequence` and `changed` stay, in the same edition:
new wording in the site file makes another edition, so no old text is ever served.
"""

_END = b"END:VCALENDAR\r\n"
_ORDER = attrgetter("scheduled.start", "subject", "encounter", "occurrence")


def calendar(
    visits: Iterable[Visit],
    *,
    site: Site,
    audience: Audience,
    language: str | None = None,
    protocols: Iterable[Protocol] = (),
    cache: Cache | None = None,
    method: str = "",
    feed: Feed | None = None,
) -> Iterator[bytes]:
    """The bytes of one .ics file, in the order of time; `language` is the site's if not given.

    A file has no `method`; what is mailed or subscribed to is "PUBLISH" (RFC 5546 3.2.1).
    What is written for a `feed` is asked for again and again, and has the name of the feed
    whatever is in it.

    For assessors only the encounters that all arms share are written, so `protocols`
    must hold the study of every visit (of each version there is; what any of them does
    not share is left out).

    Raises:
        ValueError: an assessor's calendar without the protocol of a visit.
    """
    edition = Edition.of(site, audience, language or site.language)
    shown = _shown(visits, audience, protocols)
    yield _head(shown, site, edition, method, feed)
    yield from _events(shown, edition) if cache is None else _kept(shown, edition, cache)
    yield _END


def parts(
    visits: Iterable[Visit],
    *,
    site: Site,
    audience: Audience,
    language: str | None = None,
    protocols: Iterable[Protocol] = (),
) -> Iterator[tuple[str, bytes]]:
    """The same as files small enough for every program: pairs of a name's suffix and the bytes.

    One file has the suffix "", several "-1", "-2" and so on, in the order of time.
    """
    edition = Edition.of(site, audience, language or site.language)
    shown = _shown(visits, audience, protocols)
    head = _head(shown, site, edition)
    bodies = _packed(_events(shown, edition), LIMIT - len(head) - len(_END))
    first, second = next(bodies, b""), next(bodies, None)
    if second is None:
        yield "", head + first + _END
        return
    for number, body in enumerate(chain((first, second), bodies), start=1):
        yield f"-{number}", head + body + _END


def objects(
    visits: Iterable[Visit],
    *,
    site: Site,
    audience: Audience,
    protocols: Iterable[Protocol] = (),
) -> Iterator[tuple[str, bytes]]:
    """Each visit as a calendar of its own, with its UID, as CalDAV keeps them (RFC 4791 4.1).

    Nothing in them but the visit and the site's wording changes the bytes of one.
    """
    edition, zone = Edition.of(site, audience, site.language), site.tz()
    for visit in _shown(visits, audience, protocols):
        content = (
            b"BEGIN:VCALENDAR\r\n",
            line("VERSION", "2.0"),
            line("PRODID", "-//Visit Scheduler//EN"),
            vtimezone(zone, *_years([visit], zone)),
            edition.event(visit),
            _END,
        )
        yield uid(visit, audience), b"".join(content)


def _shown(
    visits: Iterable[Visit], audience: Audience, protocols: Iterable[Protocol]
) -> list[Visit]:
    """The visits that the audience may see and that have a time, in the order of time."""
    shown = [visit for visit in visits if visit.scheduled]
    if audience is Audience.ASSESSOR:
        shared = shared_by_study(protocols)
        shown = [visit for visit in shown if visit.encounter in shared[visit.study]]
    shown.sort(key=_ORDER)
    return shown


def _head(
    shown: Sequence[Visit],
    site: Site,
    edition: Edition,
    method: str = "",
    feed: Feed | None = None,
) -> bytes:
    """Everything before the first event; both names, for Google reads only the second."""
    zone, name = site.tz(), text(_name(shown, site, edition, feed))
    refresh = FEED_REFRESH if feed else REFRESH
    return b"".join(
        (
            b"BEGIN:VCALENDAR\r\n",
            line("VERSION", "2.0"),
            # Not the name of the package: "infusion" is no word for a participant's calendar.
            line("PRODID", f"-//Visit Scheduler//{__version__}//EN"),
            line("CALSCALE", "GREGORIAN"),
            line("METHOD", method) if method else b"",
            line("NAME", name),
            line("X-WR-CALNAME", name),
            line("X-WR-TIMEZONE", text(zone.key)),
            line("REFRESH-INTERVAL;VALUE=DURATION", refresh),
            line("X-PUBLISHED-TTL", refresh),
            line("X-TZDATA-VERSION", version("tzdata")),
            vtimezone(zone, *_years(shown, zone)),
        )
    )


def _years(shown: Sequence[Visit], zone: ZoneInfo) -> tuple[int, int]:
    """The years in which the first visit begins and the last one ends."""
    if not shown:
        return FIRST_DAY.year, FIRST_DAY.year
    first, last = shown[0].scheduled, shown[-1].scheduled
    assert first, "visits without a time are not shown"
    assert last, "visits without a time are not shown"
    return first.start.astimezone(zone).year, last.end.astimezone(zone).year


def _name(shown: Sequence[Visit], site: Site, edition: Edition, feed: Feed | None) -> str:
    """Whose appointments these are and what they are; a participant knows whose."""
    if edition.audience is Audience.PARTICIPANT:
        return edition.title
    whose = feed.subject if feed else shown[0].subject if shown else None
    if not feed and any(visit.subject != whose for visit in shown):
        whose = None
    return f"{whose or site.name.say(edition.language)} · {edition.title}"


def _events(shown: Iterable[Visit], edition: Edition) -> Iterator[bytes]:
    for visit in shown:
        yield edition.event(visit)


def _kept(shown: Iterable[Visit], edition: Edition, cache: Cache) -> Iterator[bytes]:
    """Each visit's event, the one written before while the visit has not changed since."""
    written = cache.setdefault(edition, {})
    for visit in shown:
        identity = (visit.study, visit.subject, visit.encounter, visit.occurrence)
        kept = written.get(identity)
        if kept is None or kept[0] != visit.sequence or kept[1] != visit.changed:
            event = edition.event(visit)
            kept = written[identity] = (visit.sequence, visit.changed, event)
        yield kept[2]


def _packed(events: Iterable[bytes], room: int) -> Iterator[bytes]:
    """Events joined into bodies of at most `room` octets."""
    body: list[bytes] = []
    size = 0
    for event in events:
        if body and size + len(event) > room:
            yield b"".join(body)
            body, size = [], 0
        body.append(event)
        size += len(event)
    if body:
        yield b"".join(body)
