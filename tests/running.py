"""The command line in-process: arguments in; exit code, stdout and stderr out."""

import json
import os
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

from scheduler.cli import run

NOW = "2026-02-20T01:00:00+00:00"
"""The frozen instant of the tests: a Friday, nine in the morning in Shanghai."""

WORKED = ("enroll", "--date", "2026-03-02", "--arm", "bmsc", "--weight", "68.5")
"""The worked example of the built-in trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stdout holds, as JSON and nothing else."""
        return json.loads(self.out)


class Schedule:
    """Runs `schedule`; `url` is its book and `folder` the folder it is called from."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def __call__(self, *arguments: str) -> Outcome:
        out, err = (TextIOWrapper(BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        return Outcome(code=code, out=_text(out), err=_text(err))

    def enroll(self, *more: str) -> Outcome:
        """Enroll the worked example; it is an error if that is refused."""
        outcome = self(*WORKED, *more)
        assert outcome.code == 0, outcome.err
        return outcome

    def write(self, name: str, text: str) -> str:
        """A file beside the book; its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def files(self) -> list[str]:
        """Everything in the folder, hidden and temporary files too, but not the book."""
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file()
        )


def isolated(home: Path, url: str) -> Iterator[tuple[str, str]]:
    """The environment of a person who has configured nothing but the book."""
    yield "HOME", str(home)
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        yield f"XDG_{kind}_HOME", str(home / kind.lower())
    yield "XDG_CONFIG_DIRS", str(home / "etc")
    yield "SCHEDULE_DATABASE", url


def settings_of_others() -> list[str]:
    """Variables of whoever runs the tests that would reach the program."""
    return [name for name in os.environ if name.startswith("SCHEDULE_")]


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()
