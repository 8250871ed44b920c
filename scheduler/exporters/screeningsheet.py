"""The screening sheet as PDF: every criterion of a protocol, to be ticked and signed.

It has blanks only, and none for a name or a date of birth.

>>> from scheduler.criteria import Question
>>> _KINDS[Question]
'question'
"""

from collections.abc import Mapping
from datetime import datetime

from scheduler.criteria import (
    Age,
    Criteria,
    Criterion,
    Elapsed,
    NegativeTest,
    NoFindings,
    Question,
    Range,
    Rule,
    Type,
)
from scheduler.exporters.sheetfacts import Facts
from scheduler.exporters.typesetting import PAPERS, Templates, check, typeset
from scheduler.protocol import Protocol
from scheduler.sites import Site

_KINDS: Mapping[type[Rule], str] = {
    Age: "age",
    Elapsed: "elapsed",
    Range: "range",
    NegativeTest: "negative-test",
    NoFindings: "no-findings",
    Question: "question",
}

_LETTERS = {Type.INCLUSION: "I", Type.EXCLUSION: "E"}


def screening_sheet(
    protocol: Protocol,
    *,
    site: Site,
    language: str,
    paper: str,
    printed: datetime,
    templates: Templates,
) -> bytes:
    """The PDF of a protocol's criteria.

    Args:
        language: one of `templates.languages()`.
        paper: "A4" or "Letter".
        printed: an instant with a zone; it is printed and stands for the file's date.

    Raises:
        UnknownName: no such language or paper.
        BadInput: a template fails, or a character has no glyph.
    """
    check(language, paper, templates)
    shown = _facts(protocol, site=site, language=language, printed=printed)
    return typeset("screening", {**shown, "paper": PAPERS[paper]}, printed, templates)


def _facts(protocol: Protocol, *, site: Site, language: str, printed: datetime) -> Facts:
    numbers = dict.fromkeys(Type, 0)
    listed = []
    for criterion in protocol.criteria.criteria:
        numbers[criterion.type] += 1
        number = f"{_LETTERS[criterion.type]}{numbers[criterion.type]}"
        listed.append({"number": number, **_criterion(criterion, protocol.criteria, language)})
    return {
        "language": language,
        "site": site.name.say(language),
        "demo": site.demo,
        "printed": f"{printed.astimezone(site.tz()):%Y-%m-%d %H:%M}",
        "study": protocol.title.say(language),
        "protocol": {
            "id": protocol.id,
            "version": protocol.version,
            "notice": protocol.notice.say(language),
        },
        "criteria": listed,
    }


def _criterion(criterion: Criterion, criteria: Criteria, language: str) -> Facts:
    rules = [_rule(rule, criteria, language) for rule in criterion.rules]
    text = criterion.text.say(language)
    return {
        "type": criterion.type.value,
        "text": text,
        # A criterion that is its own question is answered by its own yes and no.
        "rules": [rule for rule in rules if rule["label"] != text],
    }


def _rule(rule: Rule, criteria: Criteria, language: str) -> Facts:
    fact = criteria.fact(rule.fact)
    return {
        "kind": _KINDS[type(rule)],
        "fact": fact.kind.value,
        "label": fact.label.say(language),
        "items": list(fact.items),
        "reading": rule.reading.say(language),
    }
