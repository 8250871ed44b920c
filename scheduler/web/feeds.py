"""A feed's address, as calendar programs ask for it.

Unknown and revoked addresses are answered alike but for the status: programs stop asking
after 410.  Everything that waits for the book does so in a thread.

>>> refusal(410, REVOKED).headers["cache-control"]
'no-store'
"""

from collections.abc import Callable

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from scheduler.errors import SchedulerError
from scheduler.feeds import FILE, Feed
from scheduler.services.subscriptions import Copy, Subscriptions
from scheduler.web.conditions import has_already, http_date, takes_gzip

UNKNOWN = "There is no calendar at this address.\n"
REVOKED = "This calendar address is no longer valid; ask who gave it to you.\n"
LATER = "The calendar cannot be read at this moment.\n"


class Feeds:
    """Answers requests for feeds; `complain` is told why one could not be."""

    def __init__(self, subscriptions: Subscriptions, complain: Callable[[str], object]) -> None:
        self._subscriptions, self._complain = subscriptions, complain

    async def answer(self, request: Request) -> Response:
        """The calendar, or that the client has it, or why not."""
        token = request.path_params["token"]
        try:
            found = await run_in_threadpool(self._subscriptions.find, token)
        except SchedulerError as error:
            self._complain(str(error))
            return refusal(503, LATER, {"Retry-After": "300"})
        if found is None:
            return refusal(404, UNKNOWN)
        feed, copy = found
        request.scope["about"] = f"feed {feed.number}"
        if copy is None:
            return refusal(410, REVOKED)
        response = calendar(request, copy)
        if self._subscriptions.is_worth_noting(feed):
            response.background = BackgroundTask(self._note, feed)
        return response

    def _note(self, feed: Feed) -> None:
        try:
            self._subscriptions.note(feed)
        except SchedulerError as error:
            self._complain(f"the use of feed {feed.number} was not noted: {error}")


def calendar(request: Request, copy: Copy) -> Response:
    """200 with the calendar, or 304 without; to HEAD, the headers alone."""
    headers = {
        # Weak, for packed and plain bytes share it.
        "ETag": f'W/"{copy.tag}"',
        "Last-Modified": http_date(copy.modified),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
    }
    if has_already(request.headers, copy.tag, copy.modified):
        return Response(status_code=304, headers=headers)
    content = copy.content
    if takes_gzip(request.headers.get("accept-encoding", "")):
        content, headers["Content-Encoding"] = copy.packed, "gzip"
    headers["Content-Length"] = str(len(content))
    headers["Content-Disposition"] = f'inline; filename="{FILE}"'
    body = b"" if request.method == "HEAD" else content
    return Response(body, headers=headers, media_type="text/calendar")


def refusal(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    """An answer without a calendar; nobody may keep it."""
    return PlainTextResponse(words, status, {"Cache-Control": "no-store", **(headers or {})})
