"""Several desks at once: nothing is lost, nothing is booked twice."""

from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context

import pytest

from scheduler.dates import Interval
from scheduler.errors import AlreadyEnrolled, Refused
from scheduler.store import Book, Store
from scheduler.store.entries import DoubleBooked
from tests.databases import Databases, PostgresqlDatabases
from tests.store.values import CHANGE, SHANGHAI, SUBJECT, VISIT, allocations, at, enrolling

FIRST = datetime(2026, 4, 9, tzinfo=SHANGHAI)
DESKS, EACH = 4, 6


def take_next(book: Book) -> str:
    """Enroll the next code at the first hour at which the only chair is free."""
    taken = {a.interval.start for a in allocations(book, "ZJ", _days(60))}
    hours = (FIRST + timedelta(hours=n) for n in range(1000))
    start = next(hour for hour in hours if hour not in taken)
    code = f"ZJ-{len(book.subjects()) + 1:03}"
    visit = at(replace(VISIT, subject=code), start, hours=1, units=("chair-1",))
    enrolling(replace(SUBJECT, code=code), visit)(book)
    return code


def _days(n: int) -> Interval:
    return Interval(start=FIRST, end=FIRST + timedelta(days=n))


def desk(url: str) -> list[str]:
    """One desk's work: enroll several, one after the other."""
    with Store(url, patience=60) as store:
        return [store.write(take_next) for _ in range(EACH)]


def threads() -> Executor:
    return ThreadPoolExecutor(DESKS)


def processes() -> Executor:
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


@pytest.mark.parametrize("desks", [threads, processes])
@pytest.mark.parametrize("made", [True, False], ids=["made", "unmade"])
def test_desks_that_enroll_at_once_lose_nothing(
    databases: Databases, desks: Callable[[], Executor], made: bool
) -> None:
    with databases.book() if made else databases.empty() as url:
        with desks() as pool:
            codes = [code for done in pool.map(desk, [url] * DESKS) for code in done]
        expected = [f"ZJ-{n:03}" for n in range(1, DESKS * EACH + 1)]
        assert sorted(codes) == expected
        with Store(url) as store:
            assert [s.code for s in store.read(lambda book: book.subjects())] == expected
            taken = [a.interval for a in store.read(lambda b: allocations(b, "ZJ", _days(60)))]
            assert len(taken) == len(store.read(lambda book: book.visits())) == len(expected)
            assert all(before.end <= after.start for before, after in pairwise(taken))


def test_threads_may_share_one_store(databases: Databases) -> None:
    with databases.book() as url, Store(url, patience=60) as store:
        with threads() as pool:
            codes = list(pool.map(lambda _: store.write(take_next), range(DESKS * EACH)))
        assert len(set(codes)) == DESKS * EACH == len(store.read(lambda book: book.visits()))


def test_change_made_on_an_old_view_is_made_again_on_the_new(databases: Databases) -> None:
    """Each desk raises the sequence it has read by one, so no rise may be lost."""

    def rise(book: Book) -> None:
        (visit,) = book.visits(subject="ZJ-001")
        book.record(CHANGE, [replace(visit, sequence=visit.sequence + 1)])

    with databases.book() as url, Store(url, patience=60) as store:
        store.write(enrolling(SUBJECT, VISIT))
        with threads() as pool:
            list(pool.map(lambda _: store.write(rise), range(DESKS * EACH)))
        history = store.read(lambda book: book.history("ZJ-001"))
    assert [entry.visit.sequence for entry in history] == list(range(DESKS * EACH + 1))


@pytest.mark.parametrize(
    ("code", "refusal"),
    [("ZJ-001", AlreadyEnrolled), ("ZJ-002", DoubleBooked)],
    ids=["same code", "same chair"],
)
def test_loser_of_a_race_is_refused_by_the_winners_book(
    postgresql: PostgresqlDatabases, code: str, refusal: type[Refused]
) -> None:
    """Two desks start on the same book; SQLite lets the second begin only after the first."""
    seen = []
    lose = enrolling(replace(SUBJECT, code=code), replace(VISIT, subject=code))

    with postgresql.book() as url, Store(url) as slow, Store(url) as quick:

        def work(book: Book) -> None:
            seen.append(len(book.subjects()))
            if len(seen) == 1:
                quick.write(enrolling(SUBJECT, VISIT))
            lose(book)

        with pytest.raises(refusal, match="ZJ-001"):
            slow.write(work)
        assert seen == [0, 1]
        assert slow.read(lambda book: book.visits()) == (VISIT,)


def test_a_view_is_one_moment(databases: Databases) -> None:
    """What another desk commits meanwhile does not appear in the middle of a reading."""
    with databases.book() as url, Store(url) as reader, Store(url) as writer:

        def read_twice(book: Book) -> tuple[int, int]:
            before = len(book.subjects())
            writer.write(enrolling(SUBJECT, VISIT))
            return before, len(book.visits())

        assert reader.read(read_twice) == (0, 0)
        assert len(reader.read(lambda book: book.visits())) == 1
