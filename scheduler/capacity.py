"""What a site takes at once, whatever is free: caps on visits and infusions, days of its lab.

The numbers are data of the `Site`; what they forbid is decided here and nowhere else, for
one participant's placement, for moves, for checks and for planning many at once.  Phone
calls and visits that were called off count for nothing; visits of all studies, and
unscheduled ones, count.

>>> caps = Caps(visits_per_start=1, infusions_per_day=2)
>>> load = Load({480: 1}, {480: 1})
>>> load.full(caps, infusion=False) == 1 << 480, load.room(caps)
(True, 1)
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from scheduler.appointments import Appointment
from scheduler.minutes import Stretch
from scheduler.protocol import Kind, Mode
from scheduler.sites import Caps


class Load:
    """What counts against the caps on one day, by the minute of the grid it starts at.

    What starts off the grid counts for the step of the grid it starts in.
    """

    def __init__(self, visits: Mapping[int, int], infusions: Mapping[int, int]) -> None:
        self._visits, self._infusions = visits, infusions

    @classmethod
    def of(
        cls, starting: Iterable[tuple[int, Appointment]], stretches: Iterable[Stretch], grid: int
    ) -> "Load":
        """The load of the appointments that start on a day, each with its minute."""
        starts = 0
        for _, stretch_starts in stretches:
            starts |= stretch_starts
        visits, infusions = Counter[int](), Counter[int]()
        for minute, appointment in starting:
            if minute < 0 or appointment.mode is not Mode.VISIT:
                continue  # it began the evening before, or nobody comes
            before = starts & ((2 << minute) - 1)
            step = before.bit_length() - 1
            at = step if 0 <= minute - step < grid and before else minute
            visits[at] += 1
            infusions[at] += appointment.kind is Kind.INFUSION
        return cls(visits, infusions)

    def room(self, caps: Caps) -> int | None:
        """How many more infusions the day takes; None where they are not capped."""
        if caps.infusions_per_day is None:
            return None
        return max(caps.infusions_per_day - sum(self._infusions.values()), 0)

    def full(self, caps: Caps, *, infusion: bool) -> int:
        """The minutes, as bits, at which no further visit may start; an infusion, if it is one."""
        full = _reaching(self._visits, caps.visits_per_start)
        return full | _reaching(self._infusions, caps.infusions_per_start) if infusion else full


def _reaching(counts: Mapping[int, int], most: int | None) -> int:
    if most is None:
        return 0
    return sum(1 << minute for minute, count in counts.items() if count >= most)
