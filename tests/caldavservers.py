"""Real CalDAV servers as processes of their own on the loopback interface.

Each has a user "li" and a root for collections; a test takes a collection of its own by a
name that no other test takes.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from socket import create_connection, socket
from xml.etree import ElementTree

import httpx
import pytest

from scheduler.webaddress import Login
from tests.running import SHORT, Schedule, site_file

LOGIN = Login(user="li", password="geheim")
_numbers = count(1)

MAKE = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"/>"""
XML = {"Content-Type": "application/xml"}
LIST = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'


@dataclass(frozen=True)
class Server:
    """A running server; `home` is where the collections of li are."""

    name: str
    home: str

    def fresh(self) -> str:
        """The address of a collection that does not exist yet."""
        return f"{self.home}c{next(_numbers)}/"

    def collection(self) -> "Collection":
        """A new collection."""
        collection = Collection(self.fresh())
        collection.ask("MKCALENDAR", "", MAKE.encode(), **XML)
        return collection


@dataclass(frozen=True)
class Collection:
    """A collection as a person's calendar program sees it."""

    url: str

    def ask(self, method: str, name: str, body: bytes = b"", **headers: str) -> httpx.Response:
        """One request, which must succeed."""
        answer = httpx.request(
            method,
            self.url + name,
            content=body,
            headers={"Content-Type": "text/calendar; charset=utf-8"} | headers,
            auth=(LOGIN.user, LOGIN.password),
            trust_env=False,
        )
        assert answer.is_success, f"{method} {name}: {answer.status_code} {answer.text}"
        return answer

    def get(self, name: str) -> str:
        """The text of an object."""
        return self.ask("GET", name).text

    def put(self, name: str, text: str) -> None:
        """Write an object, whatever was there."""
        self.ask("PUT", name, text.encode())

    def delete(self, name: str) -> None:
        """Remove an object."""
        self.ask("DELETE", name)

    def tags(self) -> dict[str, str]:
        """The name of every object, and the tag of its version."""
        base = httpx.URL(self.url).path
        found = {}
        answer = self.ask("PROPFIND", "", LIST.encode(), Depth="1", **XML)
        for response in ElementTree.fromstring(answer.content).iter("{DAV:}response"):
            name = response.findtext("{DAV:}href", "").removeprefix(base)
            if name.endswith(".ics"):
                found[name] = next(tag.text or "" for tag in response.iter("{DAV:}getetag"))
        return found

    def names(self) -> list[str]:
        """The names of all objects."""
        return sorted(self.tags())


def publishing(schedule: Schedule, monkeypatch: pytest.MonkeyPatch, *more: str) -> Schedule:
    """A participant of a short study, at a site whose desk logs in to servers here.

    `more` tables stand in its site file.
    """
    monkeypatch.setenv("SCHEDULE_CALDAV_USER", LOGIN.user)
    monkeypatch.setenv("SCHEDULE_CALDAV_PASSWORD", LOGIN.password)
    schedule.write("zj.toml", f'private_hosts = ["127.0.0.1"]\n{site_file(*more)}')
    schedule.write("schedule.toml", 'site_files = ["zj.toml"]\n')
    schedule.write("short.toml", SHORT)
    assert schedule.enter("a", "short.toml") == "ZJ-001"
    return schedule


@contextmanager
def radicale(folder: Path) -> Iterator[Server]:
    """Radicale, which wants the login."""
    users = folder / "users"
    folder.mkdir(exist_ok=True)
    users.write_text(f"{LOGIN.user}:{LOGIN.password}\n")
    port = _free_port()
    options = (
        f"--server-hosts=127.0.0.1:{port}",
        f"--storage-filesystem-folder={folder / 'collections'}",
        "--auth-type=htpasswd",
        f"--auth-htpasswd-filename={users}",
        "--auth-htpasswd-encryption=plain",
        "--auth-delay=0",
        "--web-type=none",
        "--config=",
    )
    with _running([sys.executable, "-m", "radicale", *options], port):
        yield Server("radicale", f"http://127.0.0.1:{port}/{LOGIN.user}/")


@contextmanager
def xandikos(folder: Path) -> Iterator[Server]:
    """Xandikos, which lets everybody in."""
    port = _free_port()
    folder.mkdir(exist_ok=True)
    command = Path(sys.executable).parent / "xandikos"
    options = (
        *("serve", "--listen-address=127.0.0.1", f"--port={port}", "--defaults"),
        *(f"--directory={folder / 'data'}", f"--state-dir={folder / 'state'}"),
        "--current-user-principal=/li/",
    )
    with _running([str(command), *options], port):
        yield Server("xandikos", f"http://127.0.0.1:{port}/li/calendars/")


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(process, port)
            yield
        finally:
            process.terminate()


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    """Until the server listens: it says so nowhere else."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"{process.args!r} does not start")


def _free_port() -> int:
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
