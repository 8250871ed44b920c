"""Killed at any write of `enroll`, the book is as before or complete, and goes on."""

from itertools import count

import pytest

from tests.databases import Databases
from tests.killing import Executioner, written
from tests.running import SHORT, Schedule

ARGUMENTS = ("enroll", "--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")

FILES = (
    ("short.toml",),
    (".ZJ-001.ics.part", "short.toml"),
    (".ZJ-001-visit-sheets.pdf.part", ".ZJ-001.ics.part", "short.toml"),
    (".ZJ-001-visit-sheets.pdf.part", "ZJ-001.ics", "short.toml"),
    ("ZJ-001-visit-sheets.pdf", "ZJ-001.ics", "short.toml"),
)
"""What can lie in the folder, from the beginning to the end."""


def test_enrolling_is_all_or_nothing(
    journey: Schedule, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey.write("short.toml", SHORT)
    assert journey(*ARGUMENTS).code == 0
    complete = journey.rows()
    assert (complete["subjects"], complete["visits"], complete["bookings"]) == (1, 3, 2)
    ends: list[int] = []
    deaths: list[str] = []
    seen: set[tuple[str, ...]] = set()
    with Executioner("tests.journeys.enrolling:enroll") as executioner:
        for step in count(1):
            folder = journey.folder / str(step)
            folder.mkdir()
            with databases.book() as url:
                schedule = Schedule(url, folder)
                schedule.write("short.toml", SHORT)
                death = executioner.kills(step, url, str(folder))
                rows = schedule.rows()
                assert rows == complete or not any(rows.values())
                ends.append(rows["subjects"])
                found = tuple(schedule.files())
                # Now and then, for it takes longer than the death; and after each news.
                if step % 10 == 0 or found not in seen:
                    monkeypatch.chdir(folder)
                    monkeypatch.setenv("SCHEDULE_DATABASE", url)
                    _go_on(schedule, enrolled=bool(rows["subjects"]))
                seen.add(found)
            if not death:
                break
            deaths.append(death)
    assert ends == sorted(ends)
    in_vain = deaths[: ends.count(0)]
    assert written(in_vain) == {name for name, count in complete.items() if count}
    assert in_vain[-1] == "COMMIT"
    assert {f"os.rename {name}" for name in FILES[-1][:2]} <= set(deaths[len(in_vain) :])
    assert seen == set(FILES)


def _go_on(schedule: Schedule, *, enrolled: bool) -> None:
    """The next person at the desk: enrolls, and prints again what was lost."""
    assert schedule.enter(arm="a", protocol="short.toml") == ("ZJ-002" if enrolled else "ZJ-001")
    if enrolled:
        for kind in ("ics", "sheets"):
            assert schedule("export", kind, "--subject", "ZJ-001").code == 0
        assert schedule.files() == list(FILES[-1])
