"""A participant's schedule as the documented JSON object of `enroll` and `show`.

>>> when(None) is None
True
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from scheduler.exporters.vevent import uid
from scheduler.sites import Audience
from scheduler.subject import Subject, Visit

Record = Mapping[str, Any]
"""A JSON object: texts, numbers, lists and objects only."""


def schedule(
    subject: Subject,
    visits: Iterable[Visit],
    unplaced: Iterable[Record],
    files: Sequence[str] = (),
    **more: object,
) -> Record:
    """The object of one participant; visits without a slot are in `unplaced` only."""
    return {
        "subject": subject.code,
        "site": subject.site,
        "arm": subject.arm,
        "enrolled": subject.enrolled.isoformat(),
        "protocol": {"id": subject.protocol, "version": subject.protocol_version},
        "weight": None
        if subject.weight is None
        else {"kg": str(subject.weight.kg), "measured": subject.weight.measured.isoformat()},
        "visits": [visit_record(visit) for visit in visits if visit.scheduled is not None],
        "unplaced": list(unplaced),
        "files": list(files),
        **more,
    }


def visit_record(visit: Visit) -> Record:
    """The object of one visit with a slot."""
    scheduled = visit.scheduled
    return {
        "encounter": visit.encounter,
        "occurrence": visit.occurrence,
        "label": str(visit.label),
        "kind": visit.kind.value,
        "mode": visit.mode.value,
        "status": visit.status.value,
        "target": visit.target.isoformat(),
        "earliest": visit.window.earliest.isoformat(),
        "latest": visit.window.latest.isoformat(),
        "start": when(scheduled.start if scheduled else None),
        "end": when(scheduled.end if scheduled else None),
        "all_day": False,
        "actual": visit.actual.isoformat() if visit.actual else None,
        "unverified": visit.unverified,
        "units": [allocation.unit for allocation in visit.allocations],
        "uid": uid(visit, Audience.STAFF),
        "sequence": visit.sequence,
        "why": list(visit.why),
        "basis": visit.basis,
    }


def unplaced_record(visit: Visit) -> Record:
    """The object of a visit that the book holds without a slot."""
    return {
        "encounter": visit.encounter,
        "occurrence": visit.occurrence,
        "status": visit.status.value,
        "actual": visit.actual.isoformat() if visit.actual else None,
        "target": visit.target.isoformat(),
        "earliest": visit.window.earliest.isoformat(),
        "latest": visit.window.latest.isoformat(),
        "reasons": list(visit.why),
    }


def any_record(visit: Visit) -> Record:
    """The object of a visit, with or without a slot."""
    return visit_record(visit) if visit.scheduled else unplaced_record(visit)


def when(instant: datetime | None) -> str | None:
    """An instant with its offset from UTC."""
    return instant.isoformat() if instant else None
