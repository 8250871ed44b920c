"""The treatment of an arm, read quickly from a protocol text that was checked before.

Who looks into the book does not wait for all of a protocol to be read: what products
ask of it is the dose, in which order the encounters hang on each other, and which tests
infusions wait for.

>>> arm = treatment('''
... [[arm]]
... code = "a"
... label = { en = "Arm A" }
... dose = { cells_per_kg = 10, volume_ml = 80, weight_valid_days = 7 }
... [[arm.encounter]]
... id = "infusion-1"
... label = { en = "Infusion 1" }
... kind = "infusion"
... epoch = "all"
... anchor = "enrollment"
... offset = "3 d"
... minutes = 60
... basis = "assumption"
... ''', "a")
>>> arm.encounters[0].timing.anchor, arm.dose.tolerance_ml
('enrollment', 0)
"""

import tomllib
from functools import lru_cache
from typing import Any

from scheduler.clearance import InfusionTest
from scheduler.dates import Offset
from scheduler.protocol import Arm, Dose, Encounter, Kind, Timing
from scheduler.words import Words


@lru_cache(maxsize=32)
def treatment(text: str, arm: str) -> Arm:
    """The arm of that code in a protocol that `scheduler.readers.protocol` has read before.

    Its encounters know id, kind, anchor and offset; their windows, limits, needs and
    checklists are left out.
    """
    [row] = (row for row in _file(text)["arm"] if row["code"] == arm)
    dose = row.get("dose")
    return Arm(
        code=arm,
        label=Words.of(row["label"]),
        dose=Dose(**{"tolerance_ml": 0, **dose}) if dose else None,
        encounters=tuple(map(_encounter, row["encounter"])),
    )


@lru_cache(maxsize=32)
def infusion_tests(text: str) -> tuple[InfusionTest, ...]:
    """The tests that infusions wait for, in a protocol that was read before."""
    file = _file(text)
    labels = {fact["id"]: Words.of(fact["label"]) for fact in file.get("fact", ())}
    return tuple(
        InfusionTest(
            rule=rule["id"], label=labels[rule["fact"]], valid_days=rule["infusion_valid_days"]
        )
        for criterion in file.get("criterion", ())
        for rule in criterion.get("rule", ())
        if "infusion_valid_days" in rule
    )


@lru_cache(maxsize=4)
def _file(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def _encounter(row: dict[str, Any]) -> Encounter:
    return Encounter(
        id=row["id"],
        label=Words.of(row["label"]),
        kind=Kind(row["kind"]),
        epoch=row["epoch"],
        timing=Timing(anchor=row["anchor"], offset=Offset.parse(row["offset"])),
        minutes=row["minutes"],
        basis=row["basis"],
    )
