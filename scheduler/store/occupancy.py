"""Occupancy: does `bookings`, the present state, hold what the newest states of visits take?

It is the one table that no seal covers, for its rows go.  All it says follows from the
history, so hands in it are found by making it anew and comparing.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     bookings.metadata.create_all(connection)
...     list(differences(connection))
[]
"""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select

from scheduler.errors import Problem
from scheduler.store.plain import Cell, order, plain, plain_instant
from scheduler.store.tables import bookings, visit_entries
from scheduler.store.visits import CURRENT
from scheduler.subject import TAKING, ref

_Taken = tuple[str, str, str, str, str]
"""Site, unit, start and end in UTC as the canonical form has them, and the zone."""

_NEWEST = CURRENT.where(visit_entries.c.status.in_([status.value for status in TAKING])).order_by(
    visit_entries.c.visit_id
)
_AT_ONCE = {"yield_per": 500}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What one side says of a visit: its newest state, with a name, or one row of bookings."""

    visit_id: Cell
    name: str = ""
    wanted: Set[_Taken] = frozenset()
    found: Set[_Taken] = frozenset()

    def order(self) -> tuple[bool, int, str]:
        """Where it stands among all sides."""
        return order(self.visit_id)


def differences(connection: Connection) -> Iterator[Problem]:
    """A problem for every visit that takes something else than its newest state says.

    The history itself must stand as it was sealed.  Both sides are read one by one.
    """
    sides = merge(_states(connection), _bookings(connection), key=_Side.order)
    for _, of_one_visit in groupby(sides, key=_Side.order):
        yield from _difference(list(of_one_visit))


def _difference(sides: Iterable[_Side]) -> Iterator[Problem]:
    name, wanted, found = "", set[_Taken](), set[_Taken]()
    for side in sides:
        name = name or side.name or f"visit {side.visit_id}, which takes nothing,"
        wanted |= side.wanted
        found |= side.found
    if wanted != found:
        yield Problem("bookings", f"{name} {_told(wanted - found, found - wanted)}")


def _states(connection: Connection) -> Iterator[_Side]:
    for row in connection.execute(_NEWEST, execution_options=_AT_ONCE):
        name = f"{row.code} {ref(row.encounter, row.occurrence)}"
        yield _Side(visit_id=row.visit_id, name=name, wanted=_wanted(row))


def _bookings(connection: Connection) -> Iterator[_Side]:
    columns = (bookings.c[name] for name in ("site", "unit", "start_at", "end_at", "zone"))
    in_plain = (plain(column, connection.dialect.name) for column in columns)
    query = select(bookings.c.visit_id, *in_plain).order_by(bookings.c.visit_id)
    for visit_id, *row in connection.execute(query, execution_options=_AT_ONCE):
        site, unit, start, end, zone = map(str, row)
        yield _Side(visit_id=visit_id, found={(site, unit, start, end, zone)})


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
