"""Requests to other computers, with limits on where, how long and how much.

A site file, a redirect or a server's answer may name any host.  Unless a host is named
as one of the hospital's own, a request goes to public addresses only, over TLS; it goes to
the very address that was checked, so that a name cannot lead elsewhere in between.  Proxies
of the environment are not used, for what they connect to cannot be checked.

>>> with Network() as network:
...     network.ask("GET", WebAddress.parse("https://127.0.0.1/visits.ics"))
Traceback (most recent call last):
scheduler.delivery.network.Failure: leads to 127.0.0.1, an address inside of a network
"""

import logging
import socket
import ssl
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Self

import httpx

from scheduler import __version__
from scheduler.webaddress import WebAddress, is_public

REDIRECTS = frozenset({301, 302, 303, 307, 308})

# It would write whole addresses, and with them their secrets.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most of each: seconds, octets of one answer, redirects of one request."""

    connect: float = 5
    read: float = 10
    total: float = 30
    size: int = 10_000_000
    redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said; `address` is the one that answered in the end."""

    address: WebAddress
    status: int
    headers: Mapping[str, str]
    body: bytes


class Failure(Exception):
    """A request without an answer: why, as the end of a sentence about its address.

    `worth_retrying` says whether the same request may succeed later.
    """

    def __init__(self, what: str, *, worth_retrying: bool = False) -> None:
        super().__init__(what)
        self.what, self.worth_retrying = what, worth_retrying


class Network:
    """Asks servers; a context manager.

    `own_hosts` may be inside of the network and be spoken to without TLS.
    """

    def __init__(self, own_hosts: Collection[str] = (), limits: Limits = Limits()) -> None:
        self._own = frozenset(host.lower() for host in own_hosts)
        self._limits = limits
        self._client = httpx.Client(
            transport=_Checked(self._own),
            timeout=httpx.Timeout(limits.read, connect=limits.connect),
            trust_env=False,
            headers={
                "User-Agent": f"Visit-Scheduler/{__version__}",
                # What is packed only once unpacks to at most a thousand times its size.
                "Accept-Encoding": "gzip",
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(
        self,
        method: str,
        address: WebAddress,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One request, led on by redirects.

        Raises:
            Failure: there is no answer, or none that may be taken.
        """
        deadline = time.monotonic() + self._limits.total
        for _ in range(self._limits.redirects + 1):
            self._check(address)
            answer = self._asked(method, address, headers or {}, body, deadline)
            target = answer.headers.get("location")
            if answer.status not in REDIRECTS or target is None:
                return answer
            try:
                address = address.at(target)
            except ValueError:
                raise Failure("redirects to what is no address on the web") from None
        raise Failure(f"redirects more than {self._limits.redirects} times")

    def _check(self, address: WebAddress) -> None:
        if not address.secure and address.host not in self._own:
            raise Failure(f"asks for {address.host} without encryption")

    def _asked(
        self,
        method: str,
        address: WebAddress,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
    ) -> Answer:
        login = address.login
        auth = httpx.BasicAuth(login.user, login.password) if login else None
        try:
            with self._client.stream(
                method, address.url, headers=dict(headers), content=body, auth=auth
            ) as answer:
                content = b"".join(self._limited(answer, deadline))
        except httpx.TimeoutException:
            raise Failure("does not answer in time", worth_retrying=True) from None
        except httpx.HTTPError as error:
            raise _explained(error) from None
        except httpx.InvalidURL:
            raise Failure("is no address on the web") from None
        return Answer(
            address=address, status=answer.status_code, headers=answer.headers, body=content
        )

    def _limited(self, answer: httpx.Response, deadline: float) -> Iterator[bytes]:
        if answer.headers.get("content-encoding", "identity").lower() not in {"identity", "gzip"}:
            raise Failure("answers in a packing that was not asked for")
        size = 0
        for chunk in answer.iter_bytes():
            size += len(chunk)
            if size > self._limits.size:
                raise Failure(f"answers with more than {self._limits.size / 1e6:g} MB")
            if time.monotonic() > deadline:
                raise Failure("does not answer in time", worth_retrying=True)
            yield chunk


class _Checked(httpx.BaseTransport):
    """Resolves names itself, checks all that they lead to, and connects to just that."""

    def __init__(self, own_hosts: frozenset[str]) -> None:
        self._own = own_hosts
        self._opened = ExitStack()

    @cached_property
    def _secure(self) -> httpx.HTTPTransport:
        """For TLS, by the computer's own list of authorities: a hospital adds its own there."""
        return self._open(ssl.create_default_context())

    @cached_property
    def _plain(self) -> httpx.HTTPTransport:
        """Without TLS, so that no list of authorities has to be read; it trusts none."""
        return self._open(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def _open(self, context: ssl.SSLContext) -> httpx.HTTPTransport:
        transport = httpx.HTTPTransport(verify=context, trust_env=False)
        return self._opened.enter_context(transport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._secure if request.url.scheme == "https" else self._plain
        *others, last = self._places(request.url)
        for place in others:
            try:
                return transport.handle_request(_led(request, place))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # the host has more addresses
        return transport.handle_request(_led(request, last))

    def close(self) -> None:
        self._opened.close()

    def _places(self, url: httpx.URL) -> list[str]:
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(url.raw_host.decode(), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Failure("has a host that cannot be found", worth_retrying=True) from None
        places = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if url.host.lower() not in self._own:
            for place in places:
                if not is_public(place):
                    raise Failure(f"leads to {place}, an address inside of a network")
        return places


def _led(request: httpx.Request, place: str) -> httpx.Request:
    """The request to that place; the server still hears the host's name, and must prove it."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=place),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )


def _explained(error: httpx.HTTPError) -> Failure:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure(f"has a certificate that is not trusted ({cause.verify_message})")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return Failure("cannot be reached", worth_retrying=True)
    if isinstance(error, httpx.DecodingError):
        return Failure("answers with what cannot be unpacked")
    return Failure("breaks off", worth_retrying=True)
