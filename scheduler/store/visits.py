"""Visits as the book tells them: as they stand, as they came about, and what they take.

New states are appended in `scheduler.store.entries`.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     current(connection, subject_id=None, site="ZJ", days=None), history(connection, 1)
((), ())
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, select

from scheduler.dates import Window
from scheduler.store import rows, tables
from scheduler.store.changes import Entry
from scheduler.subject import Visit

_STATES = (
    select(tables.visit_entries, tables.visits.c.encounter, tables.visits.c.occurrence)
    .add_columns(tables.subjects.c.code)
    .select_from(tables.visit_entries)
    .join(tables.visits, tables.visits.c.id == tables.visit_entries.c.visit_id)
    .join(tables.subjects, tables.subjects.c.id == tables.visits.c.subject_id)
)

_AT_ONCE = 500

_newer_state = tables.visit_entries.alias()
_IS_CURRENT = ~exists().where(
    _newer_state.c.visit_id == tables.visit_entries.c.visit_id,
    _newer_state.c.revision > tables.visit_entries.c.revision,
)
CURRENT = _STATES.where(_IS_CURRENT)
"""The newest state of every visit, with its name."""

_VERSION_THEN = func.coalesce(
    select(tables.amendments.c.version)
    .where(
        tables.amendments.c.subject_id == tables.subjects.c.id,
        tables.amendments.c.change_id <= tables.visit_entries.c.change_id,
    )
    .order_by(tables.amendments.c.id.desc())
    .limit(1)
    .scalar_subquery(),
    tables.subjects.c.protocol_version,
).label("version")
"""The protocol version that the visit's participant was on when the state was recorded."""

_marks = tables.changes.c
_HISTORY = (
    _STATES.add_columns(_marks.user_name, _marks.at, _marks.command, _marks.reason)
    .add_columns(_VERSION_THEN)
    .join(tables.changes, _marks.id == tables.visit_entries.c.change_id)
    .order_by(tables.visits.c.subject_id, tables.visit_entries.c.id)
)


def current(
    connection: Connection, *, subject_id: int | None, site: str | None, days: Window | None
) -> tuple[Visit, ...]:
    """Visits in their current state, by day and start; None asks for all."""
    query = _current(site=site, days=days)
    if subject_id is not None:
        query = query.where(tables.visits.c.subject_id == subject_id)
    return tuple(map(rows.visit_of, connection.execute(query)))


def among(connection: Connection, such: ColumnElement[bool]) -> Iterator[Visit]:
    """Visits of such subjects in their current state, by day and start."""
    query = _current(site=None, days=None).where(such)
    return map(rows.visit_of, connection.execute(query))


def one_by_one(connection: Connection, *, site: str | None, days: Window) -> Iterator[Visit]:
    """As `current`, but never all at once in memory; to be read within the transaction."""
    query = _current(site=site, days=days).execution_options(yield_per=_AT_ONCE)
    yield from map(rows.visit_of, connection.execute(query))


def _current(*, site: str | None, days: Window | None) -> Select[Any]:
    state = tables.visit_entries.c
    query = CURRENT
    if site is not None:
        query = query.where(state.site == site)
    if days is not None:
        query = query.where(state.day.between(days.earliest, days.latest))
    return query.order_by(state.day, state.start_at.nulls_first(), state.visit_id)


def history(connection: Connection, subject_id: int) -> tuple[Entry, ...]:
    """Every state of a subject's visits that was ever recorded, oldest first."""
    query = _HISTORY.where(tables.visits.c.subject_id == subject_id)
    return tuple(map(_entry, connection.execute(query)))


def histories(
    connection: Connection, such: ColumnElement[bool]
) -> Iterator[tuple[str, tuple[Entry, ...]]]:
    """The history of every such subject, with the code; to be read within the transaction."""
    query = _HISTORY.where(such).execution_options(yield_per=_AT_ONCE)
    for code, found in groupby(connection.execute(query), key=lambda row: str(row.code)):
        yield code, tuple(map(_entry, found))


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        number=row.change_id,
        change=rows.change_of(row),
        visit=rows.visit_of(row),
        version=row.version,
    )
