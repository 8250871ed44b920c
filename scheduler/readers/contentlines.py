r"""The text of an iCalendar file as components with the line each of them stands on.

A parser that takes a whole calendar refuses it for one bad alarm.  Here the text is only
unfolded and cut into components (RFC 5545 3.1, 3.6), so that each event can be judged by
itself.  Only lines that say when time is taken are kept: titles, descriptions and people
are dropped here and reach no value of this program.

>>> text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Ms Li\nUID:a\n @b\nEND:VEVENT\nEND:VCALENDAR"
>>> [calendar], problems = calendars(text, "nurse.ics")
>>> [event] = calendar.parts
>>> event.line, event.lines
(2, [ContentLine(number=4, name='UID', params='', value='a@b')])
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scheduler.errors import BadInput, Problem

TIMES = frozenset(
    {"DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE"}
    | {"RECURRENCE-ID", "FREEBUSY", "TZOFFSETFROM", "TZOFFSETTO"}
)
"""Properties whose loss is a loss of time; their values hold no colon."""

_KEPT = TIMES | {"UID", "TRANSP", "STATUS", "X-MICROSOFT-CDO-BUSYSTATUS", "TZID", "X-WR-TIMEZONE"}
_READ = frozenset({"VEVENT", "VFREEBUSY", "VTIMEZONE"})
_TAKES_NO_TIME = frozenset({"VTODO", "VJOURNAL"})
_NAME = re.compile(r"[A-Za-z0-9-]+(?=[:;])")
_LINE = re.compile(r'([A-Za-z0-9-]+)((?:;(?:[^":;]|"[^"]*")*)*):(.*)', re.DOTALL)
_TIME_LINE = re.compile(r"([A-Za-z0-9-]+)(;.*)?:([^:]*)", re.DOTALL)
_LONGEST_SHOWN = 80


class Unreadable(ValueError):
    """A part of a calendar whose time cannot be known: the line, and what is wrong there."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One unfolded property; `number` is its first line in the file, from 1."""

    number: int
    name: str
    params: str
    value: str

    def param(self, key: str) -> str | None:
        """A parameter's value without quotes, None if the line has none.

        >>> ContentLine(1, "DTSTART", ';TZID="tzone://Microsoft/Custom"', "").param("TZID")
        'tzone://Microsoft/Custom'
        """
        found = re.search(rf';{key}=("[^"]*"|[^;]*)', self.params, re.IGNORECASE)
        return found[1].strip('"').strip() if found else None


@dataclass(frozen=True, slots=True)
class Component:
    """A component: its kind ("VEVENT"), its first line, its kept properties, its parts."""

    kind: str
    line: int
    lines: list[ContentLine] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)
    faults: list[Unreadable] = field(default_factory=list)

    def every(self, name: str) -> list[ContentLine]:
        """All lines of that property."""
        return [line for line in self.lines if line.name == name]

    def one(self, name: str) -> ContentLine | None:
        """The line of a property that stands at most once.

        Raises:
            Unreadable: it stands there twice.
        """
        found = self.every(name)
        if len(found) > 1:
            raise Unreadable(found[1].number, f"{name} is given {len(found)} times")
        return found[0] if found else None

    def value(self, name: str) -> str:
        """The last value of a property, in capitals; "" if there is none."""
        return next((line.value.strip().upper() for line in reversed(self.every(name))), "")

    @property
    def uid(self) -> str:
        """The UID, "" if there is none."""
        return next((line.value.strip() for line in self.every("UID")), "")

    def problem(self, fault: Unreadable, name: str) -> Problem:
        """`fault` as a problem of the file `name`, told with this component's UID."""
        uid = f' UID "{printable(self.uid)}"' if self.uid else ""
        what = f"{self.kind}{uid}: {fault.what}"
        return Problem(f"{name}:{fault.line}", what, "look it up in the calendar itself")


def printable(text: str) -> str:
    """Text of a file made fit for a sentence: no control characters, not endless."""
    text = "".join(c if c.isprintable() else "�" for c in text[: _LONGEST_SHOWN + 1])
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def decoded(data: bytes) -> str:
    r"""The text of a calendar file, lines ending in \n.

    UTF-8 with or without a byte-order mark, or UTF-16.  In any other encoding (GBK,
    Latin-1) the kept properties are ASCII nonetheless, so its bytes are taken one by one.
    """
    if data[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        data = data.decode("utf-16", errors="replace").encode()
    elif data[:2] in {b"B\0", b"\0B"}:
        order = "utf-16-le" if data[0] else "utf-16-be"
        data = data.decode(order, errors="replace").encode()
    # Joined files have a mark before each calendar, not only before the first.
    data = data.replace(codecs.BOM_UTF8, b"")
    data = re.sub(rb"\r*\n", b"\n", data) if b"\n" in data else data.replace(b"\r", b"\n")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def calendars(text: str, name: str) -> tuple[list[Component], list[Problem]]:
    """Every VCALENDAR of the file `name`, and what could not be made out between them.

    Raises:
        BadInput: there is no calendar in it, or one is cut off.
    """
    tree = _Tree(name)
    for number, line in _unfolded(text):
        tree.take(number, line)
    tree.close(text)
    return tree.calendars, tree.problems


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    start, parts = 0, [""]
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in {" ", "\t"}:
            parts.append(line[1:])
        elif line:
            yield start, "".join(parts)
            start, parts = number, [line]
    yield start, "".join(parts)


class _Tree:
    """The components seen so far; `_open` are those that have not ended, outermost first."""

    def __init__(self, name: str) -> None:
        self.calendars: list[Component] = []
        self.problems: list[Problem] = []
        self._name = name
        self._open: list[Component] = []
        self._last = ""

    def take(self, number: int, text: str) -> None:
        """The next unfolded line."""
        found = _NAME.match(text)
        name = found[0].upper() if found else ""
        if name in {"BEGIN", "END"}:
            kind = text.partition(":")[2].strip().upper()
            self._begin(number, kind) if name == "BEGIN" else self._end(number, kind)
        elif self._open:
            self._property(number, name, text)
        self._last = name or self._last

    def close(self, text: str) -> None:
        """The file has ended; refuse it unless it was a calendar to the end."""
        if self._open:
            raise _cut_off(self._name, self._open[0])
        if not self.calendars:
            raise BadInput([Problem(self._name, *_no_calendar(text))])

    def _begin(self, number: int, kind: str) -> None:
        if kind == "VCALENDAR" and self._open:
            raise _cut_off(self._name, self._open[0])
        if kind in _READ | _TAKES_NO_TIME:
            for lost in self._open[1:]:
                self._report(lost, Unreadable(lost.line, "never ends"))
            del self._open[1:]
        self._open.append(Component(kind, number))

    def _end(self, number: int, kind: str) -> None:
        if kind not in {component.kind for component in self._open}:
            if kind in _READ:
                what = f"END:{kind} ends nothing: its beginning is missing"
                self.problems.append(Problem(f"{self._name}:{number}", what))
            return
        while (ended := self._open.pop()).kind != kind:
            if ended.kind in _READ | _TAKES_NO_TIME:
                self._report(ended, Unreadable(ended.line, "never ends"))
            else:
                # What follows an unclosed part may belong to it or to what is around it.
                what = f"its part {printable(ended.kind)} never ends"
                self._open[-1].faults.append(Unreadable(ended.line, what))
        self._keep(ended)

    def _keep(self, ended: Component) -> None:
        if ended.kind == "VCALENDAR":
            self.calendars.append(ended)
        elif not self._open:
            self._report(ended, Unreadable(ended.line, "stands outside any calendar"))
        elif len(self._open) > 1 or ended.kind in _READ:
            self._open[-1].parts.append(ended)
        elif ended.kind not in _TAKES_NO_TIME and not ended.kind.startswith("X-"):
            what = f"{printable(ended.kind)} is not read: it may take time"
            self.problems.append(Problem(f"{self._name}:{ended.line}", what))

    def _property(self, number: int, name: str, text: str) -> None:
        around = self._open[-1]
        if name in _KEPT:
            line = (_TIME_LINE if name in TIMES else _LINE).fullmatch(text)
            if line is not None:
                around.lines.append(ContentLine(number, name, line[2] or "", line[3].strip()))
                return
        elif name or not self._loses_time(text):
            return
        around.faults.append(Unreadable(number, "this line is not a property"))

    def _loses_time(self, text: str) -> bool:
        # A line without a name may be the rest of the line before it, badly folded.
        return self._last in TIMES or text.upper().startswith(tuple(TIMES))

    def _report(self, component: Component, fault: Unreadable) -> None:
        if component.kind in _READ:
            self.problems.append(component.problem(fault, self._name))


def _cut_off(name: str, calendar: Component) -> BadInput:
    what = f"BEGIN:{printable(calendar.kind)} is never closed: the file is cut off"
    return BadInput([Problem(f"{name}:{calendar.line}", what, "export or download it again")])


def _no_calendar(text: str) -> tuple[str, str]:
    start = text[:1000].lower()
    if not text.strip():
        return "the file is empty", "export or download it again"
    if "<html" in start or "<!doctype" in start:
        return "this is a web page, not a calendar", "its address may ask for a login"
    return "this is no calendar: it has no BEGIN:VCALENDAR", "export it as iCalendar (.ics)"
