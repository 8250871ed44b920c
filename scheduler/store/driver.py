"""The driver: questions and new rows that go to it past SQLAlchemy.

SQLAlchemy takes longer to prepare the values of a row than SQLite takes to store it.  Numbers
and texts need no preparing, so what is done at every change is done in the plain form of
`scheduler.store.plain`.  PostgreSQL is slower to reach than all this, and gets no short cut.

>>> from sqlalchemy import create_engine, select
>>> from scheduler.store.tables import visits
>>> row = {"subject_id": 1, "encounter": "day-30", "occurrence": 1, "change_id": 1}
>>> with create_engine("sqlite://").connect() as connection:
...     visits.metadata.create_all(connection)
...     fill(connection, visits, [row, {**row, "occurrence": 2}])
...     ask(connection, select(visits.c.id, visits.c.encounter))
[(1, 'day-30'), (2, 'day-30')]
"""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Executable, Insert, Table, insert
from sqlalchemy.exc import DBAPIError

from scheduler.store.plain import Cell, stored

Plain = Mapping[str, Cell | None]
"""Values in their plain form, by the names of parameters or of columns, of which there are two."""


def ask(
    connection: Connection, question: Executable, values: Plain = MappingProxyType({})
) -> Sequence[Sequence[Any]]:
    """The rows of the answer; what a question asks for and with is numbers and texts.

    Each question is a constant of a module, so that it is put into words once.

    Raises:
        DBAPIError: the database refuses.
    """
    if connection.dialect.name == "sqlite":
        words, names, given = _words(question)
        every = {**given, **values} if given else values
        try:
            return raw(connection).execute(words, [every[name] for name in names]).fetchall()
        except sqlite3.Error:
            pass  # SQLAlchemy will fail too, with errors that are known here
    return connection.execute(question, values).all()


def enter(connection: Connection, table: Table, row: Plain) -> int:
    """Enter one row; the key that it gets.

    Raises:
        DBAPIError: the database refuses it.
    """
    names = tuple(row)
    if connection.dialect.name == "sqlite":
        words = _insertion(table, names)
        try:
            return int(raw(connection).execute(words, tuple(row.values())).lastrowid or 0)
        except sqlite3.Error as error:
            raise told(error, words) from error
    statement = _statement(table, names, connection.dialect.name)
    return int(connection.execute(statement, _parameters(row)).scalar_one())


def fill(connection: Connection, table: Table, rows: Sequence[Plain]) -> None:
    """Enter rows that name the same columns, all or, in SQLite, those before the one refused.

    Raises:
        DBAPIError: the database refuses one of them.
    """
    if not rows:
        return
    names = tuple(rows[0])
    if connection.dialect.name == "sqlite":
        values, words = itemgetter(*names), _insertion(table, names)
        try:
            raw(connection).executemany(words, [values(row) for row in rows])
        except sqlite3.Error as error:
            raise told(error, words) from error
    else:
        statement = _statement(table, names, connection.dialect.name)
        connection.execute(statement, [_parameters(row) for row in rows])


def number(connection: Connection, table: Table, rows: Sequence[Plain]) -> Sequence[int]:
    """As `fill`, into a table that numbers its rows; their numbers, in the same order.

    Raises:
        DBAPIError: the database refuses one of them.
    """
    if not rows:
        return ()
    if connection.dialect.name == "sqlite":
        fill(connection, table, rows)
        # Nobody else writes meanwhile, so they follow one another.
        [(last,)] = raw(connection).execute("SELECT last_insert_rowid()")
        return range(last - len(rows) + 1, last + 1)
    statement = _numbering(table, tuple(rows[0]), connection.dialect.name)
    return connection.execute(statement, [_parameters(row) for row in rows]).scalars().all()


def pour(connection: Connection, table: Table, rows: Sequence[Plain]) -> None:
    """As `fill`, for thousands of rows into a book that nobody else writes.

    PostgreSQL is sent a statement for each row, all before its first answer: one that holds the
    values of thousands takes twice as long to put into words and to read as to carry out.

    Raises:
        DBAPIError: the database refuses one of them.
    """
    if connection.dialect.name == "sqlite" or not rows:
        fill(connection, table, rows)
        return
    statement = _values(table, tuple(rows[0]), connection.dialect.name)
    connection.execute(statement, [_parameters(row) for row in rows])


def raw(connection: Connection) -> sqlite3.Connection:
    """SQLite's own connection under that of SQLAlchemy."""
    # Which is the driver's own, too, without SQLAlchemy's asking itself whether it is.
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def told(error: sqlite3.Error, words: str) -> DBAPIError:
    """A refusal as SQLAlchemy tells it, whose errors are known here."""
    told = DBAPIError.instance(words, None, error, sqlite3.Error, hide_parameters=True)
    assert isinstance(told, DBAPIError)
    return told


@cache
def _words(question: Executable) -> tuple[str, Sequence[str], Plain]:
    """A question as SQLite is asked it, the names of its parameters, and what is given of them."""
    from sqlalchemy.dialects.sqlite import dialect

    compiled: Any = question.compile(dialect=dialect())  # type: ignore[attr-defined]  # all that can be executed can be
    return str(compiled), compiled.positiontup or (), compiled.params


@cache
def _insertion(table: Table, names: tuple[str, ...]) -> str:
    """SQLite's statement, which it keeps prepared from row to row."""
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"


@cache
def _statement(table: Table, names: tuple[str, ...], dialect: str) -> Insert:
    # With RETURNING, all rows go as one statement; without, each as one of its own.
    return _values(table, names, dialect).returning(*table.primary_key)


@cache
def _numbering(table: Table, names: tuple[str, ...], dialect: str) -> Insert:
    [key] = table.primary_key
    return _values(table, names, dialect).returning(key, sort_by_parameter_order=True)


@cache
def _values(table: Table, names: tuple[str, ...], dialect: str) -> Insert:
    values = {name: stored(_parameter(name), table.c[name], dialect) for name in names}
    return insert(table).values(values)


def _parameters(row: Plain) -> Plain:
    return {_parameter(name): value for name, value in row.items()}


def _parameter(name: str) -> str:
    # SQLAlchemy keeps the names of the columns for itself.
    return f"plain_{name}"
