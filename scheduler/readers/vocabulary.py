"""How one TOML value becomes one typed value: text, numbers, days, offsets, words.

A form (a dataclass that mirrors a TOML table) is structured by `CONVERTER` with every
error collected.  It is stricter than TOML: text is never taken for a number or the
reverse, no text is blank, and a key that the form does not have is an error.  Each
refusal is a predicate that reads on from the key: 'minutes must be …'.

>>> CONVERTER.structure(["-2 d", "+4 d"], Margin).after
Offset(days=4, months=0)
>>> CONVERTER.structure("fonr", Offset)
Traceback (most recent call last):
ValueError: "fonr" is not an offset like "35 d", "-1 w", "3 mo", "1 y"
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from difflib import get_close_matches
from enum import StrEnum
from types import GenericAlias
from typing import Any, Self, get_args, get_origin

from cattrs import Converter
from cattrs.gen import make_dict_structure_fn

from scheduler.dates import Offset, checked
from scheduler.errors import SchedulerError
from scheduler.sites import Hours
from scheduler.words import Words

LANGUAGES = ("en", "zh")
"""The languages that sheets and calendars can be written in."""

_LONGEST_SHOWN = 40
_MOST_NAMED = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How far around its target a visit may lie; both are magnitudes.

    >>> Margin.of("7 d") == Margin.of(["-1 w", "+7 d"])
    True
    """

    before: Offset = Offset()
    after: Offset = Offset()

    @classmethod
    def of(cls, value: object) -> Self:
        """Read "7 d" (both sides) or ["-2 d", "+4 d"] (earliest, latest).

        Raises:
            ValueError: the value is neither, or its ends do not hold the target.
        """
        match value:
            case str() if value.lstrip()[:1] not in {"+", "-", "−"}:
                side = Offset.parse(value)
                return cls(before=side, after=side)
            case [str(earliest), str(latest)]:
                before, after = -Offset.parse(earliest), Offset.parse(latest)
                if min(before.days, before.months, after.days, after.months) >= 0:
                    return cls(before=before, after=after)
        raise ValueError(
            f'is {shown(value)}; a window is "7 d" on both sides of the target, '
            'or its earliest and latest day: ["-2 d", "+4 d"]'
        )


def shown(value: object) -> str:
    """A TOML value as a person wrote it, shortened.

    >>> shown("3 dd"), shown(True), shown([1, 2]), shown({})
    ('"3 dd"', 'true', '[1, 2]', 'a table')
    """
    match value:
        case dict():
            return "a table"
        case list():
            nested = any(isinstance(entry, (list, dict)) for entry in value)
            entries = ["…"] if nested else map(shown, value[:_LONGEST_SHOWN])
            text = f"[{', '.join(entries)}]"
        case bool():
            text = str(value).lower()
        case str():
            text = f'"{value}"'
        case _:
            text = str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name` in any case, if one is much like it."""
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def meant(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the nearest known one, else all of them if they are few.

    >>> meant("ofset", ["offset", "window"]), meant("cn", ["CN", "DE"])
    ('did you mean "offset"?', 'did you mean "CN"?')
    """
    known = [one for one in dict.fromkeys(known) if one]
    near = nearest(name, known)
    if near is not None:
        return f'did you mean "{near}"?'
    return f"known: {', '.join(known)}" if 0 < len(known) <= _MOST_NAMED else ""


def _text(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {shown(value)}")
    if not value.strip():
        raise ValueError("is empty")
    if any(ord(character) < 32 and character not in "\n\t" for character in value):
        raise ValueError("has a control character")
    return value


def _whole(value: object, _: object) -> int:
    if type(value) is not int:
        raise ValueError(f"must be a whole number, not {shown(value)}")
    return value


def _flag(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {shown(value)}")
    return value


def _day(value: object, _: object) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"must be a day like 2026-03-02, without quotes, not {shown(value)}")
    try:
        return checked(value)
    except SchedulerError as error:
        raise ValueError(f"is {value}: {error}") from None


def _member(value: object, type_: type[StrEnum]) -> StrEnum:
    text = _text(value, str)
    members = [member.value for member in type_]
    if text not in members:
        raise ValueError(f'"{text}" is not one of {", ".join(members)}')
    return type_(text)


def _words(value: object, _: object) -> Words:
    if not isinstance(value, dict) or not value:
        raise ValueError(f'must be texts by language, like {{ en = "…" }}, not {shown(value)}')
    for language in value:
        if language not in LANGUAGES:
            raise ValueError(f'has the unknown language "{language}"; {meant(language, LANGUAGES)}')
    return Words.of({language: _text(text, str) for language, text in value.items()})


def _made_from(origin: Any) -> Callable[[Any], bool]:
    return lambda type_: get_origin(type_) is origin


def _converter() -> Converter:
    converter = Converter(detailed_validation=True)
    hooks: Mapping[type, Callable[[Any, Any], object]] = {
        str: _text,
        int: _whole,
        bool: _flag,
        date: _day,
        StrEnum: _member,
        Words: _words,
        Offset: lambda value, _: Offset.parse(_text(value, str)),
        Hours: lambda value, _: Hours.parse(_text(value, str)),
        Margin: lambda value, _: Margin.of(value),
    }
    for type_, hook in hooks.items():
        converter.register_structure_hook(type_, hook)
    _teach_containers(converter)
    return converter


def _teach_containers(converter: Converter) -> None:
    def listed(value: object, type_: Any) -> object:
        if not isinstance(value, list):
            raise ValueError(f"must be a list in [ ], not {shown(value)}")
        entries: Any = GenericAlias(list, get_args(type_)[:1])
        return tuple(converter.structure(value, entries))

    def keyed(value: object, type_: Any) -> object:
        if not isinstance(value, dict):
            raise ValueError(f"must be a table, not {shown(value)}")
        entries: Any = GenericAlias(dict, get_args(type_))
        return converter.structure(value, entries)

    def filled(type_: type[Any]) -> Callable[[object, object], object]:
        fill = make_dict_structure_fn(type_, converter, _cattrs_forbid_extra_keys=True)

        def form(value: object, _: object) -> object:
            if not isinstance(value, dict):
                raise ValueError(f"must be a table, not {shown(value)}")
            return fill(value, type_)

        return form

    converter.register_structure_hook_func(_made_from(tuple), listed)
    converter.register_structure_hook_func(_made_from(Mapping), keyed)
    converter.register_structure_hook_factory(is_dataclass, filled)


CONVERTER = _converter()
