"""An amendment from the file to everybody's calendars, on both engines."""

from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from tests.calendars import events
from tests.running import Outcome, Schedule
from tests.versions import version, with_row

TWO = with_row(
    version("2", infusion_1='offset = "28 d"', day_3=None, day_30='window = "5 d"'),
    "day-60",
    "day-30",
    'offset = "60 d"\nlabel = { en = "Day 60" }',
)
"""A shorter lead time, no day 3, a wider day 30, and a new day 60."""

WORDS = [
    "infusion-1: timing aspiration + 35 days becomes aspiration + 28 days",
    "day-30: window -3/+3 d becomes -5/+5 d",
    "day-60: added, timing infusion-1 + 60 days, window -5/+5 d",
    "day-3: removed, was timing infusion-1 + 3 days, window -1/+1 d",
]

MARCH = ("--reason", "amendment 1", "--as-of", "2026-03-13")


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def test_diff_says_it_in_words(schedule: Schedule) -> None:
    two = schedule.write("two.toml", TWO)
    found = done(schedule("protocol", "diff", "bmsc-stroke", two))
    head, *lines = found.out.splitlines()
    assert head == "Arm bmsc, bmsc-stroke version 1 to bmsc-stroke version 2:"
    assert [line.strip() for line in lines] == WORDS
    record = done(schedule("protocol", "diff", "bmsc-stroke", two, "--json")).json
    assert record["versions"] == [
        {"id": "bmsc-stroke", "version": "1"},
        {"id": "bmsc-stroke", "version": "2"},
    ]
    assert [each["text"] for each in record["differences"]] == WORDS
    assert record["differences"][1] == {
        "arm": "bmsc",
        "item": "day-30",
        "aspect": "window",
        "before": "-3/+3 d",
        "after": "-5/+5 d",
        "text": WORDS[1],
    }


def test_diff_of_a_kept_version(journey: Schedule) -> None:
    journey.enter()
    same = done(journey("protocol", "diff", "bmsc-stroke", "bmsc-stroke@1"))
    assert (same.out, "have the same rules" in same.err) == ("", True)
    for name, words in (
        ("bmsc-stroke@2", 'no protocol in the book "bmsc-stroke 2"'),
        ("bmsc-strike", 'no protocol "bmsc-strike"; did you mean "bmsc-stroke"?'),
    ):
        refused = journey("protocol", "diff", "bmsc-stroke", name)
        assert (refused.code, words in refused.err) == (2, True), refused.err


def test_list_comes_first_and_is_what_is_stored(journey: Schedule) -> None:
    journey.enter()
    journey.enter()
    two, rows = journey.write("two.toml", TWO), journey.rows()
    preview = done(journey("protocol", "amend", two, *MARCH, "--dry-run"))
    assert journey.rows() == rows
    assert preview.err.endswith("Dry run: nothing was stored.\n")
    assert "ZJ-001: version 1 to bmsc-stroke version 2; visits changed: 12" in preview.out
    stored = done(journey("protocol", "amend", two, *MARCH))
    assert stored.out == preview.out
    assert "Stored; participants who follow bmsc-stroke version 2 now: 2" in stored.err
    shown = done(journey("show", "ZJ-001", "--json")).json
    assert shown["protocol"] == {"id": "bmsc-stroke", "version": "2"}
    days = {visit["encounter"]: visit["start"][:10] for visit in shown["visits"]}
    # By hand: 2 April is 28 days after the aspiration; all days that count from it are open.
    assert days["infusion-1"] == "2026-04-02"
    assert days["infusion-2"] == "2026-04-09"
    assert days["day-60"] == "2026-06-01"
    assert [(each["version"], each["reason"]) for each in shown["versions"]] == [
        ("1", ""),
        ("2", "amendment 1"),
    ]
    table = done(journey("show", "ZJ-001")).out
    assert "Version 2 since 2026-02-20, li: amendment 1" in table
    again = journey("protocol", "amend", two, *MARCH)
    assert (again.code, "nobody is left to move" in again.err) == (9, True)


def test_json_tells_every_change(schedule: Schedule) -> None:
    schedule.enter()
    schedule.enter()
    two = schedule.write("two.toml", TWO)
    options = (*MARCH, "--stay", "ZJ-002", "--dry-run", "--json")
    record = done(schedule("protocol", "amend", two, *options)).json
    assert record["protocol"] == {"id": "bmsc-stroke", "version": "2"}
    assert (record["staying"], record["finished"], record["incomplete"]) == (["ZJ-002"], [], [])
    [amended] = record["amended"]
    assert (amended["subject"], amended["from"], amended["unplaced"]) == ("ZJ-001", "1", [])
    assert amended["behind"] == ["baseline", "aspiration"]
    moved = {
        change["after"]["encounter"]: (change["before"], change["after"])
        for change in amended["changes"]
    }
    before, after = moved["infusion-1"]
    assert (before["start"][:10], after["start"][:10]) == ("2026-04-09", "2026-04-02")
    assert before["uid"] == after["uid"]
    assert after["sequence"] == before["sequence"] + 1
    assert moved["day-60"][0] is None
    assert moved["day-3"][1]["status"] == "superseded"


def test_calendar_and_sheets_follow(journey: Schedule) -> None:
    journey.enter()
    two = journey.write("two.toml", TWO)
    done(journey("visit", "confirm", "ZJ-001", "day-3"))
    amended = done(journey("protocol", "amend", two, *MARCH))
    assert "ZJ-001 day-3 is confirmed and stays, though version 2 has no such visit" in amended.err
    sheets = done(journey("export", "sheets", "--subject", "ZJ-001", "--out", "new"))
    assert sheets.code == 0
    text = PdfReader(BytesIO(Path("new/ZJ-001-visit-sheets.pdf").read_bytes())).pages[0]
    assert "version 2" in " ".join(text.extract_text().split())
    done(journey("visit", "cancel", "ZJ-001", "day-3", "--reason", "no longer asked for"))
    done(journey("export", "ics", "--subject", "ZJ-001", "--out", "new"))
    found = events(Path("new/ZJ-001.ics").read_bytes())
    assert len(found) == 14
    three = journey.write("three.toml", version("3", day_90=None))
    done(journey("protocol", "amend", three, *MARCH))
    done(journey("export", "ics", "--subject", "ZJ-001", "--out", "new"))
    statuses = [str(event["STATUS"]) for event in events(Path("new/ZJ-001.ics").read_bytes())]
    assert statuses.count("CANCELLED") == 3  # day 3 by hand, days 60 and 90 by version 3


def test_refusals(schedule: Schedule) -> None:
    schedule.enter()
    two = schedule.write("two.toml", TWO)
    sunday = schedule.write("sunday.toml", version(day_14='offset = "10 d"\nwindow = "0 d"'))
    changed = schedule.write("changed.toml", version("1", day_30='window = "5 d"'))
    rows = schedule.rows()
    for words, code, message in (
        ((two, "--as-of", "2026-03-13"), 2, "to amend a protocol needs a --reason"),
        ((changed, *MARCH), 9, "version 1 is in use with another text"),
        ((sunday, *MARCH), 3, "nothing was stored: no slot for ZJ-001 day-14"),
        ((sunday, *MARCH, "--dry-run"), 3, "Deviation: ZJ-001 day-14 has no slot: no allowed day"),
        (("none.toml", *MARCH), 5, "none.toml: cannot be read"),
        ((two, *MARCH, "--subject", "ZJ-9"), 2, 'no subject "ZJ-9"'),
    ):
        outcome = schedule("protocol", "amend", *words)
        assert (outcome.code, message in outcome.err) == (code, True), outcome.err
        assert schedule.rows() == rows
    accepted = done(schedule("protocol", "amend", sunday, *MARCH, "--accept-unplaced"))
    assert "Deviation: ZJ-001 day-14 has no slot" in accepted.err
    found = done(schedule("deviations", "--planned", "--json")).json["deviations"]
    assert [(each["encounter"], each["kind"], each["reason"]) for each in found] == [
        ("day-14", "no-slot", "amendment 1")
    ]
    assert found[0]["rule"] == "infusion-2 + 10 days, that day only"
    assert found[0]["version"] == "2"
