"""Publication: visits as calendars, sheets and tables, written into a folder.

A `Press` knows the clinic, the templates and the moment of printing; each of its
methods gives the files of one kind as pairs of a name and the bytes.  `publish` picks
visits from the book, and writes all of their files or none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler import shipped
from scheduler.dates import Window, instant
from scheduler.exporters import csv, ics
from scheduler.exporters.sheetfacts import Sheaf
from scheduler.files import Staging
from scheduler.protocol import Protocol
from scheduler.services import consents, holdings, studies
from scheduler.services.clinics import Clinic, check_site
from scheduler.services.told import as_told
from scheduler.sites import Audience
from scheduler.store import Book, Store
from scheduler.subject import Subject, Visit
from scheduler.supplies import Supply

if TYPE_CHECKING:
    from scheduler.exporters.typesetting import Templates

File = tuple[str, bytes]
"""A file's name and its content."""


class Kind(StrEnum):
    """What can be published."""

    ICS = "ics"
    SHEETS = "sheets"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which visits: of one participant, of one ISO week (any of its days), or all of the site.

    `changed_since` leaves out what has not changed since the beginning of that day.
    """

    subject: str | None = None
    week: Window | None = None
    changed_since: date | None = None

    def name(self, code: str) -> str:
        """What files of this selection are called, for a participant or a whole site."""
        parts = [code]
        if self.week:
            parts.append(f"{self.week.earliest:%G-W%V}")
        if self.changed_since:
            parts.append(f"changes-{self.changed_since}")
        return "-".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folio:
    """One participant with visits, all or some, and the protocol version these follow.

    `supplies` are those of its infusions.
    """

    subject: Subject
    protocol: Protocol
    visits: tuple[Visit, ...]
    whole: bool
    supplies: tuple[Supply, ...] = ()


class Press:
    """Makes files for one clinic, in its language and on its paper."""

    def __init__(self, clinic: Clinic, own: Path | None, *, printed: datetime) -> None:
        self._site, self._own, self._printed = clinic.site, own, printed

    def calendars(
        self, selection: Selection, folios: Sequence[Folio], audience: Audience
    ) -> Iterator[File]:
        """Calendar files; participants get one each, others one for all."""
        if audience is Audience.PARTICIPANT:
            for folio in folios:
                yield from self._calendar(selection.name(folio.subject.code), [folio], audience)
        else:
            yield from self._calendar(self._name(selection, folios), folios, audience)

    def sheets(self, selection: Selection, folios: Sequence[Folio]) -> Iterator[File]:
        """Visit sheets, after a calendar page where all visits of a participant are there."""
        from scheduler.exporters.sheets import sheet_files

        files = sheet_files(
            (
                Sheaf(
                    subject=folio.subject,
                    protocol=folio.protocol,
                    visits=folio.visits,
                    calendar=folio.visits if folio.whole else (),
                    supplies=folio.supplies,
                )
                for folio in folios
            ),
            site=self._site,
            language=self._site.language,
            paper=self._site.paper,
            printed=self._printed.astimezone(self._site.tz()),
            templates=templates(self._own),
        )
        name = self._name(selection, folios)
        for number, content in enumerate(files, start=1):
            yield f"{name}-visit-sheets{f'-{number}' if number > 1 else ''}.pdf", content

    def appointments(self, selection: Selection, folios: Sequence[Folio]) -> Iterator[File]:
        """Each participant's own list of appointments, in large print."""
        from scheduler.exporters.appointmentsheet import appointment_sheet

        for folio in folios:
            content = appointment_sheet(
                folio.visits,
                site=self._site,
                language=self._site.language,
                paper=self._site.paper,
                printed=self._printed.astimezone(self._site.tz()),
                templates=templates(self._own),
            )
            yield f"{selection.name(folio.subject.code)}-participant.pdf", content

    def table(self, selection: Selection, folios: Sequence[Folio]) -> Iterator[File]:
        """One table of visits, for a spreadsheet."""
        visits = (visit for folio in folios for visit in folio.visits)
        name = self._name(selection, folios)
        yield f"{name}-visits.csv", b"".join(csv.table(visits, site=self._site))

    def _calendar(self, name: str, folios: Sequence[Folio], audience: Audience) -> Iterator[File]:
        suffix = "" if audience is Audience.STAFF else f"-{audience}"
        visits = [visit for folio in folios for visit in folio.visits]
        protocols = [folio.protocol for folio in folios]
        parts = ics.parts(visits, site=self._site, audience=audience, protocols=protocols)
        for part, content in parts:
            yield f"{name}{suffix}{part}.ics", content

    def _name(self, selection: Selection, folios: Sequence[Folio]) -> str:
        return selection.name(folios[0].subject.code if selection.subject else self._site.code)


def templates(own: Path | None) -> "Templates":
    """What is printed by: the shipped templates, and the hospital's own in their place."""
    from scheduler.exporters.typesetting import Templates

    folders = [shipped.folder(), *([own] if own else [])]
    names = shipped.names("sheets", own)
    return Templates(
        files={name: shipped.read(name, own) for name in names},
        fonts=tuple(str(folder / "fonts") for folder in folders),
    )


def publish(
    store: Store,
    clinic: Clinic,
    kind: Kind,
    selection: Selection,
    *,
    audience: Audience,
    language: str | None,
    printed: datetime,
    own: Path | None,
    out: Path,
) -> tuple[Path, ...]:
    """Write the files of a selection into `out`; all of them, or none.

    Raises:
        UnknownName: nobody is enrolled under the code.
        OtherSite: the participant is not the clinic's.
        NoConsent: a participant's own calendar is not to leave the hospital.
        OutputError: the folder cannot be written.
    """
    site = replace(clinic.site, language=language or clinic.site.language)
    press = Press(replace(clinic, site=site), own, printed=printed)
    # Only calendars tell of what is no more.
    told_to = audience if kind is Kind.ICS else None
    supplied = kind is Kind.SHEETS
    chosen = store.read(lambda book: consented(book, clinic, selection, told_to, supplied=supplied))
    if not chosen:
        return ()
    with Staging(out) as staging:
        for name, content in _files(press, kind, selection, chosen, audience):
            staging.put(name, [content])
        return staging.publish()


def _files(
    press: Press, kind: Kind, selection: Selection, folios: Sequence[Folio], audience: Audience
) -> Iterator[File]:
    match kind:
        case Kind.ICS:
            return press.calendars(selection, folios, audience)
        case Kind.SHEETS if audience is Audience.PARTICIPANT:
            # Given into a hand that takes it: a page needs no consent as a calendar does.
            return press.appointments(selection, folios)
        case Kind.SHEETS:
            return press.sheets(selection, folios)
        case Kind.CSV:
            return press.table(selection, folios)


def consented(
    book: Book,
    clinic: Clinic,
    selection: Selection,
    told_to: Audience | None,
    *,
    supplied: bool = False,
) -> list[Folio]:
    """The same as `folios`; of participants to be told themselves, those who consented to it.

    Raises:
        NoConsent: the one participant who is selected has not.
    """
    found = folios(book, clinic, selection, told_to, supplied=supplied)
    if told_to is not Audience.PARTICIPANT:
        return found
    if selection.subject:
        consents.check(book, book.subject(selection.subject))
    known = book.consents.given(clinic.site.code)
    return [folio for folio in found if folio.subject.code in known]


def folios(
    book: Book,
    clinic: Clinic,
    selection: Selection,
    told_to: Audience | None,
    *,
    supplied: bool = False,
) -> list[Folio]:
    """Who and what a selection holds; visits are as calendars tell them to that audience, if any.

    What infusions are given is looked up for those who ask to be `supplied`.

    Raises:
        UnknownName: nobody is enrolled under the code.
        OtherSite: the participant is not the clinic's.
    """
    site = clinic.site
    if selection.subject:
        subject = book.subject(selection.subject)
        check_site(site, subject)
        subjects: Iterable[Subject] = [subject]
    else:
        subjects = book.subjects(site.code)
    standing: dict[str, list[Visit]] = {}
    for visit in book.visits(subject=selection.subject, site=site.code, days=selection.week):
        standing.setdefault(visit.subject, []).append(visit)
    visits = as_told(book, standing, told_to) if told_to is not None else standing
    since = selection.changed_since and instant(selection.changed_since, time.min, site.tz())
    chosen = {
        code: tuple(visit for visit in known if since is None or visit.changed >= since)
        for code, known in visits.items()
    }
    supplies = holdings.of_visits(book, chosen) if supplied else {}
    return [
        Folio(
            subject=subject,
            protocol=studies.kept(book, subject),
            visits=chosen[subject.code],
            whole=selection.week is None and selection.changed_since is None,
            supplies=supplies.get(subject.code, ()),
        )
        for subject in subjects
        if chosen.get(subject.code)
    ]
