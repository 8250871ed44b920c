"""Re-planning through the service: what moves, what stays, and what is refused."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import chain
from typing import Any

import pytest

from scheduler.dates import Window
from scheduler.errors import BadInput, UnknownName, Unplaced
from scheduler.joint.costs import figures
from scheduler.life import Act, NotPermitted, ReasonMissing
from scheduler.optimizer import select
from scheduler.products import Expiry
from scheduler.protocol import Kind, Mode
from scheduler.replanning import standing_day
from scheduler.services import enrollment, proposals, replan
from scheduler.services.proposals import BookChanged, Proposal
from scheduler.services.replan import Closure, Request
from scheduler.sites import Caps, Role
from scheduler.store import Store
from scheduler.subject import Status
from tests.databases import SqliteFiles
from tests.lives import CLINIC, Life, change, enroll, staffed

MARCH = date(2026, 3, 13)


@pytest.fixture
def book(sqlite_files: SqliteFiles) -> Iterator[Store]:
    with sqlite_files.book() as url, Store(url) as store:
        yield store


@pytest.fixture
def crowd(book: Store) -> list[Life]:
    """Four participants who share two chairs in two weeks of April."""
    return [enroll(book, at=date(2026, 3, day)) for day in (2, 3, 4, 5)]


def shut(owner: str, first: date, last: date) -> tuple[Closure, ...]:
    return (Closure(owner=owner, days=Window(earliest=first, latest=last)),)


APRIL = shut("chair-1", date(2026, 4, 6), date(2026, 4, 17))


def proposed(
    store: Store, closures: tuple[Closure, ...] = (), today: date = MARCH, **more: Any
) -> Proposal:
    clinic, solver = more.pop("clinic", CLINIC), more.pop("solver", select)
    mark = change("replan", user=more.pop("user", "li"))
    request = Request(closures=closures, **more)
    return replan.propose(store, clinic, request, mark, today, solver)


def applied(store: Store, found: Proposal, reason: str = "chair 1 is serviced") -> None:
    proposals.apply(store, [found], change("replan", reason))


def days(found: Proposal) -> dict[str, tuple[date | None, date | None]]:
    return {f"{b.subject} {b.ref}": (b.day, a.day) for b, a in found.told}


def check_pairs(lives: list[Life]) -> None:
    for life in lives:
        visits = life.visits()
        first, second = visits["infusion-1"].day, visits["infusion-2"].day
        assert first is not None
        assert second == first + timedelta(days=7)


@pytest.mark.parametrize("solver", [select, None])
@pytest.mark.usefixtures("crowd")
def test_without_need_nothing_moves(book: Store, solver: Any) -> None:
    found = proposed(book, solver=solver)
    assert (found.changes, found.lost, found.moved) == ((), (), 0)
    assert found.cost == found.bound


@pytest.mark.parametrize("solver", [select, None])
def test_a_closure_is_left_and_a_second_run_changes_nothing(
    crowd: list[Life], book: Store, solver: Any
) -> None:
    found = proposed(book, APRIL, solver=solver)
    assert found.moved > 0
    assert not found.lost
    assert found.bound <= found.cost
    applied(book, found)
    check_pairs(crowd)
    for life in crowd:
        for visit in life.visits().values():
            assert visit.day is not None
            assert visit.day in visit.window
            on_chair = "chair-1" in {taken.unit for taken in visit.allocations}
            assert not (on_chair and visit.day in APRIL[0].days)
    again = proposed(book, APRIL, solver=solver)
    assert (again.changes, again.lost) == ((), ())


@pytest.mark.usefixtures("crowd")
def test_the_solver_is_never_worse_than_turns(book: Store) -> None:
    site = shut("chair", date(2026, 4, 9), date(2026, 4, 14))
    best, turns = proposed(book, site), proposed(book, site, solver=None)
    assert best.bound <= best.cost <= turns.cost


def test_what_is_done_or_agreed_stays(crowd: list[Life], book: Store) -> None:
    one, two, *_ = crowd
    one.complete("baseline")
    one.complete("aspiration")
    two(Act.CONFIRM, "infusion-1")
    before = {life.code: life.visits() for life in crowd}
    found = proposed(book, shut("chair", date(2026, 4, 9), date(2026, 4, 13)))
    moved = days(found)
    assert f"{one.code} infusion-1" in moved
    assert f"{one.code} aspiration" not in moved
    # Infusion 1 was agreed, and infusion 2 is a week after it: both stay where they cannot be.
    assert not {f"{two.code} infusion-1", f"{two.code} infusion-2"} & moved.keys()
    [agreed] = [each for each in found.lost if each.visit.status is Status.CONFIRMED]
    assert (agreed.visit.subject, agreed.visit.ref) == (two.code, "infusion-1")
    reason, *others = agreed.reasons
    assert reason == "it was agreed with the participant"
    assert "chair taken" in "; ".join(others)
    proposals.apply(book, [found], change("replan"))
    assert one["aspiration"] == before[one.code]["aspiration"]
    assert two["infusion-1"] == before[two.code]["infusion-1"]
    window = one["infusion-1"].window
    assert (window.earliest, window.latest) == (date(2026, 4, 2), date(2026, 4, 16))


@pytest.mark.parametrize("solver", [select, None])
def test_what_is_agreed_keeps_its_time_in_another_chair(book: Store, solver: Any) -> None:
    """Two share a day, one in each chair; whose time is agreed gets the chair that is left."""
    one, two = (enroll(book) for _ in "12")
    for ref in ("infusion-1", "infusion-2"):
        one(Act.CONFIRM, ref)
    before = one.visits()
    assert {before[ref].allocations[0].unit for ref in ("infusion-1", "infusion-2")} == {"chair-1"}
    assert two["infusion-1"].scheduled == before["infusion-1"].scheduled
    found = proposed(book, APRIL, solver=solver)
    assert not found.lost
    applied(book, found)
    for ref in ("infusion-1", "infusion-2"):
        after = one[ref]
        assert (after.status, after.scheduled) == (Status.CONFIRMED, before[ref].scheduled)
        assert after.allocations[0].unit == "chair-2"
        assert after.sequence == before[ref].sequence + 1
        assert two[ref].scheduled != after.scheduled
    assert not book.read(lambda book: book.verify()).problems
    again = proposed(book, APRIL, solver=solver)
    assert (again.changes, again.lost) == ((), ())


@pytest.mark.parametrize("solver", [select, None])
def test_nobody_is_sent_from_the_only_place_there_is(book: Store, solver: Any) -> None:
    """From the day of infusion 1 on all is shut but for one chair, in which another sits."""
    one, two = (enroll(book) for _ in "12")
    one(Act.CONFIRM, "infusion-1")
    before = two["infusion-1"]
    days = ((date(2026, 3, 27), date(2026, 4, 8)), (date(2026, 4, 10), date(2026, 4, 20)))
    closures = (closure for span in days for closure in shut("site", *span))
    found = proposed(book, (*closures, *APRIL), solver=solver)
    lost = {f"{each.visit.subject} {each.visit.ref}" for each in found.lost}
    assert f"{one.code} infusion-1" in lost
    applied(book, found)
    assert two["infusion-1"].allocations == before.allocations
    assert not book.read(lambda book: book.verify()).problems


def test_a_visit_that_stays_for_its_pair_says_so(book: Store) -> None:
    life = enroll(book)
    life(Act.CONFIRM, "infusion-2")
    found = proposed(book, shut("chair", date(2026, 4, 9), date(2026, 4, 9)))
    [lost] = found.lost
    assert lost.visit.ref == "infusion-1"
    assert lost.reasons[0] == "infusion-2 was agreed with the participant, and they are a pair"


@pytest.mark.parametrize("done", [True, False])
def test_what_stays_and_misses_its_window_is_told(book: Store, done: bool) -> None:
    """The check of 2 April counts a week back from infusion 1, which moves from the 9th."""
    life = enroll(book)
    if done:
        for ref in ("baseline", "aspiration", "pre-check"):
            life.complete(ref)
    closed = [shut("chair", date(2026, 4, day), date(2026, 4, day)) for day in (9, 10, 16)]
    found = proposed(book, tuple(chain(*closed)), today=date(2026, 4, 8))
    assert days(found)[f"{life.code} infusion-1"] == (date(2026, 4, 9), date(2026, 4, 13))
    [check] = found.outside
    assert (check.ref, standing_day(check)) == ("pre-check", date(2026, 4, 2))
    assert check.window == Window(earliest=date(2026, 4, 5), latest=date(2026, 4, 7))
    assert figures(found.cost, found.bound)["lost"] == (1, 1)
    assert not found.lost
    assert proposed(book, today=date(2026, 4, 8)).outside == ()


def test_of_two_with_no_other_day_one_chair_keeps_one(book: Store) -> None:
    """Infusion 1 was on the 9th for both, so the 16th is settled; the other chair is shut."""
    one, two = (enroll(book) for _ in "12")
    assert one["infusion-2"].allocations[0].unit == "chair-1"
    day = date(2026, 4, 16)
    found = proposed(book, shut("chair-1", day, day), today=date(2026, 4, 13))
    [lost] = found.lost
    assert (lost.visit.subject, lost.visit.ref) == (one.code, "infusion-2")
    assert found.told == ()
    assert figures(found.cost, found.bound)["lost"] == (1, 1)
    assert two["infusion-2"].day == day


def test_who_is_not_named_keeps_the_chair_too(book: Store) -> None:
    one, two = (enroll(book) for _ in "12")
    one(Act.CONFIRM, "infusion-1")
    found = proposed(book, APRIL, subjects=frozenset({two.code}))
    assert {before.subject for before, _ in found.changes} <= {two.code}


def test_two_agreed_visits_do_not_get_one_chair(book: Store) -> None:
    one, two = (enroll(book) for _ in "12")
    for life in (one, two):
        life(Act.CONFIRM, "infusion-1")
    found = proposed(book, APRIL)
    [lost] = [each for each in found.lost if each.visit.ref == "infusion-1"]
    assert (lost.visit.subject, lost.reasons[0]) == (one.code, "it was agreed with the participant")
    assert two["infusion-1"].allocations[0].unit == "chair-2"


def test_nothing_is_placed_before_today_nor_on_short_notice(crowd: list[Life], book: Store) -> None:
    today = date(2026, 4, 8)
    found = proposed(book, shut("chair-1", date(2026, 4, 9), date(2026, 4, 24)), today)
    assert found.told
    for before, after in found.told:
        assert before.day is not None
        assert before.day >= today
        assert after.day is not None
        assert after.day > today or after.day == before.day
    behind = [v for life in crowd for v in life.visits().values() if v.day and v.day < today]
    assert behind


def test_only_who_is_named_moves(crowd: list[Life], book: Store) -> None:
    one = crowd[0].code
    found = proposed(book, APRIL, subjects=frozenset({one.lower()}))
    assert {before.subject for before, _ in found.changes} <= {one}
    with pytest.raises(UnknownName, match='no subject "ZJ-9"'):
        proposed(book, subjects=frozenset({"ZJ-9"}))


def test_who_finds_no_slot_is_listed_and_kept(crowd: list[Life], book: Store) -> None:
    one = crowd[0]
    before = one["infusion-1"]
    found = proposed(book, shut("site", date(2026, 3, 27), date(2026, 4, 20)))
    lost = {f"{each.visit.subject} {each.visit.ref}": each for each in found.lost}
    reasons = lost[f"{one.code} infusion-1"].reasons
    assert any("site taken" in reason for reason in reasons)
    # On every day between, a follow-up of the infusions would be lost to the holidays of May.
    [later] = lost[f"{one.code} infusion-1"].alternatives
    assert later.start.date() == date(2026, 5, 6)
    # The pair is never parted: the second infusion goes where the first does.
    assert lost[f"{one.code} infusion-2"].alternatives == ()
    day_3 = lost[f"{one.code} day-3"].alternatives
    assert [slot.start.date() for slot in day_3] == [date(2026, 3, 26), date(2026, 4, 21)]
    with pytest.raises(Unplaced, match=f"find no other slot: {len(lost)};"):
        proposals.check_placed([found], accepted=False)
    proposals.check_placed([found], accepted=True)
    applied(book, found)
    assert one["infusion-1"] == before


def test_a_visit_that_had_no_slot_is_listed_and_no_hindrance(book: Store) -> None:
    """Day 1 would fall on a Saturday for this enrollment, and that was accepted."""
    request = enrollment.Request(enrolled=date(2026, 1, 5), arm="bmsc", accept_unplaced=True)
    enrollment.enroll(book, CLINIC, request, change("enroll"), None, None)
    found = proposed(book, today=date(2026, 1, 5))
    assert [each.visit.scheduled for each in found.lost] == [None]
    assert found.blocked == 0
    proposals.check_placed([found], accepted=False)


def test_a_released_product_binds_the_infusions(book: Store) -> None:
    life = enroll(book)
    life.complete("baseline")
    life.complete("aspiration")
    [product] = book.read(lambda book: book.products(life.code))
    bound = replace(product, released=date(2026, 4, 8), expires=Expiry(day=date(2026, 4, 17)))
    book.write(lambda book: book.supply(change("product release"), life.code, [bound]))
    found = proposed(book, shut("chair", date(2026, 4, 9), date(2026, 4, 9)))
    # Of the window, 2 to 16 April, the product serves both infusions from 8 to 10 April only.
    after = days(found)[f"{life.code} infusion-1"][1]
    assert after in {date(2026, 4, 8), date(2026, 4, 10)}
    nowhere = proposed(book, shut("chair", date(2026, 4, 8), date(2026, 4, 10)))
    assert next(each.visit.ref for each in nowhere.lost) == "infusion-1"


@pytest.mark.parametrize("solver", [select, None])
def test_caps_hold_for_everybody_together(crowd: list[Life], book: Store, solver: Any) -> None:
    """Two participants have infusions on 13 April, and the site takes one a day by now."""
    caps = Caps(infusions_per_day=1, visits_per_start=1)
    clinic = replace(CLINIC, site=replace(CLINIC.site, caps=caps))
    found = proposed(book, APRIL, solver=solver, clinic=clinic)
    assert not found.lost
    applied(book, found)
    visits = [visit for life in crowd for visit in life.visits().values()]
    days = Counter(visit.day for visit in visits if visit.kind is Kind.INFUSION)
    assert set(days.values()) == {1}
    starts = Counter(v.scheduled.start for v in visits if v.scheduled and v.mode is Mode.VISIT)
    moved = {after.scheduled.start for _, after in found.told if after.scheduled}
    assert all(starts[start] == 1 for start in moved)


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("solver", [partial(select, remaining=lambda: 0.0), None])
def test_without_time_the_book_stays_whole(book: Store, solver: Any) -> None:
    mark = change("replan")
    request = Request(closures=APRIL)
    found = replan.propose(book, CLINIC, request, mark, MARCH, solver, lambda: 0.0)
    assert found.bound <= found.cost
    applied(book, found)
    assert not book.read(lambda book: book.verify()).problems


@pytest.mark.usefixtures("crowd")
def test_a_moved_visit_says_why_it_is_off_its_target(book: Store) -> None:
    found = proposed(book, shut("chair", date(2026, 4, 9), date(2026, 4, 9)))
    [after] = [a for _, a in found.told if (a.subject, a.ref) == ("ZJ-001", "infusion-1")]
    rule, *reasons = after.why
    assert rule == "aspiration 2026-03-05 + 35 days"
    assert "no chair free for 420 min; chair taken 2026-04-09" in "; ".join(reasons)


def test_an_agreed_follow_up_is_worth_as_much_as_a_visit(book: Store) -> None:
    """Day 30 may lie three days off; another day of infusion 1 would leave it outside."""
    life = enroll(book)
    life(Act.CONFIRM, "day-30")
    found = proposed(book, shut("chair", date(2026, 4, 8), date(2026, 4, 10)))
    day, kept = days(found)[f"{life.code} infusion-1"][1], life["day-30"].day
    assert day is not None
    assert kept is not None
    assert abs((kept - day).days - 30) <= 3


@pytest.mark.usefixtures("crowd")
def test_the_history_knows_who_when_and_why(book: Store) -> None:
    found = proposed(book, APRIL)
    applied(book, found)
    before, after = found.told[0]
    history = book.read(lambda book: book.history(before.subject))
    last = [entry for entry in history if entry.visit.ref == before.ref][-1]
    assert (last.change.command, last.change.reason) == ("replan", "chair 1 is serviced")
    assert last.visit == after
    assert last.visit.sequence == before.sequence + 1
    assert not book.read(lambda book: book.verify()).problems


def test_a_book_that_changed_meanwhile_is_refused(crowd: list[Life], book: Store) -> None:
    found = proposed(book, APRIL)
    crowd[0](Act.CONFIRM, "day-360")
    before = [life.visits() for life in crowd]
    with pytest.raises(BookChanged):
        applied(book, found)
    assert [life.visits() for life in crowd] == before


def test_a_product_that_was_released_meanwhile_is_seen(book: Store) -> None:
    life = enroll(book)
    found = proposed(book, shut("chair", date(2026, 4, 9), date(2026, 4, 9)))
    [product] = book.read(lambda book: book.products(life.code))
    later = replace(product, released=date(2026, 4, 14))
    book.write(lambda book: book.supply(change("product release"), life.code, [later]))
    with pytest.raises(BookChanged):
        applied(book, found)


@pytest.mark.usefixtures("crowd")
def test_a_site_that_lacks_a_resource_is_told(book: Store) -> None:
    fewer = tuple(each for each in CLINIC.site.resources if each.kind != "nurse")
    clinic = replace(CLINIC, site=replace(CLINIC.site, resources=fewer))
    with pytest.raises(BadInput, match='no resource "nurse"'):
        proposed(book, clinic=clinic)


@pytest.mark.usefixtures("crowd")
def test_refusals(book: Store) -> None:
    with pytest.raises(UnknownName, match='did you mean "chair-1"'):
        proposed(book, shut("chear-1", MARCH, MARCH))
    with pytest.raises(NotPermitted, match="wu may not re-plan visits"):
        proposed(book, clinic=staffed(wu=Role.NURSE), user="wu")
    with pytest.raises(ReasonMissing):
        applied(book, proposed(book, APRIL), reason=" ")
