"""Displaced: appointments that cannot all keep their times, whatever is proposed.

Where a unit is shut, fewer visits can be served at a minute than stand there: with one nurse of two
lost, one of two visits that begin with a nurse at eight has to move, by an hour or to another day.
A choice of days cannot know that.  What stands where it cannot be is displaced, too.

>>> raised(2 * LOST + 1 * MOVED, 5) == 2 * LOST + 3 * MOVED
True
>>> raised(2 * LOST + 4 * MOVED, 5) == 2 * LOST + 4 * MOVED
True
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scheduler.availability import Availability
from scheduler.joint.costs import LOST, MOVED, Ranked
from scheduler.joint.patterns import Case


class _Held(NamedTuple):
    """Minutes for which a visit that stands needs some unit of a resource."""

    resource: str
    begin: int
    end: int


def displaced(cases: Iterable[Case], availability: Availability) -> int:
    """How many of the free visits that stand somewhere cannot keep their times, at least."""
    count = 0
    days: dict[int, list[tuple[_Held, ...]]] = defaultdict(list)
    for case in cases:
        nodes = case.nodes()
        for id in case.free & case.standing.keys():
            at = case.standing[id]
            if not at.usable:
                count += 1
                continue
            begins = ((need, at.start + need.start) for need in nodes[id].demand.needs)
            held = tuple(_Held(n.resource, begin, begin + n.minutes) for n, begin in begins)
            days[at.day].append(held)
    return count + sum(_in_excess(visits, availability, day) for day, visits in days.items())


def raised(bound: int, displaced: int) -> int:
    """A bound on the cost of all arrangements, raised by what is displaced in every one.

    A visit that does not keep its time is moved, or lost: so of those that the bound does not
    count as lost, so many move.
    """
    ranks = Ranked.of(bound)
    if displaced - ranks.lost <= ranks.moved:
        return bound
    return ranks.lost * LOST + (displaced - ranks.lost) * MOVED


def _in_excess(visits: Sequence[tuple[_Held, ...]], availability: Availability, day: int) -> int:
    """How many of some visits are too many, at the fullest minute and then beside it."""
    worst, at = 0, None
    for resource, minute, count in _fullest(visits):
        units = availability.site.resource(resource)
        free = sum(
            availability.units.free(resource, unit, day) >> minute & 1
            for unit in (units.units if units else ())
        )
        if count - free > worst:
            worst, at = count - free, (resource, minute)
    if at is None:
        return 0
    # Each of those who hold a unit then is counted once: the others may be too many elsewhere.
    others = [held for held in visits if not any(_holds(each, *at) for each in held)]
    return worst + _in_excess(others, availability, day)


def _fullest(visits: Iterable[tuple[_Held, ...]]) -> Iterable[tuple[str, int, int]]:
    """How many units of each resource are held at every minute at which one more is."""
    changes: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for held in visits:
        for resource, begin, end in held:
            changes[resource][begin] += 1
            changes[resource][end] -= 1
    for resource, by_minute in changes.items():
        count = 0
        for minute in sorted(by_minute):
            count += by_minute[minute]
            if by_minute[minute] > 0:
                yield resource, minute, count


def _holds(held: _Held, resource: str, minute: int) -> bool:
    return held.resource == resource and held.begin <= minute < held.end
