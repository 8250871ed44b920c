"""Waiting: infusions that stand before the release of their product move behind it.

Within the window of the first infusion the pair is placed anew, as one; beyond it, and for
a second infusion whose first is done, the first possible day is a forced deviation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from scheduler.dates import Offset
from scheduler.errors import Refused
from scheduler.life import ask_reason
from scheduler.plan import expect
from scheduler.products import Product, infusions, start
from scheduler.protocol import ENROLLMENT, Encounter, Limit
from scheduler.replanning import (
    FREE,
    adrift,
    anchor_dates,
    expected_anew,
    follow,
    standing_day,
)
from scheduler.services.forcing import first_day
from scheduler.services.rebooking import Rebooking
from scheduler.subject import OPEN, Status, Visit
from scheduler.tree import Tree


class NotNamed(Refused):
    """What was agreed with the participant moves only when it is named."""

    def __init__(self, visits: Sequence[Visit], product: Product) -> None:
        agreed = ", ".join(f"{visit.ref} ({visit.status})" for visit in visits)
        options = " ".join(f"--along {visit.encounter}" for visit in visits)
        super().__init__(
            f"{agreed} of {product.subject} would have to move behind the release of batch"
            f" {product.batch} on {product.released}: ask the participant and add {options}"
        )


class LateRelease(Refused):
    """The release leaves an infusion no day of its window."""

    def __init__(self, product: Product, moved: Sequence[Visit]) -> None:
        days = "; ".join(map(_outside, moved))
        super().__init__(
            f"batch {product.batch} of {product.subject} is released on {product.released}, too"
            f" late for the window: {days}; --force with --reason records that deviation"
        )


def _outside(visit: Visit) -> str:
    days = visit.window.beyond(standing_day(visit))
    window = f"its window {visit.window.earliest} to {visit.window.latest}"
    return f"{visit.ref} on {visit.day}" + (f" ({days} d after {window})" if days else "")


class Waiting:
    """One released batch, and the infusions of its participant.

    `others` are the other batches: an infusion that one of them serves does not wait.
    """

    def __init__(
        self,
        rebooking: Rebooking,
        product: Product,
        others: Sequence[Product],
        *,
        forced: bool,
        along: frozenset[str],
    ) -> None:
        self._rebooking, self._product, self._others = rebooking, product, others
        self._forced, self._along = forced, along
        self._tree, self._visits = rebooking.tree, rebooking.visits
        self._enrolled = rebooking.subject.enrolled
        assert product.released is not None
        self._released: date = product.released

    def moved(self, reason: str) -> Mapping[str, Visit]:
        """The standing visits once every infusion waits for the release.

        Raises:
            NotNamed, LateRelease, ReasonMissing, NoDay: as they say.
        """
        late = [e for e in infusions(self._tree.arm) if self._waits(e)]
        if not late:
            return self._visits
        head = self._head(late[0])
        following = self._following(head)
        if head.paired_with is None:
            placed = self._within(late, following)
            if placed[head.id].scheduled:
                return placed
        first = max(self._released, *(self._earliest(head, e) for e in late))
        placed = first_day(self._rebooking, self._visits, head.id, first, following - {head.id})
        if not self._forced:
            moved = (placed[e.id] for e in infusions(self._tree.arm) if e.id in placed)
            raise LateRelease(self._product, [v for v in moved if v.status in OPEN])
        ask_reason(f"move {self._visits[head.id].ref} outside its window", reason)
        return {**placed, head.id: self._explained(placed[head.id])}

    def _waits(self, infusion: Encounter) -> bool:
        """Whether an infusion is to come, and stands before any product of its own."""
        visit = self._visits.get(infusion.id)
        if visit is None or visit.status not in OPEN:
            return False
        partner = self._visits.get(infusion.paired_with or "")
        if partner is not None and partner.status is Status.MISSED:
            return False  # it has no day before the missed one gets another
        day = standing_day(visit)
        served = any(
            other.chain == self._product.chain and other.serves(day, start(visit, day))
            for other in self._others
        )
        return day < self._released and not served

    def _head(self, late: Encounter) -> Encounter:
        """What has to move: the first of the pair while it is to come, else the late one."""
        partner = self._visits.get(late.paired_with or "")
        if partner is not None and partner.status in OPEN:
            return self._tree.arm.encounter(partner.encounter)
        return late

    def _earliest(self, head: Encounter, late: Encounter) -> date:
        """The first day of `head` from which `late` does not stand before the release."""
        if late.timing.anchor == head.id:
            return late.timing.offset.before(self._released)
        return self._released

    def _following(self, head: Encounter) -> frozenset[str]:
        """What is placed anew, `head` and all that hangs on it and is free to move."""
        following = adrift(
            self._tree, self._enrolled, self._visits, self._along, frozenset({head.id})
        )
        if head.id not in following:
            pair = [head.id, *(e.id for e in self._tree.arm.encounters if e.paired_with == head.id)]
            agreed = (self._visits[id] for id in pair if id in self._visits)
            raise NotNamed(
                [v for v in agreed if v.status in OPEN - FREE and v.encounter not in self._along],
                self._product,
            )
        return following

    def _within(self, late: Sequence[Encounter], following: frozenset[str]) -> dict[str, Visit]:
        """The visits placed within their windows, no `late` infusion before the release."""
        limit = Limit(
            anchor=ENROLLMENT, not_before=Offset(days=(self._released - self._enrolled).days)
        )
        arm = self._tree.arm
        waiting = replace(
            arm,
            encounters=tuple(
                replace(e, limits=(*e.limits, limit)) if e in late else e for e in arm.encounters
            ),
        )
        free = self._rebooking.availability(self._visits, following)
        tree = Tree.of(self._tree.protocol, waiting)
        placed = follow(tree, self._enrolled, self._visits, free, following)
        # Only the days are bound by the release: target and window stay the protocol's.
        placed = expected_anew(self._tree, self._enrolled, placed, following)
        return placed | {e.id: self._explained(placed[e.id]) for e in late}

    def _explained(self, visit: Visit) -> Visit:
        """The visit with the release among its reasons, behind the protocol's rules."""
        dates = anchor_dates(self._tree, self._enrolled, self._visits)
        rules = expect(self._tree.arm.encounter(visit.encounter), dates).rules
        said = f"batch {self._product.batch} is released on {self._released}"
        rest = [why for why in visit.why[len(rules) :] if not why.startswith("not before")]
        return replace(visit, why=(*visit.why[: len(rules)], said, *rest))
