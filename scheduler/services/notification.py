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
    if problem := _without_mails(clinic.site):
        raise BadInput([problem])
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
    problems: Sequence[Problem] = (),
) -> Posted:
    """Send everybody what is due on `day_at` the site: the mail of the ISO week, reminders.

    What is in the way of one site is in the way of no other; it is told when all is sent.

    Args:
        retry: send also what the server refused for good before.
        problems: what keeps further sites from being clinics at all.

    Raises:
        AtWork: another process is at it.
        BadInput: each site sends no mail or is the demo site,
            or the server refuses certificate, login or sender.
    """
    sending = [clinic for clinic in clinics if _unsendable(clinic.site) is None]
    found = [*problems, *filter(None, (_unsendable(clinic.site) for clinic in clinics))]
    if not sending:
        raise BadInput(found)
    with store.alone(PURPOSE):
        parcels: list[Parcel] = []
        for clinic in sending:
            as_of = day_at(clinic.site)
            try:
                digests.queue(store, clinic, as_of, now=now, own=own)
                parcels += digests.parcels(store, clinic, as_of, retry=retry)
                # What staff is to know waits for nothing that is only wrong with reminders.
                contacts = reminders.contacts(clinic)
                reminders.queue(store, clinic, as_of, contacts, now=now, own=own)
                parcels += reminders.parcels(store, clinic, as_of, contacts, retry=retry)
            except BadInput as error:
                found += error.problems
                continue
            if lacking := reminders.lacking(store, clinic, as_of, contacts):
                found.append(reminders.unaddressed(clinic, lacking))
        posted = post(store, parcels, postman)
        posted.problems += found
        return posted


def _without_mails(site: Site) -> Problem | None:
    """Why there is nothing to write for a site."""
    if site.recipients or site.reminders is not None:
        return None
    return Problem(f"site {site.code}", "sends no mail", "add a [[recipient]] or [reminders]")


def _unsendable(site: Site) -> Problem | None:
    """Why nothing is sent for a site."""
    if not site.demo:
        return _without_mails(site)
    remedy = "name your own with --site or site_files; to look at mails, --dry-run"
    what = "is the demonstration: nothing is sent for it"
    return Problem(f"site {site.code}", what, remedy)
