"""The canonical form of the history: what is hashed, the same on both engines.

A row is a JSON object of its columns in their plain form (`scheduler.store.plain`): whole
numbers, and texts (dates as 2026-03-02, instants in UTC as 2026-03-02 01:30:00.000000, truth as
0 and 1, JSON columns as their very text).  Columns that are NULL are left out, keys are sorted,
there are no spaces, and all is UTF-8.  So a column that a later schema adds must be NULL in the
rows before it, and a book that moves to another engine keeps its keys.

>>> Row(table="weights", change_id=1, key=(7,), columns={"kg": "68.50", "id": 7}).text
'{"id":7,"kg":"68.50"}'
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    exists,
    select,
)

from scheduler.store.driver import ask, raw
from scheduler.store.plain import Cell, plain
from scheduler.store.tables import changes, metadata, seals

HISTORY = tuple(
    table
    for table in metadata.sorted_tables
    if table is changes or ("change_id" in table.c and table is not seals)
)
"""What is sealed: `changes`, and every table whose rows say which change recorded them."""


class Row(NamedTuple):
    """One row: its table, the change that recorded it, its key, its columns but for NULL."""

    table: str
    change_id: Cell
    key: tuple[Cell, ...]
    columns: dict[str, Cell]

    @property
    def text(self) -> str:
        """The canonical form."""
        return json_line(self.columns)

    @property
    def digest(self) -> str:
        """The SHA-256 of the canonical form."""
        return sha256(_json_bytes(self.columns)).hexdigest()


def json_line(value: object) -> str:
    """A value as JSON: keys sorted, no spaces, all but control characters as they are."""
    return _json_bytes(value).decode(errors="surrogateescape")


def digest(text: str) -> str:
    """The SHA-256 of a text, in hexadecimal."""
    return sha256(text.encode(errors="surrogateescape")).hexdigest()


def _json_bytes(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # Bytes that are no UTF-8, which only foul play leaves in a book, are read as surrogates.
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode(errors="surrogateescape")


def of_change(connection: Connection, change_id: int) -> Iterator[Row]:
    """Every row that a change recorded, its own in `changes` among them."""
    # A change touches few tables, and one question is far cheaper than one for each.
    (touched,) = ask(connection, _TOUCHED, {"change": change_id})
    for table, is_touched in zip(HISTORY, touched, strict=True):
        if not is_touched:
            continue
        query = _reading(table, connection.dialect.name, one=True)
        for found in ask(connection, query, {"change": change_id}):
            yield _row(table, found)


def of_table(connection: Connection, table: Table, *such: ColumnElement[bool]) -> Iterator[Row]:
    """Every row of a table of the history, or of `seals`, by change; foul ones too."""
    query = _reading(table, connection.dialect.name, one=False).where(*such)
    with _lenient(connection):
        for found in connection.execute(query, execution_options={"yield_per": 500}):
            yield _row(table, found)


@contextmanager
def _lenient(connection: Connection) -> Iterator[None]:
    """Let SQLite answer with texts that are no UTF-8 instead of failing."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = raw(connection)
    strict = driver.text_factory
    driver.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = strict


def _mark(table: Table) -> Column[int]:
    return table.c.id if table is changes else table.c.change_id


_WRITTEN = {str, int}
"""Nothing else is ever written; foul play may leave blobs and fractions in SQLite."""

_TOUCHED = select(
    *(exists().where(_mark(table) == bindparam("change")).label(table.name) for table in HISTORY)
)


@cache
def _reading(table: Table, dialect: str, *, one: bool) -> Select[Any]:
    mark = _mark(table)
    query = select(*(plain(column, dialect).label(column.name) for column in table.c))
    if one:
        return query.where(mark == bindparam("change"))
    return query.order_by(mark, *table.primary_key)


def _row(table: Table, found: Iterable[Any]) -> Row:
    names, mark, key = _names(table)
    columns = {name: value for name, value in zip(names, found, strict=True) if value is not None}
    if not _WRITTEN.issuperset(map(type, columns.values())):
        columns = {name: _cell(value) for name, value in columns.items()}
    values = tuple([columns.get(name, "") for name in key])
    return Row(table.name, columns.get(mark, ""), values, columns)


def _cell(value: Any) -> Cell:
    return value if isinstance(value, (str, int)) else repr(value)


@cache
def _names(table: Table) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Of all columns, of the one that says which change recorded a row, and of the key."""
    # Plain texts: SQLAlchemy has a kind of its own, which is no key to `orjson`.
    every, key = (tuple(str(column.name) for column in of) for of in (table.c, table.primary_key))
    return every, str(_mark(table).name), key
