"""Calendars on the web: asked for only when they changed, kept for when they do not answer.

A `Web` is asked for many calendars at once, and remembers for a minute what came of it.
When a server is down, answers with an error or with something that is no calendar, the
copy of its last good answer is used, and its age is told.

>>> from datetime import UTC
>>> web = Web(cache=Path("/nonexistent"), now=lambda: datetime(2026, 3, 2, tzinfo=UTC))
>>> [age(timedelta(**each)) for each in ({"minutes": 5}, {"hours": 47}, {"days": 9})]
['5 min', '47 h', '9 d']
"""

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.delivery.copies import Copies, Copy
from scheduler.errors import BadInput, Problem
from scheduler.readers.contentlines import calendars, decoded
from scheduler.webaddress import WebAddress

if TYPE_CHECKING:
    from scheduler.delivery.network import Answer, Limits

FRESH = timedelta(minutes=1)
"""How long an answer counts as the present one: longer than any command waits for the book."""

AT_ONCE = 8
"""Servers that are asked side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The text of a calendar; `problem` says why it may not be the present one."""

    body: bytes
    problem: Problem | None = None


class Web:
    """The web as one run of the program sees it.

    `cache` is the folder of copies, `now` tells the instant.
    """

    def __init__(
        self, *, cache: Path, now: Callable[[], datetime], limits: "Limits | None" = None
    ) -> None:
        self._copies, self._now, self._limits = Copies(cache), now, limits
        self._fetched: dict[WebAddress, tuple[datetime, Content | Problem]] = {}

    def missing(self, addresses: Iterable[WebAddress]) -> list[WebAddress]:
        """Those of the addresses that would have to be asked."""
        since = self._now() - FRESH
        known = {address for address, (at, _) in self._fetched.items() if at >= since}
        return [address for address in dict.fromkeys(addresses) if address not in known]

    def fetch(self, addresses: Iterable[WebAddress], own_hosts: Collection[str]) -> None:
        """Ask for calendars that are not known, all side by side; what came of it, `get` tells."""
        asked, now = self.missing(addresses), self._now()
        with ThreadPoolExecutor(AT_ONCE) as desks:
            found = desks.map(lambda address: self._fetch(address, own_hosts, now), asked)
            self._fetched.update(
                (address, (now, each)) for address, each in zip(asked, found, strict=True)
            )

    def get(self, address: WebAddress) -> Content:
        """What came of a calendar that was fetched.

        Raises:
            BadInput: it cannot be read, and there is no copy.
        """
        _, found = self._fetched[address]
        if isinstance(found, Problem):
            raise BadInput([found])
        return found

    def _fetch(
        self, address: WebAddress, own_hosts: Collection[str], now: datetime
    ) -> Content | Problem:
        from scheduler.delivery.network import Failure, Limits, Network

        copy = self._copies.of(address.url)
        try:
            with Network(own_hosts, self._limits or Limits()) as network:
                answer = network.ask("GET", address, _conditions(copy))
            return Content(body=self._taken(address, answer, copy, now))
        except Failure as failure:
            if copy is None:
                return Problem(str(address), failure.what, "there is no copy of it to go by")
            what = f"{failure.what}: a copy of {copy.fetched:%Y-%m-%d %H:%M} UTC is used instead"
            stale = Problem(str(address), what, f"it is {age(now - copy.fetched)} old")
            return Content(body=copy.body, problem=stale)

    def _taken(
        self, address: WebAddress, answer: "Answer", copy: Copy | None, now: datetime
    ) -> bytes:
        """The calendar of an answer, of which a copy is kept."""
        if answer.status == HTTPStatus.NOT_MODIFIED and copy is not None:
            present = replace(copy, fetched=now)
        else:
            _check(address, answer)
            present = Copy(
                body=answer.body,
                fetched=now,
                etag=answer.headers.get("etag", ""),
                modified=answer.headers.get("last-modified", ""),
            )
        self._copies.keep(address.url, present)
        return present.body


def age(past: timedelta) -> str:
    """How long ago something was, in the unit that fits."""
    if past < timedelta(hours=1):
        return f"{past // timedelta(minutes=1)} min"
    if past < timedelta(days=2):
        return f"{past // timedelta(hours=1)} h"
    return f"{past.days} d"


def _conditions(copy: Copy | None) -> dict[str, str]:
    """Headers by which a server says only that the copy is still good (RFC 9110 13.1)."""
    known = {"If-None-Match": copy.etag, "If-Modified-Since": copy.modified} if copy else {}
    return {name: value for name, value in known.items() if value}


def _check(address: WebAddress, answer: "Answer") -> None:
    """Failure for an answer that holds no calendar."""
    from scheduler.delivery.network import Failure

    match answer.status:
        case HTTPStatus.OK:
            try:
                calendars(decoded(answer.body), str(address))
            except BadInput:
                raise Failure("answers with what is no whole calendar") from None
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN as status:
            raise Failure(f"wants another login ({status})")
        case HTTPStatus.GONE:
            raise Failure("is gone for good (410); ask for its new address")
        case status:
            raise Failure(f"answers with an error ({status})")
