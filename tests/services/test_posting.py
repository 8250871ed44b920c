"""What becomes of mails at servers that drop, defer, refuse and stall."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.delivery.smtp import Relay, Security
from scheduler.errors import BadInput
from scheduler.exporters.mail import Envelope, Letter
from scheduler.services.posting import ATTEMPTS, Parcel, Posted, Postman, pause, post
from scheduler.store import Book, Store
from scheduler.store.outbox import Mailing, State
from tests.databases import free_port
from tests.digests import parsed
from tests.mailserver import MailServer

WRITTEN = datetime(2026, 4, 6, 1, tzinfo=UTC)
DEFERRED = "451 4.7.1 <{0}> greylisted, come back later"


def parcel(name: str) -> Parcel:
    mailing = Mailing(
        site="ZJ",
        kind="digest",
        week="2026-W15",
        recipient=name,
        message_id=f"<{name}@hospital.example>",
        queued=WRITTEN,
        letter=Letter(subject="2026-W15: 1 visit", text=f"{name}\n", html="<p>", language="en"),
    )
    envelope = Envelope(
        sender="visits@hospital.example",
        name="Demo",
        to=f"{name}@hospital.example",
        message_id=mailing.message_id,
        written=WRITTEN,
    )
    return Parcel(mailing=mailing, envelope=envelope, whose=f"recipient {name}")


WARD, LAB, OFFICE = map(parcel, ("ward", "lab", "office"))


class Desk:
    """Three parcels in an outbox, and a postman who does not really sleep."""

    def __init__(self, store: Store, server: MailServer) -> None:
        self.store, self.server = store, server
        self.naps: list[float] = []

        def work(book: Book) -> None:
            for each in (WARD, LAB, OFFICE):
                book.outbox.queue(each.mailing)

        store.write(work)

    def post(self, *parcels: Parcel, relay: Relay | None = None) -> Posted:
        postman = Postman(
            relay=relay or self.server.relay, sleep=self.naps.append, chance=lambda: 0.5
        )
        return post(self.store, parcels or (WARD, LAB, OFFICE), postman)

    def states(self) -> dict[str, State]:
        found = self.store.read(lambda book: book.outbox.of("ZJ", "digest"))
        return {mailing.recipient: mailing.state for mailing in found}

    def replies(self, parcel: Parcel, *replies: str) -> None:
        """What the server answers to the recipient, the last of them for ever ("" is fine)."""
        self.server.faults.replies[parcel.envelope.to] = list(replies)


@pytest.fixture
def desk(store: Store, mail_servers: dict[Security, MailServer]) -> Desk:
    return Desk(store, mail_servers[Security.STARTTLS])


def test_all_is_well(desk: Desk) -> None:
    posted = desk.post()
    assert posted.failure() is None
    assert posted.sent == [WARD, LAB, OFFICE]
    assert desk.states() == dict.fromkeys(("ward", "lab", "office"), State.SENT)
    assert [mail.content for mail in desk.server.received] == [
        each.content for each in (WARD, LAB, OFFICE)
    ]
    assert desk.naps == []


def test_deferred_twice_and_then_taken(desk: Desk) -> None:
    desk.replies(LAB, DEFERRED, DEFERRED, "")
    posted = desk.post()
    assert posted.failure() is None
    assert desk.server.to() == [each.envelope.to for each in (WARD, OFFICE, LAB)]
    assert set(desk.states().values()) == {State.SENT}
    assert desk.naps == [1.0, 2.0]


def test_deferred_for_ever_waits_for_the_next_run(desk: Desk) -> None:
    desk.replies(LAB, DEFERRED)
    failure = desk.post().failure()
    assert failure is not None
    assert failure.exit_code == 7
    assert str(failure) == (
        "1 of 3 mails wait for the next run: the mail server"
        f" 127.0.0.1:{desk.server.relay.port} puts them off (451 4.7.1)"
    )
    assert len(desk.naps) == ATTEMPTS - 1
    assert desk.states() == {"ward": State.SENT, "lab": State.QUEUED, "office": State.SENT}
    desk.replies(LAB, "")
    assert desk.post(LAB).failure() is None
    assert desk.server.to().count("lab@hospital.example") == 1


def test_one_of_three_is_refused(desk: Desk) -> None:
    desk.replies(LAB, "550 5.1.1 <lab@hospital.example> unknown")
    failure = desk.post().failure()
    assert failure is not None
    assert failure.exit_code == 5
    assert str(failure) == (
        "recipient lab: is refused by the mail server (550 5.1.1)"
        " (mend the address, then: schedule notify --retry)"
    )
    assert desk.states() == {"ward": State.SENT, "lab": State.REFUSED, "office": State.SENT}
    assert desk.naps == []
    assert desk.post(LAB).sent == []  # it is not asked again by itself


@pytest.mark.parametrize(("when", "copies"), [("before", 1), ("after", 2)])
def test_the_line_drops(desk: Desk, when: str, copies: int) -> None:
    """Nothing is lost, and what the server may hold twice is the same mail."""
    desk.server.faults.drops = [when]
    posted = desk.post()
    assert posted.failure() is None
    assert set(desk.states().values()) == {State.SENT}
    wards = [mail for mail in desk.server.received if mail.to == "ward@hospital.example"]
    assert len(wards) == copies
    assert {mail.content for mail in wards} == {WARD.content}
    assert {parsed(mail.content)["Message-ID"] for mail in wards} == {"<ward@hospital.example>"}


def test_a_server_that_stalls(desk: Desk) -> None:
    desk.server.faults.stalls = True
    failure = desk.post(WARD, relay=replace(desk.server.relay, patience=0.2)).failure()
    assert failure is not None
    assert (failure.exit_code, "did not answer within 0.2 s" in str(failure)) == (7, True)
    # It may have been taken, so nobody can say that it was not.
    assert desk.states()["ward"] is State.SENDING
    desk.server.faults.stalls = False
    assert desk.post(WARD).failure() is None


def test_a_server_that_is_down(desk: Desk) -> None:
    relay = Relay(host="127.0.0.1", number=free_port(), security=Security.NONE)
    posted = desk.post(relay=relay)
    failure = posted.failure()
    assert failure is not None
    assert failure.exit_code == 7
    assert str(failure).startswith("3 of 3 mails wait for the next run: the mail server")
    assert set(desk.states().values()) == {State.QUEUED}
    assert posted.waiting == [WARD, LAB, OFFICE]


def test_a_login_that_is_refused_sends_nothing(desk: Desk) -> None:
    with pytest.raises(BadInput, match="refuses the login"):
        desk.post(relay=replace(desk.server.relay, password="wrong"))
    assert set(desk.states().values()) == {State.QUEUED}
    assert desk.naps == []


def test_what_does_not_stand_any_more_is_dropped(desk: Desk) -> None:
    posted = desk.post(replace(WARD, stands=lambda _: False), LAB)
    assert posted.sent == [LAB]
    assert desk.states() == {"ward": State.DROPPED, "lab": State.SENT, "office": State.QUEUED}
    assert desk.server.to() == ["lab@hospital.example"]


@given(chances=st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_pauses_grow_and_stay_short(chances: list[float]) -> None:
    pauses = [pause(attempt, chance) for attempt, chance in enumerate(chances, start=1)]
    assert all(0.5 * 2**n <= each <= 1.5 * 2**n for n, each in enumerate(pauses))
    assert sum(pauses) <= 10.5
