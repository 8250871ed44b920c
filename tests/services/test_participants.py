"""Participants as a whole: withdrawing and weighing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from scheduler.errors import BadValue, Refused, UnknownName
from scheduler.life import Act, NotPermitted, ReasonMissing
from scheduler.services import participants
from scheduler.services.clinics import Clinic, OtherSite
from scheduler.services.participants import Weighing
from scheduler.services.visits import Outcome
from scheduler.sites import Role
from scheduler.store import Store
from scheduler.subject import OPEN, Status, Weight
from tests.lives import CLINIC, TODAY, Life, change, enroll, staffed

BEIJING = replace(CLINIC, site=replace(CLINIC.site, code="BJ"))


def withdraw(life: Life, *, clinic: Clinic = CLINIC, dry_run: bool = False, **more: str) -> Outcome:
    mark = change("subject withdraw", **more)
    return participants.withdraw(life.store, clinic, life.code, mark, dry_run=dry_run)


def weigh(
    life: Life,
    kg: str,
    day: date = date(2026, 4, 2),
    *,
    clinic: Clinic = CLINIC,
    today: date = TODAY,
    dry_run: bool = False,
    **more: str,
) -> Weighing:
    mark, weight = change("subject weigh", **more), Weight(kg=Decimal(kg), measured=day)
    return participants.weigh(life.store, clinic, life.code, weight, mark, today, dry_run=dry_run)


@pytest.fixture
def life(store: Store) -> Life:
    return enroll(store)


def test_withdrawing_cancels_what_is_open_and_nothing_else(life: Life) -> None:
    life.complete("baseline")
    life(Act.MISS, "aspiration")
    life(Act.CONFIRM, "infusion-1")
    life(Act.HOLD, "day-30")
    before = life.visits()
    preview = withdraw(life, dry_run=True)
    assert life.visits() == before
    outcome = withdraw(life)
    assert outcome == preview
    after = life.visits()
    for ref, visit in before.items():
        if visit.status in OPEN:
            assert after[ref].status is Status.CANCELLED
            assert after[ref].scheduled == visit.scheduled
            assert after[ref].sequence == visit.sequence + 1
        else:
            assert after[ref] == visit
    assert {new.ref for _, new in outcome.changes} == set(before) - {"baseline", "aspiration"}
    history = life.store.read(lambda book: book.history(life.code))
    assert {e.change.reason for e in history if e.change.command == "subject withdraw"} == {
        "asked for"
    }


def test_withdrawing_gives_the_units_back(store: Store) -> None:
    first, second, third = (enroll(store) for _ in range(3))
    withdraw(first)
    third.move("infusion-1", "2026-04-09")
    assert second["infusion-1"].day == third["infusion-1"].day == date(2026, 4, 9)


def test_withdrawn_once(life: Life) -> None:
    withdraw(life)
    with pytest.raises(Refused, match="ZJ-001 has no open visit left to cancel"):
        withdraw(life)


def test_withdrawing_is_undone_visit_by_visit(life: Life) -> None:
    before = life.days()
    withdraw(life)
    for ref in before:
        life(Act.RESUME, ref)
    assert life.days() == before


def test_who_may_withdraw_and_why(life: Life) -> None:
    clinic = staffed(li=Role.NURSE, wang=Role.COORDINATOR)
    with pytest.raises(NotPermitted, match="li may not cancel visits"):
        withdraw(life, clinic=clinic)
    with pytest.raises(ReasonMissing):
        withdraw(life, reason="")
    with pytest.raises(OtherSite):
        withdraw(life, clinic=BEIJING)
    with pytest.raises(UnknownName):
        withdraw(Life(life.store, "ZJ-009"))
    assert {visit.status for visit in life.visits().values()} == {Status.SCHEDULED}
    withdraw(life, clinic=clinic, user="wang")


def test_weighing(life: Life) -> None:
    first = weigh(life, "68.5")
    assert (first.before.weight, first.change) == (None, None)
    assert first.dose is not None
    preview = weigh(life, "76.0", dry_run=True)
    second = weigh(life, "76.0")
    assert second == preview
    assert second.change == Decimal("76.0") / Decimal("68.5") - 1
    subject = life.store.read(lambda book: book.subject(life.code))
    assert subject.weight == Weight(kg=Decimal("76.0"), measured=date(2026, 4, 2))


def test_the_routine_arm_has_no_dose(store: Store) -> None:
    assert weigh(enroll(store, arm="routine"), "68.5").dose is None


def test_what_nobody_weighs_and_when(life: Life) -> None:
    for kg in ("685", "6.85"):
        with pytest.raises(BadValue, match="a body weight lies between"):
            weigh(life, kg)
    with pytest.raises(BadValue, match="it lies ahead of today, 2026-04-01"):
        weigh(life, "68.5", today=date(2026, 4, 1))
    weigh(life, "68.5", today=date(2026, 4, 2))


def test_who_may_weigh(life: Life) -> None:
    clinic = staffed(li=Role.NURSE, chen=Role.MONITOR)
    weigh(life, "68.5", clinic=clinic)
    with pytest.raises(NotPermitted, match="chen may not weigh participants: chen has the role"):
        weigh(life, "68.5", clinic=clinic, user="chen")
    with pytest.raises(OtherSite):
        weigh(life, "68.5", clinic=BEIJING)
