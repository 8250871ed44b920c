"""Two sites that share a laboratory, against brute force over all their participants."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.availability import Availability
from scheduler.joint.arrangement import Arrangement, arrange
from scheduler.joint.costs import DAY, LOST
from scheduler.joint.patterns import Case
from scheduler.joint.quotas import Party, arrange_all, shared_out
from scheduler.joint.turns import improved
from scheduler.optimizer import relax, select
from scheduler.protocol import Kind
from scheduler.sites import Laboratory
from tests.arms import clinic, encounter, study, tree

FIRST = date(2026, 3, 2)
INFUSION = encounter("v0", offset="2 d", before="1 d", after="1 d", kind=Kind.INFUSION)
PROTOCOL = study(INFUSION, encounter("v1", anchor="v0", offset="1 d"))


def party(site: str, shifts: list[int], most: int) -> Party:
    laboratory = Laboratory(days=(True,) * 7, name="Central", releases_per_day=most)
    availability = Availability(replace(clinic(laboratory=laboratory), code=site))
    arm = tree(PROTOCOL)
    cases = [
        Case(
            code=f"{site}-{n}",
            tree=arm,
            anchors=arm.anchors(FIRST + timedelta(days=shift)),
            free=frozenset({"v0", "v1"}),
            standing={},
            availability=availability.seen_by(f"{site}-{n}"),
        )
        for n, shift in enumerate(shifts)
    ]
    return Party(site=site, laboratory="central", cases=cases, availability=availability)


def best(shifts: list[int], most: int) -> int:
    """The least cost: a day of the window for each infusion, or both visits lost."""
    costs = []
    for offs in product((-1, 0, 1, None), repeat=len(shifts)):
        days = Counter(s + o for s, o in zip(shifts, offs, strict=True) if o is not None)
        if all(count <= most for count in days.values()):
            costs.append(sum(2 * LOST if o is None else DAY * abs(o) for o in offs))
    return min(costs)


def each(parties: list[Party]) -> list[Arrangement]:
    arranged = (arrange(p.cases, p.availability, select) for p in parties)
    return [
        improved(p.cases, p.availability, found) for p, found in zip(parties, arranged, strict=True)
    ]


SHIFTS = st.lists(st.integers(0, 2), min_size=1, max_size=2)


@settings(max_examples=25)
@given(SHIFTS, SHIFTS, st.integers(1, 2))
def test_quotas_are_kept_and_the_bound_holds(here: list[int], there: list[int], most: int) -> None:
    parties = [party("ZJ", here, most), party("GZ", there, most)]
    found, bound = arrange_all(parties, relax, lambda parties: each(list(parties)))
    taken = sum((p.taken(f) for p, f in zip(parties, found, strict=True)), Counter())
    assert all(count <= most for count in taken.values())
    cost = sum(each.cost for each in found)
    assert bound <= best(here + there, most) <= cost
    assert cost // LOST == best(here + there, most) // LOST


def test_four_for_three_days_lose_one() -> None:
    parties = [party("ZJ", [0, 0], 1), party("GZ", [0, 0], 1)]
    found, _ = arrange_all(parties, relax, lambda parties: each(list(parties)))
    assert sum(each.cost for each in found) == best([0] * 4, 1) == 2 * LOST + 2 * DAY


@given(
    st.integers(0, 6),
    st.dictionaries(
        st.sampled_from("ABC"), st.tuples(st.integers(0, 3), st.floats(0, 6)), min_size=1
    ),
)
def test_all_is_shared_out_and_nobody_loses_what_stands(
    limit: int, sites: dict[str, tuple[int, float]]
) -> None:
    standing = {site: stands for site, (stands, _) in sites.items()}
    found = shared_out(limit, standing, {site: wanted for site, (_, wanted) in sites.items()})
    if sum(standing.values()) > limit:
        assert set(found.values()) == {0}
    else:
        assert sum(found.values()) == limit
        assert all(found[site] >= stands for site, stands in standing.items())
