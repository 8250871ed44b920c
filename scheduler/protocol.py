"""A study's rules as frozen values: protocol, arms, encounters and their timing.

An encounter is the visit as the protocol defines it.  Its `Timing` gives a target from
one anchor and a window around it; further `Limit`s from other anchors narrow that
window.  Anchors are the enrollment, another encounter of the same arm, or a
`Milestone` (a dated point without an appointment), so an arm is a tree rooted in the
enrollment date.

>>> day = Offset(days=1)
>>> str(Timing(anchor="infusion-1", offset=Offset(days=3), before=day, after=day))
'infusion-1 + 3 days, window -1/+1 d'
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from scheduler.dates import FIRST_DAY, LAST_DAY, Offset, Window
from scheduler.errors import UnknownName
from scheduler.words import Words

if TYPE_CHECKING:
    from scheduler.criteria import Criteria

ENROLLMENT = "enrollment"
"""The anchor every other date finally counts from."""


class Kind(StrEnum):
    """What sort of encounter it is; an infusion gets a dose line and a vital-signs grid."""

    BASELINE = "baseline"
    PROCEDURE = "procedure"
    CHECK = "check"
    INFUSION = "infusion"
    FOLLOW_UP = "follow-up"


class Mode(StrEnum):
    """How the participant and the site meet."""

    VISIT = "visit"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Anchor, offset and window; `before` and `after` are magnitudes, zero is a real value."""

    anchor: str
    offset: Offset
    before: Offset = Offset()
    after: Offset = Offset()

    def target(self, anchor: date) -> date:
        """The ideal day when the anchor falls on `anchor`."""
        return self.offset.after(anchor)

    def window(self, anchor: date) -> Window:
        """The allowed days when the anchor falls on `anchor`; holds the target."""
        return self.around(self.target(anchor))

    def earliest(self, anchor: date) -> date:
        """The first allowed day when the anchor falls on `anchor`."""
        return self.before.before(self.target(anchor))

    def latest(self, anchor: date) -> date:
        """The last allowed day when the anchor falls on `anchor`."""
        return self.after.after(self.target(anchor))

    def around(self, target: date) -> Window:
        """The allowed days when the ideal day is `target`."""
        return Window.around(target, before=self.before, after=self.after)

    def __str__(self) -> str:
        rule = f"{self.anchor} {self.offset}"
        if self.before == self.after == Offset():
            return f"{rule}, that day only"
        (before, unit), (after, unit_after) = _counted(self.before), _counted(self.after)
        if unit != unit_after and before and after:
            return f"{rule}, window -{before} {unit}/+{after} {unit_after}"
        return f"{rule}, window -{before}/+{after} {unit if before else unit_after}"


def _counted(offset: Offset) -> tuple[int, str]:
    return (offset.months, "mo") if offset.months else (offset.days, "d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A second rule on an encounter: not before, or not after, an offset from another anchor."""

    anchor: str
    not_before: Offset | None = None
    not_after: Offset | None = None

    def window(self, anchor: date) -> Window | None:
        """The days that keep the rule when the anchor falls on `anchor`; None if there are none."""
        earliest = self.not_before.after(anchor) if self.not_before is not None else FIRST_DAY
        latest = self.not_after.after(anchor) if self.not_after is not None else LAST_DAY
        return Window(earliest=earliest, latest=latest) if earliest <= latest else None

    def __str__(self) -> str:
        parts = []
        if self.not_before is not None:
            parts.append(f"not before {self.anchor} {self.not_before}")
        if self.not_after is not None:
            parts.append(f"not after {self.anchor} {self.not_after}")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A resource kind ("chair") that an encounter takes, in minutes from its start."""

    resource: str
    start: int = 0
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """One row of an arm's schedule.

    `weight` is what a day off target costs placement; `paired_with` names the infusion
    this one must never be parted from; `basis` says where the row comes from (registry
    text, literature, assumption); `vitals` are minutes from the start at which vital
    signs are written down.  Whatever needs the `laboratory` happens on days on which
    that receives cells and releases products.  `anchors` are all whose dates it counts from.
    """

    id: str
    label: Words
    kind: Kind
    epoch: str
    timing: Timing
    minutes: int
    basis: str
    mode: Mode = Mode.VISIT
    needs: tuple[Need, ...] = ()
    limits: tuple[Limit, ...] = ()
    weight: int = 1
    paired_with: str | None = None
    checklist: tuple[Words, ...] = ()
    vitals: tuple[int, ...] = ()
    laboratory: bool = False
    anchors: frozenset[str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        limits = [limit.anchor for limit in self.limits]
        object.__setattr__(self, "anchors", frozenset([self.timing.anchor, *limits]))

    def __hash__(self) -> int:
        # What follows from an encounter and a day is remembered, and asked for again and again.
        return hash(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A dated point that is an anchor but no appointment."""

    id: str
    label: Words
    anchor: str
    offset: Offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A phase of the study, for reading only."""

    id: str
    label: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """Cells per kilogram and the volume they come in; a weight counts for `weight_valid_days`.

    Whoever is never treated is followed up as if infused on the milestone `untreated`.
    """

    cells_per_kg: int
    volume_ml: int
    tolerance_ml: int
    weight_valid_days: int
    untreated: str | None = None

    def cells(self, kg: Decimal) -> int:
        """Whole cells for a body weight.

        >>> dose = Dose(cells_per_kg=10**6, volume_ml=80, tolerance_ml=5, weight_valid_days=7)
        >>> dose.cells(Decimal("68.5"))
        68500000
        """
        return int((self.cells_per_kg * kg).to_integral_value(ROUND_HALF_UP))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A treatment path: its encounters in protocol order."""

    code: str
    label: Words
    encounters: tuple[Encounter, ...]
    aliases: tuple[str, ...] = ()
    dose: Dose | None = None

    def encounter(self, id: str) -> Encounter:
        """The encounter of that id; UnknownName otherwise."""
        for encounter in self.encounters:
            if encounter.id == id:
                return encounter
        raise UnknownName(f"encounter in arm {self.code}", id, [e.id for e in self.encounters])

    def carriers(self) -> frozenset[str]:
        """Ids that may not go unplaced: anchors of others, and both halves of a pair."""
        anchors = {anchor for e in self.encounters for anchor in e.anchors}
        pairs = {half for e in self.encounters if e.paired_with for half in (e.id, e.paired_with)}
        return frozenset(e.id for e in self.encounters if e.id in anchors | pairs)


def no_criteria() -> "Criteria":
    """The criteria of a protocol that lets everybody in."""
    from scheduler.criteria import Criteria

    return Criteria()


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """The study's rules in one version; `notice` is shown wherever its dates are."""

    id: str
    version: str
    title: Words
    arms: tuple[Arm, ...]
    milestones: tuple[Milestone, ...] = ()
    epochs: tuple[Epoch, ...] = ()
    notice: Words = Words.of()
    criteria: "Criteria" = field(default_factory=no_criteria)

    def arm(self, name: str) -> Arm:
        """The arm of that code, registry name or alias, in any case; UnknownName otherwise."""
        wanted = name.strip().casefold()
        for arm in self.arms:
            if wanted in {n.casefold() for n in _names(arm)}:
                return arm
        raise UnknownName("arm", name, [arm.code for arm in self.arms])

    def shared_encounters(self) -> frozenset[str]:
        """Ids that every arm has in the same mode and length: all that a blinded reader may see."""
        forms = [{(e.id, e.mode, e.minutes) for e in arm.encounters} for arm in self.arms]
        return frozenset(id for id, _, _ in frozenset.intersection(*map(frozenset, forms)))


def shared_by_study(protocols: Iterable[Protocol]) -> Mapping[str, frozenset[str]]:
    """For each study, the encounters that all arms share in all its versions given.

    Asked for a study that is not among them, the mapping raises ValueError: which of its
    visits a blinded reader may see is not to be guessed.
    """
    shared = _Shared()
    for protocol in protocols:
        ids = protocol.shared_encounters()
        shared[protocol.id] = shared.get(protocol.id, ids) & ids
    return shared


class _Shared(dict[str, frozenset[str]]):
    def __missing__(self, study: str) -> frozenset[str]:
        raise ValueError(f"which visits of {study} are blinded? Its protocol was not given")


def _names(arm: Arm) -> Iterator[str]:
    yield arm.code
    yield from (text for _, text in arm.label.texts)
    yield from arm.aliases
