"""Reminders: mails to participants who asked for them, one for each appointment.

Consent is asked in the very transaction that notes that a mail is being sent, so after a
withdrawal nothing goes out, queued or not.  Addresses lie in a file of the site's own and
are read for the sending only.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path

from scheduler import files
from scheduler.errors import Problem
from scheduler.exporters import remindermail
from scheduler.exporters.mail import Envelope, Letter, message, message_id
from scheduler.readers import addresses
from scheduler.readers.addresses import Contact
from scheduler.reminders import about, again, due, told
from scheduler.services.clinics import Clinic
from scheduler.services.digests import stationery, week_name
from scheduler.services.posting import Parcel
from scheduler.sites import Site
from scheduler.store import Book, Store
from scheduler.store.outbox import REMINDER, WAITING, Mailing, State
from scheduler.subject import Visit

Contacts = Mapping[str, Contact]
"""Contacts by participant's code."""


def contacts(clinic: Clinic) -> Contacts:
    """The addresses of a site's participants; none where the site reminds nobody.

    Raises:
        BadInput: the file cannot be read, is wrong, or everybody may read it.
    """
    reminders = clinic.site.reminders
    if reminders is None:
        return {}
    path = clinic.folder / reminders.addresses
    return addresses.read(files.read_secret(path), str(path), clinic.site.language)


def lacking(store: Store, clinic: Clinic, as_of: date, known: Contacts) -> tuple[str, ...]:
    """Codes of those who are due to be reminded and have no address."""
    found = store.read(lambda book: _due(book, clinic.site, as_of))
    return tuple(dict.fromkeys(v.subject for v in found if v.subject not in known))


def unaddressed(clinic: Clinic, codes: tuple[str, ...]) -> Problem:
    """What to tell of them, without naming one: cron puts it into a mail."""
    reminders = clinic.site.reminders
    place = str(clinic.folder / reminders.addresses) if reminders else ""
    what = f"has no address for {len(codes)} of those to be reminded now"
    return Problem(place, what, "see who: schedule notify --dry-run")


def previewed(
    store: Store, clinic: Clinic, as_of: date, known: Contacts, *, now: datetime, own: Path | None
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the reminders that are due; the files hold no address."""
    site, paper = clinic.site, stationery(own)
    for visit in store.read(lambda book: _due(book, site, as_of)):
        language = known[visit.subject].language if visit.subject in known else site.language
        mailing = _mailing(visit, site, about(visit), now)
        letter = remindermail.letter(
            visit, site=site, language=language, written=now, stationery=paper
        )
        content = message(letter, _envelope(site, mailing, Contact(address="", language=language)))
        assert visit.scheduled is not None, "it is due"
        yield f"{visit.subject}-reminder-{visit.scheduled.start:%Y%m%dT%H%M}.eml", content


def queue(
    store: Store, clinic: Clinic, as_of: date, known: Contacts, *, now: datetime, own: Path | None
) -> None:
    """Enter the reminders that are due, have an address, and tell what was not told last."""
    site, paper = clinic.site, stationery(own)

    def news(book: Book) -> list[tuple[Visit, str]]:
        """Appointments that are not what was told last, and what to call their reminders."""
        before = _before(book, site)
        return [
            (visit, again([m.about for m in mailings], about(visit)))
            for visit in _due(book, site, as_of)
            if visit.subject in known
            and not _is_told(mailings := before.get((visit.subject, visit.ref), []), visit)
        ]

    def work(book: Book) -> None:
        for visit, name in news(book):
            language = known[visit.subject].language
            letter = remindermail.letter(
                visit, site=site, language=language, written=now, stationery=paper
            )
            book.outbox.queue(_mailing(visit, site, name, now, letter))

    if store.read(news):
        store.write(work)


def parcels(
    store: Store, clinic: Clinic, as_of: date, known: Contacts, *, retry: bool
) -> Iterator[Parcel]:
    """The reminders that wait, whatever became of their visits: that is asked at the sending."""
    site = clinic.site
    if retry:
        store.write(lambda book: _retry(book, site))
    for mailing in store.read(lambda book: book.outbox.of(site.code, REMINDER, states=WAITING)):
        contact = known.get(mailing.recipient)
        if contact is not None:
            yield Parcel(
                mailing=mailing,
                envelope=_envelope(site, mailing, contact),
                whose=f"a participant of site {site.code}",
                stands=partial(_stands, mailing, as_of),
            )


def _due(book: Book, site: Site, as_of: date) -> tuple[Visit, ...]:
    """Appointments to be reminded of, of those who consented."""
    if site.reminders is None or not (consented := book.consents.given(site.code)):
        return ()
    found = due(book.visits(site=site.code), as_of, site.reminders.days_before)
    return tuple(visit for visit in found if visit.subject in consented)


def _before(book: Book, site: Site) -> dict[tuple[str, str], list[Mailing]]:
    """The reminders of each visit so far, oldest first."""
    found: dict[tuple[str, str], list[Mailing]] = {}
    for mailing in book.outbox.of(site.code, REMINDER):
        ref = mailing.about.partition(" ")[0]
        found.setdefault((mailing.recipient, ref), []).append(mailing)
    return found


def _is_told(mailings: list[Mailing], visit: Visit) -> bool:
    """Whether the last reminder of a visit that was not dropped tells its appointment."""
    counted = [mailing for mailing in mailings if mailing.state is not State.DROPPED]
    return bool(counted) and told(counted[-1].about) == about(visit)


def _stands(mailing: Mailing, as_of: date, book: Book) -> bool:
    """Whether the participant still wants it, and the appointment is as it says, and ahead."""
    consent = book.consents.of(mailing.recipient)
    if consent is None or not consent.given:
        return False
    visits = book.visits(subject=mailing.recipient)
    return any(
        about(visit) == told(mailing.about) and visit.day is not None and visit.day > as_of
        for visit in visits
    )


def _retry(book: Book, site: Site) -> None:
    for mailing in book.outbox.of(site.code, REMINDER, states={State.REFUSED}):
        book.outbox.retry(mailing)


def _mailing(
    visit: Visit, site: Site, name: str, now: datetime, letter: Letter | None = None
) -> Mailing:
    week = week_name(visit.day or visit.target)
    return Mailing(
        site=site.code,
        kind=REMINDER,
        week=week,
        recipient=visit.subject,
        about=name,
        message_id=message_id(site.domain, REMINDER, week, site.code, visit.subject, name),
        queued=now,
        letter=letter,
    )


def _envelope(site: Site, mailing: Mailing, contact: Contact) -> Envelope:
    return Envelope(
        sender=site.sender,
        name=site.name.say(contact.language),
        to=contact.address,
        message_id=mailing.message_id,
        written=mailing.queued,
    )
