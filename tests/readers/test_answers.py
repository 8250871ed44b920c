"""Answers are written one way for each kind of fact, and every wrong one is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.answers import PartialDate, Result, Stated, answer, in_words
from scheduler.errors import BadInput
from scheduler.readers.answers import read
from tests.screenings import answers, answers_file, criteria


def problems(text: str) -> list[str]:
    try:
        read(text, "answers.toml", criteria())
    except BadInput as error:
        return [str(problem) for problem in error.problems]
    return []


def test_a_whole_file_says_what_options_say() -> None:
    assert read(answers_file(), "answers.toml", criteria()) == answers()


def test_nothing_has_to_be_answered() -> None:
    assert read("", "answers.toml", criteria()) == {}


@pytest.mark.parametrize(
    ("id", "text", "value"),
    [
        ("birth", "1961", PartialDate(year=1961)),
        ("birth", " 1961-03 ", PartialDate(year=1961, month=3)),
        ("onset", "2024-02-29", PartialDate(year=2024, month=2, day=29)),
        ("febrile", "None", Stated.NONE),
        ("febrile", "ongoing", Stated.ONGOING),
        ("febrile", "2026-01", PartialDate(year=2026, month=1)),
        ("nihss", "12", 12),
        ("pregnancy-test", "Not applicable", Stated.NOT_APPLICABLE),
        (
            "pregnancy-test",
            "positive 2026-01",
            Result(positive=True, day=PartialDate.parse("2026-01")),
        ),
        ("infections", "hbsab, HIV", frozenset({"HBsAb", "HIV"})),
        ("infections", "none", frozenset()),
        ("lacunar", "No", False),
    ],
)
def test_every_kind_of_answer_is_read(id: str, text: str, value: object) -> None:
    assert answer(criteria().fact(id), text) == value


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('onset = "2026-02-30"', "onset must be a day like 2026-03-02"),
        ('onset = "2026-2-3"', "onset must be a day like"),
        ('onset = "none"', "onset must be a day like"),
        ("onset = 2026-02-03T10:00:00", "onset must be a day like"),
        ("onset = 2026", "onset must be a day like"),
        ('birth = "1861-01-01"', "birth must be from 1900 to 2099, not 1861"),
        ('febrile = "over"', "febrile must be the last day"),
        ("nihss = 8.5", "nihss must be a whole number; not 8.5"),
        ('nihss = "12"', "nihss must be a whole number"),
        ("nihss = true", "nihss must be a whole number"),
        ("nihss = -1", "nihss must be a whole number"),
        ('pregnancy-test = "negative"', 'pregnancy-test must be "negative 2026-03-01"'),
        ("pregnancy-test = false", 'pregnancy-test must be "negative 2026-03-01"'),
        ('infections = "HIV"', "infections must be a list of what is present"),
        ('infections = ["HVI"]', 'infections has no item "HVI"; known: HBsAg'),
        ("infections = [1]", "infections must be a list"),
        ('lacunar = "no"', "lacunar must be true or false"),
        ("lacunar = 0", "lacunar must be true or false"),
        ("lacuner = false", 'lacuner is not a key here (did you mean "lacunar"?)'),
        ("[birth]\nday = 1", "birth must be a day"),
    ],
)
def test_every_wrong_answer_is_told_with_its_line(line: str, what: str) -> None:
    [problem] = problems(f"# answers\n{line}\n")
    assert problem.startswith("answers.toml:2: ")
    assert what in problem


def test_all_wrong_answers_are_told_at_once_in_their_order() -> None:
    wrong = problems('onset = "x"\nnihss = "y"\nlacunar = 1\nhart = true\n')
    assert [problem.split()[1] for problem in wrong] == ["onset", "nihss", "lacunar", "hart"]


def test_what_is_no_toml_is_told() -> None:
    [problem] = problems("onset = \n")
    assert "not TOML" in problem


@given(st.dates().filter(lambda day: 1900 <= day.year <= 2099), st.integers(1, 3))
def test_a_date_is_written_as_it_was_read(day: object, parts: int) -> None:
    text = "-".join(str(day).split("-")[:parts])
    known = PartialDate.parse(text)
    assert str(known) == in_words(known) == text
    assert all(str(end).startswith(text) for end in (known.days.earliest, known.days.latest))
