"""The book gives back what it was given, keeps what was, and never books twice."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.dates import Interval, Window
from scheduler.errors import AlreadyEnrolled, Refused, UnknownName
from scheduler.store import Book, Change, Store
from scheduler.store.entries import DoubleBooked
from scheduler.subject import Allocation, Status, Subject, Visit, Weight
from tests.databases import Databases
from tests.store import values
from tests.store.values import CHANGE, SHANGHAI, SLOT, SUBJECT, VISIT, allocations, at, enrolling


@settings(max_examples=30)
@given(data=st.data(), subject=values.subjects)
def test_what_comes_back_is_what_went_in(
    databases: Databases, data: st.DataObject, subject: Subject
) -> None:
    count = data.draw(st.integers(0, 4))
    visits = [data.draw(values.visits(subject, number)) for number in range(1, count + 1)]
    change = Change(
        user=data.draw(values.texts),
        at=data.draw(values.instants),
        command=data.draw(values.texts),
        reason=data.draw(values.texts),
    )
    with databases.book() as url, Store(url) as store:
        store.write(enrolling(subject, *visits, change=change))
        kept = store.read(lambda book: book.visits(subject=subject.code))
        history = store.read(lambda book: book.history(subject.code))
        assert store.read(lambda book: book.subject(subject.code)) == subject
    # repr tells the two hours of the same name apart, which == does not.
    assert sorted(map(repr, kept)) == sorted(map(repr, visits))
    assert [repr(entry.visit) for entry in history] == list(map(repr, visits))
    assert all(entry.change == change for entry in history)


def test_weight_keeps_its_digits(store: Store) -> None:
    store.write(enrolling(SUBJECT))
    weight = store.read(lambda book: book.subject("ZJ-001")).weight
    assert weight is not None
    assert str(weight.kg) == "68.50"


@pytest.mark.parametrize("typed", ["ZJ-001", "zj-001", " Zj-001 ", "ＺＪ－００１"])
def test_code_is_found_in_any_spelling_and_has_no_twin(store: Store, typed: str) -> None:
    store.write(enrolling(SUBJECT, VISIT))
    assert store.read(lambda book: book.subject(typed)) == SUBJECT
    assert store.read(lambda book: book.visits(subject=typed)) == (VISIT,)
    assert len(store.read(lambda book: book.history(typed))) == 1
    twin = replace(SUBJECT, code=typed)
    with pytest.raises(AlreadyEnrolled, match="ZJ-001 is already enrolled"):
        store.write(enrolling(twin, replace(VISIT, subject=typed)))
    assert store.read(lambda book: book.subjects()) == (SUBJECT,)


@pytest.mark.parametrize("ask", [Book.subject, Book.history, lambda b, c: b.visits(subject=c)])
def test_unknown_code_suggests_the_nearest(
    store: Store, ask: Callable[[Book, str], object]
) -> None:
    store.write(enrolling(SUBJECT))
    with pytest.raises(UnknownName, match="ZJ-001"):
        store.read(lambda book: ask(book, "zj-002"))


def test_subjects_come_by_code_whatever_the_database_sorts_by(store: Store) -> None:
    codes = ["zj-3", "ZJ-2", "AB_1", "AB-1", "浙-1", "ab2"]
    for code in codes:
        site = "AB" if code.startswith("AB") else "ZJ"
        store.write(enrolling(replace(SUBJECT, code=code, site=site)))
    everyone = store.read(lambda book: book.subjects())
    assert [subject.code for subject in everyone] == sorted(codes)
    assert [s.code for s in store.read(lambda book: book.subjects("AB"))] == ["AB-1", "AB_1"]


def test_protocol_version_never_changes(store: Store) -> None:
    text = '# 方案\ntitle = "α\\u0000"\r\n'
    store.write(lambda book: book.keep_protocol(CHANGE, "p", "1", text))
    store.write(lambda book: book.keep_protocol(CHANGE, "p", "1", text))
    with pytest.raises(Refused, match="p version 1 is in use with another text"):
        store.write(lambda book: book.keep_protocol(CHANGE, "p", "1", text + " "))
    store.write(lambda book: book.keep_protocol(CHANGE, "p", "2", text + " "))
    assert store.read(lambda book: book.protocol_text("p", "1")) == text
    with pytest.raises(UnknownName, match="Known: p 1, p 2"):
        store.read(lambda book: book.protocol_text("p", "3"))


def test_nobody_is_enrolled_under_rules_that_are_not_kept(store: Store) -> None:
    with pytest.raises(UnknownName, match="bmsc-stroke 1"):
        store.write(lambda book: book.enroll(CHANGE, SUBJECT, [VISIT]))
    assert store.read(lambda book: book.subjects()) == ()


def test_visits_come_by_day_and_start_and_only_those_asked_for(store: Store) -> None:
    early = at(replace(VISIT, encounter="day-3"), datetime(2026, 4, 13, 8, tzinfo=SHANGHAI))
    late = at(replace(VISIT, encounter="day-1"), datetime(2026, 4, 13, 15, tzinfo=SHANGHAI))
    placeless = replace(
        VISIT, encounter="day-8", scheduled=None, allocations=(), target=date(2026, 4, 13)
    )
    other = replace(SUBJECT, code="BJ-001", site="BJ")
    store.write(enrolling(SUBJECT, late, VISIT, early, placeless))
    store.write(enrolling(other, replace(VISIT, subject="BJ-001", site="BJ", allocations=())))

    def refs(**asked: Any) -> list[str]:
        found = store.read(lambda book: book.visits(**asked))
        return [f"{visit.site} {visit.ref}" for visit in found]

    on_the_13th = ["ZJ day-8", "ZJ day-3", "ZJ day-1"]
    assert refs() == ["ZJ infusion-1", "BJ infusion-1", *on_the_13th]
    assert refs(site="ZJ") == refs(subject="zj-001") == ["ZJ infusion-1", *on_the_13th]
    assert refs(days=Window(earliest=date(2026, 4, 13), latest=date(2026, 4, 13))) == on_the_13th
    assert refs(site="BJ", subject="ZJ-001") == []


def test_day_of_a_visit_is_the_sites_day_not_utcs(store: Store) -> None:
    # 07:30 in Shanghai on the 9th is still the 8th in Greenwich.
    visit = at(VISIT, datetime(2026, 4, 9, 7, 30, tzinfo=SHANGHAI))
    store.write(enrolling(SUBJECT, visit))
    the_9th = Window(earliest=date(2026, 4, 9), latest=date(2026, 4, 9))
    assert store.read(lambda book: book.visits(days=the_9th)) == (visit,)


def test_recording_appends_and_moves_what_is_taken(store: Store) -> None:
    moved = replace(
        at(VISIT, datetime(2026, 4, 10, 9, tzinfo=SHANGHAI), units=("chair-2",)), sequence=1
    )
    again = replace(VISIT, sequence=2)
    change = Change(user="wu", at=CHANGE.at + timedelta(days=1), command="move", reason="病人要求")
    store.write(enrolling(SUBJECT, VISIT))
    store.write(lambda book: book.record(change, [moved]))
    store.write(lambda book: book.record(change, [again]))
    assert store.read(lambda book: book.visits()) == (again,)
    history = store.read(lambda book: book.history("ZJ-001"))
    assert [(entry.change, entry.visit) for entry in history] == [
        (CHANGE, VISIT),
        (change, moved),
        (change, again),
    ]
    assert store.read(lambda book: _taken(book, SLOT)) == [("chair-1", SLOT)]


def _taken(book: Book, span: Interval, site: str = "ZJ") -> list[tuple[str, Interval]]:
    return [(taken.unit, taken.interval) for taken in allocations(book, site, span)]


def test_further_occurrence_is_a_visit_of_its_own(store: Store) -> None:
    second = at(replace(VISIT, occurrence=2), datetime(2026, 4, 10, 9, tzinfo=SHANGHAI))
    store.write(enrolling(SUBJECT, VISIT))
    store.write(lambda book: book.record(CHANGE, [second]))
    assert store.read(lambda book: book.visits()) == (VISIT, second)


def test_recording_needs_an_enrolled_subject_and_one_state_a_visit(store: Store) -> None:
    with pytest.raises(UnknownName, match='no subject "ZJ-001"'):
        store.write(lambda book: book.record(CHANGE, [VISIT]))
    store.write(enrolling(SUBJECT, VISIT))
    with pytest.raises(ValueError, match="one state"):
        store.write(lambda book: book.record(CHANGE, [VISIT, VISIT]))
    assert len(store.read(lambda book: book.history("ZJ-001"))) == 1


@pytest.mark.parametrize("status", Status)
def test_open_and_completed_visits_hold_their_units(store: Store, status: Status) -> None:
    store.write(enrolling(SUBJECT, replace(VISIT, status=status)))
    frees = status in {Status.MISSED, Status.CANCELLED, Status.SUPERSEDED}
    expected = [] if frees else [("chair-1", SLOT)]
    assert store.read(lambda book: _taken(book, SLOT)) == expected


def test_allocations_are_the_units_that_reach_into_the_span(store: Store) -> None:
    store.write(enrolling(SUBJECT, VISIT))
    hour = timedelta(hours=1)

    def taken(start: datetime, end: datetime, site: str = "ZJ") -> list[tuple[str, Interval]]:
        return store.read(lambda book: _taken(book, Interval(start=start, end=end), site))

    assert taken(SLOT.start - hour, SLOT.start) == []
    assert taken(SLOT.end, SLOT.end + hour) == []
    inside = (SLOT.start.astimezone(UTC) + hour, SLOT.start.astimezone(UTC) + 2 * hour)
    assert taken(*inside) == [("chair-1", SLOT)]
    assert taken(SLOT.start - hour, SLOT.end + hour) == [("chair-1", SLOT)]
    assert taken(SLOT.start, SLOT.end, site="BJ") == []


def _second(start: datetime, unit: str = "chair-1", site: str = "ZJ") -> tuple[Subject, Visit]:
    subject = replace(SUBJECT, code="ZJ-002", site=site)
    return subject, at(replace(VISIT, subject="ZJ-002", site=site), start, units=(unit,))


def test_taken_chair_is_refused_and_nothing_is_stored(store: Store) -> None:
    store.write(enrolling(SUBJECT, VISIT))
    late = datetime(2026, 4, 9, 15, 59, tzinfo=SHANGHAI)
    with pytest.raises(DoubleBooked) as refused:
        store.write(enrolling(*_second(late)))
    assert str(refused.value) == (
        "chair-1 is taken from 2026-04-09 09:00 to 2026-04-09 16:00 by ZJ-001 infusion-1"
    )
    assert store.read(lambda book: book.subjects()) == (SUBJECT,)
    assert store.read(lambda book: book.visits()) == (VISIT,)


def test_free_chair_is_booked(store: Store) -> None:
    store.write(enrolling(SUBJECT, VISIT))
    store.write(enrolling(*_second(SLOT.end)))
    moved = _second(SLOT.start, unit="chair-2")[1]
    store.write(lambda book: book.record(CHANGE, [moved]))
    elsewhere = _second(SLOT.start, site="BJ")
    store.write(
        enrolling(replace(elsewhere[0], code="BJ-1"), replace(elsewhere[1], subject="BJ-1"))
    )
    assert len(store.read(lambda book: book.visits())) == 3


def test_refused_booking_leaves_the_transaction_usable(store: Store) -> None:
    """Whoever catches the refusal may go on: the refused change has left no trace."""
    subject, later = _second(SLOT.end)
    store.write(enrolling(SUBJECT, VISIT))
    store.write(enrolling(subject, later))

    def work(book: Book) -> None:
        with pytest.raises(DoubleBooked):
            book.record(CHANGE, [_second(SLOT.start)[1]])
        with pytest.raises(DoubleBooked):
            enrolling(replace(SUBJECT, code="ZJ-003"), replace(VISIT, subject="ZJ-003"))(book)
        book.keep_protocol(CHANGE, "p", "1", "text")

    store.write(work)
    assert store.read(lambda book: book.protocol_text("p", "1")) == "text"
    assert store.read(lambda book: book.visits()) == (VISIT, later)
    assert len(store.read(lambda book: book.subjects())) == 2
    span = Interval(start=SLOT.start, end=SLOT.end + timedelta(hours=7))
    both = [*VISIT.allocations, *later.allocations]
    assert store.read(lambda book: allocations(book, "ZJ", span)) == tuple(both)


def test_work_that_catches_anything_stores_nothing_by_halves(store: Store) -> None:
    store.write(enrolling(SUBJECT, VISIT))

    def work(book: Book) -> None:
        with suppress(Exception):
            enrolling(*_second(SLOT.start))(book)

    store.write(work)
    assert store.read(lambda book: book.subjects()) == (SUBJECT,)
    assert store.read(lambda book: book.visits()) == (VISIT,)
    assert store.read(lambda book: book.verify()).problems == ()


def test_plan_that_takes_a_chair_twice_is_refused(store: Store) -> None:
    other = replace(VISIT, encounter="infusion-2")
    with pytest.raises(DoubleBooked, match="another visit of the same plan"):
        store.write(enrolling(SUBJECT, VISIT, other))


def test_visits_may_swap_their_chairs_in_one_change(store: Store) -> None:
    start = SLOT.start
    first, second = (
        at(replace(VISIT, encounter=e), start, units=(unit,))
        for e, unit in [("a", "chair-1"), ("b", "chair-2")]
    )
    store.write(enrolling(SUBJECT, first, second))
    swapped = [
        replace(first, allocations=second.allocations),
        replace(second, allocations=first.allocations),
    ]
    store.write(lambda book: book.record(CHANGE, swapped))
    assert store.read(lambda book: set(book.visits())) == set(swapped)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(VISIT, scheduled=Interval(start=CHANGE.at, end=CHANGE.at + timedelta(hours=1))),
        replace(VISIT, changed=datetime(2026, 3, 2)),
        replace(
            VISIT,
            allocations=(
                Allocation(
                    unit="chair-1",
                    interval=Interval(start=SLOT.start, end=SLOT.end.astimezone(UTC)),
                ),
            ),
        ),
    ],
)
def test_instants_need_the_sites_zone(store: Store, wrong: Visit) -> None:
    with pytest.raises(Exception, match=r"zone|Zone"):
        store.write(enrolling(SUBJECT, wrong))
    assert store.read(lambda book: book.subjects()) == ()


def test_fold_survives(store: Store) -> None:
    """The second 02:30 of the 25-hour day in Berlin is not the first."""
    berlin = SHANGHAI.__class__("Europe/Berlin")
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=berlin)
    slot = Interval(start=second, end=datetime(2026, 10, 25, 3, 30, tzinfo=berlin))
    visit = replace(VISIT, scheduled=slot, allocations=(Allocation(unit="room", interval=slot),))
    store.write(enrolling(SUBJECT, visit))
    (kept,) = store.read(lambda book: book.visits())
    assert repr(kept) == repr(visit)
    assert store.read(lambda book: repr(allocations(book, "ZJ", slot))) == repr(visit.allocations)


def test_weights_are_exact_decimals_in_any_notation(store: Store) -> None:
    weight = Weight(kg=Decimal("7E+1"), measured=SUBJECT.enrolled)
    store.write(enrolling(replace(SUBJECT, weight=weight)))
    assert store.read(lambda book: book.subject("ZJ-001").weight) == weight


def _kept(book: Book, *versions: str) -> None:
    for version in versions:
        book.keep_protocol(CHANGE, "bmsc-stroke", version, f"rules {version}")


def test_amendment_is_followed_from_its_change_on(store: Store) -> None:
    amended = Change(
        user="wang", at=CHANGE.at + timedelta(days=9), command="protocol amend", reason="approved"
    )
    moved = replace(VISIT, sequence=1)

    def work(book: Book) -> None:
        _kept(book, "2")
        book.amend(amended, {"zj-001": "2"}, [moved])

    store.write(enrolling(SUBJECT, VISIT))
    store.write(enrolling(replace(SUBJECT, code="ZJ-002")))
    store.write(work)
    subjects = store.read(lambda book: book.subjects())
    assert [(subject.code, subject.protocol_version) for subject in subjects] == [
        ("ZJ-001", "2"),
        ("ZJ-002", "1"),
    ]
    entries = store.read(lambda book: book.history("ZJ-001"))
    assert [(entry.visit, entry.version) for entry in entries] == [(VISIT, "1"), (moved, "2")]
    versions = store.read(lambda book: book.versions("ZJ-001"))
    assert [(each.change, each.version) for each in versions] == [(CHANGE, "1"), (amended, "2")]


def test_amendment_to_unkept_version_changes_nothing(store: Store) -> None:
    store.write(enrolling(SUBJECT, VISIT))
    with pytest.raises(UnknownName, match='no protocol in the book "bmsc-stroke 2"'):
        store.write(lambda book: book.amend(CHANGE, {"ZJ-001": "2"}, [VISIT]))
    with pytest.raises(UnknownName, match='no subject "ZJ-009"'):
        store.write(lambda book: book.amend(CHANGE, {"ZJ-009": "1"}, []))
    assert len(store.read(lambda book: book.versions("ZJ-001"))) == 1


def test_version_is_kept_with_one_text(store: Store) -> None:
    store.write(lambda book: _kept(book, "1"))
    assert store.read(lambda book: book.keeps_protocol("bmsc-stroke", "1", "rules 1"))
    assert not store.read(lambda book: book.keeps_protocol("bmsc-stroke", "2", "rules 2"))
    with pytest.raises(Refused, match="version 1 is in use with another text"):
        store.read(lambda book: book.keeps_protocol("bmsc-stroke", "1", "rules 2"))
