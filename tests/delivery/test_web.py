"""Calendars on the web: conditional requests, and copies for when their server is down."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scheduler.delivery.network import Limits
from scheduler.delivery.web import FRESH, Content, Web
from scheduler.errors import BadInput
from scheduler.webaddress import WebAddress
from tests.running import calendar
from tests.webserver import TAKEN, Page, Reply, Site, conditional, web_site

OTHER = calendar("2026-04-10").encode()
OWN = frozenset({"127.0.0.1"})
PATH = "/private-7f3a/basic.ics"


@dataclass
class Desk:
    """A program that is run now and then, and the server that it asks."""

    site: Site
    cache: Path
    now: datetime = field(default=datetime(2026, 2, 20, 1, tzinfo=UTC))

    @property
    def address(self) -> WebAddress:
        return WebAddress.parse(self.site.url.replace("://", "://li:geheim@") + PATH)

    def web(self) -> Web:
        """The web as the next run sees it."""
        return Web(cache=self.cache, now=lambda: self.now, limits=Limits(read=0.2, total=0.3))

    def whole(self, body: bytes) -> Content:
        """An answer of now."""
        return Content(parts=((str(self.address), body),))

    def run(self, page: Page | None, **later: float) -> Content:
        """Read the calendar some time later, when the server has that page (None: is down)."""
        self.now += timedelta(**later)
        web = self.web()
        self.site.pages = {PATH: page} if page else {}
        web.fetch([self.address], OWN, self.now)
        return web.get(self.address)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with web_site() as site:
        yield Desk(site, tmp_path / "cache" / "calendars")


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ({"ETag": '"7"'}, {"If-None-Match": '"7"'}),
        ({"ETag": 'W/"7"'}, {"If-None-Match": 'W/"7"'}),
        (
            {"Last-Modified": "Fri, 20 Feb 2026 01:00:00 GMT"},
            {"If-Modified-Since": "Fri, 20 Feb 2026 01:00:00 GMT"},
        ),
        ({}, {}),
    ],
)
def test_what_did_not_change_is_not_sent_again(
    desk: Desk, header: dict[str, str], asked: dict[str, str]
) -> None:
    page = conditional(Reply(headers=header))
    for _ in range(3):
        assert desk.run(page, hours=1) == desk.whole(TAKEN)
    conditions = [
        {name: value for name, value in headers.items() if name.startswith("If-")}
        for _, headers in desk.site.requests
    ]
    assert conditions == [{}, asked, asked]
    # A copy that the server just called good is of now.
    stale = desk.run(desk.site.stalls, minutes=5).problem
    assert stale is not None
    assert stale.remedy == "it is 5 min old"


def test_what_changed_takes_the_place_of_the_copy(desk: Desk) -> None:
    desk.run(conditional(Reply(headers={"ETag": '"1"'})))
    other = conditional(Reply(body=OTHER, headers={"ETag": '"2"'}))
    assert desk.run(other, hours=1) == desk.run(other, hours=1) == desk.whole(OTHER)
    assert desk.site.requests[-1][1]["If-None-Match"] == '"2"'


def broken(body: bytes = b"", status: int = 200) -> Reply:
    return Reply(body=body, status=status)


FAILURES = [
    (broken(status=401), "wants another login (401)"),
    (broken(status=403), "wants another login (403)"),
    (broken(status=404), "answers with an error (404)"),
    (broken(status=410), "is gone for good (410); ask for its new address"),
    (broken(status=500), "answers with an error (500)"),
    (broken(status=503), "answers with an error (503)"),
    (broken(status=204), "answers with an error (204)"),
    (broken(b"<html>Please log in</html>"), "answers with what is no whole calendar"),
    (broken(b""), "answers with what is no whole calendar"),
    (broken(TAKEN[:-20]), "answers with what is no whole calendar"),
    (Reply(status=302, headers={"Location": "https://10.0.0.1/"}), "leads to 10.0.0.1, an add"),
]


@pytest.mark.parametrize(("reply", "says"), FAILURES)
def test_a_server_that_fails(desk: Desk, reply: Reply, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        desk.run(reply)
    [problem] = caught.value.problems
    assert problem.place == str(desk.address)
    assert problem.what.startswith(says)
    # With a copy it is no obstacle, and the copy survives whatever was said instead.
    desk.run(Reply())
    for days in (1, 2):
        content = desk.run(reply, days=1)
        assert content.parts == desk.whole(TAKEN).parts
        assert content.problem is not None
        assert content.problem.what.startswith(says)
        assert content.problem.what.endswith(": a copy of 2026-02-20 01:00 UTC is used instead")
        assert content.problem.remedy == f"it is {24 * days} h old".replace("48 h", "2 d")
    assert desk.run(Reply(body=OTHER)) == desk.whole(OTHER)


def test_a_server_that_is_down_or_slow(desk: Desk) -> None:
    desk.run(Reply())
    stalled = desk.run(desk.site.stalls, hours=1).problem
    assert stalled is not None
    assert stalled.what.startswith("does not answer in time: a copy of")


def test_a_304_to_somebody_without_a_copy_is_an_error(desk: Desk) -> None:
    with pytest.raises(BadInput, match=r"answers with an error \(304\)"):
        desk.run(broken(status=304))


def test_copies_are_for_their_owner_alone(desk: Desk) -> None:
    desk.cache.mkdir(parents=True)
    desk.cache.chmod(0o755)
    desk.run(Reply())
    [copy] = desk.cache.iterdir()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.cache.stat().st_mode) == 0o700
    for secret in (b"geheim", b"private-7f3a"):
        assert secret not in copy.read_bytes() + copy.name.encode()


def test_a_damaged_copy_is_none(desk: Desk) -> None:
    desk.run(Reply())
    [copy] = desk.cache.iterdir()
    sound = copy.read_bytes()
    for damaged in (sound[:-1], sound.partition(b"\n")[2], b"", b"{}\n", b"[]\n"):
        copy.write_bytes(damaged)
        with pytest.raises(BadInput, match="there is no copy of it to go by"):
            desk.run(broken(status=503))


def test_a_copy_that_cannot_be_kept_is_no_obstacle(desk: Desk) -> None:
    desk.cache.parent.mkdir()
    desk.cache.write_text("a file, where a folder should be")
    assert desk.run(Reply()) == desk.whole(TAKEN)


def test_two_addresses_have_two_copies(desk: Desk) -> None:
    addresses = [WebAddress.parse(f"{desk.site.url}/{name}") for name in "ab"]
    desk.site.pages = {"/a": Reply(), "/b": Reply(body=OTHER)}
    web = desk.web()
    web.fetch(addresses, OWN, desk.now)
    assert [web.get(address).parts[0][1] for address in addresses] == [TAKEN, OTHER]
    assert len(os.listdir(desk.cache)) == 2


def test_one_run_asks_once(desk: Desk) -> None:
    desk.site.pages = {PATH: Reply()}
    web = desk.web()
    for _ in range(2):
        web.fetch([desk.address, desk.address], OWN, desk.now)
    assert len(desk.site.requests) == 1
    assert web.missing([desk.address], desk.now) == []
    desk.now += FRESH + timedelta(seconds=1)
    assert web.missing([desk.address], desk.now) == [desk.address]
    web.fetch([desk.address], OWN, desk.now)
    assert len(desk.site.requests) == 2
