"""Every change is sealed with it, one after the other, however many desks there are."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, event, select
from sqlalchemy.pool import NullPool

from scheduler.store import Book, Store, canon
from scheduler.store.chain import TOLERANCE
from scheduler.store.tables import changes, seals
from scheduler.store.verification import verify
from scheduler.subject import Weight
from tests.databases import Databases
from tests.store.values import CHANGE, SHANGHAI, SUBJECT, VISIT, at, enrolling, later


def test_desks_at_once_make_one_chain(databases: Databases) -> None:
    desks, each = 4, 5

    def desk(number: int) -> None:
        code = f"ZJ-{number}"
        visit = at(replace(VISIT, subject=code), datetime(2026, 4, 9, tzinfo=SHANGHAI))
        with Store(url, patience=60) as store:
            store.write(enrolling(replace(SUBJECT, code=code), visit))
            for minute in range(each):
                change = later("visit confirm", minute)
                store.write(lambda book: book.record(change, [visit]))  # noqa: B023 - called at once

    with databases.book() as url:
        with ThreadPoolExecutor(desks) as pool:
            list(pool.map(desk, range(desks)))
        with Store(url) as store:
            verdict = store.read(lambda book: book.verify())
    assert verdict.problems == ()
    assert verdict.head.number == desks * (each + 1)


def test_one_command_is_one_change(store: Store) -> None:
    """However many things it enters; two commands in one transaction are two."""

    def work(book: Book) -> None:
        enrolling(SUBJECT, VISIT)(book)
        book.record(CHANGE, [replace(VISIT, sequence=1)])
        book.record(later("visit confirm", 1), [VISIT])

    store.write(work)
    verdict = store.read(lambda book: book.verify())
    assert (verdict.head.number, verdict.problems) == (2, ())


def test_change_that_was_undone_is_not_sealed(store: Store) -> None:
    """A refused change gives its id back; the next that gets it is sealed as itself."""

    def work(book: Book) -> None:
        refused = replace(SUBJECT, code="ZJ-002"), replace(VISIT, subject="ZJ-002")
        with pytest.raises(Exception, match="is taken"):
            book.enroll(later("enroll", 1), *(refused[0], [refused[1]]))
        weight = Weight(kg=Decimal(70), measured=SUBJECT.enrolled)
        book.weigh(later("subject weigh", 2), "ZJ-001", weight)

    store.write(enrolling(SUBJECT, VISIT))
    store.write(work)
    verdict = store.read(lambda book: book.verify())
    assert (verdict.head.number, verdict.problems) == (2, ())


def test_verifying_reads_each_table_once_however_long_the_history(databases: Databases) -> None:
    with databases.book() as url:
        with Store(url) as store:
            store.write(enrolling(SUBJECT, VISIT))
            for minute in range(30):
                change = later("visit confirm", minute)
                store.write(lambda book: book.record(change, [VISIT]))  # noqa: B023 - called at once
        engine = create_engine(url, poolclass=NullPool)
        statements: list[object] = []
        with engine.connect() as connection:
            event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call))
            assert verify(connection).head.number == 31
    of_bookings = 2  # what is taken, and what the newest states take
    assert len(statements) == len(canon.HISTORY) + 1 + of_bookings


def test_clock_that_goes_back_is_told_and_nothing_is_lost(databases: Databases) -> None:
    remarks: list[str] = []
    with databases.book() as url, Store(url, remark=remarks.append) as store:
        store.write(enrolling(SUBJECT, VISIT))
        for back in (TOLERANCE, timedelta(hours=3)):
            change = replace(CHANGE, at=CHANGE.at - back, command="visit confirm")
            store.write(lambda book: book.record(change, [VISIT]))  # noqa: B023 - called at once
        assert len(store.read(lambda book: book.history("ZJ-001"))) == 3
        assert store.read(lambda book: book.verify()).problems == ()
    (remark,) = remarks
    assert "2:59:00 ahead of this computer's clock" in remark


def test_change_and_seal_are_stored_together_or_not_at_all(databases: Databases) -> None:
    def fail(book: Book) -> None:
        enrolling(SUBJECT, VISIT)(book)
        raise RuntimeError("no")

    with databases.book() as url:
        with Store(url) as store, pytest.raises(RuntimeError):
            store.write(fail)
        with create_engine(url, poolclass=NullPool).connect() as connection:
            for table in (changes, seals):
                assert connection.execute(select(table)).all() == []
