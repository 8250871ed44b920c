"""The journal: what this process has changed of visits, so that it need not read it back.

It begins at one head of the chain and ends at another, and between them every change was made
here.  Where another process has changed the book in between, it begins anew.

>>> from datetime import timedelta
>>> five, six = Head(number=5, hash="9c56"), Head(number=6, hash="f1d2")
>>> mine = Journal()
>>> mine.note(Sealed(before=five, after=six, back=timedelta(0)), {})
>>> mine.told("ZJ", five, six), mine.told("ZJ", NOBODY, six)
({}, None)
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, MutableMapping
from threading import Lock
from typing import Any

from scheduler.appointments import Appointment
from scheduler.store.chain import NOBODY, Head, Sealed
from scheduler.subject import Visit

MOST = 5_000
"""States that are kept at most, some three megabytes; then it begins anew."""

Changes = Mapping[int, Appointment | None]
"""By the id of the visit; None for one that takes no time."""


class Journal:
    """All changes of visits between two heads; any thread may ask and note."""

    def __init__(self) -> None:
        self._alone = Lock()
        self._begin = self._end = NOBODY
        self._size = 0
        self._at: dict[str, list[tuple[int, Changes]]] = defaultdict(list)

    def note(self, sealed: Sealed, changed: Mapping[str, Changes]) -> None:
        """Add what a transaction has changed, by site, once it is committed."""
        if sealed.after == sealed.before:
            return
        with self._alone:
            if sealed.before != self._end or self._size > MOST:
                self._begin, self._size = sealed.before, 0
                self._at.clear()
            self._end = sealed.after
            for site, changes in changed.items():
                self._size += len(changes)
                self._at[site].append((sealed.after.number, changes))

    def told(self, site: str, since: Head, now: Head) -> Changes | None:
        """What became of a site's visits from `since` to `now`; None where that is not known.

        `since` is a head that the chain which ends in `now` has gone through.
        """
        with self._alone:
            if now != self._end or since.number < self._begin.number:
                return None
            return {
                id: appointment
                for number, changes in self._at.get(site, ())
                if number > since.number
                for id, appointment in changes.items()
            }


def by_site(changed: Mapping[int, Visit]) -> dict[str, dict[int, Appointment | None]]:
    """New states of visits as a journal has them."""
    found: dict[str, dict[int, Appointment | None]] = defaultdict(dict)
    for id, visit in changed.items():
        found[visit.site][id] = Appointment.of(visit)
    return found


def journal(memory: MutableMapping[Hashable, Any]) -> Journal:
    """The journal that is kept in the memory of a store."""
    kept: Journal = memory.setdefault(Journal, Journal())
    return kept
