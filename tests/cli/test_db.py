"""`schedule db` on both engines: what it says, and with which code it ends."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.databases import Databases
from tests.running import SHORT, Schedule
from tests.store.tampering import past_the_guards


@pytest.fixture
def lived(journey: Schedule) -> Schedule:
    name = journey.write("short.toml", SHORT)
    options = ("--protocol", name, "--arm", "a", "--weight", "68.5")
    assert journey("enroll", "--date", "2026-03-02", *options).code == 0
    return journey


def test_backup_tells_the_head_and_never_overwrites(lived: Schedule) -> None:
    outcome = lived("db", "backup", "saved")
    assert outcome.code == 0
    head = lived("audit", "verify", "--json").json["head"]
    assert outcome.out == f"1 change; head: {head}\n"
    again = lived("db", "backup", "saved")
    assert (again.code, again.out) == (10, "")
    assert "saved exists already and is not overwritten" in again.err
    assert lived("db", "backup", "nowhere/saved").code == 10


def test_restored_book_says_so_in_its_history(
    lived: Schedule, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lived("db", "backup", "saved").code == 0
    with databases.empty() as fresh:
        monkeypatch.setenv("SCHEDULE_DATABASE", fresh)
        assert lived("db", "restore", "saved", "--reason", "disk").code == 0
        restored = lived("audit", "--json").json["changes"][-1]
        assert (restored["number"], restored["command"]) == (2, "db restore")
        assert restored["reason"].startswith("disk from saved (schema ")
        assert lived("audit", "verify").code == 0
        assert lived("show", "ZJ-001").code == 0


def test_restoring_over_a_book(lived: Schedule, databases: Databases) -> None:
    """SQLite keeps the book beside it; PostgreSQL wants an empty database."""
    assert lived("db", "backup", "saved").code == 0
    outcome = lived("db", "restore", "saved")
    if databases.name == "sqlite":
        assert outcome.code == 0
        assert "The book as it was is kept as " in outcome.err
        assert Path(outcome.err.split("kept as ")[1].strip()).is_file()
    else:
        assert outcome.code == 9
        assert "make an empty database" in outcome.err


@pytest.mark.parametrize("content", ["", "words"])
def test_file_that_is_no_backup_ends_with_5(
    lived: Schedule, databases: Databases, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    name = lived.write("wrong", content)
    with databases.empty() as fresh:
        monkeypatch.setenv("SCHEDULE_DATABASE", fresh)
        assert lived("db", "restore", name).code == 5
        assert lived("db", "restore", "nowhere").code == 5


def test_broken_trail_ends_with_8_and_is_backed_up_all_the_same(lived: Schedule) -> None:
    with past_the_guards(lived.url) as hands:
        hands.execute(text("UPDATE weights SET kg = '69'"))
        hands.commit()
    outcome = lived("db", "backup", "saved")
    assert outcome.code == 8
    assert "of weights was edited" in outcome.err
    assert (lived.folder / "saved").is_file()


def test_upgrade_of_a_book_of_this_schema(lived: Schedule) -> None:
    outcome = lived("db", "upgrade")
    assert (outcome.code, outcome.out) == (0, "The book has this program's schema already.\n")


def test_no_book_ends_with_6(
    lived: Schedule, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with databases.empty() as fresh:
        monkeypatch.setenv("SCHEDULE_DATABASE", fresh)
        for words in (("backup", "saved"), ("upgrade",), ("migrate", "sqlite:///new.db")):
            outcome = lived("db", *words)
            assert outcome.code == 6
            assert "does not exist yet" in outcome.err


def test_book_is_carried_to_the_other_engine_under_the_same_head(
    lived: Schedule, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, show = lived("audit", "verify", "--json").json["head"], lived("show", "ZJ-001").out
    rows = sum(lived.rows().values())
    preview = lived("db", "migrate", elsewhere, "--dry-run")
    carried = f"1 change, {rows} rows; head: {head}\n"
    assert (preview.code, preview.out) == (0, f"Would be carried over: {carried}")
    done = lived("db", "migrate", elsewhere)
    assert (done.code, done.out) == (0, f"Carried over: {carried}")
    assert "name the new book in the settings" in done.err
    again = lived("db", "migrate", elsewhere)
    assert again.code in {9, 10}
    assert "name another file" in again.err or "make an empty database" in again.err
    monkeypatch.setenv("SCHEDULE_DATABASE", elsewhere)
    assert lived("audit", "verify", "--json").json["head"] == head
    assert lived("show", "ZJ-001").out == show
    assert lived("visit", "confirm", "ZJ-001", "first").code == 0
    assert lived("audit", "verify").code == 0


def test_broken_trail_is_not_carried(lived: Schedule, elsewhere: str) -> None:
    with past_the_guards(lived.url) as hands:
        hands.execute(text("UPDATE weights SET kg = '69'"))
        hands.commit()
    outcome = lived("db", "migrate", elsewhere)
    assert (outcome.code, outcome.out) == (8, "")
