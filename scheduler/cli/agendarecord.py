"""What `show`, `list` and `upcoming` print as JSON; in a module of its own, for tables need none.

>>> from datetime import UTC, datetime
>>> from scheduler.store import Change
>>> marked = Change(user="li", at=datetime(2026, 3, 2, tzinfo=UTC), command="amend")
>>> _version(Following(change=marked, version="2"))["since"]
'2026-03-02T00:00:00+00:00'
"""

from collections.abc import Iterable, Mapping
from typing import Any

from scheduler.deviations import Deviation
from scheduler.exporters import records, screeningrecord
from scheduler.exporters.holdings import product_record, supply_record
from scheduler.services.agenda import Agenda
from scheduler.store import Following, Ruled
from scheduler.subject import OPEN, Visit

Record = Mapping[str, Any]


def agenda(found: Agenda, broken: Iterable[Deviation]) -> Record:
    """The object of one participant; `broken` is what their infusions were given against."""
    unplaced = [v for v in found.visits if v.scheduled is None and v.status in OPEN]
    holding = found.holding
    return records.schedule(
        found.subject,
        found.visits,
        map(records.unplaced_record, unplaced),
        eligibility=_ruled(found.eligibility) if found.eligibility else None,
        screenings=[_ruled(each) for each in found.rulings],
        versions=[_version(each) for each in found.versions],
        products=[product_record(batch) for batch in holding.products] if holding else [],
        infusions=[supply_record(supply) for supply in holding.supplies] if holding else [],
        breaches=[_broken(each) for each in broken],
    )


def listed(visit: Visit) -> Record:
    """The object of one visit among those of others."""
    return {"subject": visit.subject, **records.any_record(visit)}


def _broken(deviation: Deviation) -> Record:
    from scheduler.exporters.deviations import record

    return record(deviation)


def _version(following: Following) -> Record:
    change = following.change
    told = {"version": following.version, "since": records.when(change.at)}
    return {**told, "by": change.user, "reason": change.reason}


def _ruled(ruled: Ruled) -> Record:
    change = ruled.change
    return {
        **screeningrecord.ruling(ruled.ruling),
        "recorded": {"by": change.user, "at": records.when(change.at)},
    }
