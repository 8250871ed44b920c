"""A protocol file is read whole or refused whole, with every mistake in its line."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import shipped
from scheduler.dates import Offset
from scheduler.errors import BadInput, Problem
from scheduler.plan import plan
from scheduler.protocol import ENROLLMENT, Kind, Limit, Mode, Need
from scheduler.readers.protocol import read
from scheduler.words import Words

BUILT_IN = shipped.read("protocols/bmsc-stroke.toml", None).decode()

SMALL = """\
id = "small"
version = "2"
title = { en = "Small study" }

[[epoch]]
id = "all"
label = { en = "All of it" }

[[milestone]]
id = "day-0"
label = { en = "Day 0" }
anchor = "enrollment"
offset = "1 mo"

[checklist.visit]
en = ["Code", "Weight"]
zh = ["编号", "体重"]

[[arm]]
code = "active"
label = { en = "Active arm" }
aliases = ["A"]

[arm.dose]
cells_per_kg = 500
volume_ml = 80
tolerance_ml = 5
weight_valid_days = 7

[[arm.encounter]]
id = "start"
label = { en = "Start" }
kind = "baseline"
epoch = "all"
anchor = "enrollment"
offset = "0 d"
window = "0 d"
minutes = 60
basis = "assumption"

[[arm.encounter]]
id = "first"
label = { en = "First" }
kind = "infusion"
epoch = "all"
anchor = "start"
offset = "35 d"
window = ["-1 w", "+2 d"]
limits = [
  { anchor = "day-0", not_before = "-3 d", not_after = "3 w" },
  { anchor = "enrollment", not_after = "60 d" },
]
minutes = 420
needs = [
  { resource = "chair", minutes = 420 },
  { resource = "nurse", start = 30, minutes = 90 },
]
weight = 3
checklist = "visit"
vitals = [0, 15, 420]
basis = "registry"

[[arm.encounter]]
id = "second"
label = { en = "Second" }
kind = "infusion"
epoch = "all"
anchor = "first"
offset = "7 d"
window = "0 d"
paired_with = "first"
minutes = 420
basis = "registry"

[[arm]]
code = "control"
label = { en = "Control arm", zh = "对照组" }

[[arm.encounter]]
id = "call"
label = { en = "Call" }
kind = "follow-up"
epoch = "all"
anchor = "day-0"
offset = "-2 d"
window = "3 d"
mode = "phone"
minutes = 15
basis = "assumption"
"""


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with the text of a protocol."""
    try:
        read(text, "study.toml")
    except BadInput as error:
        return error.problems
    return ()


def edited(old: str, new: str) -> str:
    """The small protocol with its first `old` replaced."""
    assert old in SMALL
    return SMALL.replace(old, new, 1)


def line(text: str, snippet: str) -> int:
    """The line in which `snippet` first stands."""
    return text.count("\n", 0, text.index(snippet)) + 1


def test_every_key_gets_into_the_value() -> None:
    study = read(SMALL, "small.toml")
    assert (study.id, study.version, str(study.title)) == ("small", "2", "Small study")
    assert [(epoch.id, str(epoch.label)) for epoch in study.epochs] == [("all", "All of it")]
    [milestone] = study.milestones
    assert (milestone.id, milestone.anchor, milestone.offset) == (
        "day-0",
        ENROLLMENT,
        Offset(months=1),
    )
    active = study.arm("a")
    assert active.dose is not None
    assert (active.dose.cells_per_kg, active.dose.volume_ml) == (500, 80)
    assert (active.dose.tolerance_ml, active.dose.weight_valid_days) == (5, 7)
    first = active.encounter("first")
    assert (first.kind, first.epoch, first.mode) == (Kind.INFUSION, "all", Mode.VISIT)
    assert str(first.timing) == "start + 35 days, window -7/+2 d"
    assert first.limits == (
        Limit(anchor="day-0", not_before=Offset(days=-3), not_after=Offset(days=21)),
        Limit(anchor=ENROLLMENT, not_after=Offset(days=60)),
    )
    assert first.needs == (
        Need(resource="chair", minutes=420),
        Need(resource="nurse", start=30, minutes=90),
    )
    assert (first.minutes, first.weight, first.vitals) == (420, 3, (0, 15, 420))
    assert first.checklist == (Words.of(en="Code", zh="编号"), Words.of(en="Weight", zh="体重"))
    assert active.encounter("second").paired_with == "first"
    call = study.arm("对照组").encounter("call")
    assert (call.mode, call.weight, call.needs, call.basis) == (Mode.PHONE, 1, (), "assumption")


MISTAKES = [
    # ids and names
    ('id = "small"\n', "", 'version = "2"', "id is missing"),
    ('id = "small"', 'id = "Small Study"', "", 'id "Small Study" has other characters'),
    ('id = "small"', 'id = " "', "", "id is empty"),
    ('version = "2"', "version = 2", "", "version must be text in quotes, not 2"),
    ('id = "start"', 'id = ""', "", "id is empty"),
    ('id = "call"', 'id = "Call 1"', "", 'encounter "Call 1": id "Call 1" has other characters'),
    ('id = "second"', 'id = "start"', "", 'id "start" is used twice, first in line 31'),
    ('id = "second"', 'id = "day-0"', "", 'id "day-0" is also the id of a milestone'),
    ('id = "second"', 'id = "enrollment"', "", '"enrollment" is the name of the enrollment'),
    ('code = "control"', 'code = "active"', "", 'code "active" is used twice'),
    ('aliases = ["A"]', 'aliases = ["对照组"]', 'label = { en = "Control arm"',
     'label "对照组" also means arm "active"'),
    ('en = "Small study"', 'ehn = "Small study"', "", 'unknown language "ehn"; did you mean "en"'),
    # references
    ('epoch = "all"', 'epoch = "al"', "", 'epoch "al" is not an epoch of this file'),
    ('checklist = "visit"', 'checklist = "vist"', "", 'did you mean "visit"?'),
    ('anchor = "first"', 'anchor = "frist"', "", 'did you mean "first"?'),
    ('anchor = "first"', 'anchor = "call"', "", '"call" is not in this arm, only in arm "control"'),
    ('anchor = "day-0"\n', 'anchor = "start"\n', "", '"start" is not in this arm, only in arm'),
    ('anchor = "enrollment"\noffset = "1 mo"', 'anchor = "start"\noffset = "1 mo"', "",
     'milestone "day-0": anchor "start" is an encounter'),
    ('anchor = "enrollment"\noffset = "1 mo"', 'anchor = "dya"\noffset = "1 mo"', "",
     'milestone "day-0": anchor "dya" is not a milestone'),
    # circles
    ('anchor = "start"', 'anchor = "second"', "", "in a circle: first → second → first"),
    ('anchor = "start"', 'anchor = "first"', "", "in a circle: first → first"),
    ('anchor = "enrollment"', 'anchor = "day-0"', "", "in a circle: day-0 → day-0"),
    # dates
    ('offset = "35 d"', 'offset = "35 dd"', "", '"first": offset "35 dd" is not an offset like'),
    ('offset = "35 d"', "offset = 35", "", "offset must be text in quotes, not 35"),
    ('offset = "35 d"', 'offset = "99999 d"', "", "leads too far"),
    ('offset = "1 mo"', 'offset = "9999 y"', "", "leads too far"),
    ('window = "3 d"', 'window = "90 y"', "", "leads too far"),
    ('window = "3 d"', 'window = "-3 d"', "", 'window is "-3 d"; a window is "7 d" on both sides'),
    ('["-1 w", "+2 d"]', '["1 w", "2 d"]', "", 'window is ["1 w", "2 d"]; a window is'),
    ('offset = "7 d"', 'offset = "-40 d"', "", 'before "first" on'),
    # limits
    ('{ anchor = "enrollment", not_after = "60 d" }', '{ anchor = "enrollment" }', "",
     "limits 2 says neither not_before nor not_after"),
    ('{ anchor = "day-0", not', '{ anchor = "second", not', "",
     'limits 1: anchor "second" is not on the way from "first" up to enrollment'),
    ('not_after = "3 w"', 'not_after = "-4 d"', "", "limits 1 leaves no day"),
    ('not_after = "60 d"', 'not_after = "99999 d"', "", "leads too far"),
    # numbers
    ("minutes = 60", "minutes = 0", "", "minutes must be from 1 to 1440, not 0"),
    ("minutes = 60", "minutes = 1441", "", "minutes must be from 1 to 1440, not 1441"),
    ("minutes = 60", 'minutes = "60"', "", 'minutes must be a whole number, not "60"'),
    ("minutes = 90", "minutes = 391", "", "is needed until minute 421, but the encounter ends"),
    ("start = 30", "start = -1", "", "start must be from 0 to 419, not -1"),
    ("weight = 3", "weight = -1", "", "weight must be from 0 to 1000, not -1"),
    ("15, 420", "15, 421", "", "vitals 3 must be from 0 to 420, not 421"),
    ("15, 420", "15, 15", "", "vitals 3 is 15, which does not come after 15"),
    ("volume_ml = 80", "volume_ml = 0", "", "dose.volume_ml must be from 1 to 10000"),
    ("tolerance_ml = 5", "tolerance_ml = 80", "", "dose.tolerance_ml must be from 0 to 79"),
    ("tolerance_ml = 5", 'untreated = "day-00"', "", 'dose.untreated "day-00" is not a milestone'),
    # kinds and pairs
    ('kind = "baseline"', 'kind = "base"', "", 'kind "base" is not one of baseline, procedure'),
    ('mode = "phone"', 'mode = "fax"', "", 'mode "fax" is not one of visit, phone'),
    ('paired_with = "first"', 'paired_with = "fisrt"', "", 'did you mean "first"?'),
    ('paired_with = "first"', 'paired_with = "second"', "", '"second" is not another encounter'),
    ('paired_with = "first"', 'paired_with = "start"', "", '"start" is not an infusion'),
    ('window = "0 d"\npaired', 'window = "1 d"\npaired', "",
     'window must be "0 d": "second" is never parted from "first"'),
    ('anchor = "first"\noffset = "7 d"', 'anchor = "start"\noffset = "42 d"', "paired_with",
     "nothing keeps the two together"),
    # checklists, labels, keys
    ('zh = ["编号", "体重"]', 'zh = ["编号"]', "[checklist.visit]", "2 in en, 1 in zh"),
    ('en = ["Code", "Weight"]\nzh = ["编号", "体重"]', "", "[checklist.visit]", "has no items"),
    ("zh = [", "zz = [", "", "checklist.visit.zz is not a key here"),
    ('offset = "35 d"', 'ofset = "35 d"', "", 'ofset is not a key here (did you mean "offset"?)'),
    ("[arm.dose]", "[arm.doze]", "", 'doze is not a key here (did you mean "dose"?)'),
]  # fmt: skip  # a mistake a line


@pytest.mark.parametrize(("old", "new", "where", "what"), MISTAKES)
def test_one_mistake_is_one_problem(old: str, new: str, where: str, what: str) -> None:
    text = edited(old, new)
    [problem] = problems(text)
    assert what in str(problem)
    assert problem.place == f"study.toml:{line(text, where) if where else line(SMALL, old)}"


TEN_MISTAKES = """\
id = "Ten Mistakes"
version = 1

[title]
en = "A study with ten mistakes"

[[epoch]]
id = "all"
label = { en = "All" }

[[arm]]
code = "a"
label = { en = "Arm A" }

[[arm.encounter]]
id = "start"
label = { en = "Start" }
kind = "baseline"
epoch = "al"
anchor = "enrollment"
offset = "0 d"
window = "0 d"
minutes = 0
basis = "assumption"

[[arm.encounter]]
id = "dose"
label = { en = "Dose" }
kind = "infusion"
epoch = "all"
anchor = "strat"
offset = "3 dd"
window = "-1 d"
minutes = 60
basis = "assumption"
needs = [
  { resource = "chair", minutes = 30 },
  { resource = "nurse", minutes = 90 },
]
vital = [0, 15]
"""


def test_ten_mistakes_are_ten_problems_in_their_lines() -> None:
    with pytest.raises(BadInput) as caught:
        read(TEN_MISTAKES, "ten.toml")
    dose = 'arm "a", encounter "dose"'
    assert str(caught.value).splitlines() == [
        "10 problems:",
        '  ten.toml:1: id "Ten Mistakes" has other characters than a-z, 0-9 and -'
        ' (write a name like "day-14")',
        "  ten.toml:2: version must be text in quotes, not 1",
        '  ten.toml:19: arm "a", encounter "start": epoch "al" is not an epoch of this file'
        ' (did you mean "all"?)',
        '  ten.toml:23: arm "a", encounter "start": minutes must be from 1 to 1440, not 0',
        f"  ten.toml:29: {dose}: kind is infusion, but the arm has no dose (write an [arm.dose])",
        f'  ten.toml:31: {dose}: anchor "strat" is not an encounter of this arm or a milestone'
        ' (did you mean "start"?)',
        f'  ten.toml:32: {dose}: offset "3 dd" is not an offset like "35 d", "-1 w", "3 mo", "1 y"',
        f'  ten.toml:33: {dose}: window is "-1 d"; a window is "7 d" on both sides of the target,'
        ' or its earliest and latest day: ["-2 d", "+4 d"]',
        f'  ten.toml:38: {dose}, needs "nurse": minutes is needed until minute 90,'
        " but the encounter ends after 60 (shorten the need or lengthen the encounter)",
        f'  ten.toml:40: {dose}: vital is not a key here (did you mean "vitals"?)',
    ]


def test_one_label_for_what_a_blinded_reader_sees() -> None:
    shared = edited('id = "call"\nlabel = { en = "Call" }', 'id = "start"\nlabel = { en = "Call" }')
    assert problems(shared) == ()  # by phone in one arm: no assessor sees it
    alike = shared.replace('mode = "phone"\nminutes = 15', "minutes = 60")
    [problem] = problems(alike)
    assert 'label differs from the label in arm "active"' in problem.what
    at = line(alike, 'label = { en = "Call" }')
    assert problem.place == f"study.toml:{at}"


def encounters(*offsets: str) -> str:
    """A protocol whose only arm has visits at these offsets from enrollment."""
    head, _, _ = SMALL.partition("[[arm]]")
    rows = "".join(
        f"""
[[arm.encounter]]
id = "visit-{n}"
label = {{ en = "Visit {n}" }}
kind = "check"
epoch = "all"
anchor = "enrollment"
offset = "{offset}"
window = "3 d"
minutes = 30
basis = "assumption"
"""
        for n, offset in enumerate(offsets)
    )
    return f"""{head}
[[arm]]
code = "a"
label = {{ en = "A" }}
{rows}"""


def test_targets_are_compared_with_each_other() -> None:
    assert problems(encounters("0 d", "7 d", "7 d", "30 d")) == ()
    [problem] = problems(encounters("0 d", "30 d", "7 d", "60 d"))
    assert problem.what.startswith('arm "a", encounter "visit-2": offset leads to')
    assert 'before "visit-1" on' in problem.what


def test_months_are_compared_from_every_day() -> None:
    # 30 days from 31 January are the 2nd of March; a month is the 28th of February.
    assert problems(encounters("28 d", "1 mo", "31 d")) == ()
    [problem] = problems(encounters("30 d", "1 mo"))
    assert 'encounter "visit-1": offset leads to' in problem.what
    [problem] = problems(encounters("1 mo", "30 d"))
    assert 'encounter "visit-1": offset leads to' in problem.what
    # Twelve months are 366 days across a leap day only.
    assert problems(encounters("365 d", "12 mo", "366 d")) == ()
    assert len(problems(encounters("12 mo", "365 d"))) == 1


OFFSETS = st.one_of(
    st.integers(0, 120).map("{} d".format),
    st.integers(0, 4).map("{} mo".format),
)


@given(st.lists(OFFSETS, min_size=1, max_size=5), st.integers(0, 730))
def test_what_is_read_has_its_targets_in_order(offsets: list[str], day: int) -> None:
    text = encounters(*offsets)
    if problems(text):
        return
    enrolled = date(2027, 1, 1) + timedelta(days=day)
    [arm] = read(text, "small.toml").arms
    targets = [encounter.timing.target(enrolled) for encounter in arm.encounters]
    assert targets == sorted(targets)


LINES = BUILT_IN.splitlines()
VALUES = sorted({row.partition("=")[2].strip() for row in LINES if "=" in row and "#" not in row})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["delete", "double", "swap", "value", "cut"]),
            st.integers(0, len(LINES) - 1),
            st.integers(0, len(LINES) - 1),
            st.sampled_from([*VALUES, "-1", "[]", "{}", "true", '""', '"-1 d"', "2026-03-02"]),
        ),
        max_size=4,
    )
)
def test_a_text_is_read_and_can_be_planned_or_is_refused(
    edits: list[tuple[str, int, int, str]],
) -> None:
    rows = list(LINES)
    for edit, at, other, value in edits:
        match edit:
            case "delete":
                rows[at] = ""
            case "double":
                rows[at] = f"{rows[at]}\n{rows[at]}"
            case "swap":
                rows[at], rows[other] = rows[other], rows[at]
            case "value":
                rows[at] = f"{rows[at].partition('=')[0]}= {value}"
            case _:
                rows[at] = rows[at][: other % (len(rows[at]) + 1)]
    text = "\n".join(rows)
    try:
        study = read(text, "study.toml")
    except BadInput as error:
        for problem in error.problems:
            name, _, number = problem.place.partition(":")
            assert name == "study.toml"
            assert 1 <= int(number) <= text.count("\n") + 1
    else:
        for arm in study.arms:
            assert len(plan(study, arm, date(2026, 3, 2))) == len(arm.encounters)
