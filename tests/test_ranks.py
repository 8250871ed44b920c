"""Costs as digits of one number: law 5 without the starts."""

from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import LAST_DAY
from scheduler.ranks import FIRST, Ranks

SIZE = 4


def cost(off: list[int], days: list[int | None]) -> int:
    """The cost of visits so many weighted days off target, on days from 2000 on."""
    ranks = Ranks(SIZE)
    parts = [
        ranks.unplaced(n) if day is None else ranks.days_off(o) + (day << ranks.shift(n))
        for n, (o, day) in enumerate(zip(off, days, strict=True))
    ]
    return sum(parts)


OFF = st.lists(st.integers(0, 100_000), min_size=SIZE, max_size=SIZE)
DAYS = st.lists(
    st.none() | st.integers(0, LAST_DAY.toordinal() - FIRST), min_size=SIZE, max_size=SIZE
)


@given(OFF, DAYS, OFF, DAYS)
def test_law_5_costs_compare_as_unplaced_then_days_off_then_dates(
    off: list[int], days: list[int | None], other_off: list[int], other_days: list[int | None]
) -> None:
    def ranked(off: list[int], days: list[int | None]) -> tuple[int, int, list[int]]:
        placed = [o for o, day in zip(off, days, strict=True) if day is not None]
        dates = [LAST_DAY.toordinal() if day is None else day for day in days]
        return days.count(None), sum(placed), dates

    one, other = ranked(off, days), ranked(other_off, other_days)
    assert (cost(off, days) < cost(other_off, other_days)) == (one < other)
    assert (cost(off, days) == cost(other_off, other_days)) == (one == other)
    assert Ranks(SIZE).count_unplaced(cost(off, days)) == one[0]
    assert Ranks(SIZE).weighted_days(cost(off, days)) == one[1]
    assert cost(off, days) < Ranks(SIZE).impossible


@given(OFF, DAYS)
def test_a_cost_tells_the_days(off: list[int], days: list[int | None]) -> None:
    told = [Ranks(SIZE).day(cost(off, days), position) for position in range(SIZE)]
    assert told == [None if day is None else FIRST + day for day in days]
