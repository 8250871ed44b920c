"""Laboratories: which sites share one, and what the others ask of it.

Site files that name the same cell laboratory share it, and say the same of it.  Where it takes
only so many starts and releases a day, the visits of all these sites count, as far as
the book has them.

>>> Sharing()
Sharing(sites=(), problems=())
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

from scheduler.appointments import Appointment
from scheduler.capacity import WORK
from scheduler.dates import Window
from scheduler.errors import BadInput, Problem
from scheduler.sites import Laboratory, Site
from scheduler.store import Book
from scheduler.store.chain import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """The other sites that share a site's laboratory, by their codes.

    `problems` are in the way of knowing them all.
    """

    sites: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """The appointments at other sites that take of the shared laboratory on some days.

    They are kept by the ids of their visits, as other sites see them.
    """

    sharing: Sharing
    days: Window
    appointments: Mapping[int, Appointment]

    @classmethod
    def read(cls, book: Book, sharing: Sharing, days: Window) -> Self:
        """As the book has them.

        Raises:
            BadInput: it cannot be known which sites share the laboratory.
        """
        if sharing.problems:
            raise BadInput(sharing.problems)
        every = (
            book.appointments.of_kinds(sharing.sites, days, tuple(WORK)) if sharing.sites else {}
        )
        abroad = {id: appointment.abroad() for id, appointment in every.items()}
        return cls(sharing=sharing, days=days, appointments=abroad)

    def changed(
        self, book: Book, since: Head, now: Head
    ) -> Iterator[tuple[int, Appointment | None]]:
        """What became of them from one head to another; None for what takes nothing any more."""
        for site in self.sharing.sites:
            for id, found in book.appointments.changed(site, self.days, since, now).items():
                yield id, found.abroad() if found and found.kind in WORK else None


def shared(site: Site, file: str, others: Mapping[str, Site], unread: Sequence[Problem]) -> Sharing:
    """Who shares the laboratory of a site; `others` are the known ones by their files.

    What is wrong in files that are `unread` may hide another one.
    """
    laboratory = site.laboratory
    if laboratory is None or not laboratory.name or not laboratory.is_capped:
        return Sharing()
    with_it = {at: other for at, other in others.items() if _is_same(site, other)}
    problems = [
        Problem(
            file,
            f'says of laboratory "{laboratory.name}" what {at} does not: {", ".join(differing)}',
            "one laboratory is the same for all sites that share it",
        )
        for at, other in with_it.items()
        if (differing := [*_differences(site, other)])
    ]
    codes = tuple(sorted(other.code for other in with_it.values()))
    return Sharing(sites=codes, problems=(*unread, *problems))


def _is_same(site: Site, other: Site) -> bool:
    names = [each.laboratory.name.casefold() for each in (site, other) if each.laboratory]
    return site.code != other.code and len(names) == 2 and names[0] == names[1]


def _differences(site: Site, other: Site) -> Iterator[str]:
    """What two sites say differently of the laboratory that they share.

    It keeps their holidays, and its days are those of their zone.
    """
    yield from _unlike(site, other, ("zone", "country", "subdivision"))
    if site.laboratory and other.laboratory:
        names = (each.name for each in fields(Laboratory) if each.name != "name")
        yield from _unlike(site.laboratory, other.laboratory, names)


def _unlike(one: object, other: object, names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if getattr(one, name) != getattr(other, name))
