"""The agenda: what stands in the book, for one participant or for a span of days."""

from dataclasses import dataclass

from scheduler.dates import Window
from scheduler.store import Book, Following, Ruled, Store
from scheduler.subject import Subject, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """One participant, all visits by day and start, and the screening if it was recorded.

    `versions` are those of the protocol that the participant has followed, oldest first.
    """

    subject: Subject
    visits: tuple[Visit, ...]
    versions: tuple[Following, ...]
    ruled: Ruled | None


def of_subject(store: Store, code: str) -> Agenda:
    """A participant's agenda; UnknownName when nobody is enrolled under that code."""

    def work(book: Book) -> Agenda:
        subject = book.subject(code)
        return Agenda(
            subject=subject,
            visits=book.visits(subject=subject.code),
            versions=book.versions(subject.code),
            ruled=book.ruling(subject.code),
        )

    return store.read(work)


def of_days(store: Store, days: Window, site: str | None = None) -> tuple[Visit, ...]:
    """Everybody's visits of those days, at one site or at all."""
    return store.read(lambda book: book.visits(site=site, days=days))
