"""Consents to reminders as rows of the book: given, withdrawn, and given again.

It is no consent to the study: who gave it wants to be told of appointments outside of the
hospital, by mail or in a calendar of their own.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     consents.metadata.create_all(connection)
...     of_subject(connection, 1), given(connection, "ZJ")
(None, frozenset())
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, exists, insert, select

from scheduler.store.changes import Change
from scheduler.store.rows import change_of
from scheduler.store.tables import changes, consents, subjects

GIVEN, WITHDRAWN = "given", "withdrawn"

_newer = consents.alias()
_IS_NEWEST = ~exists().where(
    _newer.c.subject_id == consents.c.subject_id, _newer.c.id > consents.c.id
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The last word of a participant on reminders, its day, and the change that recorded it."""

    change: Change
    given: bool
    day: date


def add(connection: Connection, change_id: int, subject_id: int, day: date, *, given: bool) -> None:
    """Enter what a subject said on a day."""
    row = {"subject_id": subject_id, "day": day, "change_id": change_id}
    connection.execute(insert(consents), {**row, "state": GIVEN if given else WITHDRAWN})


def of_subject(connection: Connection, subject_id: int) -> Consent | None:
    """A subject's last word, None when nothing was recorded."""
    query = (
        select(consents, changes.c.user_name, changes.c.at, changes.c.command, changes.c.reason)
        .join(changes, changes.c.id == consents.c.change_id)
        .where(consents.c.subject_id == subject_id, _IS_NEWEST)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return Consent(change=change_of(row), given=row.state == GIVEN, day=row.day)


def given(connection: Connection, site: str) -> frozenset[str]:
    """The codes of a site's subjects whose consent stands."""
    query = (
        select(subjects.c.code)
        .join(consents, consents.c.subject_id == subjects.c.id)
        .where(subjects.c.site == site, consents.c.state == GIVEN, _IS_NEWEST)
    )
    return frozenset(connection.scalars(query))
