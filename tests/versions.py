"""Other versions of the built-in trial, as texts: arm bmsc edited row by row."""

import re

from scheduler import shipped
from scheduler.services import studies
from scheduler.services.studies import Study

_ROW = '[[arm.encounter]]\nid = "{}"'


def version(name: str = "2", /, **edits: str | None) -> str:
    """The trial's text as another version.

    An edit names a row of arm bmsc, "_" for "-", and gives lines to put in place of its
    own of the same names, or None to drop the row.
    """
    text = shipped.read("protocols/bmsc-stroke.toml").decode()
    text = text.replace('version = "1"', f'version = "{name}"', 1)
    for row, lines in edits.items():
        start, end = _row(text, row.replace("_", "-"))
        text = (
            text[:start] + ("" if lines is None else _edited(text[start:end], lines)) + text[end:]
        )
    return text


def with_row(text: str, id: str, like: str, lines: str) -> str:
    """The text with one more row behind `like`: the same but for its id and the lines."""
    start, end = _row(text, like)
    row = text[start:end].replace(f'id = "{like}"', f'id = "{id}"')
    return text[:end] + _edited(row, lines) + text[end:]


def study(text: str) -> Study:
    return studies.read(text, "version.toml")


def _row(text: str, id: str) -> tuple[int, int]:
    start = text.index(_ROW.format(id))
    return start, text.index("\n[[", start + 1) + 1


def _edited(row: str, lines: str) -> str:
    for line in lines.splitlines():
        name = line.partition(" = ")[0]
        row, count = re.subn(rf"^{name} = .*$", line.replace("\\", r"\\"), row, flags=re.M)
        assert count == 1, f"{name} stands {count} times"
    return row
