"""The book: subjects, their visits and what these take, inside one transaction.

Nothing here is ever overwritten: a change of a visit appends the visit's new state
beside the old ones.

What looks into the book do without is imported by the methods that deal in it (see "The
cold start" in docs/architecture.md).

>>> from sqlalchemy import create_engine
>>> from scheduler.store import tables
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     Book(connection).subjects()
()
"""

from collections.abc import (
    Callable,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from contextlib import contextmanager
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from scheduler.dates import Window
from scheduler.errors import AlreadyEnrolled
from scheduler.store import products, protocols, rows, screenings, subjects, visits
from scheduler.store.changes import Change, Entry, Following
from scheduler.store.interruption import HalfDone
from scheduler.store.marks import Marks
from scheduler.store.screenings import Ruled
from scheduler.subject import Subject, Visit, Weight

if TYPE_CHECKING:
    from datetime import datetime

    from scheduler.products import Product
    from scheduler.ruling import Ruling
    from scheduler.store.appointments import Appointments
    from scheduler.store.chain import Head, Sealed
    from scheduler.store.cohort import Cohort
    from scheduler.store.collections import Collections
    from scheduler.store.consents import Consents
    from scheduler.store.feeds import Feeds
    from scheduler.store.outbox import Outbox
    from scheduler.store.verification import Verdict
    from scheduler.trail import Deed, Selection


class Book:
    """The book as one transaction sees it; made by `Store.read` and `Store.write` only.

    A refused method leaves no trace, so work may catch the refusal and do something else.
    Codes of subjects are found in any case and width ("zj-001" finds ZJ-001) and can
    therefore not be enrolled twice.  `memory` outlives the transaction: what was worked out
    from the book is kept there by whoever keeps it in step.  Without `savepoints` a refusal amid
    the writing is HalfDone, and the whole work has to be done again with them.
    """

    def __init__(
        self,
        connection: Connection,
        memory: MutableMapping[Hashable, Any] | None = None,
        *,
        savepoints: bool = True,
    ) -> None:
        self._connection, self._savepoints = connection, savepoints
        self.marks = Marks(connection)
        self.memory = {} if memory is None else memory
        self._kept: dict[tuple[str, str], str] = {}
        self._changed: dict[int, Visit] = {}
        self._last: list[Callable[[], object]] = []

    @cached_property
    def outbox(self) -> "Outbox":
        """The mails to be sent, and how far each is."""
        from scheduler.store.outbox import Outbox

        return Outbox(self._connection)

    @cached_property
    def collections(self) -> "Collections":
        """The CalDAV collections that visits are published into."""
        from scheduler.store.collections import Collections

        return Collections(self._connection)

    @cached_property
    def feeds(self) -> "Feeds":
        """The calendars to subscribe to."""
        from scheduler.store.feeds import Feeds

        return Feeds(self._connection, self.marks)

    @cached_property
    def appointments(self) -> "Appointments":
        """What stands at sites, and takes time of others."""
        from scheduler.store.appointments import Appointments
        from scheduler.store.journal import journal

        return Appointments(self._connection, journal(self.memory))

    @cached_property
    def consents(self) -> "Consents":
        """The subjects' words on reminders."""
        from scheduler.store.consents import Consents

        return Consents(self._connection, self.marks)

    def do_last(self, act: Callable[[], object]) -> None:
        """Have something done right before the commit, when the changes are sealed.

        From then on no other writer can come first; where the act fails, nothing is stored.
        """
        self._last.append(act)

    def finish(self, sealed: "Sealed") -> Callable[[], object]:
        """Do what is to be done last; the result notes what was changed, once it is stored."""
        from scheduler.store.journal import by_site, journal

        for act in self._last:
            act()
        return partial(journal(self.memory).note, sealed, by_site(self._changed))

    def subjects(self, site: str | None = None) -> tuple[Subject, ...]:
        """Everyone enrolled, at one site or at all, by code; weights are the newest."""
        return subjects.every(self._connection, site)

    def codes(self, site: str) -> tuple[str, ...]:
        """The code of everyone at a site."""
        return subjects.codes(self._connection, site)

    def is_enrolled(self, code: str) -> bool:
        """Whether somebody is enrolled under that code."""
        return subjects.enrolled(self._connection, code) is not None

    def subject(self, code: str) -> Subject:
        """The subject of that code.

        Raises:
            UnknownName: nobody is enrolled under it.
        """
        return rows.subject_of(subjects.row(self._connection, code))

    def visits(
        self,
        *,
        subject: str | None = None,
        site: str | None = None,
        days: Window | None = None,
    ) -> tuple[Visit, ...]:
        """Visits in their current state, by day and start.

        The day of a visit is its scheduled day at the site, or its target without a slot.

        Raises:
            UnknownName: nobody is enrolled under the code `subject`.
        """
        subject_id = None if subject is None else self._id_of(subject)
        return visits.current(self._connection, subject_id=subject_id, site=site, days=days)

    def cohort(self, codes: Iterable[str]) -> "Cohort":
        """Several subjects, whose rows are read at once."""
        from scheduler.store.cohort import Cohort

        return Cohort(self._connection, codes)

    def visits_one_by_one(self, days: Window, site: str | None = None) -> Iterator[Visit]:
        """As `visits`, for more of them than memory should hold; read before the work ends."""
        return visits.one_by_one(self._connection, site=site, days=days)

    @cached_property
    def end(self) -> "tuple[Head, datetime | None]":
        """The end of the chain as the transaction found it, and the instant of its last change."""
        from scheduler.store import chain

        return chain.end(self._connection)

    def head(self, known: "Head | None" = None) -> "tuple[Head, bool]":
        """The end of the chain now, and whether that continues the chain that ended in `known`."""
        from scheduler.store import chain

        now, _ = self.end
        return now, known is None or chain.goes_on(self._connection, known, now)

    def keep_protocol(self, change: Change, id: str, version: str, text: str) -> None:
        """Keep the text of a protocol version; keeping the same text again is nothing.

        Raises:
            Refused: that version is kept already, with another text.
        """
        if not self.keeps_protocol(id, version, text):
            protocols.add(self._connection, self.marks.id_of(change), id, version, text)
            self._kept[id, version] = text

    def keeps_protocol(self, id: str, version: str, text: str) -> bool:
        """Whether that text of a protocol version is kept.

        Raises:
            Refused: that version is kept with another text.
        """
        if self._kept.get((id, version)) == text:
            return True
        kept = protocols.is_kept(self._connection, id, version, text)
        if kept:
            self._kept[id, version] = text
        return kept

    def protocol_text(self, id: str, version: str) -> str:
        """The text of a protocol version as it was when first used.

        Raises:
            UnknownName: that version was never kept.
        """
        if (id, version) not in self._kept:
            self._kept[id, version] = protocols.text(self._connection, id, version)
        return self._kept[id, version]

    def enroll(self, change: Change, subject: Subject, visits: Sequence[Visit]) -> None:
        """Enter a new subject with all visits; the protocol version must be kept before.

        Raises:
            AlreadyEnrolled: the code is taken.
            UnknownName: the protocol version is not kept.
            DoubleBooked: a unit is taken already.
        """
        from scheduler.store import entries

        self.protocol_text(subject.protocol, subject.protocol_version)
        try:
            with self._as_one():
                change_id = self.marks.id_of(change)
                subject_id = subjects.add(self._connection, change_id, subject)
                ids = {subject.code: subject_id}
                entered = entries.begin(self._connection, change_id, ids, visits)
            self._changed |= entered
        except IntegrityError:
            if enrolled := subjects.enrolled(self._connection, subject.code):
                raise AlreadyEnrolled(enrolled) from None
            raise

    def record(self, change: Change, visits: Sequence[Visit]) -> None:
        """Append new states of visits and replace what they take.

        A visit that the book does not know yet (an unscheduled one, a further
        occurrence) is entered.

        Raises:
            UnknownName: a visit's subject is not enrolled.
            DoubleBooked: a unit is taken already.
        """
        from scheduler.store import entries

        ids = {code: self._id_of(code) for code in {visit.subject for visit in visits}}
        with self._as_one():
            appended = entries.append(self._connection, self.marks.id_of(change), ids, visits)
        self._changed |= appended

    def amend(self, change: Change, versions: Mapping[str, str], visits: Sequence[Visit]) -> None:
        """Let subjects follow the versions from now on, and append new states of visits.

        `versions` are by subject code; they must be kept before.

        Raises:
            UnknownName: a subject is not enrolled, or a version is not kept.
            DoubleBooked: a unit is taken already.
        """
        from scheduler.store import entries

        found = {code: subjects.row(self._connection, code) for code in versions}
        for code, version in versions.items():
            self.protocol_text(found[code].protocol, version)
        ids = {row.code: row.id for row in found.values()}
        with self._as_one():
            change_id = self.marks.id_of(change)
            for code, row in found.items():
                protocols.amend(self._connection, change_id, row, versions[code])
            appended = entries.append(self._connection, change_id, ids, visits)
        self._changed |= appended

    def versions(self, subject: str) -> tuple[Following, ...]:
        """Every protocol version the subject has followed, that of the enrollment first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return protocols.followed(self._connection, self._id_of(subject))

    def weigh(self, change: Change, subject: str, weight: Weight) -> None:
        """Add a body weight; the one added last counts.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        subject_id = self._id_of(subject)
        subjects.weigh(self._connection, self.marks.id_of(change), subject_id, weight)

    def keep_ruling(self, change: Change, subject: str, ruling: "Ruling") -> None:
        """Record what a subject's screening came to.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        subject_id = self._id_of(subject)
        screenings.add(self._connection, self.marks.id_of(change), subject_id, ruling)

    def rulings(self, subject: str) -> tuple[Ruled, ...]:
        """What the subject's screenings came to, oldest first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return screenings.of_subject(self._connection, self._id_of(subject))

    def history(self, subject: str) -> tuple[Entry, ...]:
        """Every state of the subject's visits that was ever recorded, oldest first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return visits.history(self._connection, self._id_of(subject))

    def products(self, subject: str) -> "tuple[Product, ...]":
        """The subject's batches as they stand, oldest first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return products.of_subject(self._connection, self._id_of(subject))

    def product(self, batch: str) -> "Product | None":
        """The batch of that id, whoever it belongs to; None when nobody ordered it."""
        return products.of_batch(self._connection, batch)

    def product_states(self, subject: str) -> "tuple[Product, ...]":
        """Every state of the subject's batches that was ever recorded, batch by batch.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return products.states(self._connection, self._id_of(subject))

    def supply(self, change: Change, subject: str, changed: "Sequence[Product]") -> None:
        """Append states of the subject's batches; those that are new are entered.

        Raises:
            UnknownName: nobody is enrolled under that code.
            BatchTaken: a batch is another subject's, or of another chain.
        """
        subject_id = self._id_of(subject)
        with self._as_one():
            change_id = self.marks.id_of(change)
            products.append(self._connection, change_id, subject_id, changed)

    def deeds(self, selection: "Selection | None" = None) -> "tuple[Deed, ...]":
        """The audit trail: what was ever done, or what is selected of it, oldest first.

        Raises:
            UnknownName: the selected person has never done anything.
        """
        return tuple(self.deeds_one_by_one(selection))

    def deeds_one_by_one(self, selection: "Selection | None" = None) -> "Iterator[Deed]":
        """As `deeds`, for more of them than memory should hold; read before the work ends."""
        from scheduler.store import deeds
        from scheduler.trail import EVERYTHING

        return deeds.read(self._connection, selection or EVERYTHING)

    def verify(self, noted: str = "") -> "Verdict":
        """Whether the history stands as it was recorded; see `verification.verify`."""
        from scheduler.store import verification

        return verification.verify(self._connection, noted)

    @contextmanager
    def _as_one(self) -> Iterator[None]:
        """What the block stores is undone when it raises."""
        if self._savepoints:
            with self._connection.begin_nested():
                yield
            return
        try:
            yield
        except Exception as error:
            raise HalfDone from error

    def _id_of(self, code: str) -> int:
        return subjects.id_of(self._connection, code)
