"""Kill a process at its n-th step with the database or with files, for every n.

A step is each moment before a statement that may write, before a commit, and when a
connection is done with; between them nothing is written.  So is each moment before a
file is opened to be written, renamed or removed, or a folder made.  `Executioner` starts
one interpreter that imports the target and forks a child for each death, so a death costs
milliseconds.

The target is "module:function"; the function takes strings (a database's URL, a folder).
It is killed by SIGKILL, which no code can catch, so nothing is tidied up.
"""

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine, Pool, event

_FILE_CHANGES = {"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
_READING = ("SELECT ", "PRAGMA ")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

KILLED, FINISHED, FAILED = "killed", "finished", "failed"


class Executioner:
    """Runs a target to its n-th step and kills it there; a context manager."""

    def __init__(self, target: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killing", target],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kills(self, step: int, *arguments: str) -> bool:
        """Run the target; False when it ended by itself before step number `step` (from 1).

        Raises:
            AssertionError: the target raised something, which is on stderr.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([step, *arguments]) + "\n")
        self._process.stdin.flush()
        end = self._process.stdout.readline().strip()
        assert end in {KILLED, FINISHED}, f"the target {end or 'could not be imported'}"
        return end == KILLED

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()


def _serve(target: str) -> None:
    module, _, name = target.partition(":")
    function = getattr(import_module(module), name)
    for line in sys.stdin:
        step, *arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            # Only `_serve` speaks on the pipe; what the target prints is of no interest.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            _die_at(step)
            function(*arguments)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ends = {-signal.SIGKILL: KILLED, 0: FINISHED}
        print(ends.get(os.waitstatus_to_exitcode(status), FAILED), flush=True)


def _die_at(step: int) -> None:
    left = step

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(_READING):
            count()

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", count)
    event.listen(Pool, "checkin", count)

    def audit(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _FILE_CHANGES or (name == "open" and arguments[2] & _WRITING):
            count()

    sys.dont_write_bytecode = True  # Python's own files are no steps
    sys.addaudithook(audit)


if __name__ == "__main__":
    _serve(sys.argv[1])
