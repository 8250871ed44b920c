"""The one command: what it answers before anything is set up."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("demo", "schedule", "test", "check", "bench", "lock")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which nothing was set up yet, in a folder with a space in its name."""
    folder = tmp_path / "a checkout"
    (folder / "scheduler").mkdir(parents=True)
    names = ("run", "build.lock", "requirements.lock", "pyproject.toml", "setup.cfg")
    for name in (*names, "scheduler/__init__.py"):
        shutil.copy2(ROOT / name, folder / name)
    return folder


def answer(checkout: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(
        ["sh", checkout / "run", *words],
        cwd=checkout.parent,
        env=path | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("word", ["help", "-h", "--help"])
def test_help_names_every_command_on_standard_output(checkout: Path, word: str) -> None:
    given = answer(checkout, word)
    assert given.returncode == 0
    assert all(f"  {command} " in given.stdout for command in COMMANDS)


@pytest.mark.parametrize("words", [(), ("deploy",)])
def test_anything_else_is_wrong_usage(checkout: Path, words: tuple[str, ...]) -> None:
    given = answer(checkout, *words)
    assert (given.returncode, given.stdout) == (2, "")
    assert "usage: ./run COMMAND" in given.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_an_interpreter_that_was_asked_for_is_never_replaced(checkout: Path, command: str) -> None:
    given = answer(checkout, command, PYTHON="/nowhere/python")
    assert given.returncode == 69
    assert "PYTHON=/nowhere/python" in given.stderr
    assert not (checkout / ".venv").exists()
