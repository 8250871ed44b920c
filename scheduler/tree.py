"""An arm as a tree of anchors.

Each encounter hangs on one anchor; further limits reach only up the same chain.  So, given
the days above it, a branch can be settled on its own (`scheduler.search`).  Days are ordinals
here, as the search asks for them some hundred times a participant.

>>> [days for days, cost in _steps(-1, 2, weight=1, ranks=Ranks(13))]
[0, -1, 1, 2]
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
    the place of its date in a cost.  `ahead` are, of a leaf that has them, the steps as seen
    from the anchor: a cost and the anchor's ordinal in that place make that of the day.
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
    ahead: Steps | None

    def branch(self) -> tuple["Node", ...]:
        """This node and all below it, anchors first."""
        return self, *self.descendants

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

    `nodes` are by encounter, anchors before what hangs on them; on `inner` ones something does.
    """

    protocol: Protocol
    arm: Arm
    roots: tuple[Node, ...]
    nodes: Mapping[str, Node]
    inner: tuple[Node, ...]

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
        inner = tuple(node for node in nodes.values() if node.children)
        return cls(protocol=protocol, arm=arm, roots=roots, nodes=nodes, inner=inner)

    def anchors(self, enrolled: date) -> dict[str, int]:
        """Days of the enrollment and of every milestone."""
        dates = milestone_dates(self.protocol.milestones, {ENROLLMENT: enrolled})
        return {id: day.toordinal() for id, day in dates.items()}


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
    shift = ranks.shift(position)
    steps = _steps(first, last, encounter.weight, ranks) if plain else None
    return Node(
        encounter=encounter,
        ranks=ranks,
        position=position,
        demand=Demand.of(encounter),
        shift=shift,
        dropped=ranks.impossible if encounter.id in carriers else ranks.unplaced(position),
        children=children,
        descendants=tuple(node for child in children for node in child.branch()),
        reach=tuple(sorted(asked & above)),
        offset=timing.offset.days if plain else None,
        steps=steps,
        ahead=_ahead(steps, timing.offset.days, shift) if steps and not children else None,
    )


def _steps(first: int, last: int, weight: int, ranks: Ranks) -> Steps:
    """Steps first..last with their costs, the earlier of two that cost the same first."""
    costs = ((step, ranks.days_off(weight * abs(step))) for step in range(first, last + 1))
    return tuple(sorted(costs, key=lambda step: (step[1], step[0])))


def _ahead(steps: Steps, offset: int, shift: int) -> Steps:
    """The steps of a target that lies `offset` after its anchor, as seen from the anchor."""
    days = ((offset + step, cost) for step, cost in steps)
    return tuple((day, cost + ((day - FIRST) << shift)) for day, cost in days)
