"""An excerpt of the history: the rows that telling some of its deeds needs, and no others.

What a deed changed is told by the state before it, so an excerpt holds, beside the rows of
the deeds themselves, the earlier rows of the same things, and whatever names those things.
A long trail is told by many excerpts, one after the other, so that memory need not hold it.

>>> from sqlalchemy import create_engine
>>> from scheduler.store.tables import metadata
>>> with create_engine("sqlite://").connect() as connection:
...     metadata.create_all(connection)
...     [excerpt.changes for excerpt in excerpts(connection, Selection(subject="ZJ-001"))]
[frozenset()]
"""

from collections.abc import Iterator
from itertools import pairwise

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
    true,
)

from scheduler.errors import UnknownName
from scheduler.store import canon
from scheduler.store.canon import Row
from scheduler.store.plain import Cell, plain
from scheduler.store.tables import changes, feeds, metadata, products, seals, subjects, visits
from scheduler.trail import EVERYTHING, Selection

OWNERS = {
    "subject_id": "subjects",
    "visit_id": "visits",
    "product_id": "products",
    "feed_id": "feeds",
}
"""Columns that name what a row is a state of, and the tables that these are keys of."""

_NAMES = (visits, products)
"""Their rows name things and are no states, so no earlier ones are needed."""

_FEED = (feeds, "subject_id")

AT_ONCE = 500
"""Deeds of one excerpt, at most."""


def excerpts(
    connection: Connection, selection: Selection, at_once: int = AT_ONCE
) -> Iterator["Excerpt"]:
    """The excerpts that tell the selected deeds, `at_once` of them, in their order.

    Raises:
        UnknownName: the person of the selection has never done anything.
    """
    wanted = _selecting(connection, selection)
    ids = connection.scalars(wanted.order_by(changes.c.id)).all()
    # Open at both ends: of the whole trail, a row of no known change belongs somewhere, too.
    bounds = [None, *ids[at_once - 1 : -1 : at_once], None]
    for after, last in pairwise(bounds):
        yield Excerpt(connection, selection, wanted, after, last)


class Excerpt:
    """What is read of the history for the selected deeds behind one, and up to another."""

    def __init__(
        self,
        connection: Connection,
        selection: Selection,
        wanted: Select[int],
        after: int | None,
        last: int | None,
    ) -> None:
        self._connection, self._subject = connection, selection.subject
        self._after, self._last = after, last
        self._wanted = wanted.where(self._between(changes.c.id))
        self._is_whole = selection == EVERYTHING
        self.changes: frozenset[Cell] = frozenset(connection.scalars(self._wanted))

    def tells(self, change: Cell) -> bool:
        """Whether a row's change is one of the deeds; of the whole trail, an unknown one is too."""
        if not self._is_whole:
            return change in self.changes
        return self._after is None or not isinstance(change, int) or change > self._after

    def rows(self) -> Iterator[Row]:
        """The rows of the deeds, and earlier rows of the things that they changed."""
        for table in canon.HISTORY:
            if (such := self._of_table(table)) is not None:
                yield from canon.of_table(self._connection, table, such)

    def owners(self) -> Iterator[Row]:
        """The rows that name the things, and whose these are."""
        for table in map(metadata.tables.__getitem__, OWNERS.values()):
            yield from canon.of_table(self._connection, table, or_(*self._named(table)))

    def _named(self, table: Table) -> Iterator[ColumnElement[bool]]:
        """That a row of `table` owns a row of the excerpt, or owns its owner."""
        for state, column in _states():
            if OWNERS[column] == table.name:
                yield table.c.id.in_(select(state.c[column]).where(self._by_deeds(state, column)))
        if table is subjects:
            for thing in (visits, products, feeds):
                owned = select(thing.c.subject_id).where(or_(*self._named(thing)))
                yield table.c.id.in_(owned)

    def numbers(self) -> dict[Cell, int]:
        """The places of the deeds in the chain."""
        query = select(seals.c.change_id, seals.c.number)
        found = self._connection.execute(query.where(seals.c.change_id.in_(self._wanted)))
        return dict(tuple(row) for row in found)

    def before(self) -> dict[Cell, Cell | None]:
        """The instant of the change before each deed, as the canonical form has it."""
        earlier = changes.alias()
        newest = (
            select(plain(earlier.c.at, self._connection.dialect.name))
            .where(earlier.c.id < changes.c.id)
            .order_by(earlier.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = select(changes.c.id, newest).where(changes.c.id.in_(self._wanted))
        return dict(tuple(row) for row in self._connection.execute(query))

    def _between(self, change: ColumnElement[int]) -> ColumnElement[bool]:
        """That a change is behind the one that this excerpt begins after, and not too late."""
        behind = change > self._after if self._after is not None else true()
        return and_(behind, change <= self._last if self._last is not None else true())

    def _recorded(self, change: ColumnElement[int]) -> ColumnElement[bool]:
        """That the deeds recorded a row, by the column that names its change."""
        return self._between(change) if self._is_whole else change.in_(self._wanted)

    def _of_table(self, table: Table) -> ColumnElement[bool] | None:
        """Which rows of a table are needed; None for none of them."""
        if table is changes:
            return self._recorded(changes.c.id)
        if table is feeds:  # each of its rows is a thing by itself, and may be of no subject
            recorded = self._recorded(feeds.c.change_id)
            return recorded if self._subject is None else and_(recorded, self._about(*_FEED))
        column = _owner(table)
        if column is not None and table in _NAMES:
            return self._by_deeds(table, column)
        if column is not None:
            return self._of_things(table, column)
        if self._subject is None:
            return self._recorded(table.c.change_id)
        return table.c.code == self._subject if table is subjects else None

    def _by_deeds(self, table: Table, column: str) -> ColumnElement[bool]:
        """Rows that the deeds recorded."""
        return and_(self._recorded(table.c.change_id), self._about(table, column))

    def _of_things(self, table: Table, column: str) -> ColumnElement[bool]:
        """Rows of the things that the deeds changed, as late as the newest of the deeds."""
        state = table.alias()
        things = select(state.c[column]).where(self._recorded(state.c.change_id))
        return and_(table.c[column].in_(things), self._in_time(table), self._about(table, column))

    def _in_time(self, table: Table) -> ColumnElement[bool]:
        change = table.c.change_id
        if self._is_whole:
            return change <= self._last if self._last is not None else true()
        newest = select(func.max(self._wanted.subquery().c.id)).scalar_subquery()
        return change <= newest

    def _about(self, table: Table, column: str) -> ColumnElement[bool]:
        return _about(self._subject, table, column)


def _selecting(connection: Connection, selection: Selection) -> Select[int]:
    query = select(changes.c.id)
    if selection.person is not None:
        names = _names(connection, selection.person)
        query = query.where(changes.c.user_name.in_(names))
    if selection.span is not None:
        since, until = selection.span.start, selection.span.end
        query = query.where(changes.c.at >= since, changes.c.at < until)
    if selection.subject is not None:
        touching = [
            select(table.c.change_id).where(_about(selection.subject, table, column))
            for table, column in _states()
        ]
        enrolled = select(subjects.c.change_id).where(subjects.c.code == selection.subject)
        query = query.where(changes.c.id.in_(enrolled.union(*touching)))
    return query


def _names(connection: Connection, person: str) -> list[str]:
    """The person's name as it was written, in whatever case."""
    known = connection.scalars(select(changes.c.user_name).distinct()).all()
    found = [name for name in known if name.casefold() == person.casefold()]
    if not found:
        raise UnknownName("person in the audit trail", person, sorted(known))
    return found


def _about(subject: str | None, table: Table, column: str) -> ColumnElement[bool]:
    """That a row is about the subject, if one is named."""
    if subject is None:
        return table.c[column].is_not(None)
    own = select(subjects.c.id).where(subjects.c.code == subject)
    if column == "subject_id":
        return table.c[column].in_(own)
    things = metadata.tables[OWNERS[column]]
    return table.c[column].in_(select(things.c.id).where(things.c.subject_id.in_(own)))


def _owner(table: Table) -> str | None:
    return next((column for column in OWNERS if column in table.c), None)


def _states() -> Iterator[tuple[Table, str]]:
    """Every table of the history whose rows are states of something, and the column that says."""
    for table in canon.HISTORY:
        if (column := _owner(table)) is not None:
            yield table, column
