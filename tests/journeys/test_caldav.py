"""Visits in a CalDAV collection: one event a visit at its newest time, whatever comes between."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Thread

import httpx
import icalendar
import pytest

import scheduler.cli.caldav
import scheduler.delivery.caldav  # noqa: F401 - loaded here, not in every child that dies
from scheduler.cli import run
from scheduler.store import Store
from scheduler.subject import Visit
from tests.caldavservers import Collection, Server, publishing
from tests.killing import Executioner
from tests.running import Schedule

MOVE = ("visit", "move", "ZJ-001", "last", "--reason", "asked for", "--date")


@pytest.fixture
def enrolled(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    return publishing(schedule, monkeypatch)


@pytest.fixture
def collection(dav: Server) -> Collection:
    """An empty collection, on either server."""
    return dav.collection()


def events(collection: Collection) -> dict[str, icalendar.Event]:
    """Every event of a collection by what its title ends with."""
    found = {}
    for name in collection.names():
        [event] = icalendar.Calendar.from_ical(collection.get(name)).events
        assert str(event["SUMMARY"]) not in found, "two events of one visit"
        found[str(event["SUMMARY"]).rpartition("· ")[2]] = event
    return found


def visits(schedule: Schedule) -> dict[str, Visit]:
    with Store(schedule.url) as store:
        return {str(v.label): v for v in store.read(lambda book: book.visits())}


def check_same(schedule: Schedule, collection: Collection) -> None:
    """Exactly one event for every visit of the book, at its time."""
    found, expected = events(collection), visits(schedule)
    assert found.keys() == expected.keys()
    for label, visit in expected.items():
        assert visit.scheduled is not None
        assert (found[label].start, found[label].end) == (
            visit.scheduled.start,
            visit.scheduled.end,
        )
        assert found[label]["SEQUENCE"] == visit.sequence


def edit(collection: Collection, title: str, *replacing: tuple[str, str]) -> None:
    """Change the object of that title as a calendar program does."""
    for name in collection.names():
        text = collection.get(name)
        if title in text:
            for old, new in replacing:
                assert old in text
                text = text.replace(old, new)
            collection.put(name, text)


def delete(collection: Collection, title: str) -> None:
    """Delete the object of that title."""
    for name in collection.names():
        if title in collection.get(name):
            collection.delete(name)


def three_pushes(schedule: Schedule, collection: Collection) -> None:
    push = ("caldav", "push", collection.url, "--json")
    assert schedule(*push).json["created"] == 3
    check_same(schedule, collection)
    assert schedule(*MOVE, "2026-03-25").code == 0
    record = schedule(*push).json
    assert (record["created"], record["updated"], record["unchanged"]) == (0, 1, 2)
    check_same(schedule, collection)
    cancel = ("visit", "cancel", "ZJ-001", "last", "--reason", "travels")
    assert schedule(*cancel).code == 0
    assert schedule(*MOVE[:3], "first", *MOVE[4:], "2026-03-04").code == 0
    record = schedule(*push).json
    assert (record["created"], record["updated"], record["removed"]) == (0, 3, 0)
    found = events(collection)
    assert found["Last call"]["STATUS"] == "CANCELLED"
    assert found["Last call"]["SUMMARY"] == "CANCELLED: ZJ-001 · Last call"
    assert str(found["First infusion"].start) == "2026-03-04 08:00:00+08:00"
    assert str(found["Second infusion"].start) == "2026-03-11 08:00:00+08:00"
    check_same(schedule, collection)
    tags = collection.tags()
    assert schedule(*push).json["unchanged"] == 3
    assert collection.tags() == tags


def test_three_pushes(enrolled: Schedule, xandikos_server: Server) -> None:
    three_pushes(enrolled, xandikos_server.collection())


def test_three_pushes_on_both_databases(
    journey: Schedule, radicale_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_pushes(publishing(journey, monkeypatch), radicale_server.collection())
    assert journey("audit", "verify").code == 0


def test_what_people_changed_stays_until_the_book_agrees(
    enrolled: Schedule, collection: Collection
) -> None:
    push, pull = ("caldav", "push", collection.url), ("caldav", "pull", collection.url)
    assert enrolled(*push).code == 0
    edit(collection, "Last call", ("20260324T080000", "20260325T100000"))
    edit(collection, "Last call", ("20260324T081500", "20260325T101500"))
    tags = collection.tags()
    for options in ((), ("--dry-run",)):
        outcome = enrolled(*push, *options)
        assert outcome.code == 4
        assert "changed on the server: 1 visit, left as it is there" in outcome.err
    assert collection.tags() == tags
    # A change in the book does not win either.
    assert enrolled(*MOVE, "2026-03-23").code == 0
    assert enrolled(*push).code == 4
    assert collection.tags() == tags
    rows = enrolled.rows()
    outcome = enrolled(*pull)
    assert outcome.code == 4
    assert "Wed 2026-03-25 10:00–10:15" in outcome.out
    assert "visit move ZJ-001 last --date 2026-03-25 --time 10:00" in outcome.err
    [visit] = enrolled(*pull, "--json").json["changed_on_server"]
    assert visit["there"]["start"] == "2026-03-25T10:00:00+08:00"
    assert (visit["encounter"], visit["changed"], visit["deleted"]) == ("last", ["time"], False)
    assert enrolled.rows() == rows
    # The coordinator takes it over; then both agree, and the next push may write again.
    assert enrolled(*MOVE, "2026-03-25", "--time", "10:00").code == 0
    assert enrolled(*push, "--json").json["updated"] == 1
    check_same(enrolled, collection)
    assert enrolled(*pull).err == "3 visits, none changed on the server\n"


def test_more_than_a_time_is_not_taken_for_agreement(
    enrolled: Schedule, collection: Collection
) -> None:
    push = ("caldav", "push", collection.url)
    assert enrolled(*push).code == 0
    edit(
        collection,
        "Last call",
        ("20260324T080000", "20260325T100000"),
        ("20260324T081500", "20260325T101500"),
        ("SUMMARY:ZJ-001", "SUMMARY:Ms Li ZJ-001"),
    )
    assert enrolled(*MOVE, "2026-03-25", "--time", "10:00").code == 0
    assert enrolled(*push).code == 4
    outcome = enrolled("caldav", "pull", collection.url)
    assert "title" in outcome.out
    assert "Ms Li" not in outcome.out + outcome.err
    assert enrolled(*push, "--overwrite").code == 0
    check_same(enrolled, collection)


def test_what_people_deleted_stays_deleted_until_asked_for(
    enrolled: Schedule, collection: Collection
) -> None:
    push = ("caldav", "push", collection.url)
    assert enrolled(*push).code == 0
    delete(collection, "Last call")
    assert enrolled(*push).code == 4
    [visit] = enrolled("caldav", "pull", collection.url, "--json").json["changed_on_server"]
    assert (visit["encounter"], visit["deleted"], visit["changed"]) == ("last", True, [])
    assert len(collection.names()) == 2
    assert enrolled(*push, "--overwrite", "--json").json["created"] == 1
    check_same(enrolled, collection)
    # A visit that is over may be tidied away.
    assert enrolled("visit", "cancel", "ZJ-001", "last", "--reason", "travels").code == 0
    assert enrolled(*push).code == 0
    delete(collection, "Last call")
    assert enrolled(*push, "--json").json["unchanged"] == 3
    assert enrolled("visit", "resume", "ZJ-001", "last", "--reason", "stays").code == 0
    assert enrolled(*push, "--json").json["created"] == 1
    check_same(enrolled, collection)


def test_a_reminder_that_was_dismissed_is_no_change(
    enrolled: Schedule, collection: Collection
) -> None:
    push = ("caldav", "push", collection.url)
    assert enrolled(*push).code == 0
    edit(
        collection,
        "Last call",
        ("END:VEVENT", "X-MOZ-LASTACK:20260323T000000Z\r\nEND:VEVENT"),
    )
    assert enrolled(*MOVE, "2026-03-25").code == 0
    assert enrolled(*push, "--json").json["updated"] == 1
    check_same(enrolled, collection)


@pytest.mark.parametrize("same", [True, False])
def test_an_event_that_somebody_imported_before(
    enrolled: Schedule, collection: Collection, same: bool
) -> None:
    """Under another name, so that servers refuse a second object of its UID."""
    assert enrolled("export", "ics", "--subject", "ZJ-001").code == 0
    exported = (enrolled.folder / "ZJ-001.ics").read_bytes()
    calendar = icalendar.Calendar.from_ical(exported)
    [event] = [each for each in calendar.events if "Last call" in str(each["SUMMARY"])]
    if not same:
        event["SUMMARY"] = "an older export"
    for other in calendar.events:
        if other is not event:
            calendar.subcomponents.remove(other)
    collection.put("imported.ics", calendar.to_ical().decode())
    outcome = enrolled("caldav", "push", collection.url, "--json")
    assert outcome.code == (0 if same else 4), outcome.err
    assert (outcome.json["created"], outcome.json["found"]) == (2, 1 if same else 0)
    assert len(collection.names()) == 3
    assert enrolled("caldav", "push", collection.url, "--overwrite").code == 0
    assert "imported.ics" in collection.names()
    check_same(enrolled, collection)
    assert enrolled("caldav", "push", collection.url).code == 0


def test_events_of_others_are_left_alone(enrolled: Schedule, collection: Collection) -> None:
    [foreign] = [site_event("foreign")]
    collection.put("foreign.ics", foreign)
    record = enrolled("caldav", "push", collection.url, "--json").json
    assert (record["created"], record["others"]) == (3, 1)
    collection.put("foreign.ics", foreign.replace("20260409", "20260410"))
    assert enrolled("caldav", "push", collection.url).code == 0
    outcome = enrolled("caldav", "pull", collection.url)
    assert outcome.code == 0
    assert "1 other events in the collection are left alone" in outcome.err
    assert "20260410" in collection.get("foreign.ics")


def site_event(uid: str) -> str:
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", "BEGIN:VEVENT", f"UID:{uid}"),
        *("DTSTAMP:20260101T000000Z", "DTSTART:20260409T010000Z", "DTEND:20260409T020000Z"),
        *("SUMMARY:meeting", "END:VEVENT", "END:VCALENDAR"),
    )
    return "".join(f"{line}\r\n" for line in lines)


# ------------------------------------------------------------ interruptions


def push_to(url: str) -> None:
    """The target that is killed; its settings come from the environment."""
    assert run(["caldav", "push", url]) == 0


def test_killed_at_any_moment_a_push_goes_on(
    enrolled: Schedule, radicale_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No object is written twice or taken for somebody's change, wherever the push ended."""
    monkeypatch.setenv("SCHEDULE_SITE_FILES", str(enrolled.folder / "zj.toml"))
    left, deaths = set(), set()
    with Executioner("tests.journeys.test_caldav:push_to") as executioner:
        for step in count(1, 3):
            collection = radicale_server.collection()
            death = executioner.kills(step, collection.url)
            left.add(len(collection.names()))
            outcome = enrolled("caldav", "push", collection.url)
            assert outcome.code == 0, f"after step {step}: {outcome.err}"
            check_same(enrolled, collection)
            if not death:
                break
            deaths.add(death)
    assert {1, 2, 3} <= left
    # The server had an object by then that the book did not remember, or just did.
    assert {"INSERT INTO collection_objects", "COMMIT", "committed"} <= deaths


class Failing(BaseHTTPRequestHandler):
    """Hands requests on to a server, which takes so many objects and then has enough."""

    behind = ""
    patience = 0

    def _hand_on(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if self.command == "PUT":
            type(self).patience -= 1
        if self.patience < 0:
            self.send_response(503)
            self.end_headers()
            return
        passed = {k: v for k, v in self.headers.items() if k not in {"Host", "Content-Length"}}
        url = f"{self.behind}{self.path}"
        answer = httpx.request(
            self.command, url, content=body, headers=passed, trust_env=False, timeout=60
        )
        self.send_response(answer.status_code)
        if "etag" in answer.headers:
            self.send_header("ETag", answer.headers["etag"])
        self.end_headers()
        self.wfile.write(answer.content)

    do_PUT = do_PROPFIND = do_REPORT = _hand_on  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def failing(radicale_server: Server) -> Iterator[str]:
    """The address of a server that fails after two objects."""
    Failing.behind, Failing.patience = radicale_server.home.removesuffix("/li/"), 2
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_server_that_fails_in_the_middle(
    enrolled: Schedule, radicale_server: Server, failing: str
) -> None:
    collection = radicale_server.collection()
    url = f"{failing}{httpx.URL(collection.url).path}"
    outcome = enrolled("caldav", "push", url)
    assert outcome.code == 7
    assert "answers with an error (503); try again later" in outcome.err
    assert "2 of 3 visits are seen to, the next push goes on there" in outcome.err
    Failing.patience = 9
    record = enrolled("caldav", "push", url, "--json").json
    assert (record["created"], record["unchanged"]) == (1, 2)
    check_same(enrolled, collection)


def test_audiences_have_collections_of_their_own(
    enrolled: Schedule, radicale_server: Server, tmp_path: Path
) -> None:
    """What is in each is what the file for that audience says, and nothing else."""
    consent = ("subject", "consent", "ZJ-001", "--to", "reminders")
    assert enrolled(*consent).code == 0
    for audience, who in (("assessor", ()), ("participant", ("--subject", "zj-001"))):
        collection = radicale_server.collection()
        options = ("--audience", audience, *who)
        assert enrolled("caldav", "push", collection.url, *options).code == 0
        out = tmp_path / audience
        assert enrolled("export", "ics", *options, "--out", str(out)).code == 0
        [file] = out.iterdir()
        exported = {
            str(e["UID"]): e for e in icalendar.Calendar.from_ical(file.read_bytes()).events
        }
        for name in collection.names():
            text = collection.get(name)
            [event] = icalendar.Calendar.from_ical(text).events
            assert event.to_ical(sorted=True) == exported.pop(str(event["UID"])).to_ical(
                sorted=True
            )
            assert "infusion" not in text.casefold()
        assert exported == {}
        refused = enrolled("caldav", "push", collection.url)
        assert refused.code == 9
        assert f"holds the {audience} calendar of" in refused.err


def test_a_participant_consents_and_withdraws(enrolled: Schedule, radicale_server: Server) -> None:
    """Nothing is sent before, and after it nothing of ours stays."""
    collection = radicale_server.collection()
    collection.put("foreign.ics", site_event("foreign"))
    push = ("caldav", "push", collection.url, "--audience", "participant", "--subject", "ZJ-001")
    consent = ("subject", "consent", "ZJ-001", "--to", "reminders")
    assert enrolled(*push).code == 9
    assert collection.names() == ["foreign.ics"]
    assert enrolled(*consent).code == 0
    assert enrolled(*push, "--json").json["created"] == 3
    assert enrolled(*consent, "--withdraw").code == 0
    record = enrolled(*push, "--json").json
    assert (record["removed"], record["others"]) == (3, 1)
    assert collection.names() == ["foreign.ics"]
    assert enrolled(*push).code == 9
