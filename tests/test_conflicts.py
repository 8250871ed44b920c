"""Busy time against the plainest way to say it: a set of minutes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from scheduler.conflicts import Busy, Conflict, merged
from scheduler.dates import Interval

START = datetime(2026, 3, 28, 22, tzinfo=UTC)  # Berlin puts its clock forward at 01:00 UTC
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")])


def between(first: int, last: int, zone: ZoneInfo | None = None) -> Interval:
    start, end = START + timedelta(minutes=first), START + timedelta(minutes=last)
    return Interval(start=start.astimezone(zone or UTC), end=end.astimezone(zone or UTC))


INTERVALS = st.builds(
    lambda first, length, zone: between(first, first + length, zone),
    st.integers(0, 400),
    st.integers(1, 90),
    ZONES,
)


def minutes(interval: Interval) -> set[int]:
    first = int((interval.start.astimezone(UTC) - START).total_seconds() // 60)
    return set(range(first, first + interval.minutes()))


@given(st.lists(INTERVALS, max_size=12))
def test_merged_intervals_are_the_same_time(intervals: list[Interval]) -> None:
    result = merged(intervals)
    assert set().union(*map(minutes, result)) == set().union(*map(minutes, intervals))
    assert all(earlier.end < later.start for earlier, later in pairwise(result))
    assert all(i.start.tzinfo is UTC and i.end.tzinfo is UTC for i in result)


@given(st.lists(INTERVALS, max_size=12), INTERVALS)
def test_every_clash_is_told_in_order_and_nothing_else(
    intervals: list[Interval], wanted: Interval
) -> None:
    busy = Busy.of("chair-1", "a.ics", intervals)
    clashes = list(busy.clashes(wanted))
    taken = [interval for interval in busy.intervals if minutes(interval) & minutes(wanted)]
    assert [clash.interval.start.timestamp() for clash in clashes] == [
        interval.start.timestamp() for interval in taken
    ]
    assert [clash.interval.minutes() for clash in clashes] == [i.minutes() for i in taken]
    for clash in clashes:
        assert (clash.owner, clash.source) == ("chair-1", "a.ics")
        assert clash.interval.start.tzinfo is wanted.start.tzinfo


@given(st.lists(INTERVALS, max_size=12), INTERVALS)
def test_time_is_free_when_no_interval_overlaps_it(
    intervals: list[Interval], wanted: Interval
) -> None:
    clashes = list(Busy.of("site", "a.ics", intervals).clashes(wanted))
    assert bool(clashes) == any(interval.overlaps(wanted) for interval in intervals)


def test_time_that_touches_is_merged_and_does_not_clash() -> None:
    busy = Busy.of("site", "a.ics", [between(60, 90), between(0, 60), between(30, 40)])
    assert busy.intervals == (between(0, 90),)
    assert not list(busy.clashes(between(90, 120)))
    assert len(list(busy.clashes(between(89, 120)))) == 1


def test_nothing_is_never_in_the_way() -> None:
    assert Busy.of("site", "a.ics", []).intervals == ()
    assert not list(Busy.of("site", "a.ics", []).clashes(between(0, 60)))


def test_the_two_half_past_two_of_a_long_night_stay_apart() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
    again = first.replace(fold=1)
    quarter = timedelta(minutes=15)
    busy = Busy.of("site", "a.ics", [Interval(start=first, end=first + quarter)])
    later = Interval(start=again, end=datetime(2026, 10, 25, 1, 45, tzinfo=UTC))
    assert later.minutes() == 15
    assert not list(busy.clashes(later))


def test_a_clash_is_told_by_the_clock_of_the_site() -> None:
    clash = next(Busy.of("nurse", "ward.ics", [between(0, 90)]).clashes(between(0, 30, BERLIN)))
    assert str(clash) == "nurse taken 2026-03-28 23:00-2026-03-29 00:30 (ward.ics)"
    within = Conflict(owner="site", interval=between(0, 90), source="book")
    assert str(within) == "site taken 22:00-23:30 (book)"


def test_whole_days_are_told_as_days() -> None:
    """A closure to 17 April ends at midnight, and nobody should take the 18th for closed."""
    zone = ZoneInfo("Asia/Shanghai")
    first, second, last = (datetime(2026, 4, day, tzinfo=zone) for day in (6, 7, 18))
    told = {
        str(Conflict(owner="chair-1", interval=Interval(start=first, end=end), source="closed"))
        for end in (second, last)
    }
    assert told == {
        "chair-1 taken 2026-04-06 (closed)",
        "chair-1 taken 2026-04-06 to 2026-04-17 (closed)",
    }
