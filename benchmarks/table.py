"""One row of the table of ratios: our work against a baseline from the same run.

Machines differ and are busy; the ratio of two measurements taken side by side
says more than either of them.

>>> row = Row(work="write 50,000 visits as .ics", unit="events/s", measured=18_000,
...           baseline_name="icalendar Event.add", baseline=1_800, reach=9, at_least=True)
>>> row.ratio, row.reached
(10.0, True)
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measurement, its baseline in the same unit, and the ratio to reach.

    `reach` is a ceiling for times and memory, and a floor for rates (`at_least`).
    A fixed limit is a baseline too: measured 120 MB, baseline 150 MB, reach 1.
    """

    work: str
    unit: str
    measured: float
    baseline_name: str
    baseline: float
    reach: float
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """Measured over baseline."""
        return self.measured / self.baseline

    @property
    def reached(self) -> bool:
        """Whether the ratio is on the right side of what is to be reached."""
        return self.ratio >= self.reach if self.at_least else self.ratio <= self.reach


HEADINGS = ("work", "measured", "baseline", "ratio", "reach", "reached")


def render(rows: Iterable[Row]) -> str:
    """All rows as one Markdown table, columns aligned.

    >>> print(render([Row(work="is this slot free?", unit="µs", measured=4.5,
    ...                   baseline_name="bisect on tuples", baseline=3, reach=2)]))
    | work               | measured | baseline                | ratio | reach | reached |
    | ------------------ | -------- | ----------------------- | ----- | ----- | ------- |
    | is this slot free? | 4.5 µs   | 3 µs (bisect on tuples) | 1.5   | ≤ 2   | yes     |
    """
    table = [HEADINGS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(cells, widths) for cells in (table[0], rule, *table[1:]))


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.work,
        f"{_number(row.measured)} {row.unit}",
        f"{_number(row.baseline)} {row.unit} ({row.baseline_name})",
        _number(row.ratio),
        f"{'≥' if row.at_least else '≤'} {_number(row.reach)}",
        "yes" if row.reached else "no",
    )


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
