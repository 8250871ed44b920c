"""Studies and clinics for tests: small ones to order, random ones, and the built-in trial.

`allowed` and `moved` say what the date rules mean in the plainest way; they share no
code with the package, so that tests can hold one against the other.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from scheduler import shipped
from scheduler.dates import Offset
from scheduler.protocol import (
    ENROLLMENT,
    Arm,
    Encounter,
    Kind,
    Limit,
    Milestone,
    Need,
    Protocol,
    Timing,
)
from scheduler.readers import protocol as protocol_reader
from scheduler.readers import site as site_reader
from scheduler.sites import Hours, Resource, Site
from scheduler.tree import Tree
from scheduler.words import Words

DEEPEST = 4


def encounter(
    id: str,
    anchor: str = ENROLLMENT,
    offset: str = "0 d",
    before: str = "0 d",
    after: str = "0 d",
    **more: Any,
) -> Encounter:
    """An hour's visit, unless told otherwise."""
    timing = Timing(
        anchor=anchor,
        offset=Offset.parse(offset),
        before=Offset.parse(before),
        after=Offset.parse(after),
    )
    row: dict[str, Any] = {"kind": Kind.CHECK, "epoch": "all", "minutes": 60, "basis": "assumption"}
    row |= more
    return Encounter(id=id, label=Words.of(en=id), timing=timing, **row)


def milestone(id: str, anchor: str, offset: str) -> Milestone:
    return Milestone(id=id, label=Words.of(en=id), anchor=anchor, offset=Offset.parse(offset))


def study(*encounters: Encounter, milestones: tuple[Milestone, ...] = ()) -> Protocol:
    """A protocol with one arm, "a"."""
    arm = Arm(code="a", label=Words.of(en="Arm A"), encounters=encounters)
    return Protocol(
        id="s", version="1", title=Words.of(en="Study"), arms=(arm,), milestones=milestones
    )


def tree(protocol: Protocol, arm: str | None = None) -> Tree:
    """The tree of an arm, the first unless named."""
    return Tree.of(protocol, protocol.arm(arm) if arm else protocol.arms[0])


def resource(kind: str, units: int) -> Resource:
    names = tuple(f"{kind}-{n}" for n in range(1, units + 1))
    return Resource(kind=kind, label=Words.of(en=kind), units=names)


def clinic(*hours: str, weekend: bool = True, **more: Any) -> Site:
    """A site open at these hours every day, or from Monday to Friday, on a 30-minute grid."""
    day = tuple(Hours.parse(text) for text in hours or ("08:00-17:30",))
    week = (day,) * 5 + (day if weekend else (),) * 2
    site: dict[str, Any] = {"zone": "Asia/Shanghai", "hours": week}
    site |= more
    return Site(code="S", name=Words.of(en="Site"), **site)


@cache
def trial() -> Protocol:
    """The built-in protocol."""
    name = "protocols/bmsc-stroke.toml"
    return protocol_reader.read(shipped.read(name).decode(), name)


@cache
def zhujiang() -> Site:
    """The demo site."""
    name = "sites/zhujiang.toml"
    return site_reader.read(shipped.read(name).decode(), name)


def bits(number: int) -> list[int]:
    """The places of the set bits."""
    return [n for n in range(number.bit_length()) if number >> n & 1]


def moved(day: date, offset: Offset) -> date:
    """Laws 1 and 2 by hand: days are counted, months clip at the month's end."""
    if not offset.months:
        return day + timedelta(days=offset.days)
    years, month = divmod(day.month - 1 + offset.months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def allowed(encounter: Encounter, dates: Mapping[str, date]) -> tuple[date, list[date]]:
    """The target and the allowed days by laws 1, 2 and 4, one day at a time."""
    timing = encounter.timing
    target = moved(dates[timing.anchor], timing.offset)
    day, last = moved(target, -timing.before), moved(target, timing.after)
    days = []
    while day <= last:
        if all(_keeps(limit, dates[limit.anchor], day) for limit in encounter.limits):
            days.append(day)
        day += timedelta(days=1)
    return min(days, key=lambda day: abs(day - target), default=target), days


def _keeps(limit: Limit, anchor: date, day: date) -> bool:
    early = limit.not_before is not None and day < moved(anchor, limit.not_before)
    late = limit.not_after is not None and day > moved(anchor, limit.not_after)
    return not early and not late


def targets(protocol: Protocol, enrolled: date) -> dict[str, date]:
    """The target of every encounter and milestone when every anchor keeps its own."""
    dates = {ENROLLMENT: enrolled}
    arm = protocol.arms[0]
    for _ in range(len(protocol.milestones) + len(arm.encounters)):
        for point in protocol.milestones:
            if point.anchor in dates:
                dates[point.id] = moved(dates[point.anchor], point.offset)
        for row in arm.encounters:
            if row.anchors <= dates.keys():
                dates[row.id] = allowed(row, dates)[0]
    return dates


@st.composite
def studies(
    draw: st.DrawFn,
    *,
    enrolled: date,
    most: int = 6,
    widest: int = 5,
    furthest: int = 40,
    needs: tuple[str, ...] = (),
) -> Protocol:
    """One arm, at most DEEPEST anchors deep, in the order of its targets from `enrolled` on."""
    points = [ENROLLMENT, *(f"m{n}" for n in range(draw(st.integers(0, 2))))]
    milestones = tuple(
        Milestone(
            id=id,
            label=Words.of(en=id),
            anchor=draw(st.sampled_from(points[:n])),
            offset=draw(_offsets(furthest)),
        )
        for n, id in enumerate(points)
        if n
    )
    above: dict[str, list[str]] = {}
    rows: list[Encounter] = []
    for n in range(draw(st.integers(1, most))):
        anchors = points + [id for id, chain in above.items() if len(chain) < DEEPEST - 1]
        row = _row(draw, f"v{n}", draw(st.sampled_from(anchors)), furthest, widest, needs)
        anchor = row.timing.anchor
        above[row.id] = [*above[anchor], anchor] if anchor in above else []
        if draw(st.integers(0, 2)) == 0:
            due = targets(study(*rows, row, milestones=milestones), enrolled)
            limit = _limit(draw, draw(st.sampled_from([*points, *above[row.id]])), due, due[row.id])
            row = replace(row, limits=(limit,))
        rows.append(row)
    due = targets(study(*rows, milestones=milestones), enrolled)
    return study(*sorted(rows, key=lambda row: due[row.id]), milestones=milestones)


def _row(
    draw: st.DrawFn, id: str, anchor: str, furthest: int, widest: int, needs: tuple[str, ...]
) -> Encounter:
    # Half of all visits have a window of zero, and some are half of a pair.
    paired = anchor.startswith("v") and draw(st.integers(0, 5)) == 0
    sides = st.just(0) if paired or draw(st.booleans()) else st.integers(0, widest)
    minutes = draw(st.sampled_from([30, 60, 90, 120]))
    return Encounter(
        id=id,
        label=Words.of(en=id),
        kind=Kind.INFUSION if paired else Kind.CHECK,
        epoch="all",
        timing=Timing(
            anchor=anchor,
            offset=draw(_offsets(furthest)),
            before=Offset(days=draw(sides)),
            after=Offset(days=draw(sides)),
        ),
        minutes=minutes,
        basis="assumption",
        needs=tuple(
            Need(resource=kind, minutes=draw(st.sampled_from([30, minutes])))
            for kind in needs
            if draw(st.booleans())
        ),
        weight=draw(st.sampled_from([1, 1, 1, 0, 2, 3])),
        paired_with=anchor if paired else None,
    )


def _limit(draw: st.DrawFn, anchor: str, due: Mapping[str, date], target: date) -> Limit:
    """A limit that bites: its bounds lie near the target, in days or in months."""
    days = (target - due[anchor]).days
    near = st.integers(days - 4, days + 4).map(lambda n: Offset(days=n))
    month = st.integers(days // 30, days // 30 + 1).map(lambda n: Offset(months=n))
    bound = near | near | month
    side = draw(st.sampled_from(["not_before", "not_after", "both"]))
    return Limit(
        anchor=anchor,
        not_before=draw(bound) if side != "not_after" else None,
        not_after=draw(bound) if side != "not_before" else None,
    )


def _offsets(furthest: int) -> st.SearchStrategy[Offset]:
    days = st.integers(-3, furthest).map(lambda n: Offset(days=n))
    weeks = st.integers(0, furthest // 7).map(lambda n: Offset(days=7 * n))
    months = st.integers(0, furthest // 30).map(lambda n: Offset(months=n))
    return days | days | weeks | months
