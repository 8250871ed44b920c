"""What is to be given, and what is warned of before."""

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.products import Expiry, Product, Stage
from scheduler.subject import Status, Weight
from scheduler.supplies import Supply, supplies, supply
from tests.arms import trial
from tests.printing import visits

DAY = date(2026, 4, 9)
ARM = trial().arm("bmsc")
STANDING = {visit.encounter: visit for visit in visits()}
INFUSION = STANDING["infusion-1"]
WEIGHT = Weight(kg=Decimal(70), measured=DAY)
BATCH = Product(
    subject="ZJ-001",
    batch="B-1",
    chain=1,
    stage=Stage.RELEASED,
    weight=WEIGHT,
    ordered=date(2026, 3, 5),
    released=date(2026, 4, 7),
    expires=Expiry(day=date(2026, 4, 30)),
)


def given_by(weight: Weight | None = WEIGHT, product: Product | None = BATCH) -> Supply:
    assert ARM.dose is not None
    return Supply(visit=INFUSION, dose=ARM.dose, weight=weight, product=product)


def weighed(days: int) -> Weight:
    return replace(WEIGHT, measured=DAY - timedelta(days=days))


def test_nothing_is_warned_of_when_all_is_well() -> None:
    assert given_by().warnings() == ()
    assert given_by(product=None).warnings() == ()


@pytest.mark.parametrize(("age", "warned"), [(-1, 1), (0, 0), (7, 0), (8, 1)])
def test_a_weight_counts_for_seven_days_and_not_backwards(age: int, warned: int) -> None:
    assert len(given_by(weighed(age)).warnings()) == warned


@given(st.decimals("20", "300", places=1), st.decimals("20", "300", places=1))
def test_a_tenth_off_the_ordered_weight_is_the_most(now: Decimal, ordered: Decimal) -> None:
    batch = replace(BATCH, weight=replace(WEIGHT, kg=ordered))
    warned = given_by(replace(WEIGHT, kg=now), batch).warnings()
    assert bool(warned) == (10 * abs(now - ordered) > ordered)


def test_the_warnings_in_words() -> None:
    heavier = replace(weighed(8), kg=Decimal("80.5"))
    late = replace(BATCH, released=date(2026, 4, 10), expires=Expiry(day=DAY, at=time(8)))
    assert given_by(heavier, late).warnings() == (
        "ZJ-001 infusion-1 on 2026-04-09: weighed 8 d before, on 2026-04-01;"
        " a weight counts for 7 d",
        "ZJ-001 infusion-1 on 2026-04-09: 80.5 kg is +15.0% off the 70 kg of 2026-04-09"
        " that batch B-1 was ordered for",
        "ZJ-001 infusion-1 on 2026-04-09: batch B-1 cannot be given:"
        " it is released on 2026-04-10 only",
        "ZJ-001 infusion-1 on 2026-04-09: batch B-1 cannot be given: it expired 2026-04-09T08:00",
    )
    [missing] = given_by(None).warnings()
    assert missing == "ZJ-001 infusion-1 on 2026-04-09: no weight is on record"


def test_a_batch_that_is_only_ordered_is_no_cause_for_alarm() -> None:
    ordered = replace(BATCH, stage=Stage.ORDERED, released=None, expires=None)
    assert given_by(product=ordered).warnings() == ()


def test_coming_infusions_are_supplied_and_no_others() -> None:
    found = supplies(ARM, STANDING, WEIGHT, [BATCH])
    assert [each.visit.ref for each in found] == ["infusion-1", "infusion-2"]
    assert {each.product for each in found} == {BATCH}
    done = {**STANDING, "infusion-1": replace(INFUSION, status=Status.COMPLETED, actual=DAY)}
    assert [each.visit.ref for each in supplies(ARM, done, WEIGHT, [])] == ["infusion-2"]
    assert supply(ARM, STANDING, STANDING["day-1"], WEIGHT, [BATCH]) is None
    assert supplies(trial().arm("routine"), {}, WEIGHT, []) == ()


def test_the_batch_that_serves_the_day_comes_before_newer_ones() -> None:
    expired = replace(BATCH, batch="B-2", expires=Expiry(day=date(2026, 4, 8)))
    ordered = replace(BATCH, batch="B-3", stage=Stage.ORDERED, released=None, expires=None)
    failed = replace(BATCH, batch="B-4", stage=Stage.FAILED)
    other = replace(BATCH, batch="B-5", chain=2)

    def chosen(*products: Product) -> str | None:
        found = supply(ARM, STANDING, INFUSION, WEIGHT, products)
        assert found is not None
        return found.product.batch if found.product else None

    assert chosen(BATCH, expired, ordered, failed, other) == "B-1"
    assert chosen(expired, ordered, failed) == "B-2"
    assert chosen(ordered, replace(ordered, batch="B-6")) == "B-6"
    assert chosen(failed, other) is None


def test_what_was_given_is_told_of_a_completed_infusion() -> None:
    newer = replace(BATCH, batch="B-2")
    used = replace(BATCH, given=("infusion-1",))
    done = replace(INFUSION, status=Status.COMPLETED, actual=DAY)
    found = supply(ARM, STANDING, done, WEIGHT, [used, newer])
    assert found is not None
    assert found.product == used
