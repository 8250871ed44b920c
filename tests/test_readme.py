"""Every command of the README works, in the order in which a reader meets it."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from freezegun import freeze_time

from scheduler import shipped
from scheduler.cli import run, schedule
from tests import manuals
from tests.caldavservers import LOGIN, Server
from tests.databases import Databases
from tests.versions import version

ROOT = Path(__file__).parents[1]

EXPECTED = {"schedule check": 4}
"""Commands of the README that end with another code than 0, by how they begin."""

SERVER = "postgresql+psycopg://schedule@db.hospital.example/schedule"
"""The README's book on PostgreSQL; the tests' is elsewhere."""

BUSY = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20260101T000000Z
DTSTART:20260409T010000Z
DTEND:20260409T020000Z
END:VEVENT
END:VCALENDAR
"""

DAV = "https://dav.hospital.example/li/"
"""The README's place for collections, for which one on the tests' own server stands in."""


def block(language: str, beginning: str) -> str:
    """The README's block in that language that begins so."""
    text = (ROOT / "README.md").read_text()
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    [found] = [block for block in blocks if block.startswith(beginning)]
    return found


def commands() -> list[str]:
    """The commands of the README."""
    return manuals.commands(ROOT / "README.md")


def test_every_command_works(
    databases: Databases,
    elsewhere: str,
    radicale_server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("department.ics", "rounds.ics"):
        (tmp_path / name).write_text(BUSY)
    templates = shipped.folder()
    shutil.copy(templates / "protocols" / "bmsc-stroke.toml", tmp_path / "my-trial.toml")
    (tmp_path / "my-trial-2.toml").write_text(version("2", day_30='window = "5 d"'))
    site = (templates / "sites" / "zhujiang.toml").read_text()
    (tmp_path / "my-site.toml").write_text(f'private_hosts = ["127.0.0.1"]\n{site}')
    monkeypatch.setenv("SCHEDULE_CALDAV_USER", LOGIN.user)
    monkeypatch.setenv("SCHEDULE_CALDAV_PASSWORD", LOGIN.password)
    (tmp_path / "answers.toml").write_text(block("toml", "birth"))
    with (
        databases.empty() as url,
        databases.empty() as restored,
        freeze_time("2026-02-20T01:00:00Z"),
    ):
        monkeypatch.setenv("SCHEDULE_DATABASE", url)
        for command in commands():
            here = f"{radicale_server.home}{databases.name}-"
            words = shlex.split(command.replace(SERVER, elsewhere).replace(DAV, here))
            if words[1:2] == ["serve"]:
                continue  # runs until it is stopped; tests/web/test_server.py does so
            if words[1:2] == ["worker"] or "--workers" in words:
                continue  # tests/journeys/test_workers.py does so with processes
            if words[0] != "schedule":
                continue
            if words[1:3] == ["db", "restore"] and databases.name == "postgresql":
                monkeypatch.setenv("SCHEDULE_DATABASE", restored)
            expected = next((code for c, code in EXPECTED.items() if command.startswith(c)), 0)
            assert run(words[1:]) == expected, command


def test_every_command_is_told_of() -> None:
    """And so every command is run on both engines."""
    for path in leaves(schedule, []):
        called = re.compile(rf"schedule (--\S+ \S+ )*{' '.join(path)}( |$)")
        assert any(map(called.match, commands())), f"schedule {' '.join(path)}"


def leaves(command: click.Command, path: list[str]) -> Iterator[list[str]]:
    """Every command of the program, by its words."""
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, [*path, name])


def test_everything_else_is_the_run_script_or_pip() -> None:
    others = [command for command in commands() if not command.startswith("schedule ")]

    extras = ("[postgres]", "[web]", "[optimize]", "[workers]")
    installed = ["pip install .", *(f"pip install '.{extra}'" for extra in extras)]
    assert others == ["./run demo", "./run test", *installed]
