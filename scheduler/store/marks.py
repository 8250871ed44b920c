"""The marks of one transaction: a row of `changes` for each command that it carries out.

>>> from datetime import UTC, datetime
>>> from sqlalchemy import create_engine
>>> change = Change(user="li", at=datetime(2026, 3, 2, tzinfo=UTC), command="enroll")
>>> with create_engine("sqlite://").connect() as connection:
...     changes.metadata.create_all(connection)
...     marks = Marks(connection)
...     marks.id_of(change), marks.id_of(change), marks.ids
(1, 1, [1])
"""

from sqlalchemy import Connection, bindparam, select

from scheduler.store import rows
from scheduler.store.changes import Change
from scheduler.store.driver import enter
from scheduler.store.tables import changes

_OF_ID = select(changes).where(changes.c.id == bindparam("entered"))


class Marks:
    """Enters changes in the transaction of `connection`; `ids` are theirs, oldest first.

    An id is among them also when its change was undone by a savepoint.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._entered: dict[int, Change] = {}

    @property
    def ids(self) -> list[int]:
        """Every id that was given, ascending."""
        return sorted(self._entered)

    def id_of(self, change: Change) -> int:
        """The id of the change's row, which is entered at first; one command has one."""
        for id, entered in self._entered.items():
            if entered == change and self._stands(id, change):
                return id
        id_ = enter(self._connection, changes, rows.change_columns(change))
        self._entered[id_] = change
        return id_

    def _stands(self, id: int, change: Change) -> bool:
        """Whether no savepoint has undone it; the id may have gone to another change then."""
        row = self._connection.execute(_OF_ID, {"entered": id}).one_or_none()
        return row is not None and rows.change_of(row) == change
