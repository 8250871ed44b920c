"""Participants: withdrawing one, and weighing one."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from scheduler.errors import BadValue, Refused
from scheduler.life import BEDSIDE, Act, check, permit
from scheduler.protocol import Dose
from scheduler.replanning import revised
from scheduler.services import studies
from scheduler.services.clinics import Clinic, check_site
from scheduler.services.consents import answered
from scheduler.services.enrollment import check_weight
from scheduler.services.visits import Outcome
from scheduler.store import Book, Change, Store
from scheduler.subject import OPEN, Status, Subject, Visit, Weight

MOST_CHANGE = Decimal("0.10")
"""A weight that differs by more than this share from the last one is worth a second look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """A participant before and after a weighing; `dose` is that of the arm, if it has one."""

    before: Subject
    after: Subject
    dose: Dose | None

    @property
    def change(self) -> Decimal | None:
        """The share by which the weight changed, if there was one before."""
        if self.before.weight is None or self.after.weight is None:
            return None
        return self.after.weight.kg / self.before.weight.kg - 1


def withdraw(
    store: Store, clinic: Clinic, subject: str, change: Change, *, dry_run: bool
) -> Outcome:
    """Cancel every visit that is still to come; what was done stays.

    The participant's own calendar addresses answer on, for that is how their calendars
    learn that the appointments are off; the outcome names them.

    Raises:
        UnknownName: nobody is enrolled under that code.
        Refused: the person may not, gives no reason, or no visit is open.
    """
    people = clinic.site.people

    def work(book: Book) -> Outcome:
        found = book.subject(subject)
        check_site(clinic.site, found)
        open_visits = [v for v in book.visits(subject=found.code) if v.status in OPEN]
        if not open_visits:
            raise Refused(f"{found.code} has no open visit left to cancel")
        for visit in open_visits:
            check(Act.CANCEL, visit, reason=change.reason, user=change.user, people=people)
        changes = tuple((visit, _cancelled(visit, change)) for visit in open_visits)
        if not dry_run:
            book.record(change, [after for _, after in changes])
        return Outcome(subject=found, changes=changes, feeds=answered(book, found))

    return store.read(work) if dry_run else store.write(work)


def weigh(
    store: Store,
    clinic: Clinic,
    subject: str,
    weight: Weight,
    change: Change,
    today: date,
    *,
    dry_run: bool,
) -> Weighing:
    """Record a body weight; doses of coming infusions follow it.

    Raises:
        UnknownName: nobody is enrolled under that code.
        BadValue: nobody weighs that, or was weighed in the future.
        Refused: the person may not.
    """
    check_weight(weight.kg)
    if weight.measured > today:
        raise BadValue("--date", weight.measured, f"it lies ahead of today, {today}")

    def work(book: Book) -> Weighing:
        before = book.subject(subject)
        check_site(clinic.site, before)
        permit("weigh participants", BEDSIDE, user=change.user, people=clinic.site.people)
        dose = studies.kept(book, before).arm(before.arm).dose
        if not dry_run:
            book.weigh(change, before.code, weight)
        return Weighing(before=before, after=replace(before, weight=weight), dose=dose)

    return store.read(work) if dry_run else store.write(work)


def _cancelled(visit: Visit, change: Change) -> Visit:
    return revised(visit, replace(visit, status=Status.CANCELLED), change.at)
