"""Every key of a TOML text is found in its line, however the text is written."""

import tomllib
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.readers.places import Path, Places

KEYS = ("a", "b-2", "_c", '"d.e"', "'f#]'", '"g = \\" [h"', '"中\\u6587"', '""', "7")
SCALARS = (
    '"{}"',
    "'{}'",
    '"{} \\" # ] }} , ="',
    '"""{} \\" ""\n[no.table]\nno = "key" # no comment\n"""""',
    "'''{}\n[[no]]\n'no' = 1 ''''",
    '"""{}"""',
)
GAPS = ("", " ", "\n", " # a ] comment\n", "\r\n\t", "\n\n  ")


class Writer:
    """Writes TOML at random; every value is unique, so its line can be looked up."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw
        self._numbers = count(10_001)
        self._keys = count()

    def document(self) -> str:
        text = self._comment() + self._assignments()
        for _ in range(self._draw(st.integers(0, 4))):
            text += self._draw(st.sampled_from((self._table, self._array_of_tables)))()
        return text

    def _table(self) -> str:
        key = self._key()
        text = self._header("[{}]", key) + self._assignments()
        if self._draw(st.booleans()):
            text += self._header("[{}]", f"{key} . {self._key()}") + self._assignments()
        return text

    def _array_of_tables(self) -> str:
        key, inner, table = self._key(), self._key(), self._key()
        text = ""
        for _ in range(self._draw(st.integers(1, 3))):
            text += self._header("[[{}]]", key) + self._assignments()
            if self._draw(st.booleans()):
                text += self._header("[{}]", f"{key}.{table}") + self._assignments()
            for _ in range(self._draw(st.integers(0, 2))):
                text += self._header("[[{}]]", f"{key}.{inner}") + self._assignments()
        return text

    def _header(self, brackets: str, key: str) -> str:
        return f"{brackets.format(key)}{self._draw(st.sampled_from(('', '  # [x]')))}\n"

    def _assignments(self) -> str:
        return "".join(
            f"{self._dotted()} = {self._value(3)}{self._comment()}"
            for _ in range(self._draw(st.integers(0, 3)))
        )

    def _comment(self) -> str:
        return self._draw(st.sampled_from(("\n", " # c\n", "\r\n", "\n\n# [[d]]\n")))

    def _dotted(self) -> str:
        parts = [self._key() for _ in range(self._draw(st.integers(1, 2)))]
        return self._draw(st.sampled_from((".", " . "))).join(parts)

    def _key(self) -> str:
        # Numbered, so that no key is written twice.
        number, key = next(self._keys), self._draw(st.sampled_from(KEYS))
        return f"{key[:-1]}{number}{key[-1]}" if key[0] in "\"'" else f"{key}{number}"

    def _value(self, depth: int) -> str:
        kind = self._draw(st.integers(0, 3 if depth else 1))
        if kind == 0:
            return str(next(self._numbers))
        if kind == 1:
            return self._draw(st.sampled_from(SCALARS)).format(next(self._numbers))
        size = self._draw(st.integers(0, 3))
        if kind == 2:
            inside = ", ".join(f"{self._dotted()} = {self._value(0)}" for _ in range(size))
            return f"{{ {inside} }}"
        gaps = [self._draw(st.sampled_from(GAPS)) for _ in range(size + 1)]
        inside = "".join(f"{gap}{self._value(depth - 1)}," for gap in gaps[:-1])
        return f"[{inside}{gaps[-1]}]"


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every path of parsed TOML with what stands there."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*path, position))


@given(st.data())
def test_every_value_is_found_in_its_line(data: st.DataObject) -> None:
    text = Writer(data).document()
    places = Places.of(text)
    found = dict(leaves(tomllib.loads(text)))
    assert places.lines.keys() == found.keys()
    for path, value in found.items():
        if not isinstance(value, (dict, list)):
            number = str(value)[:5]
            assert places.line(path) == text.count("\n", 0, text.index(number)) + 1


@given(st.text(alphabet="ab.=[]{},#\"'\n\\ 1", max_size=40))
def test_every_text_that_parses_is_walked_whole(text: str) -> None:
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert Places.of(text).lines.keys() == dict(leaves(parsed)).keys()


TEXT = '''\
# a protocol
id = "x"
"quoted.key" = 1
title.en = """
[[arm]]
"""
needs = [
  # the chair
  { resource = "chair", minutes = 420 }, { resource = "nurse" },

  "room",
]

[[arm]]
code = "a"
[arm.dose]
ml = 80
[[arm.encounter]]
id = "e1"
[[arm.encounter]]
id = "e2"
[[arm]]
[[arm.encounter]]
id = "e3"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("id",), 2),
        (("quoted.key",), 3),
        (("title",), 4),
        (("title", "en"), 4),
        (("needs",), 7),
        (("needs", 0, "minutes"), 9),
        (("needs", 1, "resource"), 9),
        (("needs", 2), 11),
        (("arm", 0), 14),
        (("arm", 0, "dose"), 16),
        (("arm", 0, "dose", "ml"), 17),
        (("arm", 0, "encounter", 1, "id"), 21),
        (("arm", 1), 22),
        (("arm", 1, "encounter", 0, "id"), 24),
        (("arm", 1, "encounter", 0, "offset"), 23),
        (("arm", 1, "code"), 22),
        (("nothing",), 1),
        ((), 1),
    ],
)
def test_places_by_hand(path: Path, line: int) -> None:
    assert Places.of(TEXT).line(path) == line


@pytest.mark.parametrize("text", ["[a", "a = [1", "a = {b = 1", "= 1", "a"])
def test_what_is_not_toml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not TOML"):
        Places.of(text)
