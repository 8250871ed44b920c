"""Deviations of the built-in trial from the history to table, JSON, CSV and paper."""

import csv
from datetime import date
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from scheduler.exporters.deviations import COLUMNS
from scheduler.store import Store
from tests.running import DEMO_SITE, Outcome, Schedule

HOLIDAY = ("enroll", "--date", "2026-01-05", "--arm", "bmsc")
"""Day 14 falls into the Spring Festival, whatever is done."""


def lived(schedule: Schedule) -> None:
    """ZJ-001: re-score late, day 30 missed, day 90 undone, day 180 forced; ZJ-002 withdrew."""
    for _ in range(2):
        done(schedule("enroll", "--date", "2026-03-02", "--arm", "routine", "--out", "out"))
    for act in (
        "complete ZJ-001 baseline --date 2026-03-02",
        "complete ZJ-001 day-14 --date 2026-04-22",
        "complete ZJ-001 re-score --date 2026-04-24 --reason laboratory",
        "miss ZJ-001 day-30 --reason snow",
        "complete ZJ-001 day-90 --date 2026-07-17 --reason mistyped",
        "resume ZJ-001 day-90 --reason mistyped",
        "complete ZJ-001 day-90 --date 2026-07-07",
        "move ZJ-001 day-180 --date 2026-10-30 --force --reason conference",
    ):
        done(schedule("visit", *act.split(), "--as-of", "2026-07-20"))
    done(schedule("subject", "withdraw", "ZJ-002", "--reason", "left"))


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def test_every_deviation_has_its_rule_reason_and_days(journey: Schedule) -> None:
    lived(journey)
    found = done(journey("deviations", "--json")).json["deviations"]
    assert all(set(each) == set(COLUMNS) for each in found)
    told = [(e["encounter"], e["kind"], e["days"], e["planned"], e["reason"]) for e in found]
    assert told == [
        ("re-score", "out-of-window", 12, False, "laboratory"),
        ("re-score", "out-of-order", 12, False, "laboratory"),
        ("day-30", "missed", None, False, "snow"),
        ("day-180", "forced", 10, True, "conference"),
    ]
    late = found[0]
    assert (late["earliest"], late["latest"]) == ("2026-04-02", "2026-04-12")
    assert late["rule"] == "matched-day-0 + 0 days, window -7/+3 d"
    assert (late["by"], late["version"], late["at"]) == ("li", "1", "2026-02-20T01:00:00+00:00")
    assert found[1]["what"] == "after day-14 of 2026-04-22, which it should precede"
    assert recorded(journey.url, "day-90")[-3:] == [date(2026, 7, 17), None, date(2026, 7, 7)]


def recorded(url: str, encounter: str) -> list[date | None]:
    """Every actual day that the book ever held of a visit of ZJ-001, oldest first."""
    with Store(url) as store:
        entries = store.read(lambda book: book.history("ZJ-001"))
    return [entry.visit.actual for entry in entries if entry.visit.encounter == encounter]


def test_planned_ones_are_told_before_they_happen(journey: Schedule) -> None:
    refused = journey(*HOLIDAY)
    assert (refused.code, "Deviation" in refused.err) == (3, False)
    accepted = done(journey(*HOLIDAY, "--accept-unplaced", "--reason", "holiday", "--out", "out"))
    assert "Deviation: day-14 is planned without a slot" in accepted.err
    found = done(journey("deviations", "--planned", "--json")).json["deviations"]
    assert [(each["encounter"], each["kind"], each["reason"]) for each in found] == [
        ("day-14", "no-slot", "holiday")
    ]
    assert "no allowed day between 2026-02-17 and 2026-02-21" in found[0]["what"]


def test_selection(schedule: Schedule) -> None:
    lived(schedule)

    def told(*options: str) -> list[str]:
        found = done(schedule("deviations", *options, "--json")).json["deviations"]
        return [f"{each['encounter']} {each['kind']}" for each in found]

    assert told("--planned") == ["day-180 forced"]
    assert told("--from", "2026-05-10") == ["day-180 forced"]
    assert told("--to", "2026-05-09", "--subject", "zj-001") == [
        "re-score out-of-window",
        "re-score out-of-order",
        "day-30 missed",
    ]
    assert told("--subject", "ZJ-002") == told("--from", "2027-06-01") == []


def test_table_for_the_screen(schedule: Schedule) -> None:
    lived(schedule)
    outcome = done(schedule("deviations"))
    assert "ZJ: 3 on record, 1 planned" in outcome.out
    assert "forced (planned)" in outcome.out
    assert "+10" in outcome.out
    assert "reason: conference" in " ".join(outcome.out.split())
    assert done(schedule("deviations", "--subject", "ZJ-002")).err == f"{DEMO_SITE}No deviations.\n"


def test_files(schedule: Schedule) -> None:
    lived(schedule)
    outcome = done(schedule("deviations", "--csv", "log/d.csv", "--pdf", "log/d.pdf"))
    assert outcome.err == f"{DEMO_SITE}Written: log/d.csv\nWritten: log/d.pdf\n"
    with Path("log/d.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["days"] for row in rows] == ["12", "12", "", "10"]
    text = " ".join(
        PdfReader(BytesIO(Path("log/d.pdf").read_bytes())).pages[0].extract_text().split()
    )
    for words in (
        "ZJ Deviation log",
        "3 on record, 1 planned",
        "conference",
        "Not done",
        "Monitor",
    ):
        assert words in text


def test_refusals(schedule: Schedule) -> None:
    schedule.enter()
    Path("out").mkdir()
    for options, code, words in (
        (("--subject", "ZJ-9"), 2, 'no subject "ZJ-9"'),
        (("--site", "XX"), 2, 'no site "XX"'),
        (("--subject", "ZJ-001", "--site", "ZJ"), 2, "exclude each other"),
        (("--from", "2026-05-01", "--to", "2026-04-01"), 2, "it lies before --from 2026-05-01"),
        (("--csv", "out"), 10, "cannot write out: it is a folder"),
    ):
        outcome = schedule("deviations", *options)
        assert (outcome.code, words in outcome.err) == (code, True), outcome.err


def test_what_nobody_has_recorded_yet(schedule: Schedule) -> None:
    """On 2026-04-17 all up to infusion 2 is over but what was completed."""
    schedule.enter()
    done(schedule("visit", "complete", "ZJ-001", "baseline", "--as-of", "2026-03-02"))
    found = schedule("deviations", "--as-of", "2026-04-17", "--json").json["deviations"]
    told = {each["encounter"]: (each["kind"], each["days"], each["by"]) for each in found}
    assert told == {
        "aspiration": ("unrecorded", 39, ""),
        "pre-check": ("unrecorded", 14, ""),
        "infusion-1": ("unrecorded", 1, ""),
        "day-1": ("unrecorded", 7, ""),
        "day-3": ("unrecorded", 4, ""),
        "infusion-2": ("unrecorded", 1, ""),
    }
    assert not any(each["planned"] for each in found)
    table = done(schedule("deviations", "--as-of", "2026-04-17"))
    assert "6 on record, 0 planned" in table.out
    assert schedule("deviations", "--json").json["deviations"] == []
