"""Reminders of participants: after a consent, until it is withdrawn, and never by the book."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler.delivery.smtp import Security
from scheduler.store.tables import metadata
from tests.cli.test_notify import Office
from tests.digests import parsed, part
from tests.mailserver import MailServer
from tests.running import Outcome, Schedule, site_file

ADDRESSES = """
ZJ-001 = "someone@mail.example"
ZJ-002 = { address = "else@mail.example", language = "zh" }
"""

REMINDERS = """
[mail]
sender = "visits@hospital.example"

[reminders]
days_before = 2
addresses = "participants.toml"
"""

DAY = "2026-04-08"
"""The day before infusion 1 of the worked example, two before its day 1."""


class Desk(Office):
    """A site that reminds participants, and mails nobody else."""

    def __init__(self, desk: Schedule, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(desk, server, monkeypatch)
        desk.write("site.toml", site_file().partition("# The weekly mail")[0] + REMINDERS)
        self.addresses(ADDRESSES)

    def addresses(self, content: str) -> None:
        self.desk.write("participants.toml", content)
        (self.desk.folder / "participants.toml").chmod(0o600)

    def consent(self, *more: str) -> Outcome:
        return self.desk("subject", "consent", "ZJ-001", "--to", "reminders", *more)

    def everything(self) -> str:
        """Every value in the book."""
        with create_engine(self.desk.url, poolclass=NullPool).connect() as connection:
            rows = [connection.execute(text(f"SELECT * FROM {t}")).all() for t in metadata.tables]
        return str(rows)


@pytest.fixture
def desk(
    journey: Schedule, mail_servers: dict[Security, MailServer], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    return Desk(journey, mail_servers[Security.STARTTLS], monkeypatch)


@pytest.fixture
def office(
    schedule: Schedule, mail_servers: dict[Security, MailServer], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    return Desk(schedule, mail_servers[Security.STARTTLS], monkeypatch)


def test_only_after_a_consent_and_once_for_each_appointment(desk: Desk) -> None:
    assert desk(day=DAY) == Outcome(code=0, out="", err="")
    assert desk.server.received == []
    assert desk.consent().out == "ZJ-001: consent to reminders given on 2026-02-20\n"
    assert desk(day=DAY) == Outcome(code=0, out="", err="")
    assert desk(day=DAY) == Outcome(code=0, out="", err="")
    assert desk.server.to() == ["someone@mail.example"] * 2
    mails = [parsed(mail.content) for mail in desk.server.received]
    assert {mail["Subject"] for mail in mails} == {"Hospital appointment"}
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]
    assert mails[0]["List-Id"] is None
    assert "Thursday, 9 April 2026\n  08:00 to 15:00" in part(mails[0], "plain")
    assert "Friday, 10 April 2026" in part(mails[1], "plain")
    assert "someone" not in desk.everything()
    assert desk(day="2026-04-11").code == 0
    assert "12 April" not in part(parsed(desk.server.received[-1].content), "plain")


def test_a_withdrawal_stops_what_is_queued(desk: Desk) -> None:
    desk.consent()
    desk.server.faults.replies["someone@mail.example"] = ["450 4.2.0 later"]
    failed = desk(day=DAY)
    assert failed.code == 7
    assert "someone" not in failed.err
    assert "ZJ-001" not in failed.err
    desk.server.faults.replies = {}
    outcome = desk.consent("--withdraw", "--reason", "by telephone")
    assert outcome.out == "ZJ-001: consent to reminders withdrawn on 2026-02-20\n"
    assert outcome.err == "Not sent any more: 2 mails that waited\n"
    assert desk(day=DAY) == Outcome(code=0, out="", err="")
    assert desk.server.received == []
    assert desk.letters() == []
    trail = desk.desk("audit", "--subject", "ZJ-001").out
    assert "subject consent" in trail
    assert "withdrawn" in trail
    assert desk.desk("audit", "verify").code == 0


def test_a_moved_appointment_is_told_anew_and_a_called_off_one_is_not(office: Desk) -> None:
    office.consent()
    office.server.faults.replies["someone@mail.example"] = ["450 4.2.0 later"]
    assert office(day=DAY).code == 7
    office.server.faults.replies = {}
    cancelled = office.desk("visit", "cancel", "ZJ-001", "day-1", "--reason", "travels")
    assert cancelled.code == 0, cancelled.err
    assert office(day=DAY) == Outcome(code=0, out="", err="")
    assert len(office.server.received) == 1
    moved = office.desk(
        "visit", "move", "ZJ-001", "infusion-1", "--time", "09:30", "--reason", "asked for"
    )
    assert moved.code == 0, moved.err
    assert office(day=DAY) == Outcome(code=0, out="", err="")
    texts = [part(parsed(mail.content), "plain") for mail in office.server.received]
    assert ["08:00 to 15:00" in told for told in texts] == [True, False]
    assert "09:30 to 16:30" in texts[1]


def test_an_appointment_that_moves_back_is_told_again(office: Desk) -> None:
    """Who was told of the new time last would go by it."""
    office.consent()
    for at in ("09:30", "08:00"):
        assert office(day=DAY) == Outcome(code=0, out="", err="")
        arguments = ("--time", at, "--reason", "asked for")
        moved = office.desk("visit", "move", "ZJ-001", "infusion-1", *arguments)
        assert moved.code == 0, moved.err
    for _ in range(2):
        assert office(day=DAY) == Outcome(code=0, out="", err="")
    mails = [parsed(mail.content) for mail in office.server.received]
    told = [part(mail, "plain") for mail in mails]
    starts = [at for text in told for at in ("08:00 to 15:00", "09:30 to 16:30") if at in text]
    assert starts == ["08:00 to 15:00", "09:30 to 16:30", "08:00 to 15:00"]
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


def test_who_consents_again_is_reminded_again(office: Desk) -> None:
    office.consent()
    office.server.faults.replies["someone@mail.example"] = ["450 4.2.0 later"]
    assert office(day=DAY).code == 7
    office.server.faults.replies = {}
    office.consent("--withdraw")
    assert office(day=DAY).code == 0
    assert office.server.received == []
    office.consent()
    assert office(day=DAY).code == 0
    assert len(office.server.received) == 2


def test_late_reminders_are_not_sent(office: Desk) -> None:
    office.consent()
    office.server.faults.replies["someone@mail.example"] = ["450 4.2.0 later"]
    assert office(day=DAY).code == 7
    office.server.faults.replies = {}
    assert office(day="2026-04-10").code == 0
    assert office.server.received == []
    assert office.letters() == []


def test_the_language_of_the_participant(office: Desk) -> None:
    office.desk.enter(arm="routine")
    office.desk.consent("ZJ-001", "ZJ-002")
    shown = office.desk("show", "ZJ-002", "--json").json["visits"]
    day = next(v["start"][:10] for v in shown if v["encounter"] == "day-14")
    assert office("--dry-run", day=f"{day[:8]}{int(day[8:]) - 1:02}").code == 0
    [path] = office.desk.folder.glob("ZJ-002-reminder-*.eml")
    mail = parsed(path.read_bytes())
    assert (mail["Subject"], mail["To"]) == ("医院预约", None)


def test_an_address_that_is_not_there(office: Desk) -> None:
    """Told without the code, for cron mails what it hears; a dry run names it."""
    office.consent()
    office.addresses("")
    outcome = office(day=DAY)
    assert outcome.code == 5
    assert outcome.err == (
        "schedule: participants.toml: has no address for 1 of those to be reminded now"
        " (see who: schedule notify --dry-run)\n"
    )
    preview = office("--dry-run", day=DAY)
    assert preview.code == 0
    assert "Warning: ZJ-001 is to be reminded and has no address" in preview.err
    office.addresses(ADDRESSES)
    assert office(day=DAY).code == 0
    assert len(office.server.received) == 2


def test_the_file_of_addresses_is_private(office: Desk) -> None:
    office.consent()
    path = office.desk.folder / "participants.toml"
    path.chmod(0o644)
    outcome = office(day=DAY)
    assert (outcome.code, office.server.received) == (5, [])
    assert "participants.toml: may be read by everybody on this computer" in outcome.err
    path.unlink()
    assert "participants.toml: cannot be read" in office(day=DAY).err


def test_checking_a_site_reads_the_file_of_addresses(office: Desk) -> None:
    checked = office.desk("site", "check", "site.toml")
    assert checked.code == 0, checked.err
    assert checked.out.endswith("reminders 2 d before; 2 participants with an address\n")
    office.addresses('ZJ-001 = "SECRET"\n')
    refused = office.desk("site", "check", "site.toml")
    assert (refused.code, "SECRET" in refused.err) == (5, False)
    assert "participants.toml:1: ZJ-001 is not a mail address" in refused.err


def test_a_broken_file_keeps_no_mail_of_the_staff_back(office: Desk) -> None:
    site = office.desk.folder / "site.toml"
    recipient = '\n[[recipient]]\nid = "ward"\naddress = "ward@hospital.example"\n'
    site.write_text(site.read_text() + recipient)
    office.addresses('ZJ-001 = "SECRET"\n')
    outcome = office(day=DAY)
    assert (outcome.code, office.server.to()) == (5, ["ward@hospital.example"])
    assert "ZJ-001 is not a mail address" in outcome.err
    assert "SECRET" not in outcome.err


def test_consents_are_said_once_and_by_whoever_sees_participants(office: Desk) -> None:
    assert office.consent("--withdraw").code == 9
    assert office.consent("--dry-run").code == 0
    assert office.consent("--date", "2026-02-19", "--json").json == {
        "subject": "ZJ-001",
        "to": "reminders",
        "state": "given",
        "day": "2026-02-19",
        "dropped": 0,
        "revoked": [],
    }
    again = office.consent()
    assert (again.code, "has consented to reminders already" in again.err) == (9, True)
    assert office.consent("--withdraw", "--date", "2026-02-21").code == 2
    site = office.desk.folder / "site.toml"
    site.write_text(site.read_text() + '\n[people]\nli = "monitor"\n')
    refused = office.consent("--withdraw")
    assert (refused.code, "li may not record consents" in refused.err) == (9, True)


def test_a_calendar_of_ones_own_needs_a_consent(schedule: Schedule) -> None:
    schedule.enter()
    schedule.enter(arm="routine")
    own = ("export", "ics", "--audience", "participant")
    refused = schedule(*own, "--subject", "ZJ-001")
    assert (refused.code, schedule.files()) == (9, [])
    assert "record it first: schedule subject consent ZJ-001 --to reminders" in refused.err
    assert "No visits: nothing written" in schedule(*own).err
    schedule.consent("ZJ-001")
    assert schedule(*own, "--subject", "ZJ-001").code == 0
    everybody = schedule(*own)
    assert everybody.code == 0
    assert "Left out, without a consent to reminders: ZJ-002" in everybody.err
    assert schedule.files() == ["ZJ-001-participant.ics"]
    assert schedule("subject", "consent", "ZJ-001", "--to", "reminders", "--withdraw").code == 0
    assert schedule(*own, "--subject", "ZJ-001").code == 9
    reissue = ("--reissue", "--reason", "moved", "--subject", "ZJ-001")
    assert schedule(*own, *reissue).code == 9
