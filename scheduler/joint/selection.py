"""Selection: one option for each group, so that no row is asked for more than it holds.

A group is whatever needs exactly one decision: a participant who needs days, or a visit that
needs a day.  An option costs something and takes places of rows: a row is, say, the
two-hour places of the rooms on one day.  Beyond what is `comfortable` a place costs CROWDED, so
that load spreads evenly where nothing else matters.

>>> few = Problem(groups=((Option(1, (0,)), Option(5, ())), (Option(2, (0,)), Option(9, ()))),
...               rows=(Row(places=1, comfortable=1),))
>>> few.cost((1, 0)), few.fits((1, 0)), few.fits((0, 0))
(7, True, False)
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scheduler.joint.costs import CROWDED


class Option(NamedTuple):
    """What a choice costs, and one place of each row it takes (repeated for several)."""

    cost: int
    rows: tuple[int, ...]


class Row(NamedTuple):
    """How many places there are, and how many of them are comfortable."""

    places: int
    comfortable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The options of every group, and the rows; the last option of each group fits together
    with all the other last ones, so that there is always an answer.
    """

    groups: tuple[tuple[Option, ...], ...]
    rows: tuple[Row, ...]

    def cost(self, chosen: Sequence[int]) -> int:
        """What a choice costs, crowding included."""
        picked = sum(group[n].cost for group, n in zip(self.groups, chosen, strict=True))
        over = (n - self.rows[row].comfortable for row, n in self.used(chosen).items())
        return picked + CROWDED * sum(n for n in over if n > 0)

    def used(self, chosen: Sequence[int]) -> Counter[int]:
        """Places taken, by row."""
        picked = zip(self.groups, chosen, strict=True)
        return Counter(row for group, n in picked for row in group[n].rows)

    def fits(self, chosen: Sequence[int]) -> bool:
        """Whether no row is asked for more than it holds."""
        return all(n <= self.rows[row].places for row, n in self.used(chosen).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The option of each group, and what is proved: no selection costs less than `bound`.

    `prices` are what one more place of each row would save, about.
    """

    chosen: tuple[int, ...]
    cost: int
    bound: int
    prices: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """A selection that may take parts of options: how much of each row it `used`.

    No selection costs less than `bound`.
    """

    used: tuple[float, ...]
    bound: int


Relax = Callable[[Problem], Relaxation]
"""A solver of what is easier than a selection."""

Select = Callable[[Problem], Selection]
"""A solver; it gives the best it has found when its time is up."""
