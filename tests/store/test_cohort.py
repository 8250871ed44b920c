"""A cohort tells of each of its subjects what the book tells of that subject alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from scheduler.products import Product
from scheduler.store import Book, Store
from scheduler.store.cohort import Cohort
from scheduler.subject import Status
from tests.store.test_products import BATCH, OTHER
from tests.store.test_screenings import RULING
from tests.store.values import CHANGE, SLOT, SUBJECT, VISIT, enrolling, later

CODES = ("ZJ-001", "ZJ-002")
THIRD = replace(SUBJECT, code="ZJ-003")


def supply(store: Store, code: str) -> None:
    """What a screening came to, and a batch."""
    batch = replace(BATCH, subject=code, batch=f"B-{code}")
    store.write(lambda book: book.keep_ruling(CHANGE, code, RULING))
    store.write(lambda book: book.supply(later("order", 9), code, [batch]))


def live(store: Store) -> None:
    """ZJ-001 is given the batch of ZJ-002; ZJ-003 has some of everything, too."""
    for number, subject in enumerate((THIRD, OTHER, SUBJECT)):
        visits = [replace(VISIT, subject=subject.code, allocations=())]
        visits += [replace(visits[0], encounter="day-1")]
        store.write(enrolling(subject, *visits, change=later("enroll", number)))
        supply(store, subject.code)

    def swap(book: Book) -> None:
        done = replace(VISIT, status=Status.COMPLETED, actual=SLOT.start.date(), allocations=())
        book.record(later("visit complete", 20), [done])
        given = replace(BATCH, subject="ZJ-002", batch="B-ZJ-002", given=("ZJ-001 infusion-1",))
        book.supply(later("visit complete", 20), "ZJ-002", [given])

    store.write(swap)


def supplied_to(codes: list[str], book: Book) -> Mapping[int, Sequence[Product]]:
    return book.cohort(codes).supplied()


def test_each_subject_is_told_as_alone(store: Store) -> None:
    def work(book: Book) -> Cohort:
        cohort = book.cohort(["zj-002", "ZJ-001", "ZJ-009"])
        assert cohort.subjects() == tuple(map(book.subject, CODES))
        assert cohort.visits() == {code: list(book.visits(subject=code)) for code in CODES}
        assert dict(cohort.histories()) == {code: book.history(code) for code in CODES}
        assert cohort.rulings() == {code: list(book.rulings(code)) for code in CODES}
        assert cohort.products() == {code: list(book.products(code)) for code in CODES}
        return cohort

    live(store)
    store.read(work)


def test_batches_are_known_by_the_visits_they_changed_with(store: Store) -> None:
    live(store)
    number = store.read(lambda book: book.history("ZJ-001"))[-1].number
    for codes, changes in ((["ZJ-001"], [number]), (["ZJ-002", "ZJ-003"], [])):
        supplied = store.read(partial(supplied_to, codes))
        assert list(supplied) == changes
        given = [(each.subject, each.given) for found in supplied.values() for each in found]
        assert given == [("ZJ-002", ("ZJ-001 infusion-1",))] * len(changes)


def test_nobody_is_told_as_nobody(store: Store) -> None:
    live(store)
    cohort = store.read(lambda book: (book.cohort([]).visits(), book.cohort([]).subjects()))
    assert cohort == ({}, ())
