"""The audit trail as JSON, as a table for spreadsheets, and on paper.

>>> clock(timedelta(hours=3, minutes=5)), clock(timedelta(0))
('3:05:00', '')
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.errors import BadInput, Problem, UsageError
from scheduler.exporters import csv
from scheduler.exporters.records import Record
from scheduler.exporters.sheetfacts import Facts
from scheduler.exporters.typesetting import PAPERS, Templates, check, compiled, template_problem
from scheduler.sites import Site
from scheduler.trail import Deed, Step

COLUMNS = (
    *("number", "utc", "site_time", "person", "command", "reason", "clock_back"),
    *("subject", "item", "field", "before", "after"),
)
"""Names of the columns of the table: one line for each thing that is now different."""

_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed')


MOST_STEPS = 10_000
"""What is printed at most: some 190 pages, and the compiler holds about 4 MB for each."""


class TooLong(UsageError):
    """More than anybody prints, or a compiler should hold."""

    def __init__(self) -> None:
        super().__init__(
            f"more than {MOST_STEPS:,} things were changed, which is too much for paper: narrow it "
            "by --subject, --person, --from or --to, or write a .csv"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a verification came to, for the foot of the printed trail."""

    number: int
    hash: str
    problems: tuple[Problem, ...]


def record(deed: Deed, zone: ZoneInfo) -> Record:
    """The JSON object of one deed."""
    return {
        "number": deed.number,
        "at": utc(deed.at),
        "at_site": deed.at.astimezone(zone).isoformat(timespec="seconds"),
        "person": deed.person,
        "command": deed.command,
        "reason": deed.reason,
        "clock_back_seconds": int(deed.back.total_seconds()),
        "steps": [_step_record(step) for step in deed.steps],
    }


def table(deeds: Iterable[Deed], zone: ZoneInfo) -> Iterator[bytes]:
    """The lines of one .csv file; a deed that tells of no field has one line."""
    return csv.lines(COLUMNS, (row for deed in deeds for row in _rows(deed, zone)))


def _rows(deed: Deed, zone: ZoneInfo) -> Iterator[Sequence[csv.Value]]:
    at = (utc(deed.at), local(deed.at, zone))
    about = (deed.number, *at, deed.person, deed.command, deed.reason, clock(deed.back))
    whats: list[tuple[csv.Value, ...]] = [
        (step.subject, step.item, field.name, field.before, field.after)
        for step in deed.steps
        for field in step.fields
    ]
    for what in whats or [(None,) * 5]:
        yield (*about, *what)


def printable(deeds: Iterable[Deed]) -> tuple[Deed, ...]:
    """The deeds, when there are not too many to print.

    Raises:
        TooLong: they have more than MOST_STEPS steps.
    """
    found, steps = [], 0
    for deed in deeds:
        found.append(deed)
        steps += len(deed.steps)
        if steps > MOST_STEPS:
            raise TooLong
    return tuple(found)


def paper(
    deeds: Sequence[Deed],
    standing: Standing,
    *,
    site: Site,
    language: str,
    printed: datetime,
    templates: Templates,
) -> bytes:
    """The PDF of the trail: as many pages as it takes.

    Raises:
        UnknownName: no such language.
        BadInput: a template fails.
    """
    check(language, site.paper, templates)
    facts = {**_facts(deeds, standing, site, language, printed), "paper": PAPERS[site.paper]}
    from typst import TypstError  # a compiler: only where needed

    while True:
        try:
            return compiled(facts, templates, int(printed.timestamp()), "audit")
        except TypstError as error:
            # What people once wrote must be printable, whatever the fonts lack.
            spelled = _spelled(facts, _NO_GLYPH.findall(f"{error.message}\n{error.diagnostic}"))
            if spelled == facts:
                raise BadInput([template_problem(error)]) from error
            facts = spelled


def _spelled(facts: Facts, lacking: Iterable[str]) -> Facts:
    """The facts with the number of each character that the fonts lack in its place."""
    text = json.dumps(facts, ensure_ascii=False)
    for character in {sign for found in lacking for sign in found if not sign.isascii()}:
        text = text.replace(character, f"<U+{ord(character):04X}>")
    spelled: Facts = json.loads(text)
    return spelled


def utc(at: datetime) -> str:
    """An instant in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def local(at: datetime, zone: ZoneInfo) -> str:
    """An instant by the wall clock of a zone, as spreadsheets know it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def clock(back: timedelta) -> str:
    """How far the clock had gone back, "" when it had not."""
    return str(back) if back else ""


def _step_record(step: Step) -> Record:
    fields = ({"name": f.name, "before": f.before, "after": f.after} for f in step.fields)
    return {"subject": step.subject, "item": step.item, "fields": list(fields)}


def _facts(
    deeds: Sequence[Deed], standing: Standing, site: Site, language: str, printed: datetime
) -> Facts:
    zone = site.tz()
    return {
        "language": language,
        "site": site.name.say(language),
        "demo": site.demo,
        "zone": zone.key,
        "printed": f"{printed.astimezone(zone):%Y-%m-%d %H:%M}",
        "number": standing.number,
        "hash": standing.hash,
        "problems": [str(problem) for problem in standing.problems],
        "deeds": [
            {
                "number": deed.number,
                "utc": f"{deed.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
                "local": local(deed.at, zone),
                "person": deed.person,
                "command": deed.command,
                "reason": deed.reason,
                "back": clock(deed.back),
                "steps": [_step_record(step) for step in deed.steps],
            }
            for deed in deeds
        ],
    }
