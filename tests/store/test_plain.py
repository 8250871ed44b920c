"""The plain form of instants: the very instant, in the repeated hour too."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.store.plain import instant, plain_instant

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.datetimes(timezones=st.timezones(), allow_imaginary=False), st.sampled_from([0, 1]))
def test_an_instant_comes_back_as_it_was(moment: datetime, fold: int) -> None:
    moment = moment.replace(fold=fold)
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        return  # before the first year, or after the last
    assert instant(plain_instant(moment)) == utc


def test_the_two_passes_of_a_repeated_hour_are_told_apart() -> None:
    # As keys they are one: Python compares times of one zone by the clock on the wall.
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1))
    assert first == second
    assert plain_instant(first) == "2026-10-25 00:30:00.000000"
    assert plain_instant(second) == "2026-10-25 01:30:00.000000"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        plain_instant(datetime(2026, 3, 2, 8))
