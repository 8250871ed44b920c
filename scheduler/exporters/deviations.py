"""Deviations for those who watch over a study: as JSON, as a table, as a log on paper.

The table goes into a spreadsheet, the log into the investigator's file, signed.  Both
are for staff: they hold codes and visits, never a name.

>>> COLUMNS[:6]
('subject', 'site', 'encounter', 'occurrence', 'label', 'kind')
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from scheduler.breaches import Breach, Phrase
from scheduler.dates import Offset, Window
from scheduler.deviations import Deviation
from scheduler.exporters import csv
from scheduler.exporters.records import Record
from scheduler.exporters.sheetfacts import Facts
from scheduler.exporters.typesetting import PAPERS, Templates, check, typeset
from scheduler.protocol import Timing
from scheduler.sites import Site
from scheduler.words import Words

COLUMNS = (
    *("subject", "site", "encounter", "occurrence", "label", "kind", "planned", "days"),
    *("target", "earliest", "latest", "scheduled", "actual", "what", "rule", "version"),
    *("reason", "by", "at"),
)
"""Names of the columns, and of the members of a JSON object: stable, in English."""


def record(deviation: Deviation) -> Record:
    """One deviation as a JSON object; `days` is null where there is no day to count from."""
    visit = deviation.visit
    values = (
        *(visit.subject, visit.site, visit.encounter, visit.occurrence, str(visit.label)),
        *(deviation.kind.value, deviation.planned, deviation.days),
        *(_iso(visit.target), _iso(visit.window.earliest), _iso(visit.window.latest)),
        *(_iso(visit.day), _iso(visit.actual), str(deviation), deviation.rule, deviation.version),
        *(deviation.reason, deviation.user),
        deviation.at.astimezone(UTC).isoformat(timespec="seconds"),
    )
    return dict(zip(COLUMNS, values, strict=True))


def table(deviations: Iterable[Deviation]) -> Iterator[bytes]:
    """The lines of one .csv file, in the order given; instants are UTC."""
    return csv.lines(COLUMNS, (record(deviation).values() for deviation in deviations))


def log(
    deviations: Sequence[Deviation],
    *,
    whom: str,
    days: Window | None,
    site: Site,
    language: str,
    paper: str,
    printed: datetime,
    templates: Templates,
) -> bytes:
    """The PDF of a deviation log, on as many pages as it takes, with lines to sign.

    Args:
        whom: the code of the participant or site whose log it is.
        days: the days that were asked for; None is all.
        language: one of `templates.languages()`.
        paper: "A4" or "Letter".
        printed: an instant with a zone; it is printed and stands for the file's date.

    Raises:
        UnknownName: no such language or paper.
        BadInput: a template fails, or a character has no glyph.
    """
    check(language, paper, templates)
    studies = sorted({(each.visit.study, each.version) for each in deviations})
    shown: Facts = {
        "language": language,
        "paper": PAPERS[paper],
        "site": site.name.say(language),
        "demo": site.demo,
        "printed": f"{printed.astimezone(site.tz()):%Y-%m-%d %H:%M}",
        "whom": whom,
        "first": _iso(days.earliest) if days else None,
        "last": _iso(days.latest) if days else None,
        "studies": [{"id": id, "version": version} for id, version in studies],
        "deviations": [_facts(each, site, language) for each in deviations],
    }
    return typeset("deviations", shown, printed, templates)


def _facts(deviation: Deviation, site: Site, language: str) -> Facts:
    visit, beside = deviation.visit, deviation.beside
    repeated = f" #{visit.occurrence}" if visit.occurrence > 1 else ""
    return {
        "code": visit.subject,
        "label": visit.label.say(language) + repeated,
        "kind": deviation.kind.value,
        "status": visit.status.value,
        "planned": deviation.planned,
        "days": deviation.days,
        "day": _iso(visit.actual or visit.day),
        "earliest": _iso(visit.window.earliest),
        "latest": _iso(visit.window.latest),
        "rule": [_rule(part, deviation.anchors, language) for part in _parts(deviation)],
        "version": deviation.version,
        "why": list(visit.why) if visit.scheduled is None else [],
        "beside": beside
        and {
            "label": beside.label.say(language),
            "day": _iso(beside.actual),
            "first": beside.target < visit.target,
        },
        "breach": _breach(deviation.breach, language) if deviation.breach else None,
        "reason": deviation.reason,
        "by": deviation.user,
        "at": f"{deviation.at.astimezone(site.tz()):%Y-%m-%d %H:%M}",
    }


def _breach(breach: Breach, language: str) -> Facts:
    return {
        "batch": breach.batch,
        "owner": breach.owner,
        "rule": _phrase(breach.rule, language),
        "faults": [_phrase(fault, language) for fault in breach.faults],
    }


def _phrase(phrase: Phrase, language: str) -> Facts:
    facts = phrase.facts.items()
    said = {k: v if isinstance(v, str) else v.say(language) for k, v in facts}
    return {"word": phrase.word, "facts": said}


def _parts(deviation: Deviation) -> Iterator[tuple[str, str, Offset, Timing | None]]:
    """Each part of the rule: what it is, anchor and offset; the first with its timing."""
    timing = deviation.encounter.timing
    yield "target", timing.anchor, timing.offset, timing
    for limit in deviation.encounter.limits:
        if limit.not_before is not None:
            yield "not_before", limit.anchor, limit.not_before, None
        if limit.not_after is not None:
            yield "not_after", limit.anchor, limit.not_after, None


def _rule(
    part: tuple[str, str, Offset, Timing | None], anchors: Mapping[str, Words], language: str
) -> Facts:
    kind, anchor, offset, timing = part
    return {
        "kind": kind,
        "anchor": anchors[anchor].say(language) if anchor in anchors else None,
        "offset": _span(offset),
        "before": _span(timing.before) if timing else None,
        "after": _span(timing.after) if timing else None,
    }


def _span(offset: Offset) -> Facts:
    months, days = offset.months, offset.days
    return {"amount": months or days, "unit": "months" if months else "days"}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
