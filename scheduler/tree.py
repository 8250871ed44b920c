"""An arm as a tree of anchors, and the exact search for the best day of every visit.

Each encounter hangs on one anchor; further limits reach only up the same chain.  Given
the days above it, a branch can be settled on its own, so dynamic programming from the
leaves up reaches the best of all assignments.  Days are ordinals here: the search asks
some hundred times a participant which days are open.

What is best is decided in ranks (`scheduler.ranks`).

>>> from scheduler.ranks import Ranks
>>> Ranks(2).days_off(3) < Ranks(2).days_off(4) < Ranks(2).unplaced(0)
True
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from scheduler.demand import Demand
from scheduler.plan import expect, milestone_dates
from scheduler.protocol import ENROLLMENT, Arm, Encounter, Protocol
from scheduler.ranks import FIRST, Ranks

Steps = tuple[tuple[int, int], ...]
"""Days relative to a target, each with the cost of being off by so many; best first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """One encounter of the tree, with what the search asks of it worked out once.

    `offset` are the days from the anchor and `steps` those of the window; both are None
    where months or limits make them depend on the date.  `reach` names the anchors above
    that rules in the branch below still ask.  `dropped` is the cost of having no day, `shift`
    the place of its date in a cost.
    """

    encounter: Encounter
    ranks: Ranks
    position: int
    demand: Demand
    shift: int
    dropped: int
    children: tuple["Node", ...]
    descendants: tuple["Node", ...]
    reach: tuple[str, ...]
    offset: int | None
    steps: Steps | None

    def branch(self) -> tuple["Node", ...]:
        """This node and all below it, anchors first."""
        return self, *self.descendants

    @property
    def is_leaf(self) -> bool:
        """Whether nothing hangs on it, and its days are always as far from its anchor."""
        return not self.children and self.steps is not None

    def lost(self) -> int:
        """Cost of a branch that is impossible as a whole, by all its visits."""
        ranks = self.ranks
        return sum(ranks.impossible + ranks.unplaced(node.position) for node in self.branch())

    def candidates(self, days: Mapping[str, int]) -> tuple[int, Steps]:
        """The target day, and the steps from it to the allowed days."""
        if self.offset is not None and self.steps is not None:
            return days[self.encounter.timing.anchor] + self.offset, self.steps
        anchors = {id: date.fromordinal(days[id]) for id in self.encounter.anchors}
        expected = expect(self.encounter, anchors)
        target = expected.target.toordinal()
        if expected.contradiction:
            return target, ()
        window = expected.window
        first, last = window.earliest.toordinal(), window.latest.toordinal()
        return target, _steps(first - target, last - target, self.encounter.weight, self.ranks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """The encounters of one arm, hung on the enrollment and its milestones.

    `nodes` are by encounter, anchors before what hangs on them.
    """

    protocol: Protocol
    arm: Arm
    roots: tuple[Node, ...]
    nodes: Mapping[str, Node]

    @classmethod
    def of(cls, protocol: Protocol, arm: Arm) -> Self:
        """The tree of an arm whose anchors form one (the protocol reader sees to that)."""
        carriers, ranks = arm.carriers(), Ranks(len(arm.encounters))
        ids = {encounter.id for encounter in arm.encounters}

        def hung_on(anchor: str, above: frozenset[str]) -> tuple[Node, ...]:
            nodes = (
                _node(encounter, position, ranks, carriers, children, above)
                for position, encounter in enumerate(arm.encounters)
                if encounter.timing.anchor == anchor
                for children in [hung_on(encounter.id, above | {encounter.id})]
            )
            # What may not go without a day comes first: it settles most days at once.
            return tuple(sorted(nodes, key=lambda node: node.encounter.id not in carriers))

        fixed = [ENROLLMENT, *(milestone.id for milestone in protocol.milestones)]
        roots = tuple(
            node
            for anchor in fixed
            if anchor not in ids
            for node in hung_on(anchor, frozenset(fixed))
        )
        nodes = {node.encounter.id: node for root in roots for node in root.branch()}
        return cls(protocol=protocol, arm=arm, roots=roots, nodes=nodes)

    def anchors(self, enrolled: date) -> dict[str, int]:
        """Days of the enrollment and of every milestone."""
        dates = milestone_dates(self.protocol.milestones, {ENROLLMENT: enrolled})
        return {id: day.toordinal() for id, day in dates.items()}


class Search:
    """The best days for one participant, when the given days are open.

    `open` maps encounter ids to the earliest start by day (negative: no start that day);
    `banned` days of an encounter are passed over; `settled` encounters have their day,
    open or not, at no cost.  What was found out about a branch is remembered, so one
    search serves many participants as long as the same days are open.  Methods take the
    days of the anchors above in a dictionary, and write into it those they try below.
    """

    def __init__(
        self,
        tree: Tree,
        open: Mapping[str, Mapping[int, int]],
        banned: Mapping[str, frozenset[int]],
        settled: Mapping[str, int],
    ) -> None:
        self._tree, self.open = tree, open
        self._open = [open[encounter.id] for encounter in tree.arm.encounters]
        self._banned = [banned.get(encounter.id) for encounter in tree.arm.encounters]
        self._settled = [settled.get(encounter.id) for encounter in tree.arm.encounters]
        self._plain = [
            tree.nodes[encounter.id].is_leaf and not banned and settled is None
            for encounter, banned, settled in zip(
                tree.arm.encounters, self._banned, self._settled, strict=True
            )
        ]
        self._below: list[dict[int | tuple[int, ...], int]] = [{} for _ in self._open]
        self._at_least: list[dict[int | tuple[int, ...], int]] = [{} for _ in self._open]

    def best(self, anchors: Mapping[str, int]) -> tuple[int, dict[str, int | None]]:
        """Cost and day of every encounter; None where it has no day.

        A branch that is impossible as a whole has no day in any of its encounters.
        """
        cost = 0
        chosen: dict[str, int | None] = {e.id: None for e in self._tree.arm.encounters}
        for root in self._tree.roots:
            impossible = root.ranks.impossible
            found, _ = self.choose(root, dict(anchors), impossible)
            if found < impossible:
                chosen |= self._told(root, found)
            else:
                found = self._follow(root, dict(anchors), chosen, impossible)
            lost = chosen[root.encounter.id] is None and found >= impossible
            cost += root.lost() if lost else found
        return cost, chosen

    def _told(self, root: Node, cost: int) -> Mapping[str, int | None]:
        """The days of a branch in which nothing is impossible: all but settled ones are a cost."""
        days: dict[str, int | None] = {}
        for node in root.branch():
            settled = self._settled[node.position]
            day = root.ranks.day(cost, node.position) if settled is None else settled
            days[node.encounter.id] = day
        return days

    def _follow(
        self, node: Node, days: dict[str, int], chosen: dict[str, int | None], enough: int
    ) -> int:
        cost, day = self.choose(node, days, enough)
        chosen[node.encounter.id] = day
        if day is not None:
            for child in node.children:
                days[node.encounter.id] = day
                self._follow(child, days, chosen, cost)
        return cost

    def choose(
        self, node: Node, days: dict[str, int], enough: int | None = None
    ) -> tuple[int, int | None]:
        """Least cost of the branch of `node`, and the day of `node` in it.

        Where that cost exceeds `enough`, any cost that does so is given instead.
        """
        if self._plain[node.position]:
            return self._leaf(node, days[node.encounter.timing.anchor])
        settled = self._settled[node.position]
        if settled is not None:
            cost = node.ranks.impossible if enough is None else enough
            return (self.below(node, settled, days, cost) if node.children else 0), settled
        open, banned = self._open[node.position], self._banned[node.position]
        least, best = node.dropped, None
        if enough is not None and enough < least:
            least = enough + 1
        target, steps = node.candidates(days)
        for step, cost in steps:
            if cost > least:
                break  # steps are sorted by cost, so no later one can win
            day = target + step
            if open[day] < 0 or (banned and day in banned):
                continue
            cost += (day - FIRST) << node.shift
            if node.children:
                cost += self.below(node, day, days, least - cost)
            if cost < least:
                least, best = cost, day
                if not node.children:
                    break
        return least, best

    def bans(self, node: Node, day: int) -> bool:
        """Whether the day is passed over for the sake of another visit."""
        return day in (self._banned[node.position] or ())

    def keeps_all(self, node: Node, day: int, days: dict[str, int]) -> bool:
        """Whether everything that hangs on `node` finds a day when it falls on `day`."""
        return self.lost(node, day, days) == 0

    def lost(self, node: Node, day: int, days: dict[str, int]) -> int:
        """How many visits that hang on `node` find no day when it falls on `day`.

        Where one of them may not go without, this is more than there are visits.
        """
        cost = self.below(node, day, days, node.ranks.impossible)
        return node.ranks.count_unplaced(cost)

    def below(self, node: Node, day: int, days: dict[str, int], enough: int) -> int:
        """Least cost of everything that hangs on `node` when it falls on `day`.

        Where that cost exceeds `enough`, any cost that does so is given instead.
        """
        # Mostly the day alone, which takes half the memory and time of a tuple.
        key = (day, *[days[id] for id in node.reach]) if node.reach else day
        remembered = self._below[node.position]
        known = remembered.get(key)
        if known is not None:
            return known
        at_least = self._at_least[node.position]
        if (bound := at_least.get(key, 0)) > enough:
            return bound
        cost = 0
        days[node.encounter.id] = day
        for child in node.children:
            if self._plain[child.position]:
                cost += self._leaf(child, day)[0]
            else:
                cost += self.choose(child, days, enough - cost)[0]
            if cost > enough:
                at_least[key] = cost  # and not more is known of it
                return cost
        remembered[key] = cost
        return cost

    def _leaf(self, leaf: Node, anchor: int) -> tuple[int, int | None]:
        """What `choose` finds for a leaf without limits: the first of its days that is open."""
        assert leaf.offset is not None
        assert leaf.steps is not None
        open, target = self._open[leaf.position], anchor + leaf.offset
        for step, cost in leaf.steps:
            if open[target + step] >= 0:
                day = target + step
                return cost + ((day - FIRST) << leaf.shift), day
        return leaf.dropped, None


def _node(
    encounter: Encounter,
    position: int,
    ranks: Ranks,
    carriers: frozenset[str],
    children: tuple[Node, ...],
    above: frozenset[str],
) -> Node:
    timing = encounter.timing
    offsets = (timing.offset, timing.before, timing.after)
    plain = not encounter.limits and not any(offset.months for offset in offsets)
    first, last = -timing.before.days, timing.after.days
    asked = {limit.anchor for child in children for limit in child.encounter.limits}
    asked |= {id for child in children for id in child.reach}
    return Node(
        encounter=encounter,
        ranks=ranks,
        position=position,
        demand=Demand.of(encounter),
        shift=ranks.shift(position),
        dropped=ranks.impossible if encounter.id in carriers else ranks.unplaced(position),
        children=children,
        descendants=tuple(node for child in children for node in child.branch()),
        reach=tuple(sorted(asked & above)),
        offset=timing.offset.days if plain else None,
        steps=_steps(first, last, encounter.weight, ranks) if plain else None,
    )


def _steps(first: int, last: int, weight: int, ranks: Ranks) -> Steps:
    """Steps first..last with their costs, the earlier of two that cost the same first."""
    costs = ((step, ranks.days_off(weight * abs(step))) for step in range(first, last + 1))
    return tuple(sorted(costs, key=lambda step: (step[1], step[0])))
