"""What was found when participants were screened, as rows of the book.

The table has no column for an answer: outcomes and counts are all there is to keep.

>>> outcome = RuleOutcome(rule="age", outcome=Outcome.ELIGIBLE, count=None)
>>> _outcome(_record(outcome)) == outcome
True
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select

from scheduler.outcomes import Count, Outcome, Unit
from scheduler.ruling import RuleOutcome, Ruling
from scheduler.store.changes import Change
from scheduler.store.rows import change_of
from scheduler.store.tables import changes, screenings, subjects

_RULINGS = (
    select(screenings, changes.c.user_name, changes.c.at, changes.c.command, changes.c.reason)
    .add_columns(subjects.c.code)
    .join(changes, changes.c.id == screenings.c.change_id)
    .join(subjects, subjects.c.id == screenings.c.subject_id)
    .order_by(screenings.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A ruling, and the change that recorded it: who decided, and when.

    `number` is the key of the change: later changes have higher ones.
    """

    number: int
    change: Change
    ruling: Ruling


def add(connection: Connection, change_id: int, subject_id: int, ruling: Ruling) -> None:
    """Enter what a subject's screening came to."""
    row = {
        "subject_id": subject_id,
        "change_id": change_id,
        "day": ruling.day,
        "version": ruling.version,
        "outcome": ruling.outcome.value,
        "consent": str(ruling.consent) if ruling.consent else None,
        "review": ruling.review,
        "rules": [_record(outcome) for outcome in ruling.rules],
    }
    connection.execute(insert(screenings), row)


def of_subject(connection: Connection, subject_id: int) -> tuple[Ruled, ...]:
    """Everything that was found of a subject, oldest first."""
    query = _RULINGS.where(screenings.c.subject_id == subject_id)
    return tuple(map(_ruled, connection.execute(query)))


def among(connection: Connection, such: ColumnElement[bool]) -> Mapping[str, Sequence[Ruled]]:
    """Everything that was found of every such subject, oldest first, by code."""
    found: dict[str, list[Ruled]] = {}
    for row in connection.execute(_RULINGS.where(such)):
        found.setdefault(row.code, []).append(_ruled(row))
    return found


def _ruled(row: Row[Any]) -> Ruled:
    from scheduler.answers import PartialDate

    ruling = Ruling(
        day=row.day,
        version=row.version,
        outcome=Outcome(row.outcome),
        consent=PartialDate.parse(row.consent) if row.consent else None,
        review=row.review,
        rules=tuple(map(_outcome, row.rules)),
    )
    return Ruled(number=row.change_id, change=change_of(row), ruling=ruling)


def _record(outcome: RuleOutcome) -> dict[str, Any]:
    count = outcome.count
    # Only said where it is not so, for the books of old have no word of it.
    waived = {} if outcome.applies else {"applies": False}
    return {
        "rule": outcome.rule,
        "outcome": outcome.outcome.value,
        "count": [count.least, count.most, count.unit.value] if count else None,
        "flagged": outcome.flagged,
        **waived,
    }


def _outcome(stored: Mapping[str, Any]) -> RuleOutcome:
    count = None
    if stored["count"]:
        least, most, unit = stored["count"]
        count = Count(least=least, most=most, unit=Unit(unit))
    return RuleOutcome(
        rule=stored["rule"],
        outcome=Outcome(stored["outcome"]),
        count=count,
        flagged=stored["flagged"],
        applies=stored.get("applies", True),
    )
