"""Visits of one week and mails of it, for the tests of what is told of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from scheduler.dates import Interval, Window
from scheduler.protocol import Kind, Mode
from scheduler.sites import Recipient
from scheduler.subject import Status, Visit
from scheduler.words import Words
from tests.arms import zhujiang

MONDAY = date(2026, 3, 9)
"""A Monday without holidays around it."""

WARD = Recipient(id="ward", address="ward@hospital.example", language="en")


def visit(*, day: int, code: str = "ZJ-001", encounter: str = "day-3", hour: int = 9) -> Visit:
    """An hour's visit so many days after Monday, in the middle of a window of 15 days."""
    zone, on = zhujiang().tz(), MONDAY + timedelta(days=day)
    start = datetime.combine(on, time(hour), zone)
    margin = timedelta(days=7)
    return Visit(
        study="bmsc-stroke",
        subject=code,
        site="ZJ",
        encounter=encounter,
        label=Words.of(en="Day 3", zh="第3天"),
        kind=Kind.FOLLOW_UP,
        mode=Mode.VISIT,
        target=on,
        window=Window(earliest=on - margin, latest=on + margin),
        status=Status.SCHEDULED,
        scheduled=Interval(start=start, end=start + timedelta(hours=1)),
        changed=datetime(2026, 2, 20, tzinfo=UTC),
    )


def infusion(*, day: int, code: str = "ZJ-001") -> Visit:
    """The same as an infusion."""
    plain = visit(day=day, code=code, encounter="infusion-1")
    return replace(plain, kind=Kind.INFUSION, label=Words.of(en="Infusion 1", zh="第1次输注"))


def parsed(content: bytes) -> EmailMessage:
    """A mail as a program reads it."""
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    """The text of the part "plain" or "html"."""
    body = mail.get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")
