"""What `explain` says of a day is what a move to that day comes to."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scheduler.errors import Refused, SchedulerError, UnknownName, Unplaced
from scheduler.life import Act
from scheduler.services import explaining, unscheduled
from scheduler.services.clinics import Clinic
from scheduler.services.explaining import Day, Explained, NoWindow, Verdict
from scheduler.sites import Caps, Laboratory
from scheduler.store import Store
from tests.databases import SqliteFiles
from tests.lives import CLINIC, START, Life, change, enroll


@pytest.fixture(scope="module")
def lives(sqlite_files: SqliteFiles) -> Iterator[list[Life]]:
    """Three participants in a clinic of two chairs; tests only look."""
    with sqlite_files.book() as url, Store(url) as store:
        yield [enroll(store) for _ in range(3)]


def told(life: Life, ref: str, clinic: Clinic = CLINIC) -> Explained:
    return explaining.explain(life.store, clinic, life.code, ref)


def day_of(found: Explained, day: str) -> Day:
    [only] = [each for each in found.days if each.day == date.fromisoformat(day)]
    return only


@pytest.mark.parametrize("ref", ["aspiration", "infusion-1", "infusion-2", "day-30"])
def test_a_free_day_can_be_moved_to_and_no_other(lives: list[Life], ref: str) -> None:
    for life in lives[2:]:
        found, visit = told(life, ref), life[ref]
        assert [each.day for each in found.days] == list(visit.window.days())
        assert [each.day for each in found.days if each.verdict is Verdict.TAKEN] == [visit.day]
        for each in found.days:
            assert each.why
            assert each.off == (each.day - visit.target).days
            if each.verdict is Verdict.TAKEN:
                assert (each.why, each.slot) == ("the visit stands here", visit.scheduled)
            elif each.verdict is Verdict.FREE:
                outcome = life.move(ref, str(each.day), dry_run=True)
                [moved] = [after for _, after in outcome.changes if after.ref == ref]
                assert moved.scheduled == each.slot
                assert not outcome.unplaced
            else:
                with pytest.raises((Refused, Unplaced)):
                    life.move(ref, str(each.day), dry_run=True)


def test_who_has_the_chairs_is_named(lives: list[Life]) -> None:
    taken = day_of(told(lives[2], "infusion-1"), "2026-04-09")
    assert taken.verdict is Verdict.IMPOSSIBLE
    assert "no chair free for 420 min" in taken.why
    for life in lives[:2]:
        assert f"taken 08:00-15:00 ({life.code} · infusion-1)" in taken.why


def test_the_reasons_that_the_book_keeps_name_nobody(lives: list[Life]) -> None:
    for life in lives:
        for visit in life.visits().values():
            others = {other.code for other in lives} - {life.code}
            assert not any(code in why for why in visit.why for code in others)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-04-02", "day-3 would have no day from 2026-04-04 to 2026-04-06"),
        ("2026-04-03", "day-1 would fall on Sat 2026-04-04 (closed on Saturdays)"),
        ("2026-04-05", "Tomb-Sweeping Day"),
        ("2026-04-08", "the visits after it would be 5 days off target; 1 d farther from the"),
        ("2026-04-09", "the visit stands here"),
    ],
)
def test_each_kind_of_reason(lives: list[Life], day: str, why: str) -> None:
    assert why in day_of(told(lives[0], "infusion-1"), day).why


def test_caps_and_the_laboratory(lives: list[Life]) -> None:
    tuesdays = Laboratory(days=(False, True, *(False,) * 5))
    site = replace(CLINIC.site, caps=Caps(infusions_per_day=1), laboratory=tuesdays)
    clinic = Clinic(site=site, folder=Path())
    found = told(lives[0], "infusion-1", clinic)
    assert day_of(found, "2026-04-08").why == "cell laboratory: closed on Wednesdays"
    assert "as many infusions that day as the site takes" in day_of(found, "2026-04-07").why
    stands = day_of(found, "2026-04-09")
    assert stands.verdict is Verdict.TAKEN
    assert stands.why == "the visit stands here; by now: cell laboratory: closed on Thursdays"


def test_what_was_agreed_stays(store: Store) -> None:
    life = enroll(store)
    life(Act.CONFIRM, "infusion-2")
    found = told(life, "infusion-1")
    assert {each.verdict for each in found.days} == {Verdict.TAKEN, Verdict.IMPOSSIBLE}
    agreed = "infusion-2 (confirmed) on 2026-04-16 would be outside its window"
    assert agreed in day_of(found, "2026-04-14").why
    with pytest.raises(SchedulerError):
        life.move("infusion-1", "2026-04-14")


def test_a_day_that_became_free_says_so(store: Store) -> None:
    lives = [enroll(store) for _ in range(3)]
    there = lives[2]["infusion-1"].day
    assert there != date(2026, 4, 9)
    lives[0](Act.CANCEL, "infusion-1")
    lives[0](Act.CANCEL, "infusion-2")
    assert "no chair" not in day_of(told(lives[2], "infusion-1"), "2026-04-09").why


def test_what_cannot_be_explained(store: Store) -> None:
    life = enroll(store)
    mark = change("visit add", reason="fever")
    start = START.astimezone(CLINIC.site.tz())
    unscheduled.add(store, CLINIC, life.code, start, 30, mark, dry_run=False)
    with pytest.raises(NoWindow, match="follows no protocol"):
        told(life, "unscheduled")
    with pytest.raises(UnknownName, match="infusion-3"):
        told(life, "infusion-3")
    with pytest.raises(UnknownName, match="ZJ-099"):
        explaining.explain(store, CLINIC, "ZJ-099", "day-30")
