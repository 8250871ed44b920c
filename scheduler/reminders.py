"""Which appointments a participant is to be reminded of.

A participant goes by what was told last, so a reminder is needed whenever that is not the
present appointment.

>>> again(["day-3 2026-03-11T01:00Z", "day-3 2026-03-11T03:00Z"], "day-3 2026-03-11T01:00Z")
'day-3 2026-03-11T01:00Z #2'
>>> told(again(["day-3 2026-03-11T01:00Z"], "day-3 2026-03-11T01:00Z"))
'day-3 2026-03-11T01:00Z'
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date

from scheduler.life import STANDING
from scheduler.subject import Visit


def due(visits: Iterable[Visit], as_of: date, days_before: int) -> tuple[Visit, ...]:
    """The appointments that lie one to `days_before` days ahead and stand."""
    return tuple(
        visit
        for visit in visits
        if visit.status in STANDING
        and visit.day is not None
        and 1 <= (visit.day - as_of).days <= days_before
    )


def about(visit: Visit) -> str:
    """What a reminder tells: the visit and its start; "" for a visit that does not stand."""
    if visit.scheduled is None or visit.status not in STANDING:
        return ""
    return f"{visit.ref} {visit.scheduled.start.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def again(before: Sequence[str], about: str) -> str:
    """What tells this reminder apart from those on the same visit before it."""
    same = sum(told(each) == about for each in before)
    return f"{about} #{same + 1}" if same else about


def told(about: str) -> str:
    """What a reminder tells, however often it was told before."""
    return about.partition(" #")[0]
