"""Requests: where they may go, how long they may take, how much may come back."""

import gzip
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from scheduler.delivery.network import Answer, Failure, Limits, Network
from scheduler.webaddress import WebAddress
from tests.webserver import TAKEN, Reply, Site, packed, trusted, web_site

OWN = frozenset({"127.0.0.1", "localhost"})


@pytest.fixture
def site() -> Iterator[Site]:
    with web_site() as site:
        yield site


def ask(url: str, own: frozenset[str] = OWN, **limits: Any) -> Answer:
    with Network(own, Limits(**limits)) as network:
        return network.ask("GET", WebAddress.parse(url))


def refused(url: str, own: frozenset[str] = OWN, **limits: float) -> Failure:
    with pytest.raises(Failure) as caught:
        ask(url, own, **limits)
    return caught.value


def test_an_answer_is_taken_whole_packed_or_not(site: Site) -> None:
    site.pages = {"/plain": Reply(), "/packed": packed(Reply())}
    for path in site.pages:
        assert ask(f"{site.url}{path}").body == TAKEN
    assert site.requests[0][1]["Accept-Encoding"] == "gzip"


def test_own_hosts_are_named(site: Site) -> None:
    site.pages["/"] = Reply()
    assert str(refused(site.url, frozenset())) == "asks for 127.0.0.1 without encryption"
    assert site.requests == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
def test_addresses_inside_are_not_asked_however_they_are_written(host: str) -> None:
    with web_site(certified="127.0.0.1") as site:
        port = site.url.rpartition(":")[2]
        failure = refused(f"https://{host}:{port}/", frozenset())
        assert "an address inside of a network" in failure.what
        assert not failure.worth_retrying
        assert site.requests == []


def test_what_was_checked_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that leads elsewhere the next time it is asked for gains nothing."""
    asked, connected = [], []

    def resolve(host: object, port: object, **_: object) -> list[object]:
        asked.append(host)
        place = "8.8.8.8" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    def connect(place: object, *_: object, **__: object) -> None:
        connected.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    failure = refused("https://calendar.example/", frozenset())
    assert (failure.what, failure.worth_retrying) == ("cannot be reached", True)
    assert (asked, connected) == ([b"calendar.example".decode()], [("8.8.8.8", 443)])


def test_one_address_inside_among_others_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (p, 443)) for p in ("8.8.8.8", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    failure = refused("https://calendar.example/", frozenset())
    assert failure.what == "leads to 10.0.0.1, an address inside of a network"


def test_a_host_with_several_addresses_is_reached_at_any(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/"] = Reply()
    port = int(site.url.rpartition(":")[2])
    places = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))
        for place in ("127.0.0.2", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    url = f"http://calendar.example:{port}/"
    assert ask(url, frozenset({"calendar.example"})).body == TAKEN
    assert site.requests[0][1]["Host"] == f"calendar.example:{port}"


def test_redirects_are_followed_and_counted(site: Site) -> None:
    site.pages = {
        f"/{n}": Reply(status=302, body=b"", headers={"Location": f"/{n + 1}"}) for n in range(9)
    }
    site.pages["/9"] = Reply()
    assert ask(f"{site.url}/4").body == TAKEN
    assert refused(f"{site.url}/3").what == "redirects more than 5 times"


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("https://10.0.0.1/", "leads to 10.0.0.1, an address inside"),
        ("https://169.254.169.254/latest/meta-data/", "leads to 169.254.169.254, an address"),
        ("http://calendar.example/", "asks for calendar.example without encryption"),
        ("file:///etc/passwd", "redirects to what is no address on the web"),
        ("https://", "redirects to what is no address on the web"),
    ],
)
def test_a_redirect_may_not_lead_where_an_address_may_not(
    site: Site, target: str, says: str
) -> None:
    site.pages["/"] = Reply(status=301, body=b"", headers={"Location": target})
    assert refused(site.url).what.startswith(says)


def test_a_login_stays_with_its_server(site: Site) -> None:
    with web_site() as other:
        other.pages["/"] = site.pages["/here"] = Reply()
        site.pages["/there"] = Reply(status=302, body=b"", headers={"Location": other.url})
        site.pages["/"] = Reply(status=302, body=b"", headers={"Location": "/here"})
        for path in ("/", "/there"):
            ask(site.url.replace("://", "://li:geheim@") + path)
        assert ["Authorization" in headers for _, headers in site.requests] == [True, True, True]
        assert ["Authorization" in headers for _, headers in other.requests] == [False]


def test_no_more_than_the_limit_is_read(site: Site) -> None:
    site.pages = {
        "/exact": Reply(body=b"x" * 1000),
        "/more": Reply(body=b"x" * 1001),
        "/bomb": Reply(body=gzip.compress(b"x" * 1001), headers={"Content-Encoding": "gzip"}),
    }
    assert len(ask(f"{site.url}/exact", size=1000).body) == 1000
    for path in ("/more", "/bomb"):
        assert refused(f"{site.url}{path}", size=1000).what == "answers with more than 0.001 MB"


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "deflate"])
def test_no_packing_but_the_one_asked_for(site: Site, packing: str) -> None:
    site.pages["/"] = Reply(headers={"Content-Encoding": packing})
    assert refused(site.url).what == "answers in a packing that was not asked for"


def test_a_packing_that_is_none(site: Site) -> None:
    site.pages["/"] = Reply(headers={"Content-Encoding": "gzip"})
    assert refused(site.url).what == "answers with what cannot be unpacked"


def test_nobody_is_waited_for_in_vain(site: Site) -> None:
    site.pages = {"/stalls": site.stalls, "/drips": site.drips}
    for path in site.pages:
        failure = refused(f"{site.url}{path}", read=0.2, total=0.3)
        assert (failure.what, failure.worth_retrying) == ("does not answer in time", True)


def test_a_server_that_is_down_breaks_off_or_does_not_exist(site: Site) -> None:
    def breaks_off(talk: BaseHTTPRequestHandler) -> None:
        talk.send_response(200)
        talk.send_header("Content-Length", "1000")
        talk.end_headers()
        talk.wfile.write(b"BEGIN")

    site.pages["/"] = breaks_off
    assert refused(site.url).what == "breaks off"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert refused(f"http://127.0.0.1:{port}/").what == "cannot be reached"
    failure = refused("https://no-such-host.invalid/")
    assert (failure.what, failure.worth_retrying) == ("has a host that cannot be found", True)


def test_a_server_must_prove_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, trust in (("127.0.0.1", False), ("calendar.example", True)):
        with web_site(certified=name) as site, trusted() as authority:
            site.pages["/"] = Reply()
            monkeypatch.setenv("SSL_CERT_FILE", str(authority if trust else "/dev/null"))
            failure = refused(site.url)
            assert failure.what.startswith("has a certificate that is not trusted (")
            assert not failure.worth_retrying
            assert site.requests == []


def test_a_server_that_proves_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with web_site(certified="localhost") as site, trusted() as authority:
        site.pages["/"] = Reply()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        url = site.url.replace("127.0.0.1", "localhost")
        assert ask(url).body == TAKEN


def test_proxies_of_the_environment_are_not_used(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/"] = Reply()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(site.url).body == TAKEN
