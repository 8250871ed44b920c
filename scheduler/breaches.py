"""Breaches: what an infusion lacked that was given all the same.

A refusal stops what is planned.  What has happened must be recordable, or the book lies to
an inspector: by decision it is, as a breach of a rule, and the deviations list it.

>>> rule = Phrase(word="own-batch", said="a batch is given to its own participant only")
>>> swap = Breach(kind=Kind.SWAPPED_BATCH, rule=rule, batch="B-2", owner="ZJ-002")
>>> str(swap), swap.kept
('BATCH B-2 OF ZJ-002 WAS GIVEN', 'BATCH B-2 OF ANOTHER PARTICIPANT WAS GIVEN')
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scheduler.words import Words

REMEDY = "If it was given, a coordinator or investigator records that: --force --reason TEXT"
"""What a refusal says to whom it comes too late."""


class Kind(StrEnum):
    """In what way an infusion broke the rules; the worst comes first."""

    SWAPPED_BATCH = "swapped-batch"
    UNFIT_BATCH = "unfit-batch"
    NO_VALID_TEST = "no-valid-test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A sentence in English, and the word and facts from which a sheet says it anew."""

    word: str
    said: str
    facts: Mapping[str, str | Words] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that an infusion broke, and what was wrong; of whom the batch is, if that is it."""

    kind: Kind
    rule: Phrase
    faults: tuple[Phrase, ...] = ()
    batch: str = ""
    owner: str = ""

    @property
    def kept(self) -> str:
        """What is kept with the visit: another participant's code has no place there."""
        return self._told("ANOTHER PARTICIPANT")

    def __str__(self) -> str:
        return self._told(self.owner)

    def _told(self, owner: str) -> str:
        faults = "; ".join(map(str, self.faults))
        match self.kind:
            case Kind.SWAPPED_BATCH:
                return "; ".join(filter(None, (f"BATCH {self.batch} OF {owner} WAS GIVEN", faults)))
            case Kind.UNFIT_BATCH:
                return f"given with batch {self.batch}: {faults}"
            case _:
                return f"given without a valid test result: {faults}"
