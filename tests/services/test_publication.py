"""Publication: what files are called, and how much goes into one."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from scheduler.dates import Window
from scheduler.exporters.sheets import PAGES_A_FILE
from scheduler.services.publication import Selection
from tests.running import SHORT, Schedule

DAYS = st.dates(date(2000, 1, 3), date(2099, 12, 20))


@given(DAYS, DAYS)
def test_a_name_tells_what_is_in_the_file(day: date, since: date) -> None:
    monday = day - timedelta(days=day.weekday())
    week = Window(earliest=monday, latest=monday + timedelta(days=6))
    year, number, _ = day.isocalendar()
    assert Selection().name("ZJ") == "ZJ"
    assert Selection(week=week).name("ZJ") == f"ZJ-{year}-W{number:02}"
    assert Selection(changed_since=since).name("ZJ-001") == f"ZJ-001-changes-{since}"
    both = Selection(week=week, changed_since=since)
    assert both.name("ZJ") == f"ZJ-{year}-W{number:02}-changes-{since}"


def test_a_new_year_may_begin_in_the_last_week_of_the_old() -> None:
    week = Window(earliest=date(2026, 12, 28), latest=date(2027, 1, 3))
    assert Selection(week=week).name("ZJ") == "ZJ-2026-W53"


def test_many_sheets_are_several_files_and_nobody_is_torn_apart(schedule: Schedule) -> None:
    schedule.write("short.toml", SHORT)
    codes = [schedule.enter(arm="a", protocol="short.toml") for _ in range(12)]
    assert schedule("export", "sheets").code == 0
    names = ["ZJ-visit-sheets.pdf", "ZJ-visit-sheets-2.pdf"]
    assert schedule.files() == sorted([*names, "short.toml"])
    seen: list[list[str]] = []
    for name in names:
        texts = [page.extract_text() for page in PdfReader(schedule.folder / name).pages]
        assert len(texts) <= PAGES_A_FILE
        seen.append([code for code in codes if any(code in text for text in texts)])
        assert len(texts) == 4 * len(seen[-1])
    assert seen[0] + seen[1] == codes
