"""A CalDAV collection, as far as visits are published into it and read from it (RFC 4791).

Every write says which version it means to replace, so that nothing that people changed
meanwhile is lost.

>>> b'<C:time-range start="20260302T000000Z"/>' in taking_time(datetime(2026, 3, 2, tzinfo=UTC))
True
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote
from xml.sax.saxutils import escape

from scheduler.delivery.network import Answer, Failure, Network
from scheduler.errors import BadInput, DeliveryFailed, Problem
from scheduler.readers.multistatus import Resource, resources
from scheduler.webaddress import WebAddress

AT_ONCE = 100
"""Objects that are asked for in one request."""

XML = {"Content-Type": "application/xml; charset=utf-8"}
REPORT = {**XML, "Depth": "1"}
ICALENDAR = {"Content-Type": "text/calendar; charset=utf-8"}

_REFUSED = frozenset(
    # For a UID that another object has, servers answer with any of the first two.
    {HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}
)
_LATER = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.LOCKED,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)
_NAMES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
_DESCRIBE = (
    f"<D:propfind {_NAMES}><D:prop><D:resourcetype/><D:displayname/>"
    "<D:current-user-principal/><C:calendar-home-set/></D:prop></D:propfind>"
)
_LIST = f"<D:propfind {_NAMES}><D:prop><D:getetag/></D:prop></D:propfind>"
_WANTED = "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
_GET = f"<C:calendar-multiget {_NAMES}>{_WANTED}{{}}</C:calendar-multiget>"
_QUERY = (
    f'<C:calendar-query {_NAMES}>{_WANTED}<C:filter><C:comp-filter name="VCALENDAR">'
    '<C:comp-filter name="VEVENT">{}</C:comp-filter></C:comp-filter></C:filter>'
    "</C:calendar-query>"
)
_MAKE = (
    f"<C:mkcalendar {_NAMES}><D:set><D:prop><D:displayname>{{}}</D:displayname>"
    "</D:prop></D:set></C:mkcalendar>"
)


class ServerFailed(DeliveryFailed):
    """A server did not do now what it may do later."""

    def __init__(self, url: str, what: str) -> None:
        super().__init__(f"{url} {what}; try again later")


class Collection:
    """The collection at an address, asked through a network.

    Objects are told apart by their path on the server.

    Every method raises `DeliveryFailed` when the same request may succeed later, and
    `BadInput` when it will not before somebody sees to it: a wrong address, login or
    certificate.
    """

    def __init__(self, network: Network, address: WebAddress) -> None:
        self._network = network
        self._address = address.folder()
        self.path = self._address.path

    def exists(self) -> bool:
        """Whether there is a calendar at the address; where there is something else, it is told."""
        answer = self._ask("PROPFIND", "", _DESCRIBE, {**XML, "Depth": "0"})
        if answer.status == HTTPStatus.NOT_FOUND:
            return False
        if answer.address.path != self.path:
            # Objects would be looked for under the wrong names.
            what = f"leads to {answer.address.url}"
            raise BadInput([Problem(self._address.url, what, "write that address")])
        here = next(iter(self._resources(answer)), None)
        if here is None or not here.found:
            return False
        if not here.is_calendar:
            raise BadInput([self._no_calendar(here)])
        return True

    def make(self, name: str) -> None:
        """Make the calendar, under that name."""
        answer = self._ask("MKCALENDAR", "", _MAKE.format(escape(name)), XML)
        if answer.status != HTTPStatus.CREATED:
            raise self._refusal(answer.status, "make it in the server's own pages")

    def listing(self) -> dict[str, str]:
        """Every object's path and the tag of its version."""
        answer = self._ask("PROPFIND", "", _LIST, {**XML, "Depth": "1"})
        found = self._resources(answer)
        objects = (each for each in found if each.found and not each.path.endswith("/"))
        return {each.path: each.etag for each in objects if f"{each.path}/" != self.path}

    def get(self, paths: Sequence[str]) -> dict[str, Resource]:
        """Those of the objects that there are, with tag and text."""
        found: dict[str, Resource] = {}
        for start in range(0, len(paths), AT_ONCE):
            named = (quote(path) for path in paths[start : start + AT_ONCE])
            hrefs = "".join(f"<D:href>{escape(href)}</D:href>" for href in named)
            found |= self._report(_GET.format(hrefs))
        return found

    def with_uid(self, uid: str) -> dict[str, Resource]:
        """The objects that hold the event of that UID: one, or none."""
        match = f'<C:text-match collation="i;octet">{escape(uid)}</C:text-match>'
        return self._report(_QUERY.format(f'<C:prop-filter name="UID">{match}</C:prop-filter>'))

    def put(self, path: str, data: bytes, etag: str | None) -> str | None:
        """Write an object: a new one, or in place of the version `etag`.

        Returns:
            The tag of the new version, "" where the server does not tell; None when
            another version than that one is there, or another object of that event.
        """
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        answer = self._ask("PUT", path, data, {**ICALENDAR, **condition})
        if answer.status in _REFUSED or answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status not in {HTTPStatus.CREATED, HTTPStatus.NO_CONTENT, HTTPStatus.OK}:
            raise self._refusal(answer.status)
        return answer.headers.get("etag", "")

    def delete(self, path: str, etag: str) -> bool:
        """Remove the version `etag` of an object; False when another version is there."""
        answer = self._ask("DELETE", path, headers={"If-Match": etag})
        if answer.status == HTTPStatus.PRECONDITION_FAILED:
            return False
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
            raise self._refusal(answer.status)
        return True

    def _report(self, body: str) -> dict[str, Resource]:
        answer = self._ask("REPORT", "", body, REPORT)
        return {each.path: each for each in self._resources(answer) if each.found and each.data}

    def _resources(self, answer: Answer) -> list[Resource]:
        if answer.status != HTTPStatus.MULTI_STATUS:
            raise self._refusal(answer.status)
        try:
            return resources(answer.body)
        except ValueError as error:
            raise BadInput([Problem(self._address.url, f"answers with what {error}")]) from None

    def _ask(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, about the collection itself or an object in it."""
        there = self._address.at(quote(path)) if path else self._address
        content = body.encode() if isinstance(body, str) else body
        try:
            return self._network.ask(method, there, headers or {}, content)
        except Failure as failure:
            if failure.worth_retrying:
                raise ServerFailed(self._address.url, failure.what) from None
            raise BadInput([Problem(self._address.url, failure.what)]) from None

    def _refusal(self, status: int, remedy: str = "") -> BadInput | ServerFailed:
        """An answer that is none, as the error it is."""
        url = self._address.url
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            remedy = remedy or "set caldav_user and caldav_password_file"
            return BadInput([Problem(url, f"refuses the login ({status})", remedy)])
        if status in _LATER or status > HTTPStatus.NOT_IMPLEMENTED:
            return ServerFailed(url, f"answers with an error ({status})")
        return BadInput([Problem(url, f"is no CalDAV collection ({status})", remedy)])

    def _no_calendar(self, here: Resource) -> Problem:
        """What to name instead of an address that is on the server but no calendar."""
        calendars = ", ".join(self._calendars(here))
        remedy = f"there are: {calendars}" if calendars else "name a calendar of yours"
        return Problem(self._address.url, "is no calendar", remedy)

    def _calendars(self, here: Resource) -> Iterator[str]:
        """Addresses of the calendars of whoever has logged in."""
        home = here.home
        if not home and here.principal:
            answer = self._ask("PROPFIND", here.principal, _DESCRIBE, {**XML, "Depth": "0"})
            home = next((each.home for each in self._resources(answer)), "")
        if home:
            answer = self._ask("PROPFIND", home, _DESCRIBE, {**XML, "Depth": "1"})
            for each in self._resources(answer):
                if each.is_calendar:
                    yield self._address.at(quote(each.path)).url


def taking_time(since: datetime) -> bytes:
    """The question for all objects that take time after an instant, asked with `REPORT`."""
    span = f'<C:time-range start="{since.astimezone(UTC):%Y%m%dT%H%M%SZ}"/>'
    return _QUERY.format(span).encode()
