"""`schedule show`, `list` and `upcoming`: what stands in the book, for people and programs."""

import json

import pytest
from freezegun import freeze_time

from scheduler.cli import agenda
from tests.running import SHORT, Outcome, Schedule, site_file

# The short study enrolled on Monday 2026-03-02, and again a week later.
FIRST = ("2026-03-03", "2026-03-10", "2026-03-24")
SECOND = ("2026-03-10", "2026-03-17", "2026-03-31")


@pytest.fixture
def two(journey: Schedule) -> Schedule:
    """Two participants of the short study."""
    journey.write("short.toml", SHORT)
    for day in ("2026-03-02", "2026-03-09"):
        options = ("--arm", "a", "--protocol", "short.toml", "--weight", "70")
        assert journey("enroll", "--date", day, *options).code == 0
    return journey


def days(outcome: Outcome) -> list[tuple[str, str]]:
    assert outcome.code == 0, outcome.err
    return [(visit["subject"], visit["start"][:10]) for visit in outcome.json["visits"]]


def test_long_list_is_read_in_pages(two: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = two("list").out
    monkeypatch.setattr(agenda, "PAGE", 4)
    pages = two("list").out
    assert pages.count("Why this date") == 2
    assert "Visits from no. 1 " in pages
    assert "Visits from no. 5 " in pages
    assert [row for row in pages.split() if row.startswith("ZJ-")] == [
        row for row in whole.split() if row.startswith("ZJ-")
    ]


def test_list_is_one_json_object(two: Schedule) -> None:
    """It is written while it is read, and is as if it were written at once."""
    for words in (("list",), ("list", "--from", "2030-01-01")):
        said = two(*words, "--json")
        assert said.out == json.dumps(said.json, ensure_ascii=False, indent=2) + "\n"


def test_show(two: Schedule) -> None:
    outcome = two("show", "zj-001")
    assert outcome.code == 0
    # Of the second infusion, for the first is well within the seven days that a weight counts.
    [warning] = outcome.err.splitlines()
    assert warning.startswith("Warning: ZJ-001 second on 2026-03-10: weighed 8 d before")
    assert "ZJ-001 · a · enrolled Mon 2026-03-02 · short version 1" in outcome.out
    assert "First infusion    Tue 2026-03-03   08:00–09:00   scheduled" in outcome.out
    assert "ZJ-002" not in outcome.out
    record = two("show", "ZJ-001", "--json").json
    assert [visit["start"][:10] for visit in record["visits"]] == list(FIRST)
    assert record["subject"] == "ZJ-001"
    assert record["weight"] == {"kg": "70", "measured": "2026-03-02"}
    assert record["unplaced"] == []
    assert record["files"] == []


def test_show_of_nobody_suggests_somebody(two: Schedule) -> None:
    outcome = two("show", "ZJ-01")
    assert outcome.code == 2
    assert 'no subject "ZJ-01"; did you mean "ZJ-001"?' in outcome.err


def test_list_goes_by_day_over_all_participants(two: Schedule) -> None:
    expected = [("ZJ-001", day) for day in FIRST] + [("ZJ-002", day) for day in SECOND]
    expected.sort(key=lambda pair: (pair[1], pair[0]))
    assert days(two("list", "--json")) == expected
    table = two("list").out
    assert "6 visits" in table
    rows = [line.split()[:2] for line in table.splitlines() if "2026-03" in line]
    assert [code for code, _ in rows] == [code for code, _ in expected]


def test_both_ends_of_a_list_belong_to_it(two: Schedule) -> None:
    between = ("list", "--json", "--from", "2026-03-10", "--to", "2026-03-17")
    assert days(two(*between)) == [
        ("ZJ-001", "2026-03-10"),
        ("ZJ-002", "2026-03-10"),
        ("ZJ-002", "2026-03-17"),
    ]
    assert days(two("list", "--json", "--from", "2026-03-31")) == [("ZJ-002", "2026-03-31")]
    assert days(two("list", "--json", "--to", "2026-03-09")) == [("ZJ-001", "2026-03-03")]
    assert two("list", "--from", "2026-06-01").out.startswith("0 visits")


def test_upcoming_counts_from_today(two: Schedule) -> None:
    """Today is 2026-02-20, twelve days before the first visit."""
    assert days(two("upcoming", "--json")) == []
    assert days(two("upcoming", "--json", "--days", "11")) == []
    assert days(two("upcoming", "--json", "--days", "12")) == [("ZJ-001", "2026-03-03")]
    as_of = ("upcoming", "--json", "--as-of", "2026-03-10")
    assert days(two(*as_of)) == [("ZJ-001", "2026-03-10"), ("ZJ-002", "2026-03-10")]
    assert len(days(two(*as_of, "--days", "8"))) == 3
    assert days(two(*as_of, "--days", "3660")) == days(
        two("list", "--json", "--from", "2026-03-10")
    )
    assert "ZJ-002    First infusion" in two("upcoming", "--as-of", "2026-03-10").out


def test_upcoming_counts_from_the_day_it_is_at_each_site(
    two: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a day begins in Shanghai, most of the one before is still ahead in Honolulu."""
    west = site_file(code="HI").replace("Asia/Shanghai", "Pacific/Honolulu")
    files = [two.write("hi.toml", west), two.write("zj.toml", site_file())]
    monkeypatch.setenv("SCHEDULE_SITE_FILES", ":".join(files))
    options = ("--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")
    assert two("--site", "HI", "enroll", *options).code == 0

    def coming(*more: str) -> list[tuple[str, str]]:
        return days(two(*more, "upcoming", "--days", "1", "--json"))

    with freeze_time("2026-03-03T03:00Z"):
        assert coming() == [("ZJ-001", "2026-03-03")]
    with freeze_time("2026-03-03T17:00Z"):
        assert coming() == [("HI-001", "2026-03-03")]
        assert coming("--site", "HI") == [("HI-001", "2026-03-03")]
        assert coming("--site", "zj") == []
    # A file that is wrong elsewhere says what day it is all the same.
    two.write("hi.toml", west.replace("grid = ", "gird = "))
    with freeze_time("2026-03-03T17:00Z"):
        assert coming() == [("HI-001", "2026-03-03")]
    # Where no file says it, nothing is hidden.
    two.write("hi.toml", west.replace("Honolulu", "Honululu"))
    with freeze_time("2026-03-03T15:00Z"):
        found = two("upcoming", "--days", "1", "--json")
    assert {code for code, _ in days(found)} == {"ZJ-001", "HI-001"}
    assert 'zone "Pacific/Honululu" is not a time zone' in found.err


def test_a_site_sees_its_own(two: Schedule) -> None:
    two.write("gz.toml", site_file(code="GZ"))
    options = ("--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")
    assert two("--site", "gz.toml", "enroll", *options).code == 0
    assert len(days(two("list", "--json"))) == 9
    for site in ("gz.toml", "ZJ", "zj"):
        found = {code[:2] for code, _ in days(two("--site", site, "list", "--json"))}
        assert found == {site[:2].upper()}
    # The demo site is not there any more where a site file is named.
    two.write("schedule.toml", 'site_files = ["gz.toml"]\n')
    assert {code for code, _ in days(two("--site", "gz", "list", "--json"))} == {"GZ-001"}
    outcome = two("--site", "ZJ", "list")
    assert outcome.code == 2
    assert 'no site "ZJ"' in outcome.err


def test_an_empty_book(journey: Schedule) -> None:
    for command in ("list", "upcoming"):
        outcome = journey(command)
        assert outcome.code == 0
        assert "0 visits" in outcome.out
        assert journey(command, "--json").json == {"visits": []}
