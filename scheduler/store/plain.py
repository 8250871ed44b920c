"""The plain form of what the book stores: numbers and texts, as SQLite has them.

Dates are 2026-03-02, instants in UTC 2026-03-02 01:30:00.000000, truth is 0 or 1, and JSON is
its very text.  The history is hashed in this form (`scheduler.store.canon`) and carried from
one engine to another in it, and it needs no preparing on the way to SQLite.

>>> plain_instant(datetime(2026, 3, 2, 1, 30, tzinfo=UTC))
'2026-03-02 01:30:00.000000'
>>> instant("2026-03-02 01:30:00.000000") == datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
True
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    bindparam,
    cast,
    func,
    type_coerce,
)
from sqlalchemy.types import NULLTYPE

from scheduler.store.tables import Instant

Cell = int | str


def plain(column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """The column as SQLite stores it."""
    if dialect == "sqlite":
        # No type: whatever stands in the file comes back as it is.
        return type_coerce(column, NULLTYPE)
    match column.type:
        case Instant():
            return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI:SS.US")
        case Date():
            return func.to_char(column, "YYYY-MM-DD")
        case Boolean():
            return cast(column, Integer)
        case JSON():
            return cast(column, Text)
        case _:
            return type_coerce(column, NULLTYPE)


def stored(name: str, column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """What the column holds when the parameter `name` is its plain form."""
    if dialect == "sqlite":
        # A type that leaves every value as it is, unlike the column's own.
        return bindparam(name, type_=Text())
    match column.type:
        case Instant():
            return func.timezone("UTC", cast(bindparam(name, type_=Text()), DateTime()))
        case Date() | JSON():
            return cast(bindparam(name, type_=Text()), column.type)
        case Boolean():
            return cast(bindparam(name, type_=Integer()), column.type)
        case _:
            return bindparam(name, type_=column.type)


def plain_instant(moment: datetime) -> str:
    """The plain form of an instant.

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    # A change is an instant in UTC, told with each of its visits; elsewhere two instants of a
    # repeated hour are equal, and must not be taken for each other.
    return _known_clock(moment) if moment.tzinfo is UTC else clock(in_utc(moment))


def clock(utc: datetime) -> str:
    """The plain form of an instant whose clock of UTC is known."""
    return utc.isoformat(" ", "microseconds")


@lru_cache(maxsize=64)
def _known_clock(moment: datetime) -> str:
    return clock(in_utc(moment))


def in_utc(moment: datetime) -> datetime:
    """The clock of UTC at an instant, without a zone: it is told in half the time then."""
    utc = moment.astimezone(UTC)
    return datetime.combine(utc.date(), utc.time())


def order(number: Cell) -> tuple[bool, int, str]:
    """Where both engines sort a number; SQLite lets foul play put a text where one belongs.

    >>> sorted(["x", 10, 9], key=order)
    [9, 10, 'x']
    """
    return (False, number, "") if isinstance(number, int) else (True, 0, number)


def instant(plain: Cell) -> datetime:
    """The instant of a plain form, in UTC."""
    return datetime.fromisoformat(f"{plain}+00:00")
