"""Re-planning: everybody's open visits at once, when time was taken away or a visit has none.

A proposal says who moves from where to where, and what no proposal could do better.  What is
completed, agreed with a participant, or past and waiting to be recorded keeps its time, and so does
what was put outside its window by decision; where only its chair is shut, it gets another one.  A
visit that finds no other slot keeps the one it has, is listed first, and is for a person to decide.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import inf

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.capacity import WORK
from scheduler.conflicts import Busy
from scheduler.dates import Window
from scheduler.errors import BadValue, Problem, SchedulerError, UnknownName
from scheduler.joint.arrangement import Arrangement, arrange
from scheduler.joint.quotas import Party
from scheduler.joint.recount import recount
from scheduler.joint.selection import Select
from scheduler.joint.turns import improved, in_turn
from scheduler.life import DESK, permit
from scheduler.products import infusions
from scheduler.protocol import Protocol
from scheduler.replanning import revised, standing_day
from scheduler.services import clinics, studies
from scheduler.services.cases import Person
from scheduler.services.clinics import Clinic
from scheduler.services.laboratories import Elsewhere
from scheduler.services.proposals import Proposal, batches
from scheduler.services.reseating import reseat, unseat
from scheduler.sites import WHOLE_SITE, Site
from scheduler.store import Book, Change, Store
from scheduler.subject import TAKING, Subject, Visit
from scheduler.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days on which a unit, a kind of resource or the whole site is shut."""

    owner: str
    days: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Whose visits may move (nobody named: everybody's), and what is shut besides."""

    subjects: frozenset[str] = frozenset()
    closures: tuple[Closure, ...] = ()
    conflicts: tuple[str, ...] = ()


class WrongProposal(SchedulerError):
    """The recount found a proposal that cannot be: a fault of this program."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(f"nothing was stored: the proposal does not hold: {'; '.join(faults[:5])}")


def propose(
    store: Store,
    clinic: Clinic,
    request: Request,
    change: Change,
    today: date,
    select: Select | None,
    remaining: Callable[[], float] = lambda: inf,
) -> Proposal:
    """The best way out, or without a solver to `select` a good one; nothing is stored.

    When no seconds are `remaining`, it is the best that was found by then.

    Raises:
        UnknownName: nobody is enrolled under a code, or the site has no such unit.
        OtherSite: somebody is enrolled at another site.
        BadValue: a closure is over.
        NotPermitted: the site names people, and this one does not answer for the schedule.
        BadInput: a conflict calendar cannot be read at all, or the site lacks a resource.
        TooManyPatterns: the visits of somebody have more joint choices of days than can be weighed.
    """
    permit("re-plan visits", DESK, user=change.user, people=clinic.site.people)
    for closure in request.closures:
        _check_owner(clinic.site, closure.owner)
        if closure.days.latest < today:
            raise BadValue("--to", closure.days.latest, f"it lies before today, {today}")

    def read(book: Book) -> Planning:
        for code in request.subjects:
            clinics.check_site(clinic.site, book.subject(code))
        return Planning(book, clinic, request, change, today)

    planning = store.read(read)
    while True:
        if select is None:
            found = planning.in_turn(remaining)
        else:
            found = arranged(planning.party(), select, remaining)
        if not planning.unseat(found):
            return planning.proposal(found)


def arranged(party: Party, select: Select, remaining: Callable[[], float]) -> Arrangement:
    """The best arrangement of one site."""
    found = arrange(party.cases, party.availability, select, remaining)
    return improved(party.cases, party.availability, found, remaining)


def _check_owner(site: Site, owner: str) -> None:
    known = [WHOLE_SITE, *(n for r in site.resources for n in (r.kind, *r.units))]
    if owner not in known:
        raise UnknownName(f"unit or resource of site {site.code}", owner, known)


def _abroad(visits: Iterable[Visit]) -> list[Appointment]:
    return [each.abroad() for each in Appointment.every(visits) if each.kind in WORK]


class Planning:
    """A site's participants as the book has them, made into cases.

    All reading happens when it is made; working out the proposal takes no transaction.
    """

    def __init__(
        self, book: Book, clinic: Clinic, request: Request, change: Change, today: date
    ) -> None:
        self.site, self._today, self._change = clinic.site, today, change
        self._request, self._trees = request, dict[tuple[Protocol, str], Tree]()
        named = {book.subject(code).code for code in request.subjects}
        self._seen = book.visits(site=clinic.site.code)
        every: dict[str, list[Visit]] = {}
        for visit in self._seen:
            every.setdefault(visit.subject, []).append(visit)
        self._people = [
            Person(subject, self._tree(book, subject), every[subject.code], clinic.site, today)
            for subject in book.subjects(clinic.site.code)
            if every.get(subject.code)
        ]
        self._asked = [p for p in self._people if not named or p.subject.code in named]
        for person in self._people:
            if person not in self._asked:
                person.free = frozenset()
        self._bind(book)
        self._busy, self.problems = self._read(book, clinic)
        elsewhere = self.elsewhere.appointments.values()
        reseat(self._asked, self._busy, self._kept(elsewhere))
        self.open(elsewhere)

    def _bind(self, book: Book) -> None:
        """Let infusions that may move keep to the release of the batches that stand now."""
        bound = {
            person.subject.code: person
            for person in self._people
            if person.free & {encounter.id for encounter in infusions(person.tree.arm)}
        }
        self._products = batches(book, bound)
        for code, person in bound.items():
            person.bind(self._products[code])

    def _tree(self, book: Book, subject: Subject) -> Tree:
        protocol = studies.kept(book, subject)
        key = protocol, subject.arm
        if key not in self._trees:
            arm = protocol.arm(subject.arm)
            clinics.check_resources(self.site, arm)
            self._trees[key] = Tree.of(protocol, arm)
        return self._trees[key]

    def _read(self, book: Book, clinic: Clinic) -> tuple[list[Busy], tuple[Problem, ...]]:
        """Time taken by calendars, closures and the past."""
        zone, today = self.site.tz(), self._today
        spans = [person.reach() for person in self._people if person.free]
        first = min([span.earliest for span in spans] + [today])
        last = max([span.latest for span in spans] + [today])
        days = Window(earliest=first, latest=last)
        self.elsewhere = Elsewhere.read(book, clinic.sharing, days)
        whole = days.interval(zone)
        taken = clinics.taken_at_once(clinic, self._request.conflicts, whole)
        yesterday = today - timedelta(days=1)
        past = Window(earliest=min(first, yesterday), latest=yesterday).interval(zone)
        closed = [
            Busy.of(closure.owner, "closed", [closure.days.interval(zone)])
            for closure in self._request.closures
        ]
        over = Busy.of(WHOLE_SITE, "before today", [past])
        return [*taken.busy, *closed, over], taken.problems

    def unseat(self, found: Arrangement) -> bool:
        """Take back what agreed visits were given, where somebody keeps it for want of a slot.

        If anything was, all is to be arranged anew.
        """
        lost = (
            person.visits[id]
            for person in self._moving
            for id in person.free
            if found.seats[person.subject.code, id] is None
        )
        if not unseat(self._asked, lost):
            return False
        self.open(self._elsewhere)
        return True

    def open(self, elsewhere: Iterable[Appointment]) -> None:
        """Free time once every visit that is free to move has given back its own.

        Other sites' appointments take of the laboratory `elsewhere`.
        """
        self._elsewhere = list(elsewhere)
        self._availability = self._kept(self._elsewhere)
        self._moving = [person for person in self._people if person.free]
        self._cases = {p.subject.code: p.case(self._availability) for p in self._moving}

    def party(self) -> Party:
        """The site as it shares out a laboratory with others."""
        named = self.site.laboratory.name if self.site.laboratory else ""
        return Party(
            site=self.site.code,
            laboratory=named.casefold() or self.site.code,
            cases=list(self._cases.values()),
            availability=self._availability,
        )

    def in_turn(self, remaining: Callable[[], float]) -> Arrangement:
        """A good arrangement, for want of a solver."""
        return in_turn(list(self._cases.values()), self._availability, remaining)

    def fixed_abroad(self) -> list[Appointment]:
        """What other sites see of the visits that keep their time."""
        return _abroad(self._fixed())

    def free_abroad(self, found: Arrangement | None) -> list[Appointment]:
        """What other sites see of the free visits, where they stand or as they are arranged."""
        if found is None:
            return _abroad(p.visits[id] for p in self._moving for id in p.free)
        afters = self._afters(found)
        return _abroad(after[id] for person, after in afters.items() for id in person.free)

    def _kept(self, elsewhere: Iterable[Appointment]) -> Availability:
        """Free time beside all that keeps its own."""
        fixed = Appointment.every(self._fixed())
        return Availability(self.site, self._busy, [*fixed, *elsewhere])

    def _fixed(self) -> Iterator[Visit]:
        return (v for person in self._people for v in person.every if person.is_fixed(v))

    def _afters(self, found: Arrangement) -> dict[Person, dict[str, Visit]]:
        return {
            person: person.arranged(self._cases[person.subject.code], found, self._availability)
            for person in self._moving
        }

    def proposal(self, found: Arrangement) -> Proposal:
        """What an arrangement means for the book, counted again."""
        afters = self._afters(found)
        changes = [
            (before, revised(before, after, self._change.at))
            for person in self._asked
            for id, after in afters.get(person, person.visits).items()
            if after != (before := person.before[id])
        ]
        freed = (after[id] for person, after in afters.items() for id in person.free)
        left = self._availability.changed(come=Appointment.every(freed))
        lost = [
            each
            for person, after in afters.items()
            for each in person.lost(self._cases[person.subject.code], found, after, left)
        ]
        lost += (e for person in self._asked for e in person.stuck(self.site, self._busy))
        changes.sort(key=lambda pair: (pair[0].subject, standing_day(pair[0]), pair[0].ref))
        proposal = Proposal(
            site=self.site,
            changes=tuple(changes),
            lost=tuple(lost),
            outside=tuple(
                each for person, after in afters.items() for each in person.outside(after)
            ),
            free=sum(len(person.free) for person in self._moving),
            cost=found.cost,
            bound=found.bound,
            seen=self._seen,
            products=self._products,
            elsewhere=self.elsewhere,
            problems=self.problems,
        )
        self._recount(proposal)
        return proposal

    def _recount(self, proposal: Proposal) -> None:
        moved = [after for _, after in proposal.told]
        gone = {(before.subject, before.ref) for before, _ in proposal.told}
        encounters = {
            f"{person.subject.code} {encounter.id}": encounter
            for person in self._people
            for encounter in person.tree.arm.encounters
        }
        faults = recount(
            site=self.site,
            today=self._today,
            moved=moved,
            standing=[
                visit
                for visit in self._seen
                if visit.status in TAKING and (visit.subject, visit.ref) not in gone
            ],
            busy=self._busy,
            encounters=encounters,
            elsewhere=self._elsewhere,
        )
        if faults:
            raise WrongProposal(faults)
