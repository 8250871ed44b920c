"""Occupancy: does `bookings`, the present state, hold what the newest states of visits take?

It is the one table that no seal covers, for its rows go.  All it says follows from the
history, so hands in it are found by making it anew and comparing.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     bookings.metadata.create_all(connection)
...     list(differences(connection))
[]
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from scheduler.errors import Problem
from scheduler.store.plain import plain, plain_instant
from scheduler.store.tables import bookings, visit_entries
from scheduler.store.visits import CURRENT
from scheduler.subject import TAKING, ref

_Taken = tuple[str, str, str, str, str]
"""Site, unit, start and end in UTC as the canonical form has them, and the zone."""

_NEWEST = CURRENT.where(visit_entries.c.status.in_([status.value for status in TAKING]))


def differences(connection: Connection) -> Iterator[Problem]:
    """A problem for every visit that takes something else than its newest state says.

    The history itself must stand as it was sealed.
    """
    standing = _standing(connection)
    taking = {row.visit_id: row for row in connection.execute(_NEWEST)}
    names = {id: f"{row.code} {ref(row.encounter, row.occurrence)}" for id, row in taking.items()}
    for id in sorted(taking.keys() | standing.keys(), key=str):
        wanted = _wanted(taking[id]) if id in taking else frozenset()
        found = standing.get(id, frozenset())
        if wanted != found:
            name = names.get(id, f"visit {id}, which takes nothing,")
            yield Problem("bookings", f"{name} {_told(wanted - found, found - wanted)}")


def _standing(connection: Connection) -> Mapping[int, Set[_Taken]]:
    columns = (bookings.c[name] for name in ("site", "unit", "start_at", "end_at", "zone"))
    in_plain = (plain(column, connection.dialect.name) for column in columns)
    taken: defaultdict[int, set[_Taken]] = defaultdict(set)
    for visit_id, *row in connection.execute(select(bookings.c.visit_id, *in_plain)):
        site, unit, start, end, zone = map(str, row)
        taken[visit_id].add((site, unit, start, end, zone))
    return taken


def _wanted(row: Row[Any]) -> Set[_Taken]:
    return {
        (row.site, taken["unit"], _instant(taken["start"]), _instant(taken["end"]), taken["zone"])
        for taken in row.allocations
    }


def _instant(text: str) -> str:
    return plain_instant(datetime.fromisoformat(text))


def _told(lacking: Set[_Taken], more: Set[_Taken]) -> str:
    said = [f"should have {_span(taken)}" for taken in sorted(lacking)]
    said += [f"has {_span(taken)}, which its newest state does not say" for taken in sorted(more)]
    return "; ".join(said)


def _span(taken: _Taken) -> str:
    _, unit, start, end, _ = taken
    return f"{unit} from {start[:16]} to {end[:16]} UTC"
