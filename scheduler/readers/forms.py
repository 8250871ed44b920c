r"""A form filled from TOML text, with every problem and its place.

A form is a dataclass that mirrors a TOML table; `fill` structures a text into one.  What
cannot be read is noted and left out, so that one reading lists the structural mistakes
and the reader's own checks can add theirs before `Findings.settle` raises them all.

>>> @dataclass(frozen=True, slots=True, kw_only=True)
... class RoomForm:
...     label: str = required("")
...     beds: int = required(0)
>>> form, findings = fill('beds = "two"\nlable = "x"\n', "room.toml", RoomForm)
>>> findings.settle()
Traceback (most recent call last):
scheduler.errors.BadInput: 2 problems:
  room.toml:1: beds must be a whole number, not "two"
  room.toml:2: lable is not a key here (did you mean "label"?)
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass
from functools import reduce
from typing import Any, TypeVar

from cattrs import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError

from scheduler.errors import BadInput, Problem
from scheduler.readers.places import Path, Places
from scheduler.readers.vocabulary import CONVERTER, meant, nearest
from scheduler.webaddress import shown

Form = TypeVar("Form")

_NAMED_BY = ("id", "code", "kind", "resource", "source")
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
_SYNTAX = re.compile(r"(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end.*)\)")


def required(stand_in: object) -> Any:
    """A form's field whose key must be in the file.

    `stand_in` takes its place while further problems are looked for; it never gets into
    a value, for a missing key is itself a problem.
    """
    return field(default=stand_in, metadata={"required": True})


@dataclass(slots=True)
class Findings:
    """The problems found so far in one TOML text, at most one a path: the first."""

    name: str
    data: Mapping[str, Any]
    places: Places
    problems: dict[Path, tuple[int, Problem]] = field(default_factory=dict)

    def blame(self, path: Path, predicate: str, remedy: str = "") -> None:
        """Note that the value at `path` is wrong; `predicate` reads on from its key."""
        self._note(path, path, predicate, remedy)

    def within(self, path: Path, number: int, low: int, high: int) -> None:
        """Blame `number` at `path` unless it lies in low..high, both included."""
        if not low <= number <= high:
            self.blame(path, f"must be from {low} to {high}, not {number}")

    def identifier(self, path: Path, id: str) -> None:
        """Blame `id` at `path` unless it is one: a-z, 0-9 and -."""
        if not _IDENTIFIER.match(id):
            what = f'"{id}" has other characters than a-z, 0-9 and -'
            self.blame(path, what, 'write a name like "day-14"')

    def misspelt(self, path: Path, known: list[str]) -> None:
        """Note a key that is none of `known`; the one meant then counts as blamed too."""
        *around, key = path
        near = nearest(str(key), known) or key
        self._note((*around, near), path, "is not a key here", meant(str(key), known))

    def sound(self, path: Path, *keys: str) -> bool:
        """Whether no problem was found at `path` (or at these `keys` of it), inside or around."""
        asked = [(*path, key) for key in keys] or [path]
        return not any(
            blamed[: len(path)] == path[: len(blamed)] for blamed in self.problems for path in asked
        )

    def settle(self) -> None:
        """Raise BadInput with every problem in the order of the text, if there is any."""
        if self.problems:
            ordered = sorted(self.problems.values(), key=lambda found: found[0])
            raise BadInput([problem for _, problem in ordered])

    def _note(self, key: Path, path: Path, predicate: str, remedy: str) -> None:
        if key in self.problems:
            return
        line = self.places.line(path)
        problem = Problem(f"{self.name}:{line}", f"{self._words(path)} {predicate}", remedy)
        self.problems[key] = (line, problem)

    def _words(self, path: Path) -> str:
        # ("arm", 0, "encounter", 2, "offset") -> arm "bmsc", encounter "day-3": offset
        words: list[str] = []
        keys: list[str] = []
        value: object = self.data
        for step in path:
            value = _inside(value, step)
            if isinstance(step, int):
                words.append(f"{'.'.join(keys)} {_entry_name(value, step)}")
                keys = []
            else:
                keys.append(step)
        around, key = ", ".join(words), ".".join(keys)
        return f"{around}: {key}" if around and key else around or key


def _inside(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _entry_name(value: object, position: int) -> str:
    if isinstance(value, dict):
        for key in _NAMED_BY:
            if isinstance(value.get(key), str) and value[key].strip():
                return f'"{shown(value[key])}"'
    return str(position + 1)


def fill(text: str, name: str, form: type[Form]) -> tuple[Form, Findings]:
    """Fill `form` from the TOML `text` of the file `name`.

    Raises:
        BadInput: the text is not TOML at all; there is nothing further to look for.
    """
    findings = opened(text, name)
    try:
        return _filled(form, findings), findings
    except RecursionError:
        raise TooDeep(name) from None


def opened(text: str, name: str) -> Findings:
    """The TOML `text` of the file `name`, without any problem yet; for keys that no form knows.

    Raises:
        BadInput: the text is not TOML at all; there is nothing further to look for.
    """
    text = text.removeprefix("\ufeff")
    try:
        return Findings(name, tomllib.loads(text), Places.of(text))
    except RecursionError:
        raise TooDeep(name) from None
    except ValueError as error:
        raise BadInput([_syntax_problem(name, text, str(error))]) from None


class TooDeep(BadInput):
    """A text that is nested deeper than any form."""

    def __init__(self, name: str) -> None:
        super().__init__([Problem(name, "is nested too deeply")])


def _filled(form: type[Form], findings: Findings) -> Form:
    readable = deepcopy(findings.data)
    try:
        filled = CONVERTER.structure(readable, form)
    except ClassValidationError as errors:
        _leave_out_unreadable(errors, readable, findings)
        filled = CONVERTER.structure(readable, form)
    for path, predicate in _missing(filled, findings.data, ()):
        findings.blame(path, predicate)
    return filled


def _syntax_problem(name: str, text: str, message: str) -> Problem:
    what, line, column = message, str(text.rstrip().count("\n") + 1), ""
    if found := _SYNTAX.fullmatch(message):
        what = found["what"]
        if found["line"]:
            line, column = found["line"], f", column {found['column']}"
    remedy = "text stands in quotes, a day without them: 2026-03-02"
    return Problem(f"{name}:{line}", f"not TOML{column}: {what}", remedy)


def _leave_out_unreadable(errors: Exception, readable: Any, findings: Findings) -> None:
    for path, error in list(_leaves(errors, ())):
        if isinstance(error, ForbiddenExtraKeysError):
            table = reduce(_inside, path, findings.data)
            known = [f.name for f in fields(error.cl) if f.name not in table]
            for key in sorted(error.extra_fields):
                findings.misspelt((*path, key), known)
                _leave_out(readable, (*path, key))
        else:
            findings.blame(path, str(error))
            _leave_out(readable, path)


def _leaves(error: Exception, path: Path) -> Iterator[tuple[Path, Exception]]:
    if isinstance(error, ClassValidationError):
        within, whole = error.group_exceptions()
        for inner, note in within:
            yield from _leaves(inner, (*path, note.name))
    elif isinstance(error, IterableValidationError):
        entries, whole = error.group_exceptions()
        for inner, entry in entries:
            yield from _leaves(inner, (*path, entry.index))
    else:
        yield path, error
        return
    for inner in whole:
        yield from _leaves(inner, path)


def _leave_out(readable: Any, path: Path) -> None:
    # List positions must stay what they are in the text, so a whole key goes.
    while not isinstance(path[-1], str):
        path = path[:-1]
    table = reduce(_inside, path[:-1], readable)
    if isinstance(table, dict):
        table.pop(path[-1], None)


def _missing(filled: object, data: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if is_dataclass(filled) and isinstance(data, dict):
        for key in fields(filled):
            within: Path = (*path, key.name)
            required = key.metadata.get("required")
            if required and key.name not in data:
                yield within, "is missing"
            elif required and data[key.name] == []:
                yield within, "has no entry"
            else:
                yield from _missing(getattr(filled, key.name), data.get(key.name), within)
    elif isinstance(filled, tuple):
        for position, entry in enumerate(filled):
            yield from _missing(entry, _inside(data, position), (*path, position))
    elif isinstance(filled, dict):
        for name, entry in filled.items():
            yield from _missing(entry, _inside(data, name), (*path, name))
