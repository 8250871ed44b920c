"""Visits: what people do to them, and what follows for the others.

Each act is one transaction: the visit's new state, the visits that follow an anchor
that moved, and the reason.  Nothing is erased; an act is undone by a further one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from scheduler.breaches import Breach
from scheduler.errors import BadValue, Problem, Refused, UnknownName, Unplaced
from scheduler.feeds import Feed
from scheduler.life import (
    Act,
    NotAllowed,
    Replaced,
    StillAhead,
    ask_reason,
    check,
    check_forced,
    check_reopening,
    check_sequence,
    rule,
)
from scheduler.products import Product
from scheduler.protocol import Kind
from scheduler.replanning import CALLED_OFF, adrift, expected_anew, follow, revised, standing_day
from scheduler.services.clinics import Clinic
from scheduler.services.giving import broken, give, take_back
from scheduler.services.holdings import evidence
from scheduler.services.rebooking import OutsideWindow, PairParted, Rebooking, SlotTaken
from scheduler.store import Book, Change, Store
from scheduler.subject import OPEN, Status, Subject, Visit
from scheduler.supplies import Supply, supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be done to one visit.

    `visit` is an encounter id, with "#N" for a further occurrence.  `day` is the actual
    day (complete) or the new one (move); `forced` lets a move leave the window, and records
    an infusion that was given against the rules; `along` names visits agreed with the
    participant that may move too; `batch` is what an infusion was completed with.
    """

    act: Act
    subject: str
    visit: str
    day: date | None = None
    at: time | None = None
    forced: bool = False
    along: frozenset[str] = frozenset()
    batch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """States before (none for a new one) and after of every visit that changes.

    `leaning` are open visits that count from one which was called off now, and count it
    as its expected date; `problems` are parts of calendars that could not be read.
    `products` are batches as they stand after the act, where it changes them; `supplies`
    are those of the infusions that change, and of the one that a completed visit prepares.
    `breaches` are what a completed infusion lacked.
    `feeds` are calendar addresses of a participant who leaves, which answer on.
    """

    subject: Subject
    changes: tuple[tuple[Visit | None, Visit], ...]
    leaning: tuple[Visit, ...] = ()
    problems: tuple[Problem, ...] = ()
    products: tuple[Product, ...] = ()
    supplies: tuple[Supply, ...] = ()
    breaches: tuple[Breach, ...] = ()
    feeds: tuple[Feed, ...] = ()

    @property
    def unplaced(self) -> tuple[Visit, ...]:
        """Visits that lose their slot."""
        return tuple(
            after
            for before, after in self.changes
            if before and before.scheduled and not after.scheduled
        )

    @property
    def outside(self) -> tuple[Visit, ...]:
        """Changed visits that lie outside their window, by appointment or by history."""
        afters = (after for _, after in self.changes)
        return tuple(visit for visit in afters if visit.window.beyond(standing_day(visit)))

    def behind(self, today: date) -> tuple[Visit, ...]:
        """Open visits that were put on a day before `today`."""
        return tuple(
            after
            for before, after in self.changes
            if after.status in OPEN
            and after.day is not None
            and after.day < today
            and (before is None or before.scheduled != after.scheduled)
        )


def act(
    store: Store, clinic: Clinic, request: Request, change: Change, today: date, *, dry_run: bool
) -> Outcome:
    """Do what the request says, or with `dry_run` only tell what it would do.

    Raises:
        UnknownName: no such participant or visit.
        BadValue: what is recorded lies in the future.
        Refused: the table of acts, the sequence, the window, a taken slot, or a test that an
            infusion waits for forbids it.
        Unplaced: a move would cost another visit its slot, and is not forced.
    """

    def work(book: Book) -> Outcome:
        outcome = _Acting(book, clinic, request, change, today).outcome()
        if outcome.unplaced and request.act is Act.MOVE and not request.forced:
            lost = ", ".join(visit.ref for visit in outcome.unplaced)
            raise Unplaced(f"nothing was stored: {lost} would lose its slot; --force accepts that")
        if outcome.changes and not dry_run:
            book.record(change, [after for _, after in outcome.changes])
            for product in outcome.products:
                book.supply(change, product.subject, [product])
        return outcome

    return store.read(work) if dry_run else store.write(work)


class _Acting:
    """One act on one participant's visits, inside a transaction."""

    def __init__(
        self, book: Book, clinic: Clinic, request: Request, change: Change, today: date
    ) -> None:
        self._request, self._change, self._today = request, change, today
        self._book, self._people = book, clinic.site.people
        self._products: tuple[Product, ...] = ()
        self._breaches: tuple[Breach, ...] = ()
        self._rebooking = Rebooking(book, clinic, request.subject)
        self._subject, self._tree = self._rebooking.subject, self._rebooking.tree
        self._visits = self._rebooking.visits
        self._evidence = evidence(book, self._subject)
        self._visit = find(self._rebooking.every, request.visit)

    def outcome(self) -> Outcome:
        """What the act changes: the visit itself, and those that follow it."""
        request, visit, change = self._request, self._visit, self._change
        check(request.act, visit, reason=change.reason, user=change.user, people=self._people)
        self._check_along()
        if request.act is Act.MISS and standing_day(visit) > self._today:
            raise StillAhead(visit, standing_day(visit), self._today)
        if not any(encounter.id == visit.encounter for encounter in self._tree.arm.encounters):
            return self._told({visit.ref: self._by_itself(visit)}, {visit.ref: visit})
        standing = self._visits[visit.encounter]
        if standing != visit:
            raise Replaced(visit, standing)
        after = self._changed(visit)
        changed = {**self._visits, visit.encounter: after}
        placeless = request.act is Act.RESUME and after.scheduled is None
        following = self._following(changed, frozenset({visit.encounter} if placeless else ()))
        tree, enrolled = self._tree, self._subject.enrolled
        if following:
            availability = self._rebooking.availability(changed, following)
            changed = follow(tree, enrolled, changed, availability, following)
        else:
            changed = expected_anew(tree, enrolled, changed)
        self._check_pair(changed)
        return self._told(changed, self._visits)

    def _check_along(self) -> None:
        """Who is named to move along must be there, and open."""
        for ref in sorted(self._request.along):
            named = find(list(self._visits.values()), ref)
            if named.status not in OPEN:
                raise NotAllowed(Act.MOVE, named)

    def _check_pair(self, changed: Mapping[str, Visit]) -> None:
        after = changed[self._visit.encounter]
        if self._request.act is Act.MOVE:
            remedy = "name it with --along {}, and it moves too"
            self._rebooking.check_pair(changed, after, remedy)
        elif self._request.act is Act.RESUME:
            self._rebooking.check_pair(changed, after, "cancel {} first, and resume it afterwards")

    def _following(
        self, changed: Mapping[str, Visit], lost: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        enrolled, along = self._subject.enrolled, self._request.along
        drifting = adrift(self._tree, enrolled, changed, along, lost)
        return drifting - ({self._visit.encounter} - lost)

    def _told(self, after: Mapping[str, Visit], before: Mapping[str, Visit]) -> Outcome:
        pairs = ((before[id], revised(before[id], after[id], self._change.at)) for id in after)
        return Outcome(
            subject=self._subject,
            changes=tuple(pair for pair in pairs if pair[0] != pair[1]),
            leaning=tuple(self._leaning(after)),
            problems=self._rebooking.problems,
            products=self._products,
            supplies=tuple(self._supplies(before, after)),
            breaches=self._breaches,
        )

    def _supplies(
        self, before: Mapping[str, Visit], after: Mapping[str, Visit]
    ) -> Iterator[Supply]:
        changed = {product.batch: product for product in self._products}
        own = [changed.get(p.batch, p) for p in self._book.products(self._subject.code)]
        arm, weight = self._tree.arm, self._subject.weight
        prepared = self._prepared()
        for id, visit in after.items():
            differs = visit != before[id] and visit.status in OPEN | {Status.COMPLETED}
            if differs or id == prepared:
                found = supply(arm, self._visits, visit, weight, own, self._evidence)
                yield from [found] if found else []

    def _prepared(self) -> str | None:
        """The infusion to come that a completed visit prepares, as it is counted back from it."""
        encounters = {encounter.id: encounter for encounter in self._tree.arm.encounters}
        encounter = encounters.get(self._visit.encounter)
        if encounter is None or self._request.act is not Act.COMPLETE:
            return None
        infusion = self._visits.get(encounter.timing.anchor)
        back = encounter.timing.offset.days < 0 or encounter.timing.offset.months < 0
        return infusion.encounter if back and infusion and infusion.status in OPEN else None

    def _leaning(self, after: Mapping[str, Visit]) -> Iterator[Visit]:
        if rule(self._request.act).result in CALLED_OFF:
            for encounter in self._tree.arm.encounters:
                visit = after.get(encounter.id)
                if visit and visit.status in OPEN and self._visit.encounter in encounter.anchors:
                    yield visit

    def _changed(self, visit: Visit) -> Visit:
        """The visit after the act, before anything follows."""
        result = rule(self._request.act).result
        match self._request.act:
            case Act.COMPLETE:
                actual = self._actual(visit)
                why = (*visit.why, *(each.kept for each in self._breaches))
                return replace(visit, status=result, actual=actual, why=why)
            case Act.MOVE:
                return self._moved(visit)
            case Act.RESUME if visit.status is not Status.HELD:
                return self._resumed(visit)
            case _:
                return replace(visit, status=result)

    def _by_itself(self, visit: Visit) -> Visit:
        """A visit of no protocol after the act: nobody counts from it, and it takes no unit."""
        act = self._request.act
        if act is Act.MOVE:
            raise Refused(f"{visit.ref} follows no protocol: cancel it and add another")
        actual = None
        if act is Act.COMPLETE:
            actual = self._day_past()
            self._give(visit, self._request.batch, actual)
        return replace(visit, status=rule(act).result, actual=actual)

    def _actual(self, visit: Visit) -> date:
        """The day a visit took place; outside the window that is a deviation, with a reason."""
        actual = self._day_past()
        encounter = self._tree.arm.encounter(visit.encounter)
        check_sequence(encounter, visit, actual, self._visits)
        self._give(visit, self._request.batch, actual)
        if visit.window.beyond(actual):
            window = f"{visit.window.earliest} to {visit.window.latest}"
            ask_reason(
                f"complete {visit.ref} on {actual}, outside its window {window},",
                self._change.reason,
            )
        return actual

    def _give(self, visit: Visit, batch: str | None, day: date) -> None:
        arm, visits, forced = self._tree.arm, self._visits, self._request.forced
        self._products = give(self._book, arm, visits, visit, batch, day, forced=forced)
        if visit.kind is not Kind.INFUSION:
            return
        if not forced:
            self._evidence.check(visit, day)
        elif found := broken(arm, visits, visit, self._products, self._evidence, day):
            self._breaches = found
            check_forced(
                Act.COMPLETE,
                f"record {visit.ref} against the rules",
                reason=self._change.reason,
                user=self._change.user,
                people=self._people,
            )

    def _day_past(self) -> date:
        actual = self._request.day or self._today
        if actual > self._today:
            raise BadValue("--date", actual, f"it lies ahead of today, {self._today}")
        return actual

    def _moved(self, visit: Visit) -> Visit:
        if visit.status is Status.MISSED:
            check_reopening(self._tree.arm, visit, self._visits)
        day = self._request.day or visit.day or visit.target
        self._rebooking.check_day(visit, day, forced=self._request.forced)
        asked = self._rebooking.asked(visit, day)
        following = self._following({**self._visits, visit.encounter: asked})
        moved = self._rebooking.slot(asked, self._request.at, following)
        # Where it stood already, it keeps the reasons why it stands there.
        return visit if replace(moved, why=visit.why) == visit else moved

    def _resumed(self, visit: Visit) -> Visit:
        """A visit taken up again: in its old slot, or without one where that is lost."""
        check_reopening(self._tree.arm, visit, self._visits)
        self._products = take_back(self._book, visit)
        expected = self._rebooking.expected(visit)
        if visit.scheduled is not None:
            start = visit.scheduled.start
            as_agreed = visit.window == expected.window
            try:
                self._rebooking.check_day(visit, start.date(), forced=as_agreed)
                asked = self._rebooking.asked(visit, start.date())
                return self._rebooking.slot(asked, start.time(), frozenset())
            except (OutsideWindow, PairParted, SlotTaken):
                pass  # it is placed anew
        return replace(
            visit,
            status=Status.PLANNED,
            scheduled=None,
            allocations=(),
            actual=None,
            target=expected.target,
            window=expected.window,
            why=expected.rules,
        )


def find(visits: Sequence[Visit], ref: str) -> Visit:
    """The visit of that reference; without an occurrence, the encounter's last one."""
    found = [visit for visit in visits if ref == f"{visit.encounter}#{visit.occurrence}"]
    found = found or [visit for visit in visits if ref == visit.encounter]
    if not found:
        raise UnknownName("visit", ref, [visit.ref for visit in visits])
    return max(found, key=lambda visit: visit.occurrence)
