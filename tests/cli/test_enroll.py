"""`schedule enroll`: what a coordinator may say, and what comes of it."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler import shipped
from tests.running import DEMO_SITE, SHORT, WORKED, Outcome, Schedule, calendar, site_file

DRY = ("--dry-run", "--json")
OF_A_SHORT_STUDY = ("enroll", "--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")


def starts(outcome: Outcome) -> dict[str, str]:
    """Start of every visit by the wall clock."""
    assert outcome.code == 0, outcome.err
    return {visit["encounter"]: visit["start"][:16] for visit in outcome.json["visits"]}


def units(outcome: Outcome) -> dict[str, list[str]]:
    return {visit["encounter"]: visit["units"] for visit in outcome.json["visits"]}


def short(schedule: Schedule, *more: str) -> Outcome:
    """Enroll into the short study, which is quick to print."""
    schedule.write("short.toml", SHORT)
    return schedule(*OF_A_SHORT_STUDY, *more)


@pytest.mark.parametrize(
    ("name", "arm"),
    [
        ("bmsc", "bmsc"),
        ("BMSCs", "bmsc"),
        ("BMSCs group", "bmsc"),
        ("bmscs GROUP", "bmsc"),
        ("routine", "routine"),
        ("Routine treatment group", "routine"),
    ],
)
def test_an_arm_by_any_of_its_names(schedule: Schedule, name: str, arm: str) -> None:
    outcome = schedule("enroll", "--date", "2026-03-02", "--arm", name, *DRY)
    assert outcome.json["arm"] == arm


def test_codes_of_a_site_are_counted_on(journey: Schedule) -> None:
    codes = [short(journey, "--json").json["subject"] for _ in range(2)]
    codes.append(short(journey, "--json", "--subject", "zj-017").json["subject"])
    codes.append(short(journey, "--json").json["subject"])
    codes.append(short(journey, "--json", "--subject", "P7").json["subject"])
    codes.append(short(journey, *DRY).json["subject"])
    assert codes == ["ZJ-001", "ZJ-002", "ZJ-017", "ZJ-018", "P7", "ZJ-019"]


@pytest.mark.parametrize("again", ["ZJ-001", "zj-001"])
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_nobody_is_enrolled_twice(journey: Schedule, again: str, dry: tuple[str, ...]) -> None:
    short(journey, "--subject", "ZJ-001")
    rows, files = journey.rows(), journey.files()
    outcome = short(journey, "--subject", again, *dry)
    assert outcome.code == 9
    assert outcome.out == ""
    assert outcome.err == DEMO_SITE + (
        "schedule: ZJ-001 is already enrolled; show it with: schedule show ZJ-001\n"
    )
    assert (journey.rows(), journey.files()) == (rows, files)


@pytest.mark.parametrize("code", ["", "Li Ming", "李明", "LiMing", "../1", "-1", "1-", "1" * 33])
def test_a_code_that_could_be_a_name_or_no_file(schedule: Schedule, code: str) -> None:
    outcome = short(schedule, "--subject", code)
    assert outcome.code == 2
    assert f'code "{code}" is not possible' in outcome.err
    assert schedule.files() == ["short.toml"]


def test_files_go_where_out_says(schedule: Schedule) -> None:
    outcome = short(schedule, "--out", "new/folder", "--json")
    assert outcome.json["files"] == ["new/folder/ZJ-001.ics", "new/folder/ZJ-001-visit-sheets.pdf"]
    assert schedule.files() == sorted([*outcome.json["files"], "short.toml"])


def test_a_protocol_of_ones_own(schedule: Schedule) -> None:
    outcome = short(schedule, "--json", "--weight", "71")
    assert outcome.json["protocol"] == {"id": "short", "version": "1"}
    assert outcome.json["weight"] == {"kg": "71", "measured": "2026-03-02"}
    assert starts(outcome) == {
        "first": "2026-03-03T08:00",
        "second": "2026-03-10T08:00",
        "last": "2026-03-24T08:00",
    }
    assert units(outcome)["last"] == []


def test_a_changed_protocol_needs_a_new_version(journey: Schedule) -> None:
    short(journey)
    rows, files = journey.rows(), journey.files()
    journey.write("short.toml", SHORT.replace("minutes = 15", "minutes = 30"))
    for dry in ((), ("--dry-run",)):
        outcome = journey(*OF_A_SHORT_STUDY, *dry)
        assert outcome.code == 9
        assert "protocol short version 1 is in use with another text" in outcome.err
    assert (journey.rows(), journey.files()) == (rows, files)
    journey.write(
        "short.toml",
        SHORT.replace("minutes = 15", "minutes = 30").replace('version = "1"', 'version = "2"'),
    )
    assert journey(*OF_A_SHORT_STUDY, "--json").json["protocol"]["version"] == "2"


def test_a_calendar_moves_a_visit(schedule: Schedule) -> None:
    plain = starts(schedule(*WORKED, *DRY))
    schedule.write("one.ics", calendar("2026-03-05 08:00 10:30"))
    schedule.write("two.ics", calendar("2026-07-08"))
    waiting = starts(schedule(*WORKED, *DRY, "--conflicts", "one.ics"))
    assert waiting == {**plain, "aspiration": "2026-03-05T10:30"}
    moved = starts(schedule(*WORKED, *DRY, "--conflicts", "one.ics", "--conflicts", "two.ics"))
    # A day less off target in all: the whole course begins two days earlier.
    assert moved["infusion-1"][:10] == "2026-04-07"
    assert moved["day-90"][:10] == "2026-07-06"
    assert gap(moved) == 7


def gap(found: dict[str, str]) -> int:
    """Days between the infusions."""
    one, two = (date.fromisoformat(found[f"infusion-{n}"][:10]) for n in (1, 2))
    return (two - one).days


def test_the_pair_stays_a_week_apart(schedule: Schedule) -> None:
    """Day + 7 of the best first day is shut: another first day is chosen for both."""
    schedule.write("shut.ics", calendar("2026-04-16"))
    outcome = schedule(*WORKED, *DRY, "--conflicts", "shut.ics")
    found = starts(outcome)
    assert gap(found) == 7
    assert found["infusion-1"][:10] != "2026-04-09"
    assert found["infusion-2"][:10] != "2026-04-16"
    # The days of the whole tree make way, and the first to move says for whom.
    [why] = [v["why"] for v in outcome.json["visits"] if v["encounter"] == "aspiration"]
    assert len(why) > 1


@given(days=st.sets(st.integers(0, 21), max_size=12))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_pair_is_never_nudged_apart(schedule: Schedule, days: set[int]) -> None:
    first = date(2026, 4, 2)
    shut = sorted(str(first + timedelta(days=day)) for day in days)
    schedule.write("shut.ics", calendar(*shut))
    outcome = schedule(*WORKED, *DRY, "--conflicts", "shut.ics")
    assert outcome.code in {0, 3}
    placed = {visit["encounter"]: visit["start"][:10] for visit in outcome.json["visits"]}
    assert {"infusion-1", "infusion-2"} <= placed.keys() or not (
        {"infusion-1", "infusion-2"} & placed.keys()
    )
    if "infusion-1" in placed:
        assert gap(placed) == 7
    assert not set(shut) & set(placed.values())


def test_capacity_is_what_the_book_leaves(journey: Schedule) -> None:
    """Two chairs: the second participant sits beside the first, the third on another day."""
    found = [journey("show", journey.enter(), "--json") for _ in range(3)]
    one, two, three = map(starts, found)
    assert [units(outcome)["infusion-1"] for outcome in found[:2]] == [
        ["chair-1", "nurse-1"],
        ["chair-2", "nurse-2"],
    ]
    assert one["infusion-1"] == two["infusion-1"] == "2026-04-09T08:00"
    assert three["infusion-1"][:10] != "2026-04-09"
    assert gap(three) == 7
    taken: set[tuple[str, str]] = set()
    for outcome in found:
        for visit in outcome.json["visits"]:
            for unit in visit["units"]:
                assert (unit, visit["start"]) not in taken
                taken.add((unit, visit["start"]))


def test_a_site_file_of_ones_own(schedule: Schedule) -> None:
    schedule.write("gz.toml", site_file(code="GZ", chairs=1))
    schedule.write("short.toml", SHORT)
    outcome = schedule("--site", "gz.toml", *OF_A_SHORT_STUDY, "--json")
    assert (outcome.json["subject"], outcome.json["site"]) == ("GZ-001", "GZ")
    assert "demo" not in outcome.err
    second = schedule("--site", "gz.toml", *OF_A_SHORT_STUDY, "--json")
    assert starts(second)["first"] == "2026-03-03T09:00"


# A year and a half from the day 360 of the worked example is closed, and nothing else.
NO_END = calendar("2027-02-01/2027-08-01")


def test_what_has_no_slot_is_told_and_nothing_is_stored(journey: Schedule) -> None:
    journey.write("closed.ics", NO_END)
    rows = journey.rows()
    for dry in ((), ("--dry-run",)):
        outcome = journey(*WORKED, "--json", "--conflicts", "closed.ics", *dry)
        assert outcome.code == 3
        record = outcome.json
        [lost] = record["unplaced"]
        assert lost["encounter"] == "day-360"
        assert lost.keys() >= {"target", "earliest", "latest", "reasons"}
        assert "closed.ics" in "; ".join(lost["reasons"])
        assert "day-360" not in {visit["encounter"] for visit in record["visits"]}
        assert len(record["visits"]) == 12
        assert record["files"] == []
        assert "nothing was stored, no slot for day-360" in outcome.err
        assert "alternatives" in lost
        assert (journey.rows(), journey.files()) == (rows, ["closed.ics"])


def test_enrolling_on_a_closed_day_names_other_days(schedule: Schedule) -> None:
    outcome = schedule("enroll", "--date", "2026-03-01", "--arm", "bmsc")
    assert outcome.code == 3
    assert "No slot for Baseline (due Sun 2026-03-01):" in outcome.err
    assert "Sun 2026-03-01: closed on Sundays" in outcome.err
    assert "enrollment dates with a slot for all: Sat 2026-02-28" in outcome.err
    assert schedule("enroll", "--date", "2026-02-28", "--arm", "bmsc", *DRY).code == 0


def test_accepting_a_visit_without_a_slot(journey: Schedule) -> None:
    journey.write("closed.ics", NO_END)
    options = ("--conflicts", "closed.ics", "--accept-unplaced")
    outcome = journey(*WORKED, *options, "--reason", "follow-up elsewhere", "--json")
    assert outcome.code == 0, outcome.err
    assert [lost["encounter"] for lost in outcome.json["unplaced"]] == ["day-360"]
    assert journey.rows()["subjects"] == 1
    shown = journey("show", "zj-001", "--json").json
    [lost] = shown["unplaced"]
    assert lost["encounter"] == "day-360"
    assert lost["target"] == "2027-04-04"
    assert len(shown["visits"]) == 12
    table = journey("show", "zj-001").out
    [line] = [line for line in table.splitlines() if "Day 360" in line]
    assert "no slot" in line
    assert "planned" in line


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_accepting_needs_a_reason(schedule: Schedule, reason: tuple[str, ...]) -> None:
    outcome = schedule(*WORKED, "--accept-unplaced", *reason)
    assert outcome.code == 2
    assert "--accept-unplaced needs a --reason" in outcome.err


@pytest.mark.parametrize(
    ("closed", "lost"),
    [
        ("2026-03-02/2026-03-20", "aspiration"),
        ("2026-03-25/2026-05-20", "infusion-1"),
    ],
)
def test_a_visit_that_carries_others_is_never_accepted(
    schedule: Schedule, closed: str, lost: str
) -> None:
    schedule.write("closed.ics", calendar(closed))
    options = ("--conflicts", "closed.ics", "--accept-unplaced", "--reason", "no room")
    rows = schedule.rows()
    outcome = schedule(*WORKED, *options)
    assert outcome.code == 3
    assert "nothing was stored" in outcome.err
    assert lost in outcome.err
    assert (schedule.rows(), schedule.files()) == (rows, ["closed.ics"])


def test_a_calendar_read_in_part_is_told(schedule: Schedule) -> None:
    broken = calendar("2026-04-09").replace("DTSTART;VALUE=DATE:20260409\r\n", "")
    schedule.write("broken.ics", broken)
    outcome = schedule(*WORKED, *DRY, "--conflicts", "broken.ics")
    assert outcome.code == 0
    assert "Warning: the conflict check is incomplete" in outcome.err
    [problem] = outcome.json["incomplete"]
    assert problem.startswith("broken.ics:")


def test_visits_in_the_past_are_stored_and_named(schedule: Schedule) -> None:
    """The tests' today is 2026-02-20."""
    schedule.write("short.toml", SHORT)
    outcome = schedule("enroll", "--date", "2026-02-09", "--arm", "a", "--protocol", "short.toml")
    assert outcome.code == 3  # the infusions would meet the Spring Festival
    outcome = schedule("enroll", "--date", "2026-02-02", "--arm", "a", "--protocol", "short.toml")
    assert outcome.code == 0, outcome.err
    assert "In the past already: First infusion, Second infusion\n" in outcome.err


def test_a_study_in_the_own_templates_folder(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = schedule.folder / "own" / "protocols"
    folder.mkdir(parents=True)
    (folder / "short.toml").write_text(SHORT)
    monkeypatch.setenv("SCHEDULE_TEMPLATES", "own")
    outcome = schedule("enroll", "--date", "2026-03-02", "--arm", "a", "--protocol", "short", *DRY)
    assert outcome.json["protocol"]["id"] == "short"


def test_options_of_the_environment(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"DATE": "2026-03-02", "ARM": "routine", "DRY_RUN": "1", "CONFLICTS": "a.ics b.ics"}
    for name, value in variables.items():
        monkeypatch.setenv(f"SCHEDULE_ENROLL_{name}", value)
    schedule.write("a.ics", calendar())
    schedule.write("b.ics", calendar("2026-03-02 08:00 12:00"))
    monkeypatch.setenv("SCHEDULE_JSON", "1")
    assert starts(schedule("enroll"))["baseline"] == "2026-03-02T12:00"


def test_a_paper_and_a_language_of_the_site(schedule: Schedule) -> None:
    text = site_file().replace('language = "en"', 'language = "zh"')
    schedule.write("zh.toml", text.replace('paper = "A4" ', 'paper = "Letter"'))
    schedule.write("short.toml", SHORT)
    outcome = schedule("--site", "zh.toml", *OF_A_SHORT_STUDY)
    assert outcome.code == 0, outcome.err
    assert "First infusion" in (schedule.folder / "ZJ-001.ics").read_text()
    assert width(schedule.folder / "ZJ-001-visit-sheets.pdf") == 612


def width(path: Path) -> Any:
    from pypdf import PdfReader

    return PdfReader(path).pages[0].mediabox.width


def test_the_shipped_files_stay_as_they_are(schedule: Schedule) -> None:
    before = {name: shipped.read(name) for name in shipped.names()}
    schedule.enroll("--dry-run")
    assert {name: shipped.read(name) for name in shipped.names()} == before


def test_a_code_of_another_site_is_passed_over(schedule: Schedule) -> None:
    schedule.write("gz.toml", site_file(code="GZ"))
    schedule.write("short.toml", SHORT)
    outcome = schedule("--site", "gz.toml", *OF_A_SHORT_STUDY, "--subject", "ZJ-001", "--json")
    assert outcome.json["site"] == "GZ"
    assert short(schedule, "--json").json["subject"] == "ZJ-002"
