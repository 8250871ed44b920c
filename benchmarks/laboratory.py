"""Re-planning ten thousand participants of eight sites that share a cell laboratory.

The laboratory takes less on a day than the chairs of all sites together.  The baseline are the
sites in turn: each at its best, in what those before have left of the laboratory.  The limits
are the bound that the LP of all sites proves, and the memory of a small machine: that of this
process alone, while there are no others, or with the peaks of those of the sites added up.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from os import cpu_count, getpid

from benchmarks.crowds import crowd, site
from benchmarks.memory import forget, peak
from benchmarks.table import Row
from scheduler import optimizer
from scheduler.capacity import WORK
from scheduler.joint.arrangement import Arrangement
from scheduler.joint.costs import figures
from scheduler.joint.quotas import Party, Place, arrange_all
from scheduler.services import replan
from scheduler.services.network import ENDLESS
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
    with _processes() as processes:
        found, bound = arrange_all(parties, optimizer.relax, processes.arranged)
        held = processes.held()
        turns = _in_turn(parties, processes)
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
        work=f"{told}, most memory of all processes",
        unit="MB",
        measured=held,
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


@dataclass
class _Processes:
    """Sites arranged side by side, and the MB that each process takes for it."""

    pool: ProcessPoolExecutor
    alone: float = 0.0
    peaks: dict[int, float] = field(default_factory=dict)

    def arranged(self, parties: Sequence[Party]) -> list[Arrangement]:
        """Every party arranged by itself."""
        if not self.peaks:
            self.alone = peak()
            forget()
        every = list(self.pool.map(_arranged, parties))
        self.peaks |= {process: held for _, process, held in every}
        return [found for found, _, _ in every]

    def held(self) -> float:
        """The most that all processes have held at one time, in MB."""
        return max(self.alone, peak() + sum(self.peaks.values()))


@contextmanager
def _processes() -> Iterator[_Processes]:
    with ProcessPoolExecutor(cpu_count() or 1, get_context("spawn")) as pool:
        yield _Processes(pool)


def _arranged(party: Party) -> tuple[Arrangement, int, float]:
    return replan.arranged(party, optimizer.select, ENDLESS), getpid(), peak()


def _in_turn(parties: Sequence[Party], processes: _Processes) -> list[Arrangement]:
    """Each site at its best in what those before have left of the laboratory."""
    found: list[Arrangement] = []
    taken = Counter[Place]()
    for party in parties:
        [each] = processes.arranged([_left(party, taken)])
        found.append(each)
        taken += party.taken(each)
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
