"""Workers on a book in PostgreSQL: two do what one computer does, and none in vain."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler.store import Store
from tests.databases import PostgresqlDatabases
from tests.running import Schedule, site_file
from tests.services.test_laboratories import overfull
from tests.working import HANGING, NEVER, PROGRAM, wait_until_empty, worker

LABORATORY = """
[laboratory]
days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
name = "Central"
starts_per_day = 1
releases_per_day = 1
"""

NEEDED = "schedule: workers need a book in PostgreSQL; move it there with: schedule db migrate\n"


class Desk:
    """A desk with two sites that ask too much of the laboratory they share."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        files = [folder / f"{code}.toml" for code in ("ZJ", "GZ")]
        for file in files:
            file.write_text(site_file(LABORATORY, code=file.stem), encoding="utf-8")
        names = ":".join(map(str, files))
        self._settings = {"SCHEDULE_DATABASE": url, "SCHEDULE_SITE_FILES": names}

    @contextmanager
    def replanning(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """`replan` for all sites as a process, with more words."""
        words = ("replan", "--all-sites", "--as-of", "2026-03-13", "--json", *words)
        with subprocess.Popen(
            (sys.executable, "-c", PROGRAM, *words),
            env=os.environ | self._settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture(scope="module")
def desk(
    postgresql: PostgresqlDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    with postgresql.book() as url:
        with Store(url) as store:
            overfull(store)
        yield Desk(url, tmp_path_factory.mktemp("desk"))


def told(process: subprocess.Popen[str]) -> object:
    """The proposal in the end."""
    out, err = process.communicate(timeout=HANGING)
    assert process.returncode == 0, err
    return json.loads(out)


def test_two_workers_propose_what_one_computer_does(desk: Desk) -> None:
    with worker(desk.url) as one, worker(desk.url) as other:
        # So that each of them has to do one of the two sites.
        other.send(signal.SIGSTOP)
        with desk.replanning("--workers") as process:
            one.hear("2 participants")
            one.send(signal.SIGSTOP)
            other.send(signal.SIGCONT)
            other.hear("2 participants")
            one.send(signal.SIGCONT)
            found = told(process)
        wait_until_empty(desk.url)
        for each, number in ((one, signal.SIGTERM), (other, signal.SIGINT)):
            assert each.end(number) == 0
            assert each.said[-1] == "Stopped."
    assert {one.said[1], other.said[1]} == {"ZJ: 2 participants", "GZ: 2 participants"}
    with desk.replanning() as process:
        assert told(process) == found


def test_nobody_works_for_who_does_not_ask_any_more(desk: Desk) -> None:
    with worker(desk.url, NEVER) as stuck:
        for number, code in ((signal.SIGINT, 1), (signal.SIGKILL, -signal.SIGKILL)):
            with desk.replanning("--workers") as process:
                stuck.hear("2 participants")
                process.send_signal(number)
                # Read what it says: a pipe that is full would hold it for ever.
                process.communicate(timeout=HANGING)
                assert process.returncode == code
            stuck.hear("not asked for any more")
            wait_until_empty(desk.url)


def test_who_has_no_workers_is_told_so(journey: Schedule) -> None:
    alone = journey("replan", "--workers")
    assert (alone.code, "add --all-sites" in alone.err) == (2, True)
    refused = journey("replan", "--all-sites", "--workers")
    if journey.url.startswith("postgresql"):
        assert refused.code == 7
        assert "start some with: schedule worker, or leave --workers out" in refused.err
    else:
        started = journey("worker")
        assert (refused.code, refused.err) == (started.code, started.err) == (9, NEEDED)
