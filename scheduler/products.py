"""The cell product of a participant: batches, and at which infusion each may be given.

Every marrow aspiration begins a chain; a batch belongs to one participant and one chain
for ever.  The product is autologous, so whether a batch may be given is decided here and
nowhere else: it must be this participant's, of the chain that stands, released, and
unexpired.

>>> expiry = Expiry(day=date(2026, 4, 9), at=time(12))
>>> str(expiry), expiry.passed(date(2026, 4, 9), time(11, 30)), expiry.passed(date(2026, 4, 10))
('2026-04-09T12:00', False, True)
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from enum import StrEnum

from scheduler import breaches
from scheduler.breaches import REMEDY, Breach, Phrase
from scheduler.errors import BadValue, Refused
from scheduler.protocol import Arm, Encounter, Kind
from scheduler.subject import Status, Visit, Weight

OWN_BATCH = Phrase(
    word="own_batch",
    said="only a participant's own batch is given: released, unexpired, of the aspiration that"
    " stands",
)
"""The rule of an autologous product."""

_BATCH = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9./_-]{0,22}[A-Za-z0-9])?\Z")


class Stage(StrEnum):
    """Where a batch stands; that it was given is told by its infusions."""

    ORDERED = "ordered"
    RELEASED = "released"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """The last day of a batch, or the wall-clock time on it from which it has expired."""

    day: date
    at: time | None = None

    def passed(self, day: date, at: time | None = None) -> bool:
        """Whether it has expired on `day`, `at` that time; an unknown time counts as before it."""
        if day != self.day:
            return day > self.day
        return self.at is not None and at is not None and at >= self.at

    def __str__(self) -> str:
        return f"{self.day}T{self.at:%H:%M}" if self.at else f"{self.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One batch, as it stands.

    `chain` is the occurrence of the aspiration it grows from, `weight` what its dose was
    ordered for; `given` names the infusions it was given at ("infusion-1"), those of another
    participant by the code too ("ZJ-002 infusion-1"), and `reason` says why it failed.
    """

    subject: str
    batch: str
    chain: int
    stage: Stage
    weight: Weight
    ordered: date
    released: date | None = None
    expires: Expiry | None = None
    given: tuple[str, ...] = ()
    reason: str = ""

    def serves(self, day: date, at: time | None = None) -> bool:
        """Whether it is released and unexpired on `day`, `at` that time."""
        return not any(self.faults(day, at))

    @property
    def astray(self) -> tuple[str, ...]:
        """Infusions of other participants at which it was recorded as given."""
        return tuple(mark for mark in self.given if " " in mark)

    def faults(self, day: date, at: time | None = None) -> Iterator[Phrase]:
        """Why it may not be given on `day`, `at` that time."""
        for mark in self.astray:
            said = f"it was recorded as given to {mark}"
            yield Phrase(word="astray", said=said, facts={"whom": mark})
        if self.stage is Stage.FAILED:
            said, facts = f"it failed ({self.reason})", {"reason": self.reason}
            yield Phrase(word="failed", said=said, facts=facts)
        if self.released is None or self.expires is None:
            yield Phrase(word="unreleased", said="it is not released")
            return
        if self.released > day:
            said, facts = f"it is released on {self.released} only", {"day": str(self.released)}
            yield Phrase(word="released_later", said=said, facts=facts)
        if self.expires.passed(day, at):
            said, facts = f"it expired {self.expires}", {"expires": str(self.expires)}
            yield Phrase(word="expired", said=said, facts=facts)


class NoProduct(Refused):
    """An arm without infusions has no product."""

    def __init__(self, subject: str, arm: str) -> None:
        super().__init__(f"{subject} is in arm {arm}, which has no dose: there is no product")


class NoBatch(Refused):
    """An infusion was recorded without the batch that was given."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(
            f"{visit.ref} of {visit.subject} needs --batch: the batch on the label of the bag"
        )


class UnknownBatch(Refused):
    """A batch that nobody ordered."""

    def __init__(self, subject: str, batch: str, known: Iterable[str]) -> None:
        listing = ", ".join(known) or "none"
        super().__init__(f"no batch {batch} was ordered; batches of {subject}: {listing}")


class SwappedBatch(Refused):
    """A batch of another participant: the worst that can happen with an autologous product."""

    def __init__(self, subject: str, product: Product, remedy: str = "") -> None:
        super().__init__(
            f"STOP. BATCH {product.batch} BELONGS TO {product.subject}, NOT TO {subject}. The cells"
            " are autologous: do not give them to anybody else, and tell the investigator now."
            f" Nothing was stored.{f' {remedy}' if remedy else ''}"
        )


class UnfitBatch(Refused):
    """The participant's own batch, and yet it may not be given."""

    def __init__(self, visit: Visit, product: Product, day: date, faults: Sequence[Phrase]) -> None:
        super().__init__(
            f"batch {product.batch} may not be given to {visit.subject} at {visit.ref} on {day}:"
            f" {'; '.join(map(str, faults))}. {REMEDY}"
        )


def batch_id(text: str) -> str:
    """A batch id in plain letters; BadValue for what no label carries."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not _BATCH.match(plain):
        expected = "at most 24 letters, digits, hyphens, dots and slashes, like B-2026-041"
        raise BadValue("--batch", f'"{text}"', expected)
    return plain


def batch_key(batch: str) -> str:
    """What two spellings of one batch id share: no case, no width."""
    return unicodedata.normalize("NFKC", batch).strip().casefold()


def infusions(arm: Arm) -> tuple[Encounter, ...]:
    """The encounters at which a product is given, in protocol order; none without a dose."""
    if arm.dose is None:
        return ()
    return tuple(e for e in arm.encounters if e.kind is Kind.INFUSION)


def source(arm: Arm) -> Encounter | None:
    """The procedure that the infusions count from: where the cells are taken."""
    encounters = {encounter.id: encounter for encounter in arm.encounters}
    for infusion in infusions(arm):
        above = encounters.get(infusion.timing.anchor)
        while above is not None:
            if above.kind is Kind.PROCEDURE:
                return above
            above = encounters.get(above.timing.anchor)
    return None


def chain(arm: Arm, visits: Mapping[str, Visit]) -> int:
    """The chain that stands, by the occurrence of its aspiration; `visits` are those standing."""
    procedure = source(arm)
    aspiration = visits.get(procedure.id) if procedure else None
    return aspiration.occurrence if aspiration else 1


def untreated(arm: Arm, visits: Mapping[str, Visit]) -> str | None:
    """The milestone that stands for the infusions once all of them are cancelled, else None.

    Source: the trial's rules of re-anchoring, "a participant never treated stays in
    follow-up from matched-day-0"; `visits` are those standing.
    """
    given = [visits[encounter.id] for encounter in infusions(arm) if encounter.id in visits]
    gone = given and all(visit.status is Status.CANCELLED for visit in given)
    return arm.dose.untreated if gone and arm.dose else None


def start(visit: Visit, day: date) -> time | None:
    """The time at which a visit begins on `day`; None where it was not scheduled then."""
    return visit.scheduled.start.time() if visit.scheduled and visit.day == day else None


def check_own(subject: str, product: Product) -> None:
    """Refuse the batch of another participant.

    Raises:
        SwappedBatch: it is.
    """
    if product.subject != subject:
        raise SwappedBatch(subject, product)


def mark(product: Product, visit: Visit) -> str:
    """How a batch names an infusion that it was given at."""
    return visit.ref if product.subject == visit.subject else f"{visit.subject} {visit.ref}"


def breach(product: Product, visit: Visit, chain: int, day: date) -> Breach | None:
    """What speaks against a batch at an infusion on `day`; `chain` is the standing one.

    That it was given at this very infusion does not.
    """
    elsewhere = tuple(given for given in product.given if given != mark(product, visit))
    faults = [*replace(product, given=elsewhere).faults(day, start(visit, day))]
    if product.subject != visit.subject:
        kind = breaches.Kind.SWAPPED_BATCH
    elif product.chain != chain:
        kind = breaches.Kind.UNFIT_BATCH
        grew = {"grew": str(product.chain), "stands": str(chain)}
        said = f"it grew from aspiration {product.chain}, and {chain} stands now"
        faults.insert(0, Phrase(word="other_chain", said=said, facts=grew))
    elif faults:
        kind = breaches.Kind.UNFIT_BATCH
    else:
        return None
    return Breach(
        kind=kind,
        rule=OWN_BATCH,
        faults=tuple(faults),
        batch=product.batch,
        owner=product.subject,
    )


def check_given(product: Product, visit: Visit, chain: int, day: date) -> None:
    """Refuse a batch that may not be given at an infusion on `day`; `chain` is the standing one.

    Raises:
        SwappedBatch: it is another participant's.
        UnfitBatch: of an earlier chain, failed, not released, released later, or expired.
    """
    if found := breach(product, visit, chain, day):
        if found.kind is breaches.Kind.SWAPPED_BATCH:
            raise SwappedBatch(visit.subject, product, REMEDY)
        raise UnfitBatch(visit, product, day, found.faults)
