"""Products: batches are ordered and released, and infusions wait for a late release.

An infusion never stands before the release of its product by this program's doing: until
the first one has taken place the pair moves as one, afterwards the second alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from scheduler.errors import BadValue, Refused
from scheduler.life import DESK, ask_reason, permit
from scheduler.products import (
    Expiry,
    NoProduct,
    Product,
    Stage,
    batch_id,
    chain,
    check_own,
    infusions,
    source,
)
from scheduler.replanning import revised
from scheduler.services import giving
from scheduler.services.clinics import Clinic
from scheduler.services.holdings import evidence
from scheduler.services.rebooking import Rebooking
from scheduler.services.visits import Outcome
from scheduler.services.waiting import Waiting
from scheduler.sites import Role
from scheduler.store import Book, Change, Store
from scheduler.store.products import BatchTaken
from scheduler.subject import OPEN, Status, Visit, Weight
from scheduler.supplies import supply

LABORATORY = DESK | {Role.LABORATORY}
"""Who answers for products."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A dose to be made for a weight of a date (default: the newest weight on record)."""

    subject: str
    batch: str
    weight: Weight | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A batch may be given from `day` until it expires.

    `forced` accepts an infusion outside its window; `along` names visits agreed with the
    participant that may move.
    """

    subject: str
    batch: str
    day: date
    expires: Expiry
    forced: bool = False
    along: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """A batch before (None for a new one) and after, and the visits that change with it."""

    before: Product | None
    after: Product
    outcome: Outcome


class NotAspirated(Refused):
    """No product before its cells were taken."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(
            f"{visit.ref} of {visit.subject} is {visit.status}: complete it before its product"
            " is released or fails"
        )


class WrongStage(Refused):
    """A batch that is past what is asked of it."""

    def __init__(self, product: Product, what: str) -> None:
        super().__init__(f"batch {product.batch} of {product.subject} {what}")


def order(
    store: Store, clinic: Clinic, asked: Order, change: Change, today: date, *, dry_run: bool
) -> Handled:
    """Order a batch for the chain that stands; the aspiration may be still to come.

    Raises:
        UnknownName: no such participant.
        BadValue: no batch id, no weight, or a day that lies ahead.
        NoProduct, BatchTaken, Refused: the arm has no dose, the batch is known, or nothing
            is left to be given.
    """

    def work(book: Book) -> Handled:
        rebooking = opened(book, clinic, asked.subject, "order products", change)
        subject, visits = rebooking.subject, rebooking.visits
        batch = batch_id(asked.batch)
        if (known := book.product(batch)) is not None:
            raise BatchTaken(known)
        coming = [visits[e.id] for e in infusions(rebooking.tree.arm) if e.id in visits]
        if not any(visit.status in OPEN for visit in coming):
            raise Refused(f"{subject.code} has no infusion to come that a batch could be for")
        ordered = asked.day or today
        after = Product(
            subject=subject.code,
            batch=batch,
            chain=chain(rebooking.tree.arm, visits),
            stage=Stage.ORDERED,
            weight=_weight(asked.weight or subject.weight, ordered, today),
            ordered=ordered,
        )
        if not dry_run:
            book.supply(change, subject.code, [after])
        return Handled(
            before=None, after=after, outcome=told(book, rebooking, visits, after, change)
        )

    return store.read(work) if dry_run else store.write(work)


def release(
    store: Store, clinic: Clinic, asked: Release, change: Change, *, dry_run: bool
) -> Handled:
    """Release a batch; infusions that stand before it move, and all that hangs on them.

    A second release of a batch that was not given yet corrects the first, with a reason.

    Raises:
        UnknownName: no such participant.
        UnknownBatch, SwappedBatch: nobody ordered it, or it is another participant's.
        WrongStage, NotAspirated: it failed, was given, or its cells were never taken.
        LateRelease: an infusion would leave its window, and that is not forced.
        NotNamed: a visit agreed with the participant would move.
        NoDay: there is no other day.
    """

    def work(book: Book) -> Handled:
        rebooking = opened(book, clinic, asked.subject, "release products", change)
        before = own_batch(book, rebooking, asked.batch)
        _check_release(rebooking, before, asked, change)
        after = replace(before, stage=Stage.RELEASED, released=asked.day, expires=asked.expires)
        others = [p for p in book.products(before.subject) if p.batch != after.batch]
        waiting = Waiting(rebooking, after, others, forced=asked.forced, along=asked.along)
        visits = waiting.moved(change.reason)
        outcome = told(book, rebooking, visits, after, change)
        if not dry_run:
            store_all(book, change, after, outcome)
        return Handled(before=before, after=after, outcome=outcome)

    return store.read(work) if dry_run else store.write(work)


def opened(book: Book, clinic: Clinic, subject: str, what: str, change: Change) -> Rebooking:
    """The participant's visits, for who may do `what`; NoProduct in an arm without a dose."""
    permit(what, LABORATORY, user=change.user, people=clinic.site.people)
    rebooking = Rebooking(book, clinic, subject)
    if not infusions(rebooking.tree.arm):
        raise NoProduct(rebooking.subject.code, rebooking.subject.arm)
    return rebooking


def own_batch(book: Book, rebooking: Rebooking, batch: str) -> Product:
    """The participant's batch of that id.

    Raises:
        UnknownBatch, SwappedBatch: nobody ordered it, or it is another participant's.
    """
    product = giving.known(book, rebooking.subject.code, batch)
    check_own(rebooking.subject.code, product)
    return product


def check_aspirated(rebooking: Rebooking, product: Product, day: date | None = None) -> None:
    """Refuse what presumes that the product's cells were taken, by `day` if it is given.

    Raises:
        NotAspirated, BadValue: they were not, or later.
    """
    procedure = source(rebooking.tree.arm)
    for visit in rebooking.every:
        if procedure and (visit.encounter, visit.occurrence) == (procedure.id, product.chain):
            if visit.status is not Status.COMPLETED or visit.actual is None:
                raise NotAspirated(visit)
            if day is not None and day < visit.actual:
                raise BadValue("--on", day, f"{visit.ref} was on {visit.actual}")


def told(
    book: Book,
    rebooking: Rebooking,
    after: Mapping[str, Visit],
    product: Product,
    change: Change,
) -> Outcome:
    """What comes of the standing visits as they are `after` the change.

    Where a further occurrence stands then, the one before is superseded if it was open.
    """
    changes: list[tuple[Visit | None, Visit]] = []
    for id, visit in after.items():
        before = rebooking.visits.get(id)
        if before is not None and before.occurrence == visit.occurrence:
            changed = revised(before, visit, change.at)
            changes += [(before, changed)] if changed != before else []
            continue
        if before is not None and before.status in OPEN:
            gone = replace(before, status=Status.SUPERSEDED)
            changes.append((before, revised(before, gone, change.at)))
        changes.append((None, replace(visit, changed=change.at)))
    products = [*_others(book, product), product]
    arm, weight = rebooking.tree.arm, rebooking.subject.weight
    known = evidence(book, rebooking.subject)
    found = (
        supply(arm, after, visit, weight, products, known)
        for visit in after.values()
        if visit.status in OPEN
    )
    return Outcome(
        subject=rebooking.subject,
        changes=tuple(changes),
        problems=rebooking.problems,
        supplies=tuple(each for each in found if each is not None),
    )


def store_all(book: Book, change: Change, product: Product, outcome: Outcome) -> None:
    """Store the batch and the visits that change with it."""
    book.supply(change, product.subject, [product])
    if outcome.changes:
        book.record(change, [visit for _, visit in outcome.changes])


def _others(book: Book, product: Product) -> Sequence[Product]:
    return [p for p in book.products(product.subject) if p.batch != product.batch]


def _weight(weight: Weight | None, ordered: date, today: date) -> Weight:
    if weight is None:
        raise BadValue(
            "--weight", "(none)", "no weight is on record, so give --weight and --weighed"
        )
    if ordered > today:
        raise BadValue("--date", ordered, f"it lies ahead of today, {today}")
    if weight.measured > ordered:
        raise BadValue("--weighed", weight.measured, f"the order is of {ordered}, before that")
    return weight


def _check_release(rebooking: Rebooking, product: Product, asked: Release, change: Change) -> None:
    if product.stage is Stage.FAILED:
        raise WrongStage(product, f"failed ({product.reason}): order another")
    if product.given:
        raise WrongStage(product, f"was given at {', '.join(product.given)} already")
    if product.chain != chain(rebooking.tree.arm, rebooking.visits):
        raise WrongStage(product, "is of an earlier aspiration, which was given up")
    if product.stage is Stage.RELEASED:
        ask_reason("correct a release", change.reason)
    check_aspirated(rebooking, product, asked.day)
    if asked.expires.passed(asked.day):
        raise BadValue("--expires", asked.expires, f"it is released on {asked.day} only")
