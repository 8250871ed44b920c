r"""One line of an iCalendar file, as bytes: escaped, folded and ended as RFC 5545 wants it.

Lines end in CRLF and have at most 75 octets before it; longer ones are folded, never
inside a UTF-8 sequence (3.1) and never inside a backslash escape, which some readers
lose.  Text is escaped here and not by a library, so that a backslash before an N stays
one; what no reader can show (control characters, lone surrogates) is dropped.

>>> line("SUMMARY", text("Room C:\\New; bring\nshoes"))
b'SUMMARY:Room C:\\\\New\\; bring\\nshoes\r\n'
"""

import re
from datetime import UTC, datetime

OCTETS = 75
"""The most a line holds before its CRLF."""

_ESCAPES = {"\\": "\\\\", ";": "\\;", ",": "\\,"}
_BREAKS = ("\r\n", "\r", "\n", "\x85", "\u2028", "\u2029")  # some readers cut lines at each
_MEANINGS = _ESCAPES | dict.fromkeys(_BREAKS, "\\n")
_SPECIAL = re.compile(r"\r\n|[\\;,\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def text(value: str) -> str:
    r"""`value` as a TEXT value (RFC 5545 3.3.11); every kind of line break becomes `\n`."""
    return _SPECIAL.sub(lambda found: _MEANINGS.get(found[0], ""), value)


def local(moment: datetime) -> str:
    """The wall clock of `moment` as a DATE-TIME value (3.3.5)."""
    # Faster than strftime, and every event has four of these.
    return moment.isoformat(timespec="seconds")[:19].replace("-", "").replace(":", "")


def utc(moment: datetime) -> str:
    """The instant of `moment`, which has a zone, as a DATE-TIME value in UTC."""
    return local(moment.astimezone(UTC)) + "Z"


def line(name: str, value: str) -> bytes:
    """The content line of a property, its parameters in `name`, its value already escaped."""
    octets = f"{name}:{value}".encode()
    return octets + b"\r\n" if len(octets) <= OCTETS else _folded(octets)


def _folded(octets: bytes) -> bytes:
    """`octets` in pieces of at most OCTETS, each but the first opened by a space.

    >>> [len(piece) for piece in _folded(b"x" * 200).split(b"\\r\\n")]
    [75, 75, 52, 0]
    """
    pieces, start, room = [], 0, OCTETS
    while len(octets) - start > room:
        end = _cut(octets, start + room)
        pieces.append(octets[start:end])
        start, room = end, OCTETS - 1
    pieces.append(octets[start:])
    return b"\r\n ".join(pieces) + b"\r\n"


def _cut(octets: bytes, end: int) -> int:
    """The last place at or before `end` that parts neither a character nor an escape."""
    while octets[end] & 0xC0 == 0x80:
        end -= 1
    backslashes = 0
    while octets[end - 1 - backslashes] == ord("\\"):
        backslashes += 1
    return end - backslashes % 2
