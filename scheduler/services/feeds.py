"""Feeds: calendar addresses given to people, and taken back.

>>> Order(person="li", audience=Audience.STAFF).subject is None  # the whole site
True
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scheduler.errors import UsageError
from scheduler.feeds import Address, Feed
from scheduler.files import Staging
from scheduler.life import DESK, permit
from scheduler.services import consents
from scheduler.services.clinics import Clinic, check_site
from scheduler.sites import Audience
from scheduler.store import Book, Change, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A feed to be given: to whom, what it may say, of one subject or the whole site.

    A participant is known by the code alone: then `person` does not count.
    """

    person: str
    audience: Audience
    subject: str | None = None
    language: str | None = None


class NotOnePerson(UsageError):
    """A participant's calendar has the visits of that participant."""

    def __init__(self) -> None:
        super().__init__("a participant's calendar is about one participant: name it by --subject")


def give(
    store: Store,
    clinic: Clinic,
    order: Order,
    change: Change,
    address: Address,
    card: Callable[[Feed], bytes] | None = None,
    out: Path | None = None,
    *,
    dry_run: bool = False,
) -> Feed:
    """Enter a feed that is answered at `address`, and write its card into the file `out`.

    Raises:
        NotOnePerson: a participant's calendar without a participant.
        NoConsent: a participant's calendar, and the participant has not consented.
        UnknownName: nobody is enrolled under the code.
        OtherSite: the participant is not the clinic's.
        Refused: the person may not give feeds.
        OutputError: the card cannot be written.
    """
    permit("give calendar addresses", DESK, user=change.user, people=clinic.site.people)
    if order.audience is Audience.PARTICIPANT and order.subject is None:
        raise NotOnePerson
    if dry_run:
        return store.read(lambda book: _ordered(book, clinic, order, change))

    def work(book: Book) -> Feed:
        return book.feeds.give(change, _ordered(book, clinic, order, change), address.digest)

    if card is None or out is None:
        return store.write(work)
    with Staging(out.parent) as staging:

        def printing(book: Book) -> Feed:
            feed = work(book)
            staging.put(out.name, [card(feed)])
            return feed

        feed = store.write(printing)
        staging.publish()
        return feed


def given(store: Store, site: str) -> tuple[Feed, ...]:
    """Every feed that a site gave, revoked ones too, oldest first."""
    return store.read(lambda book: book.feeds.all(site))


def revoke(store: Store, clinic: Clinic, number: int, change: Change, *, dry_run: bool) -> Feed:
    """Answer a feed no more.

    Raises:
        UnknownName: the site has no feed of that number.
        Refused: it was revoked already, or the person may not.
    """
    permit("revoke calendar addresses", DESK, user=change.user, people=clinic.site.people)

    def work(book: Book) -> Feed:
        return book.feeds.revoke(change, number, clinic.site.code)

    if dry_run:
        return store.read(lambda book: book.feeds.standing(number, clinic.site.code))
    return store.write(work)


def _ordered(book: Book, clinic: Clinic, order: Order, change: Change) -> Feed:
    subject, person = None, order.person
    if order.subject is not None:
        enrolled = book.subject(order.subject)
        check_site(clinic.site, enrolled)
        subject = enrolled.code
        if order.audience is Audience.PARTICIPANT:
            consents.check(book, enrolled)
            person = subject
    return Feed(
        number=0,
        person=person,
        audience=order.audience,
        site=clinic.site.code,
        subject=subject,
        language=order.language or clinic.site.language,
        given=change.at,
    )
