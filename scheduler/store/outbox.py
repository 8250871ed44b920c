"""The outbox: mails to be sent, and how far each is.

A mail is queued once for its site, kind, ISO week, recipient and what it is about; its
Message-ID is fixed then, and so is what is written.  That it is being sent is noted before
the server hears of it, and that it was sent as soon as the server has answered, so
whatever dies in between is sent again under the same Message-ID, and nothing is lost.

>>> from datetime import UTC
>>> from sqlalchemy import create_engine
>>> mailing = Mailing(site="ZJ", kind="digest", week="2026-W15", recipient="ward",
...                   message_id="<1@h.example>", queued=datetime(2026, 4, 6, tzinfo=UTC))
>>> with create_engine("sqlite://").connect() as connection:
...     outbox.metadata.create_all(connection)
...     Outbox(connection).queue(mailing), Outbox(connection).queue(mailing)
(True, False)
"""

from collections.abc import Container, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from scheduler.exporters.mail import Letter
from scheduler.store.tables import outbox

DIGEST, REMINDER = "digest", "reminder"
"""Kinds of mails."""


class State(StrEnum):
    """How far a mail is; one that was `dropped` is not to be sent any more."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    DROPPED = "dropped"


WAITING = frozenset({State.QUEUED, State.SENDING})
"""States of a mail that is still to be sent; whoever was sending it may have died."""

_KEEPING = WAITING | {State.REFUSED}
"""States in which the letter may still be needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One mail: what it is, to whom, and how far it is.

    `recipient` is an id or a participant's code, never an address; `week` is an ISO week,
    and `about` tells mails about single visits apart.
    """

    site: str
    kind: str
    week: str
    recipient: str
    about: str = ""
    message_id: str
    queued: datetime
    state: State = State.QUEUED
    letter: Letter | None = None


class Outbox:
    """The outbox as the transaction of `connection` sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(
        self, site: str, kind: str, states: Iterable[State] = tuple(State)
    ) -> tuple[Mailing, ...]:
        """Every mail of a kind that a site ever queued and that is so far, oldest first."""
        query = select(outbox).where(
            outbox.c.site == site,
            outbox.c.kind == kind,
            outbox.c.state.in_([state.value for state in states]),
        )
        return tuple(map(_mailing, self._connection.execute(query.order_by(outbox.c.id))))

    def queue(self, mailing: Mailing) -> bool:
        """Enter a mail; False when there is one already, which stays as it is."""
        known = select(outbox.c.id).where(_is(mailing))
        if self._connection.execute(known).first() is not None:
            return False
        self._connection.execute(insert(outbox), _columns(mailing))
        return True

    def claim(self, mailing: Mailing) -> bool:
        """Note that a mail is being sent; False when it is not to be sent any more."""
        return self._move(mailing, WAITING, State.SENDING)

    def settle(self, mailing: Mailing, state: State) -> None:
        """Note what came of a mail that was being sent."""
        self._move(mailing, {State.SENDING}, state)

    def drop(self, mailing: Mailing) -> bool:
        """Have a mail that waits not sent any more; False when it does not wait."""
        return self._move(mailing, WAITING, State.DROPPED)

    def retry(self, mailing: Mailing) -> bool:
        """Have a mail that was refused sent again; False when it was not."""
        return self._move(mailing, {State.REFUSED}, State.QUEUED)

    def _move(self, mailing: Mailing, sources: Container[State], state: State) -> bool:
        found = self._connection.execute(select(outbox).where(_is(mailing))).one_or_none()
        if found is None or State(found.state) not in sources:
            return False
        changed: dict[str, Any] = {"state": state.value}
        if state not in _KEEPING:
            changed["letter"] = None
        self._connection.execute(update(outbox).where(_is(mailing)).values(changed))
        return True


def _is(mailing: Mailing) -> ColumnElement[bool]:
    names = ("site", "kind", "week", "recipient", "about")
    return and_(*(outbox.c[name] == getattr(mailing, name) for name in names))


def _columns(mailing: Mailing) -> dict[str, Any]:
    columns = asdict(mailing)
    return columns | {"state": mailing.state.value}


def _mailing(row: Row[Any]) -> Mailing:
    columns = dict(row._mapping)
    del columns["id"]
    letter = Letter(**row.letter) if row.letter else None
    return Mailing(**columns | {"state": State(row.state), "letter": letter})
