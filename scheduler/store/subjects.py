"""Participants as rows of the book: found by code, entered once, weighed again and again.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     find(connection, "ZJ-001"), every(connection, site=None)
(None, ())
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    exists,
    func,
    insert,
    select,
    true,
)

from scheduler.errors import UnknownName
from scheduler.store import rows, tables
from scheduler.store.driver import ask, enter
from scheduler.subject import Subject, Weight

_newer_weight = tables.weights.alias()
_newer_version = tables.amendments.alias()
_SUBJECTS = (
    select(tables.subjects, tables.weights.c.kg, tables.weights.c.measured)
    .add_columns(
        func.coalesce(tables.amendments.c.version, tables.subjects.c.protocol_version).label(
            "version"
        )
    )
    .select_from(tables.subjects)
    .outerjoin(
        tables.amendments,
        (tables.amendments.c.subject_id == tables.subjects.c.id)
        & ~exists().where(
            _newer_version.c.subject_id == tables.amendments.c.subject_id,
            _newer_version.c.id > tables.amendments.c.id,
        ),
    )
    .outerjoin(
        tables.weights,
        (tables.weights.c.subject_id == tables.subjects.c.id)
        & ~exists().where(
            _newer_weight.c.subject_id == tables.weights.c.subject_id,
            _newer_weight.c.id > tables.weights.c.id,
        ),
    )
)
"""Subjects as they are now: with the version they follow and the weight added last."""


_KEY = tables.subjects.c.code_key == bindparam("key")
_SUBJECT = _SUBJECTS.where(_KEY)
_ID = select(tables.subjects.c.id).where(_KEY)
_ENROLLED = select(tables.subjects.c.code).where(_KEY)
_CODES = select(tables.subjects.c.code).where(tables.subjects.c.site == bindparam("site"))
_WEIGH = insert(tables.weights)


def every(connection: Connection, site: str | None) -> tuple[Subject, ...]:
    """Everyone enrolled, at one site or at all, by code."""
    return among(connection, true() if site is None else tables.subjects.c.site == site)


def among(connection: Connection, such: ColumnElement[bool]) -> tuple[Subject, ...]:
    """Such subjects, by code."""
    found = map(rows.subject_of, connection.execute(_SUBJECTS.where(such)))
    # Two databases sort text differently; Python sorts it one way.
    return tuple(sorted(found, key=lambda subject: subject.code))


def named(codes: Iterable[str]) -> ColumnElement[bool]:
    """That a subject has one of these codes, in any case and width."""
    return tables.subjects.c.code_key.in_([rows.code_key(code) for code in codes])


def codes(connection: Connection, site: str) -> tuple[str, ...]:
    """The code of everyone at a site."""
    return tuple([code for (code,) in ask(connection, _CODES, {"site": site})])


def enrolled(connection: Connection, code: str) -> str | None:
    """The code, as it was entered, of who is enrolled under it in any case and width."""
    found = ask(connection, _ENROLLED, {"key": rows.code_key(code)})
    return found[0][0] if found else None


def find(connection: Connection, code: str) -> Row[Any] | None:
    """The row of the subject of that code, in any case and width; None when there is none."""
    return connection.execute(_SUBJECT, {"key": rows.code_key(code)}).one_or_none()


def id_of(connection: Connection, code: str) -> int:
    """The key of the subject with that code.

    Raises:
        UnknownName: nobody is enrolled under it.
    """
    found = ask(connection, _ID, {"key": rows.code_key(code)})
    id: int = found[0][0] if found else row(connection, code).id
    return id


def row(connection: Connection, code: str) -> Row[Any]:
    """The row of the subject of that code.

    Raises:
        UnknownName: nobody is enrolled under it.
    """
    found = find(connection, code)
    if found is None:
        raise UnknownName("subject", code, _similar(connection, code))
    return found


def add(connection: Connection, change_id: int, subject: Subject) -> int:
    """Enter a new subject, weighed or not; the id is its own."""
    columns = {**rows.subject_columns(subject), "change_id": change_id}
    subject_id = enter(connection, tables.subjects, columns)
    if subject.weight:
        weigh(connection, change_id, subject_id, subject.weight)
    return subject_id


def weigh(connection: Connection, change_id: int, subject_id: int, weight: Weight) -> None:
    """Add a body weight; the one added last counts."""
    kg = {"kg": str(weight.kg), "measured": weight.measured}
    columns = {**kg, "subject_id": subject_id, "change_id": change_id}
    connection.execute(_WEIGH, columns)


def _similar(connection: Connection, code: str) -> Iterable[str]:
    """The few enrolled codes nearest to `code`: thousands would bury the suggestion."""
    from difflib import get_close_matches

    known = connection.execute(select(tables.subjects.c.code_key, tables.subjects.c.code))
    by_key = dict(tuple(found) for found in known)
    return [by_key[key] for key in get_close_matches(rows.code_key(code), by_key, n=5)]
