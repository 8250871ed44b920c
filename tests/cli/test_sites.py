"""`schedule site check`: what a site file says, and every mistake in it."""

from datetime import date

from scheduler import shipped
from tests.arms import zhujiang
from tests.running import DEMO_SITE, Schedule, calendar, site_file


def test_the_demo_site(schedule: Schedule) -> None:
    """Today is 2026-02-20; a year from it has as many days as the demo site opens."""
    (schedule.folder / "zj.toml").write_bytes(shipped.read("sites/zhujiang.toml"))
    outcome = schedule("site", "check", "zj.toml")
    assert (outcome.code, outcome.err) == (0, "")
    first, second, third = outcome.out.splitlines()
    assert first.startswith("zj.toml: ZJ, Zhujiang Hospital of Southern Medical University")
    assert first.endswith("Asia/Shanghai is sound")
    assert second == (
        "resources: 2 × chair, 2 × nurse, 2 × room, 1 × procedure-room; a start every 30 min"
    )
    today = date(2026, 2, 20).toordinal()
    days = (zhujiang().day(date.fromordinal(today + n)) for n in range(365))
    count = sum(day.closed_because is None for day in days)
    assert third == (
        f"open on {count} of the next 365 days; public holidays verified through 2026-12-31"
    )


def test_its_calendars_are_read(schedule: Schedule) -> None:
    (schedule.folder / "site").mkdir()
    (schedule.folder / "site" / "chair.ics").write_text(calendar("2026-04-09", "2026-05-09"))
    table = '[[calendar]]\nsource = "chair.ics"\nbelongs_to = "chair-1"'
    schedule.write("site/zj.toml", site_file(table))
    outcome = schedule("site", "check", "site/zj.toml")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.endswith("calendar chair.ics (chair-1): 2 busy times in the next year\n")


def test_its_caps_and_its_laboratory(schedule: Schedule) -> None:
    caps = "[caps]\ninfusions_per_day = 2\nvisits_per_start = 3"
    laboratory = '[laboratory]\ndays = ["monday", "thursday"]\nmakeup = true\nname = "Central"'
    laboratory += "\nreleases_per_day = 3"
    closed = '[[laboratory.closed]]\nfirst = 2026-07-01\nreason = "Service"'
    schedule.write("zj.toml", site_file(caps, laboratory, closed))
    outcome = schedule("site", "check", "zj.toml")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[2:5] == [
        "at most 3 visits per start, 2 infusions per day",
        "cell laboratory on Monday, Thursday and on make-up days; closed on 1 days of its own;"
        " at most 3 releases a day",
        'it is shared with the sites whose files name "Central"',
    ]
    found = schedule("site", "check", "zj.toml", "--json").json
    assert found["caps"] == {
        "visits_per_start": 3,
        "infusions_per_start": None,
        "infusions_per_day": 2,
    }
    assert found["laboratory"] == {
        "days": ["Monday", "Thursday"],
        "makeup": True,
        "closed": {"2026-07-01": "Service"},
        "name": "Central",
        "starts_per_day": None,
        "releases_per_day": 3,
    }


def test_a_calendar_read_in_part(schedule: Schedule) -> None:
    broken = calendar("2026-04-09", "2026-05-09").replace("DTSTART;VALUE=DATE:20260409\r\n", "")
    schedule.write("site.ics", broken)
    table = '[[calendar]]\nsource = "site.ics"\nbelongs_to = "site"'
    schedule.write("zj.toml", site_file(table))
    outcome = schedule("site", "check", "zj.toml")
    assert outcome.code == 5
    assert outcome.err.startswith("Warning: the conflict check is incomplete, 1 part(s)")
    assert outcome.err.count("site.ics:") == 1
    assert "1 busy times in the next year" in outcome.out


def test_mistakes_are_told_all_at_once(schedule: Schedule) -> None:
    tables = (
        '[[calendar]]\nsource = "a.ics"\nbelongs_to = "chiar"',
        "[[closed]]\nfirst = 2026-08-07\nlast = 2026-08-03\nreason = 'Renovation'",
        '[[opened]]\nday = 2026-08-08\nhours = ["12:00-08:00"]',
    )
    schedule.write("zj.toml", site_file(*tables))
    outcome = schedule("site", "check", "zj.toml")
    assert outcome.code == 5
    assert "3 problems:" in outcome.err
    assert 'did you mean "chair"?' in outcome.err
    assert outcome.err.count("zj.toml:") == 3


def test_a_calendar_that_is_not_there(schedule: Schedule) -> None:
    table = '[[calendar]]\nsource = "nowhere.ics"\nbelongs_to = "site"'
    schedule.write("zj.toml", site_file(table))
    outcome = schedule("site", "check", "zj.toml")
    assert outcome.code == 5
    assert "nowhere.ics: cannot be read: No such file or directory" in outcome.err


def test_other_files(schedule: Schedule) -> None:
    assert schedule("site", "check", "nowhere.toml").code == 5
    schedule.write("words.toml", "this is no site\n")
    outcome = schedule("site", "check", "words.toml")
    assert outcome.code == 5
    assert "words.toml:1" in outcome.err


USING_A_SITE = (
    ("check",),
    ("upcoming",),
    ("upcoming", "--json"),
    ("deviations",),
    ("audit",),
    ("screen", "--sheet", "sheets"),
    ("export", "csv"),
    ("export", "ics", "--subject", "ZJ-001"),
    ("enroll", "--date", "2026-03-02", "--arm", "routine", "--dry-run"),
    ("visit", "confirm", "ZJ-001", "baseline"),
    ("visit", "add", "ZJ-001", "--date", "2026-02-19", "--time", "09:00", "--reason", "ill"),
    ("subject", "weigh", "ZJ-001", "70"),
    ("subject", "withdraw", "ZJ-001", "--reason", "moved", "--json"),
    ("product", "fail", "ZJ-001", "--batch", "B-1", "--reason", "did not grow"),
)
"""Commands that work for a site, refused or not."""


def test_the_demo_site_is_never_used_without_a_word(schedule: Schedule) -> None:
    """Once, first, and on stderr."""
    schedule.enter()
    schedule.write("zj.toml", site_file())
    for arguments in USING_A_SITE:
        outcome = schedule(*arguments)
        assert outcome.err.startswith(DEMO_SITE), arguments
        assert outcome.err.count("demo site") == 1, arguments
        assert "demo site" not in outcome.out, arguments
        if "--json" in arguments:
            assert outcome.json
        assert "demo" not in schedule("--site", "zj.toml", *arguments).err, arguments


def test_who_needs_no_site_hears_of_none(schedule: Schedule) -> None:
    schedule.enter()
    assert "demo" not in schedule("show", "ZJ-001").err + schedule("list").err
