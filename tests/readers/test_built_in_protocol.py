"""The built-in protocol says exactly what is known of the trial, row by row."""

from datetime import date

import pytest

from scheduler import shipped
from scheduler.dates import Offset
from scheduler.protocol import ENROLLMENT, Kind, Mode, Need
from scheduler.readers.protocol import read

STUDY = read(shipped.read("protocols/bmsc-stroke.toml", None).decode(), "bmsc-stroke.toml")

# The trial: anchor, offset and window, minutes, what it takes, where the row comes from.
ACTIVE = """\
baseline    enrollment    0   0/0    60 room            assumption
aspiration  enrollment    3  -2/4   120 procedure-room  registry assumption
pre-check   infusion-1   -7  -1/1    60 room            literature RAINBOW
infusion-1  aspiration   35  -7/7   420 chair+nurse     registry Wang START assumption
day-1       infusion-1    1   0/0    30 room            literature RAINBOW AMSC
day-3       infusion-1    3  -1/1    30 room            literature RAINBOW assumption
infusion-2  infusion-1    7   0/0   420 chair+nurse     registry
day-8       infusion-2    1   0/0    30 room            literature AMSC
day-14      infusion-2    7  -2/2    45 room            literature RAINBOW AMSC assumption
day-30      infusion-1   30  -3/3    90 room            literature RAINBOW
day-90      infusion-1   90  -7/7   120 room            literature UMSIS MASTERS-2
day-180     infusion-1  180 -14/14  120 room            literature UMSIS RAINBOW
day-360     infusion-1  360 -30/30  120 room            literature UMSIS RAINBOW REALIST
"""
ROUTINE = """\
baseline  enrollment      0   0/0    60 room assumption
re-score  matched-day-0   0  -7/3    60 room assumption
day-14    matched-day-0  14  -2/2    15 none assumption
day-30    matched-day-0  30  -3/3    90 room RAINBOW assumption
day-90    matched-day-0  90  -7/7   120 room UMSIS MASTERS-2 assumption
day-180   matched-day-0 180 -14/14  120 room UMSIS RAINBOW assumption
day-360   matched-day-0 360 -30/30  120 room UMSIS RAINBOW REALIST assumption
"""


@pytest.mark.parametrize(("code", "table"), [("bmsc", ACTIVE), ("routine", ROUTINE)])
def test_the_built_in_protocol_is_the_trial(code: str, table: str) -> None:
    arm = STUDY.arm(code)
    rows = [row.split() for row in table.splitlines()]
    assert [encounter.id for encounter in arm.encounters] == [row[0] for row in rows]
    for encounter, (_, anchor, offset, window, minutes, takes, *marks) in zip(
        arm.encounters, rows, strict=True
    ):
        early, late = map(int, window.split("/"))
        timing = encounter.timing
        assert (timing.anchor, timing.offset) == (anchor, Offset(days=int(offset)))
        assert (timing.before, timing.after) == (Offset(days=-early), Offset(days=late))
        assert encounter.minutes == int(minutes)
        assert "+".join(need.resource for need in encounter.needs) == takes.replace("none", "")
        assert all(mark in encounter.basis for mark in marks)
        assert encounter.weight == 1
        assert encounter.limits == ()
        assert len(encounter.checklist) >= 5


def test_what_the_registry_says_of_the_trial() -> None:
    assert (STUDY.id, STUDY.version) == ("bmsc-stroke", "1")
    assert "not the sponsor's protocol" in STUDY.notice.say("en")
    assert [arm.code for arm in STUDY.arms] == ["bmsc", "routine"]
    assert STUDY.arm("BMSCs").code == STUDY.arm("bmscs GROUP").code == "bmsc"
    assert STUDY.arm("Routine treatment group").code == "routine"
    assert STUDY.arm("routine treatment").code == "routine"
    [milestone] = STUDY.milestones
    assert (milestone.id, milestone.anchor) == ("matched-day-0", ENROLLMENT)
    assert milestone.offset == Offset(days=38)
    dose = STUDY.arm("bmsc").dose
    assert dose is not None
    assert (dose.cells_per_kg, dose.volume_ml, dose.tolerance_ml) == (10**6, 80, 5)
    assert STUDY.arm("routine").dose is None
    assert dose.weight_valid_days == 7


def test_both_infusions_are_alike_and_a_pair() -> None:
    arm = STUDY.arm("bmsc")
    first, second = arm.encounter("infusion-1"), arm.encounter("infusion-2")
    assert second.paired_with == "infusion-1"
    assert first.paired_with is None
    for infusion in (first, second):
        assert infusion.kind is Kind.INFUSION
        assert infusion.needs == (
            Need(resource="chair", minutes=420),
            Need(resource="nurse", minutes=90),
        )
        assert infusion.vitals == (0, 15, 30, 45, 60, 120, 180, 240, 300, 360, 420)
    assert first.checklist == second.checklist
    assert sum(encounter.kind is Kind.INFUSION for encounter in arm.encounters) == 2


def test_both_languages_say_everything() -> None:
    encounters = [encounter for arm in STUDY.arms for encounter in arm.encounters]
    said = [
        *(STUDY.title, STUDY.notice),
        *(epoch.label for epoch in STUDY.epochs),
        *(milestone.label for milestone in STUDY.milestones),
        *(arm.label for arm in STUDY.arms),
        *(encounter.label for encounter in encounters),
        *(item for encounter in encounters for item in encounter.checklist),
    ]
    assert all({language for language, _ in words.texts} == {"en", "zh"} for words in said)
    assert len({words.say("zh") for words in said}) == len({words.say("en") for words in said})


def test_assessors_see_what_both_arms_share() -> None:
    shared = {"baseline", "day-30", "day-90", "day-180", "day-360"}
    assert STUDY.shared_encounters() == shared
    assert STUDY.arm("routine").encounter("day-14").mode is Mode.PHONE
    for id in [*shared, "day-14"]:
        labels = {arm.encounter(id).label for arm in STUDY.arms}
        assert len(labels) == 1


# Day 0 of an enrollment on 2026-03-02 is 2026-04-09 in both arms.
TARGETS = {
    "baseline": date(2026, 3, 2),
    "aspiration": date(2026, 3, 5),
    "pre-check": date(2026, 4, 2),
    "re-score": date(2026, 4, 9),
    "infusion-1": date(2026, 4, 9),
    "day-1": date(2026, 4, 10),
    "day-3": date(2026, 4, 12),
    "infusion-2": date(2026, 4, 16),
    "day-8": date(2026, 4, 17),
    "day-14": date(2026, 4, 23),
    "day-30": date(2026, 5, 9),
    "day-90": date(2026, 7, 8),
    "day-180": date(2026, 10, 6),
    "day-360": date(2027, 4, 4),
}


@pytest.mark.parametrize("code", ["bmsc", "routine"])
def test_the_targets_of_the_trial_by_hand(code: str) -> None:
    days = {ENROLLMENT: date(2026, 3, 2), "matched-day-0": date(2026, 4, 9)}
    arm = STUDY.arm(code)

    def target(id: str) -> date:
        if id not in days:
            timing = arm.encounter(id).timing
            days[id] = timing.target(target(timing.anchor))
        return days[id]

    for encounter in arm.encounters:
        assert target(encounter.id) == TARGETS[encounter.id]
