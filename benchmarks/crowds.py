"""Participants with nothing placed yet, by the crowd: what benchmarks of re-planning work on.

A site has four chairs, of which others use a quarter.

>>> cases, availability = crowd(3, site())
>>> [case.code for case in cases], availability.site.code
(['ZJ-00000', 'ZJ-00001', 'ZJ-00002'], 'ZJ')
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from benchmarks import courses
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.joint.patterns import Case
from scheduler.protocol import Encounter, Kind, Need, Protocol
from scheduler.sites import Resource, Site
from scheduler.tree import Tree
from scheduler.words import Words

FIRST = date(2026, 1, 5)
AT_ONCE, DAYS = 1_000, 640
"""Participants who enroll at a site during so many days: two years, with visits in three."""

UNITS = {"chair": 4, "nurse": 6, "room": 8, "procedure-room": 1}


def site(code: str = "ZJ") -> Site:
    """A site with these units."""
    resources = (
        Resource(kind=kind, label=Words.of(en=kind), units=tuple(f"{kind}-{i}" for i in range(n)))
        for kind, n in UNITS.items()
    )
    return replace(courses.site(), code=code, resources=tuple(resources))


def crowd(count: int, site: Site, seed: int = 0) -> tuple[list[Case], Availability]:
    """Participants in the order of their enrollment, and the free time of their site."""
    chance = random.Random(seed)
    span = count * DAYS // AT_ONCE
    availability = Availability(site, _busy(site, chance, max(span, 60)))
    protocol = _protocol()
    tree = Tree.of(protocol, protocol.arm("bmsc"))
    enrolled = sorted(_open_day(site, chance, max(span, 20)) for _ in range(count))
    cases = [
        Case(
            code=f"{site.code}-{n:05}",
            tree=tree,
            anchors=tree.anchors(day),
            free=frozenset(encounter.id for encounter in tree.arm.encounters),
            standing={},
            availability=availability,
        )
        for n, day in enumerate(enrolled)
    ]
    return cases, availability


def _protocol() -> Protocol:
    """The built-in trial with three hours of observation: two infusions a chair and day."""
    protocol = courses.tree().protocol
    arms = (
        replace(arm, encounters=tuple(map(_shortened, arm.encounters))) for arm in protocol.arms
    )
    return replace(protocol, arms=tuple(arms))


def _shortened(encounter: Encounter) -> Encounter:
    if encounter.kind is not Kind.INFUSION:
        return encounter
    needs = (Need(resource="chair", minutes=240), Need(resource="nurse", minutes=90))
    return replace(encounter, minutes=240, needs=needs)


def _busy(site: Site, chance: random.Random, days: int) -> Iterator[Busy]:
    """Chairs that others use: a quarter of their days."""
    zone = Availability(site)
    for resource in site.resources:
        if resource.kind != "chair":
            continue
        for unit in resource.units:
            taken = [
                zone.interval((FIRST + timedelta(days=n)).toordinal(), 8 * 60, 570)
                for n in range(days + 60)
                if chance.random() < 0.25
            ]
            yield Busy.of(unit, "ward", taken)


def _open_day(site: Site, chance: random.Random, span: int) -> date:
    while True:
        day = FIRST + timedelta(days=chance.randrange(span))
        if site.day(day).closed_because is None:
            return day
