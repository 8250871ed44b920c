"""Random lives of a book, compared with a few dictionaries that do the same."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from scheduler.dates import Interval, Window
from scheduler.errors import AlreadyEnrolled, Refused
from scheduler.store import Book, Change, Store
from scheduler.store.entries import DoubleBooked
from scheduler.subject import OPEN, Status, Subject, Visit
from tests.databases import Databases
from tests.store.values import CHANGE, SHANGHAI, SUBJECT, VISIT, allocations, at, enrolling

MONDAY = datetime(2026, 4, 6, 8, tzinfo=SHANGHAI)
SPAN = Interval(start=MONDAY, end=MONDAY + timedelta(days=9))
DAYS = Window(earliest=SPAN.start.date(), latest=SPAN.end.date())

codes = st.sampled_from(["ZJ-1", "ZJ-2", "zj-1", "BJ-1"])
slots = st.none() | st.tuples(st.integers(0, 5), st.integers(1, 3))
units = st.sampled_from([(), ("chair-1",), ("chair-2",), ("chair-1", "nurse")])
plans = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.integers(1, 2)),
    st.tuples(slots, units, st.sampled_from(Status)),
    max_size=3,
)
Plan = dict[tuple[str, int], tuple[tuple[int, int] | None, tuple[str, ...], Status]]


def visits_of(code: str, plan: Plan, sequence: int) -> list[Visit]:
    """The visits a plan means, on a small grid of hours so that they often collide."""
    visits = []
    for (encounter, occurrence), (slot, taken, status) in plan.items():
        visit = replace(
            VISIT,
            subject=code,
            encounter=encounter,
            occurrence=occurrence,
            status=status,
            sequence=sequence,
            scheduled=None,
            allocations=(),
        )
        if slot:
            start = MONDAY + timedelta(hours=slot[0])
            visit = at(visit, start, hours=slot[1], units=taken)
        visits.append(visit)
    return visits


class Life(RuleBasedStateMachine):
    """Enrolls and records in the store and in the model alike."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.subjects: dict[str, Subject] = {}
        self.states: dict[tuple[str, str, int], Visit] = {}
        self.history: list[tuple[Change, Visit]] = []

    def expected_error(self, visits: list[Visit]) -> type[Refused] | None:
        after = {**self.states, **{_key(visit): visit for visit in visits}}
        taken = [
            (allocation.unit, allocation.interval)
            for visit in after.values()
            if visit.status in OPEN | {Status.COMPLETED}
            for allocation in visit.allocations
        ]
        for n, (unit, interval) in enumerate(taken):
            if any(unit == u and interval.overlaps(i) for u, i in taken[:n]):
                return DoubleBooked
        return None

    def note(self, change: Change, visits: list[Visit]) -> None:
        self.states |= {_key(visit): visit for visit in visits}
        self.history += [(change, visit) for visit in visits]

    @rule(code=codes, plan=plans)
    def enroll(self, code: str, plan: Plan) -> None:
        visits = visits_of(code, plan, 0)
        subject = replace(SUBJECT, code=code)
        twin = code.casefold() in {known.casefold() for known in self.subjects}
        error = AlreadyEnrolled if twin else self.expected_error(visits)
        with pytest.raises(error) if error else nullcontext():
            self.store.write(enrolling(subject, *visits))
        if not error:
            self.subjects[code] = subject
            self.note(CHANGE, visits)

    @rule(data=st.data(), plan=plans)
    def record(self, data: st.DataObject, plan: Plan) -> None:
        if not self.subjects:
            return
        code = data.draw(st.sampled_from(sorted(self.subjects)))
        change = replace(CHANGE, command="move", reason=f"{len(self.history)}")
        visits = visits_of(code, plan, len(self.history))
        error = self.expected_error(visits)
        with pytest.raises(error) if error else nullcontext():
            self.store.write(lambda book: book.record(change, visits))
        if not error:
            self.note(change, visits)

    @invariant()
    def book_and_model_agree(self) -> None:
        subjects, visits, taken, there = self.store.read(
            lambda book: (
                book.subjects(),
                book.visits(),
                allocations(book, "ZJ", SPAN),
                book.appointments.at("ZJ", DAYS),
            )
        )
        assert subjects == tuple(self.subjects[code] for code in sorted(self.subjects))
        assert {_key(visit): visit for visit in visits} == self.states
        days = [visit.day or visit.target for visit in visits]
        assert days == sorted(days)
        holders = [v for v in self.states.values() if v.status in OPEN | {Status.COMPLETED}]
        assert set(taken) == {allocation for v in holders for allocation in v.allocations}
        assert {(each.subject, each.visit) for each in there.values()} == {
            (v.subject, v.ref) for v in holders if v.scheduled
        }
        for code in self.subjects:
            entries = self.store.read(partial(Book.history, subject=code))
            told = [(entry.change, entry.visit) for entry in entries]
            assert told == [(c, visit) for c, visit in self.history if visit.subject == code]


def _key(visit: Visit) -> tuple[str, str, int]:
    return visit.subject, visit.encounter, visit.occurrence


def test_book_lives_as_the_model_does(databases: Databases) -> None:
    class LifeInAFreshBook(Life):
        def __init__(self) -> None:
            super().__init__()
            self._book = databases.book()
            self.store = Store(self._book.__enter__())

        def teardown(self) -> None:
            self.store.close()
            self._book.__exit__(None, None, None)

    shape = settings(max_examples=20, stateful_step_count=12)
    run_state_machine_as_test(LifeInAFreshBook, settings=shape)
