"""What two versions of a protocol differ in: laws, then the words of each difference."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.amendment import compare
from scheduler.dates import Offset
from scheduler.protocol import Encounter, Mode, Need, Protocol
from scheduler.words import Words
from tests.arms import encounter, milestone, studies, study, trial

ENROLLED = date(2026, 3, 2)


def amended(protocol: Protocol, row: str, /, **changes: Any) -> Protocol:
    """The protocol with another encounter in its first arm."""
    arm, *others = protocol.arms
    rows = tuple(replace(e, **changes) if e.id == row else e for e in arm.encounters)
    return replace(protocol, version="2", arms=(replace(arm, encounters=rows), *others))


def told(old: Protocol, new: Protocol) -> list[str]:
    return [str(difference) for difference in compare(old, new)]


@given(old=studies(enrolled=ENROLLED), new=studies(enrolled=ENROLLED))
def test_no_difference_means_the_same_rules(old: Protocol, new: Protocol) -> None:
    assert compare(old, replace(old, version="2")) == ()
    assert bool(compare(old, new)) == (replace(new, version=old.version) != old)


@given(old=studies(enrolled=ENROLLED), new=studies(enrolled=ENROLLED))
def test_there_and_back_are_each_others_mirror(old: Protocol, new: Protocol) -> None:
    there = {(d.arm, d.item, d.aspect, d.before, d.after) for d in compare(old, new)}
    back = {(d.arm, d.item, d.aspect, d.after, d.before) for d in compare(new, old)}
    assert {each for each in there if each[2] != "id"} == {each for each in back if each[2] != "id"}


FIELDS: list[tuple[dict[str, Any], list[str]]] = [
    ({"label": Words.of(en="Third day", zh="第3天")}, ['label "Day 3" becomes "Third day"']),
    ({"label": Words.of(en="Day 3", zh="三")}, ['label (zh) "第3天" becomes "三"']),
    ({"minutes": 45}, ["minutes 30 becomes 45"]),
    ({"mode": Mode.PHONE}, ["mode visit becomes phone"]),
    ({"needs": ()}, ["needs room for 30 min removed"]),
    (
        {"needs": (Need(resource="room", start=5, minutes=25),)},
        ["needs room for 30 min becomes room for 25 min from minute 5"],
    ),
    ({"weight": 3}, ["weight 1 becomes 3"]),
    ({"paired_with": "day-1"}, ["paired with day-1 added"]),
    ({"epoch": "follow-up"}, ["phase treatment becomes follow-up"]),
    ({"vitals": (0, 15)}, ["vital signs at minute 0 added", "vital signs at minute 15 added"]),
    ({"basis": "registry"}, ['basis "literature: RAINBOW; window: assumption" becomes "registry"']),
]


@pytest.mark.parametrize(("changes", "words"), FIELDS)
def test_every_field_has_words(changes: dict[str, Any], words: list[str]) -> None:
    assert told(trial(), amended(trial(), "day-3", **changes)) == [f"day-3: {w}" for w in words]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"before": Offset(days=2), "after": Offset(days=2)}, "window -1/+1 d becomes -2/+2 d"),
        ({"before": Offset(), "after": Offset()}, "window -1/+1 d becomes that day only"),
        ({"offset": Offset(days=4)}, "timing infusion-1 + 3 days becomes infusion-1 + 4 days"),
        ({"anchor": "day-1"}, "timing infusion-1 + 3 days becomes day-1 + 3 days"),
    ],
)
def test_timing_and_window_are_told_apart(changes: dict[str, Any], words: str) -> None:
    timing = trial().arm("bmsc").encounter("day-3").timing
    new = amended(trial(), "day-3", timing=replace(timing, **changes))
    assert told(trial(), new) == [f"day-3: {words}"]


def _with(change: Callable[[tuple[Encounter, ...]], tuple[Encounter, ...]]) -> Protocol:
    arm, *others = trial().arms
    return replace(trial(), arms=(replace(arm, encounters=change(arm.encounters)), *others))


def test_encounters_added_removed_and_renamed() -> None:
    day_60 = encounter("day-60", "infusion-1", "60 d", "5 d", "5 d")
    assert told(trial(), _with(lambda rows: (*rows[:10], day_60, *rows[10:]))) == [
        "day-60: added, timing infusion-1 + 60 days, window -5/+5 d"
    ]
    assert told(trial(), _with(lambda rows: (*rows[:5], *rows[6:]))) == [
        "day-3: removed, was timing infusion-1 + 3 days, window -1/+1 d"
    ]
    assert told(trial(), amended(trial(), "day-3", id="third-day")) == [
        "day-3: id day-3 becomes third-day"
    ]
    differing = compare(trial(), _with(lambda rows: (*rows[:5], *rows[6:])))
    assert [difference.arm for difference in differing] == ["bmsc"]


def test_order_of_encounters() -> None:
    old = study(encounter("a"), encounter("b"), encounter("c"))
    assert told(old, study(encounter("b"), encounter("a"))) == [
        "c: removed, was timing enrollment + 0 days, window that day only",
        "encounters: order a, b becomes b, a",
    ]


def test_checklist_item_by_item() -> None:
    day_3 = trial().arm("bmsc").encounter("day-3")
    fewer = day_3.checklist[1:]
    ecg = Words.of(en="12-lead ECG", zh="12导联心电图")
    assert told(trial(), amended(trial(), "day-3", checklist=(*fewer, ecg))) == [
        'day-3: checklist "Identity checked against the participant code" removed',
        'day-3: checklist "12-lead ECG" added',
        'day-3: checklist (zh) "核对受试者身份与受试者编号一致" removed',
        'day-3: checklist (zh) "12导联心电图" added',
    ]
    turned = told(trial(), amended(trial(), "day-3", checklist=(*fewer, day_3.checklist[0])))
    assert len(turned) == 2
    assert turned[0].startswith("day-3: order of checklist ")


def test_study_arms_dose_and_milestones() -> None:
    old = replace(trial(), milestones=(*trial().milestones, milestone("m", "enrollment", "9 d")))
    arm, other = old.arms
    assert arm.dose is not None
    stronger = replace(arm, dose=replace(arm.dose, cells_per_kg=2_000_000, tolerance_ml=8))
    new = replace(
        old,
        title=Words.of(en="Study"),
        milestones=(milestone("m", "enrollment", "10 d"),),
        arms=(replace(stronger, aliases=("BMSCs",)),),
    )
    found = told(old, new)
    assert found[2:] == [
        "milestone m: timing enrollment + 9 days becomes enrollment + 10 days",
        'milestone matched-day-0: removed, was timing enrollment + 38 days, label "Matched day 0"',
        'arm bmsc: alias "BMSCs group" removed',
        "arm bmsc: dose 1 000 000 cells/kg becomes 2 000 000 cells/kg",
        "arm bmsc: volume 80 ± 5 ml becomes 80 ± 8 ml",
        'arm routine: removed, was label "Routine treatment group", label (zh) "常规治疗组"',
    ]
    assert found[0].endswith('becomes "Study"')
    assert other.code == "routine"


def test_criteria() -> None:
    old = trial()
    criteria = old.criteria.criteria
    assert criteria, "the built-in trial has criteria"
    fewer = replace(old, criteria=replace(old.criteria, criteria=criteria[1:]))
    first = criteria[0]
    assert [d.item for d in compare(old, fewer)] == [f"criterion {first.id}"]
    reworded = replace(first, text=Words.of(en="Other words"))
    new = replace(old, criteria=replace(old.criteria, criteria=(reworded, *criteria[1:])))
    assert told(old, new)[0].endswith('becomes "Other words"')


@given(data=st.data())
def test_every_rule_of_the_criteria_is_compared(data: st.DataObject) -> None:
    """Whatever part of a rule changes, there is a difference."""
    old = trial()
    n = data.draw(st.integers(0, len(old.criteria.criteria) - 1))
    criterion = old.criteria.criteria[n]
    if not criterion.rules:
        return
    m = data.draw(st.integers(0, len(criterion.rules) - 1))
    rule = criterion.rules[m]
    name = data.draw(st.sampled_from(sorted(type(rule).__slots__)))
    value: Any = getattr(rule, name)
    mutations: dict[type, Callable[[], Any]] = {
        bool: lambda: not value,
        int: lambda: value + 1,
        str: lambda: f"{value}x",
        tuple: lambda: (*value, "x"),
        Words: lambda: Words.of(en="x"),
        Offset: lambda: Offset(days=value.days + 1, months=0),
        type(None): lambda: "x" if name == "at" else Offset(days=1),
    }
    other = mutations[type(value)]()
    rules = tuple(
        replace(each, **{name: other}) if each is rule else each for each in criterion.rules
    )
    changed = replace(criterion, rules=rules)
    criteria = tuple(changed if each is criterion else each for each in old.criteria.criteria)
    new = replace(old, criteria=replace(old.criteria, criteria=criteria))
    assert compare(old, new), (rule, name)
