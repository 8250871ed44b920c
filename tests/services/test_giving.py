"""Laws of products, through random lives of two participants who share chairs and a laboratory."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduler.deviations import Kind
from scheduler.errors import BadValue, Refused, Unplaced
from scheduler.life import Act
from scheduler.products import Product, Stage
from scheduler.services import monitoring
from scheduler.store import Store
from scheduler.subject import OPEN, Status, Visit, current
from tests.courses import Course, begin

VERBS = (
    *("order", "release", "release", "fail", "end", "give", "give", "give", "give"),
    *("complete", "complete", "resume", "cancel", "confirm", "move"),
)
INFUSIONS = ("infusion-1", "infusion-2")
WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command for one of two participants; `days` count from an infusion's day.

    Its batch is the participant's newest, the `other`'s, or one of a `new` id.
    """

    verb: str
    who: int
    whose: str
    visit: str
    days: int
    forced: bool


steps = st.builds(
    Step,
    verb=st.sampled_from(VERBS),
    who=st.sampled_from([0, 0, 0, 1]),
    whose=st.sampled_from(["own"] * 7 + ["other", "new"]),
    visit=st.sampled_from(["infusion-1", "infusion-1", "infusion-2"]),
    days=st.sampled_from([0, 0, 0, 1, -1, 2, 4, 7, -7, 12]),
    forced=st.booleans(),
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with two participants whose cells were taken and whose batches were ordered."""
    book = tmp_path_factory.mktemp("begun") / "book.db"
    with Store(f"sqlite:///{book}") as store:
        for batch in ("B-1", "B-2"):
            course = begin(store)
            course.complete("aspiration")
            course.order(batch)
        Course(store, "ZJ-001").release("B-1", "2026-04-07", "2026-04-20")
    return book


@contextmanager
def copied(book: Path) -> Iterator[tuple[Course, Course]]:
    """The two participants of a copy of the book."""
    copy = book.with_name("copy.db")
    for rest in book.parent.glob("copy.db*"):
        rest.unlink()
    shutil.copy(book, copy)
    with Store(f"sqlite:///{copy}") as store:
        yield Course(store, "ZJ-001"), Course(store, "ZJ-002")


def standing(course: Course) -> dict[str, Visit]:
    return current(course.visits().values())


def named(course: Course, other: Course, step: Step) -> str:
    """The batch that a step names; spellings do not count."""
    own, others = [*course.batches()], [*other.batches()]
    if (step.verb == "order" and step.whose == "own") or step.whose == "new":
        return f"N-{len(own) + len(others)}"
    return (own if step.whose == "own" else others)[-1].lower()


def do(course: Course, batch: str, step: Step) -> None:
    """What the step says; refusals pass as they are."""
    visits = standing(course)
    visit = visits[step.visit]
    day = (visit.actual or visit.day or visit.target) + timedelta(days=step.days)
    match step.verb:
        case "order":
            course.order(batch)
        case "release":
            end = str(day + timedelta(days=9))
            course.release(batch, day - timedelta(days=2), end, forced=step.forced)
        case "fail":
            course.fail(batch, today=day)
        case "end":
            course.fail(batch, today=day, end=True)
        case "give":
            course.give(visit.ref, batch, str(day), forced=step.forced)
        case "complete":
            course.complete(visits["aspiration"].ref, reason="as it was")
        case "resume":
            course(Act.RESUME, visit.ref)
        case "cancel":
            course(Act.CANCEL, visit.ref)
        case "confirm":
            course(Act.CONFIRM, visit.ref)
        case "move":
            course.move(visit.ref, str(day), forced=step.forced)


def states(course: Course) -> list[Product]:
    return list(course.store.read(lambda book: book.product_states(course.code)))


def check_given(course: Course) -> None:
    """Every completed infusion has one batch that was right then, or it is a deviation."""
    recorded = states(course)
    broken = {(each.visit.ref, each.kind) for each in monitoring.broken(course.store, course.code)}
    for visit in course.visits().values():
        given_now = [p for p in course.batches().values() if visit.ref in p.given]
        if visit.encounter not in INFUSIONS or visit.status is not Status.COMPLETED:
            assert given_now == []
            continue
        if not given_now:
            assert (visit.ref, Kind.SWAPPED_BATCH) in broken
            continue
        [product] = given_now
        then = [s for s in recorded if s.batch == product.batch and visit.ref in s.given]
        day = visit.actual
        assert day is not None
        assert (visit.ref, Kind.UNFIT_BATCH) in broken or any(
            state.stage is Stage.RELEASED
            and state.released is not None
            and state.expires is not None
            and state.released <= day <= state.expires.day
            for state in then
        )
        aspirations = [v for v in course.visits().values() if v.encounter == "aspiration"]
        assert 1 <= product.chain <= len(aspirations)


def astray(*courses: Course) -> set[tuple[str, str]]:
    """Which batches were recorded as given to somebody else, and where."""
    batches = [batch for course in courses for batch in course.batches().values()]
    return {(batch.batch, mark) for batch in batches for mark in batch.astray}


def unmarked(course: Course) -> dict[str, Product]:
    """The batches as they stand, but for their marks of other participants."""
    own = {
        batch.batch: tuple(mark for mark in batch.given if mark not in batch.astray)
        for batch in course.batches().values()
    }
    return {id: replace(batch, given=own[id]) for id, batch in course.batches().items()}


def check_pair(course: Course) -> None:
    """Two infusions to come are a week apart."""
    visits = standing(course)
    first, second = (visits[infusion] for infusion in INFUSIONS)
    if {first.status, second.status} <= OPEN and first.day and second.day:
        assert second.day - first.day == WEEK


def superseded(course: Course) -> dict[str, Visit]:
    return {v.ref: v for v in course.visits().values() if v.status is Status.SUPERSEDED}


@settings(max_examples=25)
@given(lived=st.lists(steps, min_size=4, max_size=12))
def test_laws_of_products_hold_through_every_life(begun: Path, lived: list[Step]) -> None:
    """No infusion without a right batch or a deviation, no batch for two, history kept."""
    with copied(begun) as courses:
        for step in lived:
            course, other = courses[step.who], courses[1 - step.who]
            gone, beside = superseded(course), (other.visits(), unmarked(other))
            marks = astray(*courses)
            owners = {b.casefold(): c.code for c in courses for b in c.batches()}
            before = course.visits(), course.batches()
            try:
                do(course, named(course, other, step), step)
            except (Refused, BadValue, Unplaced) as refusal:
                event(f"{step.verb} refused: {type(refusal).__name__}")
                assert (course.visits(), course.batches()) == before
            else:
                event(f"{step.verb} done")
            assert (other.visits(), unmarked(other)) == beside
            assert marks <= astray(*courses), "what went to somebody else is never free again"
            assert step.forced or marks == astray(*courses)
            after = superseded(course)
            assert {ref: after[ref] for ref in gone} == gone
            now = {b.casefold(): c.code for c in courses for b in c.batches()}
            assert sum(len(c.batches()) for c in courses) == len(now)
            assert {batch: now[batch] for batch in owners} == owners
            for each in courses:
                check_given(each)
                check_pair(each)


@settings(max_examples=30)
@given(days=st.lists(st.integers(0, 40), min_size=1, max_size=3))
def test_no_infusion_to_come_stands_before_a_release_that_was_carried_out(
    begun: Path, days: list[int]
) -> None:
    with copied(begun) as (course, _):
        for late in days:
            day = date(2026, 4, 1) + timedelta(days=late)
            course.release("B-1", day, forced=True)
            stands = [standing(course)[infusion].day for infusion in INFUSIONS]
            assert all(stand is not None and stand >= day for stand in stands)
            check_pair(course)
