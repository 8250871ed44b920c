"""`schedule explain`: a table for people, an object for programs."""

from tests.running import Schedule


def test_the_table_and_the_object_say_the_same(schedule: Schedule) -> None:
    code = schedule.enter()
    table = schedule("explain", code, "day-30")
    assert (table.code, table.out.splitlines()[0].split(" (")[0]) == (0, "ZJ-001 · Day 30")
    assert "Sun 2026-05-10" in table.out
    assert "closed on Sundays" in table.out
    assert "Rule: infusion-1 2026-04-09 + 30 days" in table.out
    found = schedule("explain", code, "day-30", "--json").json
    assert [day["day"] for day in found["days"]] == [f"2026-05-{n:02}" for n in range(6, 13)]
    [sunday] = [day for day in found["days"] if day["day"] == "2026-05-10"]
    assert sunday == {
        "day": "2026-05-10",
        "off_target": 1,
        "verdict": "impossible",
        "why": "closed on Sundays",
        "start": None,
    }
    [there] = [day for day in found["days"] if day["verdict"] == "taken"]
    assert there["start"] == found["start"] == "2026-05-09T08:00:00+08:00"


def test_a_visit_that_is_not_there(schedule: Schedule) -> None:
    code = schedule.enter()
    outcome = schedule("explain", code, "day-31")
    assert outcome.code == 2
    assert 'no visit "day-31"' in outcome.err
    assert outcome.out == ""
