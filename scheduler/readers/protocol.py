r"""A protocol file (TOML) as a `Protocol`, or every problem in it.

`templates/protocols/bmsc-stroke.toml` is the shape, with a word on every key.

>>> read('id = "empty"\nversion = 1\n', "empty.toml")
Traceback (most recent call last):
scheduler.errors.BadInput: 4 problems:
  empty.toml:1: title is missing
  empty.toml:1: epoch is missing
  empty.toml:1: arm is missing
  empty.toml:2: version must be text in quotes, not 1
"""

from collections.abc import Mapping

from scheduler.protocol import (
    Arm,
    Dose,
    Encounter,
    Epoch,
    Limit,
    Milestone,
    Need,
    Protocol,
    Timing,
)
from scheduler.readers.criteria import check_criteria, criteria_of
from scheduler.readers.forms import fill
from scheduler.readers.protocol_form import ArmForm, DoseForm, EncounterForm, ProtocolForm
from scheduler.readers.protocol_names import check_names
from scheduler.readers.protocol_tree import check_tree
from scheduler.words import Words

_Checklists = Mapping[str, tuple[Words, ...]]


def read(text: str, name: str) -> Protocol:
    """The protocol that `text` describes; `name` is the file's name in the problems' places.

    Raises:
        BadInput: with every problem found, in the order of the text.
    """
    form, findings = fill(text, name, ProtocolForm)
    check_names(form, findings)
    check_tree(form, findings)
    check_criteria(form, findings)
    findings.settle()
    return _protocol(form)


def _protocol(form: ProtocolForm) -> Protocol:
    checklists = {name: _items(by_language) for name, by_language in form.checklist.items()}
    return Protocol(
        id=form.id,
        version=form.version,
        title=form.title,
        notice=form.notice,
        epochs=tuple(Epoch(id=epoch.id, label=epoch.label) for epoch in form.epoch),
        milestones=tuple(
            Milestone(id=m.id, label=m.label, anchor=m.anchor, offset=m.offset)
            for m in form.milestone
        ),
        arms=tuple(_arm(arm, checklists) for arm in form.arm),
        criteria=criteria_of(form),
    )


def _items(by_language: Mapping[str, tuple[str, ...]]) -> tuple[Words, ...]:
    rows = zip(*by_language.values(), strict=True)
    return tuple(Words.of(dict(zip(by_language, row, strict=True))) for row in rows)


def _arm(form: ArmForm, checklists: _Checklists) -> Arm:
    return Arm(
        code=form.code,
        label=form.label,
        aliases=form.aliases,
        dose=None if form.dose is None else _dose(form.dose),
        encounters=tuple(_encounter(encounter, checklists) for encounter in form.encounter),
    )


def _dose(form: DoseForm) -> Dose:
    return Dose(
        cells_per_kg=form.cells_per_kg,
        volume_ml=form.volume_ml,
        tolerance_ml=form.tolerance_ml,
        weight_valid_days=form.weight_valid_days,
        untreated=form.untreated,
    )


def _encounter(form: EncounterForm, checklists: _Checklists) -> Encounter:
    return Encounter(
        id=form.id,
        label=form.label,
        kind=form.kind,
        epoch=form.epoch,
        timing=Timing(
            anchor=form.anchor,
            offset=form.offset,
            before=form.window.before,
            after=form.window.after,
        ),
        minutes=form.minutes,
        basis=form.basis,
        mode=form.mode,
        needs=tuple(
            Need(resource=need.resource, start=need.start, minutes=need.minutes)
            for need in form.needs
        ),
        limits=tuple(
            Limit(anchor=limit.anchor, not_before=limit.not_before, not_after=limit.not_after)
            for limit in form.limits
        ),
        weight=form.weight,
        paired_with=form.paired_with,
        checklist=checklists[form.checklist] if form.checklist is not None else (),
        vitals=form.vitals,
        laboratory=form.laboratory,
    )
