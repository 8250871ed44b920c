"""What is answered at a feed's address, with the application in-process."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import icalendar
import pytest
from freezegun import freeze_time
from httpx import Response

from scheduler.web.manners import PROTECTION
from tests.running import Schedule, site_file
from tests.subscribing import Asking, asking, path_of

MOVE = ("visit", "move", "ZJ-001", "day-90", "--date", "2026-07-10", "--reason", "asked for")


@pytest.fixture
def site(schedule: Schedule) -> Schedule:
    """A site with the worked example."""
    schedule.enter()
    return schedule


@pytest.fixture
def feed(site: Schedule) -> str:
    """The path of a staff feed of the site."""
    return path_of(site)


@pytest.fixture
def web(site: Schedule) -> Iterator[Asking]:
    """The application on the site's book."""
    assert site.url
    with asking() as asked:
        yield asked


def summaries(response: Response) -> list[str]:
    return [str(event["SUMMARY"]) for event in events(response)]


def events(response: Response) -> list[icalendar.Event]:
    assert response.status_code == 200
    return list(icalendar.Calendar.from_ical(response.content).events)


def test_a_calendar(web: Asking, feed: str) -> None:
    answer = web.get(feed)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert re.fullmatch(r'W/"[0-9a-f]{32}"', answer.headers["etag"])
    lines = answer.text.replace("\r\n ", "").split("\r\n")
    assert {"METHOD:PUBLISH", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"} < set(lines)
    assert "X-PUBLISHED-TTL:PT1H" in lines
    [name] = (line.partition(":")[2] for line in lines if line.startswith("NAME:"))
    assert f"X-WR-CALNAME:{name}" in lines
    assert "ZJ-001" not in name, "of the site, whoever is enrolled there"
    assert len(events(answer)) == 13
    assert web.complaints == []


def test_packed_for_who_can_unpack(web: Asking, feed: str) -> None:
    packed, plain = (web.get(feed, accept_encoding=coding) for coding in ("gzip", "identity"))
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content, "as the client has unpacked it"
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


def test_head_is_get_without_the_body(web: Asking, feed: str) -> None:
    got, head = web.get(feed), web.ask("HEAD", feed)
    assert head.status_code == 200
    assert head.content == b""
    assert dict(head.headers) == dict(got.headers)


def test_nothing_is_sent_that_the_client_has(web: Asking, feed: str) -> None:
    first = web.get(feed)
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    for known in (
        {"if_none_match": tag},
        {"if_none_match": tag.removeprefix("W/")},
        {"if_none_match": f'"other", {tag}'},
        {"if_none_match": "*"},
        {"if_modified_since": modified},
    ):
        answer = web.get(feed, **known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert "content-length" not in answer.headers
        assert web.ask("HEAD", feed, **known).status_code == 304
    assert web.get(feed, if_none_match='"other"').status_code == 200
    assert web.get(feed, if_modified_since="yesterday").status_code == 200


def test_a_move_is_seen_at_once(site: Schedule, web: Asking, feed: str) -> None:
    first = web.get(feed)
    assert site(*MOVE).code == 0
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    second = web.get(feed, if_none_match=tag, if_modified_since=modified)
    before, after = ({str(e["UID"]): e for e in events(a)} for a in (first, second))
    assert before.keys() == after.keys()
    [moved] = [uid for uid in before if before[uid] != after[uid]]
    assert f"{after[moved].start:%Y-%m-%d}" == "2026-07-10"
    # Within the same second: a date alone must tell the two apart too.
    assert web.get(feed, if_modified_since=modified).status_code == 200


def test_what_was_called_off_stays(site: Schedule, web: Asking, feed: str) -> None:
    assert site("visit", "cancel", "ZJ-001", "day-3", "--reason", "travels").code == 0
    [off] = [event for event in events(web.get(feed)) if event["STATUS"] == "CANCELLED"]
    assert str(off["SUMMARY"]).startswith("CANCELLED: ")
    assert off["TRANSP"] == "TRANSPARENT"


def test_the_tag_tells_a_blinded_reader_nothing(site: Schedule, web: Asking) -> None:
    """An infusion happens in one arm only: that one moved must not even be seen as a change."""
    assessor, staff = path_of(site, "--audience", "assessor"), path_of(site)
    first = {path: web.get(path) for path in (assessor, staff)}
    move = ("visit", "move", "ZJ-001", "pre-check", "--date", "2026-04-01", "--time", "13:30")
    assert site(*move, "--reason", "asked for").code == 0
    for path, changed in ((assessor, False), (staff, True)):
        answer = web.get(path, if_none_match=first[path].headers["etag"])
        assert (answer.status_code == 200) is changed
        same = answer.headers["last-modified"] == first[path].headers["last-modified"]
        assert same is not changed


def test_each_audience_reads_its_own(site: Schedule, web: Asking) -> None:
    consent = ("subject", "consent", "ZJ-001", "--to", "reminders")
    assert site(*consent).code == 0
    participant = path_of(site, "--audience", "participant", "--subject", "ZJ-001")
    assessor = path_of(site, "--audience", "assessor", "--language", "zh")
    own = web.get(participant)
    assert set(summaries(own)) == {"Hospital appointment"}
    assert b"ZJ-001" not in own.content
    assert b"nfusion" not in own.content
    assert site(*consent, "--withdraw").code == 0
    assert web.get(participant).status_code == 410
    blinded = summaries(web.get(assessor))
    assert len(blinded) < 13
    assert not any("Infusion" in said or "输注" in said for said in blinded)


def test_one_participant_or_the_whole_site(site: Schedule, web: Asking, feed: str) -> None:
    only = path_of(site, "--subject", "zj-001")
    site.enter("routine")
    assert len(events(web.get(only))) == 13
    assert len(events(web.get(feed))) == 20


def test_revoked_and_unknown_look_alike(site: Schedule, web: Asking, feed: str) -> None:
    assert web.get(feed).status_code == 200
    assert site("feed", "revoke", "1", "--reason", "left the hospital").code == 0
    revoked, unknown = web.get(feed), web.get("/feeds/never-given/calendar.ics")
    assert (revoked.status_code, unknown.status_code) == (410, 404)
    for answer in (revoked, unknown):
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers
    assert revoked.headers.keys() == unknown.headers.keys()
    assert web.get(feed, if_none_match="*").status_code == 410


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/feeds",
        "/feeds/",
        "/feeds//calendar.ics",
        "/feeds/%00/calendar.ics",
        "/feeds/%ED%A0%80/calendar.ics",
        "/feeds/1/calendar.ics",
        "/feeds/%2e%2e/calendar.ics",
        f"/feeds/{'a' * 5000}/calendar.ics",
        "/docs",
        "/robots.txt",
    ],
)
def test_nothing_else_is_there(web: Asking, feed: str, path: str) -> None:
    expected, answer = web.get("/feeds/never-given/calendar.ics"), web.get(path)
    assert answer.status_code == 404
    assert (answer.content, answer.headers) == (expected.content, expected.headers)
    assert web.get(feed.removesuffix("/calendar.ics")).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_a_feed_is_only_read(web: Asking, feed: str, method: str) -> None:
    answer = web.ask(method, feed)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_every_answer_protects_its_reader(web: Asking, feed: str) -> None:
    for answer in (
        web.get(feed),
        web.get(feed, if_none_match="*"),
        web.get("/feeds/never-given/calendar.ics"),
        web.ask("POST", feed),
        web.get("/healthz"),
    ):
        assert answer.headers.items() >= {k.lower(): v for k, v in PROTECTION.items()}.items()
        assert "strict-transport-security" in answer.headers
        assert "server" not in answer.headers


def test_the_log_has_no_token(web: Asking, feed: str) -> None:
    token = feed.split("/")[2]
    for path in (feed, f"/feeds/{token}", f"/x{feed}", f"/?{token}", "/feeds/zzz/calendar.ics"):
        web.get(path, referer=feed)
    assert web.log == [
        f"2026-02-20T01:00:00Z 192.0.2.7 GET {about} {end}"
        for about, end in [
            ("feed 1", f"200 {web.log[0].split()[-1]}"),
            *[("-", "404 38")] * 4,
        ]
    ]


def test_one_address_may_not_ask_for_ever(feed: str) -> None:
    with asking(requests=3) as web:
        statuses = [web.get(feed).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert web.get("/healthz").status_code == 429
        assert web.get(feed).headers["retry-after"] == "60"
        with freeze_time("2026-02-20T01:01:00Z", ignore=["_pytest.timing"]):
            assert web.get(feed).status_code == 200


def test_who_guesses_is_told_nothing_any_more(feed: str) -> None:
    with asking(misses=2) as web:
        guesses = [web.get(f"/feeds/{n}/calendar.ics").status_code for n in range(4)]
        assert guesses == [404, 404, 429, 429]
        assert web.get(feed).status_code == 429, "a hit must not be told from a miss"


def test_the_path_of_the_public_address_may_be_there_or_not(feed: str) -> None:
    with asking("https://visits.example.org/study/calendars") as web:
        assert web.get(feed).status_code == 200
        assert web.get(f"/study/calendars{feed}").status_code == 200
        assert web.get(f"/study{feed}").status_code == 404


def test_a_use_is_noted_by_the_hour(site: Schedule, web: Asking, feed: str) -> None:
    def used() -> str:
        listed = site("feed", "list", "--json")
        return str(listed.json["feeds"][0]["used"])

    assert used() == "None"
    for moment, noted in (
        ("2026-02-20T02:00:00", "02:00:00"),
        ("2026-02-20T02:59:59", "02:00:00"),
        ("2026-02-20T03:00:00", "03:00:00"),
    ):
        with freeze_time(moment, ignore=["_pytest.timing"]):
            head = site("audit", "verify").out
            assert web.get(feed).status_code == 200
            assert used() == f"2026-02-20T{noted}+00:00"
            assert site("audit", "verify").out == head, "no part of the history"


def test_a_book_that_cannot_be_read_is_told_as_passing(
    site: Schedule, web: Asking, feed: str
) -> None:
    book = Path(site.url.removeprefix("sqlite:///"))
    assert web.get("/healthz").text == "ok\n"
    os.truncate(book, 100)
    for path in (feed, "/healthz"):
        answer = web.get(path)
        assert answer.status_code == 503
        assert str(book) not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert all(str(book) in said for said in web.complaints)


def test_a_site_file_is_read_again_when_it_counts(
    site: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = site.write("zj.toml", site_file())
    monkeypatch.setenv("SCHEDULE_SITE_FILES", str(site.folder / file))
    feed = path_of(site)
    with asking() as web:
        first = web.get(feed)
        site.write("zj.toml", site_file().replace("clinical research ward", "ward 7"))
        assert web.get(feed).content == first.content
        assert site("export", "ics", "--reissue", "--reason", "new ward").code == 0
        assert b"ward 7" in web.get(feed).content
        site.write("zj.toml", "nonsense")
        assert web.get(feed).status_code == 200, "nothing to write anew"
        site.write("zj.toml", site_file())
        assert site(*MOVE).code == 0
        site.write("zj.toml", "nonsense")
        assert web.get(feed).status_code == 503
        assert "zj.toml" in web.complaints[0]
