"""Why a visit is on its day, or on none: sentences for every day that was passed over.

>>> spoken(Window(earliest=date(2026, 3, 7), latest=date(2026, 3, 8)))
'Sat 2026-03-07 to Sun 2026-03-08'
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from scheduler.availability import Availability
from scheduler.dates import Window
from scheduler.plan import Expected, expect
from scheduler.protocol import Encounter
from scheduler.tree import Node, Search, Tree


class Explanation:
    """What can be said of a finished search.

    `days` are its choice, `planned` the plan it began from.
    """

    def __init__(
        self,
        tree: Tree,
        enrolled: date,
        availability: Availability,
        search: Search,
        days: Mapping[str, int | None],
        planned: Sequence[Expected],
    ) -> None:
        self._availability, self._search = availability, search
        self._nodes = {node.encounter.id: node for node in tree.nodes()}
        self._placed = {id: day for id, day in days.items() if day is not None}
        known = tree.anchors(enrolled) | self._placed
        self._dates = {id: date.fromordinal(day) for id, day in known.items()}
        self._planned = {expected.encounter.id: expected for expected in planned}
        targets = {id: expected.target.toordinal() for id, expected in self._planned.items()}
        self._likely = targets | known

    def expected(self, encounter: Encounter) -> Expected:
        """Where the encounter belongs, by its anchors' chosen days, else by their planned ones."""
        anchored = encounter.anchors() <= self._dates.keys()
        return expect(encounter, self._dates) if anchored else self._planned[encounter.id]

    def off_target(self, expected: Expected, day: date) -> Iterator[str]:
        """Why the visit is not on its target: what is wrong with every day nearer to it."""
        distance = abs((day - expected.target).days)
        if not distance:
            return
        days = expected.window.days()
        nearer = [other for other in days if abs((other - expected.target).days) < distance]
        yield from self._told(expected.encounter, nearer)

    def reasons(self, expected: Expected) -> Iterator[str]:
        """Why the visit has no slot: what is wrong with every day of its window."""
        encounter, window = expected.encounter, expected.window
        if expected.contradiction:
            yield f"no day keeps both rules: {expected.contradiction}"
            return
        told = list(self._told(encounter, list(window.days())))
        if not told:
            yield f"hangs on {encounter.timing.anchor}, which has no slot"
            return
        between = f"between {window.earliest} and {window.latest}"
        span = between if window.earliest < window.latest else f"on {window.earliest}"
        yield f"no allowed day {span}"
        yield from told

    def _told(self, encounter: Encounter, days: list[date]) -> Iterator[str]:
        """Sentences for days that cannot be, neighbours with one reason in one sentence."""
        spans: list[tuple[Window, str]] = []
        for day in days:
            reason = "; ".join(self._against(encounter, day))
            if not reason:
                continue
            if spans and spans[-1][1] == reason and spans[-1][0].latest == day - timedelta(days=1):
                spans[-1] = Window(earliest=spans[-1][0].earliest, latest=day), reason
            else:
                spans.append((Window(earliest=day, latest=day), reason))
        for span, reason in spans:
            yield f"{spoken(span)}: {reason}"

    def _against(self, encounter: Encounter, day: date) -> tuple[str, ...]:
        node = self._nodes[encounter.id]
        return self._availability.reasons(node.demand, day) or tuple(self._below(node, day))

    def _below(self, node: Node, day: date) -> Iterator[str]:
        """What would become of the visits that hang on `node` if it fell on `day`."""
        days = {**self._likely, node.encounter.id: day.toordinal()}
        lost = [visit for child in node.children for visit in self._lost(child, days)]
        if lost:
            yield ", ".join(lost)
        elif node.children and node.encounter.id in self._placed:
            cost = self._search.below(node, day.toordinal(), days, node.ranks.impossible)
            off = node.ranks.weighted_days(cost)
            yield f"the visits after it would be {off} days off target"

    def _lost(self, node: Node, days: dict[str, int]) -> Iterator[str]:
        """The first visits of a branch that would have no day, with the reason."""
        _, day = self._search.choose(node, {**days})
        if day is not None:
            for child in node.children:
                yield from self._lost(child, {**days, node.encounter.id: day})
            return
        dates = {id: date.fromordinal(ordinal) for id, ordinal in days.items()}
        window = expect(node.encounter, dates).window
        if window.earliest < window.latest:
            yield f"{node.encounter.id} would have no day from {window.earliest} to {window.latest}"
        else:
            reasons = "; ".join(self._against(node.encounter, window.earliest))
            yield f"{node.encounter.id} would fall on {spoken(window)} ({reasons})"


def spoken(days: Window) -> str:
    """One day, or a span of days, with weekdays."""
    if days.earliest == days.latest:
        return f"{days.earliest:%a %Y-%m-%d}"
    return f"{days.earliest:%a %Y-%m-%d} to {days.latest:%a %Y-%m-%d}"
