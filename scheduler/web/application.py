"""The web application: its addresses, and the manners of all its answers.

There is no list of anything: only who has an address gets an answer.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from scheduler.errors import SchedulerError
from scheduler.feeds import FILE, FOLDER
from scheduler.services.subscriptions import Subscriptions
from scheduler.web.feeds import LATER, UNKNOWN, Feeds, refusal
from scheduler.web.manners import Clock, limited, logged, protected

REQUESTS = 600
"""Requests of one address in a minute: a whole hospital may stand behind one."""

MISSES = 20
"""Requests of one address in a minute for what is not there."""

Say = Callable[[str], object]


def application(
    subscriptions: Subscriptions,
    *,
    public_url: str,
    now: Clock,
    log: Say,
    complain: Say,
    requests: int = REQUESTS,
    misses: int = MISSES,
) -> ASGIApp:
    """Everything that `schedule serve` answers; `log` gets a line for each request.

    The addresses stand below the path of `public_url` and without it, so a reverse proxy
    may hand that path on or take it away.
    """
    feeds = Feeds(subscriptions, complain)

    async def health(request: Request) -> Response:
        """For a proxy or a watchdog: whether the book can be read."""
        request.scope["about"] = "health"
        try:
            await run_in_threadpool(subscriptions.check)
        except SchedulerError as error:
            complain(str(error))
            return refusal(503, LATER)
        return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})

    routes: list[BaseRoute] = [
        Route(f"/{FOLDER}/{{token}}/{FILE}", feeds.answer),
        Route("/healthz", health),
    ]
    if path := urlsplit(public_url).path.rstrip("/"):
        routes.append(Mount(path, routes=list(routes)))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused})
    app.router.redirect_slashes = False
    wrapped = limited(app, requests=requests, misses=misses, now=now)
    return logged(protected(wrapped), now=now, write=log)


async def _refused(_: Request, error: Exception) -> Response:
    """Whatever is not there looks like an address that was never given."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return refusal(404, UNKNOWN)
    return refusal(error.status_code, f"{error.detail}.\n", dict(error.headers or {}))
