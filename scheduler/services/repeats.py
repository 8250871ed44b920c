"""Repeats: a culture failed, so cells are taken again, or the treatment ends.

The earlier chain stays readable: what was done stays as it was, what was to come is
superseded, and a further occurrence of each visit takes its place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from scheduler.errors import BadValue, Refused
from scheduler.life import ask_reason
from scheduler.products import Product, Stage, chain, infusions, source
from scheduler.protocol import Encounter
from scheduler.replanning import adrift, follow
from scheduler.services.clinics import Clinic
from scheduler.services.forcing import first_day
from scheduler.services.products import (
    Handled,
    WrongStage,
    check_aspirated,
    opened,
    own_batch,
    store_all,
    told,
)
from scheduler.services.rebooking import Rebooking
from scheduler.store import Book, Change, Store
from scheduler.subject import OPEN, Status, Visit
from scheduler.tree import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A batch that came to nothing.

    Cells are taken again from `earliest` on (default: today), or never where the
    treatment is to `end`.
    """

    subject: str
    batch: str
    earliest: date | None = None
    end: bool = False


def fail(
    store: Store, clinic: Clinic, failure: Failure, change: Change, today: date, *, dry_run: bool
) -> Handled:
    """Record that a batch failed, with a reason, and plan what follows from that.

    While the chain has another batch that may still be given, nothing follows.

    Raises:
        UnknownName: no such participant.
        UnknownBatch, SwappedBatch: nobody ordered it, or it is another participant's.
        ReasonMissing, WrongStage, NotAspirated: no reason; it failed already; no cells were taken.
        NoDay: there is no day for another aspiration and all that hangs on it.
    """

    def work(book: Book) -> Handled:
        rebooking = opened(book, clinic, failure.subject, "record that products failed", change)
        ask_reason("record that a product failed", change.reason)
        before = own_batch(book, rebooking, failure.batch)
        if before.stage is Stage.FAILED and not failure.end:
            raise WrongStage(before, f"failed already ({before.reason})")
        check_aspirated(rebooking, before)
        after = replace(before, stage=Stage.FAILED, reason=change.reason)
        repeating = _Repeating(book, rebooking, before, today)
        visits = repeating.ended() if failure.end else repeating.repeated(failure.earliest)
        outcome = told(book, rebooking, visits, after, change)
        if not dry_run:
            store_all(book, change, after, outcome)
        return Handled(before=before, after=after, outcome=outcome)

    return store.read(work) if dry_run else store.write(work)


class _Repeating:
    """The participant of a batch that fails, inside a transaction."""

    def __init__(self, book: Book, rebooking: Rebooking, product: Product, today: date) -> None:
        self._book, self._rebooking, self._product = book, rebooking, product
        self._today = today
        self._tree, self._visits = rebooking.tree, rebooking.visits
        self._infusions = {infusion.id for infusion in infusions(self._tree.arm)}

    def repeated(self, earliest: date | None) -> Mapping[str, Visit]:
        """The standing visits with another aspiration, and what hangs on it, from then on."""
        procedure = source(self._tree.arm)
        again = frozenset(e.id for e in self._again(procedure)) if procedure else frozenset()
        lives_on = earliest is None and self._has_another()
        if procedure is None or not again & self._infusions or lives_on or not self._stands():
            return self._visits
        first = self._first_day(procedure, earliest)
        standing = {
            **self._visits,
            **{id: self._anew(id) for id in again | {procedure.id} if id in self._visits},
        }
        late = self._second(again)
        if late is None:
            return first_day(self._rebooking, standing, procedure.id, first, again)
        standing = first_day(self._rebooking, standing, procedure.id, first, frozenset())
        grown = self._grown(procedure, standing[procedure.id])
        return first_day(self._rebooking, standing, late.id, grown, again - {late.id})

    def ended(self) -> Mapping[str, Visit]:
        """The standing visits without what is still to come of the treatment; the rest follows."""
        procedure = source(self._tree.arm)
        gone = {id for id in self._infusions if self._is_open(id)}
        if not gone:
            raise Refused(
                f"{self._product.subject} has no infusion to come that could be cancelled"
            )
        gone |= {procedure.id} if procedure and self._is_open(procedure.id) else set()
        gone |= {
            e.id for e in self._tree.arm.encounters if _prepares(e, gone) and self._is_open(e.id)
        }
        standing = {
            id: replace(visit, status=Status.CANCELLED) if id in gone else visit
            for id, visit in self._visits.items()
        }
        enrolled = self._rebooking.subject.enrolled
        following = adrift(self._tree, enrolled, standing)
        free = self._rebooking.availability(standing, following)
        return follow(self._tree, enrolled, standing, free, following)

    def _again(self, procedure: Encounter) -> Iterator[Encounter]:
        """What has to be done again below the aspiration: all but what a done infusion carries."""
        for child in self._tree.nodes[procedure.id].children:
            yield from self._below(child)

    def _below(self, node: Node) -> Iterator[Encounter]:
        if node.encounter.id not in self._infusions or self._is_to_come(node.encounter.id):
            yield from (below.encounter for below in node.branch())
            return
        for child in node.children:
            if child.encounter.id in self._infusions:
                yield from self._below(child)

    def _second(self, again: frozenset[str]) -> Encounter | None:
        """The infusion to give again when the one that it counts from was given."""
        for infusion in infusions(self._tree.arm):
            done = infusion.timing.anchor in self._infusions - again
            if infusion.id in again and done:
                return infusion
        return None

    def _grown(self, procedure: Encounter, aspiration: Visit) -> date:
        """When a culture from that aspiration is due, by the protocol's rule for the first."""
        chain_up: list[Encounter] = []
        encounter = infusions(self._tree.arm)[0]
        while encounter.id != procedure.id:
            chain_up.append(encounter)
            encounter = self._tree.arm.encounter(encounter.timing.anchor)
        day = aspiration.day or aspiration.target
        for link in reversed(chain_up):
            day = link.timing.target(day)
        return day

    def _first_day(self, procedure: Encounter, earliest: date | None) -> date:
        day = earliest or self._today
        taken = self._visits[procedure.id].actual
        if taken is not None and day <= taken:
            raise BadValue("--aspiration", day, f"the cells that failed were taken on {taken}")
        return day

    def _anew(self, id: str) -> Visit:
        """A further occurrence of a visit, without a slot."""
        number = max(v.occurrence for v in self._rebooking.every if v.encounter == id)
        return replace(
            self._visits[id],
            occurrence=number + 1,
            status=Status.PLANNED,
            scheduled=None,
            allocations=(),
            actual=None,
            sequence=0,
        )

    def _has_another(self) -> bool:
        """Whether the chain has a batch that may still be given."""
        return any(
            other.batch != self._product.batch
            and other.chain == self._product.chain
            and other.stage is not Stage.FAILED
            and not other.astray
            and not (other.expires and other.expires.passed(self._today))
            for other in self._book.products(self._product.subject)
        )

    def _stands(self) -> bool:
        return self._product.chain == chain(self._tree.arm, self._visits)

    def _is_open(self, id: str) -> bool:
        return id in self._visits and self._visits[id].status in OPEN

    def _is_to_come(self, id: str) -> bool:
        return id in self._visits and self._visits[id].status is not Status.COMPLETED


def _prepares(encounter: Encounter, gone: set[str]) -> bool:
    """Whether an encounter is there only to go before one of those that are gone."""
    offset = encounter.timing.offset
    return encounter.timing.anchor in gone and (offset.days < 0 or offset.months < 0)
