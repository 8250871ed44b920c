"""Kill a process at its n-th step with the database or with files, for every n, or at one by name.

A step is each moment before a statement that may write, and before and after a commit;
between them nothing is written.  So is each moment before a
file is opened to be written, renamed or removed, or a folder made.  `Executioner` starts
one interpreter that imports the target and forks a child for each death, so a death costs
milliseconds.

The target is "module:function"; the function takes strings (a database's URL, a folder).
It is killed by SIGKILL, which no code can catch, so nothing is tidied up.  A death tells
before what it came ("INSERT INTO visits", "COMMIT", "os.rename ZJ-001.ics"), so that a test can
say which deaths there must have been: a bare number of them says little.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from sqlalchemy import Connection, Engine, Pool, event

_FILE_CHANGES = {"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
_READING = ("SELECT ", "PRAGMA ", "-- ")
"""Two dashes are before what a trigger does within the statement."""

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

KILLED, FINISHED, FAILED = "killed", "finished", "failed"


class Executioner:
    """Runs a target to a step and kills it there; a context manager."""

    def __init__(self, target: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killing", target],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kills(self, step: int | str, *arguments: str) -> str | None:
        """Run the target until it is about to take a step: one by number (from 1) or by name.

        The result names that step; None when the target ended by itself before it.

        Raises:
            AssertionError: the target raised something, which is on stderr.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([step, *arguments]) + "\n")
        self._process.stdin.flush()
        end, _, before = self._process.stdout.readline().strip().partition(" ")
        assert end in {KILLED, FINISHED}, f"the target {end or 'could not be imported'}"
        return before if end == KILLED else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


def written(deaths: Iterable[str]) -> set[str]:
    """The tables whose rows some of the deaths came right before."""
    return {death.split()[2] for death in deaths if death.startswith("INSERT INTO ")}


def _serve(target: str) -> None:
    module, _, name = target.partition(":")
    function = getattr(import_module(module), name)
    for line in sys.stdin:
        step, *arguments = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            # Only `_serve` speaks on the pipe; what the target prints is of no interest.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            _die_at(step, writing)
            function(*arguments)
            os._exit(0)
        os.close(writing)
        with open(reading, encoding="utf-8") as told:
            before = told.read()
        _, status = os.waitpid(child, 0)
        ends = {-signal.SIGKILL: KILLED, 0: FINISHED}
        print(ends.get(os.waitstatus_to_exitcode(status), FAILED), before, flush=True)


def _die_at(step: int | str, telling: int) -> None:
    taken = 0

    def take(name: str) -> None:
        nonlocal taken
        taken += 1
        if step in {taken, name}:
            os.write(telling, name.encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def run(statement: str) -> None:
        if not statement.startswith(_READING):
            take(" ".join(statement.split(maxsplit=3)[:3]))

    def execute(connection: Connection, _: object, statement: str, *__: object) -> None:
        if connection.dialect.name != "sqlite":
            run(statement)

    def commit(connection: Connection) -> None:
        if connection.dialect.name != "sqlite":
            take("COMMIT")

    def finish(connection: Connection) -> None:
        finished(connection)
        take("committed")

    def connect(connection: object, _record: object) -> None:
        # SQLite itself tells before each row, whichever way a statement has come to it.
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(run)

    event.listen(Pool, "connect", connect)
    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)
    # Of what comes after a commit SQLAlchemy tells nobody.
    finished = Connection.commit
    patch.object(Connection, "commit", finish).start()

    def audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _FILE_CHANGES or (name == "open" and arguments[2] & _WRITING):
            path = arguments[1] if name in {"os.rename", "os.link"} else arguments[0]
            take(f"{name} {os.path.basename(os.fsdecode(path))}")

    sys.dont_write_bytecode = True  # Python's own files are no steps
    sys.addaudithook(audit)


if __name__ == "__main__":
    _serve(sys.argv[1])
