"""A real calendar program imports our files and shows every visit at the right local time."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.sites import Audience
from scheduler.subject import Status, Visit
from tests.arms import trial
from tests.calendars import clinic, course, visit, written

CONFIG = """
[calendars]
[[study]]
path = {vdir}
[locale]
local_timezone = {zone}
default_timezone = {zone}
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {database}
"""
SHOWN = "{start-long}|{end-long}|{title}"


class Khal:
    """A user of khal in a zone, with a home of their own."""

    def __init__(self, home: Path, zone: str) -> None:
        vdir = home / "calendar"
        vdir.mkdir(parents=True)
        self._config = home / "config"
        self._config.write_text(CONFIG.format(vdir=vdir, zone=zone, database=home / "khal.db"))
        places = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
        self._environment = os.environ | dict.fromkeys(places, str(home)) | {"TZ": zone}
        self._home = home

    def imports(self, data: bytes) -> None:
        file = self._home / "visits.ics"
        file.write_bytes(data)
        self._run("import", "--batch", "--include-calendar", "study", str(file))

    def shows(self, first: date, last: date) -> list[str]:
        """Start, end and title of every event between two days, both inclusive."""
        days = (str(first), str(last + timedelta(days=1)))
        shown = self._run("list", "--once", "--day-format", "", "--format", SHOWN, *days)
        return sorted(filter(None, shown.splitlines()))

    def _run(self, *words: str) -> str:
        khal = (sys.executable, "-m", "khal", "--config", str(self._config))
        done = subprocess.run(
            (*khal, *words), env=self._environment, capture_output=True, text=True, check=True
        )
        assert not done.stderr
        return done.stdout


def expected(visits: Sequence[Visit], zone: str) -> list[str]:
    """What a person in `zone` must read."""

    def at(moment: datetime) -> str:
        return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"

    slots = [(visit.scheduled, visit) for visit in visits if visit.scheduled]
    return sorted(
        f"{at(slot.start)}|{at(slot.end)}|{visit.subject} · {visit.label}" for slot, visit in slots
    )


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_a_course_of_visits_in_shanghai(tmp_path: Path, zone: str) -> None:
    visits = course(trial().arms[0])
    khal = Khal(tmp_path, zone)
    khal.imports(written(*visits))
    shown = khal.shows(date(2026, 3, 1), date(2026, 4, 1))
    assert shown == expected(visits, zone)


@pytest.mark.parametrize("home", ["America/New_York", "Africa/Cairo"])
def test_visits_keep_their_hour_when_the_clocks_change(tmp_path: Path, home: str) -> None:
    months = [date(2026, month, 9) for month in range(1, 13)]
    visits = [visit(day, encounter=f"v{day.month}", zone=home) for day in months]
    khal = Khal(tmp_path, "Asia/Shanghai")
    khal.imports(written(*visits, site=clinic(home)))
    shown = khal.shows(months[0], months[-1])
    assert shown == expected(visits, "Asia/Shanghai")


def test_a_second_import_moves_and_marks(tmp_path: Path) -> None:
    first, second = visit(), visit(date(2026, 4, 16), encounter="infusion-2")
    khal = Khal(tmp_path, "Asia/Shanghai")
    khal.imports(written(first, second))
    moved = visit(date(2026, 4, 10), sequence=1)
    off = visit(date(2026, 4, 16), encounter="infusion-2", sequence=1, status=Status.CANCELLED)
    khal.imports(written(moved, off))
    assert khal.shows(date(2026, 4, 1), date(2026, 4, 30)) == [
        "2026-04-10 09:00|2026-04-10 16:00|ZJ-001 · Infusion 1",
        "2026-04-16 09:00|2026-04-16 16:00|CANCELLED: ZJ-001 · Infusion 1",
    ]


def test_chinese_words_arrive(tmp_path: Path) -> None:
    khal = Khal(tmp_path, "Asia/Shanghai")
    khal.imports(written(visit(), audience=Audience.PARTICIPANT, language="zh"))
    assert khal.shows(date(2026, 4, 9), date(2026, 4, 9)) == [
        "2026-04-09 09:00|2026-04-09 16:00|医院预约"
    ]
