"""The life of a visit: which act leads from which status to which, and who may do it.

This table is the only place that knows; commands, documents and tests read it.

>>> rule(Act.CONFIRM).result
<Status.CONFIRMED: 'confirmed'>
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from scheduler.errors import Refused
from scheduler.protocol import Arm, Encounter
from scheduler.sites import Role
from scheduler.subject import OPEN, Status, Visit


class Act(StrEnum):
    """What a person does to a visit."""

    CONFIRM = "confirm"
    COMPLETE = "complete"
    MISS = "miss"
    MOVE = "move"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class Rule:
    """One act: from which statuses, to which one, by whom, and whether it needs a reason.

    A `fact` has happened, so it never lies ahead, and is recorded whatever it does to
    other visits.  Without `sources` the act begins the life of a visit.  What a rule of the
    protocol stands against may be `forced`, by whom, with a reason.
    """

    act: Act
    sources: frozenset[Status]
    result: Status
    by: frozenset[Role]
    reason: bool = False
    fact: bool = False
    forced: frozenset[Role] = frozenset()


BEDSIDE = frozenset({Role.NURSE, Role.COORDINATOR, Role.INVESTIGATOR})
"""Who sees participants."""

DESK = frozenset({Role.COORDINATOR, Role.INVESTIGATOR})
"""Who answers for the schedule."""

STANDING = frozenset({Status.SCHEDULED, Status.CONFIRMED})
"""States of a visit that has an appointment."""

_ENDED = frozenset({Status.COMPLETED, Status.MISSED, Status.CANCELLED})
_NEW: frozenset[Status] = frozenset()

RULES = (
    Rule(Act.CONFIRM, frozenset({Status.SCHEDULED}), Status.CONFIRMED, BEDSIDE),
    Rule(
        Act.COMPLETE,
        STANDING | {Status.PLANNED},
        Status.COMPLETED,
        BEDSIDE,
        fact=True,
        forced=DESK,
    ),
    Rule(Act.MISS, STANDING | {Status.PLANNED}, Status.MISSED, BEDSIDE, reason=True, fact=True),
    Rule(Act.MOVE, OPEN | {Status.MISSED}, Status.SCHEDULED, DESK, reason=True, forced=DESK),
    Rule(Act.HOLD, STANDING, Status.HELD, BEDSIDE, reason=True),
    Rule(Act.RESUME, _ENDED | {Status.HELD}, Status.SCHEDULED, DESK, reason=True),
    Rule(Act.CANCEL, OPEN, Status.CANCELLED, DESK, reason=True),
    Rule(Act.ADD, _NEW, Status.SCHEDULED, BEDSIDE, reason=True),
)


class NotAllowed(Refused):
    """The table has no such step from the visit's status."""

    def __init__(self, act: Act, visit: Visit) -> None:
        steps = ", ".join(rule.act for rule in RULES if visit.status in rule.sources)
        super().__init__(
            f"cannot {act} {visit.ref} of {visit.subject}: it is {visit.status}"
            f" (possible: {steps or 'nothing'})"
        )


class NotPermitted(Refused):
    """The site file gives the person a role that may not do this."""

    def __init__(self, what: str, user: str, role: Role | None) -> None:
        who = f"has the role {role}" if role else "is not among the people of the site file"
        super().__init__(f"{user} may not {what}: {user} {who}")


class ReasonMissing(Refused):
    """An inspector would ask why."""

    exit_code = 2

    def __init__(self, what: str) -> None:
        super().__init__(f"to {what} needs a --reason")


class OutOfSequence(Refused):
    """A visit cannot be done before the one that it counts from."""

    def __init__(self, visit: Visit, anchor: Visit) -> None:
        state = f"it is {anchor.status}"
        if anchor.actual is not None:
            state = f"that was on {anchor.actual}"
        super().__init__(
            f"{visit.ref} of {visit.subject} cannot be completed before {anchor.ref}: {state}"
        )


class StillAhead(Refused):
    """A visit cannot have been missed before its day."""

    def __init__(self, visit: Visit, day: date, today: date) -> None:
        super().__init__(
            f"{visit.ref} of {visit.subject} is due on {day}, after today, {today}:"
            " move or cancel it instead"
        )


class Replaced(Refused):
    """A later occurrence stands for the visit."""

    def __init__(self, visit: Visit, standing: Visit) -> None:
        super().__init__(
            f"{visit.ref} of {visit.subject} is history: {standing.ref} stands for it now"
        )


class DoneAlready(Refused):
    """A visit cannot be taken up again when one that counts from it has taken place."""

    def __init__(self, visit: Visit, done: Visit) -> None:
        super().__init__(
            f"{visit.ref} of {visit.subject} cannot be taken up again: {done.ref}, which counts"
            " from it, is completed"
        )


def rule(act: Act) -> Rule:
    """The table's row of an act."""
    return next(rule for rule in RULES if rule.act is act)


def check(act: Act, visit: Visit, *, reason: str, user: str, people: Mapping[str, Role]) -> None:
    """Refuse what the table does not allow; a site without named people lets everyone act.

    Raises:
        NotAllowed, NotPermitted, ReasonMissing: as they say.
    """
    row = rule(act)
    permit(f"{act} visits", row.by, user=user, people=people)
    if visit.status not in row.sources:
        raise NotAllowed(act, visit)
    if row.reason:
        ask_reason(f"{act} a visit", reason)


def check_forced(
    act: Act, what: str, *, reason: str, user: str, people: Mapping[str, Role]
) -> None:
    """Refuse to record `what` against a rule of the protocol, without the role or a reason.

    Raises:
        NotPermitted, ReasonMissing: as they say.
    """
    permit(what, rule(act).forced, user=user, people=people)
    ask_reason(what, reason)


def permit(what: str, by: frozenset[Role], *, user: str, people: Mapping[str, Role]) -> None:
    """Refuse who has none of the roles `by`; a site without named people lets everyone act.

    Raises:
        NotPermitted: the site names people, and this one not, or in another role.
    """
    if people and people.get(user) not in by:
        raise NotPermitted(what, user, people.get(user))


def ask_reason(what: str, reason: str) -> None:
    """Refuse to do `what` without a word why.

    Raises:
        ReasonMissing: the reason is empty, or only space.
    """
    if not reason.strip():
        raise ReasonMissing(what)


def check_sequence(
    encounter: Encounter, visit: Visit, actual: date, others: Mapping[str, Visit]
) -> None:
    """Refuse to complete a visit before an encounter it follows; a cancelled one counts as done.

    Raises:
        OutOfSequence: the anchor is still to come, or was on a later day.
    """
    anchor = others.get(encounter.timing.anchor)
    if anchor is None or not _comes_after(encounter):
        return
    if anchor.status in OPEN or (anchor.actual is not None and anchor.actual > actual):
        raise OutOfSequence(visit, anchor)


def check_reopening(arm: Arm, visit: Visit, others: Mapping[str, Visit]) -> None:
    """Refuse to take up again a visit that a completed one follows.

    Raises:
        DoneAlready: there is such a visit.
    """
    for encounter in arm.encounters:
        other = others.get(encounter.id)
        follows = encounter.timing.anchor == visit.encounter and _comes_after(encounter)
        if follows and other is not None and other.status is Status.COMPLETED:
            raise DoneAlready(visit, other)


def _comes_after(encounter: Encounter) -> bool:
    """Whether an encounter follows what it counts from; a pre-check goes before it."""
    return encounter.timing.offset.days >= 0 and encounter.timing.offset.months >= 0
