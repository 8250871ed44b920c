"""A feed: a private calendar address, given to one person for one purpose.

Whoever has the address has the calendar, so its token is shown once and never kept: the
book holds a digest of it, from which no address can be made.

>>> address = Address(base="https://visits.example.org/calendars", token="Zq3")
>>> address.https, address.webcal
('https://visits.example.org/calendars/feeds/Zq3/calendar.ics', \
'webcal://visits.example.org/calendars/feeds/Zq3/calendar.ics')
>>> address.digest[:12]
'b1523a1df120'
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

from scheduler.sites import Audience

FOLDER = "feeds"

FILE = "calendar.ics"
"""The last part of an address: programs show it as the calendar's name, so it is no secret."""


def digest(token: str) -> str:
    """What the book keeps of a token: its SHA-256, in hexadecimal.

    A token has 256 random bits, so nothing slower is needed; and what is looked up is never
    the token itself, so the time a look-up takes tells nothing about any token.
    """
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a feed is answered: `base` is the server's own address, without a slash at its end."""

    base: str
    token: str

    @property
    def https(self) -> str:
        """The address to copy into a calendar program."""
        return f"{self.base}/{FOLDER}/{self.token}/{FILE}"

    @property
    def webcal(self) -> str:
        """The link that opens a calendar program."""
        return f"webcal://{self.https.partition('://')[2]}"

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read it: TLS, or this computer only."""
        parts = urlsplit(self.base)
        return parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}

    @property
    def digest(self) -> str:
        """What the book keeps of it."""
        return digest(self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as the book knows it.

    `person` is who has its address, by login or role, or by code when that is the participant;
    `subject` is None for all participants of the site.  `number` counts in the book, from 1.
    """

    number: int
    person: str
    audience: Audience
    site: str
    subject: str | None
    language: str
    given: datetime
    revoked: datetime | None = None
    used: datetime | None = None
