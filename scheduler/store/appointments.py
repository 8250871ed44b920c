"""Appointments as the book tells them: all that stand at a site, and those that changed since.

Whoever keeps them reads them once, and from then on only what later changes have moved.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     standing(connection, "ZJ", Window(earliest=date(2026, 1, 1), latest=date(2026, 12, 31)))
{}
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, bindparam, exists, select

from scheduler.appointments import Appointment
from scheduler.dates import Window
from scheduler.protocol import Kind
from scheduler.store import rows, tables
from scheduler.subject import TAKING

_state, _newer = tables.visit_entries.c, tables.visit_entries.alias()
_CURRENT = (
    select(_state.visit_id, _state.kind, _state.mode, _state.status, _state.allocations)
    .add_columns(_state.start_at, _state.end_at, _state.day)
    .add_columns(tables.visits.c.encounter, tables.visits.c.occurrence, tables.subjects.c.code)
    .select_from(tables.visit_entries)
    .join(tables.visits, tables.visits.c.id == _state.visit_id)
    .join(tables.subjects, tables.subjects.c.id == tables.visits.c.subject_id)
    .where(
        ~exists().where(_newer.c.visit_id == _state.visit_id, _newer.c.revision > _state.revision)
    )
)
_STANDING = _CURRENT.where(
    _state.site == bindparam("site"),
    _state.day.between(bindparam("first"), bindparam("last")),
    _state.start_at.is_not(None),
    _state.status.in_([status.value for status in TAKING]),
)
_OF_KINDS = _CURRENT.where(
    _state.site.in_(bindparam("sites", expanding=True)),
    _state.kind.in_(bindparam("kinds", expanding=True)),
    _state.day.between(bindparam("first"), bindparam("last")),
    _state.start_at.is_not(None),
    _state.status.in_([status.value for status in TAKING]),
)
_CHANGED = _CURRENT.where(
    # Changes are few; by the index on sites, SQLite would look at the whole book of the site.
    _state.site.concat("") == bindparam("site"),
    _state.change_id.in_(
        select(tables.seals.c.change_id).where(tables.seals.c.number > bindparam("number"))
    ),
)


def standing(connection: Connection, site: str, days: Window) -> dict[int, Appointment]:
    """The appointments at a site that may touch one of the days, by the ids of their visits."""
    asked = {"site": site, "first": _first(days), "last": days.latest}
    return {row.visit_id: rows.appointment_of(row) for row in connection.execute(_STANDING, asked)}


def of_kinds(
    connection: Connection, sites: Sequence[str], days: Window, kinds: Sequence[Kind]
) -> dict[int, Appointment]:
    """The appointments of some kinds at several sites that may touch one of the days."""
    asked = {
        "sites": list(sites),
        "kinds": [kind.value for kind in kinds],
        "first": _first(days),
        "last": days.latest,
    }
    return {row.visit_id: rows.appointment_of(row) for row in connection.execute(_OF_KINDS, asked)}


def changed(
    connection: Connection, site: str, days: Window, number: int
) -> Mapping[int, Appointment | None]:
    """What became, since the change of that number, of the visits that changed at a site.

    None for a visit that takes no time of these days.
    """
    taking = {status.value for status in TAKING}
    return {
        row.visit_id: rows.appointment_of(row)
        if row.status in taking and row.start_at and _first(days) <= row.day <= days.latest
        else None
        for row in connection.execute(_CHANGED, {"site": site, "number": number})
    }


def _first(days: Window) -> date:
    """A visit of the evening before may reach into the first day."""
    return days.earliest - timedelta(days=1)
