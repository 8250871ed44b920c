"""What a protocol file must keep about its names and numbers.

Ids are lower-case and used once; what is referred to exists; numbers lie in the range
that a clinic day has.  How dates hang together is checked in `protocol_tree`.

>>> from scheduler.readers.forms import fill
>>> form, findings = fill('id = "My Study"', "a.toml", ProtocolForm)
>>> check_names(form, findings)
>>> str(findings.problems[("id",)][1])
'a.toml:1: id "My Study" has other characters than a-z, 0-9 and - (write a name like "day-14")'
"""

from collections.abc import Iterable, Iterator

from scheduler.protocol import ENROLLMENT, Kind
from scheduler.readers.forms import Findings
from scheduler.readers.places import Path
from scheduler.readers.protocol_form import ArmForm, DoseForm, EncounterForm, ProtocolForm
from scheduler.readers.vocabulary import LANGUAGES, meant
from scheduler.words import Words

_DAY = 24 * 60
_HEAVIEST = 1000
_MOST_CELLS = 10**12
_MOST_ML = 10_000
_YEAR = 366


def encounters(form: ProtocolForm) -> Iterator[tuple[Path, ArmForm, EncounterForm]]:
    """Every encounter of every arm, with its path in the file."""
    for a, arm in enumerate(form.arm):
        for e, encounter in enumerate(arm.encounter):
            yield ("arm", a, "encounter", e), arm, encounter


def check_names(form: ProtocolForm, findings: Findings) -> None:
    """Note every wrong id, reference and number of `form`."""
    _check_ids(form, findings)
    _check_arm_names(form, findings)
    _check_checklists(form, findings)
    for a, arm in enumerate(form.arm):
        if arm.dose is not None:
            _check_dose(("arm", a, "dose"), arm.dose, form, findings)
    for path, arm, encounter in encounters(form):
        _check_references(path, encounter, form, findings)
        _check_numbers(path, encounter, findings)
        dosed = arm.dose is not None or not findings.sound(path[:2], "dose")
        if encounter.kind is Kind.INFUSION and not dosed:
            what = "is infusion, but the arm has no dose"
            findings.blame((*path, "kind"), what, "write an [arm.dose]")
    _check_shared_labels(form, findings)


def _check_ids(form: ProtocolForm, findings: Findings) -> None:
    findings.identifier(("id",), form.id)
    _check_unique(((("epoch", n, "id"), e.id) for n, e in enumerate(form.epoch)), findings)
    _check_unique(((("arm", n, "code"), a.code) for n, a in enumerate(form.arm)), findings)
    milestones = [(("milestone", n, "id"), m.id) for n, m in enumerate(form.milestone)]
    _check_unique(milestones, findings, ENROLLMENT)
    dated = {id for _, id in milestones}
    for a, arm in enumerate(form.arm):
        paths = [("arm", a, "encounter", e, "id") for e in range(len(arm.encounter))]
        ids = [encounter.id for encounter in arm.encounter]
        _check_unique(zip(paths, ids, strict=True), findings, ENROLLMENT)
        for path, id in zip(paths, ids, strict=True):
            if id in dated:
                findings.blame(path, f'"{id}" is also the id of a milestone', "rename one of them")


def _check_unique(
    ids: Iterable[tuple[Path, str]], findings: Findings, reserved: str | None = None
) -> None:
    seen: dict[str, Path] = {}
    for path, id in ids:
        findings.identifier(path, id)
        if id == reserved:
            findings.blame(path, f'"{id}" is the name of the enrollment itself', "rename it")
        elif id in seen:
            what = f'"{id}" is used twice, first in line {findings.places.line(seen[id])}'
            findings.blame(path, what, "rename one of them")
        seen.setdefault(id, path)


def _check_arm_names(form: ProtocolForm, findings: Findings) -> None:
    owner: dict[str, str] = {}
    for a, arm in enumerate(form.arm):
        labels = [(("arm", a, "label"), text) for _, text in arm.label.texts]
        aliases = [(("arm", a, "aliases", n), alias) for n, alias in enumerate(arm.aliases)]
        for path, name in [(("arm", a, "code"), arm.code), *labels, *aliases]:
            other = owner.setdefault(name.strip().casefold(), arm.code)
            if other != arm.code:
                what = f'"{name}" also means arm "{other}"'
                findings.blame(path, what, "a name must lead to one arm")


def _check_checklists(form: ProtocolForm, findings: Findings) -> None:
    for name, by_language in form.checklist.items():
        path: Path = ("checklist", name)
        findings.identifier(path, name)
        absent = [language for language in LANGUAGES if language not in by_language]
        for language in by_language:
            if language not in LANGUAGES:
                findings.misspelt((*path, language), absent)
        lengths = {language: len(items) for language, items in by_language.items()}
        if len(set(lengths.values())) > 1 and findings.sound(path):
            counts = ", ".join(f"{count} in {language}" for language, count in lengths.items())
            findings.blame(path, f"does not have as many items in every language: {counts}")
        if not any(lengths.values()) and findings.sound(path):
            findings.blame(path, "has no items")


def _check_dose(path: Path, dose: DoseForm, form: ProtocolForm, findings: Findings) -> None:
    findings.within((*path, "cells_per_kg"), dose.cells_per_kg, 1, _MOST_CELLS)
    findings.within((*path, "volume_ml"), dose.volume_ml, 1, _MOST_ML)
    most = dose.volume_ml - 1 if findings.sound(path, "volume_ml") else _MOST_ML
    findings.within((*path, "tolerance_ml"), dose.tolerance_ml, 0, most)
    findings.within((*path, "weight_valid_days"), dose.weight_valid_days, 1, _YEAR)
    milestones = [milestone.id for milestone in form.milestone]
    if dose.untreated is not None and dose.untreated not in milestones and "" not in milestones:
        what = f'"{dose.untreated}" is not a milestone'
        findings.blame((*path, "untreated"), what, meant(dose.untreated, milestones))


def _check_references(
    path: Path, encounter: EncounterForm, form: ProtocolForm, findings: Findings
) -> None:
    epochs = [epoch.id for epoch in form.epoch]
    if encounter.epoch not in epochs and _all_named(epochs):
        what = f'"{encounter.epoch}" is not an epoch of this file'
        findings.blame((*path, "epoch"), what, meant(encounter.epoch, epochs))
    name = encounter.checklist
    known = form.checklist.keys()
    if name is not None and name not in known and findings.sound(("checklist", name)):
        what = f'"{name}" is not a checklist of this file'
        findings.blame((*path, "checklist"), what, meant(name, known))


def _all_named(ids: list[str]) -> bool:
    # An entry that could not be read may be the very one that is referred to.
    return bool(ids) and "" not in ids


def _check_numbers(path: Path, encounter: EncounterForm, findings: Findings) -> None:
    findings.within((*path, "minutes"), encounter.minutes, 1, _DAY)
    findings.within((*path, "weight"), encounter.weight, 0, _HEAVIEST)
    # Without a length of its own, an encounter cannot be too short for anything.
    minutes = encounter.minutes if findings.sound((*path, "minutes")) else _DAY
    for n, need in enumerate(encounter.needs):
        at: Path = (*path, "needs", n)
        findings.identifier((*at, "resource"), need.resource)
        findings.within((*at, "start"), need.start, 0, minutes - 1)
        findings.within((*at, "minutes"), need.minutes, 1, _DAY)
        if need.start + need.minutes > minutes and findings.sound(at):
            end = need.start + need.minutes
            what = f"is needed until minute {end}, but the encounter ends after {minutes}"
            findings.blame((*at, "minutes"), what, "shorten the need or lengthen the encounter")
    latest = -1
    for n, minute in enumerate(encounter.vitals):
        findings.within((*path, "vitals", n), minute, 0, minutes)
        if minute <= latest:
            findings.blame((*path, "vitals", n), f"is {minute}, which does not come after {latest}")
        latest = max(latest, minute)


def _check_shared_labels(form: ProtocolForm, findings: Findings) -> None:
    # An assessor sees the encounters that all arms share; a label must not tell the arm.
    first: dict[tuple[str, object, int], tuple[str, Words]] = {}
    for path, arm, encounter in encounters(form):
        if not findings.sound(path, "id", "label", "mode", "minutes"):
            continue
        shared = (encounter.id, encounter.mode, encounter.minutes)
        other, label = first.setdefault(shared, (arm.code, encounter.label))
        if label != encounter.label:
            what = f'differs from the label in arm "{other}": a blinded reader could tell the arms'
            findings.blame((*path, "label"), what, "write the same label in both arms")
