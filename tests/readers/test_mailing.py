"""The sender and the recipients of a site file: read, or every mistake with its line."""

import pytest

from scheduler.readers.site import read
from scheduler.sites import Audience, Detail, Recipient, Reminders
from tests.readers.test_site import SMALL, line, problems

MAIL = """
[mail]
sender = "visits@hospital.example"

[[recipient]]
id = "ward"
address = "ward-7@hospital.example"
language = "zh"
detail = "codes"
attach = true
feed = "https://feeds.hospital.example/abc"

[[recipient]]
id = "assessors"
address = "o'neil+trial@h.example"
audience = "assessor"
detail = "counts"
"""


def test_every_key_gets_into_the_value() -> None:
    site = read(SMALL + MAIL, "clinic.toml")
    assert site.sender == "visits@hospital.example"
    assert site.recipients == (
        Recipient(
            id="ward",
            address="ward-7@hospital.example",
            language="zh",
            attach=True,
            feed="https://feeds.hospital.example/abc",
        ),
        Recipient(
            id="assessors",
            address="o'neil+trial@h.example",
            language="en",
            audience=Audience.ASSESSOR,
            detail=Detail.COUNTS,
        ),
    )


def test_a_site_may_send_no_mail() -> None:
    site = read(SMALL, "clinic.toml")
    assert (site.sender, site.recipients) == ("", ())


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('[mail]\nsender = "visits@hospital.example"', "", "mail is missing ([mail] sender = "),
        ('sender = "visits@hospital.example"', "", "mail.sender is missing"),
        ('"visits@hospital.example"', '"visits"', 'mail.sender "visits" is not a mail address'),
        ("ward-7@hospital.example", "Ward <w@h.example>", "is not a mail address"),
        ("ward-7@hospital.example", "病房@h.example", "is not a mail address"),
        (
            "ward-7@hospital.example",
            "ward@hospital.example\\nBcc: x@y.example",
            "is not a mail add",
        ),
        ('id = "assessors"', 'id = "ward"', 'id "ward" is another recipient already'),
        ('id = "assessors"', 'id = "As Sessors"', "has other characters than a-z"),
        ('id = "assessors"\n', "", "recipient 2: id is missing"),
        ('address = "ward-7@hospital.example"\n', "", 'recipient "ward": address is missing'),
        ('language = "zh"', 'language = "de"', 'language "de" is not one of en, zh'),
        ('"assessor"', '"participant"', 'audience cannot be "participant"'),
        ('"assessor"', '"everybody"', 'audience "everybody" is not one of staff'),
        ('"counts"', '"all"', 'detail "all" is not one of codes, visits, counts'),
        ('detail = "codes"', 'detail = "visits"', "attach asks for a calendar, which holds codes"),
        ("attach = true", 'attach = "yes"', "attach must be true or false"),
        ("https://feeds.hospital.example/abc", "feeds/SECRET", "feed is not the address of a feed"),
        ("https://feeds.hospital.example/abc", "https://h/a b", "feed is not the address"),
        ("detail = ", "detial = ", 'detial is not a key here (did you mean "detail"?)'),
    ],
)
def test_mistakes(before: str, after: str, says: str) -> None:
    text = SMALL + MAIL.replace(before, after, 1)
    assert before in MAIL
    [problem] = problems(text)
    assert says in str(problem)
    assert "SECRET" not in str(problem)
    assert problem.place.startswith("clinic.toml:")


REMINDERS = '[reminders]\ndays_before = 2\naddresses = "participants.toml"\n'


def test_reminders() -> None:
    site = read(SMALL + MAIL + REMINDERS, "clinic.toml")
    assert site.reminders == Reminders(days_before=2, addresses="participants.toml")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("= 2", "= 0", "reminders.days_before must be from 1 to 14, not 0"),
        ("= 2", "= 15", "reminders.days_before must be from 1 to 14, not 15"),
        ("days_before = 2", "", "reminders.days_before is missing"),
        ('addresses = "participants.toml"', "", "reminders.addresses is missing"),
        ('"participants.toml"', '""', "reminders.addresses is empty"),
    ],
)
def test_mistakes_of_reminders(before: str, after: str, says: str) -> None:
    [problem] = problems(SMALL + MAIL + REMINDERS.replace(before, after))
    assert says in str(problem)


def test_reminders_need_a_sender() -> None:
    [problem] = problems(SMALL + REMINDERS)
    assert "mail is missing" in str(problem)


def test_all_mistakes_at_once_with_their_lines() -> None:
    text = SMALL + MAIL.replace("@hospital", " at hospital").replace('"assessor"', '"staf"')
    found = problems(text)
    snippets = ("sender", "ward-7", '"staf"')
    assert [p.place for p in found] == [f"clinic.toml:{line(text, s)}" for s in snippets]
