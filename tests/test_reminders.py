"""Which appointments are to be reminded of, and when a reminder is another one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Interval
from scheduler.life import STANDING
from scheduler.reminders import about, due
from scheduler.subject import Status
from tests.digests import MONDAY, visit


@given(day=st.integers(-3, 20), before=st.integers(1, 14), status=st.sampled_from(Status))
def test_standing_appointments_that_lie_near_ahead(day: int, before: int, status: Status) -> None:
    found = due([replace(visit(day=day), status=status)], MONDAY, before)
    assert bool(found) == (1 <= day <= before and status in STANDING)


def test_a_visit_without_a_slot_is_not_due() -> None:
    assert due([replace(visit(day=1), scheduled=None)], MONDAY, 7) == ()


def test_a_moved_appointment_is_told_anew_and_a_confirmed_one_is_not() -> None:
    planned = visit(day=2)
    assert about(planned) == "day-3 2026-03-11T01:00Z"
    assert about(replace(planned, status=Status.CONFIRMED, sequence=1)) == about(planned)
    slot = planned.scheduled
    assert slot is not None
    later = Interval(start=slot.start + timedelta(minutes=30), end=slot.end + timedelta(minutes=30))
    assert about(replace(planned, scheduled=later)) != about(planned)
    assert about(replace(planned, encounter="day-8")) != about(planned)
    assert about(replace(planned, occurrence=2)) != about(planned)


@pytest.mark.parametrize("status", sorted(set(Status) - STANDING))
def test_what_does_not_stand_is_told_to_nobody(status: Status) -> None:
    assert about(replace(visit(day=2), status=status)) == ""
