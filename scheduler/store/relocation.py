"""Relocation: the whole book, carried from one database into another of either engine.

Every row goes over in its plain form, keys and seals included, and nothing is
added.  So the audit trail over there has the same head, which is the proof that the book
is the same.

>>> _Tally().count([(1, "zj-001"), (2, None)]) == _Tally().count([(2, None), (1, "zj-001")])
True
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Row, Table, func, select

from scheduler.errors import BadValue, StoreUnavailable
from scheduler.store import guards, schema, sqlite_copies, verification
from scheduler.store.chain import Head
from scheduler.store.driver import pour
from scheduler.store.engines import Engine, engine, explained, using
from scheduler.store.keeping import NoBook
from scheduler.store.plain import plain
from scheduler.store.postgresql import Postgresql
from scheduler.store.sqlite import Sqlite, of_file
from scheduler.store.tables import metadata, seals
from scheduler.store.verification import BrokenTrail

Watch = Callable[[int, int], object]
"""Told how much has been carried and read back, and how much that is in all."""

_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocated:
    """The head on both sides, the rows that were carried, and what was too late for it.

    `later` counts the changes that others stored in the old book meanwhile.
    """

    head: Head
    rows: int
    later: int


class ArrivedOtherwise(StoreUnavailable):
    """What stands in the new database is not what was written into it."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place} does not keep what it is given: {what}; nothing was stored")


@dataclass(slots=True)
class _Tally:
    """How many rows a table has, and a sum over them that no order changes."""

    rows: int = 0
    sum: int = 0

    def count(self, rows: Sequence[Sequence[Any]]) -> Self:
        self.rows += len(rows)
        self.sum += sum(hash(tuple(row)) for row in rows)
        return self


def relocate(
    url: str, target: str, *, dry_run: bool = False, watch: Watch, patience: float = 5.0
) -> Relocated:
    """Carry the book at `url`, which may be in use, into the empty database at `target`.

    The old book is only read, in one state.  The new one is filled in one transaction, and
    committed when every table, guard and seal has been found to be there: a failure
    leaves nothing.  A dry run verifies the book and makes sure that the target would take it.

    Raises:
        BadValue: `target` is in memory, or names neither engine.
        BrokenTrail: the history of the book does not verify.
        NotEmpty, AlreadyThere: the target holds something.
        StoreUnavailable: there is no book, it is of another schema, or a database fails.
        OutputError: the file of the target cannot be made.
    """
    with using(engine(url, patience=patience)) as source:
        if source.is_missing():
            raise NoBook(source.place)
        with source.engine.connect() as here:
            source.begin_reading(here)
            head, rows = _sound(here, source.place), _rows(here)
            new = engine(target, patience=patience)
            if dry_run:
                _try(new)
            else:
                with _filling(new) as there:
                    carried = _carry(source, here, there, lambda done: watch(done, 2 * rows))
                    _compare(there, new, carried, lambda done: watch(rows + done, 2 * rows))
                    _verify(there, new.place, head)
            here.rollback()
            source.begin_reading(here)
            return Relocated(head=head, rows=rows, later=_later(here, head))


def _sound(connection: Connection, place: str) -> Head:
    """The head of the book, every seal of which holds."""
    if not schema.exists(connection, place):
        raise NoBook(place)
    verdict = verification.verify(connection)
    if verdict.problems:
        raise BrokenTrail(verdict.problems)
    return verdict.head


def _rows(connection: Connection) -> int:
    counts = (select(func.count()).select_from(table) for table in metadata.tables.values())
    return sum(connection.execute(count).scalar_one() for count in counts)


def _later(connection: Connection, head: Head) -> int:
    """How many changes have been stored since."""
    query = select(func.count()).select_from(seals).where(seals.c.number > head.number)
    return connection.scalar(query) or 0


def _try(target: Engine) -> None:
    """Make sure that a book could be made in the target, and leave it as it is."""
    match target:
        case Sqlite():
            if os.path.lexists(_path(target)):
                raise sqlite_copies.AlreadyThere(_path(target))
        case Postgresql():
            with _made(target):
                pass


@contextmanager
def _filling(target: Engine) -> Iterator[Connection]:
    """The transaction of a new book in the target; an error undoes it all."""
    match target:
        case Sqlite():
            target.make_folder()
            # The name appears when all is done: nobody can begin a book of their own there.
            with sqlite_copies.appearing(_path(target)) as part, _made(of_file(part)) as connection:
                yield connection
                connection.commit()
        case Postgresql():
            with _made(target) as connection:
                yield connection
                connection.commit()


@contextmanager
def _made(database: Engine) -> Iterator[Connection]:
    """A new book in the empty database, not committed."""
    with using(database), database.engine.connect() as connection:
        database.begin_making(connection)
        schema.refuse_tables(connection, database.place)
        schema.migrate(connection)
        yield connection


def _path(target: Sqlite) -> Path:
    if target.path is None:
        raise BadValue("database", "in memory", "it is gone when this command ends")
    return target.path


def _carry(
    source: Engine, here: Connection, there: Connection, watch: Callable[[int], object]
) -> dict[str, _Tally]:
    """Copy every table, parents first; the tallies are of what was read."""
    tallies, done = {}, 0
    for table in metadata.sorted_tables:
        tallies[table.name] = tally = _Tally()
        names = table.columns.keys()
        for batch in _batches(source, here, table):
            pour(there, table, [dict(zip(names, row, strict=True)) for row in batch])
            tally.count(batch)
            done += len(batch)
            watch(done)
        _continue_keys(there, table)
    if there.dialect.name == "postgresql":
        # Else it would look things up by guesses until its own clerk has come by.
        there.exec_driver_sql("ANALYZE")
    return tallies


def _batches(
    database: Engine, connection: Connection, table: Table
) -> Iterator[Sequence[Row[Any]]]:
    """The rows of a table in their plain form, some at a time."""
    query = select(*(plain(column, connection.dialect.name) for column in table.c))
    with explained(database):
        found = connection.execute(query, execution_options={"yield_per": _BATCH})
        yield from found.partitions()


def _continue_keys(connection: Connection, table: Table) -> None:
    """Let new keys follow the highest that was carried; SQLite does so by itself."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name == "sqlite":
        return
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    highest = select(func.max(column)).scalar_subquery()
    connection.execute(select(func.setval(sequence, highest)).where(highest.is_not(None)))


def _compare(
    connection: Connection,
    database: Engine,
    carried: Mapping[str, _Tally],
    watch: Callable[[int], object],
) -> None:
    """Read the new book back: is every row there as it was sent?"""
    done = 0
    for table in metadata.sorted_tables:
        tally = _Tally()
        for batch in _batches(database, connection, table):
            tally.count(batch)
            watch(done + tally.rows)
        if tally != carried[table.name]:
            raise ArrivedOtherwise(database.place, f"{table.name} came back otherwise")
        done += tally.rows


def _verify(connection: Connection, place: str, head: Head) -> None:
    """Does every guard stand, and does the chain hold?"""
    if lacking := guards.missing(connection):
        raise ArrivedOtherwise(place, f"the guards {', '.join(lacking)} are missing")
    if _sound(connection, place) != head:
        raise ArrivedOtherwise(place, "the audit trail has another head")
