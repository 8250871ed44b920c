"""What follows when an anchor moved: the visits that hang on it are placed anew.

Only visits that are still free to move (planned or scheduled) follow, and only those
whose target is another one now, or whose window no longer holds them.  A visit counts,
for those that hang on it, as its actual date once completed, else its scheduled date,
else its target; one that was cancelled or missed counts as the date it was expected on,
and the first infusion of a participant who is never treated as the milestone for that.

>>> sorted(FREE)
[<Status.PLANNED: 'planned'>, <Status.SCHEDULED: 'scheduled'>]
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from scheduler.availability import Availability
from scheduler.dates import Window
from scheduler.placement import Placement, place
from scheduler.plan import Expected, expect
from scheduler.products import infusions, untreated
from scheduler.protocol import Arm, Encounter
from scheduler.subject import OPEN, Status, Visit
from scheduler.tree import Tree

FREE = frozenset({Status.PLANNED, Status.SCHEDULED})
"""Visits that may move without being named: not agreed with anyone yet."""

CALLED_OFF = frozenset({Status.CANCELLED, Status.MISSED})
"""Visits that will not take place, and yet count as a date for those that hang on them."""

_NOTED = ": it counts as "


def standing_day(visit: Visit) -> date:
    """The day of a visit: when it took place, else its appointment, else its target."""
    return visit.actual or visit.day or visit.target


def anchor_dates(tree: Tree, enrolled: date, visits: Mapping[str, Visit]) -> dict[str, date]:
    """The day that everything counts as for what hangs on it; without a visit, its target."""
    dates = {id: date.fromordinal(day) for id, day in tree.anchors(enrolled).items()}
    for id, node in tree.nodes.items():
        dates[id] = _counts_as(tree.arm, node.encounter, visits, dates)
    return dates


def adrift(
    tree: Tree,
    enrolled: date,
    visits: Mapping[str, Visit],
    along: frozenset[str] = frozenset(),
    lost: frozenset[str] = frozenset(),
    fixed: frozenset[str] = frozenset(),
) -> frozenset[str]:
    """Ids of visits that must be placed anew; those named in `along` may, though agreed.

    A visit below one that moves is adrift as well: its anchor's new day is yet to be
    found.  So are those that `lost` their day, and the second of a pair that was parted
    while the first is still to come.  The `fixed` ones stay whatever happens.
    """
    dates = anchor_dates(tree, enrolled, visits)
    found: set[str] = set()
    for id, node in tree.nodes.items():
        encounter, visit = node.encounter, visits.get(id)
        if visit is None or id in fixed:
            continue
        if not _may_move(tree.arm, encounter, visits, along):
            continue
        expected = expect(encounter, dates)
        hangs_loose = id in lost or encounter.anchors & found
        if hangs_loose or _displaced(visit, expected) or _parted(encounter, expected, visits):
            found.add(id)
    return frozenset(found)


def reach(
    tree: Tree, enrolled: date, visits: Mapping[str, Visit], drifting: frozenset[str]
) -> Window:
    """Every day that placing the `drifting` visits anew may ask about, and where all stand now."""
    dates = anchor_dates(tree, enrolled, visits)
    spans = {id: Window(earliest=day, latest=day) for id, day in dates.items()}
    for id, node in tree.nodes.items():
        timing = node.encounter.timing
        if id in drifting:
            anchor = spans[timing.anchor]
            spans[id] = Window(
                earliest=min(timing.earliest(anchor.earliest), dates[id]),
                latest=max(timing.latest(anchor.latest), dates[id]),
            )
    return Window(
        earliest=min(span.earliest for span in spans.values()),
        latest=max(span.latest for span in spans.values()),
    )


def follow(
    tree: Tree,
    enrolled: date,
    visits: Mapping[str, Visit],
    availability: Availability,
    drifting: frozenset[str],
) -> dict[str, Visit]:
    """`visits` with the `drifting` ones placed by the dates of their anchors.

    Visits that stay get the target and window their anchors make, so that one that
    ends up outside is seen to be; those that are over are never touched.
    """
    dates = anchor_dates(tree, enrolled, visits)
    settled = {id: day for id, day in dates.items() if id not in drifting}
    placement = place(tree, enrolled, availability, settled)
    return expected_anew(tree, enrolled, {**visits, **dict(_placed(visits, placement))}, drifting)


def expected_anew(
    tree: Tree, enrolled: date, visits: Mapping[str, Visit], placed: frozenset[str] = frozenset()
) -> dict[str, Visit]:
    """`visits`, the open ones with the target and window that their anchors make now.

    Those just `placed` know why they stand where they do; the others are told the rule.
    All are told which of their anchors was called off, and as what day it counts.
    """
    dates = {id: date.fromordinal(day) for id, day in tree.anchors(enrolled).items()}
    result = dict(visits)
    for id, node in tree.nodes.items():
        expected = expect(node.encounter, dates)
        visit = visits.get(id)
        if visit is not None and visit.status in OPEN:
            moved = _moved(visit, expected) and id not in placed
            why = expected.rules if moved else _without_notes(visit.why)
            notes = _notes(tree.arm, node.encounter, result, dates)
            result[id] = replace(_expected(visit, expected), why=(*why, *notes))
        dates[id] = _counts_as(tree.arm, node.encounter, result, dates)
    return result


def revised(before: Visit, after: Visit, at: datetime) -> Visit:
    """`after` as the next state of `before`, or `before` itself where nothing changed.

    `sequence` rises when time, place or status changes, and only then.  Reasons are told
    in no calendar, so that new ones alone leave the last change as it was.
    """
    if replace(after, why=before.why) == before:
        return after
    told = (after.scheduled, after.allocations, after.status)
    rises = told != (before.scheduled, before.allocations, before.status)
    return replace(after, sequence=before.sequence + rises, changed=at)


def _placed(visits: Mapping[str, Visit], placement: Placement) -> Iterator[tuple[str, Visit]]:
    """The visits of a placement, with a slot or without."""
    for slot in placement.slots:
        id = slot.expected.encounter.id
        yield (
            id,
            replace(
                _expected(visits[id], slot.expected),
                status=Status.SCHEDULED,
                scheduled=slot.interval,
                allocations=slot.allocations,
                why=slot.why,
                unverified=slot.unverified,
            ),
        )
    for missing in placement.missing:
        id = missing.expected.encounter.id
        lost = replace(visits[id], status=Status.PLANNED, scheduled=None, allocations=())
        yield id, replace(_expected(lost, missing.expected), why=missing.reasons)


def _counts_as(
    arm: Arm, encounter: Encounter, visits: Mapping[str, Visit], dates: Mapping[str, date]
) -> date:
    """The day that a visit counts as for what hangs on it; `dates` are those of its anchors.

    One that was called off counts as its expected date: its appointment, or its target
    once its own anchors have moved away from that.  Where all infusions are cancelled,
    the first counts as the milestone for that.
    """
    visit, expected = visits.get(encounter.id), expect(encounter, dates)
    if milestone := _milestone(arm, encounter, visits):
        return dates[milestone]
    if visit is None or (untreated(arm, visits) and encounter in infusions(arm)):
        return expected.target
    if visit.status in CALLED_OFF:
        day = visit.day
        return day if day is not None and day in expected.window else expected.target
    return standing_day(visit)


def _notes(
    arm: Arm, encounter: Encounter, visits: Mapping[str, Visit], dates: Mapping[str, date]
) -> Iterator[str]:
    """A sentence for each anchor of an encounter that was called off."""
    for anchor in sorted(encounter.anchors & visits.keys()):
        visit = visits[anchor]
        if visit.status in CALLED_OFF:
            counted = _milestone(arm, arm.encounter(anchor), visits) or "its expected date"
            yield f"{visit.ref} was {visit.status}{_NOTED}{counted}, {dates[anchor]}"


def _milestone(arm: Arm, encounter: Encounter, visits: Mapping[str, Visit]) -> str | None:
    """The milestone that counts for the first infusion of a participant who is never treated."""
    ids = {infusion.id for infusion in infusions(arm)}
    is_first = encounter.id in ids and encounter.timing.anchor not in ids
    return untreated(arm, visits) if is_first else None


def _without_notes(why: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sentence for sentence in why if _NOTED not in sentence)


def _may_move(
    arm: Arm, encounter: Encounter, visits: Mapping[str, Visit], along: frozenset[str]
) -> bool:
    """Whether a visit may move; the first of a pair not when the second has to stay."""
    seconds = [visits.get(e.id) for e in arm.encounters if e.paired_with == encounter.id]
    return _is_loose(visits[encounter.id], along) and all(
        second is None or second.status not in OPEN or _is_loose(second, along)
        for second in seconds
    )


def _is_loose(visit: Visit, along: frozenset[str]) -> bool:
    return visit.status in (OPEN if visit.encounter in along else FREE)


def _parted(encounter: Encounter, expected: Expected, visits: Mapping[str, Visit]) -> bool:
    """Whether a visit stands apart from the other half of its pair, which is still to come."""
    first = visits.get(encounter.paired_with or "")
    day = visits[encounter.id].day
    return bool(first and first.status in OPEN and day and day not in expected.window)


def _displaced(visit: Visit, expected: Expected) -> bool:
    """Whether a visit belongs elsewhere; one without a slot may find one in a new window."""
    homeless = visit.day is None or visit.day not in expected.window
    return visit.target != expected.target or (_moved(visit, expected) and homeless)


def _moved(visit: Visit, expected: Expected) -> bool:
    return (visit.target, visit.window) != (expected.target, expected.window)


def _expected(visit: Visit, expected: Expected) -> Visit:
    return replace(visit, target=expected.target, window=expected.window)
