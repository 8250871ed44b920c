"""Deviations: where a participant's visits part from the protocol, and who said why.

They are read off the visits' history, and off nothing else.  The last state of a visit
decides whether there is one, so that what was undone leaves none; the change that made
it so gives person, time and reason.  An actual day is held against the window in force
when it was recorded: no later change of rules or anchors makes or mends a deviation.

>>> from datetime import UTC
>>> from zoneinfo import ZoneInfo
>>> from scheduler.dates import Offset, Window
>>> from scheduler.protocol import Encounter, Kind, Mode, Timing
>>> from scheduler.words import Words
>>> timing = Timing(anchor="enrollment", offset=Offset(days=3), after=Offset(days=1))
>>> label, due = Words.of(en="Day 3"), date(2026, 4, 12)
>>> row = Encounter(id="day-3", label=label, kind=Kind.CHECK, epoch="all", timing=timing,
...                 minutes=30, basis="assumption")
>>> late = Visit(study="s", subject="ZJ-001", site="ZJ", encounter="day-3", label=label,
...              kind=Kind.CHECK, mode=Mode.VISIT, target=due, status=Status.COMPLETED,
...              window=Window(earliest=due, latest=due.replace(day=13)),
...              actual=due.replace(day=15), changed=datetime(2026, 4, 15, tzinfo=UTC))
>>> step = Step(visit=late, arm=Arm(code="a", label=label, encounters=(row,)), version="1",
...             user="li", at=late.changed, command="visit complete", reason="was away")
>>> [(each.kind.value, each.days, each.rule) for each in deviations([step])]
[('out-of-window', 2, 'enrollment + 3 days, window -0/+1 d')]
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import chain, combinations, takewhile

from scheduler.breaches import Breach
from scheduler.protocol import Arm, Encounter, Milestone
from scheduler.subject import OPEN, Status, Visit
from scheduler.words import Words

WITHDRAWAL = "subject withdraw"
"""The command that cancels visits because the participant leaves: that is no deviation."""


class Kind(StrEnum):
    """In what way a visit deviates."""

    OUT_OF_WINDOW = "out-of-window"
    FORCED = "forced"
    """Out of the window by decision: the appointment was made there."""
    MISSED = "missed"
    """Missed, or cancelled although the participant stays in the study."""
    OUT_OF_ORDER = "out-of-order"
    NO_SLOT = "no-slot"
    UNRECORDED = "unrecorded"
    """The window has passed, and nobody has said what became of the visit."""
    SWAPPED_BATCH = "swapped-batch"
    """Given another participant's cells: nothing is worse."""
    UNFIT_BATCH = "unfit-batch"
    NO_VALID_TEST = "no-valid-test"
    """The three of an infusion that was given against the rules, as `breaches.Kind` has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A state of a visit, the rules it was recorded under, and the change that made it.

    `breaches` are what an infusion lacked, by what was known when it was recorded.
    """

    visit: Visit
    arm: Arm
    milestones: tuple[Milestone, ...] = ()
    version: str
    user: str
    at: datetime
    command: str
    reason: str
    breaches: tuple[Breach, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One deviation; `visit` is the state that deviates, with the window then in force.

    `days` count from the window to the actual or scheduled day, negative before it, and
    of what is unrecorded to the day of looking; None where there is no such day.
    `encounter` is the row of the protocol `version` that it parts from, and `anchors` has
    the words for what that counts from.  `beside` is the visit with which the order is
    broken, `breach` what an infusion lacked.  Nobody made what is unrecorded so: `user` is
    empty.
    """

    visit: Visit
    kind: Kind
    days: int | None
    encounter: Encounter
    anchors: Mapping[str, Words]
    version: str
    user: str
    at: datetime
    reason: str
    beside: Visit | None = None
    breach: Breach | None = None

    @property
    def planned(self) -> bool:
        """Whether it still lies ahead."""
        return self.visit.status in OPEN and self.kind is not Kind.UNRECORDED

    @property
    def rule(self) -> str:
        """The rule in words: by default the timing and the limits of the encounter."""
        if self.breach is not None:
            return str(self.breach.rule)
        return "; ".join(map(str, (self.encounter.timing, *self.encounter.limits)))

    @property
    def day(self) -> date:
        """The day it is counted under: the actual, the scheduled, or the target one."""
        return self.visit.actual or self.visit.day or self.visit.target

    def __str__(self) -> str:
        visit, window = self.visit, self.visit.window
        if self.breach is not None:
            return str(self.breach)
        if self.beside is not None:
            return _order_broken(visit, self.beside)
        if self.kind is Kind.NO_SLOT:
            return f"no slot: {'; '.join(visit.why)}"
        if self.kind is Kind.UNRECORDED:
            return f"not recorded, {self.days} d after the end of its window, {window.latest}"
        allowed = f"window {window.earliest} to {window.latest}"
        if window.earliest == window.latest:
            allowed = f"only day {window.earliest}"
        if not self.days:
            return f"{visit.status}, {allowed}"
        return f"{abs(self.days)} d {'after' if self.days > 0 else 'before'} its {allowed}"


def deviations(history: Sequence[Step], as_of: date = date.min) -> tuple[Deviation, ...]:
    """Every deviation of one participant, by day; `history` is oldest first.

    What should be over `as_of` that day and is not recorded is one too.  Visits that the
    protocol does not foresee have no rule to deviate from.
    """
    lives: dict[tuple[str, int], list[Step]] = {}
    for step in history:
        lives.setdefault((step.visit.encounter, step.visit.occurrence), []).append(step)
    ruled = [life for life in lives.values() if _row(life[-1])]
    of_window = chain.from_iterable(_of_window(life, as_of) for life in ruled)
    found = [*of_window, *_of_order(ruled)]
    return tuple(sorted(found, key=lambda each: (each.day, each.visit.target, each.visit.ref)))


def _of_window(life: Sequence[Step], as_of: date) -> Iterator[Deviation]:
    last, status = life[-1], life[-1].visit.status
    if last.visit.actual is not None:
        completed = _completed(life)
        yield from _outside(completed, life)
        for breach in completed.breaches:
            told = _told(Kind(breach.kind.value), completed, completed)
            yield replace(told, breach=breach, days=None)
    elif status in {Status.MISSED, Status.CANCELLED}:
        cause = _since(life, lambda visit: visit.status is status)
        if cause.command != WITHDRAWAL:
            yield _told(Kind.MISSED, last, cause)
    elif status in OPEN and _is_over(last.visit, as_of):
        overdue = replace(_told(Kind.UNRECORDED, last, last), user="", reason="")
        yield replace(overdue, days=(as_of - last.visit.window.latest).days)
    elif status in OPEN and last.visit.scheduled is None:
        yield _told(Kind.NO_SLOT, last, _since(life, lambda visit: visit.scheduled is None))
    elif status in OPEN:
        yield from _outside(last, life)


def _is_over(visit: Visit, as_of: date) -> bool:
    """Whether neither the window nor the appointment of a visit lies ahead any more."""
    return as_of > max(visit.window.latest, visit.day or visit.window.latest)


def _outside(state: Step, life: Sequence[Step]) -> Iterator[Deviation]:
    """The deviation of a state whose day misses its window.

    It was forced when the slot was made outside; a window may also move away from a slot.
    """
    visit = state.visit
    day = visit.actual or visit.day
    if day is None or not visit.window.beyond(day):
        return
    slot = visit.scheduled
    if visit.day != day:
        yield _told(Kind.OUT_OF_WINDOW, state, state)
        return
    until = life[: life.index(state) + 1]
    cause = _since(until, lambda v: v.scheduled == slot and bool(v.window.beyond(day)))
    before = until[: until.index(cause)]
    if before and before[-1].visit.scheduled != slot:
        yield _told(Kind.FORCED, state, cause)
    else:
        yield _told(Kind.OUT_OF_WINDOW, state, state if visit.actual else cause)


def _of_order(lives: Iterable[Sequence[Step]]) -> Iterator[Deviation]:
    """Visits that took place on the wrong side of another, by the order of their targets."""
    done = [_completed(life) for life in lives if life[-1].visit.status is Status.COMPLETED]
    done.sort(key=lambda step: (step.visit.target, step.visit.ref))
    blamed: set[str] = set()
    for first, second in combinations(done, 2):
        one, other = first.visit, second.visit
        assert one.actual is not None
        assert other.actual is not None
        if one.target == other.target or one.actual <= other.actual:
            continue
        early = one.window.beyond(one.actual) <= 0 and other.window.beyond(other.actual) < 0
        step, beside = (second, one) if early else (first, other)
        if step.visit.ref not in blamed:
            blamed.add(step.visit.ref)
            yield replace(_told(Kind.OUT_OF_ORDER, step, step), beside=beside)


def _completed(life: Sequence[Step]) -> Step:
    """The step that recorded the actual day which stands."""
    actual = life[-1].visit.actual
    return _since(life, lambda visit: visit.actual == actual)


def _since(life: Sequence[Step], holds: Callable[[Visit], bool]) -> Step:
    """The step since which, to the last one, it has held."""
    *_, first = takewhile(lambda step: holds(step.visit), reversed(life))
    return first


def _told(kind: Kind, state: Step, cause: Step) -> Deviation:
    visit, encounter = state.visit, _row(state)
    assert encounter is not None, "what the protocol does not foresee is left out"
    day = visit.actual or (visit.day if visit.status in OPEN else None)
    return Deviation(
        visit=visit,
        kind=kind,
        days=visit.window.beyond(day) if day else None,
        encounter=encounter,
        anchors=_anchors(state, encounter),
        version=state.version,
        user=cause.user,
        at=cause.at,
        reason=cause.reason,
    )


def _row(step: Step) -> Encounter | None:
    """The encounter of a state's visit; None if the arm has no such encounter."""
    rows = (row for row in step.arm.encounters if row.id == step.visit.encounter)
    return next(rows, None)


def _anchors(step: Step, encounter: Encounter) -> Mapping[str, Words]:
    """The words for what an encounter counts from; the enrollment has none in a protocol."""
    named = {each.id: each.label for each in step.arm.encounters}
    named |= {each.id: each.label for each in step.milestones}
    return {id: named[id] for id in encounter.anchors & named.keys()}


def _order_broken(visit: Visit, beside: Visit) -> str:
    if visit.target < beside.target:
        return f"after {beside.ref} of {beside.actual}, which it should precede"
    return f"before {beside.ref} of {beside.actual}, which it should follow"
