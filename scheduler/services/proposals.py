"""Proposals: where everybody's visits would go, and the storing of just that.

A proposal says who moves from where to where, and what it was worked out on.  Applying compares
that with the book, and stores all of the proposal or nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.errors import Problem, Refused, Unplaced
from scheduler.life import ask_reason
from scheduler.products import Product
from scheduler.services.cases import Lost
from scheduler.services.laboratories import Elsewhere
from scheduler.sites import Site
from scheduler.store import Book, Change, Store
from scheduler.subject import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """States before and after of every visit that changes, and how good that is.

    Those `outside` keep their days, with the windows that they miss once others move.
    `free` counts the visits that might have moved; `cost` and `bound` are by the ranks of
    `joint.costs`.  It was worked out on the visits `seen`, and the `products` of those whose
    infusions are to come, by participant, and what was asked of the laboratory `elsewhere`.
    """

    site: Site
    changes: tuple[tuple[Visit, Visit], ...]
    lost: tuple[Lost, ...]
    outside: tuple[Visit, ...]
    free: int
    cost: int
    bound: int
    seen: tuple[Visit, ...]
    products: Mapping[str, tuple[Product, ...]]
    elsewhere: Elsewhere
    problems: tuple[Problem, ...]

    @property
    def told(self) -> tuple[tuple[Visit, Visit], ...]:
        """Those of the changes that give a visit another time or other units."""
        return tuple(
            (before, after)
            for before, after in self.changes
            if (before.scheduled, before.allocations) != (after.scheduled, after.allocations)
        )

    @property
    def moved(self) -> int:
        """How many appointments get another time."""
        return sum(before.scheduled not in {None, after.scheduled} for before, after in self.told)

    @property
    def blocked(self) -> int:
        """How many appointments stand where they cannot be, and find no other slot."""
        return sum(lost.visit.scheduled is not None for lost in self.lost)

    @property
    def found(self) -> int:
        """How many visits get a slot that had none."""
        return sum(before.scheduled is None for before, _ in self.told)


class BookChanged(Refused):
    """The book is no longer the one that the proposal was worked out on."""

    def __init__(self) -> None:
        super().__init__(
            "nothing was stored: the book changed while this was worked out; run the command again"
        )


def apply(store: Store, proposals: Sequence[Proposal], change: Change) -> None:
    """Store the proposals of some sites, all of them in one transaction.

    Raises:
        ReasonMissing: no word why.
        BookChanged: somebody changed a visit of one of the sites, a product, or what other
            sites ask of the laboratory, meanwhile.
    """
    ask_reason("re-plan visits", change.reason)

    def work(book: Book) -> None:
        for proposal in proposals:
            _check_unchanged(book, proposal)
        afters = [after for proposal in proposals for _, after in proposal.changes]
        if afters:
            book.record(change, afters)

    store.write(work)


def batches(book: Book, codes: Collection[str]) -> dict[str, tuple[Product, ...]]:
    """The batches of each of these participants as they stand, oldest first."""
    found = book.cohort(codes).products()
    return {code: tuple(found.get(code, ())) for code in codes}


def _check_unchanged(book: Book, proposal: Proposal) -> None:
    products = batches(book, proposal.products)
    seen, known = book.visits(site=proposal.site.code), proposal.elsewhere
    elsewhere = Elsewhere.read(book, known.sharing, known.days)
    if (seen, products, elsewhere) != (proposal.seen, proposal.products, known):
        raise BookChanged()


def check_placed(proposals: Iterable[Proposal], *, accepted: bool) -> None:
    """Refuse proposals that leave appointments where they cannot be.

    Raises:
        Unplaced: it says how many.
    """
    blocked = sum(proposal.blocked for proposal in proposals)
    if blocked and not accepted:
        raise Unplaced(
            f"nothing was stored; appointments that find no other slot: {blocked};"
            " --accept-unplaced leaves them as they are and moves the others"
        )
