"""The door of the program: whatever comes in, an exit code and a sentence come out."""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module

import click
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scheduler import __version__
from scheduler.cli import schedule as program
from tests.running import WORKED, Schedule

WORDS = st.text(st.characters(exclude_characters="\0"), max_size=12)
"""Anything that can be an argument, bytes of another encoding included; never a NUL."""

DAYS = st.dates().map(str) | st.sampled_from(["2026-03-02", "2026-02-29", "0026-03-02"]) | WORDS
NUMBERS = st.sampled_from(["68.5", "0", "-1", "1e5", "9" * 400, "NaN"]) | WORDS
CODES = st.sampled_from(["ZJ-001", "zj-1", "A" * 300]) | WORDS
NAMED = st.sampled_from(["bmsc", "routine", "BMSCs group", "bmsc-stroke", "ZJ"]) | WORDS
PATHS = st.sampled_from(["", ".", "x.toml", "a/b", "n" * 300, "sqlite://", "postgresql://"]) | WORDS

GLOBAL = {"--site": NAMED | PATHS, "--user": WORDS, "--config": PATHS, "--database": PATHS}
COMMANDS: dict[str, tuple[Sequence[str], dict[str, st.SearchStrategy[str]]]] = {
    "enroll": (
        ("--dry-run",),
        {
            "--date": DAYS,
            "--arm": NAMED,
            "--subject": CODES,
            "--weight": NUMBERS,
            "--protocol": NAMED | PATHS,
            "--conflicts": PATHS,
            "--reason": WORDS,
        },
    ),
    "show": ((), {}),
    "list": ((), {"--from": DAYS, "--to": DAYS}),
    "upcoming": ((), {"--days": NUMBERS, "--as-of": DAYS}),
    "check": ((), {"--conflicts": PATHS, "--as-of": DAYS}),
    "export": (
        (),
        {
            "--subject": CODES,
            "--site": NAMED | PATHS,
            "--week": DAYS,
            "--audience": NAMED,
            "--changes-since": DAYS,
            "--language": NAMED,
        },
    ),
    "protocol": ((), {}),
    "site": ((), {}),
    "config": ((), {}),
}
ARGUMENTS = st.sampled_from(["list", "show", "check", "ics", "csv", "--json", "--", "ZJ-001"])


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command with some of its options, each with a likely or an unlikely value."""
    name = draw(st.sampled_from(list(COMMANDS)))
    fixed, options = COMMANDS[name]
    words = [*_some(draw, GLOBAL), name, *fixed, *_some(draw, options)]
    if name == "enroll":
        words += [] if "--date" in words else ["--date", "2026-03-02"]
        words += [] if "--arm" in words else ["--arm", "routine"]
    return words + draw(st.lists(ARGUMENTS | CODES, max_size=2 if name != "enroll" else 0))


def _some(draw: st.DrawFn, options: dict[str, st.SearchStrategy[str]]) -> list[str]:
    chosen = draw(st.sets(st.sampled_from(sorted(options)), max_size=2)) if options else set()
    return [word for option in sorted(chosen) for word in (option, draw(options[option]))]


@given(command_lines())
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["enroll", "--dry-run", "--date", "2026-03-02", "--arm", "\udcff"])
@example(["enroll", "--dry-run", "--date", "2026-03-02", "--arm", "bmsc", "--conflicts", "n" * 300])
@example(["export", "csv", "--week", "9999-W52"])
@example(["show", "\udcff"])
@example(["upcoming", "--as-of", "2099-12-31", "--days", "3660"])
def test_no_words_end_in_a_traceback(schedule: Schedule, words: list[str]) -> None:
    outcome = schedule(*words)
    assert outcome.code in {0, 2, 3, 4, 5, 6, 9, 10}, outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.code == 0 or outcome.err.strip()
    assert schedule.rows()["subjects"] == 0


def test_help_and_version(schedule: Schedule) -> None:
    assert schedule("--version").out.split()[-1] == __version__
    outcome = schedule("--help")
    assert outcome.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in outcome.out
        assert schedule(name, "--help").code == 0
    outcome = schedule()
    assert outcome.code == 2
    assert "Usage: schedule" in outcome.err


def _leaves(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(name, command)]
    context = click.Context(command)
    parts = ((part, command.get_command(context, part)) for part in command.list_commands(context))
    return [leaf for part, found in parts if found for leaf in _leaves(found, f"{name}_{part}")]


def test_every_option_has_a_variable_of_its_name() -> None:
    leaves = _leaves(program, "schedule")
    assert len(leaves) > 10
    for name, command in leaves:
        for option in command.params:
            if isinstance(option, click.Option) and option.name != "as_json":
                called = option.opts[0].removeprefix("--").replace("-", "_")
                assert option.envvar == f"{name}_{called}".upper()
    flags = {option.name: option for option in program.params}
    assert flags["as_json"].envvar == "SCHEDULE_JSON"


def test_every_command_says_what_it_does() -> None:
    for name, command in _leaves(program, "schedule"):
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.name}"


def test_a_look_into_the_book_loads_nothing_heavy(schedule: Schedule) -> None:
    schedule.enter()
    heavy = {"typst", "holidays", "alembic", "icalendar", "psycopg", "segno"}
    code = (
        "import sys; from scheduler.cli import run; code = run(['list']);"
        f"print(sorted({heavy} & set(sys.modules))); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


PROGRAM = (sys.executable, "-c", "from scheduler.cli import main; main()")


def test_a_screen_that_lacks_letters(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command has been carried out when it prints; it must not say otherwise."""
    schedule.enter()
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    done = subprocess.run([*PROGRAM, "show", "ZJ-001"], capture_output=True, check=True)
    assert b"Infusion 1" in done.stdout
    assert b"failure" not in done.stderr


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_reader_that_has_gone(schedule: Schedule, form: tuple[str, ...]) -> None:
    schedule.enter()
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as gone:
        done = subprocess.run([*PROGRAM, "list", *form], stdout=gone, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk(schedule: Schedule) -> None:
    schedule.enter()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*PROGRAM, "list"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 10
    assert done.stderr.decode().splitlines() == [
        "schedule: done, but the output cannot be written: No space left on device"
    ]


def test_commands_are_listed_where_they_are_kept() -> None:
    from scheduler.cli import _COMMANDS

    for name, module in _COMMANDS.items():
        assert name in import_module(f"scheduler.cli.{module}").COMMANDS


def test_an_unexpected_failure_is_a_sentence(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login that fails like this stands for all that nobody foresaw."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("no login")

    monkeypatch.setattr("getpass.getuser", broken)
    outcome = schedule(*WORKED)
    assert outcome.code == 1
    assert outcome.err == "schedule: unexpected failure: ZeroDivisionError: no login\n"
    monkeypatch.setenv("SCHEDULE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        schedule(*WORKED)
