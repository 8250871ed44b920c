"""Why a visit is on its day, or on none: sentences for every day that was passed over.

>>> spoken(date(2026, 3, 7), date(2026, 3, 8))
'Sat 2026-03-07 to Sun 2026-03-08'
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain, islice

from scheduler.availability import Availability
from scheduler.hindrances import Hindrances
from scheduler.plan import Expected, expect
from scheduler.protocol import Encounter
from scheduler.search import Search
from scheduler.tree import Node, Tree


class Explanation:
    """What can be said of a finished search.

    `days` are its choice, `planned` the plan it began from.  Where `named`, others whose
    appointments are in the way are named: that is for the screen, and not to be kept.
    """

    def __init__(
        self,
        tree: Tree,
        enrolled: date,
        availability: Availability,
        search: Search,
        days: Mapping[str, int | None],
        planned: Sequence[Expected],
        *,
        named: bool = False,
    ) -> None:
        self._availability, self._search, self._named = availability, search, named
        self._nodes = tree.nodes
        self._placed = {id: day for id, day in days.items() if day is not None}
        known = tree.anchors(enrolled) | self._placed
        self._dates = {id: date.fromordinal(day) for id, day in known.items()}
        self._planned = {expected.encounter.id: expected for expected in planned}
        targets = {id: expected.target.toordinal() for id, expected in self._planned.items()}
        self._likely = targets | known
        fixed = known.keys() - targets.keys()
        self._on_target = fixed | {id for id, day in self._placed.items() if day == targets[id]}

    def expected(self, encounter: Encounter) -> Expected:
        """Where the encounter belongs, by its anchors' chosen days, else by their planned ones."""
        anchors = encounter.anchors
        if anchors <= self._on_target or not anchors <= self._dates.keys():
            return self._planned[encounter.id]
        return expect(encounter, self._dates)

    def off_target(self, expected: Expected, day: date) -> Iterator[str]:
        """Why the visit is not on its target: what is wrong with every day better than `day`."""
        if day == expected.target:
            return
        better = _better(expected, day.toordinal())
        yield from by_spans((other, self.against(expected, other)) for other in better)

    def reasons(self, expected: Expected) -> Iterator[str]:
        """Why the visit has no slot: what is wrong with every day of its window."""
        encounter, window = expected.encounter, expected.window
        if expected.contradiction:
            yield f"no day keeps both rules: {expected.contradiction}"
            return
        against = [(day, self.against(expected, day)) for day in window.days()]
        if not all(reason for _, reason in against):
            yield f"hangs on {encounter.timing.anchor}, which has no slot"
            return
        between = f"between {window.earliest} and {window.latest}"
        span = between if window.earliest < window.latest else f"on {window.earliest}"
        yield f"no allowed day {span}"
        yield from by_spans(against)

    def against(self, expected: Expected, day: date) -> str:
        """What is wrong with a day for the visit, or comes of it for others; "" if nothing is."""
        return self._wrong(self._nodes[expected.encounter.id], day.toordinal(), self._likely)

    def forbids(self, expected: Expected, day: date) -> str:
        """What forbids a day for the visit; "" if nothing does."""
        return self._forbidden(self._nodes[expected.encounter.id], day.toordinal(), self._likely)

    def _wrong(self, node: Node, day: int, days: Mapping[str, int]) -> str:
        """What is wrong with a day of `node`, its anchors being on `days`; "" if nothing is."""
        forbidden = self._forbidden(node, day, days)
        if forbidden or not node.children:
            return forbidden
        return self._off(node, {**days, node.encounter.id: day})

    def _forbidden(self, node: Node, day: int, days: Mapping[str, int]) -> str:
        on = date.fromordinal(day)
        against = Hindrances(self._availability, node.demand, on, named=self._named)
        if closed := against.of_day():
            return "; ".join(closed)
        if self._search.bans(node, day):
            beside = ", ".join(id for id, other in self._placed.items() if other == day)
            return f"no time left beside {beside or 'other visits'}"
        if not node.children:
            return ""
        days = {**days, node.encounter.id: day}
        count = self._search.lost(node, day, days)
        if not count:
            return ""
        placed = node.encounter.id in self._placed
        each = chain.from_iterable(self._lost(child, days) for child in node.children)
        lost = islice(each, count)  # and the rest of them need not be looked at
        # A visit that has no slot in any case says nothing against this day.
        return ", ".join(reason for id, reason in lost if not placed or id in self._placed)

    def _off(self, node: Node, days: dict[str, int]) -> str:
        """How the visits that hang on `node` would stand, which falls on its day in `days`."""
        if node.encounter.id not in self._placed:
            return ""
        cost = self._search.below(node, days[node.encounter.id], days, node.ranks.impossible)
        off = node.ranks.weighted_days(cost)
        return f"the visits after it would be {off} day{'' if off == 1 else 's'} off target"

    def _lost(self, node: Node, days: dict[str, int]) -> Iterable[tuple[str, str]]:
        """The first visits of a branch that would have no day, each with the reason."""
        cost, day = self._search.choose(node, days)
        if day is None:
            return [(node.encounter.id, self._no_day(node, days))]
        if not node.children or not node.ranks.count_unplaced(cost):
            return ()
        days = {**days, node.encounter.id: day}
        return [visit for child in node.children for visit in self._lost(child, days)]

    def _no_day(self, node: Node, days: Mapping[str, int]) -> str:
        """That a visit would have no day in its window, its anchors being on `days`."""
        id = node.encounter.id
        anchors = {anchor: date.fromordinal(days[anchor]) for anchor in node.encounter.anchors}
        expected = expect(node.encounter, anchors)
        window = expected.window
        if expected.contradiction:
            return f"{id} would have no day ({expected.contradiction})"
        if window.earliest < window.latest:
            return f"{id} would have no day from {window.earliest} to {window.latest}"
        wrong = self._wrong(node, window.earliest.toordinal(), days)
        return f"{id} would fall on {spoken(window.earliest, window.latest)} ({wrong})"


def _better(expected: Expected, day: int) -> Iterator[date]:
    """The days of the window that are nearer to the target than `day`, or as near and earlier.

    Where it does not matter how far off a visit is, these are the earlier ones.
    """
    window, target = expected.window, expected.target.toordinal()
    first, last = window.earliest.toordinal(), window.latest.toordinal()
    if expected.encounter.weight:
        mirrored = 2 * target - day
        first = max(first, mirrored if day > target else day + 1)
        last = min(last, day - 1 if day > target else mirrored - 1)
    else:
        last = min(last, day - 1)
    return map(date.fromordinal, range(first, last + 1))


def by_spans(against: Iterable[tuple[date, str]]) -> Iterator[str]:
    """Sentences for days and their reasons, neighbours with one reason in one sentence."""
    spans: list[tuple[date, date, str]] = []
    for day, reason in against:
        if not reason:
            continue
        if spans and spans[-1][1:] == (day - timedelta(days=1), reason):
            spans[-1] = spans[-1][0], day, reason
        else:
            spans.append((day, day, reason))
    for first, last, reason in spans:
        yield f"{spoken(first, last)}: {reason}"


def spoken(first: date, last: date) -> str:
    """One day, or the days from the first to the last, with weekdays."""
    return _named(first) if first == last else f"{_named(first)} to {_named(last)}"


@lru_cache(maxsize=1024)
def _named(day: date) -> str:
    return f"{day:%a %Y-%m-%d}"
