"""Unscheduled visits: what happens that no protocol foresees.

They count for nobody else, take no unit, and may lie in the past.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from scheduler.dates import Interval, Window
from scheduler.errors import Refused
from scheduler.life import Act, ask_reason, permit, rule
from scheduler.protocol import Kind, Mode
from scheduler.services.clinics import Clinic, check_site
from scheduler.services.visits import Outcome
from scheduler.store import Book, Change, Store
from scheduler.subject import OPEN, Subject, Visit
from scheduler.words import Words

UNSCHEDULED = "unscheduled"
"""The encounter of visits that the protocol does not foresee."""

_LABEL = Words.of(en="Unscheduled visit", zh="计划外访视")


def add(
    store: Store,
    clinic: Clinic,
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
        Refused: the person may not, gives no reason, or the participant is elsewhere then.
    """
    row = rule(Act.ADD)

    def work(book: Book) -> Outcome:
        found = book.subject(subject)
        check_site(clinic.site, found)
        permit("add visits", row.by, user=change.user, people=clinic.site.people)
        ask_reason("add a visit", change.reason)
        visits = book.visits(subject=found.code)
        visit = _unscheduled(found, visits, start, minutes, change)
        if not dry_run:
            book.record(change, [visit])
        return Outcome(subject=found, changes=((None, visit),))

    return store.read(work) if dry_run else store.write(work)


def _unscheduled(
    subject: Subject, visits: Sequence[Visit], start: datetime, minutes: int, change: Change
) -> Visit:
    # Minutes pass by the clock of UTC, whatever the clock on the wall does meanwhile.
    end = (start.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(start.tzinfo)
    slot = Interval(start=start, end=end)
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
        status=rule(Act.ADD).result,
        scheduled=slot,
        why=("unscheduled",),
        basis="unscheduled",
        changed=change.at,
    )
