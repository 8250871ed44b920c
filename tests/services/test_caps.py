"""What a site takes at most is kept by every act, and told by `check`."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scheduler.life import Act
from scheduler.protocol import Kind
from scheduler.services import checking, enrollment
from scheduler.services.clinics import Clinic
from scheduler.services.enrollment import Enrollment, Request
from scheduler.services.rebooking import SlotTaken
from scheduler.sites import Caps, Laboratory
from scheduler.store import Store
from scheduler.subject import OPEN, Visit
from tests.databases import Databases
from tests.lives import CLINIC, Life, change

DAY = date(2026, 3, 2)
CAPPED = Clinic(
    site=replace(CLINIC.site, caps=Caps(visits_per_start=1, infusions_per_day=1)), folder=Path()
)


def enroll(store: Store, clinic: Clinic = CAPPED) -> Enrollment:
    request = Request(enrolled=DAY, arm="bmsc", accept_unplaced=True)
    mark = change("enroll", reason="a few follow-ups may wait")
    return enrollment.enroll(store, clinic, request, mark, None, None)


def enter(store: Store, clinic: Clinic = CAPPED) -> Life:
    found = enroll(store, clinic)
    assert found.acceptable, found.missing
    return Life(store, found.subject.code)


def standing(store: Store) -> list[Visit]:
    every = store.read(lambda book: book.visits(site="ZJ"))
    return [visit for visit in every if visit.status in OPEN and visit.scheduled]


def busiest(store: Store) -> tuple[int, int]:
    """The most visits at one start, and the most infusions on one day."""
    visits = standing(store)
    starts = Counter(visit.scheduled.start for visit in visits if visit.scheduled)
    days = Counter(visit.day for visit in visits if visit.kind is Kind.INFUSION)
    return max(starts.values()), max(days.values())


def test_enrolling_and_moving_keep_within_the_caps(store: Store) -> None:
    lives = [enter(store) for _ in range(3)]
    assert busiest(store) == (1, 1)
    first, second = (life["infusion-1"].day for life in lives[:2])
    assert first != second
    with pytest.raises(SlotTaken, match="as many infusions that day as the site takes"):
        lives[1].move("infusion-1", str(first), clinic=CAPPED)
    taken = lives[0]["day-30"].scheduled
    assert taken is not None
    with pytest.raises(SlotTaken, match="not free: as many as the site takes begin then"):
        lives[1](Act.MOVE, "day-30", taken.start.date(), at=taken.start.time(), clinic=CAPPED)
    lives[0](Act.CANCEL, "infusion-1", clinic=CAPPED)
    lives[0](Act.CANCEL, "infusion-2", clinic=CAPPED)
    lives[1].move("infusion-1", str(first), clinic=CAPPED)
    assert busiest(store) == (1, 1)


def test_check_tells_where_more_stand_than_the_site_takes(store: Store) -> None:
    lives = [enter(store, CLINIC) for _ in range(2)]
    assert busiest(store) == (2, 2)
    result = checking.check(store, CAPPED, (), DAY)
    by = {(each.visit.subject, each.visit.ref): each for each in result.blocked}
    for life in lives:
        blocked = by[life.code, "infusion-1"]
        assert blocked.reasons == (
            "2 visits begin at that time, and the site takes 1",
            "2 infusions are on that day, and the site takes 1",
        )
        there = life["infusion-1"].day
        assert there not in {slot.start.date() for slot in blocked.alternatives}
    assert not checking.check(store, CLINIC, (), DAY).blocked


def test_aspirations_and_infusions_wait_for_the_laboratory(store: Store) -> None:
    life = enter(store, CLINIC)
    days = {life[ref].day for ref in ("aspiration", "infusion-1", "infusion-2")}
    assert {day.weekday() for day in days if day} == {3}
    tuesdays = Laboratory(days=(False, True, *(False,) * 5))
    clinic = Clinic(site=replace(CLINIC.site, laboratory=tuesdays), folder=Path())
    blocked = checking.check(store, clinic, (), DAY).blocked
    assert {(each.visit.ref, each.reasons) for each in blocked} == {
        (ref, ("cell laboratory: closed on Thursdays",))
        for ref in ("aspiration", "infusion-1", "infusion-2")
    }
    with pytest.raises(SlotTaken, match="cell laboratory: closed on Wednesdays"):
        life.move("infusion-1", "2026-04-08", clinic=clinic)
    other = enter(store, clinic)
    moved = {other[each.visit.ref].day for each in blocked}
    assert {day.weekday() for day in moved if day} == {1}


def test_caps_hold_when_several_desks_enroll_at_once(databases: Databases) -> None:
    """Each desk sees room; the chain lets one of them in, and the others look again."""

    def desk(_: int) -> Enrollment:
        with Store(url, patience=60) as store:
            return enroll(store)

    with databases.book() as url:
        with ThreadPoolExecutor(4) as desks:
            found = list(desks.map(desk, range(6)))
        entered = [each.subject.code for each in found if each.acceptable]
        assert len(set(entered)) == len(entered) >= 3
        assert all(each.missing for each in found if not each.acceptable)
        with Store(url) as store:
            assert len(store.read(lambda book: book.subjects())) == len(entered)
            assert busiest(store) == (1, 1)
