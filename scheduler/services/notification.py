"""Notification: the weekly mails, one for each recipient and ISO week.

What is to be sent is first queued in the outbox, which holds one mail for each recipient
and week, and then posted.  So a second run sends nothing again, and a run that died is
taken up where it was.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path

from scheduler.errors import BadInput, Problem
from scheduler.exporters.mail import Envelope, message, message_id
from scheduler.files import Staging
from scheduler.services import digests
from scheduler.services.clinics import Clinic
from scheduler.services.posting import Parcel, Posted, Postman, post
from scheduler.sites import Recipient, Site
from scheduler.store import Book, Mailing, Store
from scheduler.store.outbox import WAITING

DIGEST = "digest"
"""The kind of the weekly mail."""

PURPOSE = "notify"
"""What only one process at a time may be at."""


def preview(
    store: Store, clinic: Clinic, as_of: date, *, now: datetime, own: Path | None, out: Path
) -> tuple[Path, ...]:
    """Write the mails of the ISO week of `as_of` as .eml files, as they would be written now.

    The book is only read; whether a mail was sent already makes no difference.

    Raises:
        BadInput: the site names no recipient, or templates do not work.
        OutputError: the folder cannot be written.
    """
    site, week = clinic.site, _week(as_of)
    _check_recipients(site)
    findings = digests.look(store, clinic, as_of)
    stationery = digests.stationery(own)
    letters = store.read(
        lambda book: digests.letters(
            book, clinic, as_of, findings, written=now, stationery=stationery
        )
    )
    with Staging(out) as staging:
        for recipient, letter in letters.items():
            sealed = _envelope(site, recipient, week, written=now)
            content = message(letter.with_feed(recipient.feed), sealed)
            staging.put(f"{site.code}-{week}-{recipient.id}.eml", [content])
        return staging.publish()


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
    """Send every recipient of every site the mail of the ISO week of `day_at` the site.

    Args:
        retry: send also what the server refused for good before.

    Raises:
        AtWork: another process is at it.
        BadInput: a site names no recipient or is the demo site, templates do not work,
            or the server refuses certificate, login or sender.
    """
    for clinic in clinics:
        _check_recipients(clinic.site)
        if clinic.site.demo:
            remedy = "name your own with --site or site_files; to look at mails, --dry-run"
            what = "is the demonstration: nothing is sent for it"
            raise BadInput([Problem(f"site {clinic.site.code}", what, remedy)])
    with store.alone(PURPOSE):
        parcels: list[Parcel] = []
        for clinic in clinics:
            as_of = day_at(clinic.site)
            _queue(store, clinic, as_of, now=now, own=own)
            parcels += _parcels(store, clinic.site, _week(as_of), retry=retry)
        return post(store, parcels, postman)


def _check_recipients(site: Site) -> None:
    if not site.recipients:
        raise BadInput([Problem(f"site {site.code}", "has no recipient", "add a [[recipient]]")])


def _week(day: date) -> str:
    return f"{day:%G-W%V}"


def _queue(store: Store, clinic: Clinic, as_of: date, *, now: datetime, own: Path | None) -> None:
    """Enter what the outbox does not have of the week, and drop what waits of weeks before."""
    site, week = clinic.site, _week(as_of)

    def is_queued(book: Book) -> bool:
        known = {m.recipient for m in book.outbox.of(site.code, DIGEST) if m.week == week}
        return known >= {recipient.id for recipient in site.recipients}

    if store.read(is_queued):
        return
    findings = digests.look(store, clinic, as_of)
    stationery = digests.stationery(own)

    def work(book: Book) -> None:
        for old in book.outbox.of(site.code, DIGEST):
            if old.week < week:
                book.outbox.drop(old)
        letters = digests.letters(book, clinic, as_of, findings, written=now, stationery=stationery)
        for recipient, letter in letters.items():
            mailing = Mailing(
                site=site.code,
                kind=DIGEST,
                week=week,
                recipient=recipient.id,
                message_id=_message_id(site, recipient, week),
                queued=now,
                letter=letter,
            )
            book.outbox.queue(mailing)

    store.write(work)


def _parcels(store: Store, site: Site, week: str, *, retry: bool) -> Iterator[Parcel]:
    """The week's mails that wait, for those who still are recipients."""

    def work(book: Book) -> tuple[Mailing, ...]:
        return tuple(m for m in book.outbox.of(site.code, DIGEST) if m.week == week)

    def again(book: Book) -> None:
        for mailing in work(book):
            book.outbox.retry(mailing)

    if retry:
        store.write(again)
    recipients = {recipient.id: recipient for recipient in site.recipients}
    for mailing in store.read(work):
        recipient = recipients.get(mailing.recipient)
        if recipient is not None and mailing.state in WAITING:
            yield Parcel(
                mailing=mailing,
                envelope=_envelope(site, recipient, week, written=mailing.queued),
                whose=f"recipient {recipient.id} of site {site.code}",
                feed=recipient.feed,
            )


def _envelope(site: Site, recipient: Recipient, week: str, *, written: datetime) -> Envelope:
    """The envelope of a recipient's weekly mail."""
    return Envelope(
        sender=site.sender,
        name=site.name.say(recipient.language),
        to=recipient.address,
        message_id=_message_id(site, recipient, week),
        written=written,
        list_id=f"visits.{site.code.lower()}.{site.domain}",
    )


def _message_id(site: Site, recipient: Recipient, week: str) -> str:
    return message_id(site.domain, DIGEST, week, site.code, recipient.id)
