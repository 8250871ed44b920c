"""Target dates and windows of an arm, by arithmetic alone.

Given the dates of its anchors, an encounter has a target, a window, and perhaps further
limits that narrow the window.  `plan` follows every anchor at its own target, from the
enrollment date on; placement asks `expect` again with the days it has chosen.

>>> from scheduler.dates import Offset
>>> from scheduler.protocol import Kind, Timing
>>> from scheduler.words import Words
>>> aspiration = Encounter(
...     id="aspiration", label=Words.of(en="Aspiration"), kind=Kind.PROCEDURE, epoch="treatment",
...     timing=Timing(anchor="enrollment", offset=Offset(days=3)), minutes=120, basis="assumption")
>>> expect(aspiration, {"enrollment": date(2026, 3, 2)}).target
datetime.date(2026, 3, 5)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import pairwise

from scheduler.dates import Window
from scheduler.errors import Refused
from scheduler.protocol import ENROLLMENT, Arm, Encounter, Limit, Milestone, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Where an encounter belongs once its anchors have dates.

    `window` holds `target`.  When the limits leave no day at all, `contradiction` names
    the rules that exclude each other, and `window` is that of the timing alone.
    """

    encounter: Encounter
    target: date
    window: Window
    rules: tuple[str, ...]
    contradiction: str | None = None


class OutOfOrder(Refused):
    """Targets do not follow each other in the protocol's order for this enrollment date."""

    def __init__(self, earlier: Expected, later: Expected) -> None:
        super().__init__(
            f"{later.encounter.id} would be due on {later.target}, before {earlier.encounter.id} "
            f"on {earlier.target}, which the protocol lists first; mend the order or the offsets"
        )


def expect(encounter: Encounter, anchors: Mapping[str, date]) -> Expected:
    """Target and window of `encounter` when its anchors fall on the given days.

    A target that the limits exclude gives way to the nearest day that they allow, so
    that a window always holds its target.
    """
    limited = tuple([anchors[limit.anchor] for limit in encounter.limits])
    found = _expected(encounter, anchors[encounter.timing.anchor], limited)
    # It may have been found for an equal one, of another reading of the protocol.
    return found if found.encounter is encounter else replace(found, encounter=encounter)


@lru_cache(maxsize=8192)
def _expected(encounter: Encounter, anchor: date, limited: tuple[date, ...]) -> Expected:
    # There are only so many days, and every participant asks about the same ones.
    timing = encounter.timing
    target = timing.target(anchor)
    window = timing.around(target)
    rules = [f"{timing.anchor} {anchor} {timing.offset}"]
    narrowed: Window | None = window
    for limit, day in zip(encounter.limits, limited, strict=True):
        rules.append(_spoken(limit, day))
        allowed = limit.window(day)
        narrowed = narrowed & allowed if narrowed and allowed else None
    if narrowed is None:
        return Expected(
            encounter=encounter,
            target=target,
            window=window,
            rules=tuple(rules),
            contradiction=f"{window.earliest} to {window.latest} by {rules[0]}, but "
            + ", ".join(rules[1:]),
        )
    return Expected(
        encounter=encounter, target=narrowed.nearest(target), window=narrowed, rules=tuple(rules)
    )


def plan(protocol: Protocol, arm: Arm, enrolled: date) -> tuple[Expected, ...]:
    """Every encounter of the arm, in protocol order, with all anchors at their targets.

    Raises:
        OutOfOrder: a target precedes that of an encounter listed before it.
        DateOutOfRange: a date outside the years this program knows.
    """
    dates = milestone_dates(protocol.milestones, {ENROLLMENT: enrolled})
    expected: dict[str, Expected] = {}
    while len(expected) < len(arm.encounters):
        known = len(expected)
        for encounter in arm.encounters:
            if encounter.id not in expected and encounter.anchors <= dates.keys():
                expected[encounter.id] = expect(encounter, dates)
                dates[encounter.id] = expected[encounter.id].target
        if len(expected) == known:
            pending = (e.id for e in arm.encounters if e.id not in expected)
            raise ValueError(f"anchors of {', '.join(pending)} form no tree")
        dates = milestone_dates(protocol.milestones, dates)
    ordered = tuple(expected[encounter.id] for encounter in arm.encounters)
    _check_order(ordered)
    return ordered


def milestone_dates(milestones: Sequence[Milestone], dates: Mapping[str, date]) -> dict[str, date]:
    """`dates` and, added to them, every milestone whose anchor is dated."""
    known = dict(dates)
    for _ in milestones:
        known |= {m.id: m.offset.after(known[m.anchor]) for m in milestones if m.anchor in known}
    return known


def _check_order(ordered: Sequence[Expected]) -> None:
    for earlier, later in pairwise(ordered):
        if later.target < earlier.target:
            raise OutOfOrder(earlier, later)


def _spoken(limit: Limit, anchor: date) -> str:
    return f"{limit} ({limit.anchor} {anchor})"
