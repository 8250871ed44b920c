"""Answers of CalDAV servers, right ones and others."""

import pytest

from scheduler.readers.multistatus import resources

BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;">]>
<multistatus xmlns="DAV:"><response><href>&y;</href></response></multistatus>"""
FILE = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<multistatus xmlns="DAV:"><response><href>&x;</href></response></multistatus>"""
CALENDAR = b"""<a:multistatus xmlns:a="DAV:" xmlns:b="urn:ietf:params:xml:ns:caldav"><a:response>
<a:href>/li/visits/</a:href>
<a:propstat><a:prop><a:resourcetype><a:collection/><b:calendar/></a:resourcetype>
<a:displayname> Visits </a:displayname>
<a:current-user-principal><a:href>/li/</a:href></a:current-user-principal></a:prop>
<a:status>HTTP/1.1 200 OK</a:status></a:propstat>
<a:propstat><a:prop><a:getetag/><b:calendar-home-set><a:href>/no/</a:href></b:calendar-home-set>
</a:prop><a:status>HTTP/1.1 404 Not Found</a:status></a:propstat></a:response>
<a:response><a:href>/li/gone.ics</a:href><a:status>HTTP/1.1 404 Not Found</a:status></a:response>
</a:multistatus>"""


def test_properties_count_where_the_server_has_them() -> None:
    calendar, gone = resources(CALENDAR)
    assert (calendar.path, calendar.found, calendar.is_calendar) == ("/li/visits/", True, True)
    assert (calendar.name, calendar.principal, calendar.home) == ("Visits", "/li/", "")
    assert (gone.path, gone.found, gone.etag) == ("/li/gone.ics", False, "")


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", b"not XML", CALENDAR[:-20], BOMB, FILE, b"\xff\xfe\x00"]
)
def test_what_is_none(body: bytes) -> None:
    with pytest.raises(ValueError, match="is no list of resources"):
        resources(body)
