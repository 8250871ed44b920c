"""Who may enter: every boundary of the trial by hand, and the laws that hold for any dates."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.admission import anniversary, completed_years
from scheduler.answers import Answer, PartialDate, Stated
from scheduler.criteria import Age, Criteria, Criterion, Elapsed, Rule, Type
from scheduler.dates import FIRST_DAY, LAST_DAY, Offset, Window
from scheduler.eligibility import Finding, screen
from scheduler.enrollable import enrollable
from scheduler.outcomes import Outcome, Unit, worst
from scheduler.words import Words
from tests.screenings import DAY, answers, criteria, partial

IN, OUT, REVIEW = Outcome.ELIGIBLE, Outcome.NOT_ELIGIBLE, Outcome.NEEDS_REVIEW


def found(rule: str, day: date = DAY, /, **changed: str | None) -> Finding:
    """What one rule of the trial comes to."""
    screening = screen(criteria(), answers(**changed), day)
    [finding] = [f for f in screening.findings() if f.rule.id == rule]
    return finding


def on(text: str) -> date:
    return date.fromisoformat(text)


# --------------------------------------------------------------- the trial, by hand
def test_a_person_who_meets_everything_is_let_in() -> None:
    screening = screen(criteria(), answers(), DAY)
    assert screening.outcome is IN
    assert {judgement.outcome for judgement in screening.judgements} == {IN}
    assert len(screening.judgements) == 21


@pytest.mark.parametrize(
    ("rule", "changed", "outcome"),
    [
        # completed years at consent, 2026-03-01
        ("age", {"birth": "2008-03-01"}, IN),
        ("age", {"birth": "2008-03-02"}, OUT),
        ("age", {"birth": "1960-03-02"}, IN),
        ("age", {"birth": "1960-03-01"}, OUT),
        ("age", {"birth": "1961"}, IN),
        ("age", {"birth": "1960"}, REVIEW),
        ("age", {"birth": "1960-03"}, REVIEW),
        ("age", {"birth": "1960-02"}, OUT),
        ("age", {"birth": None}, REVIEW),
        # the anniversary is in
        ("onset-max", {"onset": "2023-03-02"}, IN),
        ("onset-max", {"onset": "2023-03-01"}, OUT),
        ("onset-max", {"onset": "2023-03"}, REVIEW),
        ("onset-max", {"onset": "2023-02"}, OUT),
        ("onset-max", {"onset": "2026-03-03"}, OUT),
        # day 14 is in
        ("onset-min", {"onset": "2026-02-16"}, IN),
        ("onset-min", {"onset": "2026-02-17"}, OUT),
        ("onset-min", {"onset": "2026-02"}, REVIEW),
        ("onset-min", {"onset": None}, REVIEW),
        # day 84 is in
        ("febrile", {"febrile": "2025-12-08"}, IN),
        ("febrile", {"febrile": "2025-12-09"}, OUT),
        ("febrile", {"febrile": "ongoing"}, OUT),
        ("febrile", {"febrile": "none"}, IN),
        ("febrile", {"febrile": "2025-12"}, REVIEW),
        ("febrile", {"febrile": None}, REVIEW),
        ("other-trial", {"other_trial": "2025-12-08"}, IN),
        ("other-trial", {"other_trial": "2025-12-09"}, OUT),
        ("other-trial", {"other_trial": "ongoing"}, OUT),
        ("other-trial", {"other_trial": "2025"}, REVIEW),
        # 7 < NIHSS < 21
        ("nihss", {"nihss": "7"}, OUT),
        ("nihss", {"nihss": "8"}, IN),
        ("nihss", {"nihss": "20"}, IN),
        ("nihss", {"nihss": "21"}, OUT),
        ("nihss", {"nihss": None}, REVIEW),
        # a dated negative result
        ("pregnancy", {"pregnancy_test": "negative 2026-03-02"}, IN),
        ("pregnancy", {"pregnancy_test": "negative 2026-03-03"}, REVIEW),
        ("pregnancy", {"pregnancy_test": "negative 2026-03"}, REVIEW),
        ("pregnancy", {"pregnancy_test": "positive 2026-02-01"}, OUT),
        ("pregnancy", {"pregnancy_test": "not applicable"}, IN),
        ("pregnancy", {"pregnancy_test": None}, REVIEW),
        # HBsAb alone is a vaccinated person
        ("hbsab", {"infections": "HBsAb"}, REVIEW),
        ("hbsab", {"infections": "HBsAb, HBcAb"}, OUT),
        ("hbsab", {"infections": "HIV"}, OUT),
        ("hbsab", {"infections": "none"}, IN),
        ("hbsab", {"infections": None}, REVIEW),
        # consent before anything else
        ("consent-signed", {"consent": "2026-03-02"}, IN),
        ("consent-signed", {"consent": "2026-03-03"}, OUT),
        ("consent-signed", {"consent": None}, REVIEW),
        # questions
        ("contraception", {"contraception": "no"}, OUT),
        ("contraception", {"contraception": None}, REVIEW),
        ("lacunar", {"lacunar": "yes"}, OUT),
        ("investigator", {"investigator": None}, REVIEW),
    ],
)
def test_every_boundary_of_the_trial(
    rule: str, changed: Mapping[str, str | None], outcome: Outcome
) -> None:
    assert found(rule, **changed).outcome is outcome
    others = screen(criteria(), answers(**changed), DAY).outcome
    assert worst([others, outcome]) is others


@pytest.mark.parametrize(
    ("rule", "changed", "flagged"),
    [
        ("febrile", {"febrile": "2025-12-08"}, True),
        ("febrile", {"febrile": "2025-12-07"}, False),
        ("febrile", {"febrile": "2025-12-09"}, False),
        ("other-trial", {"other_trial": "2025-12-08"}, True),
        ("onset-min", {"onset": "2026-02-16"}, False),
    ],
)
def test_the_first_day_is_flagged_where_the_protocol_wants_it(
    rule: str, changed: Mapping[str, str], flagged: bool
) -> None:
    finding = found(rule, **changed)
    assert finding.flagged is flagged
    assert finding.why.endswith("check the dates") is flagged


def test_the_arithmetic_is_written_out() -> None:
    onset = found("onset-max")
    assert onset.why == "2026-03-02 - 2025-11-23 = 99 days; at most 3 years, so until 2028-11-23"
    assert (onset.known, onset.reference) == (partial("2025-11-23"), partial("2026-03-02"))
    assert found("onset-min", onset="2026-02").why == (
        "2026-03-02 - 2026-02 = 2 to 29 days; at least 14 days, "
        "so from 2026-02-15 or 2026-03-14 on: the ends disagree"
    )
    assert found("nihss").why == "12; 8 to 20 is needed"
    assert found("lacunar", lacunar="yes").why == "answered yes; no is needed"
    assert found("hbsab", infections="HIV, HBsAb").why == "HBsAb, HIV present; none is needed"


def test_an_age_tells_its_years_and_never_the_date_of_birth() -> None:
    age = found("age", birth="1960-03-02")
    assert age.why == "65 years of age on 2026-03-01; 18 to 65 completed years are needed"
    assert age.count is not None
    assert (age.count.least, age.count.unit) == (65, Unit.YEARS)
    assert found("age", birth="1960").why == (
        "65 to 66 years of age on 2026-03-01; 18 to 65 completed years are needed: "
        "the ends disagree"
    )


def test_without_a_consent_the_age_is_counted_to_the_enrollment_and_says_so() -> None:
    assert found("age", birth="1960-03-02").outcome is IN
    age = found("age", birth="1960-03-02", consent=None)
    assert age.outcome is OUT
    assert "on 2026-03-02 (the enrollment, for consent is not known)" in age.why


def test_a_consent_known_to_the_month_leaves_an_age_at_its_edge_open() -> None:
    assert found("age", on("2026-05-02"), birth="1960-03-10", consent="2026-03").outcome is REVIEW
    assert found("age", on("2026-05-02"), birth="1960-04-01", consent="2026-03").outcome is IN


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        ("1960-02-29", "2026-02-27", 65),
        ("1960-02-29", "2026-02-28", 66),
        ("1960-02-29", "2028-02-28", 67),
        ("1960-02-29", "2028-02-29", 68),
        ("1960-03-01", "2026-02-28", 65),
        ("2026-03-02", "2026-03-02", 0),
        ("2026-03-03", "2026-03-02", -1),
    ],
)
def test_a_year_since_a_leap_day_is_completed_on_28_february(
    birth: str, day: str, years: int
) -> None:
    assert completed_years(on(birth), on(day)) == years


def test_three_years_since_a_leap_day_end_on_28_february() -> None:
    assert found("onset-max", on("2027-02-28"), onset="2024-02-29").outcome is IN
    assert found("onset-max", on("2027-03-01"), onset="2024-02-29").outcome is OUT
    assert anniversary(on("2024-02-29"), 4) == on("2028-02-29")


def test_a_stroke_of_long_ago_is_counted_too() -> None:
    assert found("onset-max", onset="1987").outcome is OUT


def test_all_answers_missing_is_a_review_and_no_guess() -> None:
    screening = screen(criteria(), {}, DAY)
    assert {finding.outcome for finding in screening.findings()} == {REVIEW}
    assert {finding.why for finding in screening.findings()} == {"not answered"}


# ------------------------------------------------- the days on which it is possible
def test_the_days_of_enrollment_by_hand() -> None:
    possible = enrollable(criteria(), answers(other_trial="2025-12-10"))
    assert possible.window == Window(earliest=on("2026-03-04"), latest=on("2028-11-23"))
    assert str(possible) == "from 2026-03-04 (other-trial) to 2028-11-23 (onset-max)"


def test_the_66th_birthday_closes_enrollment_unless_the_consent_is_signed() -> None:
    possible = enrollable(criteria(), answers(consent=None))
    assert possible.window == Window(earliest=on("2026-02-22"), latest=on("2027-03-03"))
    signed = enrollable(criteria(), answers())
    assert signed.window == Window(earliest=on("2026-03-01"), latest=on("2028-11-23"))


def test_no_day_of_enrollment_is_explained() -> None:
    ongoing = enrollable(criteria(), answers(febrile="ongoing", nihss="7"))
    assert ongoing.window is None
    assert str(ongoing) == "on no day: nihss: 7; 8 to 20 is needed; febrile: still going on"
    assert ongoing.why == ("nihss: 7; 8 to 20 is needed", "febrile: still going on")
    crossed = enrollable(criteria(), answers(onset="2022-11-01"))
    assert crossed.window is None
    assert crossed.why == (
        "consent-signed allows no day before 2026-03-01, onset-max none after 2025-11-01",
    )


def test_nothing_known_leaves_every_day() -> None:
    possible = enrollable(criteria(), {})
    assert possible.window == Window(earliest=FIRST_DAY, latest=LAST_DAY)
    assert str(possible) == "on any day, by what is known"


# ------------------------------------------------------------------------------- laws
DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))
PARTIAL = st.one_of(
    DAYS.map(PartialDate.of),
    DAYS.map(lambda day: PartialDate(year=day.year, month=day.month)),
    DAYS.map(lambda day: PartialDate(year=day.year)),
)
OFFSETS = st.one_of(
    st.integers(0, 800).map(lambda n: Offset(days=n)),
    st.integers(0, 60).map(lambda n: Offset(months=n)),
)
ELAPSED = st.one_of(
    OFFSETS.map(lambda offset: Elapsed(id="r", fact="f", at_least=offset)),
    OFFSETS.map(lambda offset: Elapsed(id="r", fact="f", at_most=offset)),
)
AGES = st.tuples(st.integers(0, 20), st.integers(0, 20)).map(
    lambda ages: Age(id="r", fact="f", least=ages[0], most=sum(ages))
)


def one(*rules: Rule) -> Criteria:
    criterion = Criterion(id="c", type=Type.INCLUSION, text=Words.of(en="C"), rules=rules)
    return Criteria(criteria=(criterion,))


def outcome(rule: Rule, known: PartialDate, day: date) -> Outcome:
    return screen(one(rule), {"f": known}, day).outcome


def moved(day: date, offset: Offset) -> date:
    """By hand: days are counted, months clip at the month's end."""
    years, month = divmod(day.month - 1 + offset.months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    clipped = date(day.year + years, month + 1, min(day.day, last))
    return clipped + timedelta(days=offset.days)


def admits(rule: Age | Elapsed, fact: date, day: date) -> bool:
    """What a dated rule means, in the plainest way."""
    if isinstance(rule, Age):
        birthdays = [moved(fact, Offset(months=12 * n)) for n in range(rule.most + 3)]
        return rule.least <= sum(1 for birthday in birthdays if birthday <= day) - 1 <= rule.most
    least, most = rule.at_least or Offset(), rule.at_most
    return moved(fact, least) <= day and (most is None or day <= moved(fact, most))


@given(rule=ELAPSED | AGES, known=PARTIAL, day=DAYS)
def test_a_partly_known_date_is_every_day_it_may_be(
    rule: Age | Elapsed, known: PartialDate, day: date
) -> None:
    verdicts = {admits(rule, fact, day) for fact in known.days.days()}
    if verdicts == {True}:
        assert outcome(rule, known, day) is IN
    elif verdicts == {False} and isinstance(rule, Elapsed):
        assert outcome(rule, known, day) is OUT
    elif verdicts == {True, False}:
        assert outcome(rule, known, day) is REVIEW


@given(rule=ELAPSED | AGES, known=PARTIAL, day=DAYS)
def test_where_the_ends_disagree_a_person_must_look(
    rule: Age | Elapsed, known: PartialDate, day: date
) -> None:
    ends = {
        outcome(rule, PartialDate.of(end), day) for end in (known.days.earliest, known.days.latest)
    }
    assert REVIEW not in ends
    whole = outcome(rule, known, day)
    if len(ends) > 1:
        assert whole is REVIEW
    elif isinstance(rule, Elapsed) and rule.at_most is None:
        assert ends == {whole}


@given(rule=ELAPSED, fact=DAYS, day=DAYS, later=st.integers(0, 2000))
def test_rules_on_dates_are_monotone(rule: Elapsed, fact: date, day: date, later: int) -> None:
    """Who has waited long enough has tomorrow too; what is too long ago stays so."""
    known, after = PartialDate.of(fact), day + timedelta(days=later)
    if rule.at_least and outcome(rule, known, day) is IN:
        assert outcome(rule, known, after) is IN
    if rule.at_most and day >= fact and outcome(rule, known, day) is OUT:
        assert outcome(rule, known, after) is OUT


@given(birth=DAYS, day=DAYS, later=st.integers(0, 800))
def test_nobody_grows_younger(birth: date, day: date, later: int) -> None:
    assert completed_years(birth, day) <= completed_years(birth, day + timedelta(days=later))
    assert completed_years(birth, birth) == 0


@given(facts=st.fixed_dictionaries({"a": PARTIAL, "b": PARTIAL, "c": PARTIAL}), data=st.data())
def test_the_window_is_the_days_that_no_rule_refuses(
    facts: dict[str, Answer], data: st.DataObject
) -> None:
    rules = one(
        Elapsed(id="at-least", fact="a", at_least=data.draw(OFFSETS)),
        Elapsed(id="at-most", fact="b", at_most=data.draw(OFFSETS)),
        Age(id="age", fact="c", least=data.draw(st.integers(0, 30)), most=40),
    )
    window = enrollable(rules, facts).window
    ends = [window.earliest, window.latest] if window else []
    near = [end + timedelta(days=n) for end in ends for n in (-1, 0, 1)]
    for day in [*near, *data.draw(st.lists(DAYS, max_size=20))]:
        refused = screen(rules, facts, day).outcome is OUT
        assert refused == (window is None or day not in window)


@given(day=DAYS, changed=st.sampled_from(["onset", "febrile", "other_trial"]), known=PARTIAL)
def test_the_window_of_the_trial_is_what_screening_says(
    day: date, changed: str, known: PartialDate
) -> None:
    given_answers = answers(**{changed: str(known)})
    window = enrollable(criteria(), given_answers).window
    refused = screen(criteria(), given_answers, day).outcome is OUT
    assert refused == (window is None or day not in window)


def test_an_ongoing_illness_leaves_no_day() -> None:
    assert enrollable(criteria(), {"febrile": Stated.ONGOING}).window is None
