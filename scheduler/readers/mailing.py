"""Who gets mail: the part of a site file with the sender and the recipients.

>>> bool(ADDRESS.match("ward-7@hospital.example")), bool(ADDRESS.match("Ward 7 <w@h>"))
(True, False)
"""

import re

from scheduler.readers.forms import Findings
from scheduler.readers.places import Path
from scheduler.readers.site_form import RecipientForm, SiteForm
from scheduler.readers.vocabulary import LANGUAGES
from scheduler.sites import Audience, Detail, Recipient, Reminders

ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+\Z")
"""Plain addresses of RFC 5321, as every server takes them: no names, quotes or other letters."""

LIKE = 'like "ward@hospital.example"'

_MOST_DAYS = 14
"""Nobody keeps a reminder in mind for longer."""

_LINK = re.compile(r"(https|webcal)://[^\s/\"'<>]+/[^\s\"'<>]*\Z")


def sender(form: SiteForm, findings: Findings) -> str:
    """The address that the site's mails come from; "" where it sends none."""
    if form.mail is None:
        if form.recipient or form.reminders:
            findings.blame(("mail",), "is missing", '[mail] sender = "…" is whom mails come from')
        return ""
    if findings.sound(("mail", "sender")):
        _check_address(("mail", "sender"), form.mail.sender, findings)
    return form.mail.sender


def recipients(form: SiteForm, findings: Findings) -> tuple[Recipient, ...]:
    """The recipients of the weekly mail."""
    seen: set[str] = set()
    found = []
    for n, one in enumerate(form.recipient):
        path: Path = ("recipient", n)
        _check_id(path, one.id, seen, findings)
        _check_recipient(path, one, findings)
        found.append(
            Recipient(
                id=one.id,
                address=one.address,
                language=one.language or form.language,
                audience=one.audience,
                detail=one.detail,
                attach=one.attach,
                feed=one.feed,
            )
        )
    return tuple(found)


def reminders(form: SiteForm, findings: Findings) -> Reminders | None:
    """How participants are reminded; None where they are not."""
    if form.reminders is None:
        return None
    days = form.reminders.days_before
    findings.within(("reminders", "days_before"), days, 1, _MOST_DAYS)
    return Reminders(days_before=days, addresses=form.reminders.addresses)


def _check_id(path: Path, id: str, seen: set[str], findings: Findings) -> None:
    if not findings.sound(path, "id"):
        return
    findings.identifier((*path, "id"), id)
    if id in seen:
        findings.blame((*path, "id"), f'"{id}" is another recipient already')
    seen.add(id)


def _check_recipient(path: Path, one: RecipientForm, findings: Findings) -> None:
    if findings.sound(path, "address"):
        _check_address((*path, "address"), one.address, findings)
    if one.language is not None and one.language not in LANGUAGES:
        what = f'"{one.language}" is not one of {", ".join(LANGUAGES)}'
        findings.blame((*path, "language"), what)
    if one.audience is Audience.PARTICIPANT:
        what = 'cannot be "participant": the weekly mail tells of everybody\'s visits'
        findings.blame((*path, "audience"), what, "write staff or assessor")
    if one.attach and one.detail is not Detail.CODES:
        what = f'asks for a calendar, which holds codes, and detail is "{one.detail}"'
        findings.blame((*path, "attach"), what, 'detail = "codes", or no attach')
    if one.feed and not _LINK.match(one.feed):
        # Not shown: whoever has the address can read the calendar.
        findings.blame((*path, "feed"), "is not the address of a feed", "like https://…")


def _check_address(path: Path, address: str, findings: Findings) -> None:
    if not ADDRESS.match(address):
        findings.blame(path, f'"{address}" is not a mail address', LIKE)
