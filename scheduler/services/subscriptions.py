"""Subscriptions: what is answered at a feed's address, and what was answered before.

A copy of each feed is kept while nothing is recorded in the book; that it was given or
revoked is recorded there too, so most requests cost one look-up, of the book's head.
A copy's tag is a digest of what it says, and not of the rows behind it: for a blinded reader
even *that* something changed, which his calendar does not tell, would be news.

>>> head = Head(number=0, hash="")
>>> Copy.of(b"BEGIN:VCALENDAR", head=head, before=None, now=datetime(2026, 3, 2)).tag[:8]
'9daa8e24'
"""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from threading import Lock

from scheduler.exporters import ics
from scheduler.feeds import Feed, digest
from scheduler.services.clinics import Clinic
from scheduler.services.publication import Folio, Selection, folios
from scheduler.store import Book, Store
from scheduler.store.chain import Head

MOST_OCTETS = 64_000_000
"""Octets of all copies together; the one asked for longest ago goes first."""

MOST_EVENTS = 50_000
"""Events kept for later copies; then they are written anew."""

NOTED_EVERY = timedelta(hours=1)
"""How finely the last use of a feed is known: programs may ask every minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A feed's calendar as it was written when the history ended in `head`.

    `modified` is an instant in whole seconds, and another one for each content.
    """

    head: Head
    tag: str
    modified: datetime
    content: bytes
    packed: bytes

    @classmethod
    def of(cls, content: bytes, *, head: Head, before: "Copy | None", now: datetime) -> "Copy":
        """The copy of a content; `before` is the one that it takes the place of."""
        tag = sha256(content).hexdigest()[:32]
        if before and before.tag == tag:
            modified = before.modified
        else:
            modified = max(now, before.modified + timedelta(seconds=1)) if before else now
        packed = gzip.compress(content, mtime=0)
        return cls(head=head, tag=tag, modified=modified, content=content, packed=packed)

    @property
    def octets(self) -> int:
        """What it takes in memory."""
        return len(self.content) + len(self.packed)


class Subscriptions:
    """The feeds of a book, as they are asked for, from several threads at once."""

    def __init__(
        self, store: Store, clinic_of: Callable[[str], Clinic], *, now: Callable[[], datetime]
    ) -> None:
        self._store, self._clinic_of, self._now = store, clinic_of, now
        self._copies: OrderedDict[str, tuple[Feed, Copy]] = OrderedDict()
        self._noted: dict[int, datetime] = {}
        self._events: ics.Cache = {}
        self._keeping, self._writing = Lock(), Lock()

    def find(self, token: str) -> tuple[Feed, Copy | None] | None:
        """The feed of a token with its present calendar; no copy if revoked, None if unknown.

        Raises:
            StoreUnavailable: the book cannot be read.
            BadInput: the site file cannot be read.
            UnknownName: this computer has no file of the feed's site.
        """
        key = digest(token)
        if kept := self._kept(key, self._store.read(lambda book: book.head()[0])):
            return kept
        feed = self._store.read(lambda book: book.feeds.at(key))
        if feed is None:
            return None
        return (feed, None) if feed.revoked else self._written(key, feed)

    def check(self) -> None:
        """StoreUnavailable when the book cannot be read."""
        self._store.read(lambda book: book.head()[0])

    def is_worth_noting(self, feed: Feed) -> bool:
        """Whether this use of a feed is the first for some time."""
        used = self._noted.get(feed.number) or feed.used
        return used is None or self._now() - used >= NOTED_EVERY

    def note(self, feed: Feed) -> None:
        """Remember that a feed was asked for.

        Raises:
            StoreUnavailable: the book cannot be written.
        """
        self._noted[feed.number] = now = self._now()
        self._store.write(lambda book: book.feeds.use(feed.number, now))

    def _kept(self, key: str, head: Head) -> tuple[Feed, Copy] | None:
        with self._keeping:
            kept = self._copies.get(key)
            if kept is None or kept[1].head != head:
                return None
            self._copies.move_to_end(key)
            return kept

    def _written(self, key: str, feed: Feed) -> tuple[Feed, Copy]:
        with self._writing:  # by one thread at a time: others may find it done
            clinic = self._clinic_of(feed.site)
            head, chosen = self._store.read(
                lambda book: (book.head()[0], _chosen(book, clinic, feed))
            )
            if kept := self._kept(key, head):
                return kept
            content = self._content(feed, clinic, chosen)
            _, before = self._copies.get(key, (feed, None))
            copy = Copy.of(content, head=head, before=before, now=self._now())
            self._keep(key, feed, copy)
            return feed, copy

    def _content(self, feed: Feed, clinic: Clinic, chosen: list[Folio]) -> bytes:
        if sum(map(len, self._events.values())) > MOST_EVENTS:
            self._events.clear()
        return b"".join(
            ics.calendar(
                (visit for folio in chosen for visit in folio.visits),
                site=clinic.site,
                audience=feed.audience,
                language=feed.language,
                protocols=[folio.protocol for folio in chosen],
                cache=self._events,
                method="PUBLISH",
                feed=feed,
            )
        )

    def _keep(self, key: str, feed: Feed, copy: Copy) -> None:
        with self._keeping:
            self._copies[key] = feed, copy
            self._copies.move_to_end(key)
            while len(self._copies) > 1 and self._octets() > MOST_OCTETS:
                self._copies.popitem(last=False)

    def _octets(self) -> int:
        return sum(copy.octets for _, copy in self._copies.values())


def _chosen(book: Book, clinic: Clinic, feed: Feed) -> list[Folio]:
    return folios(book, clinic, Selection(subject=feed.subject), feed.audience)
