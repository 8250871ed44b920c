"""Reseating: what keeps its time gets other units where its own are shut.

What was agreed with a participant is a day and a time, and no chair.  Such a visit is given another
one before all others are planned around it; where somebody who is found no other slot has to stay
on that, it is taken back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.demand import Demand
from scheduler.services.cases import Person, is_plain, minute_of
from scheduler.subject import Visit


def reseat(
    people: Iterable[Person],
    busy: Sequence[Busy],
    free: Availability,
) -> None:
    """Give other units to those of these people's visits that keep their time and are stuck.

    In the time that is `free` everything that keeps its time takes its own.
    """
    for person in people:
        for stuck in person.stuck(free.site, busy):
            without = free.changed(gone=Appointment.every([stuck.visit]))
            after = _reseated(person, stuck.visit, without.seen_by(person.subject.code))
            if after is not None:
                free = without.changed(come=Appointment.every([after]))
                person.put(stuck.visit, after)


def unseat(people: Iterable[Person], others: Iterable[Visit]) -> bool:
    """Take back the units of the first of these people whose new ones `others` keep.

    Whether there was one: without them, others may find a slot.
    """
    kept = list(chain.from_iterable(other.allocations for other in others))
    for person in people:
        clashing = [
            (before, after)
            for before, after in person.reseated()
            if any(
                mine.unit == their.unit and mine.interval.overlaps(their.interval)
                for mine in after.allocations
                for their in kept
            )
        ]
        for before, after in clashing:
            person.put(after, before)
        if clashing:
            return True
    return False


def _reseated(person: Person, visit: Visit, free: Availability) -> Visit | None:
    """A visit at the time it has, with other units.

    None where more than its units is in its way, or they are somebody's decision.
    """
    encounter = next((e for e in person.tree.arm.encounters if e.id == visit.encounter), None)
    stands = person.visits.get(visit.encounter) == visit
    if encounter is None or not stands or not is_plain(free.site, visit, encounter):
        return None
    if visit.day is None or visit.window.beyond(visit.day):
        return None
    demand, day, start = Demand.of(encounter), visit.day.toordinal(), minute_of(free, visit)
    if not free.starts(demand, day) >> start & 1:
        return None
    _, allocations = free.allocate(demand, day, start)
    return replace(visit, allocations=allocations)
