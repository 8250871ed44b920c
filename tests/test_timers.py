"""What runs `schedule notify` by itself: the cron line and the systemd timer are sound.

The tools that read them on a server read them here.
"""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from scheduler.cli import schedule
from tests.databases import not_run

DOCS = Path(__file__).parents[1] / "docs"
CRON = (DOCS / "cron.d" / "schedule-notify").read_text()
UNITS = sorted((DOCS / "systemd").iterdir())
README = (DOCS.parent / "README.md").read_text()


def tool(name: str) -> str:
    """The tool, which may be missing on a developer's computer only."""
    return shutil.which(name) or not_run(f"{name} is not installed")


def line() -> tuple[str, str, str]:
    """The one line of the cron file: times, user, command."""
    [found] = [row for row in CRON.splitlines() if re.match(r"[0-9*]", row)]
    times, user, command = re.split(r" {2,}", found, maxsplit=2)
    return times, user, command


def lines_of(unit: str) -> dict[str, list[str]]:
    """The values of each key in a unit."""
    text = (DOCS / "systemd" / unit).read_text()
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^([A-Za-z]+)=(.*)$", text, re.M):
        found.setdefault(key, []).append(value)
    return found


def checked(crontab: str, folder: Path) -> int:
    """The verdict of cron's own parser on a user's table."""
    path = folder / "crontab"
    path.write_text(crontab)
    command = [tool("crontab"), "-n", str(path)]
    return subprocess.run(command, check=False, capture_output=True).returncode


def test_cron_reads_the_line(tmp_path: Path) -> None:
    times, user, command = line()
    settings = "\n".join(row for row in CRON.splitlines() if re.match(r"[A-Z_]+=", row))
    assert checked(f"{settings}\n{times} {command}\n", tmp_path) == 0
    assert checked(f"{settings}\n{times.replace('30', '61')} {command}\n", tmp_path) != 0
    assert re.fullmatch(r"[a-z]+", user)


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text().replace("/opt/schedule/bin/schedule", shutil.which("true") or "")
        (tmp_path / unit.name).write_text(text)
    analyze = [tool("systemd-analyze"), "verify", *map(str, sorted(tmp_path.iterdir()))]
    found = subprocess.run(analyze, check=False, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    broken = tmp_path / "schedule-notify.service"
    broken.write_text(broken.read_text().replace("Type=oneshot", "Type=onceshot"))
    found = subprocess.run(analyze, check=False, capture_output=True, text=True)
    assert "onceshot" in found.stderr


def test_the_timer_fires_every_morning_at_the_site() -> None:
    [calendar] = lines_of("schedule-notify.timer")["OnCalendar"]
    command = [tool("systemd-analyze"), "calendar", calendar]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Normalized form: *-*-* 06:30:00 Asia/Shanghai" in found.stdout


@pytest.mark.parametrize("command", [line()[2], *lines_of("schedule-notify.service")["ExecStart"]])
def test_both_run_a_command_that_there_is(command: str) -> None:
    program, *words = shlex.split(command)
    assert program == "/opt/schedule/bin/schedule"
    with schedule.make_context("schedule", words) as context:
        assert context.params["config"] == "/etc/schedule/config.toml"
        [name] = [*context._protected_args, *context.args]
        found = schedule.get_command(context, name)
    assert name == "notify"
    assert found is not None


def test_what_a_person_must_mend_is_not_tried_again() -> None:
    [codes] = lines_of("schedule-notify.service")["RestartPreventExitStatus"]
    known = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.M)}
    assert set(map(int, codes.split())) | {0, 3, 4, 7, 8} == known


def test_the_readme_shows_them_as_they_are() -> None:
    assert " ".join(line()) in " ".join(README.split())
    for unit in UNITS:
        assert f"docs/systemd/{unit.name}" in README
