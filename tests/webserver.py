"""A web server on the loopback interface that answers as a test tells it to, over TLS or not."""

import gzip
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Event, Thread

import trustme

from tests.running import calendar

TAKEN = calendar("2026-04-09 08:00 12:00").encode()
"""A calendar with one event."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the server says to a request."""

    body: bytes = TAKEN
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Talk(BaseHTTPRequestHandler):
    """One connection; requests are noted, and answered by what `Web.pages` hold."""

    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.site.requests.append((self.path, dict(self.headers)))
        page = self.server.site.pages.get(self.path, Reply(status=404, body=b"no such page"))
        reply = page(self) if callable(page) else page
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_PROPFIND = do_GET  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


Page = Reply | Callable[[Talk], Reply | None]


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # all are waited for in the end
    site: "Site"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up or does not trust us is what tests want."""


@dataclass(kw_only=True)
class Site:
    """A running server: its pages by path, and the requests that came."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    closing: Event = field(default_factory=Event)

    def stalls(self, talk: Talk) -> None:
        """A page that never comes."""
        del talk
        self.closing.wait()

    def drips(self, talk: Talk) -> None:
        """A page that comes byte by byte."""
        talk.send_response(200)
        talk.end_headers()
        while not self.closing.wait(0.02):
            talk.wfile.write(b"B")


def conditional(reply: Reply) -> Callable[[Talk], Reply]:
    """A page whose `reply` is sent only to those who do not have it."""

    def page(talk: Talk) -> Reply:
        for asked, said in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            if talk.headers.get(asked, "") == reply.headers.get(said, "never"):
                return Reply(status=304, body=b"")
        return reply

    return page


def packed(reply: Reply) -> Reply:
    """The reply in gzip."""
    headers = {**reply.headers, "Content-Encoding": "gzip"}
    return Reply(body=gzip.compress(reply.body), status=reply.status, headers=headers)


@cache
def authority() -> trustme.CA:
    """An authority of the tests' own, whom nobody trusts unless told to."""
    return trustme.CA()


@contextmanager
def trusted() -> Iterator[Path]:
    """A file with the authority's certificate."""
    with NamedTemporaryFile(suffix=".pem") as file:
        file.write(authority().cert_pem.bytes())
        file.flush()
        yield Path(file.name)


@contextmanager
def web_site(*, certified: str | None = None) -> Iterator[Site]:
    """A server while the block runs; over TLS where it is `certified` for a name."""
    server = _Server(("127.0.0.1", 0), Talk)
    scheme = "http"
    if certified:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority().issue_cert(certified).configure_cert(context)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        scheme = "https"
    server.site = Site(url=f"{scheme}://127.0.0.1:{server.server_address[1]}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
