"""Consents to reminders as rows of the book: given, withdrawn, and given again.

It is no consent to the study: who gave it wants to be told of appointments outside of the
hospital, by mail or in a calendar of their own.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     consents.metadata.create_all(connection)
...     Consents(connection, Marks(connection)).given("ZJ")
frozenset()
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, exists, insert, select

from scheduler.store.changes import Change
from scheduler.store.marks import Marks
from scheduler.store.rows import change_of
from scheduler.store.subjects import id_of
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


class Consents:
    """The words of a book's subjects on reminders."""

    def __init__(self, connection: Connection, marks: Marks) -> None:
        self._connection, self._marks = connection, marks

    def of(self, subject: str) -> Consent | None:
        """A subject's last word, None when nothing was recorded.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        query = (
            select(consents, changes.c.user_name, changes.c.at, changes.c.command, changes.c.reason)
            .join(changes, changes.c.id == consents.c.change_id)
            .where(consents.c.subject_id == id_of(self._connection, subject), _IS_NEWEST)
        )
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return Consent(change=change_of(row), given=row.state == GIVEN, day=row.day)

    def given(self, site: str) -> frozenset[str]:
        """The codes of a site's subjects who want to be told of their appointments."""
        query = (
            select(subjects.c.code)
            .join(consents, consents.c.subject_id == subjects.c.id)
            .where(subjects.c.site == site, consents.c.state == GIVEN, _IS_NEWEST)
        )
        return frozenset(self._connection.scalars(query))

    def record(self, change: Change, subject: str, day: date, *, given: bool) -> None:
        """Enter what a subject said on a day.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        row = {"subject_id": id_of(self._connection, subject), "day": day}
        state = GIVEN if given else WITHDRAWN
        self._connection.execute(
            insert(consents), {**row, "change_id": self._marks.id_of(change), "state": state}
        )
