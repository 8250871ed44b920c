"""Mails read back by the standard library as what was put in."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.exporters.mail import FEED, Envelope, Letter, message, message_id
from tests.digests import parsed, part

CALENDAR = "BEGIN:VCALENDAR\r\nSUMMARY:ZJ-001 · 第1次输注\r\nEND:VCALENDAR\r\n"
LETTER = Letter(
    subject="2026-W15：2 次访视",
    text=f"第1次输注\n{FEED}\n",
    html=f'<a href="{FEED}">第1次输注</a>\n',
    language="zh",
    calendar=CALENDAR,
    name="ZJ-2026-W15.ics",
)
ENVELOPE = Envelope(
    sender="visits@hospital.example",
    name="南方医科大学珠江医院",
    to="ward@hospital.example",
    message_id=message_id("hospital.example", "digest", "2026-W15", "ZJ", "ward"),
    written=datetime(2026, 4, 6, 1, tzinfo=UTC),
    list_id="visits.zj.hospital.example",
)


def test_headers() -> None:
    mail = parsed(message(LETTER, ENVELOPE))
    assert mail["From"].addresses[0].addr_spec == "visits@hospital.example"
    assert mail["From"].addresses[0].display_name == "南方医科大学珠江医院"
    assert (mail["To"], mail["Subject"]) == ("ward@hospital.example", "2026-W15：2 次访视")
    assert mail["Date"].datetime == ENVELOPE.written
    assert mail["Message-ID"] == ENVELOPE.message_id
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert (mail["List-Id"], mail["Content-Language"]) == ("<visits.zj.hospital.example>", "zh")
    assert mail["List-Unsubscribe"] is None  # nothing would answer it


def test_without_a_list_or_a_reader() -> None:
    mail = parsed(message(replace(LETTER, calendar=""), replace(ENVELOPE, to="", list_id="")))
    assert (mail["To"], mail["List-Id"]) == (None, None)
    assert mail.get_content_type() == "multipart/alternative"


def test_the_calendar_comes_through_byte_by_byte() -> None:
    mail = parsed(message(LETTER, ENVELOPE))
    [attached] = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_param("method") == "PUBLISH"
    assert attached.get_filename() == "ZJ-2026-W15.ics"
    assert attached.get_payload(decode=True) == CALENDAR.encode()


LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"))
texts = st.text(LETTERS | st.just("\n"), max_size=200)


@settings(max_examples=50)
@given(text=texts, html=texts)
def test_any_text_comes_through_in_lines_that_servers_take(text: str, html: str) -> None:
    letter = replace(LETTER, text=f"{text}.", html=f"{html}.")
    content = message(letter, ENVELOPE)
    assert content == message(letter, ENVELOPE)
    assert content.isascii()
    assert all(len(line) <= 100 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    mail = parsed(content)
    for kind, written in (("plain", text), ("html", html)):
        assert part(mail, kind).rstrip("\n") == f"{written}."


def test_message_ids_tell_kinds_weeks_and_recipients_apart() -> None:
    ids = {
        message_id("h.example", kind, week, *whom)
        for kind in ("digest", "reminder")
        for week in ("2026-W15", "2026-W16")
        for whom in (("ZJ", "ward"), ("ZJ", "lab"), ("GZ", "ward"), ("ZJward",))
    }
    assert len(ids) == 16
    again = message_id("h.example", "digest", "2026-W15", "ZJ", "ward")
    assert again in ids
    assert again.startswith("<digest.2026-W15.")
    assert again.endswith("@h.example>")


def test_the_feed_is_put_in_as_each_part_needs_it() -> None:
    filled = LETTER.with_feed("https://h.example/f?a=1&b=2")
    assert "\nhttps://h.example/f?a=1&b=2\n" in filled.text
    assert 'href="https://h.example/f?a=1&amp;b=2"' in filled.html
    assert FEED not in repr(filled)
