"""Auditing: what was done to the book, whether that record is whole, and it on paper."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

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

T = TypeVar("T")


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


def trail(store: Store, asked: Asked, site: Site, tell: Callable[[Iterator[Deed]], T]) -> T:
    """What `tell` makes of the deeds asked for, oldest first; they are read while they are told.

    Raises:
        UnknownName: nobody is enrolled under that code, or that person did nothing.
    """
    return store.read(lambda book: tell(_asked(book, asked, site)))


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
        UsageError: the name ends otherwise, or there is too much to print.
        UnknownName: as `trail`, or no such language.
        OutputError: the file cannot be written.
    """
    if out.suffix.lower() not in {".pdf", ".csv"}:
        raise UsageError(f"{out} is neither .pdf nor .csv: the ending says what is wanted")
    with Staging(out.parent) as staging:
        if out.suffix.lower() == ".csv":
            count, verdict = store.read(lambda book: _put(staging, out.name, book, asked, site))
        else:
            deeds, verdict = store.read(
                lambda book: (exporter.printable(_asked(book, asked, site)), book.verify())
            )
            count, head = len(deeds), verdict.head
            paper = exporter.paper(
                deeds,
                Standing(number=head.number, hash=head.hash, problems=verdict.problems),
                site=site,
                language=language or site.language,
                printed=printed,
                templates=publication.templates(own),
            )
            staging.put(out.name, [paper])
        (path,) = staging.publish()
    return Exported(path=path, deeds=count, verdict=verdict)


def _put(staging: Staging, name: str, book: Book, asked: Asked, site: Site) -> tuple[int, Verdict]:
    """Write the table while the book is read; how many deeds it holds, and the verification."""
    count = 0

    def counted() -> Iterator[Deed]:
        nonlocal count
        for deed in _asked(book, asked, site):
            count += 1
            yield deed

    staging.put(name, exporter.table(counted(), site.tz()))
    return count, book.verify()


def _asked(book: Book, asked: Asked, site: Site) -> Iterator[Deed]:
    subject = None if asked.subject is None else book.subject(asked.subject).code
    span = None
    if asked.first or asked.last:
        days = Window(earliest=asked.first or FIRST_DAY, latest=asked.last or LAST_DAY)
        span = days.interval(site.tz())
    return book.deeds_one_by_one(Selection(subject=subject, person=asked.person, span=span))
