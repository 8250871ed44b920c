"""Notification: the weekly mails, and the reminders of participants, through one outbox.

What is to be sent is first queued in the outbox, which holds one mail for each kind, ISO
week and recipient, and then posted.  So a second run sends nothing again, and a run that
died is taken up where it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from scheduler.errors import BadInput, Problem
from scheduler.files import Staging
from scheduler.services import digests, reminders
from scheduler.services.clinics import Clinic
from scheduler.services.posting import Parcel, Posted, Postman, post
from scheduler.sites import Site
from scheduler.store import Store

PURPOSE = "notify"
"""What only one process at a time may be at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The files of mails, and the codes of those to be reminded who have no address."""

    paths: tuple[Path, ...]
    unaddressed: tuple[str, ...]


def preview(
    store: Store, clinic: Clinic, as_of: date, *, now: datetime, own: Path | None, out: Path
) -> Preview:
    """Write the mails that a run on `as_of` sends as .eml files, as they would be written now.

    The book is only read; whether a mail was sent already makes no difference.

    Raises:
        BadInput: the site sends no mail, templates do not work, or the addresses of
            participants cannot be read.
        OutputError: the folder cannot be written.
    """
    _check_purpose(clinic.site)
    contacts = reminders.contacts(clinic)
    with Staging(out) as staging:
        for name, content in (
            *digests.previewed(store, clinic, as_of, now=now, own=own),
            *reminders.previewed(store, clinic, as_of, contacts, now=now, own=own),
        ):
            staging.put(name, [content])
        lacking = reminders.lacking(store, clinic, as_of, contacts)
        return Preview(paths=staging.publish(), unaddressed=lacking)


def notify(
    store: Store,
    clinics: Sequence[Clinic],
    day_at: Callable[[Site], date],
    postman: Postman,
    *,
    now: datetime,
    own: Path | None,
    retry: bool,
) -> Posted:
    """Send everybody what is due on `day_at` the site: the mail of the ISO week, reminders.

    Args:
        retry: send also what the server refused for good before.

    Raises:
        AtWork: another process is at it.
        BadInput: a site sends no mail or is the demo site, templates do not work,
            or the server refuses certificate, login or sender.
    """
    for clinic in clinics:
        _check_purpose(clinic.site)
        if clinic.site.demo:
            remedy = "name your own with --site or site_files; to look at mails, --dry-run"
            what = "is the demonstration: nothing is sent for it"
            raise BadInput([Problem(f"site {clinic.site.code}", what, remedy)])
    with store.alone(PURPOSE):
        parcels: list[Parcel] = []
        problems: list[Problem] = []
        for clinic in clinics:
            as_of = day_at(clinic.site)
            digests.queue(store, clinic, as_of, now=now, own=own)
            parcels += digests.parcels(store, clinic, as_of, retry=retry)
            try:
                contacts = reminders.contacts(clinic)
            except BadInput as error:
                # What staff is to know does not wait for it.
                problems += error.problems
                continue
            reminders.queue(store, clinic, as_of, contacts, now=now, own=own)
            parcels += reminders.parcels(store, clinic, as_of, contacts, retry=retry)
            if lacking := reminders.lacking(store, clinic, as_of, contacts):
                problems.append(reminders.unaddressed(clinic, lacking))
        posted = post(store, parcels, postman)
        posted.problems += problems
        return posted


def _check_purpose(site: Site) -> None:
    if not site.recipients and site.reminders is None:
        what = "sends no mail"
        raise BadInput([Problem(f"site {site.code}", what, "add a [[recipient]] or [reminders]")])
