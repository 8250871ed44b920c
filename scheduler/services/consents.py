"""Consents: whether a participant wants to be told of appointments outside of the hospital.

It is recorded before anything is sent or written for the participant.  A withdrawal takes
what waits in the outbox back, and switches the participant's own calendar addresses off,
in the same transaction.
"""

from dataclasses import dataclass
from datetime import date

from scheduler.errors import BadValue, Refused
from scheduler.feeds import Feed
from scheduler.life import BEDSIDE, permit
from scheduler.services.clinics import Clinic, check_site
from scheduler.sites import Audience
from scheduler.store import Book, Change, Store
from scheduler.store.outbox import REMINDER, WAITING, Mailing
from scheduler.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A participant's word on reminders.

    `dropped` mails were waiting and are not sent; `revoked` feeds are answered no more.
    """

    subject: Subject
    given: bool
    day: date
    dropped: int
    revoked: tuple[Feed, ...]


class SaidBefore(Refused):
    """What the participant said last is recorded already."""

    def __init__(self, code: str, *, given: bool) -> None:
        super().__init__(
            f"{code} has consented to reminders already"
            if given
            else f"{code} has no consent to reminders to withdraw"
        )


class NoConsent(Refused):
    """Nothing is told outside of the hospital before the participant consented to it."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"{code} has not consented to be told of appointments outside of the hospital;"
            f" record it first: schedule subject consent {code} --to reminders"
        )


def record(
    store: Store,
    clinic: Clinic,
    code: str,
    day: date,
    change: Change,
    today: date,
    *,
    given: bool,
    dry_run: bool,
) -> Recorded:
    """Record what a participant said on `day`.

    Raises:
        UnknownName: nobody is enrolled under that code.
        OtherSite: the participant is not the clinic's.
        BadValue: the day lies ahead.
        SaidBefore: as it says.
        Refused: the person may not.
    """
    if day > today:
        raise BadValue("--date", day, f"it lies ahead of today, {today}")

    def work(book: Book) -> Recorded:
        subject = book.subject(code)
        check_site(clinic.site, subject)
        permit("record consents", BEDSIDE, user=change.user, people=clinic.site.people)
        known = book.consents.of(subject.code)
        if given == (known is not None and known.given):
            raise SaidBefore(subject.code, given=given)
        waiting = [] if given else _waiting(book, subject)
        feeds = () if given else answered(book, subject)
        if not dry_run:
            book.consents.record(change, subject.code, day, given=given)
            for mailing in waiting:
                book.outbox.drop(mailing)
            for feed in feeds:
                book.feeds.revoke(change, feed.number, subject.site)
        return Recorded(subject=subject, given=given, day=day, dropped=len(waiting), revoked=feeds)

    return store.read(work) if dry_run else store.write(work)


def check(book: Book, subject: Subject) -> None:
    """Refuse to write anything for a participant to take outside who has not consented.

    Raises:
        NoConsent: as it says.
    """
    known = book.consents.of(subject.code)
    if known is None or not known.given:
        raise NoConsent(subject.code)


def unasked(store: Store, site: str) -> tuple[str, ...]:
    """The codes of a site's participants who have not consented."""

    def work(book: Book) -> tuple[str, ...]:
        consented = book.consents.given(site)
        return tuple(s.code for s in book.subjects(site) if s.code not in consented)

    return store.read(work)


def _waiting(book: Book, subject: Subject) -> list[Mailing]:
    waiting = book.outbox.of(subject.site, REMINDER, states=WAITING)
    return [mailing for mailing in waiting if mailing.recipient == subject.code]


def answered(book: Book, subject: Subject) -> tuple[Feed, ...]:
    """The participant's own feeds that still answer."""
    own = (
        feed
        for feed in book.feeds.all(subject.site)
        if feed.audience is Audience.PARTICIPANT and feed.subject == subject.code
    )
    return tuple(feed for feed in own if feed.revoked is None)
