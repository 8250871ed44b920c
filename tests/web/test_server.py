"""The server as a process: it starts by one command, keeps secrets, and stops cleanly."""

import gzip
import os
import signal
import socket
from contextlib import closing
from pathlib import Path
from threading import Thread

import httpx
import pytest

from scheduler.web.server import listen
from tests.databases import SqliteFiles
from tests.running import Schedule, site_file
from tests.subscribing import path_of, served


@pytest.fixture
def feed(journey: Schedule) -> str:
    """The path of a staff feed of the worked example's site, on either engine."""
    journey.enter()
    return path_of(journey)


def test_feeds_are_served_until_the_signal(feed: str) -> None:
    with served() as server:
        with server.client.stream("GET", feed, headers={"Accept-Encoding": "gzip"}) as answer:
            packed = b"".join(answer.iter_raw())
        head = server.client.head(feed, headers={"Accept-Encoding": "identity"})
        known = server.client.get(feed, headers={"If-None-Match": answer.headers["etag"]})
        statuses = [
            server.client.get(path).status_code for path in ("/feeds/x/calendar.ics", "/healthz")
        ]
        assert server.stop() == 0
    plain = gzip.decompress(packed)
    assert plain.count(b"BEGIN:VEVENT") == 13
    assert (head.status_code, known.status_code, known.content) == (200, 304, b"")
    assert int(head.headers["content-length"]) == len(plain)
    assert statuses == [404, 200]
    assert [line.split(" ", 1)[1] for line in server.log] == [
        f"GET feed 1 200 {len(packed)}",
        "HEAD feed 1 200 0",
        "GET feed 1 304 0",
        "GET - 404 38",
        "GET health 200 3",
    ]


def test_a_running_request_is_finished_before_it_stops(journey: Schedule) -> None:
    """The site file is a pipe, so the test decides when the request can go on."""
    journey.enter()
    feed = path_of(journey)
    pipe = journey.folder / "zj.toml"
    os.mkfifo(pipe)
    with served(site_files=str(pipe)) as server:
        answers: list[httpx.Response] = []
        asking = Thread(target=lambda: answers.append(server.client.get(feed)))
        asking.start()
        with pipe.open("w") as writing:  # opens when the server does
            server.process.send_signal(signal.SIGTERM)
            _until_refused(server.url)
            writing.write(site_file())
        asking.join()
        assert server.wait() == 0
    [answer] = answers
    assert answer.status_code == 200
    assert answer.content.count(b"BEGIN:VEVENT") == 13


def _until_refused(url: str) -> None:
    """Return once the server takes no connection any more."""
    while True:
        try:
            httpx.get(f"{url}/healthz", trust_env=False)
        except httpx.TransportError:
            return


@pytest.fixture
def enrolled(schedule: Schedule) -> Schedule:
    schedule.enter()
    return schedule


def test_only_a_trusted_proxy_speaks_for_others(enrolled: Schedule) -> None:
    feed = path_of(enrolled)
    forwarded = {"X-Forwarded-For": "203.0.113.9, 192.0.2.7", "X-Forwarded-Proto": "https"}
    seen = {}
    for proxies in ("127.0.0.1, 10.0.0.0/8", "10.0.0.0/8"):
        with served(trusted_proxies=proxies) as server:
            answer = server.client.get(feed, headers=forwarded)
            assert server.stop(signal.SIGINT) == 0
        seen[proxies] = server.log[0].split()[0], "strict-transport-security" in answer.headers
    assert seen == {
        # The last is whom the proxy saw; what stands before it anybody may have written.
        "127.0.0.1, 10.0.0.0/8": ("192.0.2.7", True),
        "10.0.0.0/8": ("127.0.0.1", False),
    }


def test_the_end_of_an_answer_does_not_wait_for_its_beginning() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_what_keeps_it_from_starting(enrolled: Schedule, sqlite_files: SqliteFiles) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        outcome = enrolled("serve", "--port", str(port))
    assert outcome.code == 5
    assert f"127.0.0.1:{port}: cannot be listened on: Address already in use" in outcome.err
    assert enrolled("serve", "--host", "nowhere.invalid").code == 5
    assert enrolled("serve", "--port", "70000").code == 2
    with sqlite_files.empty() as url:
        Path(url.removeprefix("sqlite:///")).parent.mkdir()
        Path(url.removeprefix("sqlite:///")).write_text("no book" * 1000)
        assert enrolled("--database", url, "serve", "--port", "0").code == 6


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PUBLIC_URL", "visits.example.org", "visits.example.org is no address of a server"),
        ("PUBLIC_URL", "ftp://visits.example.org", "is no address of a server"),
        ("PUBLIC_URL", "https://li:secret@visits.example.org", "is no address of a server"),
        ("PUBLIC_URL", "https://", "write it like https://visits.hospital.example/calendars"),
        ("TRUSTED_PROXIES", "10.0.0.5, proxy", '"proxy" is no address'),
        ("TRUSTED_PROXIES", "*", '"*" is no address'),
    ],
)
def test_settings_that_cannot_be_meant(
    enrolled: Schedule, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"SCHEDULE_{name}", value)
    outcome = enrolled("serve", "--port", "0")
    assert outcome.code == 5
    assert says in outcome.err
