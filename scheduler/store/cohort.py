"""A cohort: several subjects whose rows are read at once.

It costs as many questions for a thousand subjects as for one: each goes to a server and
back, and a look at each subject of a site would wait for that more than for anything else.

>>> from sqlalchemy import create_engine
>>> from scheduler.store.tables import metadata
>>> with create_engine("sqlite://").connect() as connection:
...     metadata.create_all(connection)
...     Cohort(connection, ["ZJ-001", "ZJ-002"]).visits()
{}
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from scheduler.store import products, screenings, subjects, visits
from scheduler.store.changes import Entry
from scheduler.store.screenings import Ruled
from scheduler.subject import Subject, Visit

if TYPE_CHECKING:
    from scheduler.products import Product


class Cohort:
    """The subjects of some codes, in any case and width; made by `Book.cohort` only.

    What is told by code is told by the code as it was entered, and of those who have any.
    """

    def __init__(self, connection: Connection, codes: Iterable[str]) -> None:
        self._connection, self._such = connection, subjects.named(codes)

    def subjects(self) -> tuple[Subject, ...]:
        """Those who are enrolled, by code."""
        return subjects.among(self._connection, self._such)

    def visits(self) -> Mapping[str, Sequence[Visit]]:
        """Visits in their current state, by day and start."""
        found: dict[str, list[Visit]] = {}
        for visit in visits.among(self._connection, self._such):
            found.setdefault(visit.subject, []).append(visit)
        return found

    def histories(self) -> Iterator[tuple[str, tuple[Entry, ...]]]:
        """Every state of the visits, oldest first, with the code; read before the work ends."""
        return visits.histories(self._connection, self._such)

    def rulings(self) -> Mapping[str, Sequence[Ruled]]:
        """What screenings came to, oldest first."""
        return screenings.among(self._connection, self._such)

    def products(self) -> "Mapping[str, Sequence[Product]]":
        """Batches as they stand, oldest first."""
        found: dict[str, list[Product]] = {}
        for product in products.among(self._connection, self._such):
            found.setdefault(product.subject, []).append(product)
        return found

    def supplied(self) -> "Mapping[int, Sequence[Product]]":
        """States of batches, anybody's, by the number of the change that recorded them.

        Of every change that recorded a state of a visit of the cohort.
        """
        return products.by_change(self._connection, self._such)
