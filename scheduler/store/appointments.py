"""Appointments as the book tells them: all that stand at a site, and those that changed since.

Whoever keeps them reads them once, and from then on only what later changes have moved; what
this process has moved itself is in its journal.

>>> from sqlalchemy import create_engine
>>> year = Window(earliest=date(2026, 1, 1), latest=date(2026, 12, 31))
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     Appointments(connection, Journal()).at("ZJ", year)
{}
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, exists, select

from scheduler.appointments import Appointment
from scheduler.dates import Interval, Window
from scheduler.protocol import Kind, Mode
from scheduler.store import rows, tables
from scheduler.store.chain import Head
from scheduler.store.driver import Plain, ask
from scheduler.store.journal import Journal
from scheduler.store.plain import instant, plain
from scheduler.subject import TAKING, ref

_state, _newer = tables.visit_entries.c, tables.visit_entries.alias()
_TAKING = tuple(status.value for status in TAKING)
_CHANGED = (
    _state.site == bindparam("site"),
    _state.change_id.in_(
        select(tables.seals.c.change_id).where(tables.seals.c.number > bindparam("number"))
    ),
)


class Appointments:
    """What takes time at sites in the book of `connection`, by the ids of its visits."""

    def __init__(self, connection: Connection, journal: Journal) -> None:
        self._connection, self._journal = connection, journal

    def at(self, site: str, days: Window) -> dict[int, Appointment]:
        """The appointments at a site that may touch one of the days."""
        return self._standing(days, _state.site == site)

    def of_kinds(
        self, sites: Sequence[str], days: Window, kinds: Sequence[Kind]
    ) -> dict[int, Appointment]:
        """Those of some kinds at several sites that may touch one of the days."""
        values = [kind.value for kind in kinds]
        return self._standing(days, _state.site.in_(sites), _state.kind.in_(values))

    def changed(
        self, site: str, days: Window, since: Head, now: Head
    ) -> Mapping[int, Appointment | None]:
        """What became of the visits at a site that changed from one head of the chain to another.

        None for a visit that takes no time of these days.  The present head is `now`.
        """
        known = self._journal.told(site, since, now)
        if known is not None:
            window = Window(earliest=_first(days), latest=days.latest)
            return {
                id: each if each and each.interval.start.date() in window else None
                for id, each in known.items()
            }
        first, last = _first(days).isoformat(), days.latest.isoformat()
        asked: Plain = {"site": site, "number": since.number}
        query = _changed(self._connection.dialect.name)
        return {
            id: _appointment(start, *row)
            if status in _TAKING and start and first <= day <= last
            else None
            for id, status, day, start, *row in ask(self._connection, query, asked)
        }

    def _standing(self, days: Window, *such: ColumnElement[bool]) -> dict[int, Appointment]:
        query = _current(self._connection.dialect.name).where(
            _state.day.between(_first(days), days.latest),
            _state.start_at.is_not(None),
            _state.status.in_(_TAKING),
            *such,
        )
        return {id: _appointment(*row) for id, _, _, *row in self._connection.execute(query)}


@cache
def _changed(dialect: str) -> Select[Any]:
    return _current(dialect).where(*_CHANGED)


@cache
def _current(dialect: str) -> Select[Any]:
    """The newest state of every visit; what `_appointment` is made from begins with its start."""
    columns = (_state.visit_id, _state.status, _state.day, _state.start_at, _state.end_at)
    about = (_state.kind, _state.mode, _state.allocations)
    names = (tables.subjects.c.code, tables.visits.c.encounter, tables.visits.c.occurrence)
    newer = _newer.c.visit_id == _state.visit_id, _newer.c.revision > _state.revision
    return (
        select(*(plain(column, dialect) for column in (*columns, *about, *names)))
        .select_from(tables.visit_entries)
        .join(tables.visits, tables.visits.c.id == _state.visit_id)
        .join(tables.subjects, tables.subjects.c.id == tables.visits.c.subject_id)
        .where(~exists().where(*newer))
    )


def _appointment(
    start: str,
    end: str,
    kind: str,
    mode: str,
    allocations: str,
    subject: str,
    encounter: str,
    occurrence: int,
) -> Appointment:
    """An appointment, in UTC, of the plain form of a visit's state."""
    return Appointment(
        subject=subject,
        visit=ref(encounter, occurrence),
        kind=Kind(kind),
        mode=Mode(mode),
        interval=Interval(start=instant(start), end=instant(end)),
        allocations=rows.units(json.loads(allocations)),
    )


def _first(days: Window) -> date:
    """A visit of the evening before may reach into the first day."""
    return days.earliest - timedelta(days=1)
