"""Orders and releases: who owns a batch, and what a late release moves."""

from datetime import date, timedelta

import pytest

from scheduler.errors import BadValue, Refused, UnknownName
from scheduler.life import Act, NotPermitted, ReasonMissing
from scheduler.products import NoBatch, NoProduct, Stage, SwappedBatch, UnfitBatch, UnknownBatch
from scheduler.services.products import NotAspirated, WrongStage
from scheduler.services.waiting import LateRelease, NotNamed
from scheduler.sites import Role
from scheduler.store import Store
from scheduler.store.products import BatchTaken
from scheduler.subject import Status
from tests.courses import Course, begin, of, treated
from tests.lives import staffed

# --------------------------------------------------------------------------------- orders


def test_an_order_is_for_the_newest_weight(store: Store) -> None:
    course = begin(store)
    after = course.order("B-1").after
    assert (after.stage, after.weight, after.chain) == (Stage.ORDERED, of("68.5", "2026-03-02"), 1)
    given = course.order("B-2", weight=of("70", "2026-03-04")).after
    assert given.weight == of("70", "2026-03-04")
    assert [*course.batches().values()] == [after, given]


def test_an_order_without_any_weight_is_refused(store: Store) -> None:
    with pytest.raises(BadValue, match="no weight is on record"):
        begin(store, kg=None).order("B-1")


@pytest.mark.parametrize("spelling", ["B-1", "b-1", "Ｂ－１", " B-1 "])
def test_a_batch_can_never_be_anybody_elses(store: Store, spelling: str) -> None:
    begin(store).order("B-1")
    other = begin(store)
    with pytest.raises(BatchTaken, match=r"STOP\. BATCH B-1 BELONGS TO ZJ-001") as refusal:
        other.order(spelling)
    assert refusal.value.exit_code == 9
    assert other.batches() == {}


def test_a_batch_is_ordered_once(store: Store) -> None:
    course = begin(store)
    course.order("B-1")
    with pytest.raises(BatchTaken, match="BELONGS TO ZJ-001"):
        course.order("b-1")


def test_days_ahead_and_weights_after_the_order_are_slips(store: Store) -> None:
    course = begin(store)
    with pytest.raises(BadValue, match="ahead of today"):
        course.order("B-1", "2026-03-06", today=date(2026, 3, 5))
    with pytest.raises(BadValue, match="--weighed"):
        course.order("B-1", weight=of("70", "2026-03-06"))


def test_an_arm_without_a_dose_has_no_product(store: Store) -> None:
    with pytest.raises(NoProduct, match="arm routine, which has no dose"):
        begin(store, arm="routine").order("B-1")


def test_nothing_is_ordered_when_no_infusion_is_to_come(store: Store) -> None:
    course = treated(store)
    for visit in ("infusion-2", "infusion-1"):
        course(Act.CANCEL, visit)
    with pytest.raises(Refused, match="no infusion to come"):
        course.order("B-2")


def test_the_laboratory_answers_for_products(store: Store) -> None:
    course, clinic = begin(store), staffed(li=Role.NURSE, chen=Role.LABORATORY)
    with pytest.raises(NotPermitted, match="li may not order products"):
        course.order("B-1", clinic=clinic)
    course.order("B-1", clinic=clinic, user="chen")


def test_a_preview_stores_nothing(store: Store) -> None:
    course = begin(store)
    assert course.order("B-1", dry_run=True).after.batch == "B-1"
    assert course.batches() == {}
    course.order("B-1")
    course.complete("aspiration")
    before = course.days()
    preview = course.release("B-1", "2026-04-10", dry_run=True).outcome.changes
    assert course.days() == before
    assert course.batches()["B-1"].stage is Stage.ORDERED
    assert len(preview) == len(course.release("B-1", "2026-04-10").outcome.changes) > 0


# ----------------------------------------------------------------------- completing infusions


def test_an_infusion_needs_a_batch_that_may_be_given(store: Store) -> None:
    """The whole way by hand; each refusal names what is wrong, and stores nothing."""
    course, other = begin(store), begin(store)
    other.order("C-1")
    course.complete("aspiration")
    day = "2026-04-09"
    with pytest.raises(NoBatch, match="needs --batch"):
        course.give("infusion-1", None)
    with pytest.raises(UnknownBatch, match="no batch X was ordered; batches of ZJ-001: none"):
        course.give("infusion-1", "X")
    with pytest.raises(SwappedBatch, match="BELONGS TO ZJ-002, NOT TO ZJ-001"):
        course.give("infusion-1", "c-1")
    course.order("B-1")
    with pytest.raises(UnfitBatch, match="it is not released"):
        course.give("infusion-1", "B-1")
    course.release("B-1", "2026-04-09", "2026-04-16T08:00")
    with pytest.raises(UnfitBatch, match="it is released on 2026-04-09 only"):
        course.give("infusion-1", "B-1", "2026-04-08")
    assert course["infusion-1"].status is Status.SCHEDULED
    assert course.batches()["B-1"].given == ()
    course.give("infusion-1", "b-1", day)
    assert course["infusion-1"].actual == date(2026, 4, 9)
    assert course.batches()["B-1"].given == ("infusion-1",)
    with pytest.raises(UnfitBatch, match="it expired 2026-04-16T08:00"):
        course.give("infusion-2", "B-1")


def test_only_infusions_are_given_a_batch(store: Store) -> None:
    course = treated(store)
    with pytest.raises(BadValue, match="no product is given at baseline"):
        course(Act.COMPLETE, "baseline", "2026-03-02", batch="B-1")


def test_an_infusion_recorded_by_mistake_gives_its_batch_back(store: Store) -> None:
    course = treated(store)
    course.give("infusion-1", "B-1")
    course(Act.RESUME, "infusion-1")
    assert course.batches()["B-1"].given == ()
    states = store.read(lambda book: book.product_states(course.code))
    assert [state.given for state in states[-2:]] == [("infusion-1",), ()]


# ------------------------------------------------------------------------------ releases


def test_a_release_in_time_moves_nothing(store: Store) -> None:
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration")
    before = course.days()
    handled = course.release("B-1", "2026-04-09")
    assert handled.outcome.changes == ()
    assert course.days() == before


def test_a_late_release_moves_the_pair_within_its_window(store: Store) -> None:
    """Facts of the trial: window 04-02 to 04-16.  Fri 04-10 would put day-1 on a Saturday."""
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration")
    course.release("B-1", "2026-04-10")
    days = course.days()
    assert (days["infusion-1"], days["infusion-2"]) == ("04-13", "04-20")
    assert (days["pre-check"], days["day-1"], days["day-8"]) == ("04-07", "04-14", "04-21")
    moved = course["infusion-1"]
    assert moved.window.earliest == date(2026, 4, 2)
    assert moved.target == date(2026, 4, 9)
    assert moved.why[:2] == (
        "aspiration 2026-03-05 + 35 days",
        "batch B-1 is released on 2026-04-10",
    )


def test_a_release_beyond_the_window_is_proposed_and_then_forced(store: Store) -> None:
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration")
    before = course.days()
    proposed = r"infusion-1 on 2026-04-20 \(4 d after .*; infusion-2 on 2026-04-27; --force"
    with pytest.raises(LateRelease, match=proposed) as refusal:
        course.release("B-1", "2026-04-17")
    assert refusal.value.exit_code == 9
    assert course.days() == before
    with pytest.raises(ReasonMissing):
        course.release("B-1", "2026-04-17", forced=True, reason="")
    handled = course.release("B-1", "2026-04-17", forced=True)
    assert [visit.ref for visit in handled.outcome.outside] == ["infusion-1"]
    days = course.days()
    assert (days["infusion-1"], days["infusion-2"]) == ("04-20", "04-27")


def test_an_infusion_that_another_batch_serves_does_not_wait(store: Store) -> None:
    course = treated(store)
    course.give("infusion-1", "B-1")
    course.order("B-2", "2026-03-06")
    before = course.days()
    assert course.release("B-2", "2026-04-20").outcome.changes == ()
    assert course.days() == before


def test_a_second_batch_released_late_moves_infusion_2_alone(store: Store) -> None:
    course = begin(store)
    for batch in ("B-1", "B-2"):
        course.order(batch)
    course.complete("aspiration")
    course.release("B-1", "2026-04-07", "2026-04-10")
    course.give("infusion-1", "B-1")
    with pytest.raises(LateRelease, match=r"infusion-2 on 2026-04-20 \(4 d after its window"):
        course.release("B-2", "2026-04-18")
    before = course.days()
    handled = course.release("B-2", "2026-04-18", forced=True, reason="grew slowly")
    changed = {visit.ref for _, visit in handled.outcome.changes}
    assert changed == {"infusion-2", "day-8", "day-14"}
    days = course.days()
    assert (days["infusion-2"], days["day-8"], days["day-14"]) == ("04-20", "04-21", "04-27")
    assert {ref: days[ref] for ref in days if ref not in changed} == {
        ref: before[ref] for ref in before if ref not in changed
    }
    assert course["infusion-2"].window.latest == date(2026, 4, 16)


def test_an_infusion_2_that_must_wait_takes_infusion_1_along(store: Store) -> None:
    """The pair is never parted: infusion 1 has a batch in time, infusion 2 has not."""
    course = begin(store)
    for batch in ("B-1", "B-2"):
        course.order(batch)
    course.complete("aspiration")
    course.release("B-1", "2026-04-07", "2026-04-15")
    course.release("B-2", "2026-04-20")
    assert course["infusion-1"].day == date(2026, 4, 13)
    assert course["infusion-2"].day == date(2026, 4, 20)


@pytest.mark.parametrize("agreed", ["infusion-1", "infusion-2"])
def test_what_was_agreed_moves_only_when_it_is_named(store: Store, agreed: str) -> None:
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration")
    course(Act.CONFIRM, agreed)
    with pytest.raises(NotNamed, match=f"--along {agreed}"):
        course.release("B-1", "2026-04-10")
    assert course.batches()["B-1"].stage is Stage.ORDERED
    course.release("B-1", "2026-04-10", along=frozenset({agreed}))
    pair = [course[visit].day for visit in ("infusion-1", "infusion-2")]
    assert pair == [date(2026, 4, 13), date(2026, 4, 20)]


def test_a_release_is_checked_against_its_aspiration_and_its_dates(store: Store) -> None:
    course = begin(store)
    course.order("B-1")
    with pytest.raises(NotAspirated, match="aspiration of ZJ-001 is scheduled"):
        course.release("B-1", "2026-04-07")
    course.complete("aspiration")
    with pytest.raises(BadValue, match="aspiration was on 2026-03-05"):
        course.release("B-1", "2026-03-04")
    with pytest.raises(BadValue, match="--expires"):
        course.release("B-1", "2026-04-07", "2026-04-06")
    with pytest.raises(UnknownBatch):
        course.release("B-2", "2026-04-07")
    with pytest.raises(UnknownName, match="no subject"):
        Course(store, "ZJ-999").release("B-1", "2026-04-07")
    other = begin(store)
    with pytest.raises(SwappedBatch):
        other.release("B-1", "2026-04-07")


def test_a_release_is_corrected_with_a_reason_until_it_was_given(store: Store) -> None:
    course = treated(store)
    with pytest.raises(ReasonMissing, match="correct a release"):
        course.release("B-1", "2026-04-08", reason="")
    course.release("B-1", "2026-04-08", "2026-04-20", reason="wrong line")
    assert course.batches()["B-1"].released == date(2026, 4, 8)
    course.give("infusion-1", "B-1")
    with pytest.raises(WrongStage, match="was given at infusion-1 already"):
        course.release("B-1", "2026-04-07", reason="again")


def test_an_infusion_after_the_expiry_is_told_at_once(store: Store) -> None:
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration")
    course(Act.CONFIRM, "infusion-1")
    handled = course.release("B-1", "2026-04-07", "2026-04-16T08:00")
    warnings = [w for supply in handled.outcome.supplies for w in supply.warnings()]
    told = [w for w in warnings if "expired" in w]
    assert told == [
        "ZJ-001 infusion-2 on 2026-04-16: batch B-1 cannot be given: it expired 2026-04-16T08:00"
    ]


def test_confirming_tells_of_weight_and_batch(store: Store) -> None:
    course = treated(store)
    [supply] = course(Act.CONFIRM, "infusion-1").supplies
    assert "weighed 38 d before" in supply.warnings()[0]
    assert course(Act.CONFIRM, "day-1").supplies == ()


def test_the_pair_stays_a_week_apart_whenever_the_release_is(store: Store) -> None:
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration")
    week = timedelta(days=7)
    for day in ("2026-04-10", "2026-04-14", "2026-04-20", "2026-04-28", "2026-05-02"):
        course.release("B-1", day, forced=True)
        first, second = course["infusion-1"].day, course["infusion-2"].day
        assert first is not None
        assert second is not None
        assert second - first == week
        assert first >= date.fromisoformat(day)
