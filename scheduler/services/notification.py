"""Notification: the weekly mails, one for each recipient and ISO week."""

from datetime import date, datetime
from pathlib import Path

from scheduler.errors import BadInput, Problem
from scheduler.exporters.mail import Envelope, message, message_id
from scheduler.files import Staging
from scheduler.services import digests
from scheduler.services.clinics import Clinic
from scheduler.sites import Recipient, Site
from scheduler.store import Store

DIGEST = "digest"
"""The kind of the weekly mail."""


def preview(
    store: Store, clinic: Clinic, as_of: date, *, now: datetime, own: Path | None, out: Path
) -> tuple[Path, ...]:
    """Write the mails of the ISO week of `as_of` as .eml files, as they would be written now.

    The book is only read.

    Raises:
        BadInput: the site names no recipient, or templates do not work.
        OutputError: the folder cannot be written.
    """
    site = clinic.site
    if not site.recipients:
        raise BadInput([Problem(f"site {site.code}", "has no recipient", "add a [[recipient]]")])
    findings = digests.look(store, clinic, as_of)
    stationery = digests.stationery(own)
    letters = store.read(
        lambda book: digests.letters(
            book, clinic, as_of, findings, written=now, stationery=stationery
        )
    )
    week = f"{as_of:%G-W%V}"
    with Staging(out) as staging:
        for recipient, letter in letters.items():
            content = message(
                letter.with_feed(recipient.feed), envelope(site, recipient, week, written=now)
            )
            staging.put(f"{site.code}-{week}-{recipient.id}.eml", [content])
        return staging.publish()


def envelope(site: Site, recipient: Recipient, week: str, *, written: datetime) -> Envelope:
    """The envelope of a recipient's weekly mail."""
    domain = site.sender.rpartition("@")[2]
    return Envelope(
        sender=site.sender,
        name=site.name.say(recipient.language),
        to=recipient.address,
        message_id=message_id(domain, DIGEST, week, site.code, recipient.id),
        written=written,
        list_id=f"visits.{site.code.lower()}.{domain}",
    )
