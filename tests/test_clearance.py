"""No infusion without a result that counts for its day, whatever was recorded when."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.answers import Answers, PartialDate, Result, Stated
from scheduler.clearance import Evidence, InfusionTest, NotCleared, State
from scheduler.criteria import Criteria, Criterion, NegativeTest, Type
from scheduler.eligibility import screen
from scheduler.outcomes import Outcome
from scheduler.ruling import Ruling
from scheduler.words import Words
from tests.test_supplies import INFUSION

VALID = 15
DAY = date(2026, 4, 9)
PREGNANCY = InfusionTest(rule="pregnancy", label=Words.of(en="Pregnancy test"), valid_days=VALID)
RULE = NegativeTest(id="pregnancy", fact="hcg", infusion_valid_days=VALID)
CRITERIA = Criteria(
    criteria=(Criterion(id="hcg", type=Type.INCLUSION, text=Words.of(en="x"), rules=(RULE,)),)
)


def recorded(day: date, answer: str) -> Ruling:
    """What is kept of an answer that was given on a day."""
    known: Result | Stated = Stated.NOT_APPLICABLE
    if answer != "not applicable":
        result, _, tested = answer.partition(" ")
        known = Result(positive=result == "positive", day=PartialDate.parse(tested))
    answers: Answers = {"hcg": known}
    return Ruling.of(screen(CRITERIA, answers, day), answers, version="1")


def state(*rulings: Ruling, day: date = DAY) -> State:
    [clearance] = Evidence(tests=(PREGNANCY,), rulings=rulings).on(day)
    return clearance.state


days = st.dates(date(2026, 3, 1), date(2026, 4, 30))


@given(tested=days, later=st.integers(0, 40), infusion=days)
def test_a_negative_result_counts_from_its_day_for_as_long_as_the_protocol_says(
    tested: date, later: int, infusion: date
) -> None:
    """However much later it was recorded."""
    ruling = recorded(tested + timedelta(days=later), f"negative {tested}")
    age = (infusion - tested).days
    wanted = State.MISSING if age < 0 else State.NEGATIVE if age <= VALID else State.OUTDATED
    assert state(ruling, day=infusion) is wanted


@given(st.lists(st.tuples(st.sampled_from(["negative", "positive"]), days), max_size=5))
def test_the_newest_test_before_the_infusion_decides(results: Sequence[tuple[str, date]]) -> None:
    """In whatever order they were recorded; the later record wins on one day."""
    found = state(*(recorded(date(2026, 5, 1), f"{result} {day}") for result, day in results))
    known = [(day, n, result) for n, (result, day) in enumerate(results) if day <= DAY]
    if not known:
        assert found is State.MISSING
        return
    newest, _, result = max(known)
    if result == "positive":
        assert found is State.POSITIVE
    else:
        fresh = (DAY - newest).days <= VALID
        assert found is (State.NEGATIVE if fresh else State.OUTDATED)


def test_nothing_on_record_blocks() -> None:
    assert state() is State.MISSING
    unanswered = Ruling.of(screen(CRITERIA, {}, DAY), {}, version="1")
    assert state(unanswered) is State.MISSING


def test_what_does_not_apply_never_expires_and_needs_no_date() -> None:
    waived = recorded(date(2026, 3, 2), "not applicable")
    assert state(waived, day=date(2027, 3, 2)) is State.NOT_APPLICABLE
    assert state(waived, day=date(2026, 3, 1)) is State.NOT_APPLICABLE
    assert state(waived, recorded(DAY, f"positive {DAY}")) is State.POSITIVE
    assert state(recorded(date(2026, 3, 1), "positive 2026-03-01"), waived) is State.NOT_APPLICABLE


def test_of_a_month_the_end_that_is_safe() -> None:
    """Negative some day in March counts from the 1st; positive some day in April, to today."""
    assert state(recorded(DAY, "negative 2026-03"), day=date(2026, 3, 16)) is State.NEGATIVE
    assert state(recorded(DAY, "negative 2026-03"), day=date(2026, 3, 17)) is State.OUTDATED
    assert state(recorded(DAY, "negative 2026-04")) is State.MISSING
    assert state(recorded(DAY, "positive 2026-04")) is State.POSITIVE


def test_a_record_without_a_day_counts_as_none() -> None:
    """Books of old kept no day of a result, and not whether the test applied."""
    [outcome] = recorded(DAY, f"negative {DAY}").rules
    of_old = type(outcome)(rule=outcome.rule, outcome=Outcome.ELIGIBLE)
    ruling = Ruling(day=DAY, version="1", outcome=Outcome.ELIGIBLE, consent=None, rules=(of_old,))
    assert state(ruling) is State.MISSING


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "no result is on record"),
        ("negative 2026-03-20", "negative of 2026-03-20 counts until 2026-04-04 only"),
        ("positive 2026-04-01", "POSITIVE, of 2026-04-01"),
    ],
)
def test_the_refusal_says_what_is_wrong_and_what_to_do(answer: str | None, says: str) -> None:
    rulings = () if answer is None else (recorded(DAY, answer),)
    with pytest.raises(NotCleared) as refused:
        Evidence(tests=(PREGNANCY,), rulings=rulings).check(INFUSION, DAY)
    assert str(refused.value) == (
        f"no infusion of ZJ-001 at infusion-1 on 2026-04-09: Pregnancy test: {says}."
        " Record the result first: schedule subject screen ZJ-001."
        " If it was given, a coordinator or investigator records that: --force --reason TEXT"
    )
    assert refused.value.exit_code == 9


def test_a_study_without_such_a_test_waits_for_nothing() -> None:
    assert Evidence().on(DAY) == ()
    Evidence().check(INFUSION, DAY)
