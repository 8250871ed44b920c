"""The command line in-process: arguments in; exit code, stdout and stderr out.

Also what people hand to it: a site file, a conflict calendar, a short protocol.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler import shipped
from scheduler.app import App
from scheduler.cli import run
from scheduler.services.enrollment import Request, enroll
from scheduler.store.tables import metadata

NOW = "2026-02-20T01:00:00+00:00"
"""The frozen instant of the tests: a Friday, nine in the morning in Shanghai."""

WORKED = ("enroll", "--date", "2026-03-02", "--arm", "bmsc", "--weight", "68.5")
"""The worked example of the built-in trial."""

DEMO_SITE = (
    "Site: Zhujiang Hospital of Southern Medical University"
    " (built-in demo site; name your own with --site or site_files)\n"
)
"""What every command says first that works for the demo site because no other is named."""


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

    def enter(self, arm: str = "bmsc", protocol: str | None = None) -> str:
        """Enroll as the command does, but write no files: printing takes most of its time.

        The result is the participant's code.
        """
        app = App({})
        weight, enrolled = Decimal("68.5"), date(2026, 3, 2)
        request = Request(enrolled=enrolled, arm=arm, weight=weight, protocol=protocol)
        found = enroll(app.store, app.clinic, request, app.change("enroll"), None, None)
        app.close()
        assert not found.missing
        return found.subject.code

    def consent(self, *codes: str) -> None:
        """Record that participants want to be told of their appointments."""
        for code in codes:
            outcome = self("subject", "consent", code, "--to", "reminders")
            assert outcome.code == 0, outcome.err

    def write(self, name: str, text: str) -> str:
        """A file beside the book; its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def rows(self) -> dict[str, int]:
        """How many rows each table of the book holds."""
        counts = (f"(SELECT count(*) FROM {name}) AS {name}" for name in metadata.tables)
        with create_engine(self.url, poolclass=NullPool).connect() as connection:
            row = connection.execute(text(f"SELECT {', '.join(counts)}")).one()
        return dict(row._mapping)

    def files(self) -> list[str]:
        """Everything in the folder, hidden and temporary files too, but not the book."""
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file()
        )


@contextmanager
def at_a_desk(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Schedule]:
    """A person's folder, home and clock; nothing of whoever runs the tests is read."""
    desk, home = folder / "desk", folder / "home"
    desk.mkdir()
    monkeypatch.chdir(desk)
    for name in os.environ:
        if name.startswith("SCHEDULE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for kind in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(home / "etc"))
    monkeypatch.setenv("LOGNAME", "li")
    monkeypatch.setenv("SCHEDULE_DATABASE", url)
    with freeze_time(NOW, ignore=["_pytest.timing"]):
        yield Schedule(url, desk)


def site_file(*more: str, code: str = "ZJ", chairs: int = 2) -> str:
    """The demo site as a hospital's own, with `more` tables behind it."""
    text = shipped.read("sites/zhujiang.toml").decode()
    for before, after in (
        ("demo = true", "demo = false"),
        ('code = "ZJ"', f'code = "{code}"'),
        ('"输液椅" }\ncapacity = 2', f'"输液椅" }}\ncapacity = {chairs}'),
    ):
        assert before in text
        text = text.replace(before, after)
    return "\n".join((text, *more))


def calendar(*events: str) -> str:
    """A calendar of events: "2026-04-09 08:00 12:30" in Shanghai, "2026-04-09" all day.

    "2026-04-09/2026-04-12" is all of three days.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN"]
    for number, event in enumerate(events):
        days, *times = event.replace("-", "").replace(":", "").split()
        day, _, end = days.partition("/")
        lines += ["BEGIN:VEVENT", f"UID:{number}@tests", "DTSTAMP:20260101T000000Z"]
        if times:
            names = ("DTSTART", "DTEND")
            pairs = zip(names, times, strict=True)
            lines += [f"{name};TZID=Asia/Shanghai:{day}T{at}00" for name, at in pairs]
        else:
            lines.append(f"DTSTART;VALUE=DATE:{day}")
            lines += [f"DTEND;VALUE=DATE:{end}"] if end else []
        lines.append("END:VEVENT")
    return "".join(f"{line}\r\n" for line in (*lines, "END:VCALENDAR"))


SHORT = """
id = "short"
version = "1"
title = { en = "Short study" }

[[epoch]]
id = "all"
label = { en = "All" }

[[arm]]
code = "a"
label = { en = "Arm A" }
dose = { cells_per_kg = 1_000_000, volume_ml = 80, tolerance_ml = 5, weight_valid_days = 7 }

[[arm.encounter]]
id = "first"
label = { en = "First infusion" }
kind = "infusion"
epoch = "all"
anchor = "enrollment"
offset = "1 d"
window = "2 d"
minutes = 60
needs = [{ resource = "chair", minutes = 60 }]
basis = "assumption"

[[arm.encounter]]
id = "second"
label = { en = "Second infusion" }
kind = "infusion"
epoch = "all"
anchor = "first"
offset = "7 d"
window = "0 d"
paired_with = "first"
minutes = 60
needs = [{ resource = "chair", minutes = 60 }]
basis = "assumption"

[[arm.encounter]]
id = "last"
label = { en = "Last call" }
kind = "follow-up"
mode = "phone"
epoch = "all"
anchor = "second"
offset = "14 d"
window = "1 d"
minutes = 15
basis = "assumption"
"""
"""A study of one arm: a pair of infusions and a call that hangs on it; quick to print."""


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()
