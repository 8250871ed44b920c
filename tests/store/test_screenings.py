"""What screenings came to comes back as it was kept, with who kept it, and stays."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.answers import PartialDate
from scheduler.errors import UnknownName
from scheduler.outcomes import Count, Outcome, Unit
from scheduler.ruling import RuleOutcome, Ruling
from scheduler.store import Book, Change, Store
from scheduler.store.tables import screenings
from tests.databases import Databases
from tests.store import values
from tests.store.values import CHANGE, SUBJECT, enrolling

OUTCOMES = st.sampled_from(Outcome)
NUMBERS = st.integers(-100_000, 100_000)
COUNTS = st.builds(Count, least=NUMBERS, most=NUMBERS, unit=st.sampled_from(Unit))
RULES = st.builds(
    RuleOutcome,
    rule=values.texts,
    outcome=OUTCOMES,
    count=st.none() | COUNTS,
    flagged=st.booleans(),
)
RULINGS = st.builds(
    Ruling,
    day=st.dates(),
    version=values.texts,
    outcome=OUTCOMES,
    consent=st.none() | st.sampled_from(["2026-03-01", "2026-03", "2026"]).map(PartialDate.parse),
    rules=st.lists(RULES, max_size=4).map(tuple),
    review=values.texts,
)
RULING = Ruling(day=SUBJECT.enrolled, version="1", outcome=Outcome.ELIGIBLE, consent=None, rules=())


def rulings(book: Book) -> list[tuple[Change, Ruling]]:
    """What is kept, by whom; later changes have higher numbers."""
    found = book.rulings("ZJ-001")
    assert len({ruled.number for ruled in found}) == len(found)
    assert sorted(found, key=lambda ruled: ruled.number) == list(found)
    return [(ruled.change, ruled.ruling) for ruled in found]


@settings(max_examples=20)
@given(ruling=RULINGS)
def test_what_comes_back_is_what_went_in(databases: Databases, ruling: Ruling) -> None:
    with databases.book() as url, Store(url) as store:
        store.write(enrolling(SUBJECT))
        store.write(lambda book: book.keep_ruling(CHANGE, "zj-001", ruling))
        assert store.read(rulings) == [(CHANGE, ruling)]
        assert store.read(Book.verify)


def test_further_ones_stand_beside_the_earlier_ones(store: Store) -> None:
    later = replace(CHANGE, user="wang", at=CHANGE.at + timedelta(days=1))
    reviewed = replace(RULING, outcome=Outcome.NEEDS_REVIEW, review="seen")
    store.write(enrolling(SUBJECT))
    assert store.read(rulings) == []
    store.write(lambda book: book.keep_ruling(CHANGE, "ZJ-001", RULING))
    store.write(lambda book: book.keep_ruling(later, "ZJ-001", reviewed))
    assert store.read(rulings) == [(CHANGE, RULING), (later, reviewed)]


def test_only_who_is_enrolled_has_a_ruling(store: Store) -> None:
    with pytest.raises(UnknownName):
        store.write(lambda book: book.keep_ruling(CHANGE, "ZJ-001", RULING))
    with pytest.raises(UnknownName):
        store.read(rulings)


def test_the_table_has_no_room_for_an_answer() -> None:
    assert set(screenings.c.keys()) == {
        *("id", "subject_id", "change_id", "day", "version"),
        *("outcome", "consent", "review", "rules"),
    }
