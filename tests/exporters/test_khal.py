"""A real calendar program imports our files and shows every visit at the right local time."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scheduler.sites import Audience
from scheduler.subject import Status, Visit
from tests.arms import trial
from tests.calendars import clinic, course, visit, written
from tests.khal import Khal


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
