"""Which appointments a participant is to be reminded of.

>>> about(None)
''
"""

from collections.abc import Iterable
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


def about(visit: Visit | None) -> str:
    """What tells reminders apart: the visit and its start, so a moved one is told anew.

    "" for a visit that does not stand.
    """
    if visit is None or visit.scheduled is None or visit.status not in STANDING:
        return ""
    return f"{visit.ref} {visit.scheduled.start.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
