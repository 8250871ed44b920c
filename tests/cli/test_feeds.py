"""`schedule feed`: addresses given, listed and taken back, and the card to print."""

import re
from io import BytesIO
from pathlib import Path

import pytest
import segno
from pypdf import PdfReader
from sqlalchemy import create_engine, text

from scheduler.feeds import digest
from tests.running import Schedule, site_file
from tests.terminal import on_a_terminal

ADDRESS = re.compile(r"https://visits\.example\.org/feeds/([\w-]{43})/calendar\.ics\n")


@pytest.fixture
def site(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    """A site with the worked example, and an address of its own."""
    schedule.enter()
    monkeypatch.setenv("SCHEDULE_PUBLIC_URL", "https://visits.example.org/")
    return schedule


def consent(site: Schedule, *more: str) -> None:
    outcome = site("subject", "consent", "ZJ-001", "--to", "reminders", *more)
    assert outcome.code == 0, outcome.err


def page(path: Path) -> str:
    """The text of a card of one page, without spaces."""
    [only] = PdfReader(BytesIO(path.read_bytes())).pages
    return "".join(only.extract_text().split())


def test_an_address_is_shown_once_and_kept_nowhere(site: Schedule) -> None:
    outcome = site("feed", "add", "--person", "wang")
    found = ADDRESS.match(outcome.out)
    assert found
    token = found[1]
    assert outcome.out == found[0] + found[0].replace("https://", "webcal://")
    assert "Gave feed 1 for wang: staff calendar of site ZJ, en." in outcome.err
    assert "Warning" not in outcome.err
    for words in (["feed", "list"], ["feed", "list", "--json"], ["audit"], ["audit", "--json"]):
        assert token not in site(*words).out
        assert digest(token) not in site(*words).out
    with create_engine(site.url).connect() as connection:
        kept = connection.execute(text("SELECT * FROM feeds")).mappings().one()
    assert token not in str(kept)
    assert kept["token_hash"] == digest(token)


def test_no_two_addresses_are_alike(site: Schedule) -> None:
    given = {site("feed", "add").out for _ in range(5)}
    assert len(given) == 5


def test_json_has_it_all(site: Schedule) -> None:
    words = ("feed", "add", "--subject", "zj-001", "--audience", "participant", "--language", "zh")
    consent(site)
    given = site(*words, "--json").json
    assert ADDRESS.fullmatch(given.pop("address") + "\n")
    assert given.pop("webcal").startswith("webcal://visits.example.org/feeds/")
    assert given == {
        "number": 1,
        "person": "ZJ-001",
        "audience": "participant",
        "site": "ZJ",
        "subject": "ZJ-001",
        "language": "zh",
        "given": "2026-02-20T01:00:00+00:00",
        "used": None,
        "revoked": None,
        "files": [],
    }
    del given["files"]
    assert site("feed", "list", "--json").json == {"feeds": [given]}


def test_a_list_for_people(site: Schedule) -> None:
    site("feed", "add", "--person", "wang")
    site("feed", "add", "--subject", "ZJ-001", "--audience", "assessor", "--person", "rater")
    assert site("feed", "revoke", "1", "--reason", "left").code == 0
    rows = site("feed", "list").out.splitlines()
    [wang] = [row.split() for row in rows if "wang" in row]
    [rater] = [row.split() for row in rows if "rater" in row]
    given = ["2026-02-20", "09:00", "never"]
    assert wang == ["1", "wang", "staff", "site", "ZJ", "en", *given, "revoked", *given[:2]]
    assert rater == ["2", "rater", "assessor", "ZJ-001", "en", *given, "answered"]
    audit = site("audit").out
    assert "feed 1: status revoked" in audit
    rated = "ZJ-001 feed 2: person rater; audience assessor; site ZJ; language en"
    assert rated in audit
    assert "feed 1: status revoked" in site("audit", "--person", "li").out
    of_one = site("audit", "--subject", "ZJ-001").out
    assert rated in of_one
    assert "feed 1" not in of_one


def test_a_preview_gives_and_revokes_nothing(site: Schedule) -> None:
    site("feed", "add")
    rows, files = site.rows(), site.files()
    preview = site("feed", "add", "--person", "wang", "--card", "card.pdf", "--dry-run")
    assert preview.code == 0
    assert preview.out == ""
    assert "Would give a feed for wang: staff calendar of site ZJ, en." in preview.err
    assert "Would revoke feed 1" in site("feed", "revoke", "1", "--dry-run").err
    assert (site.rows(), site.files()) == (rows, files)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ("add --audience participant", 2, "name it by --subject"),
        ("add --audience participant --subject ZJ-001 --person Li", 2, "leave --person away"),
        ("add --audience participant --subject ZJ-001", 9, "ZJ-001 has not consented"),
        ("add --audience participant --subject ZJ-001 --dry-run", 9, "ZJ-001 has not consented"),
        ("add --subject ZJ-009", 2, 'no subject "ZJ-009"; did you mean "ZJ-001"?'),
        ("add --audience everybody", 2, "Invalid value for '--audience'"),
        ("add --card /proc/card.pdf", 10, "cannot write /proc/card.pdf"),
        ("revoke 7", 2, 'no feed "7". Known: 1'),
        ("revoke x", 2, "'x' is not a valid integer"),
        ("revoke 0 --dry-run", 2, 'no feed "0"'),
    ],
)
def test_refusals(site: Schedule, words: str, code: int, says: str) -> None:
    site("feed", "add")
    rows = site.rows()
    outcome = site("feed", *words.split())
    assert outcome.code == code, outcome.err
    assert says in outcome.err
    assert site.rows() == rows


def test_a_feed_ends_once(site: Schedule) -> None:
    site("feed", "add")
    assert site("feed", "revoke", "1").code == 0
    again = site("feed", "revoke", "1")
    assert again.code == 9
    assert "feed 1 was revoked already, on 2026-02-20" in again.err


def test_only_who_answers_for_the_schedule_gives_addresses(
    site: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = '[people]\nli = "nurse"\nzhao = "coordinator"\n'
    monkeypatch.setenv("SCHEDULE_SITE_FILES", site.write("zj.toml", site_file(people)))
    for words in (("add",), ("revoke", "1")):
        refused = site("feed", *words)
        assert refused.code == 9
        assert "li has the role nurse" in refused.err
    assert site("--user", "zhao", "feed", "add").code == 0
    assert site("feed", "list").code == 0


def test_another_site_s_feeds_are_not_at_hand(
    site: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [site.write(f"{code}.toml", site_file(code=code)) for code in ("ZJ", "GZ")]
    monkeypatch.setenv("SCHEDULE_SITE_FILES", ":".join(files))
    assert site("--site", "ZJ", "feed", "add").code == 0
    assert site("--site", "GZ", "feed", "list", "--json").json == {"feeds": []}
    assert site("--site", "GZ", "feed", "revoke", "1").code == 2
    assert site("--site", "GZ", "feed", "add", "--subject", "ZJ-001").code == 2


def test_an_address_that_can_be_read_on_the_way_is_warned_of(
    site: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULE_PUBLIC_URL", "http://visits.example.org")
    assert "can be read on the way" in site("feed", "add").err
    monkeypatch.delenv("SCHEDULE_PUBLIC_URL")
    assert "can be read on the way" not in site("feed", "add").err


def test_the_card_has_the_address(site: Schedule) -> None:
    given = site("feed", "add", "--person", "wang", "--card", "cards/wang.pdf")
    assert "Written: cards/wang.pdf" in given.err
    said = page(site.folder / "cards" / "wang.pdf")
    assert given.out.splitlines()[0] in said
    assert "wang" in said
    assert "GoogleCalendar" in said


def test_a_participant_s_card_may_lie_on_a_kitchen_table(site: Schedule) -> None:
    words = ("feed", "add", "--subject", "ZJ-001", "--audience", "participant")
    consent(site)
    given = site(*words, "--language", "zh", "--card", "card.pdf")
    said = page(site.folder / "card.pdf")
    assert given.out.splitlines()[0] in said
    assert "医院预约" in said
    for secret in ("ZJ-001", "研究", "bmsc", "输注", "staff"):
        assert secret not in said.replace(given.out.splitlines()[0], "")


def test_a_withdrawn_consent_switches_the_participant_s_own_addresses_off(site: Schedule) -> None:
    consent(site)
    own = ("feed", "add", "--subject", "ZJ-001", "--audience", "participant")
    for words in (own, ("feed", "add"), own, ("feed", "add", "--subject", "ZJ-001")):
        assert site(*words).code == 0
    assert site("feed", "revoke", "1").code == 0
    withdrawal = ("subject", "consent", "ZJ-001", "--to", "reminders", "--withdraw")
    rows = site.rows()
    assert site(*withdrawal, "--dry-run", "--json").json["revoked"] == [3]
    assert site.rows() == rows
    assert "Not answered any more: calendar address 3\n" in site(*withdrawal).err
    feeds = site("feed", "list", "--json").json["feeds"]
    assert [feed["number"] for feed in feeds if feed["revoked"]] == [1, 3]
    assert site("audit", "verify").code == 0


def test_who_leaves_the_study_is_told_so_by_the_own_calendar_which_answers_on(
    site: Schedule,
) -> None:
    consent(site)
    own = ("feed", "add", "--subject", "ZJ-001", "--audience", "participant")
    for words in (own, ("feed", "add"), own, ("feed", "add", "--subject", "ZJ-001")):
        assert site(*words).code == 0
    assert site("feed", "revoke", "1").code == 0
    leave = ("subject", "withdraw", "ZJ-001", "--reason", "moved away")
    assert site(*leave, "--dry-run", "--json").json["feeds"] == [3]
    said = site(*leave).err
    assert said.count("Calendar address") == 1
    assert (
        "Calendar address 3 still answers, with the appointments called off;"
        " revoke it with: schedule feed revoke 3\n"
    ) in said
    assert site("feed", "revoke", "3").code == 0


def test_the_code_is_drawn_on_a_terminal(site: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "█" not in site("feed", "add").err
    monkeypatch.setenv("TERM", "xterm")
    drawn = on_a_terminal(100, "feed", "add", remarks=True)
    [webcal] = re.findall(r"^webcal://\S+", drawn, re.M)
    assert "\x1b[97m\x1b[40m" in drawn, "light on dark, whatever the terminal's colours are"
    rows = [
        line for line in re.sub(r"\x1b\[\d+(;\d+)?m", "", drawn).split("\r\n") if {*"█▀▄"} & {*line}
    ]
    assert _dark(rows) == [
        [bool(module) for module in row]
        for row in segno.make(webcal, error="l", micro=False).matrix_iter(border=2)
    ]


def _dark(rows: list[str]) -> list[list[bool]]:
    """Which modules are dark; each character stands for one above another."""
    light = {"█": (True, True), "▀": (True, False), "▄": (False, True), " ": (False, False)}
    halves = [[[not light[sign][half] for sign in row] for half in (0, 1)] for row in rows]
    return [row for pair in halves for row in pair][: len(rows[0])]
