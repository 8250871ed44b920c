"""Forcing: a visit on the first day from a date on, whatever its window says.

That is for what cannot wait for the protocol: an infusion whose product comes late, and
an aspiration that has to be repeated.  What hangs on the visit is placed with it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from scheduler.availability import Availability
from scheduler.demand import Demand
from scheduler.errors import Unplaced
from scheduler.minutes import NO_TIME
from scheduler.placement import REACH, place
from scheduler.replanning import anchor_dates, follow
from scheduler.services.rebooking import Rebooking
from scheduler.subject import Visit


class NoDay(Unplaced):
    """No day within reach leaves one for everything that hangs on the visit."""

    def __init__(self, visit: Visit, first: date) -> None:
        super().__init__(
            f"nothing was stored: from {first} on there is no day within {REACH.days} days for"
            f" {visit.ref} of {visit.subject} and all that hangs on it"
        )


def first_day(
    rebooking: Rebooking,
    standing: Mapping[str, Visit],
    id: str,
    first: date,
    following: frozenset[str],
) -> dict[str, Visit]:
    """`standing` with the visit of encounter `id` on the first possible day from `first` on.

    The `following` visits, which hang on it, are placed by it, each with a slot; target
    and window of the visit itself stay what the protocol makes them.

    Raises:
        NoDay: there is none within REACH.
    """
    moving = following | {id}
    asked = rebooking.asked(standing[id], first)
    availability = rebooking.availability({**standing, id: asked}, moving)
    demand = Demand.of(rebooking.tree.arm.encounter(id))
    for n in range(REACH.days + 1):
        day = first + timedelta(days=n)
        start = availability.earliest(demand)[day.toordinal()]
        there = {**standing, id: rebooking.asked(standing[id], day)}
        if start == NO_TIME or not _leaves_room(rebooking, there, availability, following):
            continue
        scheduled, allocations = availability.allocate(demand, day.toordinal(), start)
        placed = replace(
            asked,
            actual=None,
            scheduled=scheduled,
            allocations=allocations,
            unverified=availability.unverified(day),
        )
        settled = {**standing, id: placed}
        # Asked again, for now the visit itself takes time and units.
        free = rebooking.availability(settled, following)
        result = follow(rebooking.tree, rebooking.subject.enrolled, settled, free, following)
        if all(result[other].scheduled for other in following):
            return result
    raise NoDay(standing[id], first)


def _leaves_room(
    rebooking: Rebooking,
    there: Mapping[str, Visit],
    availability: Availability,
    following: frozenset[str],
) -> bool:
    tree, enrolled = rebooking.tree, rebooking.subject.enrolled
    dates = anchor_dates(tree, enrolled, there)
    settled = {other: day for other, day in dates.items() if other not in following}
    return place(tree, enrolled, availability, settled).complete
