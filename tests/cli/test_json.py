"""Every object that `--json` prints has the members that docs/json.md names."""

import re
import shlex
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.running import SHORT, Schedule, site_file
from tests.screenings import answers_file
from tests.store.tampering import past_the_guards

DOCUMENT = Path(__file__).parents[2] / "docs" / "json.md"

COMMANDS = {
    "enroll": "enroll --date 2026-03-02 --arm a --protocol short.toml --dry-run",
    "show": "show ZJ-001",
    "list": "list",
    "upcoming": "upcoming --days 30",
    "check": "check",
    "explain": "explain ZJ-001 day-30",
    "replan": "replan --subject ZJ-001",
    "replan --all-sites": "replan --all-sites",
    "notify --dry-run": "notify --dry-run",
    "screen": "screen --answers answers.toml --date 2026-03-02",
    "visit confirm": "visit confirm ZJ-001 baseline --dry-run",
    "product order": "product order ZJ-001 --batch B-1 --as-of 2026-04-02 --dry-run",
    "product list": "product list",
    "subject withdraw": "subject withdraw ZJ-001 --reason moved --dry-run",
    "subject weigh": "subject weigh ZJ-001 70",
    "subject screen": "subject screen ZJ-001 --pregnancy-test 'not applicable'",
    "subject consent": "subject consent ZJ-001 --to reminders",
    "export": "export csv",
    "export --reissue": "export ics --reissue --reason moved",
    "deviations": "deviations",
    "audit": "audit",
    "audit verify": "audit verify",
    "audit export": "audit export --out trail.csv",
    "feed add": "feed add",
    "feed list": "feed list",
    "feed revoke": "feed revoke 1",
    "protocol list": "protocol list",
    "protocol show": "protocol show",
    "protocol check": "protocol check short.toml",
    "protocol diff": "protocol diff short.toml short.toml",
    "protocol amend": "protocol amend bmsc-2.toml --reason x --dry-run",
    "site check": "site check zj.toml",
    "config show": "config show",
    "db backup": "db backup saved",
    "db restore": "db restore saved --reason lost",
    "db upgrade": "db upgrade",
    "db migrate": "db migrate sqlite:///elsewhere.db",
}
"""A command line for each row of the document."""


def documented() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(.+?)` \| (`.+`) \|$", DOCUMENT.read_text(encoding="utf-8"), re.M)
    return {command: re.findall(r"`(.+?)`", members) for command, members in rows}


@pytest.fixture
def book(schedule: Schedule) -> Schedule:
    schedule.enter()
    schedule.write("short.toml", SHORT)
    schedule.write("zj.toml", site_file())
    schedule.write("answers.toml", answers_file())
    with create_engine(schedule.url, poolclass=NullPool).connect() as connection:
        kept = connection.execute(text("SELECT text FROM protocols")).scalar_one()
    schedule.write("bmsc-2.toml", kept.replace('version = "1"', 'version = "2"', 1))
    return schedule


def test_every_row_of_the_document_is_tried() -> None:
    assert list(documented()) == list(COMMANDS)


def test_the_members_are_those_of_the_document(book: Schedule) -> None:
    for command, members in documented().items():
        outcome = book(*shlex.split(COMMANDS[command]), "--json")
        assert outcome.code == 0, (command, outcome.err)
        assert sorted(outcome.json) == sorted(members), command


def test_settings_are_told_with_their_source_and_without_passwords(schedule: Schedule) -> None:
    url = "postgresql+psycopg://li:geheim@db.example/trial"
    told = schedule("--database", url, "config", "show", "--json").json["settings"]
    assert told["database"]["value"] == "postgresql+psycopg://li:***@db.example/trial"
    assert told["database"]["from"] == "--database"
    assert told["site"]["value"] is None


def test_a_backup_that_does_not_verify_says_so(book: Schedule) -> None:
    with past_the_guards(book.url) as connection:
        connection.execute(text("UPDATE changes SET reason = 'forged'"))
        connection.commit()
    outcome = book("db", "backup", "saved", "--json")
    assert outcome.code == 8
    assert outcome.json["verifies"] is False
    assert outcome.json["problems"]


def test_weighing(book: Schedule) -> None:
    told = book("subject", "weigh", "ZJ-001", "70", "--json").json
    assert told == {
        "subject": "ZJ-001",
        "weight": {"kg": "70", "measured": "2026-02-20"},
        "cells": 70_000_000,
        "change": "+0.022",
    }
