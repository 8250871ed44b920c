"""Something to print: participants of the built-in trial at the demo site, in an empty book."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from scheduler import shipped
from scheduler.availability import Availability
from scheduler.exporters.typesetting import Templates
from scheduler.placement import place
from scheduler.products import Expiry, Product, Stage
from scheduler.subject import Status, Subject, Visit, Weight
from scheduler.supplies import Supply
from scheduler.tree import Tree
from tests.arms import trial, zhujiang

ENROLLED = date(2026, 3, 2)
PRINTED = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def weight(measured: date = ENROLLED, kg: str = "68.5") -> Weight:
    return Weight(kg=Decimal(kg), measured=measured)


def supply(visit: Visit, weighed: Weight, **changes: Any) -> Supply:
    """A released batch of the longest id, ordered for another weight, for one infusion."""
    dose = trial().arm("bmsc").dose
    assert dose is not None
    batch = Product(
        subject=visit.subject,
        batch="ABCDEFGHIJKLMNOPQRSTUV-1",
        chain=1,
        stage=Stage.RELEASED,
        weight=weight(kg="123.456"),
        ordered=ENROLLED,
        released=date(2026, 4, 7),
        expires=Expiry(day=date(2026, 4, 16), at=time(17, 30)),
    )
    return Supply(visit=visit, dose=dose, weight=weighed, product=replace(batch, **changes))


def participant(arm: str = "bmsc", code: str = "ZJ-001", weighed: Weight | None = None) -> Subject:
    return Subject(
        code=code,
        site="ZJ",
        arm=arm,
        enrolled=ENROLLED,
        protocol=trial().id,
        protocol_version=trial().version,
        weight=weighed,
    )


@cache
def visits(arm: str = "bmsc", code: str = "ZJ-001") -> tuple[Visit, ...]:
    """Every visit of the arm, scheduled by the worked example of the trial."""
    protocol = trial()
    tree = Tree.of(protocol, protocol.arm(arm))
    placement = place(tree, ENROLLED, Availability(zhujiang()))
    return tuple(
        Visit(
            study=protocol.id,
            subject=code,
            site="ZJ",
            encounter=slot.expected.encounter.id,
            label=slot.expected.encounter.label,
            kind=slot.expected.encounter.kind,
            mode=slot.expected.encounter.mode,
            target=slot.expected.target,
            window=slot.expected.window,
            status=Status.SCHEDULED,
            scheduled=slot.interval,
            allocations=slot.allocations,
            why=slot.why,
            basis=slot.expected.encounter.basis,
            unverified=slot.unverified,
            changed=PRINTED,
        )
        for slot in placement.slots
    )


@cache
def templates() -> Templates:
    """The shipped ones."""
    return Templates(
        files={name: shipped.read(name) for name in shipped.names("sheets")},
        fonts=(str(shipped.folder() / "fonts"),),
    )
