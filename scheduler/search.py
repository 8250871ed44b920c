"""The exact search for the best day of every visit of an arm.

Given the days of the anchors above it, a branch of the tree (`scheduler.tree`) can be settled
on its own, so dynamic programming from the leaves up reaches the best of all assignments.
What is best is decided in ranks (`scheduler.ranks`).

>>> from datetime import date
>>> from scheduler.dates import Offset
>>> from scheduler.protocol import Arm, Encounter, Kind, Protocol, Timing
>>> from scheduler.words import Words
>>> def encounter(id: str, kind: Kind, anchor: str, days: int) -> Encounter:
...     return Encounter(
...         id=id, label=Words.of(en=id), kind=kind, epoch="treatment", basis="assumption",
...         timing=Timing(anchor=anchor, offset=Offset(days=days)), minutes=120)
>>> arm = Arm(code="bmsc", label=Words.of(en="BMSC"), encounters=(
...     encounter("aspiration", Kind.PROCEDURE, "enrollment", 3),
...     encounter("infusion", Kind.INFUSION, "aspiration", 35)))
>>> trial = Protocol(id="demo", version="1", title=Words.of(en="Demo"), arms=(arm,))
>>> tree = Tree.of(trial, arm)
>>> monday = date(2026, 3, 2)
>>> open = dict.fromkeys((monday.toordinal() + n for n in range(1, 60)), 8 * 60)
>>> search = Search(tree, {"aspiration": open, "infusion": open}, {}, {})
>>> cost, days = search.best(tree.anchors(monday))
>>> str(date.fromordinal(days["aspiration"])), str(date.fromordinal(days["infusion"]))
('2026-03-05', '2026-04-09')
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.ranks import FIRST
from scheduler.tree import Node, Steps, Tree


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
        ids = [encounter.id for encounter in tree.arm.encounters]
        self._open, blank = tuple([open[id] for id in ids]), (None,) * len(ids)
        self._banned = tuple([banned.get(id) for id in ids]) if banned else blank
        self._settled = tuple([settled.get(id) for id in ids]) if settled else blank
        self._below = {node.position: self._hanging(node) for node in tree.inner}

    def _hanging(self, node: Node) -> "_Below":
        leaves, others = [], []
        for child in node.children:
            place = child.position
            if child.ahead is None or self._banned[place] or self._settled[place] is not None:
                others.append(child)
            else:
                leaves.append((self._open[place], child.ahead, child.shift, child.dropped))
        return _Below(leaves=leaves, others=others)

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
        settled = self._settled[node.position]
        if settled is not None:
            cost = node.ranks.impossible if enough is None else enough
            return self.below(node, settled, days, cost), settled
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
            cost += self.below(node, day, days, least - cost)
            if cost < least:
                least, best = cost, day
                if not node.children:
                    break
        return least, best

    def starts(self, days: Mapping[str, int | None]) -> dict[str, int]:
        """The earliest start of every encounter on its day, whatever else falls on that day."""
        starts = {}
        for encounter, open in zip(self._tree.arm.encounters, self._open, strict=True):
            day = days.get(encounter.id)
            if day is not None:
                starts[encounter.id] = open[day]
        return starts

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
        if not node.children:
            return 0
        hung = self._below[node.position]
        # Mostly the day alone, which takes half the memory and time of a tuple.
        key = (day, *[days[id] for id in node.reach]) if node.reach else day
        known = hung.known.get(key)
        if known is not None:
            return known
        if (bound := hung.at_least.get(key, 0)) > enough:
            return bound
        cost = 0
        days[node.encounter.id] = day
        for child in hung.others:
            cost += self.choose(child, days, enough - cost)[0]
            if cost > enough:
                hung.at_least[key] = cost  # and not more is known of it
                return cost
        for open, ahead, shift, dropped in hung.leaves:
            for step, so_far in ahead:
                if open[day + step] >= 0:
                    cost += so_far + (day << shift)
                    break
            else:
                cost += dropped
            if cost > enough:
                hung.at_least[key] = cost
                return cost
        hung.known[key] = cost
        return cost


@dataclass(slots=True, kw_only=True, eq=False)
class _Below:
    """What hangs on a node, and what is known of its cost, by the days it depends on.

    `leaves` are those whose days only have to be open: their days, steps ahead, shift and
    cost without a day.
    """

    leaves: list[tuple[Mapping[int, int], Steps, int, int]]
    others: list[Node]
    known: dict[int | tuple[int, ...], int] = field(default_factory=dict)
    at_least: dict[int | tuple[int, ...], int] = field(default_factory=dict)
