"""What calendars have been told of a visit, and so must be told next.

A visit that lost its slot must not stay in calendars at its old time: it is told as
cancelled there.  Readers other than staff see time, place and status only, so for them a
visit has changed when its `sequence` last rose; that its window moved, which happens to
one arm more than to another, leaves no trace in their files.

>>> needs_history([], Audience.ASSESSOR), needs_history([], Audience.STAFF)
(True, False)
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from scheduler.sites import Audience
from scheduler.store import Book
from scheduler.subject import Status, Visit


def as_told(
    book: Book, visits: Mapping[str, Sequence[Visit]], audience: Audience
) -> Mapping[str, Sequence[Visit]]:
    """Participants' visits, by their codes, as the calendars of an audience tell them."""
    told = dict(visits)
    lacking = [code for code, own in visits.items() if own and needs_history(own, audience)]
    for code, history in book.cohort(lacking).histories() if lacking else ():
        states: dict[str, list[Visit]] = {}
        for entry in history:
            states.setdefault(entry.visit.ref, []).append(entry.visit)
        told[code] = [_told(visit, states[visit.ref], audience) for visit in visits[code]]
    return told


def needs_history(visits: Iterable[Visit], audience: Audience) -> bool:
    """Whether the present states do not say it all."""
    return audience is not Audience.STAFF or any(map(_is_lost, visits))


def _told(visit: Visit, states: Sequence[Visit], audience: Audience) -> Visit:
    changed = visit.changed
    if audience is not Audience.STAFF:
        changed = next(s.changed for s in states if s.sequence == visit.sequence)
    last = next((s for s in reversed(states) if s.scheduled), None)
    if not _is_lost(visit) or last is None:
        return replace(visit, changed=changed)
    return replace(
        visit,
        status=Status.CANCELLED,
        scheduled=last.scheduled,
        allocations=last.allocations,
        changed=changed,
    )


def _is_lost(visit: Visit) -> bool:
    """Whether the visit has no slot, and may have had one."""
    return visit.scheduled is None and visit.sequence > 0
