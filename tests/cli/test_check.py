"""`schedule check`: coming visits against the calendars as they are now."""

import pytest

from tests.running import WORKED, Schedule, calendar, site_file

BROKEN = calendar("2026-04-09").replace("DTSTART;VALUE=DATE:20260409\r\n", "")


@pytest.fixture
def enrolled(schedule: Schedule) -> Schedule:
    """The worked example, at a site whose file names calendars that are all empty yet."""
    for name in ("site", "chair-1", "nurse", "li"):
        schedule.write(f"{name}.ics", calendar())
    schedule.write(
        "zj.toml",
        site_file(
            *(
                f'[[calendar]]\nsource = "{name}.ics"\nbelongs_to = "{owner}"'
                for name, owner in (
                    ("site", "site"),
                    ("chair-1", "chair-1"),
                    ("nurse", "nurse"),
                    ("li", "zj-001"),
                )
            )
        ),
    )
    schedule.write("schedule.toml", 'site_files = ["zj.toml"]\n')
    schedule.enter()
    return schedule


def test_nothing_is_blocked(enrolled: Schedule) -> None:
    outcome = enrolled("check")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "13 coming visits, none blocked\n"
    assert enrolled("check", "--json").json == {"checked": 13, "blocked": [], "incomplete": []}


def test_only_coming_visits_are_checked(enrolled: Schedule) -> None:
    enrolled.write("site.ics", calendar("2026-03-02", "2026-03-05"))
    assert [v["encounter"] for v in enrolled("check", "--json").json["blocked"]] == [
        "baseline",
        "aspiration",
    ]
    record = enrolled("check", "--json", "--as-of", "2026-03-05").json
    assert record["checked"] == 12
    assert [visit["encounter"] for visit in record["blocked"]] == ["aspiration"]
    assert enrolled("check", "--as-of", "2026-03-06").code == 0


@pytest.mark.parametrize(
    ("name", "blocked"),
    [
        ("site", ["infusion-1", "day-1"]),
        ("chair-1", ["infusion-1"]),  # Day 1 needs a room only.
        ("nurse", ["infusion-1"]),
        ("li", ["infusion-1", "day-1"]),
    ],
)
def test_whose_calendar_it_is(enrolled: Schedule, name: str, blocked: list[str]) -> None:
    enrolled.write(f"{name}.ics", calendar("2026-04-09/2026-04-11"))
    outcome = enrolled("check", "--json")
    assert outcome.code == 4
    record = outcome.json
    assert [visit["encounter"] for visit in record["blocked"]] == blocked
    for visit in record["blocked"]:
        assert visit["subject"] == "ZJ-001"
        assert f"{name}.ics" in "; ".join(visit["reasons"])
    assert f"{len(blocked)} of 13 coming visits are blocked" in outcome.err


def test_a_nurse_is_needed_for_the_first_ninety_minutes(enrolled: Schedule) -> None:
    enrolled.write("nurse.ics", calendar("2026-04-09 09:30 15:00"))
    assert enrolled("check").code == 0
    enrolled.write("nurse.ics", calendar("2026-04-09 09:29 15:00"))
    assert enrolled("check").code == 4


def test_alternatives_are_free_and_keep_the_window(enrolled: Schedule) -> None:
    enrolled.write("given.ics", calendar("2026-07-08"))
    outcome = enrolled("check", "--conflicts", "given.ics", "--json")
    assert outcome.code == 4
    [visit] = outcome.json["blocked"]
    assert visit["encounter"] == "day-90"
    assert visit["alternatives"]
    for start in visit["alternatives"]:
        assert visit["earliest"] <= start[:10] <= visit["latest"]
        assert start[:10] != "2026-07-08"
    table = enrolled("check", "--conflicts", "given.ics").out
    assert "Wed 2026-07-08" in table
    assert "given.ics" in table
    assert f" {visit['alternatives'][0][:10]} 08:00" in table
    # Given calendars are not remembered.
    assert enrolled("check").code == 0


def test_half_of_a_pair_has_no_other_day(enrolled: Schedule) -> None:
    enrolled.write("site.ics", calendar("2026-04-16"))
    [visit] = enrolled("check", "--json").json["blocked"]
    assert (visit["encounter"], visit["alternatives"]) == ("infusion-2", [])
    assert "no other day in the window" in enrolled("check").out


def test_a_site_that_closes_by_itself(enrolled: Schedule) -> None:
    text = (enrolled.folder / "zj.toml").read_text()
    closed = '[[closed]]\nfirst = 2026-04-02\nreason = "Renovation"\n'
    enrolled.write("zj.toml", f"{text}\n{closed}")
    outcome = enrolled("check", "--json")
    assert outcome.code == 4
    [visit] = outcome.json["blocked"]
    assert (visit["encounter"], visit["reasons"]) == ("pre-check", ["Renovation"])
    enrolled.write(
        "zj.toml", text.replace('thursday = ["08:00-17:30"]', 'thursday = ["10:00-17:30"]')
    )
    [first, *_] = enrolled("check", "--json").json["blocked"]
    assert (first["encounter"], first["reasons"]) == ("aspiration", ["open 10:00-17:30 only"])


def test_an_incomplete_check_is_no_clean_one(enrolled: Schedule) -> None:
    enrolled.write("site.ics", BROKEN)
    outcome = enrolled("check")
    assert outcome.code == 5
    assert "Warning: the conflict check is incomplete" in outcome.err
    assert outcome.err.count("site.ics:") == 1
    [problem] = enrolled("check", "--json").json["incomplete"]
    assert problem.startswith("site.ics:")


def test_conflicts_weigh_more_than_an_incomplete_check(enrolled: Schedule) -> None:
    enrolled.write("site.ics", BROKEN)
    enrolled.write("li.ics", calendar("2026-04-09"))
    outcome = enrolled("check", "--json")
    assert outcome.code == 4
    assert len(outcome.json["blocked"]) == len(outcome.json["incomplete"]) == 1
    assert "incomplete" in outcome.err


def test_a_calendar_that_is_gone(enrolled: Schedule) -> None:
    (enrolled.folder / "nurse.ics").unlink()
    for command in (("check",), ("check", "--as-of", "2030-01-01"), (*WORKED, "--dry-run")):
        outcome = enrolled(*command)
        assert outcome.code == 5
        assert "nurse.ics: cannot be read" in outcome.err


def test_a_journey(journey: Schedule) -> None:
    journey.enter()
    journey.enter(arm="routine")
    journey.write("given.ics", calendar("2026-05-09 09:00 10:00"))
    outcome = journey("check", "--json", "--conflicts", "given.ics")
    assert outcome.code == 4
    blocked = [(visit["subject"], visit["encounter"]) for visit in outcome.json["blocked"]]
    assert blocked == [("ZJ-001", "day-30"), ("ZJ-002", "day-30")]
    assert "2 of 20 coming visits are blocked" in outcome.err


def test_the_book_is_only_read(enrolled: Schedule) -> None:
    enrolled.write("site.ics", calendar("2026-04-09"))
    rows, files = enrolled.rows(), enrolled.files()
    assert enrolled("check").code == 4
    assert (enrolled.rows(), enrolled.files()) == (rows, files)
