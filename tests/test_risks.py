"""Risks: each kind where it is one and where it is none, and their order."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Window
from scheduler.products import Expiry, Product, Stage
from scheduler.protocol import Dose
from scheduler.risks import AHEAD, Kind, Risk, closures, risks
from scheduler.subject import Status, Visit, Weight
from scheduler.supplies import Supply
from tests.arms import clinic, zhujiang
from tests.digests import MONDAY, infusion, visit

ALWAYS_OPEN = clinic()
DOSE = Dose(cells_per_kg=10**6, volume_ml=80, tolerance_ml=5, weight_valid_days=7)
WEIGHT = Weight(kg=Decimal(70), measured=MONDAY)
BATCH = Product(
    subject="ZJ-001", batch="B-1", chain=1, stage=Stage.ORDERED, weight=WEIGHT, ordered=MONDAY
)


def kinds(*visits: Visit, supplies: tuple[Supply, ...] = (), as_of: date = MONDAY) -> list[Kind]:
    found = risks(ALWAYS_OPEN, as_of, visits, supplies, [], unchecked=False)
    return [trouble.kind for risk in found for trouble in risk.troubles]


def around(target: date, days: int) -> Window:
    margin = timedelta(days=days)
    return Window(earliest=target - margin, latest=target + margin)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"scheduled": None}, [Kind.NO_SLOT]),
        ({"scheduled": None, "window": around(MONDAY + timedelta(days=30), 15)}, []),
        ({"scheduled": None, "window": around(MONDAY + timedelta(days=29), 15)}, [Kind.NO_SLOT]),
        ({"status": Status.HELD}, [Kind.ON_HOLD]),
        ({"status": Status.HELD, "window": around(MONDAY, 15)}, []),
        ({"window": Window(earliest=MONDAY, latest=MONDAY + timedelta(days=2))}, [Kind.CLOSING]),
        ({"window": around(MONDAY + timedelta(days=2), 0)}, []),
        ({"status": Status.COMPLETED, "scheduled": None}, []),
        ({"status": Status.CANCELLED, "scheduled": None}, []),
    ],
)
def test_windows(change: dict[str, Any], found: list[Kind]) -> None:
    assert kinds(replace(visit(day=2), **change)) == found


def test_a_visit_that_nobody_recorded() -> None:
    [risk] = risks(ALWAYS_OPEN, MONDAY, [visit(day=-1)], [], [], unchecked=False)
    assert risk.troubles[0].kind is Kind.OVERDUE
    assert (risk.due, risk.day) == (MONDAY + timedelta(days=6), MONDAY - timedelta(days=1))
    assert kinds(visit(day=0)) == []


def test_last_days_of_windows_matter_a_week_ahead() -> None:
    last = visit(day=8)
    last = replace(last, window=Window(earliest=MONDAY, latest=MONDAY + timedelta(days=8)))
    assert kinds(last) == []
    assert kinds(last, as_of=MONDAY + timedelta(days=1)) == [Kind.CLOSING]


def released(on: date, expires: date) -> Product:
    return replace(BATCH, stage=Stage.RELEASED, released=on, expires=Expiry(day=expires))


@pytest.mark.parametrize(
    ("day", "product", "found"),
    [
        (3, None, [Kind.NO_PRODUCT]),
        (3, BATCH, [Kind.NOT_RELEASED]),
        (3, released(MONDAY, MONDAY + timedelta(days=3)), []),
        (3, released(MONDAY, MONDAY + timedelta(days=2)), [Kind.UNFIT]),
        (3, released(MONDAY + timedelta(days=4), MONDAY + timedelta(days=9)), [Kind.UNFIT]),
        (15, None, []),
        (-1, None, [Kind.OVERDUE]),
    ],
)
def test_products(day: int, product: Product | None, found: list[Kind]) -> None:
    given = infusion(day=day)
    supply = Supply(visit=given, dose=DOSE, weight=WEIGHT, product=product)
    assert kinds(given, supplies=(supply,)) == found


@pytest.mark.parametrize(
    ("day", "weight", "found"),
    [
        (7, None, [Kind.NO_WEIGHT]),
        (8, None, []),  # one taken today would not count for it
        (7, WEIGHT, []),
        (3, Weight(kg=Decimal(70), measured=MONDAY - timedelta(days=5)), [Kind.OLD_WEIGHT]),
        (3, Weight(kg=Decimal(78), measured=MONDAY), [Kind.OTHER_WEIGHT]),
        (3, Weight(kg=Decimal(77), measured=MONDAY), []),
    ],
)
def test_weights(day: int, weight: Weight | None, found: list[Kind]) -> None:
    product = released(MONDAY, MONDAY + timedelta(days=30))
    supply = Supply(visit=infusion(day=day), dose=DOSE, weight=weight, product=product)
    assert kinds(supplies=(supply,)) == found


def test_all_that_is_wrong_with_a_visit_on_a_day_is_one_risk() -> None:
    supply = Supply(visit=infusion(day=3), dose=DOSE, weight=None, product=None)
    found = risks(ALWAYS_OPEN, MONDAY, [], [supply], [supply.visit], unchecked=True)
    assert [[trouble.kind for trouble in risk.troubles] for risk in found] == [
        [Kind.UNCHECKED],
        [Kind.BLOCKED, Kind.NO_PRODUCT, Kind.NO_WEIGHT],
    ]


@given(offsets=st.lists(st.integers(-20, 40), max_size=8))
def test_what_is_due_first_stands_first(offsets: list[int]) -> None:
    visits = [visit(day=n, code=f"ZJ-{i:03}") for i, n in enumerate(offsets)]
    supplies = [Supply(visit=v, dose=DOSE, weight=None, product=None) for v in visits]
    found = risks(zhujiang(), MONDAY, visits, supplies, visits[::2], unchecked=False)
    assert [risk.due for risk in found] == sorted(risk.due for risk in found)
    assert found == risks(
        zhujiang(), MONDAY, visits[::-1], supplies[::-1], visits[::2][::-1], unchecked=False
    )


def spans(as_of: date) -> list[tuple[date, date | None]]:
    found: list[Risk] = list(closures(zhujiang(), as_of))
    assert all(risk.closure for risk in found)
    return [(risk.due, risk.last) for risk in found]


def test_closures_are_those_of_days_that_the_week_has_open() -> None:
    """Public holidays, joined over a weekend between them, and no plain weekend."""
    assert spans(date(2026, 3, 9)) == []
    assert spans(date(2026, 9, 28)) == [(date(2026, 10, 1), date(2026, 10, 7))]
    closed = {date(2026, 3, 13): "a", date(2026, 3, 16): "b", date(2026, 3, 20): "c"}
    site = replace(zhujiang(), closed=closed)
    found = [
        (risk.due.day, risk.last and risk.last.day) for risk in closures(site, date(2026, 3, 9))
    ]
    assert found == [(13, 16), (20, 20)]
    *_, far = closures(site, date(2026, 3, 20) - AHEAD - timedelta(days=1))
    assert far.last == date(2026, 3, 16)
