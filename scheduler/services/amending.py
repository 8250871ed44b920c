"""Amending one participant: the open visits by the rules of another version.

An `Amending` finds out what is adrift under the new rules; a `Desk` knows the free time
of a site, and what those who were amended before have given up and taken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.capacity import WORK
from scheduler.conflicts import Busy
from scheduler.dates import Window
from scheduler.demand import Demand
from scheduler.errors import Problem
from scheduler.placement import widened
from scheduler.plan import expect
from scheduler.protocol import Encounter, Protocol
from scheduler.replanning import (
    FREE,
    adrift,
    anchor_dates,
    expected_anew,
    follow,
    reach,
    revised,
    standing_day,
)
from scheduler.services import clinics
from scheduler.services.clinics import Clinic
from scheduler.services.laboratories import Elsewhere
from scheduler.sites import WHOLE_SITE
from scheduler.store import Book
from scheduler.subject import OPEN, Status, Subject, Visit, current
from scheduler.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """One participant: the state before and after of every visit that changes (None: new).

    `subject` is as before.  `agreed` are visits that the new version lacks and that stay,
    agreed as they are; `behind` those in the past that wait to be recorded under the old
    rules; `late` new encounters whose window is over; `carriers` are encounters that may
    not be without a slot.
    """

    subject: Subject
    changes: tuple[tuple[Visit | None, Visit], ...]
    agreed: tuple[Visit, ...]
    behind: tuple[Visit, ...]
    late: tuple[str, ...]
    carriers: frozenset[str]

    @property
    def unplaced(self) -> tuple[Visit, ...]:
        """Visits that lose their slot, or are new and find none."""
        return tuple(
            after
            for before, after in self.changes
            if after.status in OPEN and not after.scheduled and (not before or before.scheduled)
        )

    @property
    def carried(self) -> tuple[Visit, ...]:
        """Those of them that carry others, or are half of a pair."""
        return tuple(visit for visit in self.unplaced if visit.encounter in self.carriers)

    @property
    def outside(self) -> tuple[Visit, ...]:
        """Changed visits that stand outside their window."""
        afters = (after for _, after in self.changes if after.status in OPEN)
        return tuple(v for v in afters if v.scheduled and v.window.beyond(standing_day(v)))


class Desk:
    """The free time of one site while an amendment is worked out."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.problems: tuple[Problem, ...] = ()
        self._free = Availability(clinic.site)
        self._beside: tuple[Desk, ...] = ()

    def stand_beside(self, desks: Iterable["Desk"]) -> None:
        """Tell those of the other desks what is asked of the laboratory that share it."""
        self._beside = tuple(d for d in desks if d.clinic.site.code in self.clinic.sharing.sites)

    def open(self, book: Book, work: Sequence["Amending"], today: date) -> None:
        """Read what takes the site's time; nothing is placed before `today`."""
        if not work:
            return
        site = self.clinic.site
        spans = [each.reach() for each in work]
        first, last = min(s.earliest for s in spans), max(s.latest for s in spans)
        days = widened(Window(earliest=first, latest=last))
        taken = clinics.taken_at_once(self.clinic, (), days.interval(site.tz()))
        past = Window(earliest=min(first, today) - timedelta(days=90), latest=today - timedelta(1))
        over = Busy.of(WHOLE_SITE, "before today", [past.interval(site.tz())])
        self.problems = taken.problems
        own = book.appointments.at(site.code, days)
        elsewhere = Elsewhere.read(book, self.clinic.sharing, days).appointments
        appointments = [*own.values(), *elsewhere.values()]
        self._free = Availability(site, [*taken.busy, over], appointments)

    def availability(self, code: str, gone: Iterable[Visit]) -> Availability:
        """Free time as a participant finds it whose `gone` visits give up theirs."""
        self._change(gone=[*Appointment.every(gone)])
        return self._free.seen_by(code)

    def take(self, visits: Iterable[Visit]) -> None:
        """From now on the time of the visits is taken."""
        self._change(come=[*Appointment.every(visits)])

    def _change(self, gone: Sequence[Appointment] = (), come: Sequence[Appointment] = ()) -> None:
        self._free = self._free.changed(gone, come)
        for desk in self._beside:
            desk._free = desk._free.changed(_abroad(gone), _abroad(come))


def _abroad(appointments: Iterable[Appointment]) -> list[Appointment]:
    """What others who share the laboratory see of some appointments."""
    return [each.abroad() for each in appointments if each.kind in WORK]


class Amending:
    """One participant on the way to another version."""

    def __init__(
        self,
        subject: Subject,
        every: Sequence[Visit],
        old: Protocol,
        new: Protocol,
        *,
        along: frozenset[str],
        today: date,
        at: datetime,
    ) -> None:
        self.subject, self._at = subject, at
        self._every, self._along, self._today = every, along, today
        self._new, self._before = new, current(every)
        self._known = {e.id: e for e in old.arm(subject.arm).encounters}
        self._tree = Tree.of(new, new.arm(subject.arm))
        self._behind = {id for id, visit in self._before.items() if self._is_behind(visit)}
        self._late: list[str] = []
        self._standing = self._ruled_anew()
        self._drifting = adrift(
            self._tree,
            subject.enrolled,
            self._standing,
            along,
            frozenset(id for id in self._standing if self._is_unfit(id)),
            frozenset(self._behind | {i for i, v in self._before.items() if _is_repeated(v)}),
        )

    def reach(self) -> Window:
        """Every day that placing may ask about."""
        return reach(self._tree, self.subject.enrolled, self._standing, self._drifting)

    def amended(self, desk: Desk) -> Amended:
        """The participant's visits under the new rules, in time that is free at the desk."""
        enrolled, after = self.subject.enrolled, self._standing
        changing = {id for id in self._drifting if id in self._before} | self._superseded()
        if changing or self._drifting:
            gone = [v for id, v in self._before.items() if id in changing]
            free = desk.availability(self.subject.code, gone)
            after = follow(self._tree, enrolled, after, free, self._drifting)
            desk.take(after[id] for id in self._drifting)
        else:
            after = expected_anew(self._tree, enrolled, after)
        # What waits to be recorded took place, or not, under the old rules.
        after = {**after, **{id: self._before[id] for id in self._behind}}
        return Amended(
            subject=self.subject,
            changes=tuple(self._changes(after)),
            agreed=tuple(v for id, v in self._before.items() if self._is_agreed(id, v)),
            behind=tuple(sorted((self._before[id] for id in self._behind), key=standing_day)),
            late=tuple(self._late),
            carriers=self._tree.arm.carriers(),
        )

    def _changes(self, after: Mapping[str, Visit]) -> Iterator[tuple[Visit | None, Visit]]:
        for id, visit in sorted(after.items(), key=lambda each: (standing_day(each[1]), each[0])):
            before = self._before.get(id)
            if before is None:
                yield None, visit
            elif before != visit:
                yield before, revised(before, visit, self._at)

    def _ruled_anew(self) -> dict[str, Visit]:
        """The visits as the new version names them, not yet placed; new ones among them."""
        standing = dict(self._before)
        for id in self._superseded():
            why = f"{self._new.id} version {self._new.version} has no {id}"
            standing[id] = replace(standing[id], status=Status.SUPERSEDED, why=(why,))
        for encounter in self._tree.arm.encounters:
            visit = standing.get(encounter.id)
            if visit and visit.status in OPEN and encounter.id not in self._behind:
                standing[encounter.id] = replace(
                    visit,
                    label=encounter.label,
                    kind=encounter.kind,
                    mode=encounter.mode,
                    basis=encounter.basis,
                )
        return {**standing, **self._added(standing)}

    def _added(self, standing: dict[str, Visit]) -> dict[str, Visit]:
        """Visits for encounters that are new; those whose window is over come too late."""
        dates = anchor_dates(self._tree, self.subject.enrolled, standing)
        added = {}
        for encounter in self._tree.arm.encounters:
            if encounter.id not in standing:
                expected = expect(encounter, dates)
                if expected.window.latest < self._today:
                    self._late.append(encounter.id)
                else:
                    added[encounter.id] = self._new_visit(
                        encounter, expected.target, expected.window
                    )
        return added

    def _new_visit(self, encounter: Encounter, target: date, window: Window) -> Visit:
        earlier = [v.occurrence for v in self._every if v.encounter == encounter.id]
        return Visit(
            study=self.subject.protocol,
            subject=self.subject.code,
            site=self.subject.site,
            encounter=encounter.id,
            occurrence=1 + max(earlier, default=0),
            label=encounter.label,
            kind=encounter.kind,
            mode=encounter.mode,
            target=target,
            window=window,
            status=Status.PLANNED,
            basis=encounter.basis,
            changed=self._at,
        )

    def _superseded(self) -> set[str]:
        """Ids of visits that the new version has no place for, and that may go."""
        return {
            id
            for id, visit in self._before.items()
            if self._is_removed(id, visit) and not self._is_agreed(id, visit)
        }

    def _is_removed(self, id: str, visit: Visit) -> bool:
        kept = {encounter.id for encounter in self._tree.arm.encounters}
        known = id in self._known and id not in kept
        return known and visit.status in OPEN and id not in self._behind

    def _is_agreed(self, id: str, visit: Visit) -> bool:
        fixed = visit.status not in FREE and id not in self._along
        return self._is_removed(id, visit) and fixed

    def _is_unfit(self, id: str) -> bool:
        """Whether a visit needs a slot of its own, whatever its day: it is new, or needs more."""
        if id not in self._before:
            return True
        encounters = {encounter.id: encounter for encounter in self._tree.arm.encounters}
        old, new = self._known.get(id), encounters.get(id)
        return bool(old and new and Demand.of(old) != Demand.of(new))

    def _is_behind(self, visit: Visit) -> bool:
        """Whether an open visit lies in the past: it waits to be recorded."""
        if visit.status not in OPEN:
            return False
        return (visit.day or visit.window.latest) < self._today


def _is_repeated(visit: Visit) -> bool:
    """Whether an open visit repeats another outside of the window, as after a failed culture.

    No version has a rule for its day: it stays where it was put, and what hangs on it follows.
    """
    outside = visit.day is not None and visit.window.beyond(visit.day) != 0
    return visit.occurrence > 1 and visit.status in OPEN and outside
