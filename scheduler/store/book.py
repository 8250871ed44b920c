"""The book: subjects, their visits and what these take, inside one transaction.

Nothing here is ever overwritten: a change of a visit appends the visit's new state
beside the old ones.

>>> from sqlalchemy import create_engine
>>> with create_engine("sqlite://").connect() as connection:
...     tables.metadata.create_all(connection)
...     Book(connection).subjects()
()
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, insert, select

from scheduler.dates import Interval, Window
from scheduler.errors import AlreadyEnrolled, Refused, UnknownName
from scheduler.products import Product
from scheduler.ruling import Ruling
from scheduler.store import (
    deeds,
    entries,
    products,
    queries,
    rows,
    screenings,
    tables,
    verification,
)
from scheduler.store.changes import Change, Entry, Following
from scheduler.store.marks import Marks
from scheduler.store.screenings import Ruled
from scheduler.store.verification import Verdict
from scheduler.subject import Allocation, Subject, Visit, Weight
from scheduler.trail import Deed


class Book:
    """The book as one transaction sees it; made by `Store.read` and `Store.write` only.

    A refused method leaves no trace, so work may catch the refusal and do something else.
    Codes of subjects are found in any case and width ("zj-001" finds ZJ-001) and can
    therefore not be enrolled twice.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.marks = Marks(connection)

    def subjects(self, site: str | None = None) -> tuple[Subject, ...]:
        """Everyone enrolled, at one site or at all, by code; weights are the newest."""
        query = queries.SUBJECTS
        if site is not None:
            query = query.where(tables.subjects.c.site == site)
        found = map(rows.subject_of, self._connection.execute(query))
        # Two databases sort text differently; Python sorts it one way.
        return tuple(sorted(found, key=lambda subject: subject.code))

    def codes(self, site: str) -> tuple[str, ...]:
        """Every code that begins with the site's, wherever its participant is enrolled."""
        code = tables.subjects.c.code
        return tuple(self._connection.scalars(select(code).where(code.startswith(f"{site}-"))))

    def is_enrolled(self, code: str) -> bool:
        """Whether somebody is enrolled under that code."""
        return self._find_subject(code) is not None

    def subject(self, code: str) -> Subject:
        """The subject of that code.

        Raises:
            UnknownName: nobody is enrolled under it.
        """
        return rows.subject_of(self._subject_row(code))

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
        state = tables.visit_entries.c
        query = queries.STATES.where(queries.IS_CURRENT)
        if subject is not None:
            query = query.where(tables.visits.c.subject_id == self._subject_row(subject).id)
        if site is not None:
            query = query.where(state.site == site)
        if days is not None:
            query = query.where(state.day.between(days.earliest, days.latest))
        query = query.order_by(state.day, state.start_at.nulls_first(), state.visit_id)
        return tuple(map(rows.visit_of, self._connection.execute(query)))

    def allocations(self, site: str, span: Interval) -> tuple[Allocation, ...]:
        """Units taken at the site by open and completed visits within `span`, by start."""
        taken = tables.bookings.c
        query = (
            select(taken.unit, taken.start_at, taken.end_at, taken.zone)
            .where(taken.site == site, taken.start_at < span.end, taken.end_at > span.start)
            .order_by(taken.start_at, taken.id)
        )
        return tuple(
            Allocation(unit=unit, interval=rows.interval(start, end, ZoneInfo(zone)))
            for unit, start, end, zone in self._connection.execute(query)
        )

    def keep_protocol(self, change: Change, id: str, version: str, text: str) -> None:
        """Keep the text of a protocol version; keeping the same text again is nothing.

        Raises:
            Refused: that version is kept already, with another text.
        """
        if not self.keeps_protocol(id, version, text):
            row = {"id": id, "version": version, "text": text}
            mark = {"change_id": self.marks.id_of(change)}
            self._connection.execute(insert(tables.protocols), {**row, **mark})

    def keeps_protocol(self, id: str, version: str, text: str) -> bool:
        """Whether that text of a protocol version is kept.

        Raises:
            Refused: that version is kept with another text.
        """
        kept = self._protocol_text(id, version)
        if kept not in {None, text}:
            raise Refused(
                f"protocol {id} version {version} is in use with another text;"
                " give the changed one a new version"
            )
        return kept is not None

    def protocol_text(self, id: str, version: str) -> str:
        """The text of a protocol version as it was when first used.

        Raises:
            UnknownName: that version was never kept.
        """
        kept = self._protocol_text(id, version)
        if kept is None:
            known = select(tables.protocols.c.id, tables.protocols.c.version)
            names = sorted(" ".join(row) for row in self._connection.execute(known))
            raise UnknownName("protocol in the book", f"{id} {version}", names)
        return kept

    def enroll(self, change: Change, subject: Subject, visits: Sequence[Visit]) -> None:
        """Enter a new subject with all visits; the protocol version must be kept before.

        Raises:
            AlreadyEnrolled: the code is taken.
            UnknownName: the protocol version is not kept.
            DoubleBooked: a unit is taken already.
        """
        if enrolled := self._find_subject(subject.code):
            raise AlreadyEnrolled(enrolled.code)
        self.protocol_text(subject.protocol, subject.protocol_version)
        with self._connection.begin_nested():
            change_id = self.marks.id_of(change)
            subject_id = self._add_subject(change_id, subject)
            entries.append(self._connection, change_id, {subject.code: subject_id}, visits)

    def record(self, change: Change, visits: Sequence[Visit]) -> None:
        """Append new states of visits and replace what they take.

        A visit that the book does not know yet (an unscheduled one, a further
        occurrence) is entered.

        Raises:
            UnknownName: a visit's subject is not enrolled.
            DoubleBooked: a unit is taken already.
        """
        ids = {code: self._subject_row(code).id for code in {visit.subject for visit in visits}}
        with self._connection.begin_nested():
            entries.append(self._connection, self.marks.id_of(change), ids, visits)

    def amend(self, change: Change, versions: Mapping[str, str], visits: Sequence[Visit]) -> None:
        """Let subjects follow the versions from now on, and append new states of visits.

        `versions` are by subject code; they must be kept before.

        Raises:
            UnknownName: a subject is not enrolled, or a version is not kept.
            DoubleBooked: a unit is taken already.
        """
        found = {code: self._subject_row(code) for code in versions}
        for code, version in versions.items():
            self.protocol_text(found[code].protocol, version)
        ids = {row.code: row.id for row in found.values()}
        with self._connection.begin_nested():
            change_id = self.marks.id_of(change)
            for code, row in found.items():
                mark = {"subject_id": row.id, "change_id": change_id}
                following = {"protocol": row.protocol, "version": versions[code]}
                self._connection.execute(insert(tables.amendments), {**mark, **following})
            entries.append(self._connection, change_id, ids, visits)

    def versions(self, subject: str) -> tuple[Following, ...]:
        """Every protocol version the subject has followed, that of the enrollment first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        person, marks = self._subject_row(subject), tables.changes
        enrolled, amended = tables.subjects.c, tables.amendments.c
        columns = marks.c.user_name, marks.c.at, marks.c.command, marks.c.reason
        first = (
            select(*columns, enrolled.protocol_version.label("version"))
            .join(marks, marks.c.id == enrolled.change_id)
            .where(enrolled.id == person.id)
        )
        later = (
            select(*columns, amended.version)
            .join(marks, marks.c.id == amended.change_id)
            .where(amended.subject_id == person.id)
            .order_by(amended.id)
        )
        found = [*self._connection.execute(first), *self._connection.execute(later)]
        return tuple(Following(change=rows.change_of(row), version=row.version) for row in found)

    def weigh(self, change: Change, subject: str, weight: Weight) -> None:
        """Add a body weight; the one added last counts.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        subject_id: int = self._subject_row(subject).id
        self._add_weight(self.marks.id_of(change), subject_id, weight)

    def keep_ruling(self, change: Change, subject: str, ruling: Ruling) -> None:
        """Record what a subject's screening came to.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        subject_id: int = self._subject_row(subject).id
        screenings.add(self._connection, self.marks.id_of(change), subject_id, ruling)

    def ruling(self, subject: str) -> Ruled | None:
        """What the subject's latest screening came to, None when none was recorded.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return screenings.newest(self._connection, self._subject_row(subject).id)

    def history(self, subject: str) -> tuple[Entry, ...]:
        """Every state of the subject's visits that was ever recorded, oldest first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        marks = tables.changes.c
        query = (
            queries.STATES.add_columns(marks.user_name, marks.at, marks.command, marks.reason)
            .add_columns(queries.VERSION_THEN)
            .join(tables.changes, marks.id == tables.visit_entries.c.change_id)
            .where(tables.visits.c.subject_id == self._subject_row(subject).id)
            .order_by(tables.visit_entries.c.id)
        )
        return tuple(
            Entry(change=rows.change_of(row), visit=rows.visit_of(row), version=row.version)
            for row in self._connection.execute(query)
        )

    def products(self, subject: str) -> tuple[Product, ...]:
        """The subject's batches as they stand, oldest first.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return products.of_subject(self._connection, self._subject_row(subject).id)

    def product(self, batch: str) -> Product | None:
        """The batch of that id, whoever it belongs to; None when nobody ordered it."""
        return products.of_batch(self._connection, batch)

    def product_states(self, subject: str) -> tuple[Product, ...]:
        """Every state of the subject's batches that was ever recorded, batch by batch.

        Raises:
            UnknownName: nobody is enrolled under that code.
        """
        return products.states(self._connection, self._subject_row(subject).id)

    def supply(self, change: Change, subject: str, changed: Sequence[Product]) -> None:
        """Append states of the subject's batches; those that are new are entered.

        Raises:
            UnknownName: nobody is enrolled under that code.
            BatchTaken: a batch is another subject's, or of another chain.
        """
        subject_id: int = self._subject_row(subject).id
        with self._connection.begin_nested():
            change_id = self.marks.id_of(change)
            products.append(self._connection, change_id, subject_id, changed)

    def deeds(self) -> tuple[Deed, ...]:
        """The audit trail: everything that was ever done, oldest first."""
        return deeds.read(self._connection)

    def verify(self, noted: str = "") -> Verdict:
        """Whether the history stands as it was recorded; see `verification.verify`."""
        return verification.verify(self._connection, noted)

    def _find_subject(self, code: str) -> Row[Any] | None:
        query = queries.SUBJECTS.where(tables.subjects.c.code_key == rows.code_key(code))
        return self._connection.execute(query).one_or_none()

    def _subject_row(self, code: str) -> Row[Any]:
        found = self._find_subject(code)
        if found is None:
            raise UnknownName("subject", code, self._similar_codes(code))
        return found

    def _similar_codes(self, code: str) -> Iterable[str]:
        """The few enrolled codes nearest to `code`: thousands would bury the suggestion."""
        codes = self._connection.execute(select(tables.subjects.c.code_key, tables.subjects.c.code))
        by_key = dict(tuple(row) for row in codes)
        return [by_key[key] for key in get_close_matches(rows.code_key(code), by_key, n=5)]

    def _protocol_text(self, id: str, version: str) -> str | None:
        kept = tables.protocols.c
        query = select(kept.text).where(kept.id == id, kept.version == version)
        return self._connection.scalar(query)

    def _add_weight(self, change_id: int, subject_id: int, weight: Weight) -> None:
        kg = {"kg": str(weight.kg), "measured": weight.measured}
        row = {**kg, "subject_id": subject_id, "change_id": change_id}
        self._connection.execute(insert(tables.weights), row)

    def _add_subject(self, change_id: int, subject: Subject) -> int:
        row = {**rows.subject_columns(subject), "change_id": change_id}
        added = insert(tables.subjects).values(row).returning(tables.subjects.c.id)
        subject_id: int = self._connection.execute(added).scalar_one()
        if weight := subject.weight:
            kg = {"kg": str(weight.kg), "measured": weight.measured}
            row = {**kg, "subject_id": subject_id, "change_id": change_id}
            self._connection.execute(insert(tables.weights), row)
        return subject_id
