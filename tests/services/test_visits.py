"""Acts on visits: laws on random lives of two participants, and the trial by hand."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduler.dates import Window
from scheduler.errors import BadValue, Refused, SchedulerError, UnknownName, Unplaced
from scheduler.life import (
    Act,
    DoneAlready,
    NotAllowed,
    NotPermitted,
    OutOfSequence,
    ReasonMissing,
    Replaced,
    StillAhead,
)
from scheduler.plan import expect
from scheduler.replanning import adrift, anchor_dates, revised
from scheduler.services.clinics import OtherSite
from scheduler.services.rebooking import OutsideWindow, PairParted, SlotTaken
from scheduler.services.visits import Outcome
from scheduler.sites import Role
from scheduler.store import Store
from scheduler.subject import OPEN, Status, Visit, current
from tests.arms import tree, trial
from tests.lives import CLINIC, Life, change, enroll, staffed, told

ENROLLED = date(2026, 3, 2)
BMSC = tree(trial(), "bmsc")
ENCOUNTERS = [row.id for row in BMSC.arm.encounters]
WEEK = timedelta(days=7)

# --------------------------------------------------------------------- laws, on random lives


@dataclass(frozen=True, kw_only=True)
class Step:
    """One act of a random life, its day relative to where the visit stands."""

    act: Act
    visit: str
    days: int
    at: time | None
    forced: bool
    along: frozenset[str]


steps = st.builds(
    Step,
    act=st.sampled_from([act for act in Act if act is not Act.ADD] + [Act.MOVE, Act.COMPLETE] * 2),
    # The anchors most of all: what happens to them happens to many.
    visit=st.sampled_from(ENCOUNTERS + ["aspiration", "infusion-1", "infusion-2"] * 3),
    days=st.sampled_from([0, 0, 0, 1, -1, 2, 3, 5, 7, -7, 11]),
    at=st.none() | st.sampled_from([time(9), time(10, 30)]),
    forced=st.booleans(),
    along=st.sets(st.sampled_from(["infusion-2", "day-8", "day-30"]), max_size=2).map(frozenset),
)


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with two participants of arm bmsc, who share chairs, and one of arm routine."""
    book = tmp_path_factory.mktemp("enrolled") / "book.db"
    with Store(f"sqlite:///{book}") as store:
        enroll(store)
        enroll(store)
        enroll(store, arm="routine")
    return book


@contextmanager
def copied(book: Path) -> Iterator[Life]:
    """The first participant of a copy of the book."""
    copy = book.with_name("copy.db")
    for rest in book.parent.glob("copy.db*"):
        rest.unlink()
    shutil.copy(book, copy)
    with Store(f"sqlite:///{copy}") as store:
        yield Life(store, "ZJ-001")


def attempt(life: Life, step: Step, *, dry_run: bool = False) -> Outcome | str:
    """What came of a step: what changed, or the refusal."""
    visit = life[step.visit]
    day = (visit.actual or visit.day or visit.target) + timedelta(days=step.days)
    moving = step.act is Act.MOVE
    try:
        return life(
            step.act,
            step.visit,
            day if moving or step.act is Act.COMPLETE else None,
            at=step.at if moving else None,
            forced=step.forced and moving,
            along=step.along if moving else frozenset(),
            dry_run=dry_run,
        )
    except (Refused, Unplaced) as refusal:
        return str(refusal)


def others(life: Life) -> dict[tuple[str, str], Visit]:
    """Visits of the other participants."""
    found = life.store.read(lambda book: book.visits(site="ZJ"))
    return {(v.subject, v.ref): v for v in found if v.subject != life.code}


def overlaps(life: Life) -> list[tuple[str, str]]:
    """Pairs of open visits of one participant that are at the same time."""
    open_visits = [v for v in life.visits().values() if v.status in OPEN and v.scheduled]
    return [
        (a.ref, b.ref)
        for n, a in enumerate(open_visits)
        for b in open_visits[n + 1 :]
        if a.scheduled and b.scheduled and a.scheduled.overlaps(b.scheduled)
    ]


@settings(max_examples=40)
@given(lived=st.lists(steps, min_size=1, max_size=9))
def test_laws_hold_through_every_life(enrolled: Path, lived: list[Step]) -> None:
    with copied(enrolled) as life:
        strangers = others(life)
        for step in lived:
            before = life.visits()
            preview = attempt(life, step, dry_run=True)
            assert life.visits() == before
            life.acts -= 1
            outcome = attempt(life, step)
            after = life.visits()
            assert preview == outcome
            event(f"{step.act}: {'refused' if isinstance(outcome, str) else 'done'}")
            if isinstance(outcome, str):
                assert after == before
                continue
            assert {new.ref: (old, new) for old, new in outcome.changes} == {
                ref: (before[ref], after[ref]) for ref in after if before[ref] != after[ref]
            }
            keeps_the_laws(step, before, after)
            assert others(life) == strangers
            assert overlaps(life) == []


def keeps_the_laws(step: Step, before: dict[str, Visit], after: dict[str, Visit]) -> None:
    """What every act owes to every visit, and the pair."""
    assert adrift(BMSC, ENROLLED, current(after.values())) == frozenset()
    for ref, visit in after.items():
        old = before[ref]
        named = ref == step.visit or (step.act is Act.MOVE and ref in step.along)
        if not named and old.status not in OPEN:
            assert visit == old, "what is over is never touched"
        if not named and old.status in {Status.CONFIRMED, Status.HELD}:
            assert told(visit) == told(old), "what is agreed does not move unnamed"
        assert visit.sequence == old.sequence + (told(visit) != told(old))
        same_but_for_reasons = replace(visit, why=old.why) == old
        assert (visit.changed == old.changed) == same_but_for_reasons, "calendars tell no reasons"
        if visit.scheduled != old.scheduled and visit.day and not (named and step.forced):
            assert visit.day in visit.window, "nothing is put outside its window unforced"
        if visit.status is Status.PLANNED:
            assert visit.scheduled is None
            assert visit.allocations == ()
    dates = anchor_dates(BMSC, ENROLLED, current(after.values()))
    for row in BMSC.arm.encounters:
        if after[row.id].status in OPEN:
            expected = expect(row, dates)
            planned = (expected.target, expected.window)
            assert (after[row.id].target, after[row.id].window) == planned
    first, second = after["infusion-1"], after["infusion-2"]
    if first.status in OPEN and second.status in OPEN and first.day and second.day:
        assert second.day - first.day == WEEK, "the pair is never parted"


# ------------------------------------------------------------------ the trial, by hand

# Scheduled by the worked example.
DAYS = {
    "baseline": "03-02",
    "aspiration": "03-05",
    "pre-check": "04-02",
    "infusion-1": "04-09",
    "day-1": "04-10",
    "day-3": "04-13",
    "infusion-2": "04-16",
    "day-8": "04-17",
    "day-14": "04-23",
    "day-30": "05-09",
    "day-90": "07-08",
    "day-180": "10-08",
    "day-360": "04-02",
}
FOLLOW_UPS = {"day-30", "day-90", "day-180", "day-360"}


@pytest.fixture
def life(store: Store) -> Life:
    """The participant of the worked example, on either engine."""
    return enroll(store)


@pytest.fixture
def treated(life: Life) -> Life:
    """The same after infusion 1, on its day."""
    for visit in ("baseline", "aspiration", "pre-check", "infusion-1"):
        life.complete(visit)
    return life


def moved(life: Life, before: dict[str, Visit]) -> set[str]:
    """What stands on another day than before."""
    after = life.visits()
    return {
        r for r, v in after.items() if (v.actual or v.day) != (before[r].actual or before[r].day)
    }


def test_the_start(life: Life) -> None:
    assert life.days() == DAYS


def test_an_aspiration_a_day_late(life: Life) -> None:
    life.complete("baseline")
    life.complete("aspiration", "2026-03-06")
    # Infusion 1 is due Fri 04-10, but its day 1 would be a Saturday; Mon 04-13 is the best
    # day whose pair, days 1 and 8 are working days: 04-07 and 04-08 cost the visits after
    # it more.  The week before, 04-04 to 04-06 is a holiday, so the pre-check is on Tue 04-07.
    assert life.days() == DAYS | {
        "aspiration": "03-06",
        "pre-check": "04-07",
        "infusion-1": "04-13",
        "day-1": "04-14",
        "day-3": "04-16",
        "infusion-2": "04-20",
        "day-8": "04-21",
        "day-14": "04-27",
        "day-30": "05-13",
        "day-90": "07-13",
        "day-180": "10-10",
        "day-360": "04-08",
    }


def test_infusion_1_two_days_late_after_the_second_was_agreed(treated: Life) -> None:
    treated(Act.RESUME, "infusion-1")
    treated(Act.CONFIRM, "infusion-2")
    outcome = treated.complete("infusion-1", "2026-04-11")
    # What was agreed stays, two days before its only day, and that is told.
    assert [visit.ref for visit in outcome.outside] == ["infusion-2"]
    assert treated["infusion-2"].day == date(2026, 4, 16)
    assert treated["infusion-2"].window == Window(
        earliest=date(2026, 4, 18), latest=date(2026, 4, 18)
    )
    # Its own followers stay with it; those of infusion 1 move.  Sun 04-12 is closed.
    days = treated.days()
    assert days["day-1"] == "none"
    assert [visit.ref for visit in outcome.unplaced] == ["day-1"]
    # Due 04-14, 05-11, 07-10, Thu 10-08 and 04-06 (a Tuesday, by the forecast not closed).
    assert days | {"day-1": ""} == DAYS | {
        "day-1": "",
        "infusion-1": "04-11",
        "day-3": "04-14",
        "day-30": "05-11",
        "day-90": "07-10",
        "day-180": "10-08",
        "day-360": "04-06",
    }


def test_a_late_infusion_2_moves_only_days_8_and_14(treated: Life) -> None:
    before = treated.visits()
    treated.complete("infusion-2", "2026-04-20")
    assert moved(treated, before) == {"infusion-2", "day-8", "day-14"}
    assert treated.days() == DAYS | {"infusion-2": "04-20", "day-8": "04-21", "day-14": "04-27"}
    for ref in FOLLOW_UPS | {"day-1", "day-3"}:
        assert treated[ref] == before[ref]


def test_a_late_infusion_2_by_hand_too(treated: Life) -> None:
    before = treated.visits()
    with pytest.raises(OutsideWindow, match="4 days outside"):
        treated.move("infusion-2", "2026-04-20")
    treated.move("infusion-2", "2026-04-20", forced=True)
    assert moved(treated, before) == {"infusion-2", "day-8", "day-14"}
    assert treated.days() == DAYS | {"infusion-2": "04-20", "day-8": "04-21", "day-14": "04-27"}


def test_a_day_outside_the_window_needs_a_reason(treated: Life) -> None:
    with pytest.raises(ReasonMissing, match="infusion-2 on 2026-04-20, outside its window"):
        treated.complete("infusion-2", "2026-04-20", reason="")
    treated.complete("infusion-2", "2026-04-16", reason="")


def test_a_cancelled_infusion_2_counts_as_its_expected_date(treated: Life) -> None:
    before = treated.visits()
    outcome = treated(Act.CANCEL, "infusion-2")
    assert [visit.ref for visit in outcome.leaning] == ["day-8", "day-14"]
    assert [after.ref for _, after in outcome.changes] == ["infusion-2", "day-8", "day-14"]
    assert moved(treated, before) == set()
    note = "infusion-2 was cancelled: it counts as its expected date, 2026-04-16"
    for ref in ("day-8", "day-14"):
        after = treated[ref]
        assert after == replace(before[ref], why=(*before[ref].why, note))
    assert note not in treated["day-30"].why
    # The expected date is a week after the actual infusion 1, should that be mended.
    treated(Act.RESUME, "infusion-1")
    treated.complete("infusion-1", "2026-04-13")
    assert treated.days()["day-8"] == "04-21"
    assert treated.days()["day-14"] == "04-27"


def test_a_missed_anchor_counts_as_its_expected_date(life: Life) -> None:
    before = life.visits()
    outcome = life(Act.MISS, "aspiration")
    assert [visit.ref for visit in outcome.leaning] == ["infusion-1"]
    assert moved(life, before) == set()
    *_, note = life["infusion-1"].why
    assert note == "aspiration was missed: it counts as its expected date, 2026-03-05"


def test_a_move_of_infusion_1_takes_the_second_along(life: Life) -> None:
    life.move("infusion-1", "2026-04-13")
    assert life.days()["infusion-2"] == "04-20"
    assert life.days()["pre-check"] == "04-07"
    assert life["infusion-2"].sequence == 1


def test_the_second_of_a_pair_does_not_move_alone(life: Life) -> None:
    for forced in (False, True):
        with pytest.raises(PairParted, match="move infusion-1, and infusion-2 follows"):
            life.move("infusion-2", "2026-04-20", forced=forced)
    life(Act.MISS, "infusion-1")
    with pytest.raises(PairParted, match="infusion-1 is missed"):
        life.move("infusion-2", "2026-04-20", forced=True)
    # Its hour is its own.
    outcome = life(Act.MOVE, "infusion-2", at=time(9))
    assert [after.ref for _, after in outcome.changes] == ["infusion-2"]


def test_an_agreed_second_holds_the_first_unless_it_is_named(life: Life) -> None:
    life(Act.CONFIRM, "infusion-2")
    with pytest.raises(PairParted, match="--along infusion-2"):
        life.move("infusion-1", "2026-04-13")
    outcome = life.complete("aspiration", "2026-03-06")
    assert [after.ref for _, after in outcome.changes] == ["aspiration", "infusion-1"]
    assert life["infusion-1"].target == date(2026, 4, 10)
    assert life["infusion-1"].sequence == 0
    life.move("infusion-1", "2026-04-13", "infusion-2")
    assert life["infusion-2"].day == date(2026, 4, 20)
    assert life["infusion-2"].status is Status.SCHEDULED


def test_only_open_visits_are_named_along(treated: Life) -> None:
    with pytest.raises(UnknownName, match='did you mean "infusion-2"'):
        treated.move("day-30", "2026-05-11", "infusoin-2")
    with pytest.raises(NotAllowed, match="cannot move infusion-1"):
        treated.move("day-30", "2026-05-11", "infusion-1")


def test_infusion_2_is_not_completed_before_infusion_1(life: Life) -> None:
    with pytest.raises(OutOfSequence, match="before infusion-1: it is scheduled"):
        life.complete("infusion-2")
    life.complete("aspiration")
    life.complete("infusion-1", "2026-04-13")
    with pytest.raises(OutOfSequence, match="that was on 2026-04-13"):
        life.complete("infusion-2", "2026-04-12")
    life.complete("infusion-2", "2026-04-20")


def test_the_pre_check_comes_before_its_anchor(life: Life) -> None:
    life.complete("pre-check")
    assert life["infusion-1"].status is Status.SCHEDULED


@pytest.mark.parametrize("act", [Act.COMPLETE, Act.MISS])
def test_nothing_has_happened_that_is_still_ahead(life: Life, act: Act) -> None:
    day = "2026-03-06" if act is Act.COMPLETE else None
    with pytest.raises((BadValue, StillAhead), match="2026-03-05") as refusal:
        life(act, "aspiration" if day else "pre-check", day, today="2026-03-05")
    assert refusal.value.exit_code in {2, 9}
    life(act, "aspiration", today="2026-03-05")


def test_completed_today_unless_told_otherwise(life: Life) -> None:
    life(Act.COMPLETE, "aspiration", today="2026-03-04")
    assert life["aspiration"].actual == date(2026, 3, 4)
    # What was agreed and what happened are kept apart.
    assert life["aspiration"].day == date(2026, 3, 5)


# ----------------------------------------------------------------------- undoing


@pytest.mark.parametrize("act", [Act.HOLD, Act.COMPLETE, Act.MISS, Act.CANCEL])
@pytest.mark.parametrize("visit", ["infusion-1", "day-30"])
def test_resume_undoes(life: Life, act: Act, visit: str) -> None:
    for done in ("aspiration", "pre-check", *(["infusion-1"] if visit == "day-30" else [])):
        life.complete(done)
    before = life.visits()
    life(act, visit, before[visit].day if act is Act.COMPLETE else None)
    life(Act.RESUME, visit)
    after = life.visits()
    assert told(after[visit]) == told(before[visit])
    assert after[visit].actual is None
    assert after[visit].sequence == 2
    assert {r: v for r, v in after.items() if r != visit} == {
        r: v for r, v in before.items() if r != visit
    }
    history = life.store.read(lambda book: book.history(life.code))
    states = [entry.visit.status for entry in history if entry.visit.encounter == visit]
    assert len(states) == 3


def test_a_late_completion_is_undone_with_what_followed(life: Life) -> None:
    before = life.days()
    life.complete("aspiration", "2026-03-06")
    life(Act.RESUME, "aspiration")
    assert life.days() == before


def test_nothing_is_undone_that_others_were_done_after(treated: Life) -> None:
    with pytest.raises(DoneAlready, match="infusion-1, which counts from it, is completed"):
        treated(Act.RESUME, "aspiration")


def test_a_missed_first_infusion_is_not_made_up_after_the_second(life: Life) -> None:
    life.complete("aspiration")
    life(Act.MISS, "infusion-1")
    life.complete("infusion-2")
    for act in (Act.RESUME, Act.MOVE):
        with pytest.raises(DoneAlready, match="infusion-2, which counts from it, is completed"):
            life(act, "infusion-1", "2026-04-20" if act is Act.MOVE else None)


def test_resumed_after_the_pair_has_moved(life: Life) -> None:
    life(Act.CANCEL, "infusion-2")
    life.move("infusion-1", "2026-04-13")
    outcome = life(Act.RESUME, "infusion-2")
    assert life["infusion-2"].day == date(2026, 4, 20)
    assert [after.ref for _, after in outcome.changes] == ["infusion-2", "day-8", "day-14"]
    assert not any("was cancelled" in why for after in life.visits().values() for why in after.why)


def test_resumed_when_another_has_the_slot(store: Store) -> None:
    """The freed time of a cancelled visit is another's by now: a later slot is found."""
    life = enroll(store)
    life(Act.CANCEL, "aspiration")
    rival = enroll(store)
    assert rival["aspiration"].scheduled == life["aspiration"].scheduled
    preview = life(Act.RESUME, "aspiration", dry_run=True)
    life.acts -= 1
    assert life(Act.RESUME, "aspiration") == preview
    slot = life["aspiration"].scheduled
    assert slot is not None
    assert (slot.start.date(), slot.start.time()) == (date(2026, 3, 5), time(10))
    assert rival["aspiration"].allocations != life["aspiration"].allocations


def test_a_first_infusion_is_not_resumed_beside_a_second_elsewhere(life: Life) -> None:
    life(Act.CANCEL, "infusion-1")
    life.move("infusion-2", "2026-04-21", forced=True)
    life(Act.CONFIRM, "infusion-2")
    with pytest.raises(PairParted, match="cancel infusion-2 first"):
        life(Act.RESUME, "infusion-1")
    life(Act.CANCEL, "infusion-2")
    life(Act.RESUME, "infusion-1")
    life(Act.RESUME, "infusion-2")
    assert (life.days()["infusion-1"], life.days()["infusion-2"]) == ("04-09", "04-16")


# ------------------------------------------------------------------- moves and slots


def test_a_move_says_what_is_free_instead(life: Life) -> None:
    with pytest.raises(SlotTaken, match="closed on Sundays") as refusal:
        life.move("day-30", "2026-05-10")
    assert "free: Sat 2026-05-09 08:00, Fri 2026-05-08 08:00, Thu 2026-05-07 08:00" in str(
        refusal.value
    )


def test_a_move_to_an_hour(life: Life) -> None:
    life(Act.MOVE, "day-30", at=time(14))
    slot = life["day-30"].scheduled
    assert slot is not None
    assert (slot.start.time(), slot.end.time()) == (time(14), time(15, 30))
    with pytest.raises(SlotTaken, match="17:00 that day is not free: open 08:00") as no:
        life(Act.MOVE, "day-30", at=time(17))
    assert "90 min begin every 30 min" in str(no.value)


def test_the_hour_of_an_anchor_moves_nothing_else(life: Life) -> None:
    life.move("aspiration", "2026-03-06")
    before = life.visits()
    life(Act.MOVE, "aspiration", at=time(10))
    assert {r: v for r, v in life.visits().items() if r != "aspiration"} == {
        r: v for r, v in before.items() if r != "aspiration"
    }


def test_far_beyond_the_plan_the_book_is_still_read(store: Store) -> None:
    """A day that no plan from the enrollment reaches is taken all the same when it is taken."""
    life, rival = enroll(store), enroll(store)
    far = "2028-03-01"
    rival.move("day-360", far, forced=True)
    life.move("day-360", far, forced=True)
    first, second = rival["day-360"].allocations, life["day-360"].allocations
    assert {a.unit for a in first} == {"room-1"}
    assert {a.unit for a in second} == {"room-2"}


def test_no_other_visit_loses_its_slot_by_choice(life: Life) -> None:
    before = life.visits()
    # Days 1 and 8 would be Saturdays.
    with pytest.raises(Unplaced, match="day-1, day-8 would lose its slot; --force accepts that"):
        life.move("infusion-1", "2026-04-10")
    assert life.visits() == before
    outcome = life.move("infusion-1", "2026-04-10", forced=True)
    assert [visit.ref for visit in outcome.unplaced] == ["day-1", "day-8"]
    assert life["day-8"].status is Status.PLANNED
    assert "Sat 2026-04-18: closed on Saturdays" in "; ".join(life["day-8"].why)


def test_moved_to_where_it_is(life: Life) -> None:
    rows = life.store.read(lambda book: book.history(life.code))
    assert life.move("day-30", "2026-05-09").changes == ()
    assert life.move("day-180", "2026-10-08").changes == ()  # off target, and knows why
    assert life.store.read(lambda book: book.history(life.code)) == rows


# --------------------------------------------------------------- who, where, and what


def test_roles_of_the_site(life: Life) -> None:
    clinic = staffed(li=Role.NURSE, wang=Role.COORDINATOR, chen=Role.MONITOR)
    life(Act.CONFIRM, "infusion-1", clinic=clinic, user="li")
    for user in ("li", "chen", "zhao"):
        with pytest.raises(NotPermitted, match=f"{user} may not move visits"):
            life.move("infusion-1", "2026-04-13", clinic=clinic, user=user)
    life.move("infusion-1", "2026-04-13", clinic=clinic, user="wang")


def test_a_participant_of_another_site(life: Life) -> None:
    clinic = replace(CLINIC, site=replace(CLINIC.site, code="BJ"))
    with pytest.raises(OtherSite, match="ZJ-001 is a participant of site ZJ, not of BJ"):
        life(Act.CONFIRM, "infusion-1", clinic=clinic)


def test_unknown_names(life: Life) -> None:
    with pytest.raises(UnknownName, match='no visit "infusion-3"; did you mean "infusion-'):
        life(Act.CONFIRM, "infusion-3")
    with pytest.raises(UnknownName, match='no visit "infusion-1#2"'):
        life(Act.CONFIRM, "infusion-1#2")
    with pytest.raises(UnknownName, match='no subject "ZJ-002"'):
        Life(life.store, "ZJ-002")(Act.CONFIRM, "infusion-1")
    life(Act.CONFIRM, "infusion-1#1")


def test_an_earlier_occurrence_is_history(life: Life) -> None:
    life.complete("aspiration")
    done = life["aspiration"]
    again = replace(revised(done, replace(done, status=Status.SCHEDULED), done.changed))
    again = replace(again, occurrence=2, actual=None, sequence=0, allocations=())
    life.store.write(lambda book: book.record(change(), [again]))
    with pytest.raises(Replaced, match=r"aspiration of ZJ-001 is history: aspiration#2 stands"):
        life(Act.RESUME, "aspiration#1")
    life.complete("aspiration", "2026-03-06")
    assert life["aspiration"] == done
    assert life["aspiration#2"].actual == date(2026, 3, 6)


def test_refusals_store_nothing(life: Life) -> None:
    before = life.store.read(lambda book: book.history(life.code))
    for act, visit, day, reason in (
        (Act.COMPLETE, "infusion-2", "2026-04-16", "asked for"),
        (Act.MOVE, "day-30", "2026-06-30", "asked for"),
        (Act.MOVE, "day-30", "2026-05-10", "asked for"),
        (Act.CANCEL, "day-30", None, ""),
    ):
        with pytest.raises(SchedulerError):
            life(act, visit, day, reason=reason)
    assert life.store.read(lambda book: book.history(life.code)) == before
