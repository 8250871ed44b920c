"""A run of `schedule notify` that dies anywhere loses no mail, and sends none as another."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

from scheduler.delivery.smtp import Relay, Security
from scheduler.readers.site import read
from scheduler.services.clinics import Clinic
from scheduler.services.notification import notify
from scheduler.services.posting import Postman
from scheduler.store import Store
from scheduler.store.outbox import State
from tests.databases import SqliteFiles
from tests.digests import parsed
from tests.killing import Executioner
from tests.mailserver import MailServer
from tests.readers.test_mailing import MAIL
from tests.readers.test_site import SMALL

SITE = read(SMALL.partition("[[calendar]]")[0] + MAIL, "m1.toml")
CLINIC = Clinic(site=replace(SITE, recipients=SITE.recipients[1:]), folder=Path())
[ADDRESS] = [recipient.address for recipient in CLINIC.site.recipients]
DAY = date(2026, 4, 6)


def run(url: str, port: str) -> None:
    """One run, as cron starts it."""
    relay = Relay(host="127.0.0.1", number=int(port), security=Security.NONE)
    postman = Postman(relay=relay, sleep=lambda _: None, chance=lambda: 0.5)
    with Store(url) as store:
        now = datetime(2026, 4, 6, 1, tzinfo=UTC)
        posted = notify(store, [CLINIC], lambda _: DAY, postman, now=now, own=None, retry=False)
    assert posted.failure() is None


def test_death_at_any_step(
    sqlite_files: SqliteFiles, mail_servers: dict[Security, MailServer]
) -> None:
    server = mail_servers[Security.NONE]
    port = str(server.relay.port)
    copies: list[tuple[int, int]] = []
    with Executioner("tests.journeys.test_notify_killed:run") as executioner:
        for step in count(1):
            server.reset()
            with sqlite_files.book() as url:
                killed = executioner.kills(step, url, port)
                before = len(server.received)
                run(url, port)
                with Store(url) as store:
                    [mailing] = store.read(lambda book: book.outbox.of("M1", "digest"))
            assert mailing.state is State.SENT
            assert set(server.to()) == {ADDRESS}
            assert len({mail.content for mail in server.received}) == 1
            assert parsed(server.received[0].content)["Message-ID"] == mailing.message_id
            copies.append((before, len(server.received)))
            if not killed:
                break
    # Before the server answered, between its answer and the commit of it, and after that.
    assert list(dict.fromkeys(copies)) == [(0, 1), (1, 2), (1, 1)]
