"""Free time while appointments come and go: as if it had been worked out from the beginning."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.demand import Demand
from scheduler.hindrances import Hindrances
from scheduler.protocol import Kind, Mode, Need
from scheduler.sites import Caps, Site
from scheduler.subject import Allocation
from tests.arms import clinic, resource

FIRST = date(2026, 10, 23)
DAYS = range(FIRST.toordinal() - 1, FIRST.toordinal() + 5)
SITE = clinic("08:00-12:00", zone="Europe/Berlin", resources=(resource("chair", 2),))
"""The clock is put back on the third of the days."""

CAPPED = replace(SITE, caps=Caps(visits_per_start=1, infusions_per_day=2))

DEMANDS = (
    Demand(minutes=60),
    Demand(minutes=120, needs=(Need(resource="chair", minutes=60),)),
    Demand(minutes=60, needs=(Need(resource="chair", minutes=60),) * 2),
    Demand(minutes=90, infusion=True),
)
CODES = ("S-001", "S-002", "S-003")


@st.composite
def appointments(draw: st.DrawFn) -> Appointment:
    midnight = datetime(2026, 10, 22, 22, tzinfo=UTC)
    start = midnight + timedelta(
        days=draw(st.integers(0, 3)), minutes=30 * draw(st.integers(0, 47))
    )
    slot = Interval(start=start, end=start + timedelta(minutes=30 * draw(st.integers(1, 8))))
    units = draw(st.sets(st.sampled_from(["chair-1", "chair-2"])))
    return Appointment(
        subject=draw(st.sampled_from(CODES)),
        visit=draw(st.sampled_from(["a", "b"])),
        kind=draw(st.sampled_from([Kind.INFUSION, Kind.CHECK])),
        mode=Mode.VISIT,
        interval=slot,
        allocations=tuple(Allocation(unit=unit, interval=slot) for unit in sorted(units)),
    )


@st.composite
def books(draw: st.DrawFn) -> list[dict[tuple[str, str], Appointment]]:
    """One book after another; each visit has one appointment at most."""
    found = []
    for _ in range(draw(st.integers(2, 4))):
        drawn = draw(st.lists(appointments(), max_size=5))
        found.append({each.key: each for each in drawn})
    return found


def answers(free: Availability) -> Iterable[object]:
    for demand in DEMANDS:
        earliest = free.earliest(demand)
        for ordinal in DAYS:
            yield earliest[ordinal], free.starts(demand, ordinal)
            yield Hindrances(free, demand, date.fromordinal(ordinal)).of_day()


@given(st.sampled_from([SITE, CAPPED]), books(), st.sampled_from(["", *CODES]))
@settings(max_examples=100)
def test_what_was_known_before_a_change_is_right_after_it(
    site: Site, books: list[dict[tuple[str, str], Appointment]], code: str
) -> None:
    noon = datetime(2026, 10, 24, 10, tzinfo=UTC)
    busy = [Busy.of("S-001", "a.ics", [Interval(start=noon, end=noon + timedelta(hours=1))])]
    kept = Availability(site, busy, books[0].values())
    for before, after in zip(books, [*books[1:], {}], strict=True):
        # Asking fills the tables that the next change goes on with.
        seen = list(answers(kept.seen_by(code)))
        assert seen == list(answers(Availability(site, busy, before.values()).seen_by(code)))
        gone = [each for key, each in before.items() if after.get(key) != each]
        come = [each for key, each in after.items() if before.get(key) != each]
        new = kept.changed(gone, come)
        assert list(answers(kept.seen_by(code))) == seen, "who looks at the old one sees it"
        kept = new
    assert list(answers(kept)) == list(answers(Availability(site, busy)))


def test_a_participant_is_not_in_two_places() -> None:
    slot = Interval(
        start=datetime(2026, 10, 23, 7, tzinfo=UTC), end=datetime(2026, 10, 23, 8, tzinfo=UTC)
    )
    elsewhere = Appointment(
        subject="S-001",
        visit="unscheduled",
        kind=Kind.CHECK,
        mode=Mode.VISIT,
        interval=slot,
        allocations=(),
    )
    free = Availability(SITE, (), [elsewhere])
    demand, ordinal = Demand(minutes=60), FIRST.toordinal()
    assert free.starts(demand, ordinal) >> 9 * 60 & 1
    assert not free.seen_by("S-001").starts(demand, ordinal) >> 9 * 60 & 1
    assert free.seen_by("S-002").starts(demand, ordinal) == free.starts(demand, ordinal)
