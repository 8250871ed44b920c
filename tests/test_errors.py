"""Sentences and exit codes of everything the scheduler can refuse."""

import pytest

from scheduler.dates import DateOutOfRange, NonexistentTime
from scheduler.errors import (
    AlreadyEnrolled,
    BadInput,
    BadValue,
    ConflictsFound,
    OutputError,
    Problem,
    Refused,
    SchedulerError,
    StoreUnavailable,
    UnknownName,
    Unplaced,
    UsageError,
)
from scheduler.plan import OutOfOrder


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (SchedulerError, 1),
        (UsageError, 2),
        (UnknownName, 2),
        (BadValue, 2),
        (DateOutOfRange, 2),
        (NonexistentTime, 2),
        (Unplaced, 3),
        (ConflictsFound, 4),
        (BadInput, 5),
        (StoreUnavailable, 6),
        (Refused, 9),
        (AlreadyEnrolled, 9),
        (OutOfOrder, 9),
        (OutputError, 10),
    ],
)
def test_exit_codes(kind: type[SchedulerError], code: int) -> None:
    assert kind.exit_code == code


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bmcs", 'no arm "bmcs"; did you mean "bmsc"? Known: bmsc, routine'),
        ("BMCS", 'no arm "BMCS"; did you mean "bmsc"? Known: bmsc, routine'),
        ("xyz", 'no arm "xyz". Known: bmsc, routine'),
        ("", 'no arm "". Known: bmsc, routine'),
    ],
)
def test_an_unknown_name_suggests_the_nearest(name: str, sentence: str) -> None:
    assert str(UnknownName("arm", name, iter(["bmsc", "routine"]))) == sentence


def test_a_name_in_the_wrong_case_is_nearest_to_itself() -> None:
    assert str(UnknownName("site", "zj", ["GZ", "ZJ"])) == (
        'no site "zj"; did you mean "ZJ"? Known: GZ, ZJ'
    )


def test_an_unknown_name_among_none() -> None:
    assert str(UnknownName("site", "ZJ", [])) == 'no site "ZJ".'


def test_a_bad_value_says_what_is_expected() -> None:
    error = BadValue("weight", "0 kg", "more than 20 kg")
    assert str(error) == "weight 0 kg is not possible: more than 20 kg"


def test_problems_are_told_with_their_places_and_remedies() -> None:
    first, second = Problem("a.toml:1", "x is missing"), Problem("a.toml:2", "y is 0", "write 1")
    assert str(BadInput([first])) == "a.toml:1: x is missing"
    error = BadInput([first, second])
    assert str(error) == "2 problems:\n  a.toml:1: x is missing\n  a.toml:2: y is 0 (write 1)"
    assert error.problems == (first, second)


def test_an_unwritable_file_and_a_code_that_is_taken() -> None:
    assert str(OutputError("out/a.ics", "no such folder")) == (
        "cannot write out/a.ics: no such folder; name another folder with --out"
    )
    assert str(AlreadyEnrolled("ZJ-001")).startswith("ZJ-001 is already enrolled")
