"""The file of participants' mail addresses, which lies outside of the book.

It is the one place where a code and a person meet, so nothing that stands in it is ever
shown: a problem names the line and the code.

>>> contacts = read('ZJ-001 = "someone@mail.example"', "participants.toml", "en")
>>> contacts["ZJ-001"].language
'en'
>>> read('ZJ-001 = "Someone"', "participants.toml", "en")
Traceback (most recent call last):
scheduler.errors.BadInput: participants.toml:1: ZJ-001 is not a mail address \
(like "name@mail.example")
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.readers.forms import Findings, opened
from scheduler.readers.mailing import ADDRESS
from scheduler.readers.places import Path
from scheduler.readers.vocabulary import LANGUAGES

_KEYS = {"address", "language"}
_LIKE = 'like "name@mail.example"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Where and in which language a participant is reminded."""

    address: str = field(repr=False)
    language: str


def read(text: str, name: str, language: str) -> Mapping[str, Contact]:
    """Contacts by participant's code; `language` is that of who names none.

    Raises:
        BadInput: with every problem found, and no address in it.
    """
    findings = opened(text, name)
    contacts = {}
    for code, value in findings.data.items():
        table = value if isinstance(value, dict) else {"address": value}
        _check(code, table, language, findings)
        if code.upper() in contacts:
            findings.blame((code,), "is another line's participant already")
        contacts[code.upper()] = Contact(
            address=str(table.get("address")), language=str(table.get("language", language))
        )
    findings.settle()
    return contacts


def _check(code: str, table: Mapping[str, object], language: str, findings: Findings) -> None:
    path: Path = (code,)
    address = table.get("address")
    if not isinstance(address, str) or not ADDRESS.match(address):
        findings.blame(path, "is not a mail address", _LIKE)
    if table.get("language", language) not in LANGUAGES:
        findings.blame((*path, "language"), f"is not one of {', '.join(LANGUAGES)}")
    if table.keys() - _KEYS:
        findings.blame(path, f"has other keys than {' and '.join(sorted(_KEYS))}")
