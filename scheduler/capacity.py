"""What a site takes at once, whatever is free: its caps, counted for one day.

The caps are data of the `Site` and of its cell laboratory; what they forbid is decided here and
nowhere else, for one participant's placement, for moves, for checks and for planning many at
once.  Visits of all studies count, and unscheduled ones; phone calls, and visits that were called
off, do not.  For the laboratory, visits at the other sites that share it count as well.

>>> Load([]).room(Caps(infusions_per_day=2)), Load([]).room(Caps())
(2, None)
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from math import inf
from operator import or_

from scheduler.appointments import Appointment
from scheduler.minutes import Stretch
from scheduler.protocol import Kind, Mode
from scheduler.sites import Caps, Laboratory

WORK = {Kind.PROCEDURE: "starts", Kind.INFUSION: "releases"}
"""What visits of a kind are to the laboratory."""


class Load:
    """What counts against the caps on one day, by the time of the grid at which it starts.

    What starts off the grid counts for the step of the grid that it starts in.
    """

    def __init__(
        self,
        starting: Iterable[tuple[int, Appointment]],
        stretches: Iterable[Stretch] = (),
        grid: int = 1,
    ) -> None:
        """Count appointments, each with its minute of the day, in the day's opening hours."""
        self._grid = grid
        self._starts = reduce(or_, (starts for _, starts in stretches), 0)
        self._visits, self._infusions = Counter[int](), Counter[int]()
        self._kinds = Counter[Kind]()
        for minute, appointment in starting:
            # What began the evening before counts there.
            if minute >= 0 and appointment.mode is Mode.VISIT:
                self._kinds[appointment.kind] += 1
                if appointment.elsewhere:
                    continue
                at = self._step(minute)
                self._visits[at] += 1
                self._infusions[at] += appointment.kind is Kind.INFUSION

    def room(self, caps: Caps) -> int | None:
        """How many more infusions the day takes; None where they are not capped."""
        if caps.infusions_per_day is None:
            return None
        return max(caps.infusions_per_day - self._infusions.total(), 0)

    def laboratory_room(self, laboratory: Laboratory | None, kind: Kind | None) -> int | None:
        """How many more visits of a kind the laboratory takes; None where that is not capped."""
        most = laboratory.most(kind) if laboratory else None
        return None if most is None or kind is None else max(most - self._kinds[kind], 0)

    def laboratory_excess(self, laboratory: Laboratory | None, kind: Kind | None) -> Iterator[str]:
        """The cap of the laboratory that is exceeded by visits of a kind, counted already."""
        most = laboratory.most(kind) if laboratory else None
        if most is not None and kind is not None and self._kinds[kind] > most:
            yield (
                f"cell laboratory: {self._kinds[kind]} {WORK[kind]} are on that day,"
                f" and it takes {most}"
            )

    def full(self, caps: Caps, *, infusion: bool) -> int:
        """The minutes, as bits, at which no further visit may start; an infusion, if it is one."""
        full = _reaching(self._visits, caps.visits_per_start)
        return full | _reaching(self._infusions, caps.infusions_per_start) if infusion else full

    def left(self, caps: Caps, minute: int, *, infusion: bool) -> float:
        """How many more visits may start at a minute; infusions, if they are such."""
        at = self._step(minute)
        counted = [(caps.visits_per_start, self._visits[at])]
        if infusion:
            counted.append((caps.infusions_per_start, self._infusions[at]))
        return min((most - count for most, count in counted if most is not None), default=inf)

    def excess(self, caps: Caps, minute: int, *, infusion: bool) -> Iterator[str]:
        """The caps that are exceeded at the start of a visit which is counted already."""
        at = self._step(minute)
        counted = [("visits begin at that time", self._visits[at], caps.visits_per_start)]
        if infusion:
            given = self._infusions
            counted += [
                ("infusions begin at that time", given[at], caps.infusions_per_start),
                ("infusions are on that day", given.total(), caps.infusions_per_day),
            ]
        for what, count, most in counted:
            if most is not None and count > most:
                yield f"{count} {what}, and the site takes {most}"

    def _step(self, minute: int) -> int:
        """The time of the grid that a minute belongs to; the minute itself where there is none."""
        step = (self._starts & ((2 << minute) - 1)).bit_length() - 1
        return step if step >= 0 and minute - step < self._grid else minute


def _reaching(counts: Mapping[int, int], most: int | None) -> int:
    if most is None:
        return 0
    return sum(1 << minute for minute, count in counts.items() if count >= most)
