"""New states of visits, appended to the book, and the units they take from then on.

>>> from datetime import datetime
>>> nine, four = (datetime(2026, 4, 9, hour, tzinfo=ZoneInfo("Asia/Shanghai")) for hour in (9, 16))
>>> taken = Interval(start=nine, end=four)
>>> str(DoubleBooked("chair-1", taken, "ZJ-001 infusion-1"))
'chair-1 is taken from 2026-04-09 09:00 to 2026-04-09 16:00 by ZJ-001 infusion-1'
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from scheduler.dates import Interval
from scheduler.errors import Refused
from scheduler.store import rows
from scheduler.store.tables import bookings, subjects, visit_entries, visits
from scheduler.subject import Visit, ref

_Identity = tuple[int, str, int]
"""Subject id, encounter, occurrence: what makes a visit the same one for life."""

_LAST_REVISIONS = (
    select(visits.c.encounter, visits.c.occurrence, visits.c.id)
    .add_columns(func.max(visit_entries.c.revision))
    .join(visit_entries, visit_entries.c.visit_id == visits.c.id)
    .where(visits.c.subject_id == bindparam("subject"))
    .group_by(visits.c.encounter, visits.c.occurrence, visits.c.id)
)
_ENTER = insert(visits).returning(
    visits.c.id, visits.c.subject_id, visits.c.encounter, visits.c.occurrence
)
# With RETURNING, all rows go as one statement; without, each as one of its own.
_APPEND = insert(visit_entries).returning(visit_entries.c.id)
_TAKE = insert(bookings).returning(bookings.c.id)
_FREE = delete(bookings).where(bookings.c.visit_id == bindparam("freed"))
_HOLDERS = (
    select(bookings.c.start_at, bookings.c.end_at, subjects.c.code)
    .add_columns(visits.c.encounter, visits.c.occurrence)
    .select_from(bookings)
    .join(visits, visits.c.id == bookings.c.visit_id)
    .join(subjects, subjects.c.id == visits.c.subject_id)
)


class DoubleBooked(Refused):
    """A unit that a visit asks for is already taken for some of that time."""

    def __init__(self, unit: str, taken: Interval, holder: str) -> None:
        span = f"from {taken.start:%Y-%m-%d %H:%M} to {taken.end:%Y-%m-%d %H:%M}"
        super().__init__(f"{unit} is taken {span} by {holder}")


def append(
    connection: Connection, change_id: int, subject_ids: Mapping[str, int], states: Sequence[Visit]
) -> None:
    """Append the states, free what their visits took, and take what they ask for.

    `subject_ids` holds the id of every `Visit.subject`.

    Raises:
        DoubleBooked: a unit is taken already; what was appended by then must be undone.
        ValueError: one visit is given twice.
    """
    revisions = _revisions(connection, set(subject_ids.values()))
    identities = [(subject_ids[v.subject], v.encounter, v.occurrence) for v in states]
    if len(set(identities)) < len(identities):
        raise ValueError("one change gives a visit one state, not two")
    _enter(connection, change_id, revisions, [i for i in identities if i not in revisions])
    entries, moved, wanted = [], [], []
    for identity, visit in zip(identities, states, strict=True):
        visit_id, revision = revisions[identity]
        marks = {"visit_id": visit_id, "revision": revision + 1, "change_id": change_id}
        entries.append({**rows.entry_columns(visit), **marks})
        moved += [visit_id] if revision else []
        wanted += [{**row, "visit_id": visit_id} for row in rows.booking_columns(visit)]
    if entries:
        connection.execute(_APPEND, entries)
        _book(connection, moved, wanted)


def _revisions(
    connection: Connection, subject_ids: Iterable[int]
) -> dict[_Identity, tuple[int, int]]:
    """Id and last revision of every visit of the subjects."""
    return {
        (subject_id, encounter, occurrence): (visit_id, revision)
        for subject_id in subject_ids
        for encounter, occurrence, visit_id, revision in connection.execute(
            _LAST_REVISIONS, {"subject": subject_id}
        )
    }


def _enter(
    connection: Connection,
    change_id: int,
    revisions: dict[_Identity, tuple[int, int]],
    identities: Sequence[_Identity],
) -> None:
    """Enter visits that the book does not know yet, at revision 0."""
    if not identities:
        return
    names = ("subject_id", "encounter", "occurrence")
    named = [{**dict(zip(names, i, strict=True)), "change_id": change_id} for i in identities]
    for visit_id, *identity in connection.execute(_ENTER, named):
        revisions[tuple(identity)] = visit_id, 0


def _book(connection: Connection, moved: Sequence[int], wanted: Sequence[rows.Columns]) -> None:
    """Free what the moved visits took, then take what is wanted."""
    if moved:
        connection.execute(_FREE, [{"freed": visit_id} for visit_id in moved])
    if not wanted:
        return
    # One order for everyone: two desks then wait for each other less often in a circle.
    wanted = sorted(wanted, key=lambda row: (row["site"], row["unit"], row["start_at"]))
    try:
        with connection.begin_nested():
            connection.execute(_TAKE, wanted)
    except IntegrityError as error:
        # By SQLite's trigger or PostgreSQL's constraint of the same name.
        if "bookings_no_overlap" not in str(error.orig):
            raise
        _name_clash(connection, wanted)
        # Nothing to see: another desk was quicker, after this transaction began.
        raise


def _name_clash(connection: Connection, wanted: Sequence[rows.Columns]) -> None:
    """Raise DoubleBooked where the book, or the wish itself, holds a unit twice."""
    taken = bookings.c
    for row in wanted:
        query = _HOLDERS.where(taken.site == row["site"], taken.unit == row["unit"]).where(
            taken.start_at < row["end_at"], taken.end_at > row["start_at"]
        )
        if found := connection.execute(query).first():
            span = rows.interval(found.start_at, found.end_at, ZoneInfo(row["zone"]))
            name = f"{found.code} {ref(found.encounter, found.occurrence)}"
            raise DoubleBooked(row["unit"], span, name)
    for row, after in pairwise(wanted):
        if (row["site"], row["unit"]) == (after["site"], after["unit"]):
            span = Interval(start=row["start_at"], end=row["end_at"])
            if span.overlaps(Interval(start=after["start_at"], end=after["end_at"])):
                raise DoubleBooked(row["unit"], span, "another visit of the same plan")
