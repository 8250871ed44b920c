"""Tables of days: each is what is vacant on it, and they go when nobody has them any more."""

import gc
from datetime import date
from weakref import ref

from hypothesis import given

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.demand import Demand
from scheduler.minutes import NO_TIME, lowest
from scheduler.placement import place
from tests.arms import clinic, tree, trial, zhujiang
from tests.test_vacancy import DAY, PARTICIPANT, Question, questions, taken


@given(questions())
def test_the_earliest_start_of_a_day_is_its_own(question: Question) -> None:
    site, day, busy, demand = question
    availability = Availability(site, busy).seen_by(PARTICIPANT)
    earliest = availability.earliest(demand)
    for ordinal in range(day.toordinal() - 3, day.toordinal() + 4):
        assert earliest[ordinal] == lowest(availability.starts(demand, ordinal))


def test_only_the_participant_is_kept_by_the_participants_own_time() -> None:
    busy = (taken(PARTICIPANT, "08:00", "12:00"),)
    availability, hour = Availability(clinic("08:00-12:00"), busy), Demand(minutes=60)
    assert availability.starts(hour, DAY.toordinal())
    assert not availability.seen_by(PARTICIPANT).starts(hour, DAY.toordinal())
    assert availability.seen_by("ZJ-002").starts(hour, DAY.toordinal())
    assert availability.seen_by(PARTICIPANT).earliest(hour)[DAY.toordinal()] == NO_TIME
    assert availability.earliest(hour)[DAY.toordinal()] == 8 * 60


def test_what_nobody_has_any_more_goes_without_the_collector() -> None:
    path, former = tree(trial(), "bmsc"), Availability(zhujiang())
    placement = place(path, date(2026, 3, 2), former)
    first = placement.slots[0]
    come = Appointment(
        subject=PARTICIPANT,
        visit=first.expected.encounter.id,
        kind=first.expected.encounter.kind,
        mode=first.expected.encounter.mode,
        interval=first.interval,
        allocations=first.allocations,
    )
    present = former.changed(come=[come])
    gone = [ref(former), ref(present.seen_by(PARTICIPANT))]
    gc.disable()
    try:
        del former
        assert [each() for each in gone] == [None, None]
        assert place(path, date(2026, 3, 2), present).complete
    finally:
        gc.enable()
