"""Typesetting: facts, and a template that a hospital may replace, made into a PDF.

The layout and the words are Typst and YAML files; what is wrong in one of them, and a
character that no font has, is an error and never reaches paper.  Every file is PDF/UA-1
and PDF/A-2a, and the same input gives the same bytes.

>>> templates = Templates(files={"sheets/text/en.yaml": b"", "sheets/text/zh.yaml": b""}, fonts=())
>>> templates.languages()
('en', 'zh')
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from scheduler.errors import BadInput, Problem, UnknownName
from scheduler.exporters.sheetfacts import Facts

if TYPE_CHECKING:
    from typst import Compiler, Fonts, TypstError

PAPERS = {"A4": "a4", "Letter": "us-letter"}
"""Paper as people call it, and as Typst does."""

_ENTRY = '#import "sheets/{0}.typ": {0}\n#{0}(json("facts.json"))\n'
_AT = re.compile(r"┌─ (\S+?):(\d+):\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Templates:
    """The sheets' files by name ("sheets/visit.typ") and the folders their fonts lie in."""

    files: Mapping[str, bytes]
    fonts: tuple[str, ...]

    def languages(self) -> tuple[str, ...]:
        """The languages there are words for."""
        found = (re.fullmatch(r"sheets/text/(.+)\.yaml", name) for name in self.files)
        return tuple(sorted(match[1] for match in found if match))


def check(language: str, paper: str, templates: Templates) -> None:
    """UnknownName for a language or paper there is not, BadInput for templates that are no text."""
    if paper not in PAPERS:
        raise UnknownName("paper", paper, PAPERS)
    if language not in templates.languages():
        raise UnknownName("sheet language", language, templates.languages())
    # The compiler cannot say which file it is.
    problems = [
        Problem(name, "is not UTF-8 text", "save it as UTF-8")
        for name, content in sorted(templates.files.items())
        if name.endswith((".typ", ".yaml")) and not _is_utf8(content)
    ]
    if problems:
        raise BadInput(problems)


def typeset(document: str, shown: Facts, printed: datetime, templates: Templates) -> bytes:
    """The PDF of facts as they are, by the template `document`; `printed` is the file's date.

    Raises:
        BadInput: the template fails, or a character has no glyph.
    """
    from typst import TypstError  # a compiler: only where needed

    try:
        return compiled(shown, templates, int(printed.timestamp()), document)
    except TypstError as error:
        raise BadInput([template_problem(error)]) from error


def compiled(shown: Facts, templates: Templates, timestamp: int, document: str) -> bytes:
    """The PDF of facts as they are, by the template `document`.

    Raises:
        typst.TypstError: as the compiler says it.
    """
    from typst import Compiler  # only where needed

    # A compiler belongs to the thread that made it, so each document has its own.
    compiler = Compiler(font_paths=_fonts(templates.fonts), ignore_system_fonts=True)
    content = json.dumps(shown, ensure_ascii=False).encode()
    files = {**templates.files, "main.typ": _ENTRY.format(document).encode(), "facts.json": content}
    try:
        pdf = compiler.compile(
            files,  # type: ignore[type-var]  # the wheel takes a dict of files, its stub omits it
            format="pdf",
            pdf_standards=["ua-1", "a-2a"],
            timestamp=timestamp,
        )
    finally:
        _forget(compiler)
    assert isinstance(pdf, bytes), "a PDF is one file"
    return pdf


def template_problem(error: "TypstError") -> Problem:
    """What is wrong in a template, with its place as far as the compiler tells it."""
    at = _AT.search(error.diagnostic)
    place = f"{at[1]}:{at[2]}" if at else "sheets"
    return Problem(place, error.message, "; ".join(error.hints))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _forget(compiler: "Compiler") -> None:
    # What a document laid out stays in memory until ten more have been compiled in this
    # process: 13 sheets are 40 MB.  Empty ones take a millisecond in all.
    for _ in range(11):
        compiler.compile(b"")


@lru_cache(maxsize=4)
def _fonts(folders: tuple[str, ...]) -> "Fonts":
    from typst import Fonts  # only where needed

    return Fonts(include_system_fonts=False, font_paths=list(folders))
