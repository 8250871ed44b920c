"""Unscheduled visits: what happens that no protocol foresees.

They count for nobody else, take no unit, and may lie in the past.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduler.dates import Interval, Window
from scheduler.errors import Refused
from scheduler.protocol import Kind, Mode
from scheduler.services.visits import Outcome
from scheduler.store import Book, Change, Store
from scheduler.subject import OPEN, Status, Subject, Visit
from scheduler.words import Words

UNSCHEDULED = "unscheduled"
"""The encounter of visits that the protocol does not foresee."""

_LABEL = Words.of(en="Unscheduled visit", zh="计划外访视")


def add(
    store: Store,
    subject: str,
    start: datetime,
    minutes: int,
    change: Change,
    *,
    dry_run: bool,
) -> Outcome:
    """Enter an unscheduled visit, which takes no unit; it may lie in the past.

    Raises:
        UnknownName: no such participant.
        Refused: no reason was given, or the participant is elsewhere at that time.
    """

    def work(book: Book) -> Outcome:
        found = book.subject(subject)
        visits = book.visits(subject=found.code)
        visit = _unscheduled(found, visits, start, minutes, change)
        if not dry_run:
            book.record(change, [visit])
        return Outcome(subject=found, changes=((visit, visit),))

    return store.read(work) if dry_run else store.write(work)


def _unscheduled(
    subject: Subject, visits: Sequence[Visit], start: datetime, minutes: int, change: Change
) -> Visit:
    slot = Interval(start=start, end=start + timedelta(minutes=minutes))
    for other in visits:
        if other.scheduled and other.status in OPEN and other.scheduled.overlaps(slot):
            raise Refused(f"{subject.code} has {other.ref} at that time")
    occurrence = 1 + max((v.occurrence for v in visits if v.encounter == UNSCHEDULED), default=0)
    day = start.date()
    return Visit(
        study=subject.protocol,
        subject=subject.code,
        site=subject.site,
        encounter=UNSCHEDULED,
        occurrence=occurrence,
        label=_LABEL,
        kind=Kind.CHECK,
        mode=Mode.VISIT,
        target=day,
        window=Window(earliest=day, latest=day),
        status=Status.SCHEDULED,
        scheduled=slot,
        why=("unscheduled",),
        basis="unscheduled",
        changed=change.at,
    )
