r"""Addresses on the web, read strictly and shown without what is secret in them.

A calendar's address is often its only key, in the path or the query, and may hold a
password before the host.  So only the host is ever shown, with a mark that tells two
addresses of one host apart.

>>> address = WebAddress.parse("webcal://li:geheim@calendar.example/private-7f3a/basic.ics")
>>> address.url, str(address), "geheim" in repr(address)
('https://calendar.example/private-7f3a/basic.ics', 'calendar.example [ef62]', False)
>>> shown("calendars/chair-1.ics"), shown("https://calendar.example:x/private-7f3a.ics")
('calendars/chair-1.ics', 'a web address')
"""

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Self
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

SCHEMES = {
    "https": "https",
    "http": "http",
    "webcal": "https",
    "caldav+https": "https",
    "caldav+http": "http",
}
"""Schemes of addresses, and what is spoken there; webcal is only a word for "subscribe"."""

_ON_THE_WEB = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]+://")
_HOST = re.compile(r"[^\s/?#@\[\]%]+|[0-9A-Fa-f:.]+")
_NAT64 = IPv6Network("64:ff9b::/96")
_NOT_PUBLIC = frozenset({IPv4Address("168.63.129.16")})
"""Public by its number, but a cloud's own: what virtual machines ask about themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user and a password, which is in no sentence and no representation."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAddress:
    """One address: `url` is without login and fragment, `host` in small letters.

    A `collection` is one of CalDAV and no single file.
    """

    url: str = field(repr=False)
    host: str
    port: int
    secure: bool
    login: Login | None = None
    collection: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address.

        Raises:
            ValueError: it is none; the sentence shows nothing of it, for a password may
                stand anywhere in it.
        """
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise ValueError("is no address on the web") from None
        return cls._of(parts, port)

    @classmethod
    def _of(cls, parts: SplitResult, port: int | None) -> Self:
        spoken = SCHEMES.get(parts.scheme.lower())
        if spoken is None:
            raise ValueError("must begin with https://, webcal:// or caldav+https://")
        host = (parts.hostname or "").rstrip(".")
        if not _HOST.fullmatch(host) or not "".join(parts).isprintable():
            raise ValueError("is no address on the web")
        login = None
        if parts.username is not None:
            password = unquote(parts.password or "")
            login = Login(user=unquote(parts.username), password=password)
        netloc = f"[{host}]" if ":" in host else host
        netloc += f":{port}" if port else ""
        url = SplitResult(spoken, netloc, parts.path or "/", parts.query, "").geturl()
        secure = spoken == "https"
        return cls(
            url=url,
            host=host,
            port=port or (443 if secure else 80),
            secure=secure,
            login=login,
            collection=parts.scheme.lower().startswith("caldav"),
        )

    def at(self, target: str) -> "WebAddress":
        """Where a redirect or a link in an answer leads; the login goes along on one server only.

        Raises:
            ValueError: `target` leads nowhere.
        """
        there = WebAddress.parse(urljoin(self.url, target))
        same = (there.host, there.port, there.secure) == (self.host, self.port, self.secure)
        return replace(there, login=self.login if same else None)

    def folder(self) -> "WebAddress":
        """The address as that of a folder, which ends with a slash."""
        parts = urlsplit(self.url)
        return replace(
            self, url=parts._replace(path=f"{parts.path.rstrip('/')}/", query="").geturl()
        )

    @property
    def path(self) -> str:
        """The place on the server, without escapes."""
        return unquote(urlsplit(self.url).path)

    def __str__(self) -> str:
        return f"{self.host} [{sha256(self.url.encode()).hexdigest()[:4]}]"


def on_the_web(source: str) -> bool:
    """Whether a calendar's source is an address, be it a right one, and not a file."""
    return _ON_THE_WEB.match(source) is not None


def shown(source: str) -> str:
    """A calendar's source fit for the screen."""
    if not on_the_web(source):
        return source
    try:
        return str(WebAddress.parse(source))
    except ValueError:
        return "a web address"


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    Private, loopback, link-local, shared, multicast and reserved ones are not, and no
    cloud's own address; an IPv4 address inside an IPv6 one is judged as itself.

    >>> [a for a in ("8.8.8.8", "10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1") if is_public(a)]
    ['8.8.8.8']
    """
    found: IPv4Address | IPv6Address = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = IPv4Address(int(found) & 0xFFFF_FFFF)
        found = inner or found
    return found.is_global and not found.is_multicast and found not in _NOT_PUBLIC
