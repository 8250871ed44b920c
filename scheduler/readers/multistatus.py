"""What a CalDAV server says of its resources (RFC 4918 13, RFC 4791).

>>> answer = b'''<multistatus xmlns="DAV:"><response><href>https://a.example/li/a%20b.ics</href>
... <propstat><prop><getetag>"7"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat>
... </response></multistatus>'''
>>> [resource] = resources(answer)
>>> resource.path, resource.etag, resource.found, resource.is_calendar
('/li/a b.ics', '"7"', True, False)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource; what a server does not tell of it is empty.

    `path` is its place on the server without any escape, by which resources are compared.
    `principal` and `home` are paths too: of the person, and of that person's calendars.
    """

    path: str
    found: bool
    etag: str = ""
    data: str = ""
    name: str = ""
    principal: str = ""
    home: str = ""
    is_calendar: bool = False


def resources(body: bytes) -> list[Resource]:
    """Every resource of a multistatus answer.

    Raises:
        ValueError: it is none, or tries what XML should not.
    """
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise ValueError("is no list of resources") from None
    if root.tag != f"{DAV}multistatus":
        raise ValueError("is no list of resources")
    return [_resource(response) for response in root.findall(f"{DAV}response")]


def path_of(href: str) -> str:
    """The path of an href, absolute or not, without escapes.

    Raises:
        ValueError: it is none.
    """
    return unquote(urlsplit(href.strip()).path)


def _resource(response: Element) -> Resource:
    told = {prop.tag: prop for prop in _told(response)}
    status = response.findtext(f"{DAV}status")
    kinds = told.get(f"{DAV}resourcetype")
    return Resource(
        path=path_of(response.findtext(f"{DAV}href", "")),
        found=status is None or _is_ok(status),
        etag=_text(told.get(f"{DAV}getetag")),
        data=_text(told.get(f"{CALDAV}calendar-data")),
        name=_text(told.get(f"{DAV}displayname")),
        principal=_path(told.get(f"{DAV}current-user-principal")),
        home=_path(told.get(f"{CALDAV}calendar-home-set")),
        is_calendar=kinds is not None and kinds.find(f"{CALDAV}calendar") is not None,
    )


def _told(response: Element) -> Iterator[Element]:
    """The properties that the server has of a resource."""
    for group in response.findall(f"{DAV}propstat"):
        if _is_ok(group.findtext(f"{DAV}status", "")):
            yield from (prop for each in group.findall(f"{DAV}prop") for prop in each)


def _is_ok(status: str) -> bool:
    # HTTP/1.1 200 OK
    return status.split()[1:2] == ["200"]


def _text(prop: Element | None) -> str:
    return "" if prop is None or prop.text is None else prop.text.strip()


def _path(prop: Element | None) -> str:
    href = None if prop is None else prop.findtext(f"{DAV}href")
    return path_of(href) if href else ""
