"""New states of visits, appended to the book, and the units they take from then on.

>>> nine, four = (datetime(2026, 4, 9, hour, tzinfo=ZoneInfo("Asia/Shanghai")) for hour in (9, 16))
>>> taken = Interval(start=nine, end=four)
>>> str(DoubleBooked("chair-1", taken, "ZJ-001 infusion-1"))
'chair-1 is taken from 2026-04-09 09:00 to 2026-04-09 16:00 by ZJ-001 infusion-1'
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.exc import IntegrityError

from scheduler.dates import Interval
from scheduler.errors import Refused
from scheduler.store import rows
from scheduler.store.driver import Plain, ask, fill, number
from scheduler.store.plain import Cell, instant
from scheduler.store.tables import bookings, subjects, visit_entries, visits
from scheduler.subject import Visit, ref

_Identity = tuple[int, str, int]
"""Subject id, encounter, occurrence: what makes a visit the same one for life."""

_Booking = Mapping[str, Cell]
"""A row of `bookings` in its plain form."""

_REVISIONS = (
    select(visits.c.encounter, visits.c.occurrence, visits.c.id)
    .add_columns(func.max(visit_entries.c.revision))
    .join(visit_entries, visit_entries.c.visit_id == visits.c.id)
    .where(visits.c.subject_id == bindparam("subject"))
    .group_by(visits.c.encounter, visits.c.occurrence, visits.c.id)
)
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
) -> dict[int, Visit]:
    """Append the states, free what their visits took, and take what they ask for.

    `subject_ids` holds the id of every `Visit.subject`.

    Returns:
        The states by the ids of their visits.

    Raises:
        DoubleBooked: a unit is taken already; what was appended by then must be undone.
        ValueError: one visit is given twice.
    """
    known = _revisions(connection, set(subject_ids.values()))
    return _append(connection, change_id, subject_ids, states, known)


def begin(
    connection: Connection, change_id: int, subject_ids: Mapping[str, int], states: Sequence[Visit]
) -> dict[int, Visit]:
    """As `append`, for the first visits of subjects."""
    return _append(connection, change_id, subject_ids, states, {})


def _append(
    connection: Connection,
    change_id: int,
    subject_ids: Mapping[str, int],
    states: Sequence[Visit],
    known: Mapping[_Identity, tuple[int, int]],
) -> dict[int, Visit]:
    identities = [(subject_ids[v.subject], v.encounter, v.occurrence) for v in states]
    if len(set(identities)) < len(identities):
        raise ValueError("one change gives a visit one state, not two")
    if new := [identity for identity in identities if identity not in known]:
        known = {**known, **_entered(connection, change_id, new)}
    entries, moved, by_id = [], [], {}
    wanted: list[_Booking] = []
    for identity, visit in zip(identities, states, strict=True):
        visit_id, revision = known[identity]
        by_id[visit_id] = visit
        entry, taken = rows.state_columns(visit, visit_id, revision + 1, change_id)
        entries.append(entry)
        wanted += taken
        if revision:
            moved.append(visit_id)
    fill(connection, visit_entries, entries)
    _book(connection, moved, wanted)
    return by_id


def _revisions(
    connection: Connection, subject_ids: Iterable[int]
) -> dict[_Identity, tuple[int, int]]:
    """Id and last revision of every visit of the subjects."""
    return {
        (subject_id, encounter, occurrence): (visit_id, revision)
        for subject_id in subject_ids
        for encounter, occurrence, visit_id, revision in ask(
            connection, _REVISIONS, {"subject": subject_id}
        )
    }


def _entered(
    connection: Connection, change_id: int, identities: Sequence[_Identity]
) -> dict[_Identity, tuple[int, int]]:
    """As `_revisions`, of visits that are entered now and have no state yet: 0."""
    named: list[Plain] = [
        {"subject_id": id, "encounter": encounter, "occurrence": occurrence, "change_id": change_id}
        for id, encounter, occurrence in identities
    ]
    ids = number(connection, visits, named)
    return {identity: (id, 0) for identity, id in zip(identities, ids, strict=True)}


def _book(connection: Connection, moved: Sequence[int], wanted: Sequence[_Booking]) -> None:
    """Free what the moved visits took, then take what is wanted."""
    if moved:
        connection.execute(_FREE, [{"freed": visit_id} for visit_id in moved])
    # One order for everyone: two desks then wait for each other less often in a circle.
    wanted = sorted(wanted, key=itemgetter("site", "unit", "start_at"))
    # After a refusal PostgreSQL answers no question before that is undone; SQLite does.
    is_sqlite = connection.dialect.name == "sqlite"
    try:
        with nullcontext() if is_sqlite else connection.begin_nested():
            fill(connection, bookings, wanted)
    except IntegrityError as error:
        # By SQLite's trigger or PostgreSQL's constraint of the same name.
        if "bookings_no_overlap" not in str(error.orig):
            raise
        _name_clash(connection, wanted)
        # Nothing to see: another desk was quicker, after this transaction began.
        raise


def _name_clash(connection: Connection, wanted: Sequence[_Booking]) -> None:
    """Raise DoubleBooked where the book, or the wish itself, holds a unit twice."""
    taken = bookings.c
    # Those of the wish that came before the one refused may be in the book already.
    others = _HOLDERS.where(taken.visit_id.not_in({row["visit_id"] for row in wanted}))
    for row in wanted:
        start, end = _instants(row)
        query = others.where(taken.site == row["site"], taken.unit == row["unit"]).where(
            taken.start_at < end, taken.end_at > start
        )
        if found := connection.execute(query).first():
            span = rows.interval(found.start_at, found.end_at, ZoneInfo(str(row["zone"])))
            name = f"{found.code} {ref(found.encounter, found.occurrence)}"
            raise DoubleBooked(str(row["unit"]), span, name)
    for row, after in pairwise(wanted):
        if (row["site"], row["unit"]) == (after["site"], after["unit"]):
            (start, end), (following, _) = _instants(row), _instants(after)
            if following < end:
                span = rows.interval(start, end, ZoneInfo(str(row["zone"])))
                raise DoubleBooked(str(row["unit"]), span, "another visit of the same plan")


def _instants(booking: _Booking) -> tuple[datetime, datetime]:
    return instant(booking["start_at"]), instant(booking["end_at"])
