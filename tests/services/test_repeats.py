"""Failed cultures: another aspiration and all that hangs on it, or the end of treatment."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from scheduler.errors import BadValue, Refused
from scheduler.life import Act, ReasonMissing
from scheduler.products import Stage, SwappedBatch, UnfitBatch
from scheduler.services.products import NotAspirated, WrongStage
from scheduler.store import Store
from scheduler.subject import OPEN, Status, Visit
from tests.courses import Course, begin, treated

DONE = ("baseline", "aspiration")
BELOW = (
    *("pre-check", "infusion-1", "day-1", "day-3", "infusion-2", "day-8"),
    *("day-14", "day-30", "day-90", "day-180", "day-360"),
)
"""What hangs on the aspiration."""


def grown(store: Store) -> Course:
    """A participant whose cells were taken on 2026-03-05, with the batch "B-1" ordered."""
    course = begin(store)
    course.order("B-1")
    for visit in DONE:
        course.complete(visit)
    return course


def chain(course: Course, number: int) -> dict[str, Visit]:
    """Visits below the aspiration by encounter, of one occurrence."""
    found = course.visits().values()
    return {v.encounter: v for v in found if v.encounter in BELOW and v.occurrence == number}


def test_a_failed_culture_is_repeated_from_another_aspiration(store: Store) -> None:
    """By hand: Wed 04-08 is the first day; 05-13 is 35 days later, 05-20 the week after."""
    course = grown(store)
    before = chain(course, 1)
    course.fail("B-1", today="2026-04-08", reason="fungi")
    assert course.batches()["B-1"].stage is Stage.FAILED
    assert course.batches()["B-1"].reason == "fungi"
    days = course.days()
    assert days["aspiration#2"] == "04-08"
    assert (days["pre-check#2"], days["infusion-1#2"]) == ("05-06", "05-13")
    assert (days["infusion-2#2"], days["day-30#2"]) == ("05-20", "06-12")
    after = chain(course, 1)
    assert {visit.status for visit in after.values()} == {Status.SUPERSEDED}
    assert {id: v.scheduled for id, v in after.items()} == {
        id: v.scheduled for id, v in before.items()
    }
    assert course["aspiration"].status is Status.COMPLETED
    assert {visit.status for visit in chain(course, 2).values()} == {Status.SCHEDULED}
    assert set(chain(course, 2)) == set(BELOW)
    assert {visit.sequence for visit in chain(course, 2).values()} == {0}


def test_the_repeated_aspiration_waits_for_the_named_day_and_a_free_one(store: Store) -> None:
    """Fri 05-01 to Tue 05-05 are closed; an infusion 1 on 06-10 or 06-11 suits all that follow."""
    course = grown(store)
    course.fail("B-1", earliest=date(2026, 5, 1))
    again = course["aspiration#2"]
    assert again.day is not None
    assert again.day >= date(2026, 5, 6)
    assert again.status is Status.SCHEDULED
    assert all(visit.scheduled for visit in chain(course, 2).values())


def test_the_repeated_aspiration_is_a_deviation_with_the_reason(store: Store) -> None:
    course = grown(store)
    outcome = course.fail("B-1", reason="fungi").outcome
    assert [visit.ref for visit in outcome.outside] == ["aspiration#2"]
    last = store.read(lambda book: book.history(course.code))[-1]
    assert (last.change.command, last.change.reason) == ("product fail", "fungi")


def test_the_new_chain_lives_on_as_any_other(store: Store) -> None:
    course = grown(store)
    course.fail("B-1", today="2026-04-08")
    superseded = chain(course, 1)
    course.order("B-2", "2026-04-08")
    assert course.batches()["B-2"].chain == 2
    with pytest.raises(NotAspirated, match="aspiration#2"):
        course.release("B-2", "2026-05-10")
    course.complete("aspiration#2", "2026-04-09", reason="a day later")
    assert course["infusion-1#2"].target == date(2026, 5, 14)
    course.release("B-2", "2026-05-15")
    assert course["infusion-1#2"].day == date(2026, 5, 18)
    with pytest.raises(UnfitBatch, match="it grew from aspiration 1, and 2 stands now"):
        course.give("infusion-1#2", "B-1")
    course.give("infusion-1#2", "B-2")
    course.give("infusion-2#2", "B-2")
    assert course.batches()["B-2"].given == ("infusion-1#2", "infusion-2#2")
    assert chain(course, 1) == superseded


def test_a_second_failure_starts_a_third_chain(store: Store) -> None:
    course = grown(store)
    course.fail("B-1", today="2026-04-08")
    course.order("B-2", "2026-04-08")
    course.complete("aspiration#2", reason="late")
    course.fail("B-2", today="2026-05-11")
    assert course["aspiration#3"].day == date(2026, 5, 11)
    assert {visit.status for visit in chain(course, 2).values()} == {Status.SUPERSEDED}
    pair = chain(course, 3)["infusion-1"].day, chain(course, 3)["infusion-2"].day
    assert pair[0] is not None
    assert pair[1] == pair[0] + timedelta(days=7)


def test_what_was_done_of_the_failed_chain_stays_and_is_done_again(store: Store) -> None:
    course = grown(store)
    course.complete("pre-check")
    course.fail("B-1", today="2026-04-08")
    assert course["pre-check"].status is Status.COMPLETED
    assert course["pre-check#2"].status is Status.SCHEDULED


def test_a_culture_that_fails_after_infusion_1_repeats_infusion_2_alone(store: Store) -> None:
    """Aspirated again on 04-13, so the second product is due 35 days later, on 05-18."""
    course = treated(store)
    course.give("infusion-1", "B-1")
    before = course.visits()
    course.fail("B-1", today="2026-04-13")
    after = course.visits()
    assert after["infusion-1"] == before["infusion-1"]
    assert after["aspiration#2"].day == date(2026, 4, 13)
    assert after["infusion-2"].status is Status.SUPERSEDED
    again = after["infusion-2#2"]
    assert again.day == date(2026, 5, 18)
    assert again.window.latest == date(2026, 4, 16)
    assert after["day-8#2"].day == date(2026, 5, 19)
    for untouched in ("day-3", "day-30", "day-90", "day-180", "day-360"):
        assert after[untouched] == before[untouched]


def test_nothing_is_repeated_while_the_chain_has_another_batch(store: Store) -> None:
    course = grown(store)
    course.order("B-2", "2026-03-06")
    before = course.visits()
    assert course.fail("B-1").outcome.changes == ()
    assert course.visits() == before
    course.fail("B-2")
    assert course["aspiration#2"].status is Status.SCHEDULED


def test_a_repeat_can_be_asked_for_all_the_same(store: Store) -> None:
    course = grown(store)
    course.order("B-2", "2026-03-06")
    course.fail("B-1", earliest=date(2026, 4, 8))
    assert course["aspiration#2"].day == date(2026, 4, 8)


def test_a_preview_stores_nothing(store: Store) -> None:
    course = grown(store)
    before = course.visits(), course.batches()
    assert course.fail("B-1", dry_run=True).outcome.changes
    assert (course.visits(), course.batches()) == before


def test_a_failure_needs_a_reason_its_aspiration_and_its_owner(store: Store) -> None:
    course, other = begin(store), begin(store)
    course.order("B-1")
    with pytest.raises(NotAspirated):
        course.fail("B-1")
    course.complete("aspiration")
    with pytest.raises(ReasonMissing):
        course.fail("B-1", reason="")
    with pytest.raises(SwappedBatch):
        other.fail("B-1")
    with pytest.raises(BadValue, match="the cells that failed were taken on 2026-03-05"):
        course.fail("B-1", earliest=date(2026, 3, 5))
    course.fail("B-1")
    with pytest.raises(WrongStage, match="failed already"):
        course.fail("B-1")


# ------------------------------------------------------------------------ end of treatment


def test_who_is_never_treated_is_followed_up_from_the_milestone(store: Store) -> None:
    """Enrolled 03-02, so matched-day-0 is 04-09, though the cells were taken two days late."""
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration", "2026-03-07")
    assert course["infusion-1"].target == date(2026, 4, 11)
    course.fail("B-1", end=True)
    visits = course.visits()
    for gone in ("infusion-1", "infusion-2", "pre-check"):
        assert visits[gone].status is Status.CANCELLED
    targets = {ref: f"{visits[ref].target:%Y-%m-%d}" for ref in BELOW if visits[ref].status in OPEN}
    assert targets == {
        "day-1": "2026-04-10",
        "day-3": "2026-04-12",
        "day-8": "2026-04-17",
        "day-14": "2026-04-23",
        "day-30": "2026-05-09",
        "day-90": "2026-07-08",
        "day-180": "2026-10-06",
        "day-360": "2027-04-04",
    }


def test_a_second_culture_that_is_given_up_leads_back_to_the_milestone(store: Store) -> None:
    course = grown(store)
    course.fail("B-1", today="2026-04-08")
    assert course["day-90#2"].target == date(2026, 8, 11)
    course.fail("B-1", end=True, reason="declines another aspiration")
    assert course["aspiration#2"].status is Status.CANCELLED
    assert course["day-90#2"].target == date(2026, 7, 8)


def test_treatment_ends_after_infusion_1_without_moving_follow_ups(store: Store) -> None:
    course = treated(store)
    course.give("infusion-1", "B-1")
    before = course.visits()
    course.fail("B-1", end=True)
    after = course.visits()
    assert {ref for ref in after if after[ref] != before[ref]} == {"infusion-2", "day-8", "day-14"}
    assert all(
        after[ref] == replace(before[ref], why=after[ref].why) for ref in ("day-8", "day-14")
    )
    assert after["infusion-2"].status is Status.CANCELLED
    with pytest.raises(Refused, match="no infusion to come"):
        course.fail("B-1", end=True)


def test_a_cancelled_pair_by_hand_counts_as_the_milestone_too(store: Store) -> None:
    course = begin(store)
    course.complete("aspiration", "2026-03-07")
    course(Act.CANCEL, "infusion-2")
    course(Act.CANCEL, "infusion-1")
    assert course["day-90"].target == date(2026, 7, 8)
    *_, note = course["day-90"].why
    assert note == "infusion-1 was cancelled: it counts as matched-day-0, 2026-04-09"
