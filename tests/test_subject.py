"""Visits: three dates that never overwrite each other."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Interval, Window
from scheduler.protocol import Kind, Mode
from scheduler.subject import OPEN, Status, Visit, ref
from scheduler.words import Words

TARGET = date(2026, 4, 9)


def visit(start: datetime | None = None, *, occurrence: int = 1) -> Visit:
    return Visit(
        study="s",
        subject="ZJ-001",
        site="ZJ",
        encounter="day-3",
        occurrence=occurrence,
        label=Words.of(en="Day 3"),
        kind=Kind.FOLLOW_UP,
        mode=Mode.VISIT,
        target=TARGET,
        window=Window(earliest=TARGET, latest=TARGET),
        status=Status.SCHEDULED if start else Status.PLANNED,
        scheduled=Interval(start=start, end=start + timedelta(hours=1)) if start else None,
        changed=datetime(2026, 3, 2, tzinfo=UTC),
    )


@given(st.integers(-30, 30))
def test_days_from_target_have_the_sign_of_the_calendar(days: int) -> None:
    start = datetime(2026, 4, 9, 9, tzinfo=ZoneInfo("Asia/Shanghai")) + timedelta(days=days)
    assert visit(start).off_target == days
    assert visit(start).day == TARGET + timedelta(days=days)


def test_a_visit_without_a_slot_has_no_day() -> None:
    assert visit().day is None
    assert visit().off_target is None


def test_the_day_of_a_visit_is_that_of_the_site() -> None:
    # Eight in the morning in Shanghai is midnight in London.
    assert visit(datetime(2026, 4, 9, 0, 30, tzinfo=ZoneInfo("Asia/Shanghai"))).day == TARGET


def test_occurrences_are_told_apart() -> None:
    assert ref("day-3", 1) == visit().ref == "day-3"
    assert visit(occurrence=2).ref == "day-3#2"


def test_what_is_over_is_not_open() -> None:
    over = {Status.COMPLETED, Status.MISSED, Status.CANCELLED, Status.SUPERSEDED}
    assert set(Status) - OPEN == over
