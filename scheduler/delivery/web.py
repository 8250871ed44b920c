"""Calendars on the web: asked for only when they changed, kept for when they do not answer.

A `Web` is asked for many calendars at once, and remembers for a minute what came of it.
When a server is down, answers with an error or with something that is no calendar, the
copy of its last good answer is used, and its age is told.

>>> from datetime import UTC
>>> web = Web(cache=Path("/nonexistent"), now=lambda: datetime(2026, 3, 2, tzinfo=UTC))
>>> [age(timedelta(**each)) for each in ({"minutes": 5}, {"hours": 47}, {"days": 9})]
['5 min', '47 h', '9 d']
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from scheduler.delivery.copies import Copies, Copy
from scheduler.errors import BadInput, Problem
from scheduler.readers.contentlines import calendars, decoded, printable
from scheduler.webaddress import Login, WebAddress

if TYPE_CHECKING:
    from scheduler.delivery.network import Answer, Limits, Network

FRESH = timedelta(minutes=1)
"""How long an answer counts as the present one: longer than any command waits for the book."""

YEAR = timedelta(days=366)
"""How far back collections are always asked about."""

AT_ONCE = 8
"""Servers that are asked side by side."""


Part = tuple[str, bytes]
"""A calendar file, and what it is called on the screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A calendar as one file or many; `problem` says why it may not be the present one."""

    parts: tuple[Part, ...]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """What came of a calendar that was asked for: when, and from which instant of it on."""

    at: datetime
    since: datetime
    outcome: Content | Problem


class Web:
    """The web as one run of the program sees it.

    `cache` is the folder of copies, `now` tells the instant, `login` who logs in to
    collections whose address names nobody.
    """

    def __init__(
        self,
        *,
        cache: Path,
        now: Callable[[], datetime],
        login: Callable[[], Login | None] = lambda: None,
        limits: "Limits | None" = None,
    ) -> None:
        self._copies, self._now, self._login, self._limits = Copies(cache), now, login, limits
        self._fetched: dict[WebAddress, _Fetched] = {}

    def missing(self, addresses: Iterable[WebAddress], since: datetime) -> list[WebAddress]:
        """Those of the addresses that would have to be asked for what takes time after `since`."""
        fresh = self._now() - FRESH
        known = {
            address
            for address, fetched in self._fetched.items()
            if fetched.at >= fresh and (fetched.since <= since or not address.collection)
        }
        return [address for address in dict.fromkeys(addresses) if address not in known]

    def fetch(
        self, addresses: Iterable[WebAddress], own_hosts: Collection[str], since: datetime
    ) -> None:
        """Ask for calendars that are not known, all side by side; what came of it, `get` tells.

        Raises:
            BadInput: the settings do not say how to log in.
        """
        asked, now = self.missing(addresses, since), self._now()
        # One answer serves all that a command asks about.
        since = min(since, now - YEAR)

        def fetch(address: WebAddress) -> _Fetched:
            outcome = self._outcome(address, own_hosts, since, now)
            return _Fetched(at=now, since=since, outcome=outcome)

        with ThreadPoolExecutor(AT_ONCE) as desks:
            self._fetched.update(zip(asked, desks.map(fetch, asked), strict=True))

    def get(self, address: WebAddress) -> Content:
        """What came of a calendar that was fetched.

        Raises:
            BadInput: it cannot be read, and there is no copy.
        """
        outcome = self._fetched[address].outcome
        if isinstance(outcome, Problem):
            raise BadInput([outcome])
        return outcome

    def _outcome(
        self, address: WebAddress, own_hosts: Collection[str], since: datetime, now: datetime
    ) -> Content | Problem:
        from scheduler.delivery.network import Failure, Limits, Network

        key = f"caldav+{address.url}" if address.collection else address.url
        copy = self._copies.of(key)
        try:
            with Network(own_hosts, self._limits or Limits()) as network:
                if address.collection:
                    answer = self._reported(network, address, since)
                else:
                    answer = network.ask("GET", address, _conditions(copy))
            if copy is not None and answer.status == HTTPStatus.NOT_MODIFIED:
                present = replace(copy, fetched=now)
            else:
                present = _copied(answer, now)
            parts = _parts(address, present.body)
        except Failure as failure:
            if copy is None:
                return Problem(str(address), failure.what, "there is no copy of it to go by")
            what = f"{failure.what}: a copy of {copy.fetched:%Y-%m-%d %H:%M} UTC is used instead"
            stale = Problem(str(address), what, f"it is {age(now - copy.fetched)} old")
            return Content(parts=_parts(address, copy.body), problem=stale)
        self._copies.keep(key, present)
        return Content(parts=parts)

    def _reported(self, network: "Network", address: WebAddress, since: datetime) -> "Answer":
        """The objects of a collection that take time after `since`."""
        from scheduler.delivery import caldav

        there = replace(address.folder(), login=address.login or self._login())
        return network.ask("REPORT", there, caldav.REPORT, caldav.taking_time(since))


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


def _copied(answer: "Answer", now: datetime) -> Copy:
    """The copy of an answer; Failure when it is an error."""
    from scheduler.delivery.network import Failure

    match answer.status:
        case HTTPStatus.OK | HTTPStatus.MULTI_STATUS:
            etag = answer.headers.get("etag", "")
            modified = answer.headers.get("last-modified", "")
            return Copy(body=answer.body, fetched=now, etag=etag, modified=modified)
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN as status:
            raise Failure(f"wants another login ({status})")
        case HTTPStatus.GONE:
            raise Failure("is gone for good (410); ask for its new address")
        case status:
            raise Failure(f"answers with an error ({status})")


def _parts(address: WebAddress, body: bytes) -> tuple[Part, ...]:
    """The calendars of an answer; Failure when it holds none, or is cut off."""
    from scheduler.delivery.network import Failure

    try:
        if address.collection:
            return tuple(_objects(address, body))
        calendars(decoded(body), str(address))
    except (BadInput, ValueError):
        raise Failure("answers with what is no whole calendar") from None
    return ((str(address), body),)


def _objects(address: WebAddress, body: bytes) -> Iterator[Part]:
    """The objects of a collection; each is told by the last part of its path."""
    from scheduler.readers.multistatus import resources

    for each in resources(body):
        if each.data:
            yield f"{address} {printable(each.path.rpartition('/')[2])}", each.data.encode()
