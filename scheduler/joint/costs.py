"""Costs: how bad a choice is, by ranks, as the digits of one integer.

First a visit lost or outside its window, then an appointment moved, then a weighted day off
target, then a place on a day that is nearly full.  Costs add up and compare at once, and
however much there is of one rank, it never outweighs the least of the rank before it: no visit is
lost so that others need not move.  The digits of a price or of a bound may be negative.

>>> LOST > 10**9 * MOVED > 10**18 * DAY > 10**27 * CROWDED
True
>>> Ranked.of(2 * LOST + 3 * DAY - 1)
Ranked(lost=2, moved=0, days=3, crowded=-1)
"""

from functools import lru_cache
from typing import NamedTuple, Self

_BITS = 40
_HALF = 1 << _BITS - 1

CROWDED = 1
"""Cost of one place beyond what is comfortable."""

DAY = CROWDED << _BITS
"""Cost of one weighted day off target."""

MOVED = DAY << _BITS
"""Cost of another time for an appointment that stands."""

LOST = MOVED << _BITS
"""Cost of a visit without a slot, or outside its window."""


class Ranked(NamedTuple):
    """A cost taken apart: how much there is of each rank, the first rank first."""

    lost: int
    moved: int
    days: int
    crowded: int

    @classmethod
    def of(cls, cost: int) -> Self:
        """The ranks of a cost."""
        return cls._make(_digits(cost))

    @property
    def cost(self) -> int:
        """The ranks as one cost again."""
        return self.lost * LOST + self.moved * MOVED + self.days * DAY + self.crowded * CROWDED


@lru_cache(maxsize=1 << 16)
def _digits(cost: int) -> tuple[int, ...]:
    digits: list[int] = []
    while len(digits) < len(Ranked._fields):
        digit = (cost + _HALF) % (2 * _HALF) - _HALF
        cost = (cost - digit) >> _BITS
        digits.insert(0, digit)
    return tuple(digits)


class Figure(NamedTuple):
    """How much there is of a rank, and how much in any other proposal that is no worse before.

    None for `least` where a rank before is not proved to be the best.
    """

    found: int
    least: int | None

    @property
    def gap(self) -> float | None:
        """The part that may be too much, from 0 to 1."""
        if self.least is None:
            return None
        return (self.found - self.least) / self.found if self.found else 0.0


def figures(cost: int, bound: int) -> dict[str, Figure]:
    """Every rank of a cost, and what is proved of it by a bound that is no more than the cost.

    >>> figures(2 * LOST + 7 * MOVED, 2 * LOST + 5 * MOVED)["moved"]
    Figure(found=7, least=5)
    >>> figures(2 * LOST + 7 * MOVED, 1 * LOST + 5 * MOVED)["moved"]
    Figure(found=7, least=None)
    """
    known, found = True, dict[str, Figure]()
    for name, value, least in zip(Ranked._fields, Ranked.of(cost), Ranked.of(bound), strict=True):
        least = min(max(least, 0), value)
        found[name] = Figure(value, least if known else None)
        known = known and least == value
    return found
