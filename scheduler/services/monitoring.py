"""Monitoring: the deviations of a participant or of a whole site, found and written out.

They are worked out from the book's history each time, so they are never out of step
with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from scheduler.breaches import Breach
from scheduler.dates import Window
from scheduler.deviations import Deviation, Kind, Step, deviations
from scheduler.exporters import deviations as exporter
from scheduler.files import Staging
from scheduler.services import giving, publication, studies
from scheduler.services.clinics import Clinic
from scheduler.store import Book, Entry, Store
from scheduler.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which deviations: of one participant or all of the site, of some days, only planned ones.

    What is not recorded `as_of` that day, though its window has passed, is one of them.
    """

    subject: str | None = None
    days: Window | None = None
    planned: bool = False
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What was found, swaps first, then by participant and day.

    `whom` is the code of the participant or site.
    """

    whom: str
    days: Window | None
    deviations: tuple[Deviation, ...]


def find(store: Store, site: str, selection: Selection) -> Log:
    """The deviations of a selection.

    Raises:
        UnknownName: nobody is enrolled under the code.
    """

    def work(book: Book) -> Log:
        if selection.subject:
            subjects: Sequence[Subject] = [book.subject(selection.subject)]
        else:
            subjects = book.subjects(site)
        found = [
            deviation
            for steps in _steps(book, subjects)
            for deviation in deviations(steps, selection.as_of)
            if deviation.planned or not selection.planned
            if selection.days is None or deviation.day in selection.days
        ]
        found.sort(key=lambda each: (each.kind is not Kind.SWAPPED_BATCH, each.visit.subject))
        whom = subjects[0].code if selection.subject else site
        return Log(whom=whom, days=selection.days, deviations=tuple(found))

    return store.read(work)


def write(
    log: Log,
    clinic: Clinic,
    *,
    table: Path | None,
    paper: Path | None,
    language: str | None,
    printed: datetime,
    own: Path | None,
) -> tuple[Path, ...]:
    """Write `log` as a table (CSV) and on `paper` (PDF), as far as names are given for them.

    Raises:
        OutputError: a file cannot be written.
    """
    written: list[Path] = []
    if table is not None:
        written += _whole(table, b"".join(exporter.table(log.deviations)))
    if paper is not None:
        content = exporter.log(
            log.deviations,
            whom=log.whom,
            days=log.days,
            site=clinic.site,
            language=language or clinic.site.language,
            paper=clinic.site.paper,
            printed=printed,
            templates=publication.templates(own),
        )
        written += _whole(paper, content)
    return tuple(written)


def _whole(path: Path, content: bytes) -> tuple[Path, ...]:
    with Staging(path.parent) as staging:
        staging.put(path.name, [content])
        return staging.publish()


def broken(store: Store, subject: str) -> tuple[Deviation, ...]:
    """What a participant's infusions lacked that were given all the same."""
    log = find(store, "", Selection(subject=subject, as_of=date.min))
    return tuple(deviation for deviation in log.deviations if deviation.breach)


def _steps(book: Book, subjects: Sequence[Subject]) -> Iterator[tuple[Step, ...]]:
    """Each participant's history, each state with the rules it was recorded under."""
    known = {subject.code: subject for subject in subjects}
    cohort = book.cohort(known)
    rulings, supplied = cohort.rulings(), cohort.supplied()
    for code, history in cohort.histories():
        subject = known[code]
        broken = giving.broken_then(book, subject, history, rulings.get(code, ()), supplied)
        yield tuple(_step(book, subject, entry, broken) for entry in history)


def _step(
    book: Book,
    subject: Subject,
    entry: Entry,
    broken: Mapping[tuple[int, str], tuple[Breach, ...]],
) -> Step:
    protocol = studies.version(book, subject.protocol, entry.version)
    return Step(
        visit=entry.visit,
        arm=protocol.arm(subject.arm),
        milestones=protocol.milestones,
        version=entry.version,
        user=entry.change.user,
        at=entry.change.at,
        command=entry.change.command,
        reason=entry.change.reason,
        breaches=broken.get((entry.number, entry.visit.ref), ()),
    )
