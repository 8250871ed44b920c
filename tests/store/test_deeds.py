"""What is selected in the database is what would be selected of the whole trail."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.dates import Interval
from scheduler.errors import UnknownName
from scheduler.life import Act
from scheduler.store import Store, deeds
from scheduler.store.excerpt import excerpts
from scheduler.trail import EVERYTHING, Deed, Selection
from tests.databases import Databases
from tests.lives import START, Life, enroll

PEOPLE = ("li", "wang", "Zhao")


@pytest.fixture(scope="module")
def book(databases: Databases) -> Iterator[Store]:
    """Three participants, and what three people did to them, a minute after the other."""
    with databases.book() as url, Store(url) as store:
        lives = [enroll(store) for _ in range(3)]
        for n, life in enumerate(lives):
            _live(life, PEOPLE[n])
        yield store


@pytest.fixture(scope="module")
def whole(book: Store) -> tuple[Deed, ...]:
    return book.read(lambda book: book.deeds())


def _live(life: Life, user: str) -> None:
    life.complete("baseline", user=user)
    life(Act.CONFIRM, "infusion-1", user="li")
    life.complete("aspiration", "2026-03-06", user=user)
    life(Act.CANCEL, "day-90", user="wang")
    life(Act.RESUME, "day-90", user=user)


spans = st.tuples(st.integers(-2, 8), st.integers(0, 8)).map(
    lambda pair: Interval(
        start=START + timedelta(minutes=pair[0]),
        end=START + timedelta(minutes=pair[0] + pair[1], seconds=1),
    )
)
selections = st.builds(
    Selection,
    subject=st.none() | st.sampled_from(["ZJ-001", "ZJ-002", "ZJ-003"]),
    person=st.none() | st.sampled_from(["LI", "wang", "zhao"]),
    span=st.none() | spans,
)


@settings(max_examples=25)
@given(selection=selections, at_once=st.integers(1, 30))
def test_a_selection_is_the_same_as_of_the_whole_trail(
    book: Store, whole: tuple[Deed, ...], selection: Selection, at_once: int
) -> None:
    """Whether it is read at once or in parts."""
    assert len(whole) == 3 * 8
    assert book.read(lambda book: book.deeds(selection)) == selection.of(whole)
    told = book.read(lambda book: tuple(deeds.read(book._connection, selection, at_once)))
    assert told == selection.of(whole)
    told = book.read(lambda book: tuple(deeds.read(book._connection, EVERYTHING, at_once)))
    assert told == whole


def test_somebody_who_did_nothing_then_is_not_unknown(book: Store) -> None:
    never = Interval(start=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2020, 1, 2, tzinfo=UTC))
    found = book.read(lambda book: book.deeds(Selection(person="zhao", span=never)))
    assert found == ()
    with pytest.raises(UnknownName, match='no person in the audit trail "wei"'):
        book.read(lambda book: book.deeds(Selection(person="wei")))


@pytest.mark.parametrize(
    ("selection", "share"),
    [
        (Selection(subject="ZJ-002"), 3),
        (Selection(span=Interval(start=START, end=START + timedelta(seconds=1))), 1.3),
    ],
)
def test_no_more_is_read_than_is_told(book: Store, selection: Selection, share: float) -> None:
    """Of one participant, its rows alone; of some time, no later rows."""

    def rows(selection: Selection) -> int:
        return book.read(
            lambda book: sum(
                1 for part in excerpts(book._connection, selection) for _ in part.rows()
            )
        )

    assert rows(selection) <= rows(Selection()) / share
