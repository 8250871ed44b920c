"""Random studies in small clinics with little time, for placement and its explanation.

`Case.starts` says when a visit can begin in the plainest way; it shares no code with the
package.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.placement import Placement, place
from scheduler.protocol import Encounter, Kind, Mode, Need, Protocol
from scheduler.sites import WHOLE_SITE, Caps, Laboratory, Site
from tests.arms import clinic, resource, studies, tree

ENROLLED = date(2026, 3, 2)
PARTICIPANT = "S-001"
RESOURCES = (resource("chair", 2), resource("nurse", 1))
OWNERS = (WHOLE_SITE, WHOLE_SITE, PARTICIPANT, "chair", "chair-1", "chair-2", "nurse-1", "S-002")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Minutes of a day that are taken of an owner."""

    owner: str
    day: date
    minutes: range


@dataclass(frozen=True, kw_only=True)
class Other:
    """A visit of somebody else, who takes a place but no unit."""

    day: date
    start: int
    infusion: bool
    mode: Mode


@dataclass(frozen=True, kw_only=True)
class Case:
    """A study, and a clinic that opens at eight for some hours on all but some days.

    Its laboratory is `shut` on some days more.
    """

    protocol: Protocol
    hours: range
    grid: int
    closed: frozenset[date]
    taken: tuple[Taken, ...]
    caps: Caps = Caps()
    shut: frozenset[date] = frozenset()
    others: tuple[Other, ...] = ()

    @property
    def rows(self) -> tuple[Encounter, ...]:
        return self.protocol.arms[0].encounters

    def site(self) -> Site:
        opens, closes = (f"{n // 60:02}:{n % 60:02}" for n in (self.hours[0], self.hours[-1] + 1))
        return clinic(
            f"{opens}-{closes}",
            grid=self.grid,
            closed=dict.fromkeys(self.closed, "closed"),
            resources=RESOURCES,
            caps=self.caps,
            laboratory=Laboratory(days=(True,) * 7, closed=dict.fromkeys(self.shut, "shut")),
        )

    def appointments(self) -> Iterator[Appointment]:
        for n, other in enumerate(self.others):
            midnight = datetime.combine(other.day, time.min, self.site().tz())
            start = midnight + timedelta(minutes=other.start)
            yield Appointment(
                subject=f"S-{n + 2:03}",
                visit="v0",
                kind=Kind.INFUSION if other.infusion else Kind.CHECK,
                mode=other.mode,
                interval=Interval(start=start, end=start + timedelta(minutes=45)),
                allocations=(),
            )

    def availability(self) -> Availability:
        zone = self.site().tz()
        busy = []
        for taken in self.taken:
            midnight = datetime.combine(taken.day, time.min, zone)
            start, end = (timedelta(minutes=n) for n in (taken.minutes[0], taken.minutes[-1] + 1))
            busy.append(
                Busy.of(taken.owner, "a", [Interval(start=midnight + start, end=midnight + end)])
            )
        return Availability(self.site(), busy, self.appointments()).seen_by(PARTICIPANT)

    def placed(self) -> Placement:
        return place(tree(self.protocol), ENROLLED, self.availability())

    def free(self, owners: set[str], day: date, minutes: range) -> bool:
        times = (taken for taken in self.taken if taken.owner in owners and taken.day == day)
        return not any(set(taken.minutes) & set(minutes) for taken in times)

    def starts(self, row: Encounter, day: date) -> list[int]:
        """Every start of a visit that day, in minutes after midnight."""
        if day in self.closed or (row.laboratory and day in self.shut):
            return []
        if self.exceeds([row], day):
            return []
        grid = range(self.hours[0], self.hours[-1] + 2 - row.minutes, self.grid)
        visits = {start: range(start, start + row.minutes) for start in grid}
        return [
            start
            for start, visit in visits.items()
            if self.free({WHOLE_SITE, PARTICIPANT}, day, visit)
            and all(self.served(need, day, start) for need in row.needs)
            and not (row.mode is Mode.VISIT and self.crowded(row, day, start))
        ]

    def came(self, day: date) -> list[Other]:
        return [each for each in self.others if each.day == day and each.mode is Mode.VISIT]

    def exceeds(self, rows: list[Encounter], day: date) -> bool:
        """Whether these visits together are more infusions than the day takes."""
        own = sum(row.kind is Kind.INFUSION and row.mode is Mode.VISIT for row in rows)
        most = self.caps.infusions_per_day
        given = sum(each.infusion for each in self.came(day))
        return own > 0 and most is not None and own + given > most

    def crowded(self, row: Encounter, day: date, start: int) -> bool:
        """Whether too many begin in that step of the grid."""
        there = [e for e in self.came(day) if e.start in range(start, start + self.grid)]
        visits, infusions = self.caps.visits_per_start, self.caps.infusions_per_start
        return (visits is not None and len(there) >= visits) or (
            row.kind is Kind.INFUSION
            and infusions is not None
            and sum(each.infusion for each in there) >= infusions
        )

    def served(self, need: Need, day: date, start: int) -> bool:
        span = range(start + need.start, start + need.start + need.minutes)
        units = next(r.units for r in RESOURCES if r.kind == need.resource)
        return any(self.free({need.resource, unit}, day, span) for unit in units)


@st.composite
def cases(draw: st.DrawFn, most: int = 5, furthest: int = 9) -> Case:
    protocol = draw(
        studies(enrolled=ENROLLED, most=most, widest=2, furthest=furthest, needs=("chair", "nurse"))
    )
    days = st.integers(-5, 25).map(lambda n: ENROLLED + timedelta(days=n))
    span = st.builds(
        lambda a, n: range(a * 30, a * 30 + n * 30), st.integers(15, 20), st.integers(1, 4)
    )
    return Case(
        protocol=protocol,
        hours=range(480, 480 + draw(st.sampled_from([60, 120, 150]))),
        grid=draw(st.sampled_from([30, 60])),
        closed=frozenset(draw(st.sets(days, max_size=7))),
        taken=tuple(
            draw(
                st.lists(
                    st.builds(Taken, owner=st.sampled_from(OWNERS), day=days, minutes=span),
                    max_size=5,
                )
            )
        ),
    )


@st.composite
def capped(draw: st.DrawFn, most: int = 5, furthest: int = 4) -> Case:
    """A case whose clinic takes few at once, with others there and a laboratory."""
    case = draw(cases(most=most, furthest=furthest))
    [arm] = case.protocol.arms
    rows = tuple(
        replace(
            row,
            kind=draw(st.sampled_from([row.kind, Kind.INFUSION])),
            mode=draw(st.sampled_from([Mode.VISIT, Mode.VISIT, Mode.PHONE])),
            laboratory=draw(st.booleans()),
        )
        for row in arm.encounters
    )
    days = st.integers(-3, 12).map(lambda n: ENROLLED + timedelta(days=n))
    most_or_none = st.sampled_from([None, 1, 2])
    other = st.builds(
        Other,
        day=days,
        start=st.integers(15, 21).map(lambda n: n * 30) | st.sampled_from([485, 559]),
        infusion=st.booleans(),
        mode=st.sampled_from([Mode.VISIT, Mode.VISIT, Mode.PHONE]),
    )
    return replace(
        case,
        protocol=replace(case.protocol, arms=(replace(arm, encounters=rows),)),
        closed=frozenset(list(case.closed)[:2]),
        taken=case.taken[:2],
        caps=Caps(
            visits_per_start=draw(most_or_none),
            infusions_per_start=draw(most_or_none),
            infusions_per_day=draw(most_or_none),
        ),
        shut=frozenset(draw(st.sets(days, max_size=4))),
        others=tuple(draw(st.lists(other, max_size=12))),
    )
