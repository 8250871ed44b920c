"""Two versions of a protocol, compared in plain words.

Every part in which they differ is one `Difference`; versions with the same rules have
none.  An encounter whose id alone changed is told as renamed, though for the
participants' visits it is another one: a visit is known by its encounter's id.

>>> from dataclasses import replace
>>> from scheduler.dates import Offset
>>> from scheduler.protocol import Kind, Timing
>>> day, label = Offset(days=1), Words.of(en="Day 3")
>>> timing = Timing(anchor="enrollment", offset=Offset(days=3), before=day, after=day)
>>> row = Encounter(id="day-3", label=label, kind=Kind.CHECK, epoch="all", timing=timing,
...                 minutes=30, basis="assumption")
>>> wider = replace(row, timing=replace(timing, before=Offset(days=2), after=Offset(days=2)))
>>> old = Protocol(id="s", version="1", title=label,
...                arms=(Arm(code="a", label=label, encounters=(row,)),))
>>> new = replace(old, version="2", arms=(replace(old.arms[0], encounters=(wider,)),))
>>> print(*compare(old, new))
day-3: window -1/+1 d becomes -2/+2 d
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from scheduler.criteria import Age, Criterion, Elapsed, Fact, NoFindings, Rule
from scheduler.protocol import Arm, Encounter, Epoch, Milestone, Need, Protocol
from scheduler.words import Words

T = TypeVar("T")

Aspects = Iterable[tuple[str, str]]
"""Names of aspects and what stands there, in words; a list is an aspect several times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part that differs: of which arm ("" of the whole study), of what, and how.

    `before` is empty where something was added, `after` where it was removed; `aspect`
    is empty where that is the item itself.
    """

    arm: str
    item: str
    aspect: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.aspect:
            how = f"added, {self.after}" if self.after else f"removed, was {self.before}"
        elif self.before and self.after:
            how = f"{self.aspect} {self.before} becomes {self.after}"
        elif self.after:
            how = f"{self.aspect} {self.after} added"
        else:
            how = f"{self.aspect} {self.before} removed"
        return f"{self.item}: {how}"


def compare(old: Protocol, new: Protocol) -> tuple[Difference, ...]:
    """Every difference but that of the versions' own names.

    The study's come first, then those of each arm in the order of the new version.
    """
    before, after = ({arm.code: arm for arm in version.arms} for version in (old, new))
    found = [
        *_between("", "study", _study(old), _study(new)),
        *_items("", "phase", _by_id(old.epochs), _by_id(new.epochs), _epoch),
        *_items("", "milestone", _by_id(old.milestones), _by_id(new.milestones), _milestone),
        *_items("", "question", _by_id(old.criteria.facts), _by_id(new.criteria.facts), _fact),
        *_items(
            *("", "criterion", _by_id(old.criteria.criteria), _by_id(new.criteria.criteria)),
            _criterion,
        ),
        *_items("", "arm", before, after, _arm),
    ]
    for code in after:
        if code in before:
            found += _encounters(before[code], after[code])
    return tuple(found)


def _encounters(old: Arm, new: Arm) -> Iterator[Difference]:
    names = dict(_renamed(old, new))
    for gone, come in names.items():
        yield Difference(arm=new.code, item=gone, aspect="id", before=gone, after=come)
    before = {names.get(encounter.id, encounter.id): encounter for encounter in old.encounters}
    yield from _items(new.code, "", before, _by_id(new.encounters), _encounter)


def _renamed(old: Arm, new: Arm) -> Iterator[tuple[str, str]]:
    """Old and new ids of encounters that differ in nothing but the id."""
    before, after = _by_id(old.encounters), _by_id(new.encounters)
    come = [encounter for id, encounter in after.items() if id not in before]
    for gone in (encounter for id, encounter in before.items() if id not in after):
        for other in come:
            if replace(other, id=gone.id) == gone:
                yield gone.id, other.id
                come.remove(other)
                break


def _items(
    arm: str,
    kind: str,
    old: Mapping[str, T],
    new: Mapping[str, T],
    aspects: Callable[[T], Aspects],
) -> Iterator[Difference]:
    """Differences of two lists of things by their ids, and of the order of those in both."""
    for id in dict.fromkeys([*new, *old]):
        item = f"{kind} {id}".strip()
        if id in old and id in new:
            yield from _between(arm, item, aspects(old[id]), aspects(new[id]))
        else:
            only = list(aspects(new[id] if id in new else old[id]))[:2]
            told = ", ".join(f"{aspect} {text}" for aspect, text in only)
            before, after = ("", told) if id in new else (told, "")
            yield Difference(arm=arm, item=item, aspect="", before=before, after=after)
    whole = f"{kind or 'encounter'}s"
    common = [id for id in old if id in new], [id for id in new if id in old]
    yield from _order(arm, whole, "order", *common)


def _between(arm: str, item: str, old: Aspects, new: Aspects) -> Iterator[Difference]:
    """Differences of one thing, aspect by aspect; lists by what was added and removed."""
    before, after = _gathered(old), _gathered(new)
    for aspect in dict.fromkeys([*after, *before]):
        was, becomes = before.get(aspect, []), after.get(aspect, [])
        if len(was) == len(becomes) == 1 and was != becomes:
            pairs = [(was[0], becomes[0])]
        else:
            pairs = [(text, "") for text in (Counter(was) - Counter(becomes)).elements()]
            pairs += [("", text) for text in (Counter(becomes) - Counter(was)).elements()]
        for gone, come in pairs:
            yield Difference(arm=arm, item=item, aspect=aspect, before=gone, after=come)
        if not pairs:
            yield from _order(arm, item, f"order of {aspect}", was, becomes)


def _order(
    arm: str, item: str, aspect: str, old: Iterable[str], new: Iterable[str]
) -> Iterator[Difference]:
    before, after = ", ".join(old), ", ".join(new)
    if before != after:
        yield Difference(arm=arm, item=item, aspect=aspect, before=before, after=after)


def _gathered(aspects: Aspects) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for aspect, text in aspects:
        gathered.setdefault(aspect, []).append(text)
    return gathered


def _by_id(things: Iterable[T]) -> dict[str, T]:
    return {thing.id: thing for thing in things}  # type: ignore[attr-defined]  # all have one


def _spoken(aspect: str, *words: Words) -> Aspects:
    """Words in every language; English is not named."""
    for text in words:
        for language, spoken in text.texts:
            yield aspect if language == "en" else f"{aspect} ({language})", f'"{spoken}"'


def _study(protocol: Protocol) -> Aspects:
    yield "id", protocol.id
    yield from _spoken("title", protocol.title)
    yield from _spoken("notice", protocol.notice)


def _epoch(epoch: Epoch) -> Aspects:
    return _spoken("label", epoch.label)


def _milestone(milestone: Milestone) -> Aspects:
    yield "timing", f"{milestone.anchor} {milestone.offset}"
    yield from _spoken("label", milestone.label)


def _arm(arm: Arm) -> Aspects:
    yield from _spoken("label", arm.label)
    for alias in arm.aliases:
        yield "alias", f'"{alias}"'
    if arm.dose is not None:
        cells = f"{arm.dose.cells_per_kg:,}".replace(",", " ")
        yield "dose", f"{cells} cells/kg"
        yield "volume", f"{arm.dose.volume_ml} ± {arm.dose.tolerance_ml} ml"
        yield "weight valid for", f"{arm.dose.weight_valid_days} d"
        if arm.dose.untreated:
            yield "untreated follow", arm.dose.untreated


def _encounter(encounter: Encounter) -> Aspects:
    timing, _, window = str(encounter.timing).partition(", ")
    yield "timing", timing
    yield "window", window.removeprefix("window ")
    for limit in encounter.limits:
        yield "limit", str(limit)
    yield "minutes", str(encounter.minutes)
    yield "mode", encounter.mode.value
    for need in encounter.needs:
        yield "needs", _need(need)
    if encounter.laboratory:
        yield "needs", "the cell laboratory"
    yield "weight", str(encounter.weight)
    if encounter.paired_with:
        yield "paired with", encounter.paired_with
    yield from _spoken("label", encounter.label)
    yield "kind", encounter.kind.value
    yield "phase", encounter.epoch
    yield from _spoken("checklist", *encounter.checklist)
    for minute in encounter.vitals:
        yield "vital signs at minute", str(minute)
    yield "basis", f'"{encounter.basis}"'


def _need(need: Need) -> str:
    start = f" from minute {need.start}" if need.start else ""
    return f"{need.resource} for {need.minutes} min{start}"


def _fact(fact: Fact) -> Aspects:
    yield from _spoken("label", fact.label)
    yield "kind", fact.kind.value
    for item in fact.items:
        yield "item", f'"{item}"'


def _criterion(criterion: Criterion) -> Aspects:
    yield from _spoken("text", criterion.text)
    yield "type", criterion.type.value
    for rule in criterion.rules:
        yield f"rule {rule.id}", _rule(rule)
        yield from _spoken(f"reading of {rule.id}", rule.reading)


def _rule(rule: Rule) -> str:
    said = f"{rule.fact} {rule}"
    match rule:
        case Age() if rule.at:
            return f"{said} at {rule.at}"
        case Elapsed() if rule.flag_edge:
            return f"{said}, the first day flagged"
        case NoFindings() if rule.review:
            return f"{said}, for review {', '.join(rule.review)}"
    return said
