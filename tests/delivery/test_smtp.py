"""Mails handed to real servers: encrypted or refused, and every failure by its kind."""

from dataclasses import replace

import pytest

from scheduler.delivery.smtp import (
    AddressRefused,
    Deferred,
    Line,
    LineLost,
    Relay,
    Security,
)
from scheduler.errors import BadInput
from tests.databases import free_port
from tests.mailserver import PASSWORD, USER, MailServer

MAIL = b"Subject: 2026-W15\r\n\r\n.\r\nThu\r\n"
FROM, TO = "visits@hospital.example", "ward@hospital.example"

Servers = dict[Security, MailServer]


@pytest.fixture
def submission(mail_servers: Servers) -> MailServer:
    """A server that takes mails over STARTTLS after a login."""
    return mail_servers[Security.STARTTLS]


@pytest.mark.parametrize("security", Security)
def test_mails_come_through_as_they_are(mail_servers: Servers, security: Security) -> None:
    server = mail_servers[security]
    with Line(server.relay) as line:
        line.send(FROM, TO, MAIL)
        line.send(FROM, "lab@hospital.example", MAIL)
    first, second = server.received
    assert (first.sender, first.to, second.to) == (FROM, TO, "lab@hospital.example")
    assert first.content == MAIL
    encrypted = security is not Security.NONE
    assert (first.encrypted, first.login) == (encrypted, USER if encrypted else None)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_no_certificate_is_trusted_unseen(
    mail_servers: Servers, security: Security, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(BadInput, match="has a certificate that cannot be trusted") as caught:
        Line(mail_servers[security].relay).__enter__()
    assert caught.value.exit_code == 5
    assert mail_servers[security].received == []


def test_a_certificate_of_another_name(submission: MailServer) -> None:
    with pytest.raises(BadInput, match="cannot be trusted"):
        Line(replace(submission.relay, host="localhost")).__enter__()


def test_never_without_encryption_that_is_asked_for(mail_servers: Servers) -> None:
    plain = mail_servers[Security.NONE]
    with pytest.raises(BadInput, match="does not offer what is asked for"):
        Line(replace(plain.relay, security=Security.STARTTLS)).__enter__()
    with pytest.raises(BadInput, match="does not encrypt as smtp_security = tls says"):
        Line(replace(plain.relay, security=Security.TLS)).__enter__()
    assert plain.received == []


def test_a_wrong_password_is_not_shown(submission: MailServer) -> None:
    relay = replace(submission.relay, password="SECRET")
    assert "SECRET" not in repr(relay)
    with pytest.raises(BadInput, match=r"refuses the login \(535 5.7.8\)") as caught:
        Line(relay).__enter__()
    assert "SECRET" not in str(caught.value)


def test_a_server_that_knows_no_login(mail_servers: Servers) -> None:
    relay = replace(mail_servers[Security.NONE].relay, user=USER, password=PASSWORD)
    with pytest.raises(BadInput, match="does not offer what is asked for"):
        Line(relay).__enter__()


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        ("450 4.2.0 <ward@hospital.example> greylisted", Deferred, "450 4.2.0"),
        ("550 5.1.1 <ward@hospital.example> unknown", AddressRefused, "550 5.1.1"),
        ("553 no such ward@hospital.example", AddressRefused, "553"),
    ],
)
@pytest.mark.parametrize("stage", ["recipient", "content"])
def test_what_becomes_of_a_mail(
    submission: MailServer, reply: str, kind: type[Exception], told: str, stage: str
) -> None:
    """Of what the server says only the code is told, for it repeats addresses."""
    with Line(submission.relay) as line:
        if stage == "recipient":
            submission.faults.replies[TO] = [reply]
        else:
            submission.faults.content = reply
        with pytest.raises(kind) as caught:
            line.send(FROM, TO, MAIL)
        assert str(caught.value) == told
        submission.faults.content = ""
        line.send(FROM, "lab@hospital.example", MAIL)
    assert submission.to() == ["lab@hospital.example"]


def test_a_sender_that_is_refused(submission: MailServer) -> None:
    submission.faults.sender = "550 5.7.60 not you"
    with Line(submission.relay) as line, pytest.raises(BadInput, match="mend sender"):
        line.send(FROM, TO, MAIL)
    submission.faults.sender = "451 4.3.2 later"
    with Line(submission.relay) as line, pytest.raises(Deferred, match=r"451 4.3.2"):
        line.send(FROM, TO, MAIL)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_line_that_breaks(submission: MailServer, when: str) -> None:
    submission.faults.drops = [when]
    with Line(submission.relay) as line, pytest.raises(LineLost, match="broke the line"):
        line.send(FROM, TO, MAIL)
    assert len(submission.received) == (when == "after")


def test_a_server_that_says_nothing_more(submission: MailServer) -> None:
    submission.faults.stalls = True
    relay = replace(submission.relay, patience=0.5)
    with Line(relay) as line, pytest.raises(LineLost, match=r"did not answer within 0.5 s"):
        line.send(FROM, TO, MAIL)


def test_a_server_that_is_not_there() -> None:
    nobody = Relay(host="127.0.0.1", number=free_port(), security=Security.NONE)
    with pytest.raises(LineLost, match="cannot be reached: Connection refused") as caught:
        Line(nobody).__enter__()
    assert caught.value.exit_code == 7


def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(LineLost, match=r"no-such-host.invalid:587 cannot be reached"):
        Line(Relay(host="no-such-host.invalid")).__enter__()
