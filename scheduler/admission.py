"""The days on which a dated rule lets a person in.

Months and years are those of the calendar and clip at the month's end, so a year since
a 29 February is completed, in a common year, on 28 February.  Every bound moves with its
fact and never against it: the ends of a date that is partly known give the ends of all.

>>> rule = Elapsed(id="onset-max", fact="onset", at_most=Offset(months=36))
>>> Admission.of(rule, PartialDate.parse("2024-02")).in_words(rule)
'until 2027-02-01 or 2027-02-28'
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from dateutil.relativedelta import relativedelta

from scheduler.answers import PartialDate
from scheduler.criteria import Age, Elapsed
from scheduler.dates import Offset, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Days that a rule lets in, at the `early` and at the `late` end of what its fact may be.

    Without a bound they run to `date.max`.
    """

    early: Window
    late: Window

    @classmethod
    def of(cls, rule: Age | Elapsed, known: PartialDate) -> Self:
        """What the rule lets in when this much is known of its fact."""
        days = known.days
        return cls(early=_admitted(rule, days.earliest), late=_admitted(rule, days.latest))

    @property
    def possible(self) -> Window:
        """The days that may be let in, depending on the fact."""
        return Window(earliest=self.early.earliest, latest=self.late.latest)

    @property
    def sure(self) -> Window | None:
        """The days that are let in whatever day the fact turns out to be."""
        return self.early & self.late

    def in_words(self, rule: Elapsed) -> str:
        """The bounds that the rule sets, each at both ends of what is known."""
        bounds = []
        if rule.at_least:
            bounds.append(f"from {_either(self.early.earliest, self.late.earliest)} on")
        if rule.at_most:
            bounds.append(f"until {_either(self.early.latest, self.late.latest)}")
        return ", ".join(bounds)


def _either(early: date, late: date) -> str:
    return str(early) if early == late else f"{early} or {late}"


def _admitted(rule: Age | Elapsed, fact: date) -> Window:
    """The days that the rule lets in when its fact falls on a certain day."""
    if isinstance(rule, Age):
        first = anniversary(fact, rule.least)
        last = anniversary(fact, rule.most + 1) - timedelta(days=1)
        return Window(earliest=first, latest=last)
    return Window(
        earliest=_after(fact, rule.at_least) if rule.at_least else fact,
        latest=_after(fact, rule.at_most) if rule.at_most else date.max,
    )


def _after(day: date, offset: Offset) -> date:
    # Not Offset.after: a stroke may lie before the first day that a visit can have.
    return day + relativedelta(days=offset.days, months=offset.months)


def anniversary(day: date, years: int) -> date:
    """The same day so many years on; of a 29 February in a common year, 28 February.

    >>> anniversary(date(1960, 2, 29), 66)
    datetime.date(2026, 2, 28)
    """
    return day + relativedelta(years=years)


def completed_years(birth: date, day: date) -> int:
    """How many anniversaries of `birth` have come by `day`; negative before it.

    >>> completed_years(date(1960, 3, 2), date(2026, 3, 1))
    65
    """
    years = day.year - birth.year
    return years if anniversary(birth, years) <= day else years - 1
