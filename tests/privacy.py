"""A lint of what leaves the walls: it knows every word a mail may have and refuses the others.

Names are words that neither templates, protocol nor site have; birth dates are dates that
are none of the study's; record numbers are long runs of digits.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date

from scheduler import shipped
from scheduler.sites import Site
from tests.arms import trial, zhujiang

CODE = re.compile(r"\b[A-Z0-9]{1,10}-\d{3,}\b")
BATCH = re.compile(r"\bB-[A-Z0-9-]+\b")
_DAY = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b")
_WEEK = re.compile(r"\b\d{4}-W\d\d\b")
_WORD = re.compile(r"[^\W\d_]+")
_RECORD = re.compile(r"\d{6,}")


def identifying(text: str, site: Site | None = None) -> list[str]:
    """What in the text could lead to a person, beside participants' codes and batches."""
    for known in (BATCH, CODE, _WEEK, re.compile(r"https?://\S+")):
        text = known.sub(" ", text)
    found = [day for day in _days(text) if not "2026-01-01" <= day <= "2028-12-31"]
    text = _DAY.sub(" ", text)
    found += _RECORD.findall(re.sub(r"(?<=\d) (?=\d{3})", "", text).replace("68500000", ""))
    vocabulary = _vocabulary(site or zhujiang())
    return found + [word for word in _words(text) if word not in vocabulary]


def _days(text: str) -> Iterator[str]:
    for year, month, day in _DAY.findall(text):
        yield date(int(year), int(month), int(day)).isoformat()


def _words(text: str) -> Iterator[str]:
    """Latin words in small letters, Chinese text sign by sign."""
    for word in _WORD.findall(text):
        yield from [word.casefold()] if word.isascii() else word.casefold()


def _vocabulary(site: Site) -> set[str]:
    texts = [*_texts(site.name.texts), "schedule", "check", "T"]
    for audience in site.wording.values():
        texts += [*_texts(audience.summary.texts), *_texts(audience.place.texts)]
        texts += _texts(audience.notes.texts)
    texts += [text for arm in trial().arms for row in arm.encounters for _, text in row.label.texts]
    for language in ("en", "zh"):
        table = tomllib.loads(shipped.read(f"email/text/{language}.toml").decode())
        texts += [re.sub(r"\{\w+\}", " ", text) for text in _leaves(table)]
    return {word for text in texts for word in _words(text)}


def _texts(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [text for _, text in pairs]


def _leaves(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            yield from (leaf for each in value for leaf in _leaves(each))
        case dict():
            yield from (leaf for each in value.values() for leaf in _leaves(each))
