"""Text in several languages, as one value.

Labels, checklists and a site's wording are printed in the language of the reader;
a language that is missing falls back to English, then to whatever there is.

>>> label = Words.of(en="Infusion 1", zh="第1次输注")
>>> label.say("zh"), label.say("de")
('第1次输注', 'Infusion 1')
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Words:
    """Pairs of language code and text, sorted by code; hashable."""

    texts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, texts: Mapping[str, str] | None = None, /, **more: str) -> Self:
        """Words from a mapping, keywords, or both."""
        return cls(tuple(sorted({**(texts or {}), **more}.items())))

    def say(self, language: str) -> str:
        """The text in `language`, else in English, else the first there is ("" if none)."""
        texts = {code: text for code, text in self.texts if text}
        return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")

    def __str__(self) -> str:
        return self.say("en")
