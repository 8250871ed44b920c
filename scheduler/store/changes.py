"""Who changed the book, when, by which command and why; and what came of it.

>>> from datetime import UTC, datetime
>>> Change(user="li", at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC), command="enroll").reason
''
"""

from dataclasses import dataclass
from datetime import datetime

from scheduler.subject import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One command's mark in the history: who, when (an instant with a zone), what, why."""

    user: str
    at: datetime
    command: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A visit as one change left it, and the protocol version its participant was on then.

    `number` is the key of the change: later changes have higher ones.
    """

    number: int
    change: Change
    visit: Visit
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """From this change on the participant follows that version of the protocol."""

    change: Change
    version: str
