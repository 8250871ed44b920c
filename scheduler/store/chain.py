"""The chain: every change sealed together with the hash of the change before it.

The seal of a change holds a digest of every row that the change recorded, and a hash over
the hash before it and these digests.  So nothing in the history can be edited, added,
removed or put in another order without breaking the chain there, unless all seals after
it are made anew; and then its head is not the one that was noted before.

It can be checked without this program.  The canonical form of a row is told in
`scheduler.store.canon`; its digest is the SHA-256 of that.  `seals.digests` is a JSON list of
[table, key, digest], by table and key, for the row of `changes` and all rows with that
`change_id`; `seals.hash` is the SHA-256 of the hash before, a line feed, and `digests`.

>>> hashed(NOTHING, '[["changes",[1],"9c56"]]')[:16]
'af535b7139f3e877'
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from scheduler.store import canon
from scheduler.store.canon import Row
from scheduler.store.driver import Plain, ask, fill
from scheduler.store.plain import instant, plain
from scheduler.store.tables import changes, seals

NOTHING = "0" * 64
"""The hash before the first seal."""

TOLERANCE = timedelta(minutes=1)
"""Desks' clocks differ, and a change is stored some time after it was given its instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of the chain: how many changes there are, and the hash over all of them."""

    number: int
    hash: str


NOBODY = Head(number=0, hash=NOTHING)
"""The head of a book without a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What a transaction has added to the chain: where that ended before, and where it ends now.

    `back` is how far the clock had gone back since the change before; zero when it had not.
    """

    before: Head
    after: Head
    back: timedelta


_HASH = select(seals.c.hash).where(seals.c.number == bindparam("number"))


def end(connection: Connection) -> tuple[Head, datetime | None]:
    """The end of the chain, and the instant of its last change; None where there is none."""
    newest = ask(connection, _newest(connection.dialect.name))
    if not newest:
        return NOBODY, None
    number, hash, at = newest[0]
    return Head(number=number, hash=hash), instant(at) if at else None


def goes_on(connection: Connection, known: Head, now: Head) -> bool:
    """Whether the chain that ends in `now` continues the one that ended in `known`."""
    if known in (NOBODY, now):
        return True
    return [hash for (hash,) in ask(connection, _HASH, {"number": known.number})] == [known.hash]


def seal(
    connection: Connection, end: tuple[Head, datetime | None], change_ids: Sequence[int]
) -> Sealed:
    """Seal the changes that this transaction has made, in the order given, after the `end`.

    A change that was undone is passed over.

    Raises:
        IntegrityError: another desk has sealed a change since this transaction began.
    """
    before, at = end
    number, hash, back = before.number, before.hash, timedelta(0)
    for change_id in change_ids:
        rows = list(canon.of_change(connection, change_id))
        instants = [row.columns["at"] for row in rows if row.table == changes.name]
        if not instants:
            continue
        now = instant(instants[0])
        back = max(back, at - now) if at else back
        digests = digests_of(rows)
        number, hash, at = number + 1, hashed(hash, digests), now
        row: Plain = {"number": number, "change_id": change_id, "digests": digests, "hash": hash}
        fill(connection, seals, [row])
    return Sealed(before=before, after=Head(number=number, hash=hash), back=back)


@cache
def _newest(dialect: str) -> Select[Any]:
    """The newest seal, and the instant of its change."""
    return (
        select(seals.c.number, seals.c.hash, plain(changes.c.at, dialect))
        .outerjoin(changes, changes.c.id == seals.c.change_id)
        .where(seals.c.number == select(func.max(seals.c.number)).scalar_subquery())
    )


def digests_of(rows: Iterable[Row]) -> str:
    """What a seal holds of the rows of its change."""
    return canon.json_line(sorted((row.table, row.key, row.digest) for row in rows))


def hashed(before: str, digests: str) -> str:
    """The hash of the seal that follows the hash `before`."""
    return canon.digest(f"{before}\n{digests}")
