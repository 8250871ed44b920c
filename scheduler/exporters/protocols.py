"""Protocols as the documented JSON objects of `protocol list`, `show` and `check`.

Timings and limits are the sentences that people read; the file itself is the form for programs.

>>> from scheduler.protocol import Dose
>>> _dose(Dose(cells_per_kg=10**6, volume_ml=80, tolerance_ml=5, weight_valid_days=7))["volume_ml"]
80
"""

from scheduler.criteria import Criterion
from scheduler.exporters.records import Record
from scheduler.protocol import Arm, Dose, Encounter, Protocol


def summary(protocol: Protocol) -> Record:
    """Which protocol it is, and how many encounters each arm has."""
    return {
        "id": protocol.id,
        "version": protocol.version,
        "title": dict(protocol.title.texts),
        "arms": {arm.code: len(arm.encounters) for arm in protocol.arms},
    }


def record(protocol: Protocol) -> Record:
    """All that `protocol show` prints."""
    return {
        "id": protocol.id,
        "version": protocol.version,
        "title": dict(protocol.title.texts),
        "notice": dict(protocol.notice.texts),
        "milestones": [
            {"id": each.id, "anchor": each.anchor, "offset": str(each.offset)}
            for each in protocol.milestones
        ],
        "arms": [_arm(arm) for arm in protocol.arms],
        "criteria": [_criterion(protocol, each) for each in protocol.criteria.criteria],
    }


def _arm(arm: Arm) -> Record:
    return {
        "code": arm.code,
        "label": dict(arm.label.texts),
        "dose": _dose(arm.dose) if arm.dose else None,
        "encounters": [_encounter(encounter) for encounter in arm.encounters],
    }


def _dose(dose: Dose) -> Record:
    return {
        "cells_per_kg": dose.cells_per_kg,
        "volume_ml": dose.volume_ml,
        "tolerance_ml": dose.tolerance_ml,
        "weight_valid_days": dose.weight_valid_days,
        "untreated": dose.untreated,
    }


def _encounter(encounter: Encounter) -> Record:
    return {
        "id": encounter.id,
        "label": dict(encounter.label.texts),
        "kind": encounter.kind.value,
        "epoch": encounter.epoch,
        "timing": str(encounter.timing),
        "limits": list(map(str, encounter.limits)),
        "minutes": encounter.minutes,
        "mode": encounter.mode.value,
        "needs": [{"resource": n.resource, "minutes": n.minutes} for n in encounter.needs],
        "paired_with": encounter.paired_with,
        "weight": encounter.weight,
        "basis": encounter.basis,
    }


def _criterion(protocol: Protocol, criterion: Criterion) -> Record:
    return {
        "id": criterion.id,
        "type": criterion.type.value,
        "text": dict(criterion.text.texts),
        "rules": [
            {
                "id": rule.id,
                "fact": rule.fact,
                "asked": dict(protocol.criteria.fact(rule.fact).label.texts),
                "lets_in": str(rule),
            }
            for rule in criterion.rules
        ],
    }
