"""Packing and places against brute force, on days of half hours."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.demand import Demand
from scheduler.joint.packing import Item, Seat, pack
from scheduler.joint.places import Places
from scheduler.protocol import Need
from tests.arms import clinic, resource

DAY = date(2026, 3, 2).toordinal()
SITE = clinic("08:00-11:00", resources=(resource("chair", 2), resource("nurse", 1)))
UNITS = {"chair": ("chair-1", "chair-2"), "nurse": ("nurse-1",)}

Taken = list[tuple[str, range]]


@st.composite
def days(draw: st.DrawFn) -> tuple[Availability, list[Item]]:
    """Some visits that want the same day, and time that is taken."""
    site = Availability(SITE)
    spans = st.tuples(st.integers(8 * 60, 10 * 60), st.sampled_from([30, 60]))
    taken = draw(
        st.lists(st.tuples(st.sampled_from(["chair-1", "nurse-1", "A"]), spans), max_size=2)
    )
    busy = [
        Busy.of(owner, "a", [site.interval(DAY, begin // 30 * 30, length)])
        for owner, (begin, length) in taken
    ]
    availability = Availability(SITE, busy)
    items = []
    for n in range(draw(st.integers(1, 4))):
        minutes = draw(st.sampled_from([30, 60, 90, 120, 180]))
        needs = [Need(resource="chair", minutes=minutes)] if draw(st.booleans()) else []
        if draw(st.booleans()):
            needs.append(Need(resource="nurse", start=minutes - 30, minutes=30))
        code = draw(st.sampled_from("AB"))
        items.append(
            Item(
                code=code,
                id=f"v{n}",
                demand=Demand(minutes=minutes, needs=tuple(needs)),
                availability=availability.seen_by(code),
            )
        )
    return availability, items


def spans(item: Item, seat: Seat) -> Taken:
    needs = zip(seat.units, item.demand.needs, strict=True)
    own = [(item.code, range(seat.start, seat.start + item.demand.minutes))]
    begins = [(unit, seat.start + need.start, need.minutes) for unit, need in needs]
    return own + [(unit, range(begin, begin + length)) for unit, begin, length in begins]


def seats(item: Item) -> Iterator[Seat]:
    starts = item.availability.starts(item.demand, DAY)
    for start in (n for n in range(8 * 60, 11 * 60) if starts >> n & 1):
        for units in product(*(UNITS[need.resource] for need in item.demand.needs)):
            if all(
                item.availability.units.free(need.resource, unit, DAY) >> start + need.start & mask
                == mask
                for unit, need in zip(units, item.demand.needs, strict=True)
                for mask in [(1 << need.minutes) - 1]
            ):
                yield Seat(start, units)


def are_apart(taken: Taken) -> bool:
    marks = Counter((owner, minute) for owner, span in taken for minute in span[::30])
    return all(n == 1 for n in marks.values())


def is_possible(items: Sequence[Item], taken: Taken) -> bool:
    if not items:
        return True
    return any(
        are_apart(both) and is_possible(items[1:], both)
        for seat in seats(items[0])
        for both in [taken + spans(items[0], seat)]
    )


@given(days())
def test_everybody_has_a_seat_where_that_is_possible(day: tuple[Availability, list[Item]]) -> None:
    _, items = day
    found = pack(DAY, items)
    taken = [
        span for i in items if (i.code, i.id) in found for span in spans(i, found[i.code, i.id])
    ]
    assert are_apart(taken)
    assert all(found[i.code, i.id] in [*seats(i)] for i in items if (i.code, i.id) in found)
    assert (len(found) == len(items)) == is_possible(items, [])


@given(days(), st.data())
def test_who_stands_well_stays(day: tuple[Availability, list[Item]], data: st.DataObject) -> None:
    _, items = day
    first, *others = items
    possible = [*seats(first)]
    if not possible or not is_possible(
        others, spans(first, wish := data.draw(st.sampled_from(possible)))
    ):
        return
    standing = Item(
        code=first.code,
        id=first.id,
        demand=first.demand,
        availability=first.availability,
        wish=wish,
    )
    assert pack(DAY, [*others, standing])[first.code, first.id] == wish


@given(st.permutations("ABC"))
def test_nobody_takes_the_units_of_who_could_stay(order: Sequence[str]) -> None:
    """One of three chairs is shut: whoever sat there moves, and the other two sit as before."""
    site = clinic("08:00-12:00", resources=(resource("chair", 3),))
    shut = Busy.of("chair-1", "shut", [Availability(site).interval(DAY, 0, 24 * 60)])
    demand = Demand(minutes=120, needs=(Need(resource="chair", minutes=120),))
    wishes = {code: Seat(8 * 60, (f"chair-{n}",)) for n, code in enumerate("ABC", 1)}
    items = [
        Item(
            code=code,
            id="v",
            demand=demand,
            availability=Availability(site, [shut]).seen_by(code),
            wish=wishes[code],
        )
        for code in order
    ]
    found = pack(DAY, items)
    assert (found["B", "v"], found["C", "v"]) == (wishes["B"], wishes["C"])
    assert found["A", "v"].start == 10 * 60


@given(days())
def test_rows_never_forbid_what_can_be_packed(day: tuple[Availability, list[Item]]) -> None:
    availability, items = day
    places = Places(availability, [item.demand for item in items])
    used = Counter(row for item in items for row in places.rows(item.demand, DAY))
    if is_possible(items, []):
        assert all(n <= places.limits[row] for row, n in used.items())


def test_minutes_are_no_measure() -> None:
    """Two free stretches of three hours are six hours, and no place for a visit of four."""
    site = clinic("08:00-11:00", "12:00-15:00", resources=(resource("chair", 1),))
    long, short = (Demand(minutes=n, needs=(Need(resource="chair", minutes=n),)) for n in (240, 90))
    places = Places(Availability(site), [long, short])
    taken = Counter(places.rows(long, DAY))
    # Wherever it begins, a visit of four hours has room for two of an hour and a half.
    assert [(places.limits[row], n) for row, n in taken.items()] == [(4, 2), (0, 1)]
    assert [places.limits[row] for row in places.rows(short, DAY)] == [4]
