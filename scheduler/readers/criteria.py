r"""The eligibility criteria of a protocol file, checked and made into values.

What may go wrong beside the form: names used twice or for nothing, keys that a kind of
rule does not have, facts that it cannot decide on, and bounds that admit nobody.

>>> from scheduler.readers.forms import fill
>>> text = '[[fact]]\nid = "birth"\nkind = "date"\nlabel = { en = "Date of birth" }'
>>> form, findings = fill(text, "a.toml", ProtocolForm)
>>> check_criteria(form, findings)
>>> str(findings.problems[("fact", 0, "id")][1])
'a.toml:2: fact "birth": id "birth" is asked for by no rule (remove it, or write a rule on it)'
"""

from collections.abc import Iterable, Iterator
from datetime import date

from scheduler.answers import Stated
from scheduler.criteria import (
    Age,
    Criteria,
    Criterion,
    Elapsed,
    Fact,
    FactKind,
    NegativeTest,
    NoFindings,
    Question,
    Range,
    Rule,
    Type,
)
from scheduler.dates import LAST_DAY, DateOutOfRange, Offset
from scheduler.readers.criteria_form import KEYS, CriterionForm, FactForm, RuleForm, RuleKind
from scheduler.readers.forms import Findings
from scheduler.readers.places import Path
from scheduler.readers.protocol_form import ProtocolForm
from scheduler.readers.vocabulary import meant
from scheduler.words import Words

_OLDEST = 150
_LARGEST = 999_999
_LONGEST = 366
_A_DAY = date(2000, 1, 31)


def check_criteria(form: ProtocolForm, findings: Findings) -> None:
    """Note every wrong id, reference, key and bound of the facts and criteria of `form`."""
    _check_ids(form, findings)
    for n, fact in enumerate(form.fact):
        _check_items(("fact", n), fact, findings)
    facts = {fact.id: fact for fact in form.fact}
    for path, rule in _rules(form):
        if findings.sound((*path, "kind")):
            _check_keys(path, rule, findings)
            _check_facts(path, rule, facts, findings)
            _check_bounds(path, rule, findings)
    used = {id for _, rule in _rules(form) for id in (rule.fact, rule.at)}
    for n, fact in enumerate(form.fact):
        if fact.id not in used and findings.sound(("criterion",)):
            remedy = "remove it, or write a rule on it"
            findings.blame(("fact", n, "id"), f'"{fact.id}" is asked for by no rule', remedy)


def _rules(form: ProtocolForm) -> Iterator[tuple[Path, RuleForm]]:
    for c, criterion in enumerate(form.criterion):
        for r, rule in enumerate(criterion.rule):
            yield ("criterion", c, "rule", r), rule


def _check_ids(form: ProtocolForm, findings: Findings) -> None:
    facts = [(("fact", n, "id"), fact.id) for n, fact in enumerate(form.fact)]
    criteria = [(("criterion", n, "id"), one.id) for n, one in enumerate(form.criterion)]
    rules = [((*path, "id"), rule.id) for path, rule in _rules(form)]
    plain = [named for named, one in zip(criteria, form.criterion, strict=True) if not one.rule]
    asked = [((*path, "id"), r.id) for path, r in _rules(form) if r.kind is RuleKind.QUESTION]
    for path, id in (*facts, *criteria, *rules):
        findings.identifier(path, id)
    # A criterion without a rule is a question of its own, and so a rule and a fact.
    for namespace in (criteria, [*rules, *plain], [*facts, *asked, *plain]):
        _check_unique(namespace, findings)


def _check_unique(ids: Iterable[tuple[Path, str]], findings: Findings) -> None:
    seen: dict[str, Path] = {}
    for path, id in ids:
        if id in seen:
            what = f'"{id}" is used twice, first in line {findings.places.line(seen[id])}'
            findings.blame(path, what, "rename one of them")
        seen.setdefault(id, path)


def _check_items(path: Path, fact: FactForm, findings: Findings) -> None:
    at: Path = (*path, "items")
    if not findings.sound(path, "kind", "items"):
        return
    if fact.kind is not FactKind.FINDINGS:
        if fact.items:
            findings.blame(at, f"belong to findings, not to the kind {fact.kind}")
        return
    if not fact.items:
        findings.blame(at, "is missing", "name what may be found")
    folded = [item.casefold() for item in fact.items]
    for n, item in enumerate(folded):
        if "," in item or item == Stated.NONE:
            findings.blame((*at, n), f'"{fact.items[n]}" cannot be told from an answer')
        elif item in folded[:n]:
            findings.blame((*at, n), f'"{fact.items[n]}" is there twice')


def _check_keys(path: Path, rule: RuleForm, findings: Findings) -> None:
    keys = KEYS[rule.kind]
    known = {key for each in KEYS.values() for key in each.must | each.may}
    for key in sorted(known):
        given = getattr(rule, key) is not None
        if given and key not in keys.must | keys.may:
            allowed = ", ".join(sorted(keys.must | keys.may))
            findings.blame((*path, key), f"is not a key of {rule.kind} rules", f"these: {allowed}")
        elif not given and key in keys.must:
            findings.blame((*path, key), f"is missing, which {rule.kind} rules must have")
    if rule.kind is RuleKind.ELAPSED and findings.sound(path, "at_least", "at_most"):
        if rule.at_least is None and rule.at_most is None:
            findings.blame((*path, "at_least"), "and at_most are both missing", "write one of them")
        if rule.flag_edge and rule.at_least is None:
            findings.blame((*path, "flag_edge"), "is only possible with at_least")


def _check_facts(
    path: Path, rule: RuleForm, facts: dict[str, FactForm], findings: Findings
) -> None:
    for key, id, kinds in (
        ("fact", rule.fact, KEYS[rule.kind].facts),
        ("at", rule.at, frozenset({FactKind.DATE})),
    ):
        if id is None or not findings.sound((*path, key)) or "" in facts:
            continue
        fact = facts.get(id)
        if fact is None:
            remedy = meant(id, facts) or "write a [[fact]]"
            findings.blame((*path, key), f'"{id}" is not a fact of this file', remedy)
        elif fact.kind not in kinds and findings.sound(("fact",)):
            what = f'"{id}" is of kind {fact.kind}; here it must be {" or ".join(sorted(kinds))}'
            findings.blame((*path, key), what)
        elif key == "fact" and rule.review:
            for n, item in enumerate(rule.review):
                if item not in fact.items:
                    what = f'"{item}" is not an item of "{id}"'
                    findings.blame((*path, "review", n), what, meant(item, fact.items))


def _check_bounds(path: Path, rule: RuleForm, findings: Findings) -> None:
    most = _OLDEST if rule.kind is RuleKind.AGE else _LARGEST
    numbers = {"least": rule.least, "most": rule.most}
    for key, number in numbers.items():
        if number is not None:
            findings.within((*path, key), number, 0, most)
    if rule.infusion_valid_days is not None:
        findings.within((*path, "infusion_valid_days"), rule.infusion_valid_days, 0, _LONGEST)
    match rule.least, rule.most:
        case int() as low, int() as high if high < low:
            findings.blame((*path, "most"), f"is {high}, less than the least, {low}")
    days = {"at_least": _day(rule.at_least), "at_most": _day(rule.at_most)}
    for key, day in days.items():
        if day is not None and not _A_DAY <= day <= LAST_DAY:
            findings.blame((*path, key), 'must be like "14 d" or "3 y", from 0 to 99 years')
    match days["at_least"], days["at_most"]:
        case date() as first, date() as last if last < first:
            findings.blame((*path, "at_most"), "is shorter than at_least: nobody could enter")


def _day(offset: Offset | None) -> date | None:
    """The day to which an offset leads; date.max where it leads nowhere."""
    if offset is None:
        return None
    try:
        return offset.after(_A_DAY)
    except DateOutOfRange:
        return date.max


def criteria_of(form: ProtocolForm) -> Criteria:
    """The criteria of a sound form; what a question asks is a fact too."""
    criteria = tuple(_criterion(criterion) for criterion in form.criterion)
    facts = [Fact(id=f.id, kind=f.kind, label=f.label, items=f.items) for f in form.fact]
    for criterion in form.criterion:
        asked = [(rule.id, rule.ask) for rule in criterion.rule if rule.ask is not None]
        for id, words in asked if criterion.rule else [(criterion.id, criterion.text)]:
            facts.append(Fact(id=id, kind=FactKind.QUESTION, label=words))
    return Criteria(facts=tuple(facts), criteria=criteria)


def _criterion(form: CriterionForm) -> Criterion:
    plain = RuleForm(id=form.id, kind=RuleKind.QUESTION)
    return Criterion(
        id=form.id,
        type=form.type,
        text=form.text,
        rules=tuple(_rule(rule, form.type) for rule in form.rule or (plain,)),
    )


def _rule(form: RuleForm, type_: Type) -> Rule:
    fact, reading = form.fact or form.id, form.reading or Words.of()
    least, most = form.least or 0, form.most or 0
    match form.kind:
        case RuleKind.AGE:
            return Age(id=form.id, fact=fact, least=least, most=most, at=form.at, reading=reading)
        case RuleKind.ELAPSED:
            return Elapsed(
                id=form.id,
                fact=fact,
                at_least=form.at_least,
                at_most=form.at_most,
                flag_edge=bool(form.flag_edge),
                reading=reading,
            )
        case RuleKind.RANGE:
            return Range(id=form.id, fact=fact, least=least, most=most, reading=reading)
        case RuleKind.NEGATIVE_TEST:
            days = form.infusion_valid_days
            return NegativeTest(id=form.id, fact=fact, infusion_valid_days=days, reading=reading)
        case RuleKind.NO_FINDINGS:
            return NoFindings(id=form.id, fact=fact, review=form.review or (), reading=reading)
        case RuleKind.QUESTION:
            return Question(id=form.id, fact=form.id, expected=type_ is Type.INCLUSION)
