"""The shape of a protocol file: one dataclass a TOML table, one field a key.

A field made by `required` must be in the file; any other may be left out.

>>> DoseForm(cells_per_kg=1_000_000, volume_ml=80, weight_valid_days=7).tolerance_ml
0
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.dates import Offset
from scheduler.protocol import Kind, Mode
from scheduler.readers.criteria_form import CriterionForm, FactForm
from scheduler.readers.forms import required
from scheduler.readers.vocabulary import Margin
from scheduler.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitForm:
    """An entry of `limits`: a second rule on an encounter's day."""

    anchor: str = required("")
    not_before: Offset | None = None
    not_after: Offset | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedForm:
    """An entry of `needs`: a resource kind, in minutes from the encounter's start."""

    resource: str = required("")
    start: int = 0
    minutes: int = required(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncounterForm:
    """An [[arm.encounter]]; `checklist` names one of the file's checklists."""

    id: str = required("")
    label: Words = required(Words.of())
    kind: Kind = required(Kind.CHECK)
    epoch: str = required("")
    anchor: str = required("")
    offset: Offset = required(Offset())
    window: Margin = required(Margin())
    limits: tuple[LimitForm, ...] = ()
    minutes: int = required(0)
    mode: Mode = Mode.VISIT
    needs: tuple[NeedForm, ...] = ()
    weight: int = 1
    paired_with: str | None = None
    basis: str = required("")
    checklist: str | None = None
    vitals: tuple[int, ...] = ()
    laboratory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseForm:
    """The [arm.dose] of an arm with infusions."""

    cells_per_kg: int = required(0)
    volume_ml: int = required(0)
    tolerance_ml: int = 0
    weight_valid_days: int = required(0)
    untreated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmForm:
    """An [[arm]]."""

    code: str = required("")
    label: Words = required(Words.of())
    aliases: tuple[str, ...] = ()
    dose: DoseForm | None = None
    encounter: tuple[EncounterForm, ...] = required(())


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestoneForm:
    """A [[milestone]]."""

    id: str = required("")
    label: Words = required(Words.of())
    anchor: str = required("")
    offset: Offset = required(Offset())


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochForm:
    """An [[epoch]]."""

    id: str = required("")
    label: Words = required(Words.of())


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolForm:
    """The whole file; a checklist has its items by language."""

    id: str = required("")
    version: str = required("")
    title: Words = required(Words.of())
    notice: Words = Words.of()
    epoch: tuple[EpochForm, ...] = required(())
    milestone: tuple[MilestoneForm, ...] = ()
    checklist: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    fact: tuple[FactForm, ...] = ()
    criterion: tuple[CriterionForm, ...] = ()
    arm: tuple[ArmForm, ...] = required(())
