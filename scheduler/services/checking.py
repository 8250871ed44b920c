"""Checking: every coming visit against the calendars as they are now.

A visit is blocked when its site no longer opens for it, when a calendar takes the site,
one of the units it stands on, or the participant, when the laboratory that it needs is
shut, when more visits stand there than the site takes, or when the participant is
elsewhere.  Each blocked visit comes with other slots in its window that leave a day for
everything that hangs on it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from scheduler.appointments import Appointment
from scheduler.dates import Interval, Window
from scheduler.demand import Demand
from scheduler.errors import Problem
from scheduler.placement import other_slots
from scheduler.protocol import Encounter, Kind, Mode
from scheduler.services import freetime, studies
from scheduler.services.clinics import Clinic
from scheduler.services.freetime import FreeTime
from scheduler.sites import WHOLE_SITE
from scheduler.store import Book, Store
from scheduler.subject import OPEN, TAKING, Subject, Visit
from scheduler.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A visit that cannot be as it stands: why, and where it could be instead."""

    visit: Visit
    reasons: tuple[str, ...]
    alternatives: tuple[Interval, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The result for one site: `checked` visits, the blocked ones, and unread calendar parts."""

    checked: int
    blocked: tuple[Blocked, ...]
    problems: tuple[Problem, ...]


def check(store: Store, clinic: Clinic, given: Sequence[str], as_of: date) -> Check:
    """Check every open visit from `as_of` on against the site's calendars and `given` ones.

    Raises:
        BadInput: a calendar cannot be read at all.
    """

    def work(book: Book) -> Check:
        site = clinic.site
        every = book.visits(site=site.code)
        coming = [v for v in every if v.status in OPEN and v.day is not None and v.day >= as_of]
        ends = [max(visit.day or as_of, visit.window.latest) for visit in coming]
        last = max(ends, default=as_of)
        days = Window(earliest=as_of, latest=last)
        free = freetime.of(book, clinic, days, given)
        checking = _Checking(book, clinic, every, free)
        blocked = tuple(checking.blocked(coming))
        return Check(checked=len(coming), blocked=blocked, problems=free.problems)

    return store.read(work)


class _Checking:
    def __init__(self, book: Book, clinic: Clinic, every: Sequence[Visit], free: FreeTime) -> None:
        self._book, self._clinic = book, clinic
        self._free, self._busy = free.availability, free.calendars
        self._of: dict[str, list[Visit]] = defaultdict(list)
        for visit in every:
            if visit.day is not None:
                self._of[visit.subject].append(visit)

    @cached_property
    def _subjects(self) -> Mapping[str, Subject]:
        """Everybody at the site, by code; asked for at the first visit that is blocked."""
        return {each.code: each for each in self._book.subjects(self._clinic.site.code)}

    def blocked(self, visits: Sequence[Visit]) -> Iterator[Blocked]:
        for visit in visits:
            reasons = tuple(self._reasons(visit))
            if reasons:
                alternatives = self._alternatives(visit)
                yield Blocked(visit=visit, reasons=reasons, alternatives=alternatives)

    def _reasons(self, visit: Visit) -> Iterator[str]:
        slot = visit.scheduled
        assert slot is not None
        day = self._clinic.site.day(slot.start.date())
        if day.closed_because is not None:
            yield day.closed_because
        elif not any(
            hours.opens <= slot.start.time() and slot.end.time() <= hours.closes
            for hours in day.hours
        ):
            yield f"open {', '.join(map(str, day.hours))} only"
        spans = {WHOLE_SITE: slot, visit.subject: slot}
        for allocation in visit.allocations:
            kind = self._kind(allocation.unit)
            spans |= {allocation.unit: allocation.interval, kind: allocation.interval}
        for busy in self._busy:
            if busy.owner in spans:
                yield from map(str, busy.clashes(spans[busy.owner]))
        yield from self._too_many(visit, slot)

    def _too_many(self, visit: Visit, slot: Interval) -> Iterator[str]:
        """Where the site's laboratory, its caps, or the participant forbid the visit."""
        shut = self._clinic.site.laboratory_shut(slot.start.date())
        encounter = self._encounter(visit) if shut else None
        if encounter is not None and encounter.laboratory:
            yield f"cell laboratory: {shut}"
        phone = visit.mode is Mode.PHONE
        infusion = visit.kind is Kind.INFUSION and not phone
        procedure = visit.kind is Kind.PROCEDURE and not phone
        demand = Demand(minutes=slot.minutes(), infusion=infusion, phone=phone, procedure=procedure)
        yield from self._free.excess(demand, slot.start)
        for other in self._of[visit.subject]:
            if other == visit or other.status not in TAKING or other.scheduled is None:
                continue
            if other.scheduled.overlaps(slot):
                when = f"{other.scheduled.start:%H:%M}-{other.scheduled.end:%H:%M}"
                yield f"{visit.subject} is at {other.ref} then, {when}"

    def _encounter(self, visit: Visit) -> Encounter | None:
        """What the protocol says of a visit; None of one that it does not foresee."""
        subject = self._subjects[visit.subject]
        arm = studies.kept(self._book, subject).arm(subject.arm)
        return next((e for e in arm.encounters if e.id == visit.encounter), None)

    def _kind(self, unit: str) -> str:
        resources = self._clinic.site.resources
        return next((r.kind for r in resources if unit in r.units), unit)

    def _alternatives(self, visit: Visit) -> tuple[Interval, ...]:
        encounter = self._encounter(visit)
        if encounter is None:
            return ()  # the protocol foresees no such visit, so no rule says where else it may be
        subject = self._subjects[visit.subject]
        protocol = studies.kept(self._book, subject)
        tree = Tree.of(protocol, protocol.arm(subject.arm))
        own = self._of[visit.subject]
        dates = {id: date.fromordinal(n) for id, n in tree.anchors(subject.enrolled).items()}
        dates |= {v.encounter: v.day for v in own if v.day is not None}
        # What is still to come by the protocol may move along.
        along = [v for v in own if v.status in OPEN and v.encounter in tree.nodes]
        free = self._free.changed(gone=Appointment.every(along))
        return other_slots(tree, encounter, dates, free.seen_by(visit.subject))
