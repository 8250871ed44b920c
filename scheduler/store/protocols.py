"""Protocol versions as rows of the book: their texts, and who follows which since when.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     is_kept(connection, "bmsc-stroke", "1", "id = …")
False
"""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from scheduler.errors import Refused, UnknownName
from scheduler.store import rows, tables
from scheduler.store.changes import Following
from scheduler.store.driver import ask

_VERSION = (
    tables.protocols.c.id == bindparam("id"),
    tables.protocols.c.version == bindparam("version"),
)
_TEXT = select(tables.protocols.c.text).where(*_VERSION)
_SAME = select(tables.protocols.c.text == bindparam("text")).where(*_VERSION)


def add(connection: Connection, change_id: int, id: str, version: str, text: str) -> None:
    """Enter the text of a version that is not kept yet."""
    row = {"id": id, "version": version, "text": text, "change_id": change_id}
    connection.execute(insert(tables.protocols), row)


def is_kept(connection: Connection, id: str, version: str, text: str) -> bool:
    """Whether that text of a version is kept.

    Raises:
        Refused: that version is kept with another text.
    """
    kept = ask(connection, _SAME, {"id": id, "version": version, "text": text})
    if kept and not kept[0][0]:
        raise Refused(
            f"protocol {id} version {version} is in use with another text;"
            " give the changed one a new version"
        )
    return bool(kept)


def text(connection: Connection, id: str, version: str) -> str:
    """The text of a version as it was when first used.

    Raises:
        UnknownName: that version was never kept.
    """
    kept = _find(connection, id, version)
    if kept is None:
        known = select(tables.protocols.c.id, tables.protocols.c.version)
        names = sorted(" ".join(row) for row in connection.execute(known))
        raise UnknownName("protocol in the book", f"{id} {version}", names)
    return kept


def amend(connection: Connection, change_id: int, subject: Row[Any], version: str) -> None:
    """Let the subject of that row follow another version from this change on."""
    mark = {"subject_id": subject.id, "change_id": change_id}
    following = {"protocol": subject.protocol, "version": version}
    connection.execute(insert(tables.amendments), {**mark, **following})


def followed(connection: Connection, subject_id: int) -> tuple[Following, ...]:
    """Every version a subject has followed, that of the enrollment first."""
    marks, enrolled, amended = tables.changes, tables.subjects.c, tables.amendments.c
    columns = marks.c.user_name, marks.c.at, marks.c.command, marks.c.reason
    first = (
        select(*columns, enrolled.protocol_version.label("version"))
        .join(marks, marks.c.id == enrolled.change_id)
        .where(enrolled.id == subject_id)
    )
    later = (
        select(*columns, amended.version)
        .join(marks, marks.c.id == amended.change_id)
        .where(amended.subject_id == subject_id)
        .order_by(amended.id)
    )
    found = [*connection.execute(first), *connection.execute(later)]
    return tuple(Following(change=rows.change_of(row), version=row.version) for row in found)


def _find(connection: Connection, id: str, version: str) -> str | None:
    kept = ask(connection, _TEXT, {"id": id, "version": version})
    return kept[0][0] if kept else None
