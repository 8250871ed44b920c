"""All problems of a text at once, at most one a key, each where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from scheduler.errors import BadInput
from scheduler.readers.forms import fill, required


@dataclass(frozen=True, slots=True, kw_only=True)
class BedForm:
    id: str = required("")
    width: int = required(0)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WardForm:
    title: str = required("")
    bed: tuple[BedForm, ...] = required(())
    shelves: Mapping[str, BedForm] = field(default_factory=dict)


def problems(text: str) -> list[str]:
    """What is wrong with the text of a ward."""
    try:
        _, findings = fill(text, "ward.toml", WardForm)
        findings.settle()
    except BadInput as error:
        return [str(problem) for problem in error.problems]
    return []


GOOD = 'title = "x"\n[[bed]]\nid = "b"\nwidth = 1\n'


def test_a_good_text_has_no_problem() -> None:
    assert problems(GOOD) == []
    assert problems("\ufeff" + GOOD.replace("\n", "\r\n")) == []


def test_every_problem_is_told_in_the_order_of_the_text() -> None:
    text = """\
bed = [
  { id = "left", width = "wide" },
  { id = 5, wdith = 3, notes = ["a", 7] },
]
shelves.top = { id = "s" }
"""
    assert problems(text) == [
        "ward.toml:1: title is missing",
        'ward.toml:2: bed "left": width must be a whole number, not "wide"',
        "ward.toml:3: bed 2: id must be text in quotes, not 5",
        "ward.toml:3: bed 2, notes 2 must be text in quotes, not 7",
        'ward.toml:3: bed 2: wdith is not a key here (did you mean "width"?)',
        "ward.toml:5: shelves.top.width is missing",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bed = 5", "ward.toml:1: bed must be a list in [ ], not 5"),
        ("bed = [5]", "ward.toml:1: bed 1 must be a table, not 5"),
        ("bed = []", "ward.toml:1: bed has no entry"),
        ("[bed]", "ward.toml:1: bed must be a list in [ ], not a table"),
        ("shelves = 1", "ward.toml:1: shelves must be a table, not 1"),
        ("shelves.top = 1", "ward.toml:1: shelves.top must be a table, not 1"),
        ("colour = 1", "ward.toml:1: colour is not a key here (known: title, bed, shelves)"),
    ],
)
def test_a_value_of_the_wrong_shape_is_named(text: str, expected: str) -> None:
    assert expected in problems(text)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ('title = "x\n', "ward.toml:1", "Illegal character"),
        ("\n\ntitle = yes\n", "ward.toml:3", "not TOML, column 9"),
        ('title = "x"\nbed = [', "ward.toml:2", "Invalid value"),
        ("bed = [\n\n\n\n", "ward.toml:1", "not TOML"),
        ('title = "x"\ntitle = "y"', "ward.toml:2", "Cannot overwrite"),
        (f"title = {'9' * 5000}", "ward.toml:1", "limit"),
        ("a = " + "[" * 9999, "ward.toml", "nested too deeply"),
    ],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, place: str, what: str) -> None:
    [problem] = problems(text)
    assert problem.startswith(f"{place}: ")
    assert what in problem


def test_depth_is_never_a_crash() -> None:
    for depth in range(50, 1000, 25):
        [problem, *_] = problems(f"shelves = {'[' * depth}{']' * depth}")
        assert problem.startswith("ward.toml")


def test_one_problem_a_key_the_first() -> None:
    form, findings = fill(GOOD.replace("1", '"1"'), "ward.toml", WardForm)
    findings.within(("bed", 0, "width"), form.bed[0].width, 1, 5)
    assert len(findings.problems) == 1
    assert not findings.sound(("bed",))
    assert not findings.sound(("bed", 0, "width", "inside"))
    assert findings.sound(("bed", 0), "id", "notes")
    assert not findings.sound(("bed", 0), "id", "width")
