"""Amendments: a new version of a protocol, and the participants who follow it.

Everybody's open visits are worked out by the new rules in one transaction.  What is
completed stays, and so do visits agreed with participants, unless their encounters are
named, and those that lie in the past and wait to be recorded.  A visit that the new
version no longer has is superseded, not cancelled: nobody called it off, and it can not
be taken up again.  Who is out of the study, with nothing open, keeps the version.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from scheduler.errors import Problem, Refused, UnknownName, Unplaced
from scheduler.life import DESK, ask_reason, permit
from scheduler.protocol import Protocol
from scheduler.services import clinics, studies
from scheduler.services.amending import Amended, Amending, Desk
from scheduler.services.clinics import Clinic
from scheduler.services.studies import Study
from scheduler.store import Book, Change, Store
from scheduler.subject import OPEN, Subject, Visit

Clinics = Callable[[str], Clinic]
"""The clinic of a site's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A new version, and for whom.

    Only the `subjects` are amended, where some are named; those in `stay` keep their
    version, and that is recorded.  `along` are encounters whose agreed visits may move
    or go too.
    """

    study: Study
    subjects: frozenset[str] = frozenset()
    stay: frozenset[str] = frozenset()
    along: frozenset[str] = frozenset()
    accept_unplaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What a request comes to, by participant; nobody `finished` has a visit left to change."""

    protocol: Protocol
    amended: tuple[Amended, ...]
    staying: tuple[Subject, ...]
    finished: tuple[Subject, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def versions(self) -> dict[str, str]:
        """The version that everybody concerned is on afterwards, by code."""
        follow = {each.subject.code: self.protocol.version for each in self.amended}
        return follow | {subject.code: subject.protocol_version for subject in self.staying}


class NobodyFollows(Refused):
    """An amendment that concerns no one."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(
            f"nobody is left to move to {protocol.id} version {protocol.version}: whoever has"
            " open visits follows it already"
        )


class ArmGone(Refused):
    """Participants are in arms that the new version no longer has."""

    def __init__(self, subjects: Sequence[Subject], protocol: Protocol) -> None:
        who = ", ".join(f"{subject.code} (arm {subject.arm})" for subject in subjects)
        super().__init__(
            f"{protocol.id} version {protocol.version} has no such arm for {who};"
            " keep them on their version with --stay"
        )


class BookChanged(Refused):
    """The book is no longer the one that the amendment was worked out on."""

    def __init__(self) -> None:
        super().__init__(
            "nothing was stored: the book changed after the list was made; run the command again"
        )


def preview(
    store: Store, clinic_of: Clinics, request: Request, change: Change, today: date
) -> Amendment:
    """What `amend` would do; nothing is stored.

    Raises:
        UnknownName: nobody is in such a study, or under a code.
        Refused: the version is in use with another text, an arm is gone, the person may
            not do this, gives no reason, or nobody is left to move.
        BadInput: a site lacks a resource, or one of its calendars cannot be read.
    """
    return store.read(lambda book: _worked_out(book, clinic_of, request, change, today))


def amend(
    store: Store,
    clinic_of: Clinics,
    request: Request,
    change: Change,
    today: date,
    *,
    seen: Amendment,
) -> None:
    """Store an amendment for all of its participants, exactly as it was `seen` before.

    Raises:
        BookChanged: it would come to something else by now.
        Unplaced: a visit would be without a slot, and that was not accepted.
        As `preview`.
    """

    def work(book: Book) -> None:
        found = _worked_out(book, clinic_of, request, change, today)
        if found != seen:
            raise BookChanged()
        check_placed(found, accepted=request.accept_unplaced)
        protocol = found.protocol
        book.keep_protocol(change, protocol.id, protocol.version, request.study.text)
        visits = [after for each in found.amended for _, after in each.changes]
        book.amend(change, found.versions, visits)

    store.write(work)


def check_placed(found: Amendment, *, accepted: bool) -> None:
    """Refuse to leave visits without a slot; those that carry others, even when accepted.

    Raises:
        Unplaced: it names the visits.
    """
    lost = [each for each in found.amended if (each.carried if accepted else each.unplaced)]
    if lost:
        visits = [visit for each in lost for visit in (each.carried if accepted else each.unplaced)]
        names = ", ".join(f"{visit.subject} {visit.ref}" for visit in visits)
        remedy = "keep the participant with --stay" if accepted else "--accept-unplaced allows that"
        raise Unplaced(f"nothing was stored: no slot for {names}; {remedy}")


def _worked_out(
    book: Book, clinic_of: Clinics, request: Request, change: Change, today: date
) -> Amendment:
    protocol = request.study.protocol
    ask_reason("amend a protocol", change.reason)
    book.keeps_protocol(protocol.id, protocol.version, request.study.text)
    subjects, staying = _concerned(book, request)
    visits = _visits(book, {subject.site for subject in subjects})
    finished = [s for s in subjects if not any(v.status in OPEN for v in visits[s.code])]
    following = [subject for subject in subjects if subject not in finished]
    if not following and not staying:
        raise NobodyFollows(protocol)
    codes = {arm.code for arm in protocol.arms}
    if gone := [subject for subject in following if subject.arm not in codes]:
        raise ArmGone(gone, protocol)
    desks = {code: _desk(clinic_of(code), change) for code in {s.site for s in following + staying}}
    for subject in following:
        clinics.check_resources(desks[subject.site].clinic.site, protocol.arm(subject.arm))
    work = [
        Amending(
            subject,
            visits[subject.code],
            studies.kept(book, subject),
            protocol,
            along=request.along,
            today=today,
            at=change.at,
        )
        for subject in following
    ]
    for desk in desks.values():
        desk.stand_beside(desks.values())
        desk.open(
            book, [each for each in work if each.subject.site == desk.clinic.site.code], today
        )
    return Amendment(
        protocol=protocol,
        amended=tuple(each.amended(desks[each.subject.site]) for each in work),
        staying=tuple(staying),
        finished=tuple(finished),
        problems=tuple(problem for desk in desks.values() for problem in desk.problems),
    )


def _visits(book: Book, sites: Iterable[str]) -> Mapping[str, Sequence[Visit]]:
    """Everybody's visits at some sites, by the code of the participant."""
    found: defaultdict[str, list[Visit]] = defaultdict(list)
    for site in sites:
        for visit in book.visits(site=site):
            found[visit.subject].append(visit)
    return found


def _desk(clinic: Clinic, change: Change) -> Desk:
    permit("amend a protocol", DESK, user=change.user, people=clinic.site.people)
    return Desk(clinic)


def _concerned(book: Book, request: Request) -> tuple[list[Subject], list[Subject]]:
    """Who moves to the new version, and who stays by name, each in the order of codes."""
    protocol = request.study.protocol
    everyone: Mapping[str, Subject] = {
        subject.code: subject for subject in book.subjects() if subject.protocol == protocol.id
    }
    if not everyone:
        known = sorted({subject.protocol for subject in book.subjects()})
        raise UnknownName("protocol with participants", protocol.id, known)
    named, stay = (
        {_named(book, code, protocol).code for code in codes}
        for codes in (request.subjects, request.stay)
    )
    if both := named & stay:
        raise Refused(f"{', '.join(sorted(both))} cannot both follow the new version and stay")
    open_to_it = [s for s in everyone.values() if s.protocol_version != protocol.version]
    follow = [s for s in open_to_it if s.code not in stay and (not named or s.code in named)]
    return follow, [subject for code, subject in everyone.items() if code in stay]


def _named(book: Book, code: str, protocol: Protocol) -> Subject:
    subject = book.subject(code)
    if subject.protocol != protocol.id:
        raise Refused(f"{subject.code} is in the study {subject.protocol}, not in {protocol.id}")
    if subject.protocol_version == protocol.version:
        raise Refused(f"{subject.code} is on {protocol.id} version {protocol.version} already")
    return subject
