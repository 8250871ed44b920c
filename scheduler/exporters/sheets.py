"""Visit sheets and the participant's calendar page, as PDF.

One sheet a page: what a nurse carries to the bedside, to tick and to sign.  The layout
and the words are Typst and YAML files that a hospital may replace one by one; a page
that would overflow, and a character that no font has, are errors and never reach paper.
Every file is PDF/UA-1 and PDF/A-2a, and the same input gives the same bytes.

>>> templates = Templates(files={"sheets/text/en.yaml": b"", "sheets/text/zh.yaml": b""}, fonts=())
>>> templates.languages()
('en', 'zh')
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from scheduler.errors import BadInput, Problem, UnknownName
from scheduler.exporters.sheetfacts import Facts, Sheaf, facts, reference
from scheduler.protocol import Protocol
from scheduler.sites import Site
from scheduler.subject import Subject, Visit

if TYPE_CHECKING:
    from typst import Compiler, Fonts, TypstError

PAPERS = {"A4": "a4", "Letter": "us-letter"}
"""Paper as people call it, and as Typst does."""

PAGES_A_FILE = 40
"""The compiler holds about 4 MB for each page of a file until the file is done."""

_ENTRY = '#import "sheets/{0}.typ": {0}\n#{0}(json("facts.json"))\n'
_OVERFLOW = "does not fit on one page: "
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


def visit_sheets(
    subject: Subject,
    visits: Sequence[Visit],
    *,
    protocol: Protocol,
    site: Site,
    language: str,
    paper: str,
    printed: datetime,
    templates: Templates,
) -> bytes:
    """One participant's PDF: the calendar page, then a sheet for each visit with a slot.

    Args:
        language: one of `templates.languages()`.
        paper: "A4" or "Letter".
        printed: an instant with a zone; it is printed and stands for the file's date.

    Raises:
        UnknownName: no such language or paper.
        BadInput: a template fails, a sheet overflows its page, or a character has no glyph.
    """
    sheaf = Sheaf(subject=subject, protocol=protocol, visits=visits, calendar=visits)
    return _compiled(
        [sheaf], site=site, language=language, paper=paper, printed=printed, templates=templates
    )


def sheet_files(
    sheaves: Iterable[Sheaf],
    *,
    site: Site,
    language: str,
    paper: str,
    printed: datetime,
    templates: Templates,
) -> Iterator[bytes]:
    """Many participants' sheets, as PDFs of at most PAGES_A_FILE pages.

    A participant's pages are never torn apart, and are numbered by themselves; so only
    one who has more pages than that makes a longer file.
    Raises as `visit_sheets` does.
    """
    for batch in _batches(sheaves):
        yield _compiled(
            batch, site=site, language=language, paper=paper, printed=printed, templates=templates
        )


def _batches(sheaves: Iterable[Sheaf]) -> Iterator[list[Sheaf]]:
    batch: list[Sheaf] = []
    pages = 0
    for sheaf in sheaves:
        more = len(sheaf.sheets()) + bool(sheaf.calendar)
        if batch and pages + more > PAGES_A_FILE:
            yield batch
            batch, pages = [], 0
        if more:
            batch.append(sheaf)
            pages += more
    if batch:
        yield batch


def _compiled(
    sheaves: Sequence[Sheaf],
    *,
    site: Site,
    language: str,
    paper: str,
    printed: datetime,
    templates: Templates,
) -> bytes:
    check(language, paper, templates)
    shown = facts(sheaves, site=site, language=language, paper=PAPERS[paper], printed=printed)
    from typst import TypstError  # a compiler: only where needed

    try:
        return compiled(shown, templates, int(printed.timestamp()))
    except TypstError as error:
        raise BadInput(_problems(error, sheaves, f"{paper} page in {language}")) from error


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


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def compiled(shown: Facts, templates: Templates, timestamp: int, document: str = "sheets") -> bytes:
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


def _forget(compiler: "Compiler") -> None:
    # What a document laid out stays in memory until ten more have been compiled in this
    # process: 13 sheets are 50 MB.  Empty ones take a millisecond in all.
    for _ in range(11):
        compiler.compile(b"")


@lru_cache(maxsize=4)
def _fonts(folders: tuple[str, ...]) -> "Fonts":
    from typst import Fonts  # only where needed

    return Fonts(include_system_fonts=False, font_paths=list(folders))


def _problems(error: "TypstError", sheaves: Sequence[Sheaf], page: str) -> list[Problem]:
    _, marker, overflowing = error.message.partition(_OVERFLOW)
    if marker:
        names = set(overflowing.split(", "))
        return [
            Problem(
                f"protocol {sheaf.protocol.id} {sheaf.protocol.version}, {visit.encounter}",
                f"the sheet of {visit.subject} {visit.ref} does not fit on one {page}",
                "shorten its checklist or its list of vital signs",
            )
            for sheaf in sheaves
            for visit in sheaf.sheets()
            if reference(visit) in names
        ]
    return [template_problem(error)]


def template_problem(error: "TypstError") -> Problem:
    """What is wrong in a template, with its place as far as the compiler tells it."""
    at = _AT.search(error.diagnostic)
    place = f"{at[1]}:{at[2]}" if at else "sheets"
    return Problem(place, error.message, "; ".join(error.hints))
