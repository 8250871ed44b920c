"""Units against an oracle that looks at every minute of every unit."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import combinations, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.minutes import Minutes
from scheduler.occupancy import Occupancy
from scheduler.protocol import Need
from scheduler.sites import Resource
from scheduler.units import Crew, Team, Units
from scheduler.words import Words
from tests.arms import bits

ZONE, DAY = ZoneInfo("Asia/Shanghai"), date(2026, 3, 2)
CHAIRS = ("chair-1", "chair-2", "chair-3")
UNTIL = 12
"""Nothing else is asked of the day, which is free from then on."""

TAKEN = st.lists(
    st.tuples(st.sampled_from(["chair", *CHAIRS]), st.integers(0, UNTIL - 1), st.integers(1, 5)),
    max_size=6,
)
TEAMS = st.lists(
    st.builds(Need, resource=st.just("chair"), start=st.integers(0, 3), minutes=st.integers(1, 4)),
    min_size=1,
    max_size=2,
).map(tuple)


def units(taken: list[tuple[str, int, int]]) -> Units:
    """Three chairs on one day, of which minutes are taken: of whom, from when, how many."""
    midnight = datetime.combine(DAY, datetime.min.time(), tzinfo=ZONE)
    busy = [
        Busy.of(owner, "a.ics", [Interval(start=begin, end=begin + timedelta(minutes=minutes))])
        for owner, first, minutes in taken
        for begin in [midnight + timedelta(minutes=first)]
    ]
    chairs = Resource(kind="chair", label=Words.of(en="Chair"), units=CHAIRS)
    return Units([chairs], Occupancy(ZONE, busy), Minutes(ZONE))


def crews(taken: list[tuple[str, int, int]], team: Team, start: int) -> Iterator[Crew]:
    """Every crew that can serve the team, in the order of its units."""
    of = {
        unit: {n for o, a, m in taken if o in (unit, "chair") for n in range(a, a + m)}
        for unit in CHAIRS
    }
    spans = [set(range(start + n.start, start + n.start + n.minutes)) for n in team]
    for crew in product(CHAIRS, repeat=len(team)):
        work = list(zip(crew, spans, strict=True))
        shared = any(a == b and x & y for (a, x), (b, y) in combinations(work, 2))
        if not shared and not any(of[unit] & span for unit, span in work):
            yield crew


@given(TAKEN, TEAMS)
def test_a_visit_starts_when_a_crew_is_free(taken: list[tuple[str, int, int]], team: Team) -> None:
    found, ordinal = units(taken), DAY.toordinal()
    starts = bits(found.serving(team, ordinal))
    assert [start for start in starts if start < UNTIL] == [
        start for start in range(UNTIL) if next(crews(taken, team, start), None)
    ]
    for start in starts[:UNTIL]:
        assert found.crew(team, ordinal, start) == next(crews(taken, team, start))


@given(TAKEN, st.sampled_from(CHAIRS))
def test_a_unit_is_free_when_neither_it_nor_its_kind_is_taken(
    taken: list[tuple[str, int, int]], unit: str
) -> None:
    free = units(taken).free("chair", unit, DAY.toordinal())
    busy = {n for owner, a, m in taken if owner in (unit, "chair") for n in range(a, a + m)}
    assert bits(free) == [n for n in range(24 * 60) if n not in busy]


def test_the_same_units_are_free_where_nothing_is_taken_of_them() -> None:
    team = (Need(resource="chair", minutes=4),)
    taken = units([("chair", 0, 9)])
    assert taken.taken_by(Occupancy(ZONE)).serving(team, DAY.toordinal()) & 1
    assert not taken.serving(team, DAY.toordinal()) & 1


def test_a_site_serves_nobody_with_what_it_does_not_have() -> None:
    team = (Need(resource="bed", minutes=4),)
    assert units([]).of("bed") == ()
    assert units([]).serving(team, DAY.toordinal()) == 0


@pytest.mark.parametrize("others", [1, 2])
def test_needs_after_one_another_are_served_by_one_unit(others: int) -> None:
    whole = [(chair, 0, 24 * 60) for chair in CHAIRS[:others]]
    team = Need(resource="chair", minutes=2), Need(resource="chair", start=2, minutes=2)
    assert units(whole).crew(team, DAY.toordinal(), 0) == (CHAIRS[others],) * 2
