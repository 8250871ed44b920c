"""Errands: what one site is to be arranged from, in plain form for a worker on another computer.

An errand has days, minutes, units and participants' codes, and nothing that a search has no need
of: no name, no login, no address, no title or source of what takes time.  It goes as JSON, for
whoever can write into a queue must not be able to have a worker run something.

>>> found = Arrangement(seats={}, cost=1 << 120, bound=0)
>>> read_arrangement(write_arrangement(found)) == found
True
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from cattrs.preconf.json import make_converter

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.joint.arrangement import Arrangement
from scheduler.joint.packing import Seat
from scheduler.joint.patterns import Case, Standing
from scheduler.joint.quotas import Party
from scheduler.protocol import Arm, Kind, Milestone, Protocol
from scheduler.sites import Resource, Site
from scheduler.tree import Tree
from scheduler.words import Words

Plain = dict[str, Any]
"""What JSON can hold."""

SHUT = "shut"
"""Stands for every reason why a day is closed: reasons are free text, and may hold names."""

NAMELESS = Words.of()

_converter = make_converter()
_converter.register_unstructure_hook(time, time.isoformat)
_converter.register_structure_hook(time, lambda text, _: time.fromisoformat(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a tree is grown from."""

    milestones: tuple[Milestone, ...]
    arm: Arm

    def tree(self) -> Tree:
        """The tree."""
        protocol = Protocol(
            id="", version="", title=NAMELESS, arms=(self.arm,), milestones=self.milestones
        )
        return Tree.of(protocol, self.arm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A case, by the number of its rules."""

    code: str
    rules: int
    anchors: Mapping[str, int]
    free: tuple[str, ...]
    standing: Mapping[str, Standing]
    kept: tuple[str, ...]
    barred: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A party, with everything that it was made from."""

    site: Site
    laboratory: str
    busy: tuple[Busy, ...]
    appointments: tuple[Appointment, ...]
    quotas: tuple[tuple[Kind, int, int], ...] | None
    rules: tuple[Rules, ...]
    participants: tuple[Participant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An arrangement: of each visit the participant, its id, and day and seat if it has any."""

    cost: int
    bound: int
    seated: tuple[tuple[str, str, int, Seat], ...]
    unseated: tuple[tuple[str, str], ...]


def write_party(party: Party) -> Plain:
    """A party as JSON can hold it."""
    trees = list(dict.fromkeys(case.tree for case in party.cases))
    busy, appointments = party.availability.contents()
    quotas = party.availability.quotas
    errand = Errand(
        site=_bare(party.availability.site),
        laboratory=party.laboratory,
        busy=tuple(replace(each, source="") for each in busy),
        appointments=appointments,
        quotas=None if quotas is None else tuple((*place, n) for place, n in quotas.items()),
        rules=tuple(map(_rules, trees)),
        participants=tuple(_participant(case, trees.index(case.tree)) for case in party.cases),
    )
    plain: Plain = _converter.unstructure(errand)
    return plain


def read_party(plain: Plain) -> Party:
    """The party that was written."""
    errand = _converter.structure(plain, Errand)
    availability = Availability(errand.site, errand.busy, errand.appointments)
    if errand.quotas is not None:
        availability = availability.allotted({(kind, day): n for kind, day, n in errand.quotas})
    trees = [rules.tree() for rules in errand.rules]
    cases = [
        Case(
            code=each.code,
            tree=trees[each.rules],
            anchors=each.anchors,
            free=frozenset(each.free),
            standing=each.standing,
            availability=availability.seen_by(each.code),
            kept=frozenset(each.kept),
            barred={id: frozenset(days) for id, days in each.barred.items()},
        )
        for each in errand.participants
    ]
    return Party(
        site=errand.site.code,
        laboratory=errand.laboratory,
        cases=cases,
        availability=availability,
    )


def write_arrangement(found: Arrangement) -> Plain:
    """An arrangement as JSON can hold it."""
    answer = Answer(
        cost=found.cost,
        bound=found.bound,
        seated=tuple((*key, *place) for key, place in found.seats.items() if place),
        unseated=tuple(key for key, place in found.seats.items() if not place),
    )
    plain: Plain = _converter.unstructure(answer)
    return plain


def read_arrangement(plain: Plain) -> Arrangement:
    """The arrangement that was written."""
    answer = _converter.structure(plain, Answer)
    seats: dict[tuple[str, str], tuple[int, Seat] | None] = dict.fromkeys(answer.unseated)
    seats |= {(code, id): (day, seat) for code, id, day, seat in answer.seated}
    return Arrangement(seats=seats, cost=answer.cost, bound=answer.bound)


def _rules(tree: Tree) -> Rules:
    arm, milestones = tree.arm, tree.protocol.milestones
    encounters = (
        replace(each, label=NAMELESS, basis="", checklist=(), vitals=()) for each in arm.encounters
    )
    return Rules(
        milestones=tuple(replace(each, label=NAMELESS) for each in milestones),
        arm=Arm(code=arm.code, label=NAMELESS, encounters=tuple(encounters)),
    )


def _participant(case: Case, rules: int) -> Participant:
    return Participant(
        code=case.code,
        rules=rules,
        anchors=case.anchors,
        free=tuple(sorted(case.free)),
        standing=case.standing,
        kept=tuple(sorted(case.kept)),
        barred={id: tuple(sorted(days)) for id, days in case.barred.items()},
    )


def _bare(site: Site) -> Site:
    """As much of a site as decides on days and times; what is not named here stays at home."""
    laboratory = site.laboratory
    return Site(
        code=site.code,
        name=NAMELESS,
        zone=site.zone,
        hours=site.hours,
        makeup=site.makeup,
        country=site.country,
        subdivision=site.subdivision,
        closed=dict.fromkeys(site.closed, SHUT),
        opened=site.opened,
        grid=site.grid,
        resources=tuple(
            Resource(kind=each.kind, label=NAMELESS, units=each.units) for each in site.resources
        ),
        caps=site.caps,
        laboratory=laboratory
        and replace(laboratory, closed=dict.fromkeys(laboratory.closed, SHUT)),
    )
