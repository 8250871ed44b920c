"""What makes one placement better than another, as the digits of one integer.

In this order: fewest visits without a day (an anchor or half of a pair is never one of
them); the smallest sum of weight times days off target; the earliest dates in protocol
order.  Costs of branches add up and compare at once.

>>> Ranks(2).days_off(3) < Ranks(2).days_off(4) < Ranks(2).unplaced(0)
True
"""

from scheduler.dates import FIRST_DAY

_DAY_BITS = 16
_SUM_BITS = 48
FIRST = FIRST_DAY.toordinal()
"""The ordinal that dates within a cost are counted from."""

_NO_DAY = (1 << _DAY_BITS) - 1


class Ranks:
    """The digits of a cost for an arm of `size` encounters, most significant first:
    visits without a day, weighted days off target, then one date for each encounter.

    `impossible` is the cost of a branch that leaves an anchor or half of a pair without
    a day: more than any other cost.
    """

    def __init__(self, size: int) -> None:
        self._sum_shift = _DAY_BITS * size
        self._count_shift = self._sum_shift + _SUM_BITS
        self.impossible = 1 << (self._count_shift + 32)
        self._date_shifts = [_DAY_BITS * (size - 1 - position) for position in range(size)]

    def days_off(self, weighted: int) -> int:
        """Cost of so many weighted days off target."""
        return weighted << self._sum_shift

    def shift(self, position: int) -> int:
        """Where the date of the encounter at `position` of the protocol stands in a cost."""
        return self._date_shifts[position]

    def unplaced(self, position: int) -> int:
        """Cost of giving it no day; among equals its date counts as the latest of all."""
        return (1 << self._count_shift) + (_NO_DAY << self._date_shifts[position])

    def day(self, cost: int, position: int) -> int | None:
        """The day, within a cost, of the encounter at `position`; None where it has none."""
        digit = cost >> self._date_shifts[position] & _NO_DAY
        return None if digit == _NO_DAY else FIRST + digit

    def weighted_days(self, cost: int) -> int:
        """The sum of weighted days off target within a cost."""
        return cost >> self._sum_shift & ((1 << _SUM_BITS) - 1)

    def count_unplaced(self, cost: int) -> int:
        """The number of visits without a day within a cost."""
        return cost >> self._count_shift
