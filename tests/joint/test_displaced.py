"""What cannot keep its time, against brute force on one day."""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, product

from hypothesis import given
from hypothesis import strategies as st

from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.demand import Demand
from scheduler.joint.arrangement import arrange
from scheduler.joint.costs import DAY, LOST, MOVED, figures
from scheduler.joint.displaced import displaced, raised
from scheduler.joint.packing import Item
from scheduler.joint.patterns import Case, Standing
from scheduler.joint.quotas import Party, arrange_all
from scheduler.joint.turns import in_turn
from scheduler.optimizer import relax, select
from scheduler.protocol import Need
from tests.arms import clinic, encounter, resource, study, tree
from tests.joint.test_packing import DAY as MONDAY
from tests.joint.test_packing import are_apart, days, seats, spans


def case(item: Item, n: int, start: int, units: tuple[str, ...] = ()) -> Case:
    """A participant whose only visit stands at that time."""
    row = encounter("v0", minutes=item.demand.minutes, needs=item.demand.needs)
    usable = bool(item.availability.starts(Demand.of(row), MONDAY) >> start & 1)
    return Case(
        code=f"{item.code}{n}",
        tree=tree(study(row)),
        anchors={"enrollment": MONDAY},
        free=frozenset({"v0"}),
        standing={"v0": Standing(MONDAY, start, units, usable)},
        availability=item.availability,
    )


def keepers(items: Sequence[Item], starts: Sequence[int]) -> int:
    """The most that can keep their times together."""

    def at(n: int) -> Iterator[list[tuple[str, range]]]:
        return (spans(items[n], seat) for seat in seats(items[n]) if seat.start == starts[n])

    return next(
        count
        for count in range(len(items), -1, -1)
        for some in combinations(range(len(items)), count)
        if any(are_apart([*chain(*taken)]) for taken in product(*map(at, some)))
    )


@given(days(), st.data())
def test_no_more_are_displaced_than_have_to_be(
    day: tuple[Availability, list[Item]], data: st.DataObject
) -> None:
    availability, items = day
    starts = [data.draw(st.sampled_from(range(8 * 60, 11 * 60, 30))) for _ in items]
    cases = [
        case(item, n, start) for n, (item, start) in enumerate(zip(items, starts, strict=True))
    ]
    assert displaced(cases, availability) <= len(items) - keepers(items, starts)


def test_a_lost_nurse_displaces_one_of_two() -> None:
    """At eight, and at ten again; proved whoever arranges them."""
    site = clinic("08:00-16:00", resources=(resource("chair", 3), resource("nurse", 2)))
    shut = Busy.of("nurse-1", "ill", [Availability(site).interval(MONDAY, 0, 24 * 60)])
    availability = Availability(site, [shut])
    needs = (Need(resource="chair", minutes=60), Need(resource="nurse", minutes=30))
    items = [
        Item(
            code=code,
            id="v0",
            demand=Demand(minutes=60, needs=needs),
            availability=availability.seen_by(code),
        )
        for code in "ABCD"
    ]
    sat = [("chair-1", "nurse-1"), ("chair-2", "nurse-2")] * 2
    at = zip(items, (480, 480, 600, 600), sat, strict=True)
    cases = [case(item, n, start, units) for n, (item, start, units) in enumerate(at)]
    assert displaced(cases, availability) == 2
    party = Party(site="S", laboratory="S", cases=cases, availability=availability)
    arranged = arrange(cases, availability, select)
    _, together = arrange_all([party], relax, lambda parties: [arranged for _ in parties])
    for found in (arranged, in_turn(cases, availability)):
        assert figures(found.cost, found.bound)["moved"] == (2, 2)
    assert figures(arranged.cost, together)["moved"] == (2, 2)


def test_who_is_lost_does_not_move() -> None:
    assert raised(2 * LOST + 7 * DAY, 3) == 2 * LOST + 1 * MOVED
    assert raised(3 * LOST - 1, 3) == 3 * LOST - 1
    assert raised(0, 0) == 0
