"""In turn: one participant after another, for want of an optimiser.

Only those who have a visit that cannot be where it stands are placed anew, each at the best
that the others leave.  Whoever still loses a visit may eject one other participant, if both
together are better off for it.

>>> in_turn([]).seats
{}
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from scheduler.joint.arrangement import Arrangement, item_of
from scheduler.joint.packing import Item, Room, Seat
from scheduler.joint.patterns import Case, Pattern
from scheduler.tree import Node

EJECTED = 40
"""Participants that one may try to eject."""

_Seats = dict[str, tuple[int, Seat]]


def in_turn(cases: Sequence[Case]) -> Arrangement:
    """An arrangement of the cases' free visits; its bound is what each would cost alone."""
    cases = [part for case in cases for part in case.parts()]
    turns = _Turns(cases)
    waiting = sorted(filter(turns.is_waiting, cases), key=_first_day)
    for case in waiting:
        turns.place(case)
    for case in waiting:
        turns.eject_for(case)
    return turns.arrangement()


class _Turns:
    """Everybody's seats, and what is taken on every day."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self._nodes = {case: case.nodes() for case in cases}
        self._patterns = {case: case.patterns() for case in cases}
        self._rooms: dict[int, Room] = {}
        self._seats: dict[Case, _Seats] = {}
        for case in cases:
            self._settle(case)

    def is_waiting(self, case: Case) -> bool:
        """Whether a visit is not where it can be."""
        return not case.free <= self._seats[case].keys()

    def _settle(self, case: Case) -> None:
        """Leave the visits of a case where they stand, as far as nothing is in the way."""
        self._seats[case] = {}
        for id in case.free & case.standing.keys():
            at = case.standing[id]
            item, seat = self._item(case, id, at.day), Seat(at.start, at.units)
            if at.usable and self._room(at.day).holds(item, seat):
                self._sit(case, {**self._seats[case], id: (at.day, seat)}, {id})
            else:
                # Who finds no other place keeps this one, so nobody else may count on it.
                self._room(at.day).occupy(item.demand, seat)

    def place(self, case: Case) -> None:
        """Give a case the best seats that the others leave."""
        before = self._stand(case)
        best, cost = before, self._cost(case, before)
        ranked = sorted((p.cost + case.cheapest(p), n) for n, p in enumerate(self._patterns[case]))
        for least, n in ranked:
            if least >= cost:
                break
            found = self._seated(case, self._patterns[case][n])
            if found is not None and self._cost(case, found) < cost:
                best, cost = found, self._cost(case, found)
        self._sit(case, best)

    def eject_for(self, case: Case) -> None:
        """Let a case that loses a visit take the place of one other, if that is worth it."""
        for other in islice(self._rivals(case), EJECTED):
            mine, theirs = self._seats[case], self._seats[other]
            before = self._cost(case, mine) + self._cost(other, theirs)
            self._stand(other)
            self.place(case)
            self._sit(other, {})
            self.place(other)
            after = sum(self._cost(each, self._seats[each]) for each in (case, other))
            if after < before:
                return
            self._stand(other)
            self._stand(case)
            self._sit(case, mine)
            self._sit(other, theirs)

    def arrangement(self) -> Arrangement:
        """The seats as they are."""
        seats = {
            (case.code, id): self._seats[case].get(id)
            for case in self._cases
            for id in self._nodes[case]
        }
        cost = sum(self._cost(case, self._seats[case]) for case in self._cases)
        least = sum(
            min(p.cost + case.cheapest(p) for p in self._patterns[case]) for case in self._cases
        )
        return Arrangement(seats=seats, cost=cost, bound=min(least, cost))

    def _rivals(self, case: Case) -> Iterator[Case]:
        """Others with a visit on a day on which the case misses a place."""
        days = {
            day
            for id, node in self._nodes[case].items()
            if id not in self._seats[case]
            for pattern in self._patterns[case]
            for day in (
                [pattern.days[id]] if id in pattern.days else self._days(case, node, pattern)
            )
        }
        for other in self._cases:
            taken = self._seats[other].values()
            if other is not case and any(day in days for day, _ in taken):
                yield other

    def _days(self, case: Case, leaf: Node, pattern: Pattern) -> list[int]:
        if leaf.encounter.id in {node.encounter.id for node in case.carriers()}:
            return []
        return [day for day, _ in case.leaf_choices(leaf, pattern)]

    def _item(self, case: Case, id: str, day: int) -> Item:
        return item_of(case, id, self._nodes[case][id].demand, day)

    def _seated(self, case: Case, pattern: Pattern) -> _Seats | None:
        """Seats for a pattern in what is free, None where a carrier finds none."""
        found: _Seats = {}
        try:
            for id in case.placed(pattern):
                if not self._try(case, id, pattern.days[id], found):
                    return None
            for node in case.leaves():
                for day, _ in case.leaf_choices(node, pattern):
                    if self._try(case, node.encounter.id, day, found):
                        break
            return found
        finally:
            self._leave(case, found)

    def _try(self, case: Case, id: str, day: int, found: _Seats) -> bool:
        item, room = self._item(case, id, day), self._room(day)
        seat = next(room.seats(item), None)
        if seat is None:
            return False
        room.take(item, seat)
        found[id] = day, seat
        return True

    def _stand(self, case: Case) -> _Seats:
        """The case gives all its seats back; the result are these."""
        seats = self._seats.pop(case, {})
        self._leave(case, seats)
        return seats

    def _sit(self, case: Case, seats: _Seats, new: Collection[str] | None = None) -> None:
        self._seats[case] = seats
        for id in seats if new is None else new:
            day, seat = seats[id]
            self._room(day).take(self._item(case, id, day), seat)

    def _leave(self, case: Case, seats: _Seats) -> None:
        for id, (day, seat) in seats.items():
            self._room(day).leave(self._item(case, id, day), seat)

    def _cost(self, case: Case, seats: _Seats) -> int:
        placed = {id: seats.get(id) for id in self._nodes[case]}
        return case.cost({id: at and (at[0], at[1].start) for id, at in placed.items()})

    def _room(self, day: int) -> Room:
        if day not in self._rooms:
            self._rooms[day] = Room(day)
        return self._rooms[day]


def _first_day(case: Case) -> tuple[int, str]:
    return min((at.day for at in case.standing.values()), default=0), case.code
