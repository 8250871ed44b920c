"""Which batch may be given at which infusion: every rule, and every way to break it."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Interval
from scheduler.errors import BadValue
from scheduler.products import (
    Expiry,
    Product,
    Stage,
    SwappedBatch,
    UnfitBatch,
    batch_id,
    batch_key,
    chain,
    check_given,
    infusions,
    source,
    untreated,
)
from scheduler.subject import OPEN, Status, Weight
from tests.arms import encounter, study, trial, zhujiang
from tests.printing import visits

DAY = date(2026, 4, 9)
BMSC, ROUTINE = trial().arm("bmsc"), trial().arm("routine")
[INFUSION] = [visit for visit in visits() if visit.encounter == "infusion-1"]
BATCH = Product(
    subject="ZJ-001",
    batch="B-1",
    chain=1,
    stage=Stage.RELEASED,
    weight=Weight(kg=Decimal(70), measured=DAY),
    ordered=date(2026, 3, 5),
    released=date(2026, 4, 7),
    expires=Expiry(day=date(2026, 4, 16), at=time(12)),
)

days = st.dates(date(2026, 4, 1), date(2026, 4, 20))
times = st.none() | st.times().map(lambda at: at.replace(microsecond=0, tzinfo=None))
products = st.builds(
    Product,
    subject=st.sampled_from(["ZJ-001", "ZJ-002"]),
    batch=st.just("B-1"),
    chain=st.integers(1, 2),
    stage=st.sampled_from(Stage),
    weight=st.just(BATCH.weight),
    ordered=st.just(BATCH.ordered),
    released=st.none() | days,
    expires=st.none() | st.builds(Expiry, day=days, at=times),
)


@given(product=products, chain=st.integers(1, 2), day=days)
def test_a_batch_is_let_through_only_if_nothing_is_wrong_with_it(
    product: Product, chain: int, day: date
) -> None:
    """The rule in the plainest words, held against the check."""
    eight = time(8) if day == DAY else None
    released, expires = product.released, product.expires
    unexpired = expires is not None and (
        day < expires.day
        or (day == expires.day and (expires.at is None or eight is None or eight < expires.at))
    )
    right = (
        product.subject == "ZJ-001"
        and product.chain == chain
        and product.stage is not Stage.FAILED
        and released is not None
        and released <= day
        and unexpired
    )
    refused = SwappedBatch if product.subject != "ZJ-001" else UnfitBatch
    assert refused.exit_code == 9
    with nullcontext() if right else pytest.raises(refused):
        check_given(product, INFUSION, chain, day)


def test_the_batch_of_another_participant_is_refused_in_capitals() -> None:
    with pytest.raises(SwappedBatch) as refusal:
        check_given(replace(BATCH, subject="ZJ-002"), INFUSION, 1, DAY)
    assert str(refusal.value).startswith("STOP. BATCH B-1 BELONGS TO ZJ-002, NOT TO ZJ-001.")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"stage": Stage.ORDERED, "released": None, "expires": None}, "it is not released"),
        ({"stage": Stage.FAILED, "reason": "fungi"}, "it failed (fungi)"),
        ({"released": date(2026, 4, 10)}, "it is released on 2026-04-10 only"),
        ({"expires": Expiry(day=date(2026, 4, 8))}, "it expired 2026-04-08"),
        ({"expires": Expiry(day=DAY, at=time(8))}, "it expired 2026-04-09T08:00"),
        ({"chain": 2}, "it grew from aspiration 2, and 1 stands now"),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(UnfitBatch, match="may not be given to ZJ-001 at infusion-1") as refusal:
        check_given(replace(BATCH, **changes), INFUSION, 1, DAY)
    assert fault in str(refusal.value)


def test_an_expiry_is_a_day_or_a_time_on_it() -> None:
    assert not Expiry(day=DAY).passed(DAY, time(23, 59))
    assert Expiry(day=DAY).passed(DAY + timedelta(days=1), time(0))
    assert not Expiry(day=DAY, at=time(12)).passed(DAY, time(11, 59))
    assert Expiry(day=DAY, at=time(12)).passed(DAY, time(12))
    # On a day for which the visit was not scheduled nobody knows the time.
    assert not Expiry(day=DAY, at=time(12)).passed(DAY)


def test_the_hour_counts_when_the_infusion_kept_its_day() -> None:
    batch = replace(BATCH, expires=Expiry(day=DAY, at=time(9)))
    zone = zhujiang().tz()
    slot = Interval(
        start=datetime(2026, 4, 9, 9, tzinfo=zone), end=datetime(2026, 4, 9, 16, tzinfo=zone)
    )
    check_given(batch, INFUSION, 1, DAY)
    with pytest.raises(UnfitBatch):
        check_given(batch, replace(INFUSION, scheduled=slot), 1, DAY)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("B-1", "B-1"), (" b.2026/04_1 ", "b.2026/04_1"), ("Ｂ－１", "B-1"), ("7", "7")],
)
def test_a_batch_id_is_read_in_any_width(text: str, meant: str) -> None:
    assert batch_id(text) == meant


@pytest.mark.parametrize("text", ["", " ", "-B", "B-", "B 1", "Wang Li", "B" * 25, "批号1", "B\n1"])
def test_what_no_label_carries_is_no_batch_id(text: str) -> None:
    with pytest.raises(BadValue, match="--batch"):
        batch_id(text)


@given(st.text("abcABC123-ａＢ－", max_size=9))
def test_spellings_of_one_batch_share_a_key(text: str) -> None:
    assert batch_key(text.upper()) == batch_key(text.lower()) == batch_key(batch_key(text))


def test_the_trial_takes_its_cells_at_the_aspiration() -> None:
    procedure = source(BMSC)
    assert procedure is not None
    assert procedure.id == "aspiration"
    assert [infusion.id for infusion in infusions(BMSC)] == ["infusion-1", "infusion-2"]
    assert (source(ROUTINE), infusions(ROUTINE)) == (None, ())


def test_an_arm_without_a_procedure_has_one_chain() -> None:
    arm = study(encounter("first")).arms[0]
    assert source(arm) is None
    assert chain(arm, {}) == 1


def test_a_chain_is_counted_by_its_aspiration() -> None:
    standing = {visit.encounter: visit for visit in visits()}
    assert chain(BMSC, standing) == 1
    again = replace(standing["aspiration"], occurrence=3)
    assert chain(BMSC, {**standing, "aspiration": again}) == 3


def test_only_who_is_never_infused_follows_the_milestone() -> None:
    standing = {visit.encounter: visit for visit in visits()}
    off = {
        id: replace(standing[id], status=Status.CANCELLED) for id in ("infusion-1", "infusion-2")
    }
    assert untreated(BMSC, {**standing, **off}) == "matched-day-0"
    for status in (*OPEN, Status.COMPLETED, Status.MISSED):
        one = replace(standing["infusion-1"], status=status)
        assert untreated(BMSC, {**standing, **off, "infusion-1": one}) is None
    assert untreated(ROUTINE, {}) is None
