"""Visits and clinics for the tests of exporters, and a strict reader of .ics lines.

`components` shares no code with the package or with any library: it knows the octets of
RFC 5545 3.1 and nothing else, and fails on what lenient parsers forgive.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import icalendar
from hypothesis import strategies as st

from scheduler.dates import Interval, Window
from scheduler.exporters.ics import calendar
from scheduler.protocol import Arm, Kind, Mode, Protocol
from scheduler.sites import Audience, Resource, Site, Wording
from scheduler.subject import Allocation, Status, Visit
from scheduler.words import Words
from tests.arms import trial

SHANGHAI = "Asia/Shanghai"
CHANGED = datetime(2026, 3, 2, 1, 2, 3, tzinfo=UTC)

TEXT = st.text(st.characters(exclude_categories=()), max_size=120) | st.text(
    "\\Nn;,:\"'\r\n\t\x00\u2028输注😀e", max_size=120
)
"""Any text: all planes, lone surrogates, controls, and dense knots of what needs escaping."""


def readable(text: str) -> str:
    """What is left of a text in a calendar: every break a newline, nothing that cannot be shown."""
    unbroken = re.sub("\r\n|[\r\n\x85\u2028\u2029]", "\n", text)
    return "".join(c for c in unbroken if c in "\n\t" or not _unshowable(c))


def _unshowable(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"


def clinic(zone: str = SHANGHAI, **more: Any) -> Site:
    """A clinic with a nurse, two chairs and wording for every audience."""
    site: dict[str, Any] = {
        "resources": (
            Resource(kind="nurse", label=Words.of(en="Nurse", zh="护士"), units=("nurse-1",)),
            Resource(
                kind="chair",
                label=Words.of(en="Infusion chair", zh="输液椅"),
                units=("chair-1", "chair-2"),
            ),
        ),
        "wording": {
            Audience.STAFF: Wording(link="https://visits.example.org/"),
            Audience.PARTICIPANT: Wording(
                summary=Words.of(en="Hospital appointment", zh="医院预约"),
                place=Words.of(en="Main building, floor 3", zh="门诊楼三层"),
                notes=Words.of(en="Bring your card;\nthank you.", zh="请携带就诊卡；\n谢谢。"),
            ),
            Audience.ASSESSOR: Wording(
                summary=Words.of(en="Assessment visit", zh="评估访视"),
                place=Words.of(en="Assessment room", zh="评估室"),
            ),
        },
    }
    name = Words.of(en="Demo hospital", zh="演示医院")
    return Site(code="ZJ", name=name, zone=zone, hours=((),) * 7, **(site | more))


def visit(day: date = date(2026, 4, 9), at: str = "09:00", **more: Any) -> Visit:
    """An infusion of seven hours in Shanghai, or in `zone`, unless told otherwise."""
    zone = ZoneInfo(more.pop("zone", SHANGHAI))
    start = datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=zone)
    slot = Interval(start=start, end=start + more.pop("length", timedelta(hours=7)))
    row: dict[str, Any] = {
        "subject": "ZJ-001",
        "encounter": "infusion-1",
        "label": Words.of(en="Infusion 1", zh="第1次输注"),
        "kind": Kind.INFUSION,
        "mode": Mode.VISIT,
        "target": day,
        "window": Window(earliest=day - timedelta(days=7), latest=day + timedelta(days=7)),
        "status": Status.SCHEDULED,
        "scheduled": slot,
        "allocations": (
            Allocation(unit="nurse-1", interval=slot),
            Allocation(unit="chair-2", interval=slot),
        ),
        "basis": "assumption",
        "changed": CHANGED,
    }
    return Visit(study="bmsc-stroke", site="ZJ", **(row | more))


def course(arm: Arm, **more: Any) -> list[Visit]:
    """One visit for each encounter of an arm, a day apart."""
    return [
        visit(
            date(2026, 3, 2) + timedelta(days=n),
            encounter=row.id,
            label=row.label,
            kind=row.kind,
            mode=row.mode,
            basis=row.basis,
            length=timedelta(minutes=row.minutes),
            **more,
        )
        for n, row in enumerate(arm.encounters)
    ]


def shared() -> Protocol:
    """The built-in trial with one arm, so that an assessor may see every visit."""
    return replace(trial(), arms=trial().arms[:1])


def written(*visits: Visit, audience: Audience = Audience.STAFF, **more: Any) -> bytes:
    """The calendar of these visits at the clinic above."""
    given: dict[str, Any] = {"site": clinic(), "protocols": [shared()]} | more
    return b"".join(calendar(visits, audience=audience, **given))


def events(data: bytes) -> list[icalendar.Event]:
    """What `icalendar` reads in a calendar."""
    return list(icalendar.Calendar.from_ical(data).events)


class Component(NamedTuple):
    """A component of a calendar: its name, the pairs of its own lines, and what it holds."""

    name: str
    lines: list[tuple[str, str]]
    parts: list["Component"]

    def value(self, name: str) -> str:
        """The value of the one line of that name, parameters aside."""
        [found] = [value for full, value in self.lines if full.partition(";")[0] == name]
        return found


def components(data: bytes) -> Component:
    """The calendar in `data`; an AssertionError where it breaks RFC 5545 or our own rules."""
    lines = iter(_unfolded(data))
    assert next(lines) == ("BEGIN", "VCALENDAR")
    calendar = _component("VCALENDAR", lines)
    assert next(lines, None) is None
    assert [part.name for part in calendar.parts].count("VTIMEZONE") == 1
    assert calendar.parts[0].name == "VTIMEZONE"
    return calendar


def _unfolded(data: bytes) -> Iterator[tuple[str, str]]:
    assert data.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", data)
    physical = data[:-2].split(b"\r\n")
    assert max(map(len, physical)) <= 75
    for before, after in pairwise(physical):
        backslashes = len(before) - len(before.rstrip(b"\\"))
        assert not after.startswith(b" ") or backslashes % 2 == 0
    for octets in physical:
        octets.decode()  # no line ends inside a character
    for line in data[:-2].replace(b"\r\n ", b"").split(b"\r\n"):
        name, colon, value = line.decode().partition(":")
        assert colon
        assert re.fullmatch(r"[A-Z-]+(;[A-Z]+=[^;:,\"]+)?", name)
        yield name, value


def _component(name: str, lines: Iterator[tuple[str, str]]) -> Component:
    found = Component(name, [], [])
    for key, value in lines:
        if (key, value) == ("END", name):
            keys = [key.partition(";")[0] for key, _ in found.lines]
            assert len(keys) == len(set(keys)), f"a property of {name} comes twice"
            return found
        if key == "BEGIN":
            found.parts.append(_component(value, lines))
        else:
            assert not found.parts, f"{key} comes after a component inside {name}"
            found.lines.append((key, value))
    raise AssertionError(f"{name} is not closed")
