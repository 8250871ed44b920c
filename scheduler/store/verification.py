"""Verification: does the history stand as it was sealed, and if not, where was it touched?

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     seals.metadata.create_all(connection)
...     verify(connection).head.number
0
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import groupby

from sqlalchemy import Connection

from scheduler.errors import Problem, SchedulerError
from scheduler.store import canon, occupancy
from scheduler.store.canon import Row
from scheduler.store.chain import NOTHING, Head, hashed
from scheduler.store.plain import Cell, order
from scheduler.store.tables import changes, seals

Seal = Mapping[str, Cell]
"""The columns of a row of `seals`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The end of the chain, and every place where the book is not as the chain says."""

    head: Head
    problems: tuple[Problem, ...]


class BrokenTrail(SchedulerError):
    """The history is not as it was sealed."""

    exit_code = 8

    def __init__(self, problems: Iterable[Problem]) -> None:
        lines = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"the audit trail does not verify:{lines}")


def verify(connection: Connection, noted: str = "") -> Verdict:
    """Read the whole history once, and compare it with its seals, and `bookings` with it.

    Args:
        noted: the hash, or how it begins, of a head that was told before.  Only with it can
            it be seen that the newest changes were removed, or that all seals were made anew.
    """
    problems: list[Problem] = []
    number, hash = 0, NOTHING
    known = hash.startswith(noted)
    for change_id, group in groupby(_by_change(connection), key=_order):
        rows = list(group)
        found = [row for row in rows if row.table != seals.name]
        sealed = [row.columns for row in rows if row.table == seals.name]
        place = _place(change_id[1] or change_id[2], found)
        if not sealed:
            problems.append(Problem(place, "was added past the program: it has no seal"))
        for seal in sealed:
            problems += _link_problems(place, seal, number, hash)
            problems += _row_problems(place, seal, found)
            number, hash = int(seal["number"]), str(seal["hash"])
            known = known or hash.startswith(noted)
    if not known:
        what = f"no change has the hash {noted} any more: the newest were removed, or all made anew"
        problems.append(Problem("head", what))
    if not problems:
        problems += occupancy.differences(connection)
    return Verdict(head=Head(number=number, hash=hash), problems=tuple(problems))


def _by_change(connection: Connection) -> Iterator[Row]:
    """Every row of the history and every seal, by change: each table is read once."""
    tables = [canon.of_table(connection, table) for table in (*canon.HISTORY, seals)]
    return merge(*tables, key=_order)


def _order(row: Row) -> tuple[bool, int, str]:
    return order(row.change_id)


def _place(change_id: object, found: Iterable[Row]) -> str:
    for row in found:
        if row.table == changes.name:
            marks = (row.columns.get(name, "") for name in ("at", "user_name", "command"))
            return f"change {change_id} ({', '.join(map(str, marks))})"
    return f"change {change_id}"


def _link_problems(place: str, seal: Seal, number: int, hash: str) -> Iterator[Problem]:
    """What is wrong between this seal and the one before it."""
    if seal["number"] != number + 1:
        what = f"has number {seal['number']} in the chain instead of {number + 1}"
        yield Problem(place, f"{what}: changes before it were removed, added or reordered")
    elif seal["hash"] != hashed(hash, str(seal["digests"])):
        what = "its seal does not continue the chain"
        yield Problem(place, f"{what}: it was edited, or the change before it was replaced")


def _row_problems(place: str, seal: Seal, found: Iterable[Row]) -> Iterator[Problem]:
    """Rows of the change that are not as they were sealed."""
    try:
        listed = json.loads(str(seal["digests"]))
        sealed = {(table, canon.json_line(key)): digest for table, key, digest in listed}
    except (TypeError, ValueError):
        yield Problem(place, "its seal cannot be read")
        return
    standing = {(row.table, canon.json_line(row.key)): row.digest for row in found}
    for name in sorted(sealed.keys() | standing.keys()):
        if name not in standing:
            done = "removed"
        elif name not in sealed:
            done = "added"
        elif standing[name] != sealed[name]:
            done = "edited"
        else:
            continue
        yield Problem(place, f"row {name[1][1:-1]} of {name[0]} was {done}")
