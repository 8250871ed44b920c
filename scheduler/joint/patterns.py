"""Patterns: the joint choices of days that one participant's open visits have.

The visits that others hang on (the carriers of the arm) have their days chosen together, one
`Pattern` for each way to do so; the others hang on them as leaves and choose for
themselves.  What a choice costs is one number by ranks (`costs`).

>>> Pattern(2 * DAY, {"aspiration": 739000}).lost
frozenset()
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

from scheduler.availability import Availability
from scheduler.errors import Refused
from scheduler.joint.costs import DAY, LOST, MOVED
from scheduler.joint.packing import Item, pack
from scheduler.minutes import NO_TIME
from scheduler.tree import Node, Tree

MOST = 20_000
"""Patterns of one participant that are still laid out; the built-in trial has some 50."""


class TooManyPatterns(Refused):
    """The visits that others hang on have more joint choices of days than can be weighed."""

    def __init__(self, code: str, ids: Sequence[str]) -> None:
        super().__init__(
            f"nothing was stored: {code} has more than {MOST:,} joint choices of days for"
            f" {', '.join(ids)}; confirm one of these visits, so that it stays, or re-plan others"
            " by --subject"
        )


class Standing(NamedTuple):
    """Where an open visit stands: day, minute, units; `usable` if nothing is in the way."""

    day: int
    start: int
    units: tuple[str, ...]
    usable: bool


class Pattern(NamedTuple):
    """Days of the carriers, and their cost.

    Those that are `lost` have no seat and stay where they stand; those that are `holding` keep
    others from their units nevertheless.
    """

    cost: int
    days: Mapping[str, int]
    lost: frozenset[str] = frozenset()
    holding: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One participant, and which of the visits are free to move.

    `anchors` are the days of the enrollment, the milestones and every visit that is not
    `free`; those in `kept` among them should stay within their windows.  `barred` are days
    on which a visit cannot be though its site is open.  `availability` is free time as this
    participant finds it once all free visits have given theirs back.
    """

    code: str
    tree: Tree
    anchors: Mapping[str, int]
    free: frozenset[str]
    standing: Mapping[str, Standing]
    availability: Availability
    kept: frozenset[str] = frozenset()
    barred: Mapping[str, frozenset[int]] = field(default_factory=dict)
    _leaves: dict[tuple[int, ...], tuple[tuple[int, int], ...]] = field(
        default_factory=dict, init=False
    )
    _meetings: dict[tuple[frozenset[str], int], bool] = field(default_factory=dict, init=False)

    def allotted(self, availability: Availability) -> "Case":
        """The same in the free time of a site that is held to quotas."""
        own, nodes = availability.seen_by(self.code), self.nodes()
        standing = {
            id: at._replace(usable=at.usable and bool(own.starts(nodes[id].demand, at.day)))
            if id in nodes
            else at
            for id, at in self.standing.items()
        }
        return replace(self, availability=own, standing=standing)

    def parts(self) -> Iterator["Case"]:
        """The same in parts that have no day in common: branches that hang on settled days.

        One that is impossible as a whole then costs the others nothing.
        """
        carriers, above = self.tree.arm.carriers(), dict[str, str]()
        branches: dict[str, set[str]] = {}
        for node in self._free():
            id, anchor = node.encounter.id, node.encounter.timing.anchor
            above[id] = above.get(anchor, id if id in carriers else "")
            branches.setdefault(above[id], set()).add(id)
        for ids in branches.values():
            yield replace(self, free=frozenset(ids))

    def carriers(self) -> tuple[Node, ...]:
        """The free visits that others hang on or that are half of a pair, anchors first."""
        return _split(self.tree, self.free)[0]

    def leaves(self) -> tuple[Node, ...]:
        """The other free visits."""
        return _split(self.tree, self.free)[1]

    def nodes(self) -> dict[str, Node]:
        """All free visits, those that others hang on first."""
        return {node.encounter.id: node for node in (*self.carriers(), *self.leaves())}

    def placed(self, pattern: Pattern) -> Iterator[str]:
        """The carriers that can be on their day of a pattern."""
        return (id for id in pattern.days if id not in pattern.lost)

    def cheapest(self, pattern: Pattern) -> int:
        """What the leaves of a pattern cost at least."""
        return sum(
            next((cost for _, cost in self._leaf_choices(node, pattern)), LOST)
            for node in self.leaves()
        )

    def patterns(self) -> tuple[Pattern, ...]:
        """Every joint choice of days for the carriers, and last those that leave them.

        The very last fits together with those of all others, for it takes no more than is held.

        Raises:
            TooManyPatterns: there are more than MOST.
        """
        found: list[Pattern] = []
        carriers = self.carriers()
        self._lay_out(carriers, 0, 0, dict(self.anchors), found)
        return (*found, *self._as_they_stand(carriers))

    def _lay_out(
        self,
        carriers: Sequence[Node],
        n: int,
        cost: int,
        days: dict[str, int],
        found: list[Pattern],
    ) -> None:
        """Choose days for the carriers from the nth on; every way to do so is `found`."""
        # No closure: one that calls itself is a cycle, and would keep all patterns in memory.
        if n < len(carriers):
            for day, price in self.choices(carriers[n], days):
                further = {**days, carriers[n].encounter.id: day}
                self._lay_out(carriers, n + 1, cost + price, further, found)
            return
        chosen = {node.encounter.id: days[node.encounter.id] for node in carriers}
        if all(self._meet(chosen, day) for day in {*chosen.values()}):
            found.append(Pattern(cost + self._deviations(days), chosen))
        if len(found) > MOST:
            raise TooManyPatterns(self.code, [node.encounter.id for node in carriers])

    def choices(self, node: Node, days: Mapping[str, int]) -> Iterator[tuple[int, int]]:
        """The days a visit may be on, with what each costs; `days` are those of its anchors."""
        id, weight = node.encounter.id, DAY * node.encounter.weight
        open, barred = self.availability.earliest(node.demand), self.barred.get(id, ())
        standing = self.standing.get(id)
        target, steps = node.candidates(days)
        for step, _ in steps:
            day = target + step
            if open[day] != NO_TIME and day not in barred:
                stays = standing is None or (standing.usable and standing.day == day)
                yield _choice(day, weight * abs(step) + (0 if stays else MOVED))

    def leaf_choices(self, node: Node, pattern: Pattern) -> tuple[tuple[int, int], ...]:
        """The days of a visit that hangs on a pattern, cheapest first."""
        return tuple(self._leaf_choices(node, pattern))

    def _leaf_choices(self, node: Node, pattern: Pattern) -> Iterator[tuple[int, int]]:
        carriers = {id: pattern.days[id] for id in self.placed(pattern)}
        for day, cost in self._days_of(node, {**self.anchors, **pattern.days}):
            if day not in carriers.values() or self._meet(carriers, day, node.encounter.id):
                yield day, cost

    def _meet(self, days: Mapping[str, int], day: int, *others: str) -> bool:
        """Whether the participant has time for all visits of a day, and for others."""
        ids = frozenset((*(id for id, at in days.items() if at == day), *others))
        if len(ids) < 2:
            return True
        if (ids, day) not in self._meetings:
            nodes = self.nodes()
            items = [
                Item(code=self.code, id=id, demand=nodes[id].demand, availability=self.availability)
                for id in sorted(ids)
            ]
            self._meetings[ids, day] = len(pack(day, items)) == len(ids)
        return self._meetings[ids, day]

    def _days_of(self, node: Node, days: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
        """The days of a visit when its anchors are on these days, cheapest first."""
        standing = self.standing.get(node.encounter.id)
        if not node.encounter.anchors <= days.keys():
            return ((standing.day, 0),) if standing and standing.usable else ()
        key = (node.position, *(days[id] for id in sorted(node.encounter.anchors)))
        if key not in self._leaves:
            found = sorted(self.choices(node, days), key=lambda choice: (choice[1], choice[0]))
            self._leaves[key] = tuple(found)
        return self._leaves[key]

    def _free(self) -> Iterator[Node]:
        return (node for node in self.tree.nodes.values() if node.encounter.id in self.free)

    def cost(self, placed: Mapping[str, tuple[int, int] | None]) -> int:
        """What days and minutes of some free visits cost; None where one has no time.

        A visit without one counts, for those that hang on it, as on the day where it stands.
        """
        stands = {id: place.day for id, place in self.standing.items()}
        chosen = {id: place[0] for id, place in placed.items() if place is not None}
        days = {**stands, **self.anchors, **chosen}
        cost = self._deviations(days)
        for node in self._free():
            id = node.encounter.id
            if id in placed:
                cost += self._price(node, placed[id], days)
        return cost

    def _price(self, node: Node, place: tuple[int, int] | None, days: Mapping[str, int]) -> int:
        if place is None:
            return LOST
        standing = self.standing.get(node.encounter.id)
        price = 0 if standing is None or place == standing[:2] else MOVED
        if node.encounter.anchors <= days.keys():
            off = _off(node, place[0], days)
            price += LOST if off is None else DAY * node.encounter.weight * abs(off)
        return price

    def _deviations(self, days: Mapping[str, int]) -> int:
        """Cost of settled visits that the days of others put outside their windows."""
        return sum(
            LOST
            for node in self.tree.nodes.values()
            if node.encounter.id in self.kept
            and node.encounter.anchors & self.free
            and node.encounter.anchors <= days.keys()
            and _off(node, days[node.encounter.id], days) is None
        )

    def _as_they_stand(self, carriers: Sequence[Node]) -> Iterator[Pattern]:
        """The carriers where they stand, those in the way of something lost for now.

        First as many have a seat as can have one alone, with other units if need be; then those
        who need no others; then none.
        """
        standing = {
            node.encounter.id: self.standing[node.encounter.id]
            for node in carriers
            if node.encounter.id in self.standing
        }
        usable = frozenset(id for id, at in standing.items() if at.usable)
        seated = frozenset(id for id in usable if self._is_seated(id))
        days = {id: at.day for id, at in standing.items()}
        none = dict.fromkeys(node.encounter.id for node in carriers)
        for placed in dict.fromkeys((usable, seated, frozenset[str]())):
            places = {id: standing[id][:2] for id in placed}
            cost = self.cost({**none, **places})
            yield Pattern(cost, days, frozenset(days) - placed, seated - placed)

    def _is_seated(self, id: str) -> bool:
        """Whether the very units with which a visit stands are open to it."""
        at, needs = self.standing[id], self.nodes()[id].demand.needs
        return self.availability.units.serves(at.units, needs, at.day, at.start)


@lru_cache(maxsize=1 << 16)
def _choice(day: int, cost: int) -> tuple[int, int]:
    """A day and its cost, kept once: participants remember thousands each, and mostly the same."""
    return day, cost


@lru_cache(maxsize=1024)
def _split(tree: Tree, free: frozenset[str]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """Carriers and leaves among the free visits."""
    known, nodes = tree.arm.carriers(), [n for n in tree.nodes.values() if n.encounter.id in free]
    return (
        tuple(node for node in nodes if node.encounter.id in known),
        tuple(node for node in nodes if node.encounter.id not in known),
    )


def _off(node: Node, day: int, days: Mapping[str, int]) -> int | None:
    """Days from the target, None outside the window."""
    target, steps = node.candidates(days)
    return day - target if any(step == day - target for step, _ in steps) else None
