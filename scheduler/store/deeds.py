"""The audit trail out of the book: rows of the history put into words.

It works on the canonical form, so a table that is added later is told too: its rows are
states of what their foreign key names, and what differs from the state before is told.

>>> _words('["chair-1", "nurse"]'), _words('{"en": "Day 1"}'), _words('68.50')
('chair-1; nurse', 'en Day 1', '68.50')
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from scheduler.errors import Problem
from scheduler.store import canon
from scheduler.store.canon import Row
from scheduler.store.chain import TOLERANCE
from scheduler.store.excerpt import AT_ONCE, OWNERS, Excerpt, excerpts
from scheduler.store.plain import Cell, instant
from scheduler.store.tables import changes
from scheduler.store.verification import BrokenTrail
from scheduler.subject import ref
from scheduler.trail import Deed, Field, Selection, Step

_ITEMS = {"subjects": "enrolled", "weights": "weight", "amendments": "protocol"}
"""What to call rows that are about a subject itself; others are called as their table."""

_TECHNICAL = {"id", "change_id", "revision", "code", "code_key", "sequence", "changed"}
_TECHNICAL |= {"token_hash", *OWNERS}
"""Columns that say nothing to a person, or nothing new."""

_FURTHER = {"screenings", "feeds"}
"""Tables whose rows stand beside the earlier ones and take no other's place."""

_FIRST = {"status", "time", "window"}
"""What is told of a visit's first state; the plan has the rest."""


def read(connection: Connection, selection: Selection, at_once: int = AT_ONCE) -> Iterator[Deed]:
    """The selected deeds, oldest first; no more of the history is read than they need.

    They are read `at_once`, so many of them, and are to be told within the transaction.

    Raises:
        UnknownName: the selected person has never done anything.
        BrokenTrail: hands in the database have left what cannot be read.
    """
    try:
        for excerpt in excerpts(connection, selection, at_once):
            yield from selection.each(_Telling(excerpt).deeds())
    except (KeyError, TypeError, ValueError) as error:
        problem = Problem("history", f"cannot be read ({error})", "run: schedule audit verify")
        raise BrokenTrail([problem]) from error


class _Telling:
    """The history so far, while it is told from the beginning."""

    def __init__(self, excerpt: Excerpt) -> None:
        self._numbers, self._before = excerpt.numbers(), excerpt.before()
        self._excerpt = excerpt
        self._rows: dict[Cell, list[Row]] = {}
        self._owners: dict[tuple[str, Cell], Row] = {}
        self._states: dict[tuple[str, Cell], Mapping[str, str]] = {}
        for row in excerpt.rows():
            self._rows.setdefault(row.change_id, []).append(row)
        for row in excerpt.owners():
            self._owners[row.table, row.key[0]] = row

    def deeds(self) -> Iterator[Deed]:
        for id, rows in sorted(self._rows.items()):
            steps = tuple(self._steps(rows))  # what came before is told too, to know its states
            if self._excerpt.tells(id):
                yield self._deed(id, rows, steps)

    def _deed(self, id: Cell, rows: list[Row], steps: tuple[Step, ...]) -> Deed:
        [marks] = (row.columns for row in rows if row.table == changes.name)
        at, before = instant(marks["at"]), self._before[id]
        back = instant(before) - at if before is not None else timedelta(0)
        return Deed(
            number=self._numbers.get(id),
            at=at,
            person=str(marks["user_name"]),
            command=str(marks["command"]),
            reason=str(marks["reason"]),
            back=back if back > TOLERANCE else timedelta(0),
            steps=steps,
        )

    def _steps(self, rows: list[Row]) -> Iterator[Step]:
        for row in rows:
            if row.table in {changes.name, "visits", "products"}:
                continue  # these only name what their entries are states of
            owner = next((name for name in OWNERS if name in row.columns), None)
            thing = (row.table, row.columns[owner] if owner else row.key[0])
            state = _state(row)
            before = None if row.table in _FURTHER else self._states.get(thing)
            self._states[thing] = state
            fields = tuple(_differences(row, before, state))
            if fields or before is not None:
                yield Step(subject=self._subject(row), item=self._item(row, owner), fields=fields)

    def _subject(self, row: Row) -> str:
        if row.table == "subjects":
            return str(row.columns["code"])
        for column, table in OWNERS.items():
            if column in row.columns:
                return self._subject(self._owners[table, row.columns[column]])
        return ""

    def _item(self, row: Row, owner: str | None) -> str:
        match owner:
            case "visit_id":
                visit = self._owners["visits", row.columns[owner]].columns
                return ref(str(visit["encounter"]), int(visit["occurrence"]))
            case "product_id":
                return f"batch {self._owners['products', row.columns[owner]].columns['batch']}"
            case "feed_id":
                return f"feed {row.columns[owner]}"
        if row.table == "feeds":
            return f"feed {row.columns['id']}"
        if row.table == "protocols":
            return f"protocol {row.columns['id']} {row.columns['version']}"
        return _ITEMS.get(row.table, row.table)


def _differences(
    row: Row, before: Mapping[str, str] | None, after: Mapping[str, str]
) -> Iterator[Field]:
    if before is None:
        short = row.table == "visit_entries"
        for name, value in after.items():
            if not short or name in _FIRST:
                yield Field(name=name, before=None, after=value)
        return
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            yield Field(name=name, before=before.get(name), after=after.get(name))


def _state(row: Row) -> dict[str, str]:
    """What a row says, by the name of the field."""
    columns = dict(row.columns)
    state = {}
    if row.table == "protocols":
        return {"text": f"SHA-256 {canon.digest(str(columns['text']))}"}
    if row.table == "feed_revocations":
        return {"status": "revoked"}
    if row.table == "visit_entries":
        state["status"] = str(columns.pop("status"))
        state |= _time(columns)
        state["window"] = f"{columns.pop('earliest')} – {columns.pop('latest')}"
        units = json.loads(str(columns.pop("allocations")))
        state["units"] = ", ".join(taken["unit"] for taken in units)
        columns.pop("day")
    for name, value in columns.items():
        if name not in _TECHNICAL:
            state[name.replace("_", " ")] = _words(value)
    return {name: value for name, value in state.items() if value}


def _time(columns: dict[str, Cell]) -> dict[str, str]:
    """The slot by the wall clock of its zone; both are taken out of the columns."""
    start, end, zone = (columns.pop(name, None) for name in ("start_at", "end_at", "zone"))
    if zone is None:
        return {}
    clock = ZoneInfo(str(zone))
    first, last = (instant(str(moment)).astimezone(clock) for moment in (start, end))
    return {"time": f"{first:%Y-%m-%d %H:%M}–{last:%H:%M}"}


def _words(value: Cell) -> str:
    """A field in words; lists and objects come as their JSON."""
    if not isinstance(value, str) or not value.startswith(("[", "{")):
        return str(value)
    try:
        return _told(json.loads(value))
    except ValueError:
        return value


def _told(value: object) -> str:
    match value:
        case dict():
            said = (f"{name} {_told(part)}" for name, part in value.items() if part)
            return ", ".join(said)
        case list():
            return "; ".join(map(_told, value))
        case _:
            return str(value)
