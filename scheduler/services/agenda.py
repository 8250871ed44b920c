"""The agenda: what stands in the book, for one participant or for a span of days."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeVar

from scheduler.dates import Window
from scheduler.ruling import Ruling
from scheduler.services import holdings
from scheduler.services.holdings import Holding
from scheduler.store import Book, Following, Ruled, Store
from scheduler.subject import Subject, Visit

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """One participant, all visits by day and start, and what screenings found, oldest first.

    `versions` are those of the protocol that the participant has followed, oldest first;
    `holding` is what the cell laboratory has to do with it, None in an arm without a dose.
    """

    subject: Subject
    visits: tuple[Visit, ...]
    versions: tuple[Following, ...]
    rulings: tuple[Ruled, ...]
    holding: Holding | None

    @property
    def eligibility(self) -> Ruled | None:
        """What is known of the enrollment: all that was found for its day, by the newest."""
        found = [ruled for ruled in self.rulings if ruled.ruling.day == self.subject.enrolled]
        if not found:
            return None
        joined = reduce(Ruling.joined, (ruled.ruling for ruled in found))
        return replace(found[-1], ruling=joined)


def of_subject(store: Store, code: str) -> Agenda:
    """A participant's agenda; UnknownName when nobody is enrolled under that code."""

    def work(book: Book) -> Agenda:
        subject = book.subject(code)
        visits = book.visits(subject=subject.code)
        return Agenda(
            subject=subject,
            visits=visits,
            versions=book.versions(subject.code),
            rulings=book.rulings(subject.code),
            holding=holdings.held(book, subject, visits),
        )

    return store.read(work)


def of_days(
    store: Store, days: Window, site: str | None, tell: Callable[[Iterator[Visit]], T]
) -> T:
    """What `tell` makes of everybody's visits of those days, at one site or at all.

    They are by day and start, and are read while they are told: a network has many.
    """
    return store.read(lambda book: tell(book.visits_one_by_one(days, site)))
