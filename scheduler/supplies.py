"""What an infusion is given, as far as it is known: dose, weight, batch, and what to warn of.

>>> from datetime import UTC, datetime
>>> from scheduler.dates import Window
>>> from scheduler.protocol import Mode
>>> from scheduler.subject import Status
>>> from scheduler.words import Words
>>> day = date(2026, 4, 9)
>>> infusion = Visit(study="s", subject="ZJ-001", site="ZJ", encounter="infusion-1",
...     label=Words.of(en="Infusion 1"), kind=Kind.INFUSION, mode=Mode.VISIT, target=day,
...     window=Window(earliest=day, latest=day), status=Status.PLANNED,
...     changed=datetime(2026, 3, 2, tzinfo=UTC))
>>> dose = Dose(cells_per_kg=10**6, volume_ml=80, tolerance_ml=5, weight_valid_days=7)
>>> weight = Weight(kg=Decimal(70), measured=date(2026, 4, 1))
>>> Supply(visit=infusion, dose=dose, weight=weight, product=None).warnings()
('ZJ-001 infusion-1 on 2026-04-09: weighed 8 d before, on 2026-04-01; a weight counts for 7 d',)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from scheduler.clearance import NO_EVIDENCE, Clearance, Evidence
from scheduler.products import Product, Stage, chain, infusions, start
from scheduler.protocol import Arm, Dose, Kind
from scheduler.subject import OPEN, Status, Visit, Weight

MOST_CHANGE = Decimal("0.10")
"""A weight that differs from the ordered one by more than this share is warned of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What an infusion is given: dose, weight and batch, as far as they are known.

    `evidence` is what was found by the tests that infusions wait for.
    """

    visit: Visit
    dose: Dose
    weight: Weight | None
    product: Product | None
    evidence: Evidence = NO_EVIDENCE

    @property
    def day(self) -> date:
        """The day of the infusion."""
        return self.visit.actual or self.visit.day or self.visit.target

    @property
    def age(self) -> int | None:
        """Days from the weighing to the infusion; negative when weighed after it."""
        return (self.day - self.weight.measured).days if self.weight else None

    @property
    def outdated(self) -> bool:
        """Whether the weight does not count for that day."""
        return self.age is not None and not 0 <= self.age <= self.dose.weight_valid_days

    @property
    def change(self) -> Decimal | None:
        """The share by which the weight differs from the ordered one, where that is much."""
        if self.weight is None or self.product is None:
            return None
        share = self.weight.kg / self.product.weight.kg - 1
        return share if abs(share) > MOST_CHANGE else None

    def warnings(self) -> tuple[str, ...]:
        """Sentences for screen and email; none when all is well."""
        name = f"{self.visit.subject} {self.visit.ref} on {self.day}"
        found = (*self._of_tests(), *self._of_weight(), *self._of_batch())
        return tuple(f"{name}: {warning}" for warning in found)

    @property
    def clearances(self) -> tuple[Clearance, ...]:
        """Where each test stands for the day of the infusion."""
        return self.evidence.on(self.day)

    def _of_tests(self) -> Iterator[str]:
        # What was given was given: the tests of that day were looked at then.
        if self.visit.status in OPEN:
            yield from (f"no infusion: {each}" for each in self.clearances if each.blocks)

    def _of_weight(self) -> Iterator[str]:
        if self.weight is None or self.age is None:
            yield "no weight is on record"
        elif self.outdated:
            side = "before" if self.age > 0 else "after"
            yield (
                f"weighed {abs(self.age)} d {side}, on {self.weight.measured};"
                f" a weight counts for {self.dose.weight_valid_days} d"
            )
        if self.weight and self.product and self.change is not None:
            ordered = self.product.weight
            yield (
                f"{self.weight.kg} kg is {self.change:+.1%} off the {ordered.kg} kg of"
                f" {ordered.measured} that batch {self.product.batch} was ordered for"
            )

    def _of_batch(self) -> Iterator[str]:
        if self.product and (self.product.stage is Stage.RELEASED or self.product.astray):
            for fault in self.product.faults(self.day, start(self.visit, self.day)):
                yield f"batch {self.product.batch} cannot be given: {fault}"


def supply(
    arm: Arm,
    standing: Mapping[str, Visit],
    visit: Visit,
    weight: Weight | None,
    products: Sequence[Product],
    evidence: Evidence = NO_EVIDENCE,
) -> Supply | None:
    """The supply of one infusion of the `standing` visits; None for any other visit.

    It has the batch that was given, and none where that was another participant's; else the
    one that serves that day; else the newest released one; else the newest that has not failed.
    """
    if arm.dose is None or visit.kind is not Kind.INFUSION:
        return None
    given = [product for product in products if visit.ref in product.given]
    number = chain(arm, standing)
    alive = [p for p in products if p.chain == number and p.stage is not Stage.FAILED]
    if visit.status is Status.COMPLETED:
        product = given[-1] if given else None
    else:
        product = given[-1] if given else _chosen(alive, visit)
    return Supply(visit=visit, dose=arm.dose, weight=weight, product=product, evidence=evidence)


def supplies(
    arm: Arm,
    standing: Mapping[str, Visit],
    weight: Weight | None,
    products: Sequence[Product],
    evidence: Evidence = NO_EVIDENCE,
) -> tuple[Supply, ...]:
    """The supplies of the coming infusions, in protocol order."""
    coming = (standing[e.id] for e in infusions(arm) if e.id in standing)
    found = (
        supply(arm, standing, visit, weight, products, evidence)
        for visit in coming
        if visit.status in OPEN
    )
    return tuple(each for each in found if each is not None)


def _chosen(alive: Sequence[Product], visit: Visit) -> Product | None:
    day = visit.day or visit.target

    def rank(product: Product) -> tuple[bool, bool]:
        return product.serves(day, start(visit, day)), product.stage is Stage.RELEASED

    # Of equals the one ordered last: `max` keeps the first that it meets.
    return max(reversed(alive), key=rank, default=None)
