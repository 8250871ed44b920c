"""New states of visits, appended to the book, and the units they take from then on.

>>> str(DoubleBooked(["chair-1 2026-04-09 09:00"]))
'one of these is no longer free: chair-1 2026-04-09 09:00; run the command again'
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from scheduler.errors import Refused
from scheduler.store import rows
from scheduler.store.tables import bookings, visit_entries, visits
from scheduler.subject import Visit

_Identity = tuple[int, str, int]
"""Subject id, encounter, occurrence: what makes a visit the same one for life."""


class DoubleBooked(Refused):
    """A unit that a visit asks for is already taken for some of that time."""

    def __init__(self, wanted: Iterable[str]) -> None:
        slots = ", ".join(wanted)
        super().__init__(f"one of these is no longer free: {slots}; run the command again")


def append(
    connection: Connection, change_id: int, subject_ids: Mapping[str, int], states: Sequence[Visit]
) -> None:
    """Append the states, free what their visits took, and take what they ask for.

    `subject_ids` holds the id of every `Visit.subject`.

    Raises:
        DoubleBooked: a unit is taken already; the transaction is then of no further use.
        ValueError: one visit is given twice.
    """
    revisions = _revisions(connection, set(subject_ids.values()))
    identities = [(subject_ids[v.subject], v.encounter, v.occurrence) for v in states]
    if len(set(identities)) < len(identities):
        raise ValueError("one change gives a visit one state, not two")
    _enter(connection, revisions, [i for i in identities if i not in revisions])
    entries, wanted = [], []
    for identity, visit in zip(identities, states, strict=True):
        visit_id, revision = revisions[identity]
        marks = {"visit_id": visit_id, "revision": revision + 1, "change_id": change_id}
        entries.append({**rows.entry_columns(visit), **marks})
        wanted += [{**row, "visit_id": visit_id} for row in rows.booking_columns(visit)]
    if entries:
        connection.execute(insert(visit_entries), entries)
        _book(connection, [row["visit_id"] for row in entries], wanted)


def _revisions(
    connection: Connection, subject_ids: Iterable[int]
) -> dict[_Identity, tuple[int, int]]:
    """Id and last revision of every visit of the subjects."""
    query = (
        select(visits.c.encounter, visits.c.occurrence, visits.c.id)
        .add_columns(func.max(visit_entries.c.revision))
        .join(visit_entries, visit_entries.c.visit_id == visits.c.id)
        .where(visits.c.subject_id == bindparam("subject"))
        .group_by(visits.c.encounter, visits.c.occurrence, visits.c.id)
    )
    return {
        (subject_id, encounter, occurrence): (visit_id, revision)
        for subject_id in subject_ids
        for encounter, occurrence, visit_id, revision in connection.execute(
            query, {"subject": subject_id}
        )
    }


def _enter(
    connection: Connection,
    revisions: dict[_Identity, tuple[int, int]],
    identities: Sequence[_Identity],
) -> None:
    """Enter visits that the book does not know yet, at revision 0."""
    if not identities:
        return
    named = [
        dict(zip(("subject_id", "encounter", "occurrence"), i, strict=True)) for i in identities
    ]
    entered = insert(visits).returning(
        visits.c.id, visits.c.subject_id, visits.c.encounter, visits.c.occurrence
    )
    for visit_id, *identity in connection.execute(entered, named):
        revisions[tuple(identity)] = visit_id, 0


def _book(connection: Connection, visit_ids: Sequence[int], wanted: Sequence[rows.Columns]) -> None:
    """Replace what the visits take."""
    freed = delete(bookings).where(bookings.c.visit_id == bindparam("freed"))
    connection.execute(freed, [{"freed": visit_id} for visit_id in visit_ids])
    if not wanted:
        return
    # One order for everyone: two desks then wait for each other less often in a circle.
    wanted = sorted(wanted, key=lambda row: (row["site"], row["unit"], row["start_at"]))
    try:
        connection.execute(insert(bookings), wanted)
    except IntegrityError as error:
        if not is_double_booking(error):
            raise
        slots = (f"{row['unit']} {row['start_at']:%Y-%m-%d %H:%M}" for row in wanted)
        raise DoubleBooked(slots) from error


def is_double_booking(error: IntegrityError) -> bool:
    """Whether the database refused an overlap: by SQLite's trigger or PostgreSQL's EXCLUDE."""
    return "bookings_no_overlap" in str(error.orig)
