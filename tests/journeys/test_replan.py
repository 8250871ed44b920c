"""Two of four chairs are shut for two weeks: from the proposal to everybody's new appointments."""

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from scheduler.app import App
from scheduler.services.enrollment import Request, enroll
from tests.running import Outcome, Schedule, calendar, site_file

SHUT = ("--closed", "chair-1", "--closed", "chair-2", "--from", "2026-04-06", "--to", "2026-04-17")
MARCH = ("--as-of", "2026-03-13")
REASON = ("--apply", "--reason", "chairs are serviced")

CLOSED = """
[[calendar]]
source = "service.ics"
belongs_to = "{}"
"""


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


@pytest.fixture
def ward(journey: Schedule, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    """Six participants from three days, at a site with four chairs, on either engine."""
    return _filled(journey, monkeypatch)


@pytest.fixture
def desk(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    """The same on SQLite alone."""
    return _filled(schedule, monkeypatch)


def _filled(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    monkeypatch.setenv("SCHEDULE_SITE", schedule.write("site.toml", site_file(chairs=4)))
    app = App({})
    for day in (2, 2, 3, 3, 4, 4):
        request = Request(enrolled=date(2026, 3, day), arm="bmsc", weight=Decimal("68.5"))
        enroll(app.store, app.clinic, request, app.change("enroll"), None, None)
    app.close()
    return schedule


def infusions(schedule: Schedule) -> Counter[str]:
    """How many infusions there are, by day."""
    listed = done(schedule("list", "--from", "2026-04-01", "--to", "2026-05-31", "--json")).json
    return Counter(
        visit["start"][5:10] for visit in listed["visits"] if visit["kind"] == "infusion"
    )


def test_two_of_four_chairs_are_shut(ward: Schedule) -> None:
    assert infusions(ward) == {"04-09": 2, "04-13": 4, "04-16": 2, "04-20": 4}
    rows = ward.rows()
    proposal = done(ward("replan", *MARCH, *SHUT))
    assert ward.rows() == rows
    assert "8 of 66 open appointments move; " in proposal.err
    assert "outside their window: 0, and none has fewer\n" in proposal.err
    assert "appointments moved: 8, and none has fewer\n" in proposal.err
    assert "weighted days off target: 32, and none has fewer\n" in proposal.err
    assert proposal.err.endswith("Nothing was stored; --apply with a --reason does that.\n")
    stored = done(ward("replan", *MARCH, *SHUT, *REASON))
    assert stored.out == proposal.out
    assert "Stored; appointments moved: 8" in stored.err
    # By hand: two of the four on 13 April have a chair left; the 14th is the nearest day whose
    # +7 is open too, and from the 20th on all chairs are back.
    days = {"04-09": 2, "04-13": 2, "04-14": 2, "04-16": 2, "04-20": 2, "04-21": 2}
    assert infusions(ward) == days
    after = ward.rows()
    again = done(ward("replan", *MARCH, *SHUT, *REASON))
    assert (again.out, "0 of 66 open appointments move." in again.err) == ("", True)
    assert "Nothing was stored, for nothing changes.\n" in again.err
    assert ward.rows() == after
    done(ward("audit", "verify"))


def test_the_calendar_of_a_chair_says_it_too(
    desk: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the site file and its calendars say needs no words; a lost nurse is the same."""
    desk.write("service.ics", calendar("2026-04-06/2026-04-18"))
    for owner in ("chair-1", "nurse-1"):
        name = desk.write(f"{owner}.toml", site_file(CLOSED.format(owner), chairs=4))
        monkeypatch.setenv("SCHEDULE_SITE", name)
        record = done(desk("replan", *MARCH, "--json")).json
        assert record["lost"] == []
        assert record["ranks"]["lost"] == {"found": 0, "least": 0, "gap": 0}
        assert record["ranks"]["moved"]["found"] == record["moved"] > 0
        for change in record["changes"]:
            before, after = change["before"], change["after"]
            assert before["uid"] == after["uid"]
            assert after["sequence"] in {before["sequence"], before["sequence"] + 1}
    done(desk("replan", *MARCH, *REASON))
    assert done(desk("check", *MARCH)).err == "66 coming visits, none blocked\n"


def test_who_has_no_way_out_comes_first(desk: Schedule) -> None:
    shut = ("--closed", "site", "--from", "2026-04-01", "--to", "2026-04-17")
    rows = desk.rows()
    proposal = desk("replan", *MARCH, *shut)
    assert proposal.code == 3
    assert proposal.out.startswith("Visits without another slot")
    assert "ZJ-001    infusion-1   Thu 2026-04-09 08:00–15:00" in proposal.out
    assert "--accept-unplaced leaves them as they are" in proposal.err
    refused = desk("replan", *MARCH, *shut, *REASON)
    assert (refused.code, desk.rows()) == (3, rows)
    done(desk("replan", *MARCH, *shut, *REASON, "--accept-unplaced"))
    shown = done(desk("show", "ZJ-001", "--json")).json
    [infusion] = [v for v in shown["visits"] if v["encounter"] == "infusion-1"]
    assert infusion["start"][:10] == "2026-04-09"


def test_refusals(desk: Schedule) -> None:
    rows = desk.rows()
    for words, code, message in (
        (("--closed", "chair-9", *SHUT[4:]), 2, 'no unit or resource of site ZJ "chair-9"'),
        (SHUT[:4], 2, "--closed needs --from and --to"),
        (SHUT[4:], 2, "name it with --closed"),
        ((*SHUT[:5], "2026-05-01", *SHUT[6:]), 2, "--to 2026-04-17 is not possible"),
        ((*SHUT[:4], "--from", "2026-03-02", "--to", "2026-03-12"), 2, "before today, 2026-03-13"),
        ((*SHUT, "--apply"), 2, "to apply a proposal needs a --reason"),
        (("--subject", "ZJ-9"), 2, 'no subject "ZJ-9"'),
        (("--conflicts", "none.ics"), 5, "none.ics: cannot be read"),
        (("--time-limit", "0"), 2, "--time-limit"),
    ):
        outcome = desk("replan", *MARCH, *words)
        assert (outcome.code, message in outcome.err) == (code, True), outcome.err
        assert desk.rows() == rows


SLOW = """
import sys
from scheduler import optimizer
from scheduler.cli import main

def slow(problem, remaining, told, select=optimizer.select):
    print("begun", file=sys.stderr, flush=True)
    while remaining() > 0:
        pass
    return select(problem, remaining)

optimizer.select = slow
main()
"""
"""The program with an optimiser that goes on until time is over."""


def test_who_does_not_want_to_wait_gets_the_best_so_far(desk: Schedule) -> None:
    rows = desk.rows()
    words = [sys.executable, "-c", SLOW, "replan", *MARCH, *SHUT, *REASON, "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, encoding="utf-8") as program:
        assert program.stderr is not None
        assert program.stderr.readline() == "begun\n"
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=300)
    assert program.returncode == 1
    found = json.loads(out)
    assert found["ranks"]["lost"]["found"] == 0
    assert found["ranks"]["moved"]["found"] == found["moved"] >= 8
    first, *_, last = err.splitlines()
    assert first == "Stopping with the best that is found so far; Ctrl-C again gives up."
    assert last == (
        "schedule: stopped: this is the best that was found by then; nothing was stored"
    )
    assert desk.rows() == rows


@pytest.mark.usefixtures("desk")
def test_without_the_optimiser_it_says_so() -> None:
    program = "import sys; sys.modules['highspy'] = None; from scheduler.cli import main; main()"
    words = [sys.executable, "-c", program, "replan", *MARCH, *SHUT]
    found = subprocess.run(words, capture_output=True, text=True, check=False, encoding="utf-8")
    assert found.returncode == 0, found.stderr
    assert "pip install 'infusion-scheduler[optimize]'" in found.stderr
    assert "Visits that move" in found.stdout
    assert "Placed one participant after another" in found.stderr


def test_a_short_time_gives_an_answer(desk: Schedule) -> None:
    found = done(desk("replan", *MARCH, *SHUT, "--time-limit", "0.001", "--json")).json
    proved = [rank for rank in found["ranks"].values() if rank["least"] is not None]
    assert all(0 <= rank["gap"] <= 1 and rank["least"] <= rank["found"] for rank in proved)
    assert proved
