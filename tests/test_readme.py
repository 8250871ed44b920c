"""Every command of the README works, in the order in which a reader meets it."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from freezegun import freeze_time

from scheduler import shipped
from scheduler.cli import run
from tests.versions import version

ROOT = Path(__file__).parents[1]

EXPECTED = {"schedule check": 4}
"""Commands of the README that end with another code than 0, by how they begin."""

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


def block(language: str, beginning: str) -> str:
    """The README's block in that language that begins so."""
    text = (ROOT / "README.md").read_text()
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
    [found] = [block for block in blocks if block.startswith(beginning)]
    return found


def commands() -> list[str]:
    """The lines of the README's shell blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


def test_every_command_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCHEDULE_DATABASE", f"sqlite:///{tmp_path / 'book.db'}")
    for name in ("department.ics", "rounds.ics"):
        (tmp_path / name).write_text(BUSY)
    templates = shipped.folder()
    shutil.copy(templates / "protocols" / "bmsc-stroke.toml", tmp_path / "my-trial.toml")
    (tmp_path / "my-trial-2.toml").write_text(version("2", day_30='window = "5 d"'))
    shutil.copy(templates / "sites" / "zhujiang.toml", tmp_path / "my-site.toml")
    (tmp_path / "answers.toml").write_text(block("toml", "birth"))
    server = "postgresql+psycopg://schedule@db.hospital.example/schedule"
    with freeze_time("2026-02-20T01:00:00Z"):
        for command in commands():
            # No server is at hand on every machine; tests/cli/test_db.py carries books to one.
            words = shlex.split(command.replace(server, f"sqlite:///{tmp_path / 'new.db'}"))
            if words[0] == "schedule":
                expected = next((code for c, code in EXPECTED.items() if command.startswith(c)), 0)
                assert run(words[1:]) == expected, command


def test_everything_else_is_the_run_script_or_pip() -> None:
    others = [command for command in commands() if not command.startswith("schedule ")]

    assert others == ["./run demo", "./run test", "pip install .", "pip install '.[postgres]'"]
