"""A demand: what a visit takes of a site, wherever and whenever that may be found.

>>> from scheduler.protocol import Need
>>> chair, nurse = Need(resource="chair", minutes=420), Need(resource="nurse", minutes=90)
>>> infusion = Demand(minutes=420, needs=(chair, nurse), infusion=True)
>>> [[need.minutes for need in team] for team in infusion.teams]
[[420], [90]]
"""

from dataclasses import dataclass, field
from functools import lru_cache

from scheduler.protocol import Encounter, Kind, Mode, Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a visit takes of a site: minutes in a row, and resources during them.

    An `infusion` counts for the site's caps as such, a call by `phone` for none; what needs
    the `laboratory` happens on its working days, whose caps count infusions and every `procedure`.
    `teams` are the needs by resource kind: those of one kind share its units.
    """

    minutes: int
    needs: tuple[Need, ...] = ()
    infusion: bool = False
    phone: bool = False
    laboratory: bool = False
    procedure: bool = False
    teams: tuple[tuple[Need, ...], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "teams", _teams(self.needs))

    @classmethod
    def of(cls, encounter: Encounter) -> "Demand":
        """The demand of an encounter, as one object for all that demand the same."""
        phone = encounter.mode is Mode.PHONE
        found = cls(
            minutes=encounter.minutes,
            needs=encounter.needs,
            infusion=encounter.kind is Kind.INFUSION and not phone,
            phone=phone,
            laboratory=encounter.laboratory,
            procedure=encounter.kind is Kind.PROCEDURE and not phone,
        )
        return _same(found)

    @property
    def work(self) -> Kind | None:
        """The kind of visit as which the laboratory counts it, None for others."""
        if self.procedure:
            return Kind.PROCEDURE
        return Kind.INFUSION if self.infusion else None

    def __hash__(self) -> int:
        # Tables are kept by demand, and asked in the innermost loops; few last equally long.
        return self.minutes


@lru_cache(maxsize=1024)
def _same(demand: Demand) -> Demand:
    # Tables are asked by demand, and one that is the very same need not be compared.
    return demand


@lru_cache(maxsize=256)
def _teams(needs: tuple[Need, ...]) -> tuple[tuple[Need, ...], ...]:
    kinds = dict.fromkeys(need.resource for need in needs)
    return tuple(tuple(need for need in needs if need.resource == kind) for kind in kinds)
