"""`schedule config show`: every setting, and where its value comes from."""

import pytest

from tests.running import Outcome, Schedule, site_file


def row(outcome: Outcome, setting: str) -> list[str]:
    """Value and source of a setting."""
    assert outcome.code == 0, outcome.err
    [line] = [line for line in outcome.out.splitlines() if line.split()[:1] == [setting]]
    return line.split()[1:3]


def test_sources(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = schedule("config", "show")
    assert row(outcome, "database")[1] == "SCHEDULE_DATABASE"
    assert row(outcome, "user") == ["li", "login"]
    assert row(outcome, "site")[0] == "(none)"
    schedule.write("schedule.toml", 'user = "wang"\nsite = "ZJ"\nsite_files = ["zj.toml"]\n')
    outcome = schedule("config", "show")
    assert row(outcome, "user") == ["wang", "schedule.toml"]
    assert row(outcome, "site_files") == ["zj.toml", "schedule.toml"]
    monkeypatch.setenv("SCHEDULE_USER", "chen")
    assert row(schedule("config", "show"), "user") == ["chen", "SCHEDULE_USER"]
    assert row(schedule("--user", "zhao", "config", "show"), "user") == ["zhao", "--user"]
    assert row(schedule("config", "show"), "site") == ["ZJ", "schedule.toml"]


def test_passwords_are_masked(schedule: Schedule) -> None:
    url = "postgresql+psycopg://li:geheim@db.example/trial"
    outcome = schedule("--database", url, "config", "show")
    assert row(outcome, "database") == [
        "postgresql+psycopg://li:***@db.example/trial",
        "--database",
    ]
    assert "geheim" not in outcome.out + outcome.err


def test_the_user_is_in_the_history(schedule: Schedule) -> None:
    from scheduler.store import Store

    schedule.enter()
    with Store(schedule.url) as store:
        entry = store.read(lambda book: book.history("ZJ-001"))[0]
    assert (entry.change.user, entry.change.command, entry.change.reason) == ("li", "enroll", "")


@pytest.mark.parametrize("command", ["enroll", "list", "config"])
def test_help_needs_no_sound_configuration(schedule: Schedule, command: str) -> None:
    schedule.write("schedule.toml", "databse = 5\n")
    assert schedule("--help").code == 0
    assert schedule(command, "--help").code == 0


def test_what_is_wrong_in_a_site_file_is_told_and_stops_no_other_site(schedule: Schedule) -> None:
    schedule.write("zj.toml", site_file())
    schedule.write("gz.toml", site_file(code="GZ").replace("grid = ", "gird = "))
    schedule.write("schedule.toml", 'site_files = ["zj.toml", "gz.toml"]\n')
    outcome = schedule("config", "show")
    assert outcome.code == 0
    assert "Warning: in site_files: gz.toml:" in outcome.err
    assert "gird is not a key here" in outcome.err
    assert "gird" in schedule("config", "show", "--json").json["problems"][0]
    assert schedule("--site", "ZJ", "check").code == 0
    assert schedule("--site", "GZ", "check").code == 5
