"""Visits as a table for spreadsheets: one line a visit, ISO dates, safe to open.

The file opens with a byte order mark, for without one a Chinese Excel reads UTF-8 as
GBK.  A text that a spreadsheet would run as a formula gets an apostrophe in front
(OWASP, "CSV injection").  This is a file for staff: it holds labels and study.

>>> cell("=HYPERLINK(0)"), cell("two\\nlines"), cell(-2), cell(None), cell(True)
("'=HYPERLINK(0)", 'two lines', '-2', '', 'yes')
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from scheduler.sites import Site
from scheduler.subject import Visit

Value = str | int | None

COLUMNS = (
    "subject",
    "site",
    "study",
    "encounter",
    "occurrence",
    "label",
    "kind",
    "mode",
    "status",
    "target",
    "earliest",
    "latest",
    "start",
    "end",
    "zone",
    "off_target",
    "units",
    "actual",
    "unverified",
    "basis",
    "why",
    "sequence",
    "changed",
)
"""Names of the columns: stable, in English, those of the JSON output where it has them."""

_BOM = b"\xef\xbb\xbf"
_FORMULA = tuple("=+-@＝＋－＠")
"""Signs that open a formula; East Asian editions take the full-width ones as well."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def table(visits: Iterable[Visit], *, site: Site, language: str | None = None) -> Iterator[bytes]:
    """The lines of one .csv file: the header, then the visits in order of time.

    A visit without a slot stands at its target, with `start` and `end` empty.  Times are
    wall-clock times of the site; `changed` is UTC.
    """
    rows = (_values(visit, site, language or site.language) for visit in sorted(visits, key=_order))
    return lines(COLUMNS, rows)


def lines(columns: Iterable[str], rows: Iterable[Iterable[Value]]) -> Iterator[bytes]:
    """The lines of any .csv file: the names of its columns, then its rows."""
    yield _BOM + _line(columns)
    yield from map(_line, rows)


def cell(value: Value) -> str:
    """A value as one cell, on one line; numbers stay numbers, also negative ones."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return "" if value is None else str(value)
    shown = _UNPRINTABLE.sub(" ", value).strip()
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _order(visit: Visit) -> tuple[str, str, str, int]:
    day = _minute(visit.scheduled.start) if visit.scheduled else visit.target.isoformat()
    return day, visit.subject, visit.encounter, visit.occurrence


def _values(visit: Visit, site: Site, language: str) -> tuple[Value, ...]:
    zone, slot = site.tz(), visit.scheduled
    return (
        visit.subject,
        visit.site,
        visit.study,
        visit.encounter,
        visit.occurrence,
        visit.label.say(language),
        visit.kind.value,
        visit.mode.value,
        visit.status.value,
        visit.target.isoformat(),
        visit.window.earliest.isoformat(),
        visit.window.latest.isoformat(),
        _minute(slot.start.astimezone(zone)) if slot else None,
        _minute(slot.end.astimezone(zone)) if slot else None,
        zone.key,
        visit.off_target,
        "; ".join(site.unit_label(taken.unit, language) for taken in visit.allocations),
        visit.actual.isoformat() if visit.actual else None,
        visit.unverified,
        visit.basis,
        "; ".join(visit.why),
        visit.sequence,
        visit.changed.astimezone(UTC).isoformat(timespec="seconds"),
    )


def _minute(moment: datetime) -> str:
    """Day and time as spreadsheets know them: 2026-04-09 09:00."""
    return f"{moment:%Y-%m-%d %H:%M}"


def _line(values: Iterable[Value]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(map(cell, values))
    return out.getvalue().encode()
