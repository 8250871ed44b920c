"""A clinical site as a frozen value: zone, opening hours, closed days, resources, wording.

Whether a day is open is decided here and nowhere else: weekday hours, then the public
holidays of the country (which may also open days: China's make-up weekends), then the
site's own extra closed and extra open days, the last word.

>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai", country="CN",
...             hours=((Hours.parse("08:00-17:30"),),) * 5 + ((), ()),
...             makeup=(Hours.parse("08:00-17:30"),), verified_through=date(2026, 12, 31))
>>> site.day(date(2026, 5, 9)).hours, site.day(date(2026, 10, 1)).closed_because
((Hours(opens=datetime.time(8, 0), closes=datetime.time(17, 30)),), 'National Day')
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from scheduler.protocol import Kind
from scheduler.publicholidays import public_holidays
from scheduler.words import Words

_CLOCK = "((?:[01][0-9]|2[0-3]):[0-5][0-9])"
_HOURS = re.compile(rf"\s*{_CLOCK}\s*-\s*{_CLOCK}\s*\Z")

WHOLE_SITE = "site"
"""The resource name of a calendar that closes everything."""


class Audience(StrEnum):
    """For whom a calendar is made."""

    STAFF = "staff"
    PARTICIPANT = "participant"
    ASSESSOR = "assessor"


class Role(StrEnum):
    """What a person named in the site file does there."""

    NURSE = "nurse"
    COORDINATOR = "coordinator"
    INVESTIGATOR = "investigator"
    LABORATORY = "laboratory"
    MONITOR = "monitor"


@dataclass(frozen=True, slots=True, order=True)
class Hours:
    """One stretch of opening, by the wall clock; a visit must fit into a single one."""

    opens: time
    closes: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "08:00-17:30"; ValueError otherwise, also when it closes before it opens."""
        match = _HOURS.match(text)
        if match is None:
            raise ValueError(f'"{text}" is not hours like "08:00-17:30"')
        opens, closes = (time.fromisoformat(at) for at in match.groups())
        if closes <= opens:
            raise ValueError(f'"{text}" closes before it opens')
        return cls(opens, closes)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDay:
    """One day at the site: its hours, or why it is closed.

    `unverified` marks days beyond the holidays that a government has published.
    """

    hours: tuple[Hours, ...]
    closed_because: str | None
    unverified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of thing that visits take, and its units ("chair-1", "chair-2")."""

    kind: str
    label: Words
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How many a site takes at most, whatever is free; None where that is not capped.

    `visits_per_start` and `infusions_per_start` may start at one time of the grid.
    """

    visits_per_start: int | None = None
    infusions_per_start: int | None = None
    infusions_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Laboratory:
    """On which days the cell laboratory receives cells and releases products, and how many.

    `days` has seven entries, Monday first; `makeup` says whether it works on working
    weekends.  It keeps the public holidays of the site, and `closed` days of its own.
    Every procedure starts a culture, and every infusion takes a product to release; None
    where their number is not capped.  Sites that have a laboratory of one `name` share it.
    """

    days: tuple[bool, ...]
    makeup: bool = False
    closed: Mapping[date, str] = field(default_factory=dict)
    name: str = ""
    starts_per_day: int | None = None
    releases_per_day: int | None = None

    def most(self, kind: Kind | None) -> int | None:
        """How many visits of a kind it takes on one day; None where that is not capped."""
        if kind is Kind.PROCEDURE:
            return self.starts_per_day
        return self.releases_per_day if kind is Kind.INFUSION else None

    @property
    def is_capped(self) -> bool:
        """Whether it takes only so many visits of some kind on one day."""
        return (self.starts_per_day, self.releases_per_day) != (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictCalendar:
    """A calendar and whose time it takes: "site", a kind, a unit, or a participant's code.

    `source` is a file or an address on the web, which may hold a secret.
    """

    source: str = field(repr=False)
    belongs_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a calendar says to one audience: headline, place, notes ("what to bring"), link."""

    summary: Words = Words.of()
    place: Words = Words.of()
    notes: Words = Words.of()
    link: str = ""


class Detail(StrEnum):
    """How much the weekly mail tells of a visit; each level tells less than the one before."""

    CODES = "codes"
    VISITS = "visits"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who gets the weekly mail, in which language, and how much of it.

    `id` stands for the person in the book, which never holds an address; `feed` is the
    address of the recipient's own subscribed calendar, and `attach` asks for the week as
    a calendar file.
    """

    id: str
    address: str
    language: str
    audience: Audience = Audience.STAFF
    detail: Detail = Detail.CODES
    attach: bool = False
    feed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminders:
    """When participants are reminded, and the file with their addresses, as it is written."""

    days_before: int
    addresses: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One clinic.

    `hours` has seven entries, Monday first; `makeup` are the hours of working weekends.
    `closed` maps days to reasons, `opened` days to hours; both override the public
    holidays.  Starts lie on a grid of `grid` minutes from each opening.  `people` are
    logins and their roles; where nobody is named, everybody may do everything.  Without a
    `laboratory`, no visit waits for one.
    `private_hosts` are computers inside of the hospital's network that hold calendars;
    `sender` is the address that mails come from, "" where none are sent.
    """

    code: str
    name: Words
    zone: str
    hours: tuple[tuple[Hours, ...], ...]
    makeup: tuple[Hours, ...] = ()
    country: str | None = None
    subdivision: str | None = None
    closed: Mapping[date, str] = field(default_factory=dict)
    opened: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict)
    verified_through: date | None = None
    grid: int = 30
    resources: tuple[Resource, ...] = ()
    caps: Caps = Caps()
    laboratory: Laboratory | None = None
    calendars: tuple[ConflictCalendar, ...] = ()
    private_hosts: frozenset[str] = frozenset()
    wording: Mapping[Audience, Wording] = field(default_factory=dict)
    people: Mapping[str, Role] = field(default_factory=dict)
    sender: str = ""
    recipients: tuple[Recipient, ...] = ()
    reminders: Reminders | None = None
    language: str = "en"
    paper: str = "A4"
    demo: bool = False

    @property
    def domain(self) -> str:
        """The domain of the address that mails come from."""
        return self.sender.rpartition("@")[2]

    def tz(self) -> ZoneInfo:
        """The site's zone."""
        return ZoneInfo(self.zone)

    def resource(self, kind: str) -> Resource | None:
        """The resource of that kind, if the site has it."""
        return next((r for r in self.resources if r.kind == kind), None)

    def unit_label(self, unit: str, language: str) -> str:
        """How people call a unit: "Infusion chair 1"; the unit's id where it is not known."""
        for resource in self.resources:
            if unit in resource.units:
                number = f" {resource.units.index(unit) + 1}" if len(resource.units) > 1 else ""
                return f"{resource.label.say(language)}{number}"
        return unit

    def day(self, day: date) -> SiteDay:
        """Opening hours of `day`, or why it is closed."""
        hours, closed_because = self._regular(day)
        if day in self.opened:
            hours, closed_because = self.opened[day], None
        elif day in self.closed:
            hours, closed_because = (), self.closed[day]
        known = self.verified_through is None or day <= self.verified_through
        return SiteDay(hours=hours, closed_because=closed_because, unverified=not known)

    def laboratory_shut(self, day: date) -> str | None:
        """Why the cell laboratory neither receives nor releases that day; None when it does."""
        laboratory = self.laboratory
        if laboratory is None:
            return None
        if day in laboratory.closed:
            return laboratory.closed[day]
        holidays, working = self._public(day)
        if day in working:
            return None if laboratory.makeup else f"closed on make-up days ({day:%A})"
        return holidays.get(day) or (
            None if laboratory.days[day.weekday()] else f"closed on {day:%A}s"
        )

    def _regular(self, day: date) -> tuple[tuple[Hours, ...], str | None]:
        holidays, working = self._public(day)
        if day in working:
            return self.makeup, None if self.makeup else f"closed on make-up days ({day:%A})"
        if day in holidays:
            return (), holidays[day]
        hours = self.hours[day.weekday()]
        return hours, None if hours else f"closed on {day:%A}s"

    def _public(self, day: date) -> tuple[Mapping[date, str], frozenset[date]]:
        """Holidays and working weekends of that year."""
        if self.country is None:
            return {}, frozenset()
        return public_holidays(self.country, self.subdivision, day.year)
