"""Random studies in small clinics with little time, for placement and its explanation.

`Case.starts` says when a visit can begin in the plainest way; it shares no code with the
package.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hypothesis import strategies as st

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.placement import Placement, place
from scheduler.protocol import Encounter, Need, Protocol
from scheduler.sites import WHOLE_SITE, Site
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
class Case:
    """A study, and a clinic that opens at eight for some hours on all but some days."""

    protocol: Protocol
    hours: range
    grid: int
    closed: frozenset[date]
    taken: tuple[Taken, ...]

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
        return Availability(self.site(), busy).seen_by(PARTICIPANT)

    def placed(self) -> Placement:
        return place(tree(self.protocol), ENROLLED, self.availability())

    def free(self, owners: set[str], day: date, minutes: range) -> bool:
        times = (taken for taken in self.taken if taken.owner in owners and taken.day == day)
        return not any(set(taken.minutes) & set(minutes) for taken in times)

    def starts(self, row: Encounter, day: date) -> list[int]:
        """Every start of a visit that day, in minutes after midnight."""
        if day in self.closed:
            return []
        grid = range(self.hours[0], self.hours[-1] + 2 - row.minutes, self.grid)
        visits = {start: range(start, start + row.minutes) for start in grid}
        return [
            start
            for start, visit in visits.items()
            if self.free({WHOLE_SITE, PARTICIPANT}, day, visit)
            and all(self.served(need, day, start) for need in row.needs)
        ]

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
