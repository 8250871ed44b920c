"""The shape of a site file: one dataclass a TOML table, one field a key.

A field made by `required` must be in the file; any other may be left out.

>>> [day for day, hours in HoursForm(monday=(Hours.parse("08:00-12:00"),)).week() if hours]
['monday']
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from scheduler.readers.forms import required
from scheduler.sites import Audience, Detail, Hours
from scheduler.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursForm:
    """The [hours] of a week; a day without a line is closed, and so are make-up days."""

    monday: tuple[Hours, ...] = ()
    tuesday: tuple[Hours, ...] = ()
    wednesday: tuple[Hours, ...] = ()
    thursday: tuple[Hours, ...] = ()
    friday: tuple[Hours, ...] = ()
    saturday: tuple[Hours, ...] = ()
    sunday: tuple[Hours, ...] = ()
    makeup: tuple[Hours, ...] = ()

    def week(self) -> tuple[tuple[str, tuple[Hours, ...]], ...]:
        """The seven days with their hours, Monday first."""
        return (
            ("monday", self.monday),
            ("tuesday", self.tuesday),
            ("wednesday", self.wednesday),
            ("thursday", self.thursday),
            ("friday", self.friday),
            ("saturday", self.saturday),
            ("sunday", self.sunday),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidaysForm:
    """The [holidays]: whose they are, and until when a government has published them."""

    country: str = required("")
    subdivision: str | None = None
    verified_through: date = required(date.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedForm:
    """A [[closed]] stretch of days, `first` to `last`; one day when `last` is left out."""

    first: date = required(date.max)
    last: date | None = None
    reason: str = required("")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedForm:
    """An [[opened]] day, whatever the week and the holidays say."""

    day: date = required(date.max)
    hours: tuple[Hours, ...] = required(())


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceForm:
    """A [resources.KIND]: how many of them there are, and what people call one."""

    label: Words = required(Words.of())
    capacity: int = required(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapsForm:
    """The [caps]: how many at most, whatever is free."""

    visits_per_start: int | None = None
    infusions_per_start: int | None = None
    infusions_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryForm:
    """The [laboratory]: its working days, its own [[laboratory.closed]] ones, and its caps."""

    days: tuple[str, ...] = required(())
    makeup: bool = False
    closed: tuple[ClosedForm, ...] = ()
    name: str = ""
    starts_per_day: int | None = None
    releases_per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarForm:
    """A [[calendar]]: a file or an address on the web, and whose time it takes."""

    source: str = required("")
    belongs_to: str = required("")


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingForm:
    """A [wording.AUDIENCE]."""

    summary: Words = Words.of()
    place: Words = Words.of()
    notes: Words = Words.of()
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingsForm:
    """The audiences that a site may have wording for."""

    staff: WordingForm | None = None
    participant: WordingForm | None = None
    assessor: WordingForm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailForm:
    """The [mail]: who the site's mails come from."""

    sender: str = required("")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientForm:
    """A [[recipient]] of the weekly mail."""

    id: str = required("")
    address: str = required("")
    language: str | None = None
    audience: Audience = Audience.STAFF
    detail: Detail = Detail.CODES
    attach: bool = False
    feed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindersForm:
    """The [reminders] of participants: how many days before, and the file of addresses."""

    days_before: int = required(1)
    addresses: str = required("")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteForm:
    """The whole file."""

    code: str = required("")
    name: Words = required(Words.of())
    zone: str = required("")
    language: str = "en"
    paper: str = "A4"
    grid: int = 30
    demo: bool = False
    hours: HoursForm = required(HoursForm())
    holidays: HolidaysForm | None = None
    closed: tuple[ClosedForm, ...] = ()
    opened: tuple[OpenedForm, ...] = ()
    resources: Mapping[str, ResourceForm] = field(default_factory=dict)
    caps: CapsForm = CapsForm()
    laboratory: LaboratoryForm | None = None
    calendar: tuple[CalendarForm, ...] = ()
    private_hosts: tuple[str, ...] = ()
    wording: WordingsForm = WordingsForm()
    people: Mapping[str, str] = field(default_factory=dict)
    mail: MailForm | None = None
    recipient: tuple[RecipientForm, ...] = ()
    reminders: RemindersForm | None = None
