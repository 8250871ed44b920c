"""Feeds as rows of the book: what was given to whom, what was revoked, what is used.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     feeds.metadata.create_all(connection)
...     Feeds(connection, Marks(connection)).all()
()
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from scheduler.errors import Refused, UnknownName
from scheduler.feeds import Feed
from scheduler.sites import Audience
from scheduler.store.changes import Change
from scheduler.store.marks import Marks
from scheduler.store.rows import code_key
from scheduler.store.tables import changes, feed_revocations, feed_uses, feeds, subjects

_revoking = changes.alias()
_FEEDS = (
    select(feeds, subjects.c.code, feed_uses.c.at.label("used"))
    .add_columns(changes.c.at.label("given"), _revoking.c.at.label("revoked"))
    .select_from(feeds)
    .join(changes, changes.c.id == feeds.c.change_id)
    .outerjoin(subjects, subjects.c.id == feeds.c.subject_id)
    .outerjoin(feed_revocations, feed_revocations.c.feed_id == feeds.c.id)
    .outerjoin(_revoking, _revoking.c.id == feed_revocations.c.change_id)
    .outerjoin(feed_uses, feed_uses.c.feed_id == feeds.c.id)
    .order_by(feeds.c.id)
)


class RevokedAlready(Refused):
    """A feed ends once."""

    def __init__(self, feed: Feed) -> None:
        super().__init__(f"feed {feed.number} was revoked already, on {feed.revoked:%Y-%m-%d}")


class Feeds:
    """The feeds in one transaction; `Book.feeds`."""

    def __init__(self, connection: Connection, marks: Marks) -> None:
        self._connection, self._marks = connection, marks

    def all(self, site: str | None = None) -> tuple[Feed, ...]:
        """Every feed that was ever given, of one site or of all, oldest first."""
        query = _FEEDS if site is None else _FEEDS.where(feeds.c.site == site)
        return tuple(map(_feed, self._connection.execute(query)))

    def standing(self, number: int, site: str) -> Feed:
        """The feed of that number that the site gave and has not revoked.

        Raises:
            UnknownName: the site has none of that number.
            RevokedAlready: as it says.
        """
        found = self._one(_FEEDS.where(feeds.c.id == number, feeds.c.site == site))
        if found is None:
            raise UnknownName("feed", str(number), [str(feed.number) for feed in self.all(site)])
        if found.revoked is not None:
            raise RevokedAlready(found)
        return found

    def at(self, digest: str) -> Feed | None:
        """The feed whose token has that digest, revoked or not; None when there is none."""
        return self._one(_FEEDS.where(feeds.c.token_hash == digest))

    def give(self, change: Change, feed: Feed, digest: str) -> Feed:
        """Enter a feed; its number is the book's to give.

        Its subject, if it has one, must be enrolled.
        """
        enrolled = select(subjects.c.id).where(subjects.c.code_key == code_key(feed.subject or ""))
        row = {
            "person": feed.person,
            "audience": feed.audience.value,
            "site": feed.site,
            "subject_id": self._connection.execute(enrolled).scalar_one() if feed.subject else None,
            "language": feed.language,
            "token_hash": digest,
            "change_id": self._marks.id_of(change),
        }
        entering = insert(feeds).values(row).returning(feeds.c.id)
        number: int = self._connection.execute(entering).scalar_one()
        return replace(feed, number=number, given=change.at)

    def revoke(self, change: Change, number: int, site: str) -> Feed:
        """Answer a feed of the site no more.

        Raises:
            UnknownName: the site has none of that number.
            RevokedAlready: as it says.
        """
        feed = self.standing(number, site)
        row = {"feed_id": number, "change_id": self._marks.id_of(change)}
        self._connection.execute(insert(feed_revocations), row)
        return replace(feed, revoked=change.at)

    def use(self, number: int, at: datetime) -> None:
        """Remember that the feed was asked for."""
        known = update(feed_uses).where(feed_uses.c.feed_id == number).values(at=at)
        if not self._connection.execute(known).rowcount:
            self._connection.execute(insert(feed_uses), {"feed_id": number, "at": at})

    def _one(self, query: Select[Any]) -> Feed | None:
        found = self._connection.execute(query).one_or_none()
        return None if found is None else _feed(found)


def _feed(row: Row[Any]) -> Feed:
    return Feed(
        number=row.id,
        person=row.person,
        audience=Audience(row.audience),
        site=row.site,
        subject=row.code,
        language=row.language,
        given=row.given,
        revoked=row.revoked,
        used=row.used,
    )
