"""Re-planning ten thousand participants of eight sites that share a cell laboratory.

The laboratory takes less on a day than the chairs of all sites together.  The baseline are the
sites in turn: each at its best, in what those before have left of the laboratory.  The limits
are the bound that the LP of all sites proves, and the memory of a small machine for this process
and those in which sites are arranged side by side.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.crowds import crowd, site
from benchmarks.memory import watched
from benchmarks.table import Row
from scheduler import optimizer
from scheduler.capacity import WORK
from scheduler.joint.arrangement import Arrangement
from scheduler.joint.costs import figures
from scheduler.joint.quotas import Party, Place, arrange_all
from scheduler.services.network import Each, side_by_side
from scheduler.sites import Laboratory

PARTICIPANTS, SITES = 10_000, 8
STARTS, RELEASES = 24, 44
"""What the laboratory takes of aspirations and infusions on one day: some less than is asked."""

GIGABYTE = 1024
"""In MB."""

YEAR = 366
"""Days within which all infusions of a participant are."""

WEEKDAYS = (True, True, True, True, True, False, False)


def rows(scale: float) -> Iterator[Row]:
    """Three rows; at scale 1 with PARTICIPANTS at SITES sites."""
    count = max(round(PARTICIPANTS * scale), 4)
    parties = _parties(count, SITES if count >= 100 * SITES else 2)
    told = f"re-plan {count:,} participants, {len(parties)} sites, shared laboratory"
    each = side_by_side(optimizer.select)
    with watched() as watch:
        found, bound = arrange_all(parties, optimizer.relax, each)
    turns = _in_turn(parties, each)
    ranks = figures(sum(each.cost for each in found), bound)
    gaps = [1 if rank.gap is None else rank.gap for rank in ranks.values()]
    yield Row(
        work=f"{told}, gap of visits lost to the bound",
        unit="%",
        measured=100 * gaps[0],
        baseline_name="a limit, of the bound by the LP of all sites",
        baseline=0.5,
        reach=1,
    )
    yield Row(
        work=f"{told}, visits lost",
        unit="visits",
        measured=_lost(found),
        baseline_name="sites in turn",
        baseline=max(_lost(turns), 1),
        reach=0.5,
    )
    yield Row(
        work=f"{told}, most memory of all processes at one time",
        unit="MB",
        measured=watch.most,
        baseline_name="a limit",
        baseline=GIGABYTE,
        reach=1,
    )


def _parties(count: int, sites: int) -> list[Party]:
    laboratory = Laboratory(
        days=WEEKDAYS,
        makeup=True,
        name="Central",
        starts_per_day=STARTS * sites // SITES,
        releases_per_day=RELEASES * sites // SITES,
    )
    parties = []
    for n in range(sites):
        place = replace(site(f"S{n}"), laboratory=laboratory)
        cases, availability = crowd(count // sites, place, seed=n)
        parties.append(
            Party(site=place.code, laboratory="central", cases=cases, availability=availability)
        )
    return parties


def _in_turn(parties: Sequence[Party], each: Each) -> list[Arrangement]:
    """Each site at its best in what those before have left of the laboratory."""
    found: list[Arrangement] = []
    taken = Counter[Place]()
    for party in parties:
        found += each([_left(party, taken)])
        taken += party.taken(found[-1])
    return found


def _left(party: Party, taken: Counter[Place]) -> Party:
    """The party held to what is left of the laboratory, on all days that it may ask about."""
    laboratory = party.availability.site.laboratory
    assert laboratory is not None
    days = [day for case in party.cases for day in case.anchors.values()]
    quotas = {
        (kind, day): (laboratory.most(kind) or 0) - taken[kind, day]
        for kind in WORK
        for day in range(min(days), max(days) + YEAR)
    }
    return party.allotted(quotas)


def _lost(found: Sequence[Arrangement]) -> int:
    return sum(place is None for each in found for place in each.seats.values())
