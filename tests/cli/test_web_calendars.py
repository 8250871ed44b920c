"""Conflict calendars on the web, as people meet them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.running import WORKED, Schedule, calendar, site_file
from tests.webserver import Reply, Site, Talk, web_site

SECRET = "private-7f3a"
PATH = f"/{SECRET}/basic.ics"
TAKEN = calendar("2026-04-09")


@pytest.fixture
def site() -> Iterator[Site]:
    with web_site() as site:
        yield site


@pytest.fixture
def enrolled(schedule: Schedule, site: Site) -> Schedule:
    """The worked example, at a site whose file names an empty calendar on the web."""
    site.pages[PATH] = Reply(body=calendar().encode())
    url = site.url.replace("://", "://li:geheim@") + PATH
    entry = f'[[calendar]]\nsource = "{url}"\nbelongs_to = "site"'
    text = 'private_hosts = ["127.0.0.1"]\n' + site_file(entry)
    schedule.write("zj.toml", text)
    schedule.write("schedule.toml", 'site_files = ["zj.toml"]\n')
    schedule.enter()
    return schedule


def test_a_calendar_on_the_web_blocks_visits(enrolled: Schedule, site: Site) -> None:
    assert enrolled("check").code == 0
    site.pages[PATH] = Reply(body=TAKEN.encode())
    outcome = enrolled("check", "--json")
    assert outcome.code == 4
    [visit] = outcome.json["blocked"]
    assert visit["encounter"] == "infusion-1"
    assert visit["reasons"][0].startswith("site taken 2026-04-09 (127.0.0.1")
    assert SECRET not in outcome.out + outcome.err
    assert "geheim" not in outcome.out + outcome.err


def test_a_server_that_is_down_makes_the_check_incomplete(enrolled: Schedule, site: Site) -> None:
    """The copy is that of the enrollment."""
    site.pages[PATH] = Reply(status=503)
    outcome = enrolled("check", "--json")
    assert outcome.code == 5
    [problem] = outcome.json["incomplete"]
    assert "answers with an error (503): a copy of 2026-02-20 01:00 UTC is used" in problem
    assert "(it is 0 min old)" in problem
    assert "Warning: the conflict check is incomplete" in outcome.err
    assert SECRET not in outcome.out + outcome.err
    # Who enrolls is warned as loudly, and not kept from it.
    outcome = enrolled(*WORKED, "--dry-run")
    assert outcome.code == 0
    assert "a copy of 2026-02-20 01:00 UTC is used instead" in outcome.err


def test_without_a_copy_there_is_no_answer(enrolled: Schedule, site: Site) -> None:
    for copy in (enrolled.folder.parent / "home" / "cache").rglob("*"):
        if copy.is_file():
            copy.unlink()
    site.pages[PATH] = Reply(status=503)
    for command in (("check",), (*WORKED, "--dry-run"), ("site", "check", "zj.toml")):
        outcome = enrolled(*command)
        assert outcome.code == 5
        assert "answers with an error (503) (there is no copy of it to go by)" in outcome.err


def test_a_calendar_given_on_the_spot(enrolled: Schedule, site: Site) -> None:
    site.pages["/given.ics"] = Reply(body=TAKEN.encode())
    url = f"{site.url}/given.ics"
    assert enrolled("check", "--conflicts", url).code == 4
    outcome = enrolled(*WORKED, "--dry-run", "--conflicts", url, "--json")
    [infusion] = [v for v in outcome.json["visits"] if v["encounter"] == "infusion-1"]
    assert not infusion["start"].startswith("2026-04-09")
    assert enrolled("check").code == 0


def test_every_calendar_that_cannot_be_read_is_listed(enrolled: Schedule, site: Site) -> None:
    given = (f"{site.url}/a.ics", f"{site.url}/b.ics", "ftp://a.example/", "gone.ics")
    words = [word for url in given for word in ("--conflicts", url)]
    outcome = enrolled("check", *words)
    assert outcome.code == 5
    assert "a web address: must begin with https://, webcal:// or caldav+https://" in outcome.err
    words = [word for url in (*given[:2], "gone.ics") for word in ("--conflicts", url)]
    outcome = enrolled("check", *words)
    assert outcome.code == 5
    assert outcome.err.count("answers with an error (404)") == 2
    assert "gone.ics: cannot be read" in outcome.err


def test_a_host_that_is_not_named_is_not_asked(enrolled: Schedule, site: Site) -> None:
    text = (enrolled.folder / "zj.toml").read_text()
    enrolled.write("zj.toml", text.replace('private_hosts = ["127.0.0.1"]', ""))
    site.requests.clear()
    outcome = enrolled("check")
    assert outcome.code == 5
    assert "is read from 127.0.0.1 without encryption" in outcome.err
    assert "private_hosts" in outcome.err
    enrolled.write("zj.toml", site_file())
    outcome = enrolled("check", "--conflicts", site.url.replace("http:", "https:"))
    assert outcome.code == 5
    assert "leads to 127.0.0.1, an address inside of a network" in outcome.err
    assert site.requests == []


def test_a_site_file_is_checked_with_its_calendars(enrolled: Schedule) -> None:
    outcome = enrolled("site", "check", "zj.toml")
    assert outcome.code == 0
    assert "calendar 127.0.0.1 [" in outcome.out
    assert SECRET not in outcome.out


def test_the_book_is_free_while_a_server_is_waited_for(enrolled: Schedule, site: Site) -> None:
    """A move looks at the calendars, but not while it holds the book."""
    path = enrolled.url.removeprefix("sqlite:///")

    def writes_meanwhile(talk: Talk) -> Reply:
        del talk
        with closing(sqlite3.connect(path, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
        return Reply(body=TAKEN.encode())

    site.pages[PATH] = writes_meanwhile
    site.requests.clear()
    move = ("visit", "move", "ZJ-001", "infusion-1", "--reason", "chairs", "--date")
    outcome = enrolled(*move, "2026-04-09")
    assert (outcome.code, len(site.requests)) == (9, 1), outcome.err
    assert "site taken 2026-04-09" in outcome.err
    outcome = enrolled(*move, "2026-04-14")
    assert (outcome.code, len(site.requests)) == (0, 2), outcome.err


def test_a_visit_that_no_calendar_concerns_asks_nobody(enrolled: Schedule, site: Site) -> None:
    site.requests.clear()
    assert enrolled("visit", "confirm", "ZJ-001", "day-360").code == 0
    assert site.requests == []
