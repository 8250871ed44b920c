"""The door of the program: whatever comes in, an exit code and a sentence come out."""

import os
import re
import subprocess
import sys
from importlib import import_module

import click
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scheduler import __version__
from scheduler.cli import schedule as program
from tests.running import WORKED, Schedule, site_file

WORDS = st.text(st.characters(exclude_characters="\0/"), max_size=12)
"""Anything that can be an argument, bytes of another encoding included; never a NUL.

No slash: nothing is ever written outside of the folder of the test.
"""

DAYS = st.dates().map(str) | st.sampled_from(["2026-03-02", "2026-02-29", "0026-03-02"])
NUMBERS = st.sampled_from(["68.5", "0", "-1", "1e5", "9" * 400, "NaN"])
NAMES = st.sampled_from(["bmsc", "BMSCs group", "bmsc-stroke", "ZJ", "ZJ-001", "day-30"])
PATHS = st.sampled_from(["", ".", "x.toml", "a/b", "n" * 300, "sqlite://", "postgresql://"])
VALUES = st.one_of(DAYS, NUMBERS, NAMES, PATHS, WORDS)

LIKELY: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("--date", "--as-of", "--from", "--to", "--week"), DAYS),
    **dict.fromkeys(("--weight", "--days", "--minutes"), NUMBERS),
    **dict.fromkeys(("--arm", "--subject", "--protocol", "--site"), NAMES),
}
"""What is meant, more often than not: else nothing behind the first refusal is ever read."""


def leaves(
    command: click.Command, words: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command without commands below it, and the words that lead to it."""
    if not isinstance(command, click.Group):
        return [(words, command)]
    context = click.Context(command)
    names = command.list_commands(context)
    parts = [(name, command.get_command(context, name)) for name in names]
    return [leaf for name, part in parts if part for leaf in leaves(part, (*words, name))]


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """A command with some of its options, each with a likely or an unlikely value."""
    path, command = draw(st.sampled_from(leaves(program)))
    words = [*_some(draw, program, every=15), *path, *_some(draw, command, every=3)]
    words += ["--dry-run"] if path == ("enroll",) else []
    words += ["--port", "none"] if path == ("serve",) else []  # it would run until it is stopped
    wanted = sum(isinstance(parameter, click.Argument) for parameter in command.params)
    return words + draw(st.lists(VALUES, min_size=wanted, max_size=wanted + draw(st.booleans())))


def _some(draw: st.DrawFn, command: click.Command, *, every: int) -> list[str]:
    """About every third or so of the options, and those that must be given."""
    options = [option for option in command.params if isinstance(option, click.Option)]
    words = []
    for option in options:
        if not option.is_eager and (option.required or draw(st.integers(1, every)) == every):
            name = option.opts[0]
            words.append(name)
            if not option.is_flag:
                words.append(draw(LIKELY.get(name, VALUES) | LIKELY.get(name, VALUES) | VALUES))
    return words


@given(command_lines())
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["enroll", "--dry-run", "--date", "2026-03-02", "--arm", "\udcff"])
@example(["enroll", "--dry-run", "--date", "2026-03-02", "--arm", "bmsc", "--conflicts", "n" * 300])
@example(["db", "restore", "n" * 300])
@example(["export", "csv", "--week", "9999-W52"])
@example(["show", "\udcff"])
@example(["upcoming", "--as-of", "2099-12-31", "--days", "3660"])
def test_no_words_end_in_a_traceback(schedule: Schedule, words: list[str]) -> None:
    if not schedule.rows()["subjects"]:
        schedule.enter()
    outcome = schedule(*words)
    assert outcome.code in {0, 2, 3, 4, 5, 6, 8, 9, 10}, outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.code == 0 or outcome.err.strip()
    assert schedule.rows()["subjects"] == 1


def test_help_and_version(schedule: Schedule) -> None:
    assert schedule("--version").out.split()[-1] == __version__
    outcome = schedule("--help")
    assert outcome.code == 0
    for name in program.list_commands(click.Context(program)):
        assert f"\n  {name} " in outcome.out
        about = schedule(name, "--help")
        assert about.code == 0
        assert not re.search(r"\w\.\.\.$", about.out, re.M), "no sentence is cut short"
    outcome = schedule()
    assert outcome.code == 2
    assert "Usage: schedule" in outcome.err


def test_every_option_has_a_variable_of_its_name() -> None:
    found = leaves(program)
    assert len(found) > 10
    for path, command in found:
        for option in command.params:
            if isinstance(option, click.Option) and option.name != "as_json":
                called = option.opts[0].removeprefix("--").replace("-", "_")
                assert option.envvar == "_".join(("schedule", *path, called)).upper()
    flags = {option.name: option for option in program.params}
    assert flags["as_json"].envvar == "SCHEDULE_JSON"


def test_every_command_says_what_it_does() -> None:
    for path, command in leaves(program):
        assert command.help, path
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{path} {option.name}"


LOOKS = "show ZJ-001", "list", "--site ZJ upcoming"

ROOMS = {
    "scheduler": "app appointments breaches clearance config dates errors files outcomes products"
    " protocol ruling subject supplies words",
    "scheduler.cli": "agenda options screen",
    "scheduler.readers": "sitezone treatment",
    "scheduler.services": "agenda holdings zones",
    "scheduler.store": "book changes driver engines interruption marks plain postgresql products"
    " protocols rows schema screenings sqlite store subjects tables visits",
}
"""What a look into the book is made of; whatever else it loads, somebody waits for."""


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_into_the_book_loads_no_more_than_it_is_made_of(
    schedule: Schedule, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule.enter()
    monkeypatch.setenv("SCHEDULE_SITE_FILES", schedule.write("site.toml", site_file()))
    _, loaded = after(*look.split())
    known = {f"{room}.{name}" for room, names in ROOMS.items() for name in names.split()}
    known |= ROOMS.keys()
    assert {name for name in loaded if name.split(".")[0] == "scheduler"} - known == set()
    heavy = {"typst", "holidays", "alembic", "icalendar", "psycopg", "segno", "cattrs", "httpx"}
    assert loaded & heavy == set()


@pytest.mark.parametrize("question", ["--help", "--version", "TAB"])
def test_asking_what_there_is_waits_for_no_command(
    question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if question == "TAB":
        monkeypatch.setenv("_SCHEDULE_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", "schedule up")
        monkeypatch.setenv("COMP_CWORD", "1")
    said, loaded = after(question)
    assert "upcoming" in said or question == "--version"
    assert loaded.isdisjoint({"sqlalchemy", "scheduler.app"})
    assert {name for name in loaded if name.startswith("scheduler.cli.")} == {
        "scheduler.cli.screen"
    }


def after(*arguments: str) -> tuple[str, set[str]]:
    """What a process of its own says, and all modules it has loaded by then."""
    code = (
        "import sys; from scheduler.cli import main\n"
        f"try: main({list(arguments)})\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.splitlines()[-1].split())


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

    for name, (module, about) in _COMMANDS.items():
        assert name in import_module(f"scheduler.cli.{module}").COMMANDS
        assert about.endswith(".")
        assert len(about) <= 65, "one line on a narrow screen"


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
