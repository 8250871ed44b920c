"""Enrollment: plan, place, store and publish every visit of a new participant.

All of it happens in one transaction: the book is read, the visits are placed into what
is free, stored, and written out under temporary names; only then is anything final.
Sheets take longer to typeset than all the rest, so they are made between two transactions:
the first finds the plan, the second finds the same one, or has it typeset again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path

from scheduler.errors import AlreadyEnrolled, BadValue, Problem
from scheduler.files import Staging
from scheduler.placement import Missing, Slot, enrollment_dates, horizon, place, widened
from scheduler.plan import Expected
from scheduler.protocol import Protocol
from scheduler.services import clinics, freetime, holdings, publication, screening, studies
from scheduler.services.clinics import Clinic
from scheduler.services.publication import File, Folio, Press
from scheduler.services.screening import Given, Screened
from scheduler.sites import Audience
from scheduler.store import Book, Change, Interruption, Store
from scheduler.subject import Status, Subject, Visit, Weight

LIGHTEST, HEAVIEST = Decimal(20), Decimal(300)
"""Body weights outside these kilograms are slips of the pen."""

PRINTED_OUTSIDE = 3
"""How often sheets are typeset for a plan that may be another one when they are done."""

_CODE = re.compile(r"(?=.*\d)[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a coordinator asks for; `protocol` is a name or a file, `weight` in kilograms.

    `given` are the answers to screen by; without any the eligibility is not recorded.
    """

    enrolled: date
    arm: str
    code: str | None = None
    weight: Decimal | None = None
    protocol: str | None = None
    conflicts: Sequence[str] = ()
    accept_unplaced: bool = False
    given: Given = Given()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    """What came of a request.

    `visits` are those with a slot; `dates` are enrollment dates that would give every
    visit one; `problems` are the parts of conflict calendars that could not be read;
    `acceptable` says whether this may be stored: complete, or accepted without a visit
    that carries others.  `screened` is what the answers came to, if any were given.
    """

    subject: Subject
    protocol: Protocol
    visits: tuple[Visit, ...]
    missing: tuple[Missing, ...]
    dates: tuple[date, ...]
    problems: tuple[Problem, ...]
    acceptable: bool
    screened: Screened | None = None
    files: tuple[Path, ...] = ()


class WrongCode(BadValue):
    """A participant code that could be a name, or that no file can be named after."""

    def __init__(self, code: str) -> None:
        expected = "letters, digits and hyphens, with at least one digit, like ZJ-001; no names"
        super().__init__("code", f'"{code}"', expected)


def check_weight(kg: Decimal) -> Decimal:
    """`kg`, when a participant can weigh that; else BadValue."""
    if not kg.is_finite() or not LIGHTEST <= kg <= HEAVIEST:
        raise BadValue(
            "weight", f"{kg} kg", f"a body weight lies between {LIGHTEST} and {HEAVIEST} kg"
        )
    return kg


def preview(
    store: Store, clinic: Clinic, request: Request, change: Change, own: Path | None
) -> Enrollment:
    """What `enroll` would do; nothing is stored or written."""
    enrolling = _Enrolling(clinic, request, change, own)
    return store.read(enrolling.placed)


def enroll(
    store: Store,
    clinic: Clinic,
    request: Request,
    change: Change,
    own: Path | None,
    out: Path | None,
) -> Enrollment:
    """Enroll a participant: store every visit, write calendar and sheets into `out` if given.

    Without a slot for every visit nothing is stored, unless the request accepts that;
    a visit that carries others, or is half of a pair, is never left without one.

    Raises:
        AlreadyEnrolled: the code is taken.
        NotEligible: answers were given, and a rule refuses.
        UnknownName, BadValue, BadInput: the request names what does not exist or is wrong.
        OutputError, StoreUnavailable: files or the book cannot be written.
    """
    enrolling = _Enrolling(clinic, request, change, own)
    printing = _Printing(publication.Press(clinic, own, printed=change.at))
    with Staging(out or Path()) as staging:

        def work(book: Book) -> Enrollment:
            found = enrolling.placed(book)
            if found.acceptable:
                enrolling.store(book, found)
                if out is not None:
                    files = printing.files(enrolling.folio(book, found))
                    book.do_last(lambda: [staging.put(name, [data]) for name, data in files])
            return found

        found = store.write(work)
        files = staging.publish()
        return replace(found, files=files) if files else found


class _Enrolling:
    """One request on its way; what does not depend on the book is worked out once."""

    def __init__(self, clinic: Clinic, request: Request, change: Change, own: Path | None) -> None:
        self._clinic, self._request, self._change, self._own = clinic, request, change, own
        self._study = studies.find(request.protocol, own)
        arm = self._study.protocol.arm(request.arm)
        if request.weight is not None:
            check_weight(request.weight)
        if request.code is not None and not _CODE.match(request.code):
            raise WrongCode(request.code)
        self._screened = screening.admitted(self._study.protocol, request.given, request.enrolled)
        clinics.check_resources(clinic.site, arm)
        self._tree = self._study.tree(arm)
        self._days = widened(horizon(self._tree, request.enrolled))
        freetime.prepare(clinic, self._days, request.conflicts)

    def placed(self, book: Book) -> Enrollment:
        """The participant's visits, placed into what is free in the book."""
        request, subject = self._request, self._subject(book)
        # Said here, so that a preview says it too.
        book.keeps_protocol(subject.protocol, subject.protocol_version, self._study.text)
        free = freetime.of(book, self._clinic, self._days, request.conflicts)
        availability = free.availability.seen_by(subject.code)
        placement = place(self._tree, request.enrolled, availability)
        dates: tuple[date, ...] = ()
        if not placement.complete:
            dates = enrollment_dates(self._tree, request.enrolled, availability)
        visits = (self._scheduled(subject, slot) for slot in placement.slots)
        lost = {missing.expected.encounter.id for missing in placement.missing}
        carried = lost and lost & self._tree.arm.carriers()
        return Enrollment(
            subject=subject,
            protocol=self._study.protocol,
            visits=tuple(visits),
            missing=placement.missing,
            dates=dates,
            problems=free.problems,
            acceptable=not lost or (request.accept_unplaced and not carried),
            screened=self._screened,
        )

    def store(self, book: Book, found: Enrollment) -> None:
        """Enter the participant; a visit without a slot is entered as planned."""
        protocol = self._study.protocol
        book.keep_protocol(self._change, protocol.id, protocol.version, self._study.text)
        book.enroll(self._change, found.subject, self._all(found))
        if found.screened:
            book.keep_ruling(self._change, found.subject.code, found.screened.ruling())

    def folio(self, book: Book, found: Enrollment) -> Folio:
        """What the participant's calendar and visit sheets are made from."""
        visits, code = self._all(found), found.subject.code
        return Folio(
            subject=found.subject,
            protocol=found.protocol,
            visits=visits,
            whole=True,
            supplies=holdings.of_visits(book, {code: visits}).get(code, ()),
        )

    def _all(self, found: Enrollment) -> tuple[Visit, ...]:
        planned = (self._planned(found.subject, missing) for missing in found.missing)
        return (*found.visits, *planned)

    def _subject(self, book: Book) -> Subject:
        request, protocol, site = self._request, self._study.protocol, self._clinic.site.code
        code = request.code.upper() if request.code else _next_code(book, site)
        if request.code and book.is_enrolled(code):
            raise AlreadyEnrolled(code)
        kg, enrolled = request.weight, request.enrolled
        return Subject(
            code=code,
            site=site,
            arm=self._tree.arm.code,
            enrolled=enrolled,
            protocol=protocol.id,
            protocol_version=protocol.version,
            weight=Weight(kg=kg, measured=enrolled) if kg is not None else None,
        )

    def _scheduled(self, subject: Subject, slot: Slot) -> Visit:
        return self._visit(subject, slot.expected, slot, slot.why)

    def _planned(self, subject: Subject, missing: Missing) -> Visit:
        return self._visit(subject, missing.expected, None, missing.reasons)

    def _visit(
        self, subject: Subject, expected: Expected, slot: Slot | None, why: tuple[str, ...]
    ) -> Visit:
        encounter = expected.encounter
        return Visit(
            study=subject.protocol,
            subject=subject.code,
            site=subject.site,
            encounter=encounter.id,
            label=encounter.label,
            kind=encounter.kind,
            mode=encounter.mode,
            target=expected.target,
            window=expected.window,
            status=Status.SCHEDULED if slot else Status.PLANNED,
            scheduled=slot.interval if slot else None,
            allocations=slot.allocations if slot else (),
            why=why,
            basis=encounter.basis,
            unverified=slot.unverified if slot else False,
            changed=self._change.at,
        )


class _Printing:
    """The files of a participant, typeset while nobody waits for the book.

    Where the plan is another one each time, because others write, it is typeset in the
    transaction in the end.
    """

    def __init__(self, press: Press) -> None:
        self._press = press
        self._folio: Folio | None = None
        self._files: list[File] = []
        self._times = 0

    def files(self, folio: Folio) -> list[File]:
        """Calendar and visit sheets of that very plan.

        Raises:
            Interruption: they are to be typeset first.
        """
        if folio != self._folio:
            if self._times < PRINTED_OUTSIDE:
                raise Interruption(lambda: self._print(folio))
            self._print(folio)
        return self._files

    def _print(self, folio: Folio) -> None:
        selection = publication.Selection(subject=folio.subject.code)
        calendars = self._press.calendars(selection, [folio], Audience.STAFF)
        self._files = [*calendars, *self._press.sheets(selection, [folio])]
        self._folio, self._times = folio, self._times + 1


def _next_code(book: Book, site: str) -> str:
    """The site's next number: one more than the highest so far that nobody has elsewhere."""
    prefix = f"{site}-"
    endings = (code[len(prefix) :] for code in book.codes(site) if code.startswith(prefix))
    highest = max((int(ending) for ending in endings if ending.isdecimal()), default=0)
    following = (f"{prefix}{number:03}" for number in count(highest + 1))
    return next(code for code in following if not book.is_enrolled(code))
