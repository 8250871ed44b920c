"""The book: subjects, their visits and what these take, inside one transaction.

Nothing here is ever overwritten.  A change of a visit appends the visit's new state
beside the old ones, together with who changed it, when, by which command and why.

>>> from datetime import UTC, datetime
>>> Change(user="li", at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC), command="enroll").reason
''
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from scheduler.dates import Interval, Window
from scheduler.errors import Refused
from scheduler.subject import Allocation, Subject, Visit


class DoubleBooked(Refused):
    """A unit that a visit asks for is already taken for some of that time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One command's entry in the history: who, when (an instant with a zone), what, why."""

    user: str
    at: datetime
    command: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A visit as one change left it."""

    change: Change
    visit: Visit


class Book:
    """The book as one transaction sees it; made by `Store.read` and `Store.write` only.

    Codes of subjects are found in any case and width ("zj-001" finds ZJ-001) and can
    therefore not be enrolled twice.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def subjects(self, site: str | None = None) -> tuple[Subject, ...]:
        """Everyone enrolled, at one site or at all, by code; weights are the latest."""
        raise NotImplementedError

    def subject(self, code: str) -> Subject:
        """The subject of that code.

        Raises:
            UnknownName: nobody is enrolled under it.
        """
        raise NotImplementedError

    def visits(
        self,
        *,
        subject: str | None = None,
        site: str | None = None,
        days: Window | None = None,
    ) -> tuple[Visit, ...]:
        """Visits in their current state, by day and start.

        The day of a visit is its scheduled day at the site, or its target without a slot.
        """
        raise NotImplementedError

    def allocations(self, site: str, span: Interval) -> tuple[Allocation, ...]:
        """Units taken at the site by open and completed visits within `span`, by start."""
        raise NotImplementedError

    def keep_protocol(self, id: str, version: str, text: str) -> None:
        """Keep the text of a protocol version; keeping the same text again is nothing.

        Raises:
            Refused: that version is kept already, with another text.
        """
        raise NotImplementedError

    def protocol_text(self, id: str, version: str) -> str:
        """The text of a protocol version as it was when first used.

        Raises:
            UnknownName: that version was never kept.
        """
        raise NotImplementedError

    def enroll(self, change: Change, subject: Subject, visits: Sequence[Visit]) -> None:
        """Enter a new subject with all visits; the protocol version must be kept before.

        Raises:
            AlreadyEnrolled: the code is taken.
            UnknownName: the protocol version is not kept.
            DoubleBooked: a unit is taken already.
        """
        raise NotImplementedError

    def record(self, change: Change, visits: Sequence[Visit]) -> None:
        """Append new states of visits and replace what they take.

        A visit that the book does not know yet (an unscheduled one, a further
        occurrence) is entered.

        Raises:
            UnknownName: a visit's subject is not enrolled.
            DoubleBooked: a unit is taken already.
        """
        raise NotImplementedError

    def history(self, subject: str) -> tuple[Entry, ...]:
        """Every state of the subject's visits that was ever recorded, oldest first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        raise NotImplementedError
