"""Digests: the weekly mails of one site, from the book and the calendars as they are now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from pathlib import Path

from scheduler import shipped
from scheduler.digest import State, digest
from scheduler.errors import BadInput
from scheduler.exporters import digestmail, ics
from scheduler.exporters.mail import Envelope, Letter, message, message_id
from scheduler.exporters.stationery import Stationery
from scheduler.protocol import Kind
from scheduler.risks import AHEAD
from scheduler.services import checking, holdings, studies
from scheduler.services.clinics import Clinic
from scheduler.services.posting import Parcel
from scheduler.sites import Audience, Recipient, Site
from scheduler.store import Book, Store
from scheduler.store.outbox import DIGEST, WAITING, Mailing
from scheduler.subject import OPEN, Visit
from scheduler.supplies import Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the conflict calendars say on a day; `unchecked` when some could not be read."""

    blocked: tuple[Visit, ...]
    unchecked: bool


def look(store: Store, clinic: Clinic, as_of: date) -> Findings:
    """Check every coming visit against the calendars.

    A calendar that cannot be read keeps no mail back: the mail says so.
    """
    try:
        found = checking.check(store, clinic, (), as_of)
    except BadInput:
        return Findings(blocked=(), unchecked=True)
    blocked = tuple(each.visit for each in found.blocked)
    return Findings(blocked=blocked, unchecked=bool(found.problems))


def letters(
    book: Book,
    clinic: Clinic,
    as_of: date,
    findings: Findings,
    *,
    written: datetime,
    stationery: Stationery,
) -> Mapping[Recipient, Letter]:
    """The letter of the ISO week of `as_of` to each of the site's recipients.

    Raises:
        BadInput: templates or words of the hospital's own do not work.
    """
    state = _state(book, clinic, as_of, findings)
    found = {}
    for recipient in clinic.site.recipients:
        told = digest(state, recipient)
        found[recipient] = digestmail.letter(
            told,
            recipient,
            site=clinic.site,
            written=written,
            stationery=stationery,
            calendar=_calendar(state, recipient) if recipient.attach else b"",
        )
    return found


def previewed(
    store: Store, clinic: Clinic, as_of: date, *, now: datetime, own: Path | None
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the week's mails, as they would be written now."""
    site, week = clinic.site, week_name(as_of)
    findings, paper = look(store, clinic, as_of), stationery(own)
    found = store.read(
        lambda book: letters(book, clinic, as_of, findings, written=now, stationery=paper)
    )
    for recipient, letter in found.items():
        sealed = _envelope(site, recipient, week, written=now)
        content = message(letter.with_feed(recipient.feed), sealed)
        yield f"{site.code}-{week}-{recipient.id}.eml", content


def queue(store: Store, clinic: Clinic, as_of: date, *, now: datetime, own: Path | None) -> None:
    """Enter what the outbox does not have of the week, and drop what waits of weeks before."""
    site, week = clinic.site, week_name(as_of)

    def is_queued(book: Book) -> bool:
        known = {m.recipient for m in book.outbox.of(site.code, DIGEST) if m.week == week}
        return known >= {recipient.id for recipient in site.recipients}

    if store.read(is_queued):
        return
    findings = look(store, clinic, as_of)
    paper = stationery(own)

    def work(book: Book) -> None:
        for old in book.outbox.of(site.code, DIGEST):
            if old.week < week:
                book.outbox.drop(old)
        written = letters(book, clinic, as_of, findings, written=now, stationery=paper)
        for recipient, letter in written.items():
            mailing = Mailing(
                site=site.code,
                kind=DIGEST,
                week=week,
                recipient=recipient.id,
                message_id=_message_id(site, recipient, week),
                queued=now,
                letter=letter,
            )
            book.outbox.queue(mailing)

    store.write(work)


def parcels(store: Store, clinic: Clinic, as_of: date, *, retry: bool) -> Iterator[Parcel]:
    """The week's mails that wait, for those who still are recipients."""

    site, week = clinic.site, week_name(as_of)

    def work(book: Book) -> tuple[Mailing, ...]:
        return tuple(m for m in book.outbox.of(site.code, DIGEST) if m.week == week)

    def again(book: Book) -> None:
        for mailing in work(book):
            book.outbox.retry(mailing)

    if retry:
        store.write(again)
    recipients = {recipient.id: recipient for recipient in site.recipients}
    for mailing in store.read(work):
        recipient = recipients.get(mailing.recipient)
        if recipient is not None and mailing.state in WAITING:
            yield Parcel(
                mailing=mailing,
                envelope=_envelope(site, recipient, week, written=mailing.queued),
                whose=f"recipient {recipient.id} of site {site.code}",
                feed=recipient.feed,
            )


def _envelope(site: Site, recipient: Recipient, week: str, *, written: datetime) -> Envelope:
    """The envelope of a recipient's weekly mail."""
    return Envelope(
        sender=site.sender,
        name=site.name.say(recipient.language),
        to=recipient.address,
        message_id=_message_id(site, recipient, week),
        written=written,
        list_id=f"visits.{site.code.lower()}.{site.domain}",
    )


def _message_id(site: Site, recipient: Recipient, week: str) -> str:
    return message_id(site.domain, DIGEST, week, site.code, recipient.id)


def week_name(day: date) -> str:
    """The ISO week of a day, like 2026-W15."""
    return f"{day:%G-W%V}"


def stationery(own: Path | None) -> Stationery:
    """What mails are written on: the shipped templates, and the hospital's own in their place.

    Raises:
        BadInput: a template cannot be read, or is no UTF-8.
    """
    return Stationery(files={name: shipped.text(name, own) for name in shipped.names("email", own)})


def _state(book: Book, clinic: Clinic, as_of: date, findings: Findings) -> State:
    site = clinic.site
    visits = book.visits(site=site.code)
    blinded = any(r.audience is not Audience.STAFF for r in site.recipients)
    versions = {(s.protocol, s.protocol_version) for s in book.subjects(site.code)}
    return State(
        site=site,
        as_of=as_of,
        visits=visits,
        supplies=_supplies(book, visits, as_of),
        blocked=findings.blocked,
        unchecked=findings.unchecked,
        protocols=[studies.version(book, *v) for v in sorted(versions)] if blinded else [],
    )


def _supplies(book: Book, visits: tuple[Visit, ...], as_of: date) -> list[Supply]:
    """Those of the infusions that a mail may tell of."""
    infusions: dict[str, list[Visit]] = {}
    for visit in visits:
        near = visit.day is not None and visit.day <= as_of + AHEAD
        if visit.kind is Kind.INFUSION and visit.status in OPEN and near:
            infusions.setdefault(visit.subject, []).append(visit)
    return list(chain.from_iterable(holdings.of_visits(book, infusions).values()))


def _calendar(state: State, recipient: Recipient) -> bytes:
    """The week as a calendar file for the recipient's audience."""
    return b"".join(
        ics.calendar(
            [visit for visit in state.visits if visit.day and visit.day in state.days],
            site=state.site,
            audience=recipient.audience,
            language=recipient.language,
            protocols=state.protocols,
            method="PUBLISH",
        )
    )
