"""One recurrence rule (RFC 5545 3.3.10) as the wall-clock starts it gives.

Rules count by the wall clock of the event's zone, so a series keeps its hour when the
clock changes.  All times here are naive; a function takes one to UTC, where it is needed.

>>> first, last = datetime(2026, 3, 2, 9), datetime(2027, 1, 1)
>>> rule = Rule.parse("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20260312", first)
>>> [f"{start:%a %d}" for start in rule.starts(lambda local: local, after=first, before=last)]
['Mon 02', 'Thu 05', 'Mon 09', 'Thu 12']
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import Self

from dateutil.rrule import rrulestr

LIMIT = 100_000
"""Starts of one rule that are looked at; hourly over eleven years has fewer."""

ToUTC = Callable[[datetime], datetime]
"""What takes a naive wall-clock time to naive UTC."""

_STEPS = {
    "SECONDLY": timedelta(seconds=1),
    "MINUTELY": timedelta(minutes=1),
    "HOURLY": timedelta(hours=1),
    "DAILY": timedelta(days=1),
    "WEEKLY": timedelta(weeks=1),
}
_LONG_STEPS = frozenset({"MONTHLY", "YEARLY"})
_NO_TIME = timedelta(0)
_DAY = timedelta(days=1)
_MARGIN = timedelta(days=2)
"""More than any two clocks differ."""

_CYCLE_YEARS = 400
_CYCLE = timedelta(days=146_097)
"""The Gregorian calendar, weekdays included, repeats every 400 years."""

_NUMBERS = {
    "BYSECOND": range(60),
    "BYMINUTE": range(60),
    "BYHOUR": range(24),
    "BYMONTHDAY": range(1, 32),
    "BYYEARDAY": range(1, 367),
    "BYWEEKNO": range(1, 54),
    "BYMONTH": range(1, 13),
    "BYSETPOS": range(1, 367),
}
_SIGNED = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
_TIMES_OF_DAY = frozenset({"BYSECOND", "BYMINUTE", "BYHOUR"})
_KNOWN = {*_NUMBERS, "FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "WKST", "RSCALE", "SKIP"}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAY = re.compile(rf"(?:[+-]?(?:[1-9]|[1-4]\d|5[0-3]))?(?:{'|'.join(_WEEKDAYS)})")
_UNTIL = re.compile(r"(\d{8})(T\d{6})?(Z?)")


class TooManyTimes(ValueError):
    """A rule gives more than LIMIT starts; holds the first that was not looked at."""

    def __init__(self, unseen: datetime) -> None:
        super().__init__(f"gives more than {LIMIT:,} times")
        self.unseen = unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that can be expanded.

    `first` is the start of its event by the wall clock; `text` is the rule without UNTIL;
    `until` is that bound, inclusive, in UTC or by the wall clock.  `step` is the time
    between two periods, zero where that is no fixed time or where starts are counted.
    `beats` are the starts of one period, from `first`, where plain arithmetic gives them.
    """

    first: datetime
    text: str
    step: timedelta
    beats: tuple[timedelta, ...]
    until: datetime | None
    until_in_utc: bool
    whole_days: bool

    @classmethod
    def parse(cls, value: str, first: datetime, *, whole_days: bool = False) -> Self:
        """Read the RRULE or EXRULE of an event that starts at `first`, or on that whole day.

        Raises:
            ValueError: not a rule of RFC 5545, or none that the Gregorian calendar can
                answer; the message reads on from "its rule".
        """
        parts = _parts(value)
        frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
        if whole_days:
            if frequency not in _LONG_STEPS and _STEPS[frequency] < _DAY:
                raise ValueError("repeats within a day, but its event lasts whole days")
            parts = {key: text for key, text in parts.items() if key not in _TIMES_OF_DAY}
        if "BYSETPOS" in parts and frequency not in _LONG_STEPS and _STEPS[frequency] < _DAY:
            raise ValueError("picks by position within a day, which is not supported")
        until, in_utc = _until(parts.pop("UNTIL", None))
        unit = _STEPS.get(frequency, _NO_TIME) if "COUNT" not in parts else _NO_TIME
        rule = cls(
            first=first,
            text=";".join(f"{key}={text}" for key, text in parts.items()),
            step=unit * interval,
            beats=_beats(parts, first),
            until=until,
            until_in_utc=in_utc,
            whole_days=whole_days,
        )
        try:
            rrulestr(rule.text, dtstart=first)
        except ValueError:
            raise ValueError("gives no time at all") from None
        return rule

    def ended(self, local: datetime, to_utc: ToUTC) -> bool:
        """Whether the rule's UNTIL lies before a start."""
        if self.until is None:
            return False
        late = (to_utc(local) if self.until_in_utc else local) > self.until
        # Programs put the last of whole days into UNTIL in UTC or by the wall clock.
        return late and not (self.whole_days and local.date() <= self.until.date())

    def starts(self, to_utc: ToUTC, *, after: datetime, before: datetime) -> Iterator[datetime]:
        """The starts t with after <= t < before, ascending.

        Raises:
            TooManyTimes: when LIMIT starts have been looked at.
        """
        certain = before
        if self.until is not None and self.until < before + _MARGIN:
            certain, before = self.until - _MARGIN, min(before, self.until + _MARGIN)
        if self.first >= before:
            return
        after = max(after, self.first)
        starts = self._by_beat(after, before) if self.beats else self._by_search(after, before)
        for number, local in enumerate(starts):
            if local >= before:
                return
            if number == LIMIT:
                raise TooManyTimes(local)
            if local >= after and (local < certain or not self.ended(local, to_utc)):
                yield local

    def _by_beat(self, after: datetime, before: datetime) -> Iterator[datetime]:
        base = self._period(after)
        while base + self.beats[0] < before:
            for beat in self.beats:
                yield base + beat
            base += self.step

    def _by_search(self, after: datetime, before: datetime) -> Iterator[datetime]:
        # dateutil searches for a rule that never matches (30 February) to the end of the
        # calendar: in its last cycle that end is near.
        shift = _CYCLE * ((MAXYEAR - before.year) // _CYCLE_YEARS)
        first = self._period(after) if self.step else self.first
        for shifted in rrulestr(self.text, dtstart=first + shift):
            yield shifted - shift

    def _period(self, after: datetime) -> datetime:
        # Whole steps keep the rhythm.  One step is left: in its first week dateutil
        # does not see the days before it, which BYSETPOS counts.
        return self.first + max((after - self.first) // self.step - 1, 0) * self.step


def _parts(value: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in value.upper().strip("; ").split(";"):
        key, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or key not in _KNOWN or key in parts:
            raise ValueError("cannot be read")
        parts[key] = text
    if parts.get("FREQ") not in _STEPS.keys() | _LONG_STEPS:
        raise ValueError("has no known FREQ")
    if parts.pop("RSCALE", "GREGORIAN") != "GREGORIAN" or parts.pop("SKIP", "OMIT") != "OMIT":
        raise ValueError("counts by a calendar or a way (RSCALE, SKIP) that is not supported")
    for key, text in parts.items():
        if not _possible(key, text):
            raise ValueError(f"has an impossible {key}")
    return parts


def _possible(key: str, text: str) -> bool:
    if key in {"INTERVAL", "COUNT"}:
        return re.fullmatch(r"\d{1,6}", text) is not None and int(text) > 0
    if key == "WKST":
        return text in _WEEKDAYS
    if key == "BYDAY":
        return all(map(_WEEKDAY.fullmatch, text.split(",")))
    if key in _NUMBERS:
        numbers = [number.strip() for number in text.split(",")]
        sign = "[+-]?" if key in _SIGNED else ""
        return all(
            re.fullmatch(rf"{sign}\d{{1,3}}", number) and abs(int(number)) in _NUMBERS[key]
            for number in numbers
        )
    return True


def _beats(parts: Mapping[str, str], first: datetime) -> tuple[timedelta, ...]:
    """What a plain daily or weekly rule gives in each period; () where it takes a search."""
    if parts.keys() - {"FREQ", "INTERVAL", "WKST", "BYDAY"}:
        return ()
    if "BYDAY" not in parts:
        return (_NO_TIME,) if parts["FREQ"] in {"DAILY", "WEEKLY"} else ()
    days = set(parts["BYDAY"].split(","))
    if parts["FREQ"] != "WEEKLY" or not days <= set(_WEEKDAYS):
        return ()
    week = _WEEKDAYS.index(parts.get("WKST", "MO"))
    begun = (first.weekday() - week) % 7
    return tuple(_DAY * (n - begun) for n in range(7) if _WEEKDAYS[(week + n) % 7] in days)


def _until(text: str | None) -> tuple[datetime | None, bool]:
    if text is None:
        return None, False
    found = _UNTIL.fullmatch(text)
    if found is None:
        raise ValueError("has an impossible UNTIL")
    day, at, zulu = found.groups()
    try:
        if at is None:
            return datetime.combine(date.fromisoformat(day), time.max), False
        return datetime.fromisoformat(day + at), bool(zulu)
    except ValueError:
        raise ValueError("has an impossible UNTIL") from None
