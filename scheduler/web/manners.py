"""Manners of every answer: headers that protect its reader, limits, and one line in the log.

These are plain ASGI: what they wrap may be any application.  A line of the log holds no
path, for the path of a feed is its secret.

>>> line(datetime(2026, 3, 2, 1, 30, tzinfo=UTC), "192.0.2.7", "GET", "feed 3", 200, 5120)
'2026-03-02T01:30:00Z 192.0.2.7 GET feed 3 200 5120'
"""

from collections.abc import Callable
from datetime import UTC, datetime

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scheduler.web.allowance import Allowance, household, wait

PROTECTION = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
"""On every answer, refusals too."""

_RAW = [(name.lower().encode(), value.encode()) for name, value in PROTECTION.items()]

_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "REPORT"}

Clock = Callable[[], datetime]


def protected(app: ASGIApp) -> ASGIApp:
    """`app`, with PROTECTION on all that it answers; on TLS, browsers stay with that."""

    async def protecting(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += _RAW
                if scope["scheme"] == "https":
                    message["headers"].append((b"strict-transport-security", b"max-age=31536000"))
            await send(message)

        await app(scope, receive, sending)

    return protecting


def limited(app: ASGIApp, *, requests: int, misses: int, now: Clock) -> ASGIApp:
    """`app`, which one address may ask so often in a minute, and for so much that is not there.

    Who has asked too often for what is not there is told nothing any more, right or wrong:
    guessing would else go on.
    """
    asked, missed = Allowance(requests), Allowance(misses)

    async def limiting(scope: Scope, receive: Receive, send: Send) -> None:
        address, moment = household(client(scope)), now()

        async def sending(message: Message) -> None:
            if message.get("status") == 404:
                missed.spend(address, moment)
            await send(message)

        if asked.is_spent(address, moment) or missed.is_spent(address, moment):
            headers = {"Retry-After": str(wait(moment).seconds), "Cache-Control": "no-store"}
            await PlainTextResponse("Too many requests.\n", 429, headers)(scope, receive, send)
            return
        asked.spend(address, moment)
        await app(scope, receive, sending)

    return limiting


def logged(app: ASGIApp, *, now: Clock, write: Callable[[str], object]) -> ASGIApp:
    """`app`, with a line for each request; `scope["about"]` may say what it was about."""

    async def logging(scope: Scope, receive: Receive, send: Send) -> None:
        status, octets, ended = 500, 0, False

        def telling() -> None:
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            about = scope.get("about", "-")
            write(line(now(), household(client(scope)), method, about, status, octets))

        async def sending(message: Message) -> None:
            nonlocal status, octets, ended
            status = message.get("status", status)
            octets += len(message.get("body", b""))
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended = True
                telling()

        try:
            await app(scope, receive, sending)
        finally:
            if not ended:  # it failed, or the client has gone
                telling()

    return logging


def line(at: datetime, address: str, method: str, about: str, status: int, octets: int) -> str:
    """One line of the log: when, who, what, and what came of it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {address} {method} {about} {status} {octets}"


def client(scope: Scope) -> str:
    """The host that asks, as the server and the proxies that it trusts know it."""
    return scope["client"][0] if scope.get("client") else ""
