"""Caps of one day, against counting by hand."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from scheduler.appointments import Appointment
from scheduler.capacity import Load
from scheduler.dates import Interval
from scheduler.protocol import Kind, Mode
from scheduler.sites import Caps, Laboratory

GRID = 30
OPEN = ((1 << 240) - 1) << 480
STARTS = sum(1 << minute for minute in range(480, 720, GRID))


@st.composite
def starting(draw: st.DrawFn) -> tuple[int, Appointment]:
    minute = draw(st.integers(-2, 25).map(lambda n: 420 + n * 15)) - draw(st.sampled_from([0, 1]))
    midnight = datetime(2026, 4, 9, tzinfo=UTC)
    start = midnight + timedelta(minutes=minute)
    appointment = Appointment(
        subject="S-001",
        visit="v0",
        kind=draw(st.sampled_from([Kind.INFUSION, Kind.CHECK])),
        mode=draw(st.sampled_from([Mode.VISIT, Mode.PHONE])),
        interval=Interval(start=start, end=start + timedelta(minutes=10)),
        allocations=(),
    )
    return draw(st.sampled_from([minute, minute, -5])), appointment


NUMBERS = st.sampled_from([None, 1, 2, 3])


@given(
    st.lists(starting(), max_size=8),
    st.builds(
        Caps, visits_per_start=NUMBERS, infusions_per_start=NUMBERS, infusions_per_day=NUMBERS
    ),
    st.booleans(),
)
def test_a_step_of_the_grid_is_full_when_as_many_begin_in_it_as_the_site_takes(
    found: list[tuple[int, Appointment]], caps: Caps, infusion: bool
) -> None:
    load = Load(found, [(OPEN, STARTS)], GRID)
    come = [(at, each.kind) for at, each in found if at >= 0 and each.mode is Mode.VISIT]
    given = [at for at, kind in come if kind is Kind.INFUSION]
    most = caps.infusions_per_day
    assert load.room(caps) == (None if most is None else max(most - len(given), 0))
    full = load.full(caps, infusion=infusion)
    for start in range(480, 720, GRID):
        visits = sum(at in range(start, start + GRID) for at, _ in come)
        infusions = sum(at in range(start, start + GRID) for at in given)
        too_many = caps.visits_per_start is not None and visits >= caps.visits_per_start
        if infusion and caps.infusions_per_start is not None:
            too_many |= infusions >= caps.infusions_per_start
        assert bool(full >> start & 1) == too_many
        exceeded = list(load.excess(caps, start, infusion=infusion))
        over = [(visits, caps.visits_per_start)]
        if infusion:
            over += [(infusions, caps.infusions_per_start), (len(given), most)]
        assert len(exceeded) == sum(cap is not None and count > cap for count, cap in over)


@given(st.lists(st.tuples(starting(), st.booleans()), max_size=8), NUMBERS)
def test_the_laboratory_counts_visits_at_every_site(
    drawn: list[tuple[tuple[int, Appointment], bool]], most: int | None
) -> None:
    found = [(at, each.abroad() if abroad else each) for (at, each), abroad in drawn]
    load = Load(found, [(OPEN, STARTS)], GRID)
    laboratory = Laboratory(days=(True,) * 7, releases_per_day=most)
    visits = [each for at, each in found if at >= 0 and each.mode is Mode.VISIT]
    count = sum(each.kind is Kind.INFUSION for each in visits)
    room = load.laboratory_room(laboratory, Kind.INFUSION)
    assert room == (None if most is None else max(most - count, 0))
    assert bool([*load.laboratory_excess(laboratory, Kind.INFUSION)]) == (count > (most or count))
    assert load.laboratory_room(laboratory, Kind.PROCEDURE) is None
    # What is elsewhere counts for nothing else.
    here = sum(each.kind is Kind.INFUSION for each in visits if not each.elsewhere)
    assert load.room(Caps(infusions_per_day=9)) == 9 - here
