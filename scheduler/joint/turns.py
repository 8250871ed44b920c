"""In turn: one participant after another, for want of an optimiser, or after it.

Only those who have a visit without a place are placed anew, each at the best that the others
leave.  Whoever still loses a visit may eject one other participant, if both together are
better off for it.

>>> TRIALS >= EJECTED
True
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import inf

from scheduler.availability import Availability
from scheduler.demand import Demand
from scheduler.joint.arrangement import Arrangement, counted, item_of
from scheduler.joint.displaced import displaced, raised
from scheduler.joint.packing import Item, Room, Seat
from scheduler.joint.patterns import Case, Pattern
from scheduler.tree import Node

EJECTED = 40
"""Participants that one may try to eject."""

TRIALS = 400
"""Ejections that are tried in all."""

_Seats = dict[str, tuple[int, Seat]]


def in_turn(
    cases: Sequence[Case], availability: Availability, remaining: Callable[[], float] = lambda: inf
) -> Arrangement:
    """An arrangement of the cases' free visits; its bound is what each would cost alone,
    and what stands where it cannot stay.

    When no seconds are `remaining`, nobody else has a turn.
    """
    parts = [part for case in cases for part in case.parts()]
    turns = _Turns(parts)
    turns.settle()
    turns.take([part for part in parts if turns.is_waiting(part)], remaining)
    bound = raised(sum(map(turns.least, parts)), displaced(parts, availability))
    return _arrangement(turns, cases, availability, bound)


def improved(
    cases: Sequence[Case],
    availability: Availability,
    found: Arrangement,
    remaining: Callable[[], float] = lambda: inf,
) -> Arrangement:
    """An arrangement in which those who could be better off had their turn, too."""
    parts = [part for case in cases for part in case.parts()]
    turns = _Turns(parts)
    turns.seat(found)
    before = turns.cost()
    if before <= found.bound:
        return found
    waiting = [part for part in parts if turns.cost(part) > turns.least(part)]
    turns.take(waiting, remaining)
    if turns.cost() >= before:
        return found
    return _arrangement(turns, cases, availability, found.bound)


def _arrangement(
    turns: "_Turns", cases: Sequence[Case], availability: Availability, bound: int
) -> Arrangement:
    """The seats as they are, days that are nearly full counted, too."""
    cost = counted(cases, availability, seats := turns.seats())
    return Arrangement(seats=seats, cost=cost, bound=min(bound, cost))


class _Turns:
    """Everybody's seats, and what is taken on every day.

    A visit without a seat keeps the place where it stands, though something is in its way: nobody
    else may count on that.  Once it has a seat it never loses it again, for its old
    place may be another's by then.
    """

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self._nodes = {case: case.nodes() for case in cases}
        self._known: dict[Case, tuple[Pattern, ...]] = {}
        self._rooms: dict[int, Room] = {}
        self._seats: dict[Case, _Seats] = {}

    def settle(self) -> None:
        """Leave all visits where they stand, as far as nothing is in the way."""
        for case in self._cases:
            seats: _Seats = {}
            for id in case.free & case.standing.keys():
                at = case.standing[id]
                item, seat = self._item(case, id, at.day), Seat(at.start, at.units)
                if at.usable and self._room(at.day).holds(item, seat):
                    self._room(at.day).take(item, seat)
                    seats[id] = at.day, seat
            self._leave(case, seats)
            self._sit(case, seats)

    def seat(self, found: Arrangement) -> None:
        """Give everybody the seats of an arrangement."""
        for case in self._cases:
            places = {id: found.seats[case.code, id] for id in case.free}
            self._sit(case, {id: place for id, place in places.items() if place is not None})

    def take(self, waiting: Iterable[Case], remaining: Callable[[], float]) -> None:
        """Let everybody who waits have a turn, most in want first, and then eject somebody."""
        order = sorted(waiting, key=lambda case: self.least(case) - self.cost(case))
        for case in order:
            if remaining() > 0:
                self.place(case)
        trials = TRIALS
        for case in order:
            if remaining() > 0:
                trials -= self.eject_for(case, trials)

    def least(self, case: Case) -> int:
        """What a case would cost alone."""
        return min(p.cost + case.cheapest(p) for p in self._patterns(case))

    def cost(self, *cases: Case) -> int:
        """What some cases cost, or all."""
        return sum(self._cost(case, self._seats[case]) for case in cases or self._cases)

    def is_waiting(self, case: Case) -> bool:
        """Whether a visit is not where it can be."""
        return not case.free <= self._seats[case].keys()

    def place(self, case: Case, held: _Seats | None = None) -> bool:
        """Give a case the best seats that the others leave; those `held` are not lost for it.

        Without such seats it has none at all afterwards, and the answer is no.
        """
        before = self._stand(case)
        kept = (before if held is None else held).keys() & case.standing.keys()
        best = before if held is None else None
        cost = self._cost(case, before) if held is None else inf
        ranked = sorted((p.cost + case.cheapest(p), n) for n, p in enumerate(self._patterns(case)))
        for least, n in ranked:
            if least >= cost:
                break
            found = self._seated(case, self._patterns(case)[n])
            if found is not None and kept <= found.keys() and self._cost(case, found) < cost:
                best, cost = found, self._cost(case, found)
        if best is not None:
            self._sit(case, best)
        return best is not None

    def eject_for(self, case: Case, trials: int) -> int:
        """Let a case take the place of one other, if both are better off; how many were tried."""
        tried = 0
        for other in islice(self._rivals(case), min(EJECTED, trials)):
            tried += 1
            mine, theirs = self._seats[case], self._seats[other]
            before = self.cost(case, other)
            self._stand(other)
            self.place(case)
            if self.place(other, theirs):
                if self.cost(case, other) < before:
                    break
                self._stand(other)
            self._stand(case)
            self._sit(case, mine)
            self._sit(other, theirs)
        return tried

    def seats(self) -> dict[tuple[str, str], tuple[int, Seat] | None]:
        """The seats as they are."""
        return {
            (case.code, id): self._seats[case].get(id)
            for case in self._cases
            for id in self._nodes[case]
        }

    def _patterns(self, case: Case) -> tuple[Pattern, ...]:
        if case not in self._known:
            self._known[case] = case.patterns()
        return self._known[case]

    def _rivals(self, case: Case) -> Iterator[Case]:
        """Others with a visit on a day that the case would rather have."""
        patterns, now = self._patterns(case), self.cost(case)
        better = [p for p in patterns if p.cost + case.cheapest(p) < now]
        days = {
            day
            for id, node in self._nodes[case].items()
            for pattern in better
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
            return found if self._is_apart(case, found) else None
        finally:
            self._leave(case, found)

    def _is_apart(self, case: Case, seats: _Seats) -> bool:
        """Whether the visits without a seat stand where no other of the participant now is."""
        lengths = {id: node.demand.minutes for id, node in self._nodes[case].items()}
        return not any(
            day == at
            and max(start, seat.start) < min(start + demand.minutes, seat.start + lengths[id])
            for demand, at, (start, _) in self._left_behind(case, seats)
            for id, (day, seat) in seats.items()
        )

    def _try(self, case: Case, id: str, day: int, found: _Seats) -> bool:
        item, room = self._item(case, id, day), self._room(day)
        seat = next(room.seats(item), None)
        if seat is None:
            return False
        room.take(item, seat)
        found[id] = day, seat
        return True

    def _stand(self, case: Case) -> _Seats:
        """The case gives all its seats back, and the places where it stands; the seats it had."""
        seats = self._seats.pop(case, None)
        if seats is None:
            return {}
        self._leave(case, seats)
        for demand, day, seat in self._left_behind(case, seats):
            self._room(day).vacate(case.code, demand, seat)
        return seats

    def _sit(self, case: Case, seats: _Seats) -> None:
        self._seats[case] = seats
        for id, (day, seat) in seats.items():
            self._room(day).take(self._item(case, id, day), seat)
        for demand, day, seat in self._left_behind(case, seats):
            self._room(day).occupy(case.code, demand, seat)

    def _left_behind(self, case: Case, seats: _Seats) -> Iterator[tuple[Demand, int, Seat]]:
        """Places of visits that have no seat."""
        for id in case.free & case.standing.keys() - seats.keys():
            at = case.standing[id]
            yield self._nodes[case][id].demand, at.day, Seat(at.start, at.units)

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
