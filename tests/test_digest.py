"""Digests: what each reader is told, and what is left out before there is any text."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.digest import Digest, Release, State, digest, week_of
from scheduler.products import Expiry, Product, Stage
from scheduler.protocol import Dose, Mode
from scheduler.risks import Kind as RiskKind
from scheduler.sites import Audience, Detail
from scheduler.subject import OPEN, Status, Visit, Weight
from scheduler.supplies import Supply
from scheduler.words import Words
from tests.arms import trial, zhujiang
from tests.digests import MONDAY, WARD, infusion, visit

DOSE = Dose(cells_per_kg=10**6, volume_ml=80, tolerance_ml=5, weight_valid_days=7)
WEIGHT = Weight(kg=Decimal("68.5"), measured=MONDAY)
ASSESSOR = replace(WARD, audience=Audience.ASSESSOR)


def state(
    *visits: Visit, supplies: tuple[Supply, ...] = (), blocked: tuple[Visit, ...] = ()
) -> State:
    return State(
        site=zhujiang(),
        as_of=MONDAY,
        visits=visits,
        supplies=supplies,
        blocked=blocked,
        protocols=[trial()],
    )


def supplied(given: Visit, stage: Stage = Stage.RELEASED) -> Supply:
    released = MONDAY if stage is Stage.RELEASED else None
    product = Product(
        subject=given.subject,
        batch=f"B-{given.subject}",
        chain=1,
        stage=stage,
        weight=WEIGHT,
        ordered=MONDAY,
        released=released,
        expires=Expiry(day=MONDAY + timedelta(days=30)) if released else None,
    )
    return Supply(visit=given, dose=DOSE, weight=WEIGHT, product=product)


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2027, 1, 1), "2026-W53"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2026, 11, 29), "2026-W48"),
        (date(2026, 11, 30), "2026-W49"),
    ],
)
def test_weeks_are_those_of_iso_8601(day: date, week: str) -> None:
    assert digest(replace(state(), as_of=day), WARD).week == week
    assert day in week_of(day)


def test_infusions_first_and_all_in_the_order_of_time() -> None:
    early, late = visit(day=2, hour=8), visit(day=2, hour=10, code="ZJ-002")
    found = digest(state(late, infusion(day=3), early, infusion(day=1)), WARD)
    assert [a.day.day for a in found.infusions] == [10, 12]
    assert [a.code for a in found.others] == ["ZJ-001", "ZJ-002"]
    assert [(t.day.day, t.infusions, t.others) for t in found.tallies] == [
        (10, 1, 0),
        (11, 0, 2),
        (12, 1, 0),
    ]
    assert found.count == 4


@given(day=st.integers(-10, 20), status=st.sampled_from(Status))
def test_open_visits_of_the_week_and_no_others(day: int, status: Status) -> None:
    found = digest(state(replace(visit(day=day), status=status)), WARD)
    assert found.count == (status in OPEN and 0 <= day <= 6)


def test_what_staff_read_of_an_infusion() -> None:
    given = infusion(day=3)
    [told] = digest(state(given, supplies=(supplied(given),)), WARD).infusions
    known = told.preparation
    assert known is not None
    assert (told.code, told.left, told.latest) == ("ZJ-001", 7, MONDAY + timedelta(days=10))
    assert (known.release, known.cells, known.volume_ml) == (Release.RELEASED, 68_500_000, 80)
    assert (known.batch, known.age, known.valid) == ("B-ZJ-001", 3, True)


@pytest.mark.parametrize(
    ("stage", "release"), [(Stage.ORDERED, Release.ORDERED), (Stage.FAILED, Release.UNFIT)]
)
def test_products_that_are_not_there(stage: Stage, release: Release) -> None:
    given = infusion(day=3)
    [told] = digest(state(given, supplies=(supplied(given, stage),)), WARD).infusions
    assert told.preparation is not None
    assert told.preparation.release is release


@st.composite
def states(draw: st.DrawFn) -> State:
    """Visits of some participants, shared by both arms or not, with all that can be known."""
    shared = st.sampled_from(["day-14", "day-30", "baseline"])
    others = st.sampled_from(["day-1", "day-3", "aspiration", "re-score", "pre-check"])
    visits: list[Visit] = []
    for number in range(draw(st.integers(0, 6))):
        plain = draw(st.sampled_from([visit, infusion]))(
            day=draw(st.integers(-3, 12)), code=f"ZJ-{number:03}"
        )
        encounter = plain.encounter
        if plain.encounter != "infusion-1":
            encounter = draw(shared | others)
        label = Words.of(en=f"SECRET {encounter}")
        mode = draw(st.sampled_from(Mode))
        made = replace(plain, encounter=encounter, label=label, mode=mode)
        visits.append(replace(made, status=draw(st.sampled_from(sorted(OPEN)))))
    supplies = tuple(supplied(v) for v in visits if v.encounter == "infusion-1")
    return state(*visits, supplies=supplies, blocked=tuple(visits[::2]))


@given(state=states())
def test_detail_visits_leads_to_nobody(state: State) -> None:
    whole = digest(state, WARD)
    found = digest(state, replace(WARD, detail=Detail.VISITS))
    assert "ZJ-0" not in repr(found)  # neither code nor batch
    assert "68500000" not in repr(found)
    assert found.count == whole.count
    assert [a.slot for a in found.others] == [a.slot for a in whole.others]
    assert [r.troubles for r in found.risks] == [r.troubles for r in whole.risks]


@given(state=states(), audience=st.sampled_from([Audience.STAFF, Audience.ASSESSOR]))
def test_detail_counts_has_numbers_only(state: State, audience: Audience) -> None:
    whole = digest(state, replace(WARD, audience=audience))
    found = digest(state, replace(WARD, audience=audience, detail=Detail.COUNTS))
    assert (found.infusions, found.others) == ((), ())
    assert "SECRET" not in repr(found)
    assert "ZJ-0" not in repr(found)
    assert (found.tallies, found.count) == (whole.tallies, whole.count)
    troubles = sum(len(r.troubles) for r in whole.risks if not r.closure)
    assert sum(found.counted.values()) == troubles
    assert list(found.counted) == [kind for kind in RiskKind if kind in found.counted]


@given(state=states(), detail=st.sampled_from(Detail))
def test_assessors_are_told_of_shared_visits_and_only_when_they_are(
    state: State, detail: Detail
) -> None:
    """Nothing depends on anything else: with windows, products and risks changed it is equal."""
    recipient = replace(ASSESSOR, detail=detail)
    found = digest(state, recipient)
    shared = trial().shared_encounters()
    week = set(state.days.days())
    seen = [v for v in state.visits if v.encounter in shared and v.day in week]
    assert found.count == len(seen)
    assert "SECRET" not in repr(found)
    assert all(risk.closure for risk in found.risks)
    changed = replace(
        state,
        visits=[
            replace(v, window=replace(v.window, latest=v.window.latest + timedelta(days=9)))
            for v in state.visits
            if v.encounter in shared
        ],
        supplies=(),
        blocked=(),
        unchecked=True,
    )
    assert digest(changed, recipient) == found


def test_assessors_read_the_wording_of_the_site() -> None:
    [told] = digest(state(visit(day=1, encounter="day-30")), ASSESSOR).others
    assert told.label == zhujiang().wording[Audience.ASSESSOR].summary
    assert (told.code, told.latest, told.left, told.preparation) == ("ZJ-001", None, None, None)


def test_what_is_blinded_is_not_guessed() -> None:
    unknown: Digest | None = None
    with pytest.raises(ValueError, match="bmsc-stroke"):
        unknown = digest(replace(state(visit(day=1)), protocols=()), ASSESSOR)
    assert unknown is None
