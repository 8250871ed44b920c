"""Visits: what people do to them, and what follows for the others.

Each act is one transaction: the visit's new state, the visits that follow an anchor
that moved, and the reason.  Nothing is erased; an act is undone by a further one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from scheduler.errors import BadValue, Problem, Refused, UnknownName, Unplaced
from scheduler.life import Act, check, check_sequence, rule
from scheduler.replanning import adrift, counts_as, follow, revised
from scheduler.services.clinics import Clinic
from scheduler.services.rebooking import Rebooking
from scheduler.store import Book, Change, Store
from scheduler.subject import Status, Subject, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be done to one visit.

    `visit` is an encounter id, with "#N" for a further occurrence.  `day` is the actual
    day (complete) or the new one (move); `forced` lets a move leave the window; `along`
    names visits agreed with the participant that may move too.
    """

    act: Act
    subject: str
    visit: str
    day: date | None = None
    at: time | None = None
    forced: bool = False
    along: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """States before and after of every visit that changes, and unread parts of calendars."""

    subject: Subject
    changes: tuple[tuple[Visit, Visit], ...]
    problems: tuple[Problem, ...] = ()

    @property
    def unplaced(self) -> tuple[Visit, ...]:
        """Visits that lose their slot."""
        return tuple(
            after for before, after in self.changes if before.scheduled and not after.scheduled
        )

    @property
    def outside(self) -> tuple[Visit, ...]:
        """Changed visits that lie outside their window, by appointment or by history."""
        afters = (after for _, after in self.changes)
        return tuple(visit for visit in afters if visit.window.beyond(counts_as(visit)))


def act(
    store: Store, clinic: Clinic, request: Request, change: Change, today: date, *, dry_run: bool
) -> Outcome:
    """Do what the request says, or with `dry_run` only tell what it would do.

    Raises:
        UnknownName: no such participant or visit.
        Refused: the table of acts, the sequence, the window or a taken slot forbids it.
        Unplaced: by choice, and not by fact, another visit would lose its slot.
    """

    def work(book: Book) -> Outcome:
        outcome = _Acting(book, clinic, request, change, today).outcome()
        if outcome.unplaced and not (rule(request.act).fact or request.forced):
            lost = ", ".join(visit.ref for visit in outcome.unplaced)
            raise Unplaced(f"nothing was stored: {lost} would lose its slot; --force accepts that")
        if not dry_run:
            book.record(change, [after for _, after in outcome.changes])
        return outcome

    return store.read(work) if dry_run else store.write(work)


class _Acting:
    """One act on one participant's visits, inside a transaction."""

    def __init__(
        self, book: Book, clinic: Clinic, request: Request, change: Change, today: date
    ) -> None:
        self._request, self._change, self._today = request, change, today
        self._people = clinic.site.people
        self._rebooking = Rebooking(book, clinic, request.subject)
        self._subject, self._tree = self._rebooking.subject, self._rebooking.tree
        self._visits = self._rebooking.visits
        self._visit = _find(self._rebooking.every, request.visit)

    def outcome(self) -> Outcome:
        """What the act changes: the visit itself, and those that follow it."""
        request, visit, change = self._request, self._visit, self._change
        check(request.act, visit, reason=change.reason, user=change.user, people=self._people)
        after = self._changed(visit)
        if self._visits.get(visit.encounter) != visit or not self._is_of_protocol(visit):
            return self._told({visit.ref: after}, {visit.ref: visit})
        changed = {**self._visits, visit.encounter: after}
        following = self._following(changed)
        if request.act is Act.MOVE:
            self._rebooking.check_pair(after, following)
        if following:
            leaving = {*following, visit.encounter}
            availability = self._rebooking.availability(leaving, arriving=after)
            changed = follow(self._tree, self._subject.enrolled, changed, availability, following)
        return self._told(changed, self._visits)

    def _is_of_protocol(self, visit: Visit) -> bool:
        return any(encounter.id == visit.encounter for encounter in self._tree.arm.encounters)

    def _following(self, changed: Mapping[str, Visit]) -> frozenset[str]:
        drifting = adrift(self._tree, self._subject.enrolled, changed, self._request.along)
        return drifting - {self._visit.encounter}

    def _told(self, after: Mapping[str, Visit], before: Mapping[str, Visit]) -> Outcome:
        pairs = ((before[id], revised(before[id], after[id], self._change.at)) for id in after)
        return Outcome(
            subject=self._subject,
            changes=tuple(pair for pair in pairs if pair[0] != pair[1]),
            problems=self._rebooking.problems,
        )

    def _changed(self, visit: Visit) -> Visit:
        """The visit after the act, before anything follows."""
        result = rule(self._request.act).result
        match self._request.act:
            case Act.COMPLETE:
                return replace(visit, status=result, actual=self._actual(visit))
            case Act.MOVE:
                return self._moved(visit)
            case Act.RESUME if visit.status is not Status.HELD:
                return self._resumed(visit)
            case _:
                return replace(visit, status=result)

    def _actual(self, visit: Visit) -> date:
        actual = self._request.day or self._today
        if actual > self._today:
            raise BadValue("--date", actual, f"it lies ahead of today, {self._today}")
        if self._is_of_protocol(visit):
            check_sequence(self._tree.arm.encounter(visit.encounter), visit, actual, self._visits)
        return actual

    def _resumed(self, visit: Visit) -> Visit:
        """A visit taken up again, in its old slot; only while nothing done counts from it."""
        for encounter in self._tree.arm.encounters:
            other = self._visits.get(encounter.id)
            done = other is not None and other.status is Status.COMPLETED
            if done and visit.encounter in encounter.anchors():
                raise Refused(
                    f"{visit.ref} of {visit.subject} cannot be taken up again:"
                    f" {encounter.id}, which counts from it, is completed"
                )
        again = replace(visit, actual=None)
        if visit.scheduled is None:
            return replace(again, status=Status.PLANNED)
        start = visit.scheduled.start
        return self._rebooking.slot(again, start.date(), start.time(), ())

    def _moved(self, visit: Visit) -> Visit:
        request = self._request
        if not self._is_of_protocol(visit):
            raise Refused(f"{visit.ref} follows no protocol: cancel it and add another")
        day = request.day or visit.day or visit.target
        self._rebooking.check_day(visit, day, forced=request.forced)
        expected = self._rebooking.expected(visit)
        moved = replace(visit, target=expected.target, window=expected.window, why=expected.rules)
        following = self._following(
            {**self._visits, visit.encounter: replace(moved, scheduled=None, target=day)}
        )
        return self._rebooking.slot(moved, day, request.at, following)


def _find(visits: Sequence[Visit], ref: str) -> Visit:
    """The visit of that reference; without an occurrence, the encounter's last one."""
    found = [visit for visit in visits if ref == f"{visit.encounter}#{visit.occurrence}"]
    found = found or [visit for visit in visits if ref == visit.encounter]
    if not found:
        raise UnknownName("visit", ref, [visit.ref for visit in visits])
    return max(found, key=lambda visit: visit.occurrence)
