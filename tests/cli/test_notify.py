"""`schedule notify` at the command line."""

import re
from pathlib import Path

import pytest
from freezegun import freeze_time
from icalendar import Calendar
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler import shipped
from scheduler.delivery.smtp import Security
from scheduler.store import Store
from tests.digests import parsed, part
from tests.exporters.test_digestmail import plain
from tests.mailserver import PASSWORD, MailServer
from tests.privacy import identifying
from tests.running import Outcome, Schedule, calendar, site_file

FREE_TEXT = "Zhang Wei 张伟 1961-03-04 MRN 4711234"
"""What people write where they may write anything."""

MONDAY = ("notify", "--as-of", "2026-04-06")


def mails(schedule: Schedule) -> dict[str, str]:
    """The text parts of the mails in the folder, by name."""
    found = sorted(schedule.folder.rglob("*.eml"))
    return {path.name: part(parsed(path.read_bytes()), "plain") for path in found}


def test_a_dry_run_writes_every_mail_and_touches_nothing(schedule: Schedule) -> None:
    schedule.enter()
    rows = schedule.rows()
    outcome = schedule(*MONDAY, "--dry-run", "--out", "mails")
    assert outcome.code == 0, outcome.err
    assert "Dry run: nothing was sent." in outcome.err
    assert outcome.out == ""
    assert schedule.rows() == rows
    found = mails(schedule)
    assert list(found) == [f"ZJ-2026-W15-{name}.eml" for name in ("assessors", "cell-lab", "ward")]
    assert "ZJ-001 · Infusion 1" in found["ZJ-2026-W15-ward.eml"]
    assert "第1次输注" in found["ZJ-2026-W15-cell-lab.eml"]
    assert "ZJ-001" not in found["ZJ-2026-W15-cell-lab.eml"]
    assert "No visits this week." in found["ZJ-2026-W15-assessors.eml"]


def test_a_book_that_is_not_there_is_not_made(schedule: Schedule) -> None:
    book = schedule.folder / "none.db"
    outcome = schedule("--database", f"sqlite:///{book}", *MONDAY, "--dry-run")
    assert outcome.code == 0, outcome.err
    assert not book.exists()


def test_no_free_text_gets_into_a_mail(schedule: Schedule) -> None:
    """Reasons, logins, closures, and titles and names of calendars hold names."""
    schedule.write("Zhang Wei.ics", calendar("2026-04-09 08:00 12:30").replace("@tests", FREE_TEXT))
    schedule.write("broken.ics", calendar("2026-04-09").replace("DTSTART;", "X-START;"))
    sources = [("Zhang Wei.ics", "site"), ("broken.ics", "nurse")]
    tables = [f'[[calendar]]\nsource = "{a}"\nbelongs_to = "{b}"' for a, b in sources]
    schedule.enter()
    site = schedule.write(
        "site.toml",
        site_file(*tables, f'[[closed]]\nfirst = 2026-04-15\nreason = "{FREE_TEXT}"'),
    )
    schedule.enter(arm="routine")
    reason = ("--reason", FREE_TEXT, "--user", "Zhang Wei")
    held = schedule("visit", "hold", "ZJ-001", "day-3", *reason[:2])
    assert held.code == 0, held.err
    outcome = schedule("--user", "Zhang Wei", "--site", site, *MONDAY, "--dry-run")
    assert outcome.code == 0, outcome.err
    paths = sorted(schedule.folder.glob("*.eml"))
    assert len(paths) == 3
    for path in paths:
        mail = parsed(path.read_bytes())
        parts = (part(mail, "plain"), plain(part(mail, "html")))
        for told in (*parts, mail["Subject"], path.stem.replace("cell-lab", "")):
            unknown = set(identifying(told)) - {"assessors", "ward", "w"}
            assert not unknown, told
    ward = part(parsed((schedule.folder / "ZJ-2026-W15-ward.eml").read_bytes()), "plain")
    assert "its time is taken by now" in ward
    assert "Wed 2026-04-15\n    - the site is closed" in ward
    assert "could not be read in full" in ward


def test_weeks_are_those_of_the_site(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frozen clock says Friday in Shanghai; a site to the west has its own day."""
    files = []
    for code, zone in (("AA", "Pacific/Kiritimati"), ("BB", "Pacific/Honolulu")):
        there = site_file(code=code).replace("Asia/Shanghai", zone)
        files.append(schedule.write(f"{code}.toml", there))
    monkeypatch.setenv("SCHEDULE_SITE_FILES", ":".join(files))
    with freeze_time("2027-01-04T01:00:00Z"):
        outcome = schedule("notify", "--dry-run")
    assert outcome.code == 0, outcome.err
    weeks = {name[:11] for name in mails(schedule)}
    assert weeks == {"AA-2027-W01", "BB-2026-W53"}


def test_only_the_site_that_is_named(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [schedule.write(f"{code}.toml", site_file(code=code)) for code in ("AA", "BB")]
    monkeypatch.setenv("SCHEDULE_SITE_FILES", ":".join(files))
    assert schedule("--site", "bb", *MONDAY, "--dry-run").code == 0
    assert {name[:2] for name in mails(schedule)} == {"BB"}


def test_a_broken_site_is_in_the_way_of_its_own_mails_only(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [schedule.write(f"{code}.toml", site_file(code=code)) for code in ("AA", "BB")]
    files.append(schedule.write("cc.toml", site_file(code="CC").replace("grid = ", "gird = ")))
    files.append(schedule.write("dd.toml", site_file(code="DD").partition("# The weekly mail")[0]))
    monkeypatch.setenv("SCHEDULE_SITE_FILES", ":".join(files))
    outcome = schedule(*MONDAY, "--dry-run")
    assert {name[:2] for name in mails(schedule)} == {"AA", "BB"}
    assert outcome.code == 5
    assert "gird is not a key here" in outcome.err
    assert "site DD: sends no mail" in outcome.err
    monkeypatch.setenv("SCHEDULE_SITE_FILES", "cc.toml")
    outcome = schedule(*MONDAY, "--dry-run", "--out", "more")
    assert (outcome.code, Path("more").exists()) == (5, False)


def test_a_site_without_recipients(schedule: Schedule) -> None:
    site = schedule.write("site.toml", site_file().partition("# The weekly mail")[0])
    outcome = schedule("--site", site, *MONDAY, "--dry-run")
    assert (outcome.code, schedule.files()) == (5, ["site.toml"])
    assert "site ZJ: sends no mail (add a [[recipient]] or [reminders])" in outcome.err


def test_templates_of_the_hospital_win(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    own = schedule.folder / "own"
    (own / "email" / "text").mkdir(parents=True)
    words = shipped.text("email/text/en.toml").replace("Visits of the week", "Our week")
    (own / "email" / "text" / "en.toml").write_text(words)
    monkeypatch.setenv("SCHEDULE_TEMPLATES", str(own))
    assert schedule(*MONDAY, "--dry-run").code == 0
    assert mails(schedule)["ZJ-2026-W15-ward.eml"].startswith("Our week")
    (own / "email" / "digest.txt").write_text("{{ nothing_such }}")
    outcome = schedule(*MONDAY, "--dry-run", "--out", "more")
    assert (outcome.code, Path("more").exists()) == (5, False)
    assert "email/digest.txt" in outcome.err


# ------------------------------------------------------------------------ sending

RECIPIENTS = """
[mail]
sender = "visits@hospital.example"

[[recipient]]
id = "ward"
address = "ward@hospital.example"
attach = true
feed = "https://feeds.hospital.example/SECRET"

[[recipient]]
id = "lab"
address = "lab@hospital.example"
language = "zh"
detail = "visits"

[[recipient]]
id = "office"
address = "office@hospital.example"
detail = "counts"
"""


class Office:
    """A site with three recipients, a participant, and a mail server."""

    def __init__(self, desk: Schedule, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self.server = desk, server
        head = site_file().partition("# The weekly mail")[0]
        site = desk.write("site.toml", head + RECIPIENTS)
        desk.write("password", f"{PASSWORD}\n")
        (desk.folder / "password").chmod(0o600)
        self.naps: list[float] = []
        for name, value in (
            ("SITE_FILES", site),
            ("SMTP_HOST", server.relay.host),
            ("SMTP_PORT", str(server.relay.port)),
            ("SMTP_SECURITY", server.security.value),
            ("SMTP_USER", server.relay.user),
            ("SMTP_PASSWORD_FILE", "password" if server.relay.user else ""),
        ):
            monkeypatch.setenv(f"SCHEDULE_{name}", value)
        monkeypatch.setattr("time.sleep", self.naps.append)
        desk.enter()

    def __call__(self, *more: str, day: str = "2026-04-06") -> Outcome:
        return self.desk("notify", "--as-of", day, *more)

    def letters(self) -> list[dict[str, object]]:
        """The rows of the outbox that still hold what is written."""
        query = text("SELECT recipient, state, letter FROM outbox WHERE letter IS NOT NULL")
        with create_engine(self.desk.url, poolclass=NullPool).connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]


@pytest.fixture
def office(
    schedule: Schedule,
    mail_servers: dict[Security, MailServer],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    return Office(schedule, mail_servers[Security.STARTTLS], monkeypatch)


@pytest.fixture
def either(
    journey: Schedule,
    mail_servers: dict[Security, MailServer],
    monkeypatch: pytest.MonkeyPatch,
) -> Office:
    """The same, once on each engine."""
    return Office(journey, mail_servers[Security.STARTTLS], monkeypatch)


@pytest.mark.parametrize("security", Security)
def test_each_recipient_gets_one_mail_a_week(
    schedule: Schedule,
    mail_servers: dict[Security, MailServer],
    security: Security,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office(schedule, mail_servers[security], monkeypatch)
    changes = schedule.rows()["changes"]
    assert office() == Outcome(code=0, out="", err="")
    assert office(day="2026-04-12") == Outcome(code=0, out="", err="")
    names = ("ward", "lab", "office")
    assert office.server.to() == [f"{name}@hospital.example" for name in names]
    assert office.letters() == []
    assert schedule.rows()["changes"] == changes
    assert office(day="2026-04-13").code == 0
    subjects = [parsed(mail.content)["Subject"] for mail in office.server.received]
    assert subjects == [
        "2026-W15: 2 visits",
        "2026-W15：2 次访视",
        "2026-W15: 2 visits",
        "2026-W16: 3 visits",
        "2026-W16：3 次访视",
        "2026-W16: 3 visits",
    ]


def test_what_is_sent_is_what_the_dry_run_shows(office: Office) -> None:
    assert office("--dry-run", "--out", "mails").code == 0
    assert office().code == 0
    for mail in office.server.received:
        name = mail.to.partition("@")[0]
        shown = (office.desk.folder / "mails" / f"ZJ-2026-W15-{name}.eml").read_bytes()
        assert mail.content.rstrip() == shown.rstrip()
    ward, lab, _ = (parsed(mail.content) for mail in office.server.received)
    assert part(ward, "plain").count("https://feeds.hospital.example/SECRET") == 1
    assert [each.get_filename() for each in ward.iter_attachments()] == ["ZJ-2026-W15.ics"]
    assert list(lab.iter_attachments()) == []


def test_the_week_as_a_calendar(office: Office) -> None:
    assert office().code == 0
    [attached] = parsed(office.server.received[0].content).iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    found = Calendar.from_ical(content)
    assert found["METHOD"] == "PUBLISH"
    days = [f"{event.start:%Y-%m-%d}" for event in found.events]
    assert days == ["2026-04-09", "2026-04-10"]


def test_the_book_holds_no_address_and_no_feed(office: Office) -> None:
    office.server.faults.replies["ward@hospital.example"] = ["450 4.2.0 later"]
    office.server.faults.replies["lab@hospital.example"] = ["550 5.1.1 unknown"]
    assert office().code == 7
    kept = str(office.letters())
    assert "https://feed.invalid/" in kept
    assert "SECRET" not in kept
    with create_engine(office.desk.url, poolclass=NullPool).connect() as connection:
        rows = str(connection.execute(text("SELECT * FROM outbox")).all())
    assert "ward@" not in rows
    assert "lab@" not in rows


def test_one_line_on_failure_and_the_next_run_mends_it(either: Office) -> None:
    either.server.faults.replies["lab@hospital.example"] = ["450 4.2.0 <lab@hospital.example> busy"]
    outcome = either("--json")
    assert (outcome.code, outcome.err.count("\n")) == (7, 1)
    assert "1 of 3 mails wait for the next run: the mail server" in outcome.err
    assert "lab@" not in outcome.err
    assert len(either.naps) == 3
    assert [mail["recipient"] for mail in outcome.json["sent"]] == ["ward", "office"]
    [waiting] = outcome.json["waiting"]
    assert waiting == {
        "kind": "digest",
        "site": "ZJ",
        "week": "2026-W15",
        "recipient": "lab",
        "message_id": waiting["message_id"],
    }
    # Written when it was queued: a move since then is for the next week.
    either.server.faults.replies = {}
    again = either("--json")
    assert (again.code, again.err) == (0, "")
    assert again.json == {"sent": [waiting], "refused": [], "waiting": []}
    assert parsed(either.server.received[-1].content)["Message-ID"] == waiting["message_id"]


def test_what_was_refused_is_asked_again_only_on_request(office: Office) -> None:
    office.server.faults.replies["lab@hospital.example"] = ["550 5.1.1 <lab@hospital.example>"]
    outcome = office("--json")
    assert outcome.code == 5
    assert outcome.err == (
        "schedule: recipient lab of site ZJ: is refused by the mail server (550 5.1.1)"
        " (mend the address, then: schedule notify --retry)\n"
    )
    assert [mail["reply"] for mail in outcome.json["refused"]] == ["550 5.1.1"]
    assert office() == Outcome(code=0, out="", err="")
    assert len(office.server.received) == 2
    site = office.desk.folder / "site.toml"
    site.write_text(site.read_text().replace("lab@hospital", "cell-lab@hospital"))
    assert office("--retry") == Outcome(code=0, out="", err="")
    assert office.server.to()[-1] == "cell-lab@hospital.example"


def test_a_mail_of_last_week_is_not_sent_any_more(office: Office) -> None:
    office.server.faults.replies["ward@hospital.example"] = ["450 4.2.0 later"]
    assert office().code == 7
    office.server.faults.replies = {}
    assert office(day="2026-04-13").code == 0
    weeks = [parsed(mail.content)["Subject"][:8] for mail in office.server.received]
    assert sorted(weeks) == ["2026-W15"] * 2 + ["2026-W16"] * 3
    assert office.letters() == []


def test_a_second_run_at_the_same_time_gives_way(either: Office) -> None:
    with Store(either.desk.url) as store, store.alone("notify"):
        outcome = either()
    assert (outcome.code, either.server.received) == (7, [])
    assert outcome.err == (
        "schedule: another schedule notify is at work on this book; try again later\n"
    )
    assert either().code == 0


def test_settings_that_do_not_fit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(says: str, **settings: str) -> None:
        with monkeypatch.context() as context:
            for name, value in settings.items():
                context.setenv(f"SCHEDULE_SMTP_{name.upper()}", value)
            outcome = office()
        assert (outcome.code, "Traceback" in outcome.err) == (5, False)
        assert says in outcome.err
        assert office.server.received == []

    refused("smtp_host: is not set", host="")
    refused('smtp_security: "ssl" is not one of starttls, tls, none', security="ssl")
    refused("smtp_user: would send the password for anybody to read", security="none")
    refused('smtp_port: "many" is no port', port="many")
    refused('smtp_port: "65536" is no port', port="65536")
    refused("smtp_user: has no password", password_file="")
    refused("smtp_password: has no user", user="")
    refused("nowhere: cannot be read", password_file="nowhere")
    refused("refuses the login (535 5.7.8)", password="wrong")
    refused("cannot be trusted", host="localhost")
    (office.desk.folder / "password").chmod(0o644)
    refused("password: may be read by everybody on this computer (run: chmod o= password)")
    monkeypatch.setenv("SCHEDULE_SMTP_PASSWORD", PASSWORD)
    assert office().code == 0


def test_other_sites_get_their_mails_first(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = office.desk.write("broken.toml", site_file(code="BB").replace("grid = ", "gird = "))
    monkeypatch.setenv("SCHEDULE_SITE_FILES", f"{broken}:site.toml")
    outcome = office()
    assert len(office.server.received) == 3
    assert outcome.code == 5
    assert "gird is not a key here" in outcome.err
    # None is sent twice while the file is still to be mended.
    assert (office().code, len(office.server.received)) == (5, 3)
    monkeypatch.setenv("SCHEDULE_SITE_FILES", broken)
    assert (office().code, len(office.server.received)) == (5, 3)


def test_nothing_is_sent_for_the_demo_site(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCHEDULE_SITE_FILES")
    outcome = office()
    assert (outcome.code, office.server.received) == (5, [])
    assert "site ZJ: is the demonstration: nothing is sent for it" in outcome.err


def test_passwords_are_masked(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEDULE_SMTP_PASSWORD", "SECRET")
    outcome = schedule("config", "show")
    assert "SECRET" not in outcome.out
    assert re.search(r"smtp_password +\*\*\* +SCHEDULE_SMTP_PASSWORD", outcome.out)
    schedule.write("schedule.toml", 'smtp_password = "SECRET"\n')
    outcome = schedule("config", "show")
    assert (outcome.code, "SECRET" in outcome.err) == (5, False)
    assert "smtp_password: does not belong into this file" in outcome.err


def test_out_goes_with_a_dry_run(schedule: Schedule) -> None:
    outcome = schedule(*MONDAY, "--out", "mails")
    assert (outcome.code, schedule.files()) == (2, [])
