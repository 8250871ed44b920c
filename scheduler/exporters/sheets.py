"""Visit sheets and the participant's calendar page, as PDF.

One sheet a page: what a nurse carries to the bedside, to tick and to sign.  A page that
would overflow is an error and never reaches paper.

>>> list(_batches([]))
[]
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from scheduler.errors import BadInput, Problem
from scheduler.exporters.sheetfacts import Sheaf, facts, reference
from scheduler.exporters.typesetting import PAPERS, Templates, check, compiled, template_problem
from scheduler.protocol import Protocol
from scheduler.sites import Site
from scheduler.subject import Subject, Visit

if TYPE_CHECKING:
    from typst import TypstError

PAGES_A_FILE = 30
"""The compiler holds about 3 MB for each page of a file until the file is done."""

_OVERFLOW = "does not fit on one page: "


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
        return compiled(shown, templates, int(printed.timestamp()), "sheets")
    except TypstError as error:
        raise BadInput(_problems(error, sheaves, f"{paper} page in {language}")) from error


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
