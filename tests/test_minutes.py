"""Rows of minutes: lengths of days, intervals on them, runs of bits."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Interval
from scheduler.minutes import NO_TIME, Minutes, lowest, runs
from tests.arms import bits

ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Shanghai"]
).map(ZoneInfo)
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


@given(st.integers(0, 2**40 - 1), st.integers(1, 20))
def test_runs_begin_where_enough_bits_follow(free: int, length: int) -> None:
    expected = [n for n in range(41) if all(free >> n + k & 1 for k in range(length))]
    assert bits(runs(free, length)) == expected


@given(st.integers(0, 2**70 - 1))
def test_the_lowest_bit(number: int) -> None:
    assert lowest(number) == min(bits(number), default=NO_TIME)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", "2026-03-29", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Havana", "2026-03-08", 23),
        ("America/Havana", "2025-11-02", 25),
        ("America/Nuuk", "2026-03-28", 23),
        ("America/Nuuk", "2026-10-24", 25),
    ],
)
def test_law_7_days_have_the_length_of_their_clock(zone: str, day: str, hours: float) -> None:
    length = Minutes(ZoneInfo(zone)).length(date.fromisoformat(day).toordinal())
    assert length == hours * 60


@given(ZONES, DAYS)
def test_law_7_one_day_ends_where_the_next_begins(zone: ZoneInfo, day: date) -> None:
    minutes, ordinal = Minutes(zone), day.toordinal()
    whole = minutes.interval(ordinal, 0, minutes.length(ordinal))
    following = minutes.interval(ordinal + 1, 0, 1)
    assert whole.end.astimezone(UTC) == following.start.astimezone(UTC)
    assert whole.start.date() == day
    assert (whole.end - timedelta(minutes=1)).date() == day


@given(
    ZONES,
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=3)),
)
def test_an_interval_takes_every_minute_that_it_touches(
    zone: ZoneInfo, start: datetime, length: timedelta
) -> None:
    start = start.replace(tzinfo=UTC)
    interval = Interval(start=start, end=start + length)
    minutes = Minutes(zone)
    taken = [
        minutes.interval(ordinal, n, 1).start.timestamp()
        for ordinal, touched in minutes.by_day(interval)
        for n in bits(touched)
    ]
    first, last = start.timestamp() // 60, -(-interval.end.timestamp() // 60)
    assert taken == [minute * 60 for minute in range(int(first), int(last))]
    assert all(touched for _, touched in minutes.by_day(interval))
