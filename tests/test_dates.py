"""Offsets, windows, intervals and wall clocks: laws 1, 2 and 7 of dates."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import (
    FIRST_DAY,
    LAST_DAY,
    DateOutOfRange,
    Interval,
    NonexistentTime,
    Offset,
    Window,
    checked,
    instant,
    study_day,
)
from tests.arms import moved

DAYS = st.dates(date(2010, 1, 1), date(2080, 12, 31))
NUMBERS = st.integers(-1000, 1000)
OFFSETS = NUMBERS.map(lambda n: Offset(days=n)) | st.integers(-60, 60).map(
    lambda n: Offset(months=n)
)
MAGNITUDES = st.integers(0, 100).map(lambda n: Offset(days=n)) | st.integers(0, 12).map(
    lambda n: Offset(months=n)
)
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Shanghai")])
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
MINUTES = st.timedeltas(timedelta(minutes=1), timedelta(days=2))
INTERVALS = st.builds(
    lambda start, length, zone: Interval(
        start=start.astimezone(zone), end=(start + length).astimezone(zone)
    ),
    INSTANTS,
    MINUTES,
    ZONES,
)


@given(DAYS, MAGNITUDES, MAGNITUDES)
def test_law_1_a_window_holds_its_target_and_both_ends(
    target: date, before: Offset, after: Offset
) -> None:
    window = Window.around(target, before=before, after=after)
    assert target in window
    assert window.earliest in window
    assert window.latest in window
    assert window.earliest - timedelta(days=1) not in window
    assert window.latest + timedelta(days=1) not in window
    assert window.earliest == moved(target, -before)
    assert window.latest == moved(target, after)


@given(DAYS)
def test_law_1_zero_is_a_real_value(day: date) -> None:
    assert Offset().after(day) == Offset(days=0).after(day) == Offset(months=0).after(day) == day
    window = Window.around(day, before=Offset(), after=Offset())
    assert list(window.days()) == [day]


@given(DAYS, NUMBERS, NUMBERS)
def test_law_2_days_obey_the_shift_law(anchor: date, days: int, shift: int) -> None:
    offset, by = Offset(days=days), timedelta(days=shift)
    assert offset.after(anchor + by) == offset.after(anchor) + by


@given(DAYS, OFFSETS)
def test_law_2_months_clip_at_the_months_end(anchor: date, offset: Offset) -> None:
    day = offset.after(anchor)
    assert day == moved(anchor, offset)
    if offset.months:
        assert day.day <= anchor.day
        assert day.day == anchor.day or (day + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("anchor", "offset", "day"),
    [
        ("2026-01-31", "1 mo", "2026-02-28"),
        ("2028-01-31", "1 mo", "2028-02-29"),
        ("2026-01-31", "2 mo", "2026-03-31"),
        ("2026-01-31", "3 mo", "2026-04-30"),
        ("2026-03-31", "-1 mo", "2026-02-28"),
        ("2028-02-29", "1 y", "2029-02-28"),
        ("2028-02-29", "4 y", "2032-02-29"),
        ("2027-02-28", "1 y", "2028-02-28"),
        ("2026-12-31", "2 mo", "2027-02-28"),
        ("2028-02-28", "1 d", "2028-02-29"),
        ("2026-02-28", "1 d", "2026-03-01"),
        ("2026-12-28", "1 w", "2027-01-04"),
        ("2026-03-02", "-7 d", "2026-02-23"),
        ("2026-03-02", "0 d", "2026-03-02"),
        ("2026-03-31", "0 mo", "2026-03-31"),
        ("2100-02-28", "-1 y", "2099-02-28"),
    ],
)
def test_days_after_an_anchor_by_hand(anchor: str, offset: str, day: str) -> None:
    assert Offset.parse(offset).after(date.fromisoformat(anchor)) == date.fromisoformat(day)


def test_months_count_from_the_anchor_and_are_never_chained() -> None:
    month, anchor = Offset(months=1), date(2026, 1, 31)
    assert Offset(months=2).after(anchor) == date(2026, 3, 31)
    assert month.after(month.after(anchor)) == date(2026, 3, 28)


@given(OFFSETS)
def test_an_offset_and_its_opposite(offset: Offset) -> None:
    opposite = -offset
    assert (opposite.days, opposite.months) == (-offset.days, -offset.months)
    assert -opposite == offset


@given(st.integers(-99999, 99999), st.sampled_from(["d", "w", "mo", "y"]), st.booleans())
def test_offsets_are_read_as_they_are_written(amount: int, unit: str, sign: bool) -> None:
    factor = {"d": 1, "w": 7, "mo": 1, "y": 12}[unit]
    offset = Offset.parse(f"{amount:+} {unit}" if sign else f"{amount}{unit}")
    assert (offset.days, offset.months) == (
        (amount * factor, 0) if unit in {"d", "w"} else (0, amount * factor)
    )


def test_a_real_minus_sign_is_a_minus() -> None:
    assert Offset.parse("−2 d") == Offset(days=-2)


@pytest.mark.parametrize(
    "text",
    ["", "d", "5", "5 days", "1.5 d", "d 5", "5 d 3", "5 m", "1 mo 2 d", "100000 d", "--1 d"],
)
def test_what_is_no_offset_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r'is not an offset like "35 d", "-1 w", "3 mo", "1 y"'):
        Offset.parse(text)


def test_an_offset_counts_days_or_months_never_both() -> None:
    with pytest.raises(ValueError, match="not both"):
        Offset(days=1, months=1)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (Offset(), "+ 0 days"),
        (Offset(days=1), "+ 1 day"),
        (Offset(days=-1), "- 1 day"),
        (Offset(days=14), "+ 14 days"),
        (Offset(months=1), "+ 1 month"),
        (Offset(months=-12), "- 12 months"),
    ],
)
def test_an_offset_is_told_in_words(offset: Offset, words: str) -> None:
    assert str(offset) == words


@pytest.mark.parametrize("day", [FIRST_DAY, LAST_DAY, date(2026, 3, 2)])
def test_possible_dates_pass(day: date) -> None:
    assert checked(day) == day


@pytest.mark.parametrize("day", [date(26, 3, 2), date(1999, 12, 31), date(2100, 1, 1)])
def test_slips_of_the_pen_are_refused(day: date) -> None:
    with pytest.raises(DateOutOfRange, match="dates run from 2000-01-01 to 2099-12-31") as refused:
        checked(day)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("anchor", "offset"),
    [
        (LAST_DAY, Offset(days=1)),
        (FIRST_DAY, Offset(days=-1)),
        (LAST_DAY, Offset(months=1)),
        (LAST_DAY, Offset(days=99999)),
        (LAST_DAY, Offset(days=9_999_999)),
        (LAST_DAY, Offset(days=99_999_999_999)),
        (FIRST_DAY, Offset(months=-99999)),
        (LAST_DAY, Offset(months=99999 * 12)),
    ],
)
def test_an_offset_out_of_all_years_is_refused(anchor: date, offset: Offset) -> None:
    with pytest.raises(DateOutOfRange):
        offset.after(anchor)


WINDOWS = st.builds(
    lambda first, length: Window(earliest=first, latest=first + timedelta(days=length)),
    st.dates(date(2026, 1, 1), date(2026, 3, 31)),
    st.integers(0, 40),
)


@given(WINDOWS, WINDOWS)
def test_two_windows_share_the_days_that_are_in_both(one: Window, other: Window) -> None:
    both = one & other
    assert (list(both.days()) if both else []) == [day for day in one.days() if day in other]


@given(WINDOWS, st.dates(date(2025, 12, 1), date(2026, 6, 30)))
def test_a_day_misses_a_window_by_its_distance_to_the_nearest_day(
    window: Window, day: date
) -> None:
    nearest = min(window.days(), key=lambda other: abs(day - other))
    assert window.nearest(day) == nearest
    assert window.beyond(day) == (day - nearest).days
    assert (window.beyond(day) == 0) == (day in window)


def test_a_window_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        Window(earliest=date(2026, 3, 2), latest=date(2026, 3, 1))


@given(INTERVALS, INTERVALS)
def test_intervals_overlap_when_they_share_an_instant(one: Interval, other: Interval) -> None:
    first = max(one.start.timestamp(), other.start.timestamp())
    last = min(one.end.timestamp(), other.end.timestamp())
    assert one.overlaps(other) == other.overlaps(one) == (first < last)


def test_intervals_that_touch_do_not_overlap() -> None:
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    morning = Interval(start=nine, end=nine + timedelta(hours=3))
    noon = Interval(start=morning.end, end=morning.end + timedelta(minutes=1))
    assert not morning.overlaps(noon)
    assert not noon.overlaps(morning)
    assert morning.overlaps(morning)


def test_an_interval_needs_a_zone_and_a_length() -> None:
    nine = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        Interval(start=nine.replace(tzinfo=None), end=nine)
    with pytest.raises(ValueError, match="at or before its start"):
        Interval(start=nine, end=nine)
    with pytest.raises(ValueError, match="at or before its start"):
        Interval(start=nine, end=nine.astimezone(BERLIN) - timedelta(minutes=1))


def test_an_interval_in_the_repeated_hour_is_an_hour_longer_than_its_clock_says() -> None:
    # Berlin 2026-10-25: 02:30 summer time, an hour later it is 02:30 again.
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    again = first.replace(fold=1)
    assert Interval(start=first, end=again).minutes() == 60
    assert Interval(start=first.replace(hour=0), end=again.replace(hour=4)).minutes() == 300
    with pytest.raises(ValueError, match="at or before its start"):
        Interval(start=again, end=first)


def test_an_interval_over_the_gap_is_an_hour_shorter_than_its_clock_says() -> None:
    day = datetime(2026, 3, 29, tzinfo=BERLIN)
    assert Interval(start=day.replace(hour=1), end=day.replace(hour=4)).minutes() == 120


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.times(), ZONES)
def test_law_7_a_wall_clock_time_is_kept_or_refused(day: date, at: time, zone: ZoneInfo) -> None:
    at = at.replace(fold=0)
    try:
        moment = instant(day, at, zone)
    except NonexistentTime:
        # It lies in a gap: read with the clock of before and after, it is two instants.
        naive = datetime.combine(day, at, tzinfo=zone)
        assert naive.utcoffset() < naive.replace(fold=1).utcoffset()  # type: ignore[operator]  # zones have offsets
    else:
        there = moment.astimezone(UTC).astimezone(zone)
        assert (there.date(), there.time()) == (day, at)


@pytest.mark.parametrize(
    ("day", "at", "zone"),
    [
        ("2026-03-29", "02:00", BERLIN),
        ("2026-03-29", "02:59", BERLIN),
        ("2026-03-08", "02:30", NEW_YORK),
        ("2026-10-04", "02:15", LORD_HOWE),
    ],
)
def test_law_7_a_time_that_the_clock_jumps_over_is_refused(
    day: str, at: str, zone: ZoneInfo
) -> None:
    with pytest.raises(NonexistentTime, match=f"{at} does not exist on {day} in {zone.key}"):
        instant(date.fromisoformat(day), time.fromisoformat(at), zone)


@pytest.mark.parametrize(
    ("day", "at", "zone", "utc"),
    [
        ("2026-03-29", "01:59", BERLIN, "2026-03-29T00:59+00:00"),
        ("2026-03-29", "03:00", BERLIN, "2026-03-29T01:00+00:00"),
        ("2026-10-25", "02:30", BERLIN, "2026-10-25T00:30+00:00"),
        ("2026-10-25", "03:00", BERLIN, "2026-10-25T02:00+00:00"),
        ("2026-11-01", "01:30", NEW_YORK, "2026-11-01T05:30+00:00"),
        ("2026-11-01", "02:00", NEW_YORK, "2026-11-01T07:00+00:00"),
        ("2026-10-04", "02:30", LORD_HOWE, "2026-10-03T15:30+00:00"),
        ("2026-04-05", "01:45", LORD_HOWE, "2026-04-04T14:45+00:00"),
        ("2026-04-05", "02:00", LORD_HOWE, "2026-04-04T15:30+00:00"),
    ],
)
def test_instants_around_a_change_of_clocks_by_hand(
    day: str, at: str, zone: ZoneInfo, utc: str
) -> None:
    moment = instant(date.fromisoformat(day), time.fromisoformat(at), zone)
    assert moment.astimezone(UTC) == datetime.fromisoformat(utc)


@given(DAYS, st.integers(-500, 500))
def test_study_days_have_no_day_zero(reference: date, days: int) -> None:
    number = study_day(reference + timedelta(days=days), reference)
    assert number == (days + 1 if days >= 0 else days)
    assert number != 0
