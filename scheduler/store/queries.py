"""What the book asks again and again: subjects as they are now, and states of visits.

>>> sorted(column.name for column in STATES.selected_columns)[:3]
['actual', 'allocations', 'basis']
"""

from sqlalchemy import exists, func, select

from scheduler.store import tables

_newer_weight = tables.weights.alias()
_newer_version = tables.amendments.alias()
SUBJECTS = (
    select(tables.subjects, tables.weights.c.kg, tables.weights.c.measured)
    .add_columns(
        func.coalesce(tables.amendments.c.version, tables.subjects.c.protocol_version).label(
            "version"
        )
    )
    .select_from(tables.subjects)
    .outerjoin(
        tables.amendments,
        (tables.amendments.c.subject_id == tables.subjects.c.id)
        & ~exists().where(
            _newer_version.c.subject_id == tables.amendments.c.subject_id,
            _newer_version.c.id > tables.amendments.c.id,
        ),
    )
    .outerjoin(
        tables.weights,
        (tables.weights.c.subject_id == tables.subjects.c.id)
        & ~exists().where(
            _newer_weight.c.subject_id == tables.weights.c.subject_id,
            _newer_weight.c.id > tables.weights.c.id,
        ),
    )
)

STATES = (
    select(tables.visit_entries, tables.visits.c.encounter, tables.visits.c.occurrence)
    .add_columns(tables.subjects.c.code)
    .select_from(tables.visit_entries)
    .join(tables.visits, tables.visits.c.id == tables.visit_entries.c.visit_id)
    .join(tables.subjects, tables.subjects.c.id == tables.visits.c.subject_id)
)

VERSION_THEN = func.coalesce(
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

_newer_state = tables.visit_entries.alias()
IS_CURRENT = ~exists().where(
    _newer_state.c.visit_id == tables.visit_entries.c.visit_id,
    _newer_state.c.revision > tables.visit_entries.c.revision,
)
