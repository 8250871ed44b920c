"""A CalDAV server as a process of its own on the loopback interface, and a client for it.

The client does what calendar programs do with a file: each event is put under the name of
its UID, so that a newer one takes the place of the older.
"""

import http.client
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from itertools import takewhile
from pathlib import Path
from socket import socket
from threading import Thread
from xml.etree import ElementTree

import icalendar

CALENDAR = "/li/visits/"
_QUERY = """<?xml version="1.0" encoding="utf-8" ?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
  <D:prop><C:calendar-data/></D:prop>
  <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
    <C:time-range start="{start:%Y%m%d}T000000Z" end="{end:%Y%m%d}T000000Z"/>
  </C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>
"""
_DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"


class CalDav:
    """A user of the server, with one calendar."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ask("MKCALENDAR", CALENDAR)

    def imports(self, data: bytes) -> None:
        """Put every event of a file, with its time zone, as an object of its own."""
        calendar = icalendar.Calendar.from_ical(data)
        for event in calendar.events:
            single = icalendar.Calendar()
            single["VERSION"], single["PRODID"] = calendar["VERSION"], calendar["PRODID"]
            for zone in calendar.timezones:
                single.add_component(zone)
            single.add_component(event)
            self._ask("PUT", f"{CALENDAR}{event['UID']}.ics", single.to_ical())

    def events(self) -> list[icalendar.Event]:
        """Every event of the calendar."""
        return list(icalendar.Calendar.from_ical(self._ask("GET", CALENDAR)).events)

    def events_between(self, first: date, last: date) -> list[icalendar.Event]:
        """What the server finds between two days (UTC), both inclusive."""
        query = _QUERY.format(start=first, end=last + timedelta(days=1)).encode()
        answer = ElementTree.fromstring(self._ask("REPORT", CALENDAR, query, Depth="1"))
        objects = (found.text or "" for found in answer.iter(_DATA))
        return [event for text in objects for event in icalendar.Calendar.from_ical(text).events]

    def _ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
        login = b64encode(b"li:any").decode()
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)) as server:
            server.request(method, path, body, {"Authorization": f"Basic {login}", **headers})
            answer = server.getresponse()
            content = answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {content.decode()}"
        return content


@contextmanager
def caldav(folder: Path) -> Iterator[CalDav]:
    """A server with nothing in it, while the block runs."""
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    options = (
        f"--server-hosts=127.0.0.1:{port}",
        f"--storage-filesystem-folder={folder}",
        "--auth-type=none",
        "--web-type=none",
        "--config=",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "radicale", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = list(takewhile(lambda line: "Radicale server ready" not in line, process.stderr))
        # A full pipe would stop the server: what it says from here on is read and dropped.
        Thread(target=process.stderr.read).start()
        try:
            assert process.poll() is None, f"Radicale does not start:\n{''.join(said)}"
            yield CalDav(port)
        finally:
            process.terminate()
