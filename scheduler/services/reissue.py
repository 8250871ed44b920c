"""Reissue: calendars written anew where the wording of the site file has changed.

Programs take over an event only when its SEQUENCE has risen, and that rises by itself
when time, place or status changes.  A new text is therefore told by an explicit
reissue, which is an entry in the history like every other change.

>>> Reissue(visits=(), files=())
Reissue(visits=(), files=())
"""

from dataclasses import dataclass, replace
from pathlib import Path

from scheduler.files import Staging
from scheduler.life import DESK, ask_reason, permit
from scheduler.services import publication
from scheduler.services.clinics import Clinic
from scheduler.services.publication import Press, Selection
from scheduler.sites import Audience
from scheduler.store import Book, Change, Store
from scheduler.subject import Visit


@dataclass(frozen=True, slots=True)
class Reissue:
    """The visits that rose by one in sequence, and the calendars written."""

    visits: tuple[Visit, ...]
    files: tuple[Path, ...]


def reissue(
    store: Store,
    clinic: Clinic,
    selection: Selection,
    change: Change,
    *,
    audience: Audience,
    own: Path | None,
    out: Path,
    dry_run: bool,
) -> Reissue:
    """Raise the sequence of every visit of a selection and write its calendars; all or nothing.

    Raises:
        UnknownName: nobody is enrolled under the code.
        OtherSite: the participant is not the clinic's.
        Refused: the person may not, or gives no reason, or the participant has not consented.
        OutputError: the folder cannot be written.
    """
    permit("reissue calendars", DESK, user=change.user, people=clinic.site.people)
    ask_reason("reissue calendars", change.reason)
    if dry_run:
        return Reissue(
            visits=store.read(lambda book: _raised(book, clinic, selection, change)), files=()
        )
    press = Press(clinic, own, printed=change.at)
    with Staging(out) as staging:

        def work(book: Book) -> tuple[Visit, ...]:
            raised = _raised(book, clinic, selection, change)
            if raised:
                book.record(change, raised)
                folios = publication.consented(book, clinic, selection, audience)
                for name, content in press.calendars(selection, folios, audience):
                    staging.put(name, [content])
            return raised

        raised = store.write(work)
        return Reissue(visits=raised, files=staging.publish())


def _raised(book: Book, clinic: Clinic, selection: Selection, change: Change) -> tuple[Visit, ...]:
    """The visits of the selection that calendars know, one up in sequence."""
    chosen = publication.folios(book, clinic, selection, Audience.STAFF)
    refs = {(visit.subject, visit.ref) for folio in chosen for visit in folio.visits}
    return tuple(
        replace(visit, sequence=visit.sequence + 1, changed=change.at)
        for visit in book.visits(subject=selection.subject, site=clinic.site.code)
        if (visit.subject, visit.ref) in refs and (visit.scheduled or visit.sequence)
    )
