"""Auditing: what was done to the book, whether that record is whole, and it on paper."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from scheduler.dates import FIRST_DAY, LAST_DAY, Window
from scheduler.errors import UsageError
from scheduler.exporters import trail as exporter
from scheduler.exporters.trail import Standing
from scheduler.files import Staging
from scheduler.services import publication
from scheduler.sites import Site
from scheduler.store import Book, Store
from scheduler.store.verification import Verdict
from scheduler.trail import Deed, Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose and when: a subject's code, a person, first and last day at the site."""

    subject: str | None = None
    person: str | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The file, how many deeds it holds, and what verifying came to at that moment."""

    path: Path
    deeds: int
    verdict: Verdict


def trail(store: Store, asked: Asked, site: Site) -> tuple[Deed, ...]:
    """The deeds asked for, oldest first.

    Raises:
        UnknownName: nobody is enrolled under that code, or that person did nothing.
    """
    return store.read(lambda book: _asked(book, asked, site))


def verify(store: Store, noted: str) -> Verdict:
    """Compare the whole history with its seals, and with a head that was noted before."""
    return store.read(lambda book: book.verify(noted))


def export(
    store: Store,
    asked: Asked,
    site: Site,
    *,
    language: str | None,
    printed: datetime,
    own: Path | None,
    out: Path,
) -> Exported:
    """Write the deeds asked for into a .pdf or .csv file; the trail is verified with it.

    Raises:
        UsageError: the name ends otherwise.
        UnknownName: as `trail`, or no such language.
        OutputError: the file cannot be written.
    """
    if out.suffix.lower() not in {".pdf", ".csv"}:
        raise UsageError(f"{out} is neither .pdf nor .csv: the ending says what is wanted")
    deeds, verdict = store.read(lambda book: (_asked(book, asked, site), book.verify()))
    if out.suffix.lower() == ".csv":
        content = b"".join(exporter.table(deeds, site.tz()))
    else:
        head = verdict.head
        content = exporter.paper(
            deeds,
            Standing(number=head.number, hash=head.hash, problems=verdict.problems),
            site=site,
            language=language or site.language,
            printed=printed,
            templates=publication.templates(own),
        )
    with Staging(out.parent) as staging:
        staging.put(out.name, [content])
        (path,) = staging.publish()
    return Exported(path=path, deeds=len(deeds), verdict=verdict)


def _asked(book: Book, asked: Asked, site: Site) -> tuple[Deed, ...]:
    subject = None if asked.subject is None else book.subject(asked.subject).code
    span = None
    if asked.first or asked.last:
        days = Window(earliest=asked.first or FIRST_DAY, latest=asked.last or LAST_DAY)
        span = days.interval(site.tz())
    return book.deeds(Selection(subject=subject, person=asked.person, span=span))
