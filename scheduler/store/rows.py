"""Rows of the book to values and back.

Instants are stored in UTC beside the name of their zone, so a visit comes back with the
very wall clock it went in with, in the repeated hour too.

>>> code_key(" ＺＪ－００１ ") == code_key("zj-001")
True
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Row

from scheduler.dates import Interval, Window
from scheduler.protocol import Kind, Mode
from scheduler.store.changes import Change
from scheduler.store.plain import Cell, clock, in_utc, plain_instant
from scheduler.subject import TAKING, Allocation, Status, Subject, Visit, Weight
from scheduler.words import Words

Columns = dict[str, Any]
"""Column names to what a table stores; SQLAlchemy types no finer."""

_NO_SPAN = dict.fromkeys(("start_at", "end_at", "zone"))


def json_text(value: object) -> str:
    """How JSON columns are written: Chinese stays readable in the database."""
    return orjson.dumps(value).decode()


def code_key(code: str) -> str:
    """What two spellings of one code share: no case, no width, no space around."""
    return unicodedata.normalize("NFKC", code.strip()).casefold()


def change_of(row: Row[Any]) -> Change:
    """The change of a row joined with `changes`."""
    return Change(user=row.user_name, at=row.at, command=row.command, reason=row.reason)


def change_columns(change: Change) -> dict[str, Cell]:
    """The row of `changes` for a change, in its plain form."""
    return {
        "user_name": change.user,
        "at": plain_instant(change.at),
        "command": change.command,
        "reason": change.reason,
    }


def subject_of(row: Row[Any]) -> Subject:
    """The subject of a row of `subjects` with its newest weight, if any, and `version`."""
    weight = None if row.kg is None else Weight(kg=Decimal(row.kg), measured=row.measured)
    return Subject(
        code=row.code,
        site=row.site,
        arm=row.arm,
        enrolled=row.enrolled,
        protocol=row.protocol,
        protocol_version=row.version,
        weight=weight,
    )


def subject_columns(subject: Subject) -> dict[str, Cell]:
    """The row of `subjects` for a subject, in its plain form; its weight is a row of its own."""
    return {
        "code": subject.code,
        "code_key": code_key(subject.code),
        "site": subject.site,
        "arm": subject.arm,
        "enrolled": subject.enrolled.isoformat(),
        "protocol": subject.protocol,
        "protocol_version": subject.protocol_version,
    }


def visit_of(row: Row[Any]) -> Visit:
    """The visit of a row of `visit_entries` joined with `visits` and the subject's code."""
    zone = ZoneInfo(row.zone) if row.zone else None
    return Visit(
        study=row.study,
        subject=row.code,
        site=row.site,
        encounter=row.encounter,
        occurrence=row.occurrence,
        label=Words.of(row.label),
        kind=Kind(row.kind),
        mode=Mode(row.mode),
        target=row.target,
        window=Window(earliest=row.earliest, latest=row.latest),
        status=Status(row.status),
        scheduled=interval(row.start_at, row.end_at, zone) if zone else None,
        allocations=tuple(_allocation(taken) for taken in row.allocations),
        actual=row.actual,
        why=tuple(row.why),
        basis=row.basis,
        unverified=row.unverified,
        sequence=row.sequence,
        changed=row.changed,
    )


def units(stored: Iterable[Mapping[str, str]]) -> tuple[Allocation, ...]:
    """The units of a state, in UTC."""
    return tuple(
        [Allocation(unit=taken["unit"], interval=_stored_interval(taken)) for taken in stored]
    )


def state_columns(
    visit: Visit, visit_id: int, revision: int, change_id: int
) -> tuple[dict[str, Cell | None], Sequence[dict[str, Cell]]]:
    """The row of `visit_entries` for a visit's state and those of `bookings`, in plain form.

    The change adds this revision of the visit.  There are no `bookings` once that frees its
    units.

    Raises:
        ValueError: an instant carries no IANA zone, or the slot has two.
    """
    slot, allocations, told = visit.scheduled, visit.allocations, _told(visit)
    entry = {
        "visit_id": visit_id,
        "revision": revision,
        "change_id": change_id,
        "study": visit.study,
        "site": visit.site,
        "label": _label_text(visit.label),
        "kind": visit.kind.value,
        "mode": visit.mode.value,
        "status": visit.status.value,
        "target": visit.target.isoformat(),
        "earliest": visit.window.earliest.isoformat(),
        "latest": visit.window.latest.isoformat(),
        "day": (visit.day or visit.target).isoformat(),
        **(told[id(slot)][0] if slot else _NO_SPAN),
        "actual": visit.actual.isoformat() if visit.actual else None,
        "allocations": json_text(
            [{"unit": taken.unit, **told[id(taken.interval)][1]} for taken in allocations]
        ),
        "why": json_text(visit.why),
        "basis": visit.basis,
        "unverified": int(visit.unverified),
        "sequence": visit.sequence,
        "changed": plain_instant(visit.changed),
    }
    if visit.status not in TAKING:
        return entry, ()
    return entry, [
        {
            "visit_id": visit_id,
            "site": visit.site,
            "unit": taken.unit,
            **told[id(taken.interval)][0],
        }
        for taken in allocations
    ]


def interval(start: datetime, end: datetime, zone: ZoneInfo) -> Interval:
    """Two stored instants by the clock of `zone`."""
    return Interval(start=start.astimezone(zone), end=end.astimezone(zone))


def zone_name(slot: Interval) -> str:
    """The IANA name both instants share; ValueError when there is none."""
    first, last = slot.start.tzinfo, slot.end.tzinfo
    if isinstance(first, ZoneInfo) and isinstance(last, ZoneInfo) and first.key == last.key:
        return first.key
    raise ValueError(f"{slot.start} to {slot.end} are not instants of one ZoneInfo")


@lru_cache(maxsize=256)
def _label_text(label: Words) -> str:
    return json_text(dict(label.texts))


def _told(visit: Visit) -> dict[int, tuple[dict[str, Cell], dict[str, str]]]:
    """The spans of a visit's time and units, by their ids: as columns, and as JSON has them.

    Each is told once, for units are mostly taken for the very same time.
    """
    spans = {id(taken.interval): taken.interval for taken in visit.allocations}
    if visit.scheduled:
        spans[id(visit.scheduled)] = visit.scheduled
    return {key: _span_told(span) for key, span in spans.items()}


def _span_told(span: Interval) -> tuple[dict[str, Cell], dict[str, str]]:
    zone, start, end = zone_name(span), in_utc(span.start), in_utc(span.end)
    columns: dict[str, Cell] = {"start_at": clock(start), "end_at": clock(end), "zone": zone}
    iso = {"start": f"{start.isoformat()}+00:00", "end": f"{end.isoformat()}+00:00"}
    return columns, {"zone": zone, **iso}


def _allocation(stored: Mapping[str, str]) -> Allocation:
    span = _stored_interval(stored)
    zone = ZoneInfo(stored["zone"])
    return Allocation(unit=stored["unit"], interval=interval(span.start, span.end, zone))


def _stored_interval(stored: Mapping[str, str]) -> Interval:
    return _interval_of(stored["start"], stored["end"])


@lru_cache(maxsize=1024)
def _interval_of(start: str, end: str) -> Interval:
    # The units of a visit are taken for the same time, or nearly so.
    return Interval(start=datetime.fromisoformat(start), end=datetime.fromisoformat(end))
