"""The file of participants' addresses: read, or refused without showing any of it."""

import pytest

from scheduler.errors import BadInput
from scheduler.readers.addresses import Contact, read

GOOD = """
ZJ-001 = "someone@mail.example"
zj-002 = { address = "else@mail.example", language = "zh" }
"""


def test_contacts_by_code() -> None:
    assert read(GOOD, "p.toml", "en") == {
        "ZJ-001": Contact(address="someone@mail.example", language="en"),
        "ZJ-002": Contact(address="else@mail.example", language="zh"),
    }
    assert read("", "p.toml", "en") == {}


def test_addresses_are_not_shown_by_chance() -> None:
    assert "someone" not in repr(read(GOOD, "p.toml", "en"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('ZJ-001 = "SECRET"', "p.toml:1: ZJ-001 is not a mail address"),
        ("ZJ-001 = 5", "ZJ-001 is not a mail address"),
        ('ZJ-001 = ["SECRET@mail.example"]', "ZJ-001 is not a mail address"),
        ('ZJ-001 = "SECRET@mail.example, a@b.example"', "ZJ-001 is not a mail address"),
        ('ZJ-001 = { adress = "SECRET@mail.example" }', "ZJ-001 is not a mail address"),
        (
            'ZJ-001 = { address = "SECRET@mail.example", name = "SECRET" }',
            "ZJ-001 has other keys than address and language",
        ),
        (
            'ZJ-001 = { address = "SECRET@mail.example", language = "SECRET" }',
            "ZJ-001.language is not one of en, zh",
        ),
        (
            'ZJ-001 = "SECRET@mail.example"\nzj-001 = "b@mail.example"',
            "p.toml:2: zj-001 is another line's participant already",
        ),
        ("ZJ-001 = SECRET@mail.example", "p.toml:1: not TOML, column 10"),
    ],
)
def test_mistakes(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(text, "p.toml", "en")
    assert says in str(caught.value)
    assert "SECRET" not in str(caught.value)
