r"""A site file (TOML) as a `Site`, or every problem in it.

`templates/sites/zhujiang.toml` is the shape, with a word on every key.

>>> text = '''
... code = "ZJ"
... name = { en = "Demo" }
... zone = "Asia/Shangai"
... [hours]
... monday = ["08:00-12:00", "11:00-17:30"]
... '''
>>> read(text, "demo.toml")
Traceback (most recent call last):
scheduler.errors.BadInput: 2 problems:
  demo.toml:4: zone "Asia/Shangai" is not a time zone (did you mean "Asia/Shanghai"?)
  demo.toml:6: hours.monday 11:00-17:30 overlaps 08:00-12:00
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from zoneinfo import available_timezones

from scheduler.readers import mailing
from scheduler.readers.forms import Findings, fill
from scheduler.readers.opening import check_holidays, check_week, closed_days, opened_days
from scheduler.readers.places import Path
from scheduler.readers.site_form import (
    CapsForm,
    HolidaysForm,
    HoursForm,
    LaboratoryForm,
    SiteForm,
    WordingForm,
)
from scheduler.readers.vocabulary import LANGUAGES, meant
from scheduler.sites import (
    WHOLE_SITE,
    Audience,
    Caps,
    ConflictCalendar,
    Laboratory,
    Resource,
    Role,
    Site,
    Wording,
)
from scheduler.webaddress import WebAddress, on_the_web

PAPERS = ("A4", "Letter")
"""The papers that sheets are laid out for."""

_CODE = re.compile(r"[A-Z0-9]{1,10}\Z")
_LINK = re.compile(r"https?://[^\s/]+\S*\Z")
_HOST_NAME = re.compile(r"[^\s/?#@\[\]%A-Z]+\Z")
_DAY = 24 * 60
_FINEST, _COARSEST = 5, 240
_MOST_UNITS = 100
_HIGHEST_CAP = 1000


def read(text: str, name: str) -> Site:
    """The site that `text` describes; `name` is the file's name in the problems' places.

    The sources of conflict calendars stay as written: paths count from the file's folder.

    Raises:
        BadInput: with every problem found, in the order of the text.
    """
    form, findings = fill(text, name, SiteForm)
    _check_settings(form, findings)
    check_week(form, findings)
    if form.holidays is not None:
        check_holidays(form.holidays, findings)
    closed = closed_days(("closed",), form.closed, findings)
    opened = opened_days(form.opened, closed, findings)
    resources = _resources(form, findings)
    _check_calendars(form, resources, findings)
    site = Site(
        code=form.code,
        name=form.name,
        zone=form.zone,
        hours=tuple(hours for _, hours in form.hours.week()),
        makeup=form.hours.makeup,
        closed=closed,
        opened=opened,
        grid=form.grid,
        resources=resources,
        caps=_caps(form.caps, findings),
        laboratory=_laboratory(form.laboratory, findings),
        calendars=tuple(
            ConflictCalendar(source=c.source, belongs_to=c.belongs_to) for c in form.calendar
        ),
        private_hosts=frozenset(form.private_hosts),
        wording=_wording(form, findings),
        people=_people(form, findings),
        sender=mailing.sender(form, findings),
        recipients=mailing.recipients(form, findings),
        reminders=mailing.reminders(form, findings),
        language=form.language,
        paper=form.paper,
        demo=form.demo,
    )
    findings.settle()
    return site if form.holidays is None else _with_holidays(site, form.holidays)


def _with_holidays(site: Site, form: HolidaysForm) -> Site:
    return replace(
        site,
        country=form.country,
        subdivision=form.subdivision,
        verified_through=form.verified_through,
    )


def _check_settings(form: SiteForm, findings: Findings) -> None:
    if not _CODE.match(form.code):
        what = f'"{form.code}" is not up to ten capital letters and digits'
        findings.blame(("code",), what, 'like "ZJ": participants are named after it, ZJ-001')
    zones = available_timezones()
    if form.zone not in zones:
        findings.blame(("zone",), f'"{form.zone}" is not a time zone', meant(form.zone, zones))
    for key, value, known in (
        ("language", form.language, LANGUAGES),
        ("paper", form.paper, PAPERS),
    ):
        if value not in known:
            findings.blame((key,), f'"{value}" is not one of {", ".join(known)}')
    for host in form.private_hosts:
        if not _HOST_NAME.match(host):
            what = f'"{host}" is no host name in small letters'
            findings.blame(("private_hosts",), what, 'like "calendar.hospital.example"')
    findings.within(("grid",), form.grid, _FINEST, _COARSEST)
    if findings.sound(("grid",)) and _DAY % form.grid:
        what = f"of {form.grid} minutes does not divide a day"
        findings.blame(("grid",), what, "like 10, 15, 20, 30 or 60")


def _resources(form: SiteForm, findings: Findings) -> tuple[Resource, ...]:
    resources = []
    for kind, resource in form.resources.items():
        path: Path = ("resources", kind)
        findings.identifier(path, kind)
        if kind == WHOLE_SITE:
            findings.blame(path, "is the name of the site as a whole", "rename it")
        findings.within((*path, "capacity"), resource.capacity, 1, _MOST_UNITS)
        count = resource.capacity if findings.sound(path, "capacity") else 1
        units = tuple(f"{kind}-{number}" for number in range(1, count + 1))
        for unit in units:
            if unit in form.resources:
                findings.blame(("resources", unit), f'is also the name of a unit of "{kind}"')
        resources.append(Resource(kind=kind, label=resource.label, units=units))
    return tuple(resources)


def _caps(form: CapsForm, findings: Findings) -> Caps:
    caps = {each.name: getattr(form, each.name) for each in fields(form)}
    for name, most in caps.items():
        if most is not None:
            findings.within(("caps", name), most, 1, _HIGHEST_CAP)
    return Caps(**caps)


def _laboratory(form: LaboratoryForm | None, findings: Findings) -> Laboratory | None:
    if form is None:
        return None
    names = [name for name, _ in HoursForm().week()]
    for n, day in enumerate(form.days):
        if day not in names:
            what = f'"{day}" is not a day of the week'
            findings.blame(("laboratory", "days", n), what, meant(day, names))
    if not form.days and findings.sound(("laboratory", "days")):
        findings.blame(("laboratory", "days"), "names no day", 'like ["monday", "thursday"]')
    closed = closed_days(("laboratory", "closed"), form.closed, findings)
    days = tuple(name in form.days for name in names)
    for cap, most in ((n, getattr(form, n)) for n in ("starts_per_day", "releases_per_day")):
        if most is not None:
            findings.within(("laboratory", cap), most, 1, _HIGHEST_CAP)
    return Laboratory(
        days=days,
        makeup=form.makeup,
        closed=closed,
        name=form.name.strip(),
        starts_per_day=form.starts_per_day,
        releases_per_day=form.releases_per_day,
    )


def _check_calendars(form: SiteForm, resources: Sequence[Resource], findings: Findings) -> None:
    named = [WHOLE_SITE, *(owner for r in resources for owner in (r.kind, *r.units))]
    participant = re.compile(rf"{re.escape(form.code)}-[A-Z0-9-]*[0-9]\Z", re.IGNORECASE)
    for n, calendar in enumerate(form.calendar):
        owner = calendar.belongs_to
        kind = owner.rpartition("-")[0]
        readable = findings.sound(("resources", owner)) and findings.sound(
            ("resources", kind), "capacity"
        )
        known = owner in named or participant.match(owner)
        if not known and readable and findings.sound(("code",)):
            what = f'"{owner}" is not the site, a resource or a participant of it'
            remedy = meant(owner, [*named, f"{form.code}-001"])
            findings.blame(("calendar", n, "belongs_to"), what, remedy)
        if on_the_web(calendar.source):
            _check_address(("calendar", n, "source"), calendar.source, form, findings)


def _check_address(path: Path, source: str, form: SiteForm, findings: Findings) -> None:
    try:
        address = WebAddress.parse(source)
    except ValueError as error:
        findings.blame(path, str(error))
        return
    if not address.secure and address.host not in form.private_hosts:
        what = f"is read from {address.host} without encryption"
        remedy = "write https://, or name a host of the hospital's own network in private_hosts"
        findings.blame(path, what, remedy)


def _people(form: SiteForm, findings: Findings) -> Mapping[str, Role]:
    roles = {role.value: role for role in Role}
    for login, role in form.people.items():
        if role not in roles:
            findings.blame(("people", login), f'"{role}" is not a role', meant(role, roles))
    return {login: roles[role] for login, role in form.people.items() if role in roles}


def _wording(form: SiteForm, findings: Findings) -> Mapping[Audience, Wording]:
    forms: Mapping[Audience, WordingForm | None] = {
        Audience.STAFF: form.wording.staff,
        Audience.PARTICIPANT: form.wording.participant,
        Audience.ASSESSOR: form.wording.assessor,
    }
    wording = {}
    for audience, one in forms.items():
        if one is not None:
            if one.link and not _LINK.match(one.link):
                path: Path = ("wording", audience.value, "link")
                findings.blame(path, f'"{one.link}" is not a web address', "like https://…")
            wording[audience] = Wording(
                summary=one.summary, place=one.place, notes=one.notes, link=one.link
            )
    return wording
