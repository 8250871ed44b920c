"""A letter as the bytes of a mail: text and HTML, both complete, and a calendar where asked for.

A `Letter` is what is written and holds no address; it is put together with its `Envelope`
only when it is sent.  The same two give the same bytes, so a mail that is sent again
after a broken line is recognised by its Message-ID as the same.

>>> letter = Letter(subject="2026-W15: 1 visit", text="Thu", html="<p>Thu</p>", language="en")
>>> envelope = Envelope(sender="visits@hospital.example", name="Demo", to="ward@hospital.example",
...                     message_id=message_id("hospital.example", "digest", "2026-W15", "ward"),
...                     written=datetime(2026, 4, 6, tzinfo=UTC))
>>> message(letter, envelope) == message(letter, envelope)
True
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape

FEED = "https://feed.invalid/"
"""Stands in a letter for the address of its reader's feed, which the book must not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is written, as far as it is about visits; `calendar` is an .ics file or "".

    `name` is what the calendar file is called.
    """

    subject: str
    text: str
    html: str
    language: str
    calendar: str = ""
    name: str = ""

    def with_feed(self, address: str) -> "Letter":
        """The letter with the address of a feed where it has a place for one."""
        return replace(
            self,
            text=self.text.replace(FEED, address),
            html=self.html.replace(FEED, escape(address)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """From whom, to whom, and what tells this mail from others.

    `to` may be "" for a mail that is only looked at; `list_id` is "" for a mail to one person.
    """

    sender: str
    name: str
    to: str
    message_id: str
    written: datetime
    list_id: str = ""


def message_id(domain: str, kind: str, week: str, *whom: str) -> str:
    """The Message-ID of one kind of mail in an ISO week to one recipient: the same each time."""
    digest = sha256("\x1f".join((kind, week, *whom)).encode()).hexdigest()
    return f"<{kind}.{week}.{digest[:20]}@{domain}>"


def message(letter: Letter, envelope: Envelope) -> bytes:
    """The bytes of the mail, with the line ends of SMTP."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(display_name=envelope.name, addr_spec=envelope.sender)
    if envelope.to:
        mail["To"] = envelope.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(envelope.written.astimezone(UTC))
    mail["Message-ID"] = envelope.message_id
    # Nobody's holiday notice shall answer (RFC 3834; Exchange).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if envelope.list_id:
        mail["List-Id"] = f"<{envelope.list_id}>"
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.calendar:
        # Without a METHOD, programs take the file for an invitation and offer to decline it.
        mail.add_attachment(
            letter.calendar.encode(),
            maintype="text",
            subtype="calendar",
            filename=letter.name,
            params={"method": "PUBLISH", "charset": "utf-8"},
        )
    mail["Content-Language"] = letter.language
    # The library would draw boundaries by lot.
    mark = sha256(envelope.message_id.encode()).hexdigest()[:24]
    parts = (part for part in mail.walk() if part.is_multipart())
    for number, part in enumerate(parts):
        part.set_boundary(f"={number}={mark}")
    return mail.as_bytes()
