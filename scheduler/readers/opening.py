"""When a site is open, of a site file: hours, holidays, closed and opened days.

>>> from scheduler.readers.forms import fill
>>> form, findings = fill("[[closed]]\\nfirst = 2026-08-03\\nreason = 'Move'", "x.toml", SiteForm)
>>> closed_days(("closed",), form.closed, findings)
{datetime.date(2026, 8, 3): 'Move'}
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from scheduler.publicholidays import countries, parts, public_holidays
from scheduler.readers.forms import Findings
from scheduler.readers.places import Path
from scheduler.readers.site_form import ClosedForm, HolidaysForm, OpenedForm, SiteForm
from scheduler.readers.vocabulary import meant
from scheduler.sites import Hours

_LONGEST_CLOSURE = timedelta(days=366)


def check_week(form: SiteForm, findings: Findings) -> None:
    """Blame hours that overlap or are out of order, and a week without any."""
    days = form.hours.week()
    for day, hours in (*days, ("makeup", form.hours.makeup)):
        _check_hours(("hours", day), hours, findings)
    if not any(hours for _, hours in days) and findings.sound(("hours",)):
        findings.blame(("hours",), "opens on no day of the week", 'like monday = ["08:00-17:30"]')


def check_holidays(form: HolidaysForm, findings: Findings) -> None:
    """Blame a country or a part of one that nobody publishes holidays of."""
    known = countries()
    if form.country not in known:
        what = f'"{form.country}" is not a country code'
        findings.blame(("holidays", "country"), what, meant(form.country, known))
    elif form.subdivision is not None and findings.sound(("holidays", "subdivision")):
        try:
            public_holidays(form.country, form.subdivision, form.verified_through.year)
        except NotImplementedError:
            what = f'"{form.subdivision}" is not a part of {form.country}'
            remedy = meant(form.subdivision, parts(form.country))
            findings.blame(("holidays", "subdivision"), what, remedy)


def closed_days(table: Path, forms: Sequence[ClosedForm], findings: Findings) -> Mapping[date, str]:
    """The days that a table closes, and why; blames what closes nothing, or twice."""
    closed: dict[date, str] = {}
    for n, form in enumerate(forms):
        path: Path = (*table, n)
        if not findings.sound(path, "first", "last"):
            continue
        last = form.last or form.first
        if last < form.first:
            findings.blame((*path, "last"), f"is {last}, before the first day {form.first}")
        elif last - form.first >= _LONGEST_CLOSURE:
            findings.blame((*path, "last"), f"is {last}, more than a year after {form.first}")
        else:
            days = [form.first + timedelta(days=d) for d in range((last - form.first).days + 1)]
            if twice := next((day for day in days if day in closed), None):
                findings.blame(path, f"closes {twice} for a second time: {closed[twice]}")
            closed.update(dict.fromkeys(days, form.reason))
    return closed


def opened_days(
    forms: Sequence[OpenedForm], closed: Mapping[date, str], findings: Findings
) -> Mapping[date, tuple[Hours, ...]]:
    """The hours of days opened out of turn; blames what is opened twice, or closed too."""
    opened: dict[date, tuple[Hours, ...]] = {}
    for n, form in enumerate(forms):
        path: Path = ("opened", n)
        _check_hours((*path, "hours"), form.hours, findings)
        if not findings.sound(path, "day"):
            continue
        if form.day in opened:
            findings.blame((*path, "day"), f"is {form.day}, which is opened twice")
        elif form.day in closed:
            what = f"is {form.day}, which is closed as well: {closed[form.day]}"
            findings.blame((*path, "day"), what, "keep one of the two")
        opened[form.day] = form.hours
    return opened


def _check_hours(path: Path, hours: Sequence[Hours], findings: Findings) -> None:
    for earlier, later in pairwise(hours):
        if later.closes <= earlier.opens:
            findings.blame(path, f"{later} is written after {earlier}", "put the earlier first")
        elif later.opens < earlier.closes:
            findings.blame(path, f"{later} overlaps {earlier}")
