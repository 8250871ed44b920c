"""What follows when an anchor moved: the visits that hang on it are placed anew.

Only visits that are still free to move (planned or scheduled) follow, and only those
whose target or window no longer is what their anchors' dates make it.  A visit counts,
for those that hang on it, as its actual date once completed, else its scheduled date,
else its target; that is so too when it was cancelled or missed.

>>> sorted(FREE)
[<Status.PLANNED: 'planned'>, <Status.SCHEDULED: 'scheduled'>]
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from scheduler.availability import Availability
from scheduler.placement import place
from scheduler.plan import Expected, expect
from scheduler.subject import OPEN, Status, Visit
from scheduler.tree import Tree

FREE = frozenset({Status.PLANNED, Status.SCHEDULED})
"""Visits that may move without being named: not agreed with anyone yet."""


def current(visits: Iterable[Visit]) -> dict[str, Visit]:
    """The visit that stands for each encounter: its last occurrence that is not superseded."""
    standing: dict[str, Visit] = {}
    for visit in sorted(visits, key=lambda visit: visit.occurrence):
        if visit.status is not Status.SUPERSEDED:
            standing[visit.encounter] = visit
    return standing


def counts_as(visit: Visit) -> date:
    """The day a visit stands for in the eyes of those that hang on it."""
    return visit.actual or visit.day or visit.target


def adrift(
    tree: Tree, enrolled: date, visits: Mapping[str, Visit], along: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Ids of visits that must be placed anew; those named in `along` may, though agreed.

    A visit below one that moves is adrift as well: its anchor's new day is yet to be found.
    """
    dates = _dates(tree, enrolled, visits)
    found: set[str] = set()
    for node in tree.nodes():
        encounter = node.encounter
        visit = visits.get(encounter.id)
        if visit is None or visit.status not in (OPEN if encounter.id in along else FREE):
            continue
        if encounter.anchors() & found or _moved(visit, expect(encounter, dates)):
            found.add(encounter.id)
    return frozenset(found)


def follow(
    tree: Tree,
    enrolled: date,
    visits: Mapping[str, Visit],
    availability: Availability,
    drifting: frozenset[str],
) -> dict[str, Visit]:
    """`visits` with the `drifting` ones placed by the dates of their anchors.

    Visits that stay get the target and window their anchors make, so that one that
    ends up outside is seen to be; completed ones are never touched.
    """
    dates = _dates(tree, enrolled, visits)
    settled = {id: dates[id] for id in visits if id in dates and id not in drifting}
    settled |= {e.id: dates[e.id] for e in tree.arm.encounters if e.id not in visits}
    placement = place(tree, enrolled, availability, settled)
    result = dict(visits)
    for slot in placement.slots:
        id = slot.expected.encounter.id
        result[id] = replace(
            _expected(visits[id], slot.expected),
            status=Status.SCHEDULED,
            scheduled=slot.interval,
            allocations=slot.allocations,
            why=slot.why,
            unverified=slot.unverified,
        )
    for missing in placement.missing:
        id = missing.expected.encounter.id
        result[id] = replace(
            _expected(visits[id], missing.expected),
            status=Status.PLANNED,
            scheduled=None,
            allocations=(),
            why=missing.reasons,
        )
    after = _dates(tree, enrolled, result)
    for id, visit in visits.items():
        if id not in drifting and visit.status in OPEN and id in settled:
            expected = expect(tree.arm.encounter(id), after)
            if _moved(visit, expected):
                result[id] = replace(_expected(visit, expected), why=expected.rules)
    return result


def revised(before: Visit, after: Visit, at: datetime) -> Visit:
    """`after` as the next state of `before`, or `before` itself where nothing changed.

    `sequence` rises when time, place or status changes, and only then.
    """
    if after == before:
        return before
    told = (after.scheduled, after.allocations, after.status)
    rises = told != (before.scheduled, before.allocations, before.status)
    return replace(after, sequence=before.sequence + rises, changed=at)


def _moved(visit: Visit, expected: Expected) -> bool:
    return (visit.target, visit.window) != (expected.target, expected.window)


def _expected(visit: Visit, expected: Expected) -> Visit:
    return replace(visit, target=expected.target, window=expected.window)


def _dates(tree: Tree, enrolled: date, visits: Mapping[str, Visit]) -> dict[str, date]:
    """The day of every anchor; an encounter without a visit counts as its target."""
    dates = {id: date.fromordinal(day) for id, day in tree.anchors(enrolled).items()}
    for node in tree.nodes():
        visit = visits.get(node.encounter.id)
        dates[node.encounter.id] = (
            counts_as(visit) if visit else expect(node.encounter, dates).target
        )
    return dates
