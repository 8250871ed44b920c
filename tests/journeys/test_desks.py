"""Several desks enroll at the same moment: nothing is booked twice, nobody gets another's files."""

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from tests.calendars import events
from tests.running import SHORT, Outcome, Schedule, calendar, site_file

DESK = """
import sys
import typst
from scheduler.cli import run, enroll
from scheduler.services import enrollment
print("ready", flush=True)
sys.stdin.readline()
sys.exit(run(sys.argv[1:]))
"""

ENROLL = (
    *("--json", "enroll", "--date", "2026-03-02", "--arm", "a"),
    *("--protocol", "short.toml"),
)


def at_once(schedule: Schedule, *commands: Sequence[str]) -> list[Outcome]:
    """Run the commands in processes of their own, all from the same moment on."""
    desks = [
        subprocess.Popen(
            [sys.executable, "-c", DESK, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=schedule.folder,
        )
        for command in commands
    ]
    for desk in desks:
        assert desk.stdout is not None
        assert desk.stdout.readline() == "ready\n"
    for desk in desks:
        assert desk.stdin is not None
        desk.stdin.write("go\n")
        desk.stdin.flush()
    outcomes = []
    for desk in desks:
        out, err = desk.communicate()
        outcomes.append(Outcome(code=desk.returncode, out=out, err=err))
    return outcomes


def test_three_desks(journey: Schedule) -> None:
    journey.write("short.toml", SHORT)
    outcomes = at_once(journey, *((*ENROLL, "--out", f"desk-{n}") for n in range(3)))
    done = [outcome for outcome in outcomes if outcome.code == 0]
    told = [outcome for outcome in outcomes if outcome.code == 6]
    assert len(done) + len(told) == 3, [outcome.err for outcome in outcomes]
    assert all("try again" in outcome.err for outcome in told)
    records = [json.loads(outcome.out) for outcome in done]
    assert sorted(record["subject"] for record in records) == [
        f"ZJ-00{n}" for n in range(1, len(done) + 1)
    ]
    assert journey.rows()["subjects"] == len(done)
    for one, other in combinations(records, 2):
        assert not taken(one) & taken(other)
    for record in records:
        has_its_own_files(journey, record)


def taken(record: dict[str, Any]) -> set[tuple[str, str]]:
    """Units and starts; all visits of one length start on one grid."""
    visits = record["visits"]
    return {(unit, visit["start"]) for visit in visits for unit in visit["units"]}


def has_its_own_files(schedule: Schedule, record: dict[str, Any]) -> None:
    code, files = record["subject"], record["files"]
    assert [name.partition("/")[2] for name in files] == [
        f"{code}.ics",
        f"{code}-visit-sheets.pdf",
    ]
    folder = (schedule.folder / files[0]).parent
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        name.partition("/")[2] for name in files
    )
    found = events((schedule.folder / files[0]).read_bytes())
    starts = [visit["start"] for visit in record["visits"]]
    assert [event.start.isoformat() for event in found] == starts


def test_two_desks_with_one_code(journey: Schedule) -> None:
    journey.write("short.toml", SHORT)
    commands = [(*ENROLL, "--subject", code) for code in ("ZJ-007", "zj-007")]
    outcomes = at_once(journey, *commands)
    done, refused = sorted(outcomes, key=lambda outcome: outcome.code)
    assert done.code == 0
    # On a machine so busy that the other did not wait to the end, it is told to try again.
    said = {9: "ZJ-007 is already enrolled", 6: "try again"}
    assert said[refused.code] in refused.err
    assert journey.rows()["subjects"] == 1
    assert journey.files() == ["ZJ-007-visit-sheets.pdf", "ZJ-007.ics", "short.toml"]


def test_the_last_chair_goes_to_one(journey: Schedule) -> None:
    """Everything is closed but one hour for the first infusion, and two chairs are too many."""
    journey.write("short.toml", SHORT)
    journey.write("zj.toml", site_file(chairs=1))
    closed = [f"2026-03-{day:02}" for day in (2, 4, 5)]
    journey.write("closed.ics", calendar(*closed, "2026-03-03 09:00 17:30"))
    command = ("--site", "zj.toml", *ENROLL, "--conflicts", "closed.ics")
    outcomes = at_once(journey, *((*command, "--out", f"desk-{n}") for n in range(2)))
    done, lost = sorted(outcomes, key=lambda outcome: outcome.code)
    assert done.code == 0
    assert lost.code in {3, 6}
    if lost.code == 3:
        assert "first" in {visit["encounter"] for visit in json.loads(lost.out)["unplaced"]}
    assert journey.rows()["subjects"] == 1
