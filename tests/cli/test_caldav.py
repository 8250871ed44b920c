"""`schedule caldav`: what is refused, and that nothing secret is told."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.caldavservers import LOGIN, Server, publishing
from tests.running import Outcome, Schedule, site_file
from tests.webserver import Reply, trusted, web_site


@pytest.fixture
def enrolled(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    """A participant of a short study, and who logs in to CalDAV servers."""
    return publishing(schedule, monkeypatch)


def refused(schedule: Schedule, code: int, says: str, *words: str) -> Outcome:
    """A command that fails so, and leaves the book as it is."""
    rows = schedule.rows()
    outcome = schedule("caldav", *words)
    assert outcome.code == code, outcome.err
    assert says in outcome.err
    assert LOGIN.password not in outcome.out + outcome.err
    assert "Traceback" not in outcome.err
    assert schedule.rows() == rows
    return outcome


def test_addresses_are_written_without_login(enrolled: Schedule) -> None:
    for command in ("push", "pull"):
        url = f"https://li:{LOGIN.password}@dav.example/li/visits/"
        says = "address https://dav.example/li/visits/ is not possible: write it without login"
        refused(enrolled, 2, says, command, url)
        refused(enrolled, 2, "write it like https://", command, "visits")
        refused(enrolled, 2, "write it like https://", command, "ftp://dav.example/")


def test_a_login_is_whole(enrolled: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHEDULE_CALDAV_USER")
    refused(enrolled, 5, "CalDAV login: has no user", "push", "https://dav.example/")
    monkeypatch.delenv("SCHEDULE_CALDAV_PASSWORD")
    monkeypatch.setenv("SCHEDULE_CALDAV_USER", LOGIN.user)
    refused(enrolled, 5, "CalDAV login: has no password", "push", "https://dav.example/")


def test_a_password_in_a_file(
    enrolled: Schedule, radicale_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCHEDULE_CALDAV_PASSWORD")
    Path("secret").write_text(f"{LOGIN.password}\n")
    Path("secret").chmod(0o600)
    enrolled.write("schedule.toml", 'site_files = ["zj.toml"]\ncaldav_password_file = "secret"\n')
    url = radicale_server.fresh()
    assert enrolled("caldav", "push", url, "--create", "--dry-run").code == 0
    Path("secret").chmod(0o644)
    refused(enrolled, 5, "may be read by everybody on this computer", "push", url)


def test_a_wrong_login(
    enrolled: Schedule, radicale_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULE_CALDAV_PASSWORD", "wrong")
    url = radicale_server.fresh()
    outcome = refused(enrolled, 5, "refuses the login (401)", "push", url, "--create")
    assert "caldav_password_file" in outcome.err


def test_a_collection_that_is_not_there_or_none(enrolled: Schedule, dav: Server) -> None:
    refused(enrolled, 5, "is no calendar (--create makes one there)", "push", dav.fresh())
    refused(enrolled, 5, f"{dav.home}: is no calendar (", "push", dav.home)
    refused(enrolled, 2, "nothing was pushed there yet", "pull", dav.fresh())


def test_calendars_are_named_instead_of_a_wrong_address(
    enrolled: Schedule, xandikos_server: Server
) -> None:
    home = xandikos_server.home
    outcome = refused(enrolled, 5, "is no calendar (there are: ", "push", home)
    assert f"{home}calendar/" in outcome.err


def test_a_dry_run_sends_nothing(enrolled: Schedule, radicale_server: Server) -> None:
    url, rows = radicale_server.fresh(), enrolled.rows()
    outcome = enrolled("caldav", "push", url, "--create", "--dry-run")
    assert outcome.code == 0
    assert "3 created" in outcome.err
    assert "Dry run: nothing was sent or stored." in outcome.err
    assert enrolled.rows() == rows
    refused(enrolled, 5, "is no calendar", "push", url)


def test_what_is_pushed_where(enrolled: Schedule) -> None:
    url = "https://dav.example/li/"
    says = "--audience participant needs a --subject"
    refused(enrolled, 2, says, "push", url, "--audience", "participant")
    refused(enrolled, 2, 'no subject "ZJ-009"', "push", url, "--subject", "ZJ-009")


def test_a_collection_that_is_gone(enrolled: Schedule, radicale_server: Server) -> None:
    collection = radicale_server.collection()
    assert enrolled("caldav", "push", collection.url).code == 0
    collection.ask("DELETE", "")
    for command in ("push", "pull"):
        refused(enrolled, 5, "is no calendar", command, collection.url)
    assert enrolled("caldav", "push", collection.url, "--create", "--json").json["created"] == 3


def test_a_server_that_is_down_or_slow_to_please(enrolled: Schedule) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/li/"
    refused(enrolled, 7, f"{url} cannot be reached; try again later", "push", url)


@pytest.fixture(scope="session")
def other() -> Iterator[str]:
    """The address of a server that proves another name than its own; made by the real clock."""
    with web_site(certified="calendar.example") as site:
        yield site.url


def test_servers_that_are_none_or_not_trusted(
    other: str, enrolled: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trusted() as authority:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        refused(enrolled, 5, "has a certificate that is not trusted", "push", other)
    with web_site() as site:
        for status in (200, 405, 501):
            site.pages["/"] = Reply(status=status)
            refused(enrolled, 5, f"is no CalDAV collection ({status})", "push", site.url)
        site.requests.clear()
        enrolled.write("zj.toml", site_file())
        refused(enrolled, 5, "asks for 127.0.0.1 without encryption", "push", site.url)
        assert site.requests == []


def test_a_conflict_calendar_takes_no_visits(enrolled: Schedule, radicale_server: Server) -> None:
    collection = radicale_server.collection()
    entry = f'[[calendar]]\nsource = "caldav+{collection.url}"\nbelongs_to = "site"'
    enrolled.write("zj.toml", f'private_hosts = ["127.0.0.1"]\n{site_file(entry)}')
    says = "is a conflict calendar of the site; push into another collection"
    refused(enrolled, 9, says, "push", collection.url)
    assert collection.names() == []


def test_an_address_that_leads_elsewhere(enrolled: Schedule, radicale_server: Server) -> None:
    """Its objects would be looked for under names that they do not have."""
    collection = radicale_server.collection()
    with web_site() as site:
        site.pages["/dav/"] = Reply(status=301, headers={"Location": collection.url})
        says = f"leads to {collection.url} (write that address)"
        refused(enrolled, 5, says, "push", f"{site.url}/dav/")
