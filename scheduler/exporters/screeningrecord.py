"""Screenings as the documented JSON objects of `screen` and `enroll`.

>>> possible(Enrollable(window=None, why=("febrile: still going on",)))["why"]
['febrile: still going on']
"""

from scheduler.answers import in_words
from scheduler.criteria import Age
from scheduler.eligibility import Finding, Judgement, Screening
from scheduler.enrollable import Enrollable
from scheduler.exporters.records import Record
from scheduler.outcomes import Count
from scheduler.protocol import Protocol
from scheduler.ruling import Ruling


def screening(found: Screening, enrollable: Enrollable, protocol: Protocol) -> Record:
    """Everything that was found, with the answers it was found by, but no date of birth."""
    return {
        "outcome": found.outcome.value,
        "date": found.day.isoformat(),
        "protocol": {"id": protocol.id, "version": protocol.version},
        "criteria": [_judgement(judgement) for judgement in found.judgements],
        "enrollment": possible(enrollable),
    }


def possible(enrollable: Enrollable) -> Record:
    """The days on which enrollment is possible, and which rule each end comes from."""
    window = enrollable.window
    return {
        "earliest": window.earliest.isoformat() if window else None,
        "latest": window.latest.isoformat() if window else None,
        "opened_by": enrollable.opened_by,
        "closed_by": enrollable.closed_by,
        "why": list(enrollable.why),
    }


def ruling(kept: Ruling) -> Record:
    """What the book keeps of a screening: outcomes and counts."""
    return {
        "outcome": kept.outcome.value,
        "date": kept.day.isoformat(),
        "version": kept.version,
        "consent": str(kept.consent) if kept.consent else None,
        "review": kept.review or None,
        "rules": [
            {
                "rule": rule.rule,
                "outcome": rule.outcome.value,
                "count": _count(rule.count),
                "flagged": rule.flagged,
            }
            for rule in kept.rules
        ],
    }


def _judgement(judgement: Judgement) -> Record:
    criterion = judgement.criterion
    return {
        "id": criterion.id,
        "type": criterion.type.value,
        "text": dict(criterion.text.texts),
        "outcome": judgement.outcome.value,
        "rules": [_finding(finding) for finding in judgement.findings],
    }


def _finding(finding: Finding) -> Record:
    rule, known = finding.rule, finding.known
    return {
        "rule": rule.id,
        "outcome": finding.outcome.value,
        "answer": None if known is None or isinstance(rule, Age) else in_words(known),
        "reference": str(finding.reference) if finding.reference else None,
        "count": _count(finding.count),
        "why": finding.why,
        "reading": dict(rule.reading.texts),
        "flagged": finding.flagged,
    }


def _count(count: Count | None) -> Record | None:
    if count is None:
        return None
    return {"least": count.least, "most": count.most, "unit": count.unit.value}
