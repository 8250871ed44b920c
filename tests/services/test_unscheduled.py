"""Unscheduled visits: numbered, in nobody's way, and alive like the others."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduler.dates import instant
from scheduler.errors import Refused, UnknownName
from scheduler.life import Act, NotAllowed, NotPermitted, ReasonMissing
from scheduler.services import unscheduled
from scheduler.services.clinics import Clinic, OtherSite
from scheduler.services.rebooking import SlotTaken
from scheduler.services.visits import Outcome
from scheduler.sites import Role
from scheduler.store import Store
from scheduler.subject import Status
from tests.lives import CLINIC, Life, change, enroll, staffed

SHANGHAI = ZoneInfo("Asia/Shanghai")


def add(
    life: Life,
    at: str = "2026-03-10T10:00",
    *,
    clinic: Clinic = CLINIC,
    reason: str = "fever",
    user: str = "li",
    minutes: int = 30,
    dry_run: bool = False,
    zone: ZoneInfo = SHANGHAI,
) -> Outcome:
    moment = datetime.fromisoformat(at)
    start = instant(moment.date(), moment.time(), zone)
    mark = change("visit add", reason, user)
    return unscheduled.add(life.store, clinic, life.code, start, minutes, mark, dry_run=dry_run)


@pytest.fixture
def life(store: Store) -> Life:
    return enroll(store)


def test_numbered_and_in_nobodys_way(life: Life) -> None:
    before = life.visits()
    [(nothing, first)] = add(life).changes
    [(_, second)] = add(life, "2026-03-10T10:30").changes
    assert nothing is None
    assert (first.ref, second.ref) == ("unscheduled", "unscheduled#2")
    after = life.visits()
    assert (after.pop("unscheduled"), after.pop("unscheduled#2")) == (first, second)
    assert after == before
    assert (first.status, first.allocations, first.sequence) == (Status.SCHEDULED, (), 0)
    assert first.target == first.window.earliest == first.window.latest == date(2026, 3, 10)


def test_a_preview_is_what_then_happens(life: Life) -> None:
    before = life.visits()
    preview = add(life, dry_run=True)
    assert life.visits() == before
    assert add(life) == preview


def test_it_may_lie_in_the_past_and_on_a_closed_day(life: Life) -> None:
    add(life, "2026-02-18T23:30", minutes=60)
    slot = life["unscheduled"].scheduled
    assert slot is not None
    assert (slot.start.date(), slot.end.date()) == (date(2026, 2, 18), date(2026, 2, 19))


def test_nobody_is_at_two_places(life: Life) -> None:
    with pytest.raises(Refused, match="ZJ-001 has infusion-1 at that time"):
        add(life, "2026-04-09T14:30")
    add(life, "2026-04-09T15:00")
    with pytest.raises(Refused, match="ZJ-001 has unscheduled at that time"):
        add(life, "2026-04-09T15:29")
    life(Act.CANCEL, "infusion-1")
    add(life, "2026-04-09T14:30")


def test_placing_keeps_out_of_its_way(life: Life) -> None:
    life.move("day-90", "2026-07-09")
    add(life, "2026-07-08T08:00", minutes=480)
    with pytest.raises(SlotTaken, match="ZJ-001"):
        life.move("day-90", "2026-07-08")


def test_its_life(life: Life) -> None:
    add(life)
    life(Act.CONFIRM, "unscheduled")
    life(Act.HOLD, "unscheduled")
    life(Act.RESUME, "unscheduled")
    life.complete("unscheduled", "2026-03-11")
    done = life["unscheduled"]
    assert (done.status, done.actual, done.sequence) == (Status.COMPLETED, date(2026, 3, 11), 4)
    life(Act.RESUME, "unscheduled")
    assert (life["unscheduled"].status, life["unscheduled"].actual) == (Status.SCHEDULED, None)
    with pytest.raises(Refused, match="unscheduled follows no protocol: cancel it and add another"):
        life.move("unscheduled", "2026-03-12")
    life(Act.CANCEL, "unscheduled#1")
    with pytest.raises(NotAllowed, match="it is cancelled"):
        life(Act.CONFIRM, "unscheduled")


def test_the_last_one_is_meant_unless_numbered(life: Life) -> None:
    add(life)
    add(life, "2026-03-11T10:00")
    life(Act.CONFIRM, "unscheduled")
    assert life["unscheduled#2"].status is Status.CONFIRMED
    life(Act.CANCEL, "unscheduled#1")
    assert life["unscheduled"].status is Status.CANCELLED


def test_who_may_and_why(life: Life) -> None:
    clinic = staffed(li=Role.NURSE, chen=Role.LABORATORY)
    add(life, clinic=clinic)
    with pytest.raises(NotPermitted, match="chen may not add visits"):
        add(life, clinic=clinic, user="chen")
    with pytest.raises(ReasonMissing, match="to add a visit needs a --reason"):
        add(life, reason=" ")
    with pytest.raises(OtherSite):
        add(life, clinic=replace(CLINIC, site=replace(CLINIC.site, code="BJ")))
    with pytest.raises(UnknownName):
        add(Life(life.store, "ZJ-009"))


def test_minutes_pass_by_the_clock_of_utc(life: Life) -> None:
    """Two hours from 01:30 end at 04:30 where the clock goes from 2 to 3 that night."""
    berlin = ZoneInfo("Europe/Berlin")
    add(life, "2026-03-29T01:30", minutes=120, zone=berlin)
    slot = life["unscheduled"].scheduled
    assert slot is not None
    assert slot.end.astimezone(berlin).time() == time(4, 30)
    assert slot.minutes() == timedelta(hours=2) // timedelta(minutes=1)
