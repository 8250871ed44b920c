"""What is vacant, against an oracle that walks through the day minute by minute, and law 7."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise, product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.demand import Demand
from scheduler.protocol import Need
from scheduler.sites import WHOLE_SITE, Hours, Site
from scheduler.vacancy import Vacancy
from tests.arms import bits, clinic, encounter, resource, zhujiang

DAY = date(2026, 3, 4)
CHANGES = {
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 10, 4), date(2026, 4, 5)],
    "America/Havana": [date(2026, 3, 8), date(2025, 11, 2)],  # changes at midnight
    "Asia/Shanghai": [DAY],
}
PARTICIPANT = "ZJ-001"
RESOURCES = (resource("chair", 2), resource("nurse", 2), resource("room", 1))
OWNERS = (WHOLE_SITE, PARTICIPANT, "ZJ-002", "chair", "chair-1", "chair-2", "nurse-1", "room")


@cache
def clock(zone: str, day: date) -> list[datetime]:
    """Every minute of a local day, by the clock of the zone."""
    moment = datetime.combine(day, time(12), UTC) - timedelta(hours=40)
    steps = (moment + timedelta(minutes=n) for n in range(80 * 60))
    return [at for at in (step.astimezone(ZoneInfo(zone)) for step in steps) if at.date() == day]


class Oracle:
    """The same questions, answered by looking at every minute of the day."""

    def __init__(self, site: Site, day: date, busy: tuple[Busy, ...]) -> None:
        self.site, self.hours, self.clock = site, site.day(day).hours, clock(site.zone, day)
        self.taken: dict[str, set[int]] = defaultdict(set)
        for source in busy:
            for interval in source.intervals:
                start, end = interval.start.timestamp(), interval.end.timestamp()
                for n, at in enumerate(at.timestamp() for at in self.clock):
                    if start < at + 60 and at < end:
                        self.taken[source.owner].add(n)

    def stretches(self) -> list[tuple[range, list[int]]]:
        """Open minutes of each stretch of hours, and the starts on its grid."""
        walls = [at.time() for at in self.clock]
        found = []
        for hours in self.hours:
            opens = next(n for n, wall in enumerate(walls) if wall >= hours.opens)
            closes = next((n for n, wall in enumerate(walls) if wall >= hours.closes), len(walls))
            grid = [
                walls.index(wall)
                for wall in sorted(set(walls))
                if hours.opens <= wall < hours.closes
                and (_minute(wall) - _minute(hours.opens)) % self.site.grid == 0
            ]
            found.append((range(opens, closes), grid))
        return found

    def starts(self, demand: Demand) -> list[int]:
        shut = self.taken[WHOLE_SITE] | self.taken[PARTICIPANT]
        return [
            start
            for opened, grid in self.stretches()
            for start in grid
            if start in opened and start + demand.minutes - 1 in opened
            if shut.isdisjoint(range(start, start + demand.minutes))
            if self.crew(demand, start)
        ]

    def crew(self, demand: Demand, start: int) -> bool:
        """Whether units can be told off so that none is needed twice at a time."""
        spans = [range(start + n.start, start + n.start + n.minutes) for n in demand.needs]
        choices = [
            [unit for unit in _units(self.site, need) if self.free(unit, need.resource, span)]
            for need, span in zip(demand.needs, spans, strict=True)
        ]
        for units in product(*choices):
            work = [(unit, n) for unit, span in zip(units, spans, strict=True) for n in span]
            if len(set(work)) == len(work):
                return True
        return False

    def free(self, unit: str, kind: str, span: range) -> bool:
        within = span[-1] < len(self.clock)
        return within and all(self.taken[owner].isdisjoint(span) for owner in (unit, kind))


def _units(site: Site, need: Need) -> tuple[str, ...]:
    return next((r.units for r in site.resources if r.kind == need.resource), ())


def _minute(wall: time) -> int:
    return wall.hour * 60 + wall.minute


CLOCK = [time(n // 2, n % 2 * 30) for n in range(48)]
CLOCKS = st.sampled_from([*CLOCK, time(2, 15)])


@st.composite
def sites(draw: st.DrawFn) -> tuple[Site, date]:
    zone = draw(st.sampled_from(sorted(CHANGES)))
    day = draw(st.sampled_from(CHANGES[zone])) + timedelta(days=draw(st.integers(-1, 1)))
    times = sorted(draw(st.sets(CLOCKS, min_size=2, max_size=4)))
    if len(times) == 3 and draw(st.booleans()):
        hours = [Hours(a, b) for a, b in pairwise(times)]  # two stretches that touch
    else:
        hours = [Hours(a, b) for a, b in zip(times[::2], times[1::2], strict=False)]
    grid = draw(st.sampled_from([15, 20, 30, 60]))
    site = clinic(zone=zone, hours=(tuple(hours),) * 7, grid=grid, resources=RESOURCES)
    return site, day


@st.composite
def busy_times(draw: st.DrawFn, day: date) -> tuple[Busy, ...]:
    noon = datetime.combine(day, time(12), UTC)
    busy = []
    for owner in draw(st.lists(st.sampled_from(OWNERS), max_size=6)):
        intervals = []
        for _ in range(draw(st.integers(1, 2))):
            start = noon + timedelta(seconds=30 * draw(st.integers(-3600, 3600)))
            length = timedelta(seconds=30 * draw(st.integers(1, 900)))
            intervals.append(Interval(start=start, end=start + length))
        busy.append(Busy.of(owner, "a.ics", intervals))
    return tuple(busy)


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    length = draw(st.sampled_from([15, 30, 60, 120, 420]))
    needs = []
    for kind in draw(st.lists(st.sampled_from(["chair", "nurse", "room", "bed"]), max_size=3)):
        start = draw(st.sampled_from([0, 0, length // 2]))
        needs.append(Need(resource=kind, start=start, minutes=length - start))
    return Demand(minutes=length, needs=tuple(needs))


@st.composite
def questions(draw: st.DrawFn) -> tuple[Site, date, tuple[Busy, ...], Demand]:
    site, day = draw(sites())
    return site, day, draw(busy_times(day)), draw(demands())


Question = tuple[Site, date, tuple[Busy, ...], Demand]


@given(questions())
def test_starts_are_those_that_every_minute_allows(question: Question) -> None:
    site, day, busy, demand = question
    vacancy = Vacancy(site, busy).to(PARTICIPANT)
    starts = Oracle(site, day, busy).starts(demand)
    assert bits(vacancy.starts(demand, day.toordinal())) == starts


@given(questions())
def test_allocated_units_are_really_free(question: Question) -> None:
    site, day, busy, demand = question
    vacancy = Vacancy(site, busy).to(PARTICIPANT)
    oracle = Oracle(site, day, busy)
    kinds = [need.resource for need in demand.needs]
    by_kind = sorted(demand.needs, key=lambda need: kinds.index(need.resource))
    for start in bits(vacancy.starts(demand, day.toordinal())):
        work = []
        interval, allocations = vacancy.allocate(demand, day.toordinal(), start)
        assert interval.start == oracle.clock[start]
        assert interval.minutes() == demand.minutes
        for allocation, need in zip(allocations, by_kind, strict=True):
            assert allocation.unit in _units(site, need)
            assert allocation.interval.start == oracle.clock[start + need.start]
            assert allocation.interval.minutes() == need.minutes
            span = range(start + need.start, start + need.start + need.minutes)
            assert oracle.free(allocation.unit, need.resource, span)
            work += [(allocation.unit, n) for n in span]
        assert len(set(work)) == len(work)


@given(questions())
def test_law_7_visits_start_on_the_grid_of_the_wall_clock(question: Question) -> None:
    site, day, busy, demand = question
    vacancy = Vacancy(site, busy).to(PARTICIPANT)
    hours = site.day(day).hours
    for start in bits(vacancy.starts(demand, day.toordinal())):
        interval = vacancy.interval(day.toordinal(), start, demand.minutes)
        assert interval.minutes() == demand.minutes
        assert interval.start.date() == day
        assert interval.start.tzinfo == site.tz()
        wall = interval.start.time()
        [within] = [h for h in hours if h.opens <= wall < h.closes]
        assert (_minute(wall) - _minute(within.opens)) % site.grid == 0
        assert interval.end.time() <= within.closes or interval.end.fold


def starts(site: Site, day: str, length: int = 60, busy: tuple[Busy, ...] = ()) -> list[str]:
    ordinal = date.fromisoformat(day).toordinal()
    vacancy, demand = Vacancy(site, busy), Demand(minutes=length)
    return [
        f"{vacancy.interval(ordinal, start, length).start:%H:%M%z}"
        for start in bits(vacancy.starts(demand, ordinal))
    ]


def night(zone: str, *hours: str, **more: Any) -> Site:
    return clinic(*(hours or ("00:30-05:00",)), zone=zone, **more)


def test_law_7_the_hour_that_berlin_jumps_over_is_no_start() -> None:
    assert starts(night("Europe/Berlin"), "2026-03-28") == [f"{at:%H:%M}+0100" for at in CLOCK[1:9]]
    # 01:30 leads over the jump to 03:30; 02:00 and 02:30 do not exist.
    assert starts(night("Europe/Berlin"), "2026-03-29") == [
        *(f"{at}+0100" for at in ("00:30", "01:00", "01:30")),
        *(f"{at}+0200" for at in ("03:00", "03:30", "04:00")),
    ]


def test_law_7_the_hour_that_new_york_repeats_is_started_once() -> None:
    # Three and a half hours from 00:30 to 03:00, as 01:00 to 02:00 comes twice.
    site = night("America/New_York", "00:30-03:00")
    assert starts(site, "2026-11-01") == [
        *(f"{at}-0400" for at in ("00:30", "01:00", "01:30")),
        "02:00-0500",
    ]
    assert starts(site, "2026-11-01", 210) == ["00:30-0400"]
    assert starts(site, "2026-11-02", 210) == []
    assert starts(site, "2026-11-02", 150) == ["00:30-0500"]


def test_law_7_opening_hours_over_the_jump_are_an_hour_shorter() -> None:
    site = night("America/New_York", "00:30-04:00")
    assert starts(site, "2026-03-07", 210) == ["00:30-0500"]
    assert starts(site, "2026-03-08", 210) == []
    assert starts(site, "2026-03-08", 150) == ["00:30-0500"]


def test_law_7_lord_howe_changes_by_half_an_hour() -> None:
    site = night("Australia/Lord_Howe", "01:00-03:00")
    assert starts(site, "2026-10-04", 30) == ["01:00+1030", "01:30+1030", "02:30+1100"]
    assert starts(site, "2026-04-05", 30) == [
        "01:00+1100",
        "01:30+1100",
        "02:00+1030",
        "02:30+1030",
    ]
    assert starts(site, "2026-10-04", 90) == ["01:00+1030"]
    assert starts(site, "2026-04-05", 150) == ["01:00+1100"]


@pytest.mark.parametrize("hours", ["02:30-05:00", "02:00-05:00", "02:15-05:00"])
def test_law_7_a_site_that_opens_in_the_gap_opens_when_the_clock_has_jumped(hours: str) -> None:
    site = night("Europe/Berlin", hours, grid=15)
    assert starts(site, "2026-03-29")[0] == "03:00+0200"
    assert starts(site, "2026-03-29", 120) == ["03:00+0200"]


def test_law_7_a_site_that_closes_in_the_gap_is_closed_when_the_clock_has_jumped() -> None:
    site = night("Europe/Berlin", "01:00-02:30")
    assert starts(site, "2026-03-29", 60) == ["01:00+0100"]
    assert starts(site, "2026-03-29", 90) == []
    assert starts(site, "2026-03-28", 90) == ["01:00+0100"]


def test_law_7_a_working_day_is_the_same_before_and_after_a_change() -> None:
    site = clinic(zone="Europe/Berlin")
    for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"):
        walls = [start[:5] for start in starts(site, day, 420)]
        assert walls == ["08:00", "08:30", "09:00", "09:30", "10:00", "10:30"]


def taken(owner: str, first: str, last: str, day: date = DAY) -> Busy:
    zone = clinic().tz()
    start, end = (datetime.combine(day, time.fromisoformat(at), zone) for at in (first, last))
    return Busy.of(owner, "a.ics", [Interval(start=start, end=end)])


def test_half_open_intervals_leave_no_gap_and_take_none() -> None:
    site = clinic("08:00-12:00", grid=60)
    assert starts(site, str(DAY), 60, (taken(WHOLE_SITE, "09:00", "10:00"),)) == [
        f"{at}+0800" for at in ("08:00", "10:00", "11:00")
    ]


def test_a_visit_fits_into_one_stretch_of_hours() -> None:
    lunch = clinic("08:00-12:00", "13:00-17:00")
    assert starts(lunch, str(DAY), 240) == ["08:00+0800", "13:00+0800"]
    assert starts(lunch, str(DAY), 270) == []
    shifts = clinic("08:00-12:00", "12:00-17:00", grid=60)
    assert starts(shifts, str(DAY), 240) == ["08:00+0800", "12:00+0800", "13:00+0800"]


def test_a_part_of_a_minute_is_taken_whole() -> None:
    zone = clinic().tz()
    nine = datetime(2026, 3, 4, 9, tzinfo=zone)
    second = timedelta(seconds=1)
    blink = Busy.of(WHOLE_SITE, "a.ics", [Interval(start=nine - second, end=nine + second)])
    site = clinic("08:00-10:00", grid=15)
    assert starts(site, str(DAY), 15, (blink,)) == [
        f"{at}+0800" for at in ("08:00", "08:15", "08:30", "09:15", "09:30", "09:45")
    ]


def test_who_is_taken_narrows_whom_it_concerns() -> None:
    site = clinic("08:00-10:00", grid=60, resources=(resource("chair", 2), resource("nurse", 1)))
    chair = Demand(minutes=60, needs=(Need(resource="chair", minutes=60),))
    nine = DAY.toordinal(), 60 * 9

    def unit(*busy: Busy) -> str | None:
        vacancy = Vacancy(site, busy)
        if not vacancy.starts(chair, nine[0]) >> nine[1] & 1:
            return None
        return vacancy.allocate(chair, *nine)[1][0].unit

    one, other = taken("chair-1", "09:00", "10:00"), taken("chair-2", "09:30", "11:00")
    assert unit() == "chair-1"
    assert unit(one) == "chair-2"
    assert unit(other) == "chair-1"
    assert unit(one, other) is None
    assert unit(taken("chair", "09:59", "10:00")) is None
    assert unit(taken("nurse", "08:00", "10:00")) == "chair-1"
    assert unit(taken(PARTICIPANT, "08:00", "10:00")) == "chair-1"
    assert unit(taken(WHOLE_SITE, "09:00", "09:01")) is None


def test_two_needs_of_one_kind_get_two_units() -> None:
    site = clinic("08:00-10:00", grid=60, resources=(resource("nurse", 2),))
    both = Need(resource="nurse", minutes=60), Need(resource="nurse", start=30, minutes=30)
    demand = Demand(minutes=60, needs=both)
    units = [a.unit for a in Vacancy(site).allocate(demand, DAY.toordinal(), 8 * 60)[1]]
    assert units == ["nurse-1", "nurse-2"]
    away = Vacancy(site, [taken("nurse-2", "08:00", "10:00")])
    assert not away.starts(demand, DAY.toordinal())
    # One after the other, one nurse is enough.
    turns = Need(resource="nurse", minutes=30), Need(resource="nurse", start=30, minutes=30)
    assert away.starts(Demand(minutes=60, needs=turns), DAY.toordinal())


def test_time_over_midnight_is_taken_of_both_days() -> None:
    zone = clinic().tz()
    start = datetime(2026, 3, 3, 16, tzinfo=zone)
    trip = Busy.of(WHOLE_SITE, "a.ics", [Interval(start=start, end=start + timedelta(hours=40))])
    site = clinic("08:00-18:00", grid=60)
    hour = Demand(minutes=60)
    free = [
        len(bits(Vacancy(site, [trip]).starts(hour, DAY.toordinal() + n))) for n in range(-2, 3)
    ]
    # Taken from Tuesday 16:00 to Thursday 08:00.
    assert free == [10, 8, 0, 10, 10]


def test_days_beyond_the_published_holidays_are_unverified() -> None:
    vacancy = Vacancy(zhujiang())
    assert not vacancy.unverified(date(2026, 12, 31))
    assert vacancy.unverified(date(2027, 1, 1))


def test_a_demand_is_what_its_encounter_takes() -> None:
    needs = (Need(resource="chair", minutes=45),)
    assert Demand.of(encounter("v", minutes=45, needs=needs)) == Demand(minutes=45, needs=needs)
