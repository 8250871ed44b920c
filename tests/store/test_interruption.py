"""While work waits for the outside world, nobody waits for the book."""

import pytest

from scheduler.store import Book, Interruption, Store
from tests.databases import Databases
from tests.store.values import SUBJECT, VISIT, enrolling, later


def test_others_write_while_work_is_interrupted(databases: Databases) -> None:
    with databases.book() as url, Store(url, patience=0.5) as store, Store(url) as other:
        fetched: list[str] = []

        def fetch() -> None:
            other.write(enrolling(SUBJECT, VISIT))
            fetched.append("calendar")

        def work(book: Book) -> tuple[int, list[str]]:
            seen = len(book.subjects())
            if not fetched:
                book.keep_protocol(later("enroll", 1), "left-behind", "1", "text")
                raise Interruption(fetch)
            return seen, fetched

        assert store.write(work) == (1, ["calendar"])
        assert not store.read(lambda book: book.keeps_protocol("left-behind", "1", "text"))
        assert store.read(lambda book: book.verify()).problems == ()


def test_readers_may_be_interrupted_too(store: Store) -> None:
    fetched: list[str] = []

    def work(book: Book) -> tuple[int, list[str]]:
        if not fetched:
            raise Interruption(lambda: fetched.append("calendar"))
        return len(book.subjects()), fetched

    assert store.read(work) == (0, ["calendar"])


def test_what_cannot_be_fetched_ends_the_work(databases: Databases) -> None:
    def fail() -> None:
        raise LookupError

    def work(book: Book) -> None:
        book.keep_protocol(later("enroll", 1), "left-behind", "1", "text")
        raise Interruption(fail)

    with databases.book() as url, Store(url) as store:
        with pytest.raises(LookupError) as caught:
            store.write(work)
        assert caught.value.__context__ is None
        assert not store.read(lambda book: book.keeps_protocol("left-behind", "1", "text"))
