"""Quotas: how much of a shared laboratory each of several sites may ask on each day.

The patterns of all sites are laid side by side, with the rows of each site and those of the
laboratory; what the LP of that takes of the laboratory says how its days are shared out, and
what it costs is a bound on every arrangement of all sites.  A site never gets less than what
stands there, for whoever finds no better place stays where he is; where more stands at
all sites together than the laboratory takes, nobody gets anything until some have left.

>>> shared_out(3, {"ZJ": 0, "GZ": 1}, {"ZJ": 1.6, "GZ": 0.4})
{'GZ': 1, 'ZJ': 2}
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from scheduler.availability import Availability
from scheduler.joint.arrangement import Arrangement
from scheduler.joint.costs import LOST
from scheduler.joint.days import Choosing
from scheduler.joint.displaced import displaced, raised
from scheduler.joint.patterns import Case
from scheduler.joint.selection import Option, Problem, Relax, Row
from scheduler.protocol import Kind

Place = tuple[Kind, int]
"""A place of a laboratory: for a kind of visit, on a day."""

Quotas = Mapping[Place, int]
"""How many of each place one site has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One site: its participants, its free time, and a key of the laboratory.

    Sites that share one have its key in common.
    """

    site: str
    laboratory: str
    cases: Sequence[Case]
    availability: Availability

    def allotted(self, quotas: Quotas) -> "Party":
        """The same, held to what it may ask of the laboratory."""
        availability = self.availability.allotted(quotas)
        cases = [case.allotted(availability) for case in self.cases]
        return Party(
            site=self.site, laboratory=self.laboratory, cases=cases, availability=availability
        )

    def standing(self) -> Counter[Place]:
        """What the visits that may move take of the laboratory where they stand."""
        nodes = ((case, id, case.standing[id].day) for case in self.cases for id in case.standing)
        return Counter(_places((case, id, day) for case, id, day in nodes if id in case.free))

    def taken(self, found: Arrangement) -> Counter[Place]:
        """What an arrangement takes of the laboratory, with those who stay for want of a place."""

        def days() -> Iterator[tuple[Case, str, int]]:
            for case in self.cases:
                for id in case.free:
                    seat, stands = found.seats[case.code, id], case.standing.get(id)
                    if seat is not None:
                        yield case, id, seat[0]
                    elif stands is not None:
                        yield case, id, stands.day

        return Counter(_places(days()))


def _places(days: Iterator[tuple[Case, str, int]]) -> Iterator[Place]:
    for case, id, day in days:
        if (work := case.nodes()[id].demand.work) is not None:
            yield work, day


class Shares:
    """What all sites ask together, and how the days of their laboratories are shared out."""

    def __init__(self, parties: Sequence[Party], relax: Relax) -> None:
        self.parties = parties
        self.limits: dict[tuple[str, Place], int] = {}
        self._asked: dict[tuple[str, Place], dict[str, int]] = defaultdict(dict)
        groups: list[tuple[Option, ...]] = []
        rows: list[Row] = []
        least = 0
        for party in parties:
            choosing = Choosing(party.cases, party.availability, _unasked)
            problem, alone = choosing.problem()
            least += alone
            first = len(rows)
            rows += problem.rows
            for row, (kind, day, room) in choosing.places.laboratory.items():
                key = party.laboratory, (kind, day)
                self.limits[key] = room
                self._asked[key][party.site] = first + row
            # Numbers are shared: of their own, those of ten thousand participants take 300 MB.
            numbers = list(range(first, first + len(problem.rows)))
            groups += (
                tuple(_shifted(each, numbers) for each in _with_loss(group))
                for group in problem.groups
            )
        self._join(groups, rows)
        found = relax(Problem(groups=tuple(groups), rows=tuple(rows)))
        self.bound, self._used = found.bound + least, found.used

    def _join(self, groups: list[tuple[Option, ...]], rows: list[Row]) -> None:
        """Add the rows of the laboratories, of which the sites' options take places."""
        common: dict[int, int] = {}
        for key, asked in self._asked.items():
            if len(asked) > 1:
                common |= dict.fromkeys(asked.values(), len(rows))
                rows.append(Row(self.limits[key], self.limits[key]))
        for n, group in enumerate(groups):
            groups[n] = tuple(_widened(option, common) for option in group)

    def quotas(self) -> dict[str, dict[Place, int]]:
        """Of every place, how many each site has; together as many as there are."""
        quotas: dict[str, dict[Place, int]] = {party.site: {} for party in self.parties}
        stands = {party.site: party.standing() for party in self.parties}
        for (laboratory, place), limit in self.limits.items():
            asked = self._asked[laboratory, place]
            sharers = [party.site for party in self.parties if party.laboratory == laboratory]
            held = {site: stands[site][place] for site in sharers}
            wanted = {site: self._used[asked[site]] if site in asked else 0.0 for site in sharers}
            for site, count in shared_out(limit, held, wanted).items():
                quotas[site][place] = count
        return quotas

    def left(self, taken: Mapping[str, Counter[Place]], party: Party) -> dict[Place, int]:
        """What a party may ask when all the others have taken so much."""
        sharers = [p.site for p in self.parties if p.laboratory == party.laboratory]
        others = [taken[site] for site in sharers if site != party.site]
        return {
            place: max(limit - sum(each[place] for each in others), 0)
            for (laboratory, place), limit in self.limits.items()
            if laboratory == party.laboratory
        }


def shared_out(
    limit: int, standing: Mapping[str, int], wanted: Mapping[str, float]
) -> dict[str, int]:
    """Places by site: what stands there first, then to whoever lacks most of what is wanted."""
    if sum(standing.values()) > limit:
        return dict.fromkeys(sorted(standing), 0)
    held = {site: standing[site] for site in sorted(standing)}
    for _ in range(limit - sum(held.values())):
        most = max(held, key=lambda site: wanted.get(site, 0.0) - held[site])
        held[most] += 1
    return held


def _unasked(_: Problem) -> NoReturn:
    raise AssertionError("no site selects on its own before the days are shared out")


def _with_loss(group: tuple[Option, ...]) -> tuple[Option, ...]:
    """With a last option that always fits: more may stand already than the laboratory takes."""
    return (*group, Option(group[-1].cost + LOST, ()))


def _shifted(option: Option, numbers: Sequence[int]) -> Option:
    return Option(option.cost, tuple(numbers[row] for row in option.rows))


def _widened(option: Option, common: Mapping[int, int]) -> Option:
    more = tuple(common[row] for row in option.rows if row in common)
    return Option(option.cost, option.rows + more) if more else option


def arrange_all(
    parties: Sequence[Party],
    relax: Relax,
    each: Callable[[Sequence[Party]], Iterable[Arrangement]],
) -> tuple[list[Arrangement], int]:
    """An arrangement of every site, and what all together cost at least.

    `each` arranges several sites that are held to their quotas, side by side.  What they leave
    of the laboratory is then offered to one after another, the dearest first.
    """
    shares = Shares(parties, relax)
    quotas = shares.quotas()
    found = list(each([party.allotted(quotas[party.site]) for party in parties]))
    taken = {party.site: party.taken(a) for party, a in zip(parties, found, strict=True)}
    for n in sorted(range(len(parties)), key=lambda n: -found[n].cost):
        party = parties[n]
        wider = party.allotted(shares.left(taken, party))
        [again] = each([wider])
        found[n] = min(again, found[n], key=lambda found: found.cost)
        taken[party.site] = party.taken(found[n])
    moving = sum(displaced(party.cases, party.availability) for party in parties)
    return found, min(raised(shares.bound, moving), sum(each.cost for each in found))
