"""Clinics: the site to work for, and what takes its time.

A site is found by its code among the configured site files; without any, the built-in
demo site stands in, and says so.  What takes its time comes from the conflict calendars
named in its file, from calendars given on the spot, and from the book.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from scheduler import files, shipped
from scheduler.config import Settings
from scheduler.conflicts import Busy, merged
from scheduler.dates import Interval
from scheduler.delivery.web import Part, Web
from scheduler.errors import BadInput, Problem, UnknownName, UsageError
from scheduler.protocol import Arm
from scheduler.readers import site as reader
from scheduler.services import laboratories, sources
from scheduler.services.laboratories import Sharing
from scheduler.services.sources import Source
from scheduler.sites import WHOLE_SITE, ConflictCalendar, Site
from scheduler.store import Interruption
from scheduler.subject import Subject

if TYPE_CHECKING:
    from scheduler.readers.busy import BusyCalendar

DEMO = "sites/zhujiang.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A site, the folder that the calendars in its file are relative to, and the web.

    Without a `web` the calendars are files only; `sharing` is with whom its laboratory is shared.
    """

    site: Site
    folder: Path
    web: Web | None = None
    sharing: Sharing = Sharing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Busy time from calendars; `problems` are the parts that could not be read."""

    busy: tuple[Busy, ...]
    problems: tuple[Problem, ...]


class SiteNotNamed(UsageError):
    """Which of several sites is meant is not for a program to guess."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__(f"which site? Name one with --site: {', '.join(known)}")


def find(settings: Settings, code: str | None = None, web: Web | None = None) -> Clinic:
    """The clinic of that code, else of the `site` setting, else the only one, else the demo site.

    A site file that is broken is in the way of its own site only, and of placing visits at one
    whose laboratory it may share.

    Raises:
        SiteNotNamed: there are several, and none is named.
        UnknownName: no site file has that code.
        BadInput: the site's file may be one that cannot be read or is wrong, or that is one
            of two of one site; all such are listed.
    """
    wanted = code or settings.get("site")
    if wanted and wanted.endswith(".toml"):
        return _beside(settings, Path(wanted), web)
    clinics, problems = _known(settings, web)
    if wanted is None and len(clinics) > 1:
        raise SiteNotNamed(clinics)
    if wanted is not None and wanted.upper() in clinics:
        return clinics[wanted.upper()]
    if problems:
        raise BadInput(problems)
    if wanted is not None:
        raise UnknownName("site", wanted, clinics)
    return next(iter(clinics.values()))


def problems(settings: Settings) -> tuple[Problem, ...]:
    """Everything that is wrong in the configured site files."""
    return _known(settings, None)[1]


def every(settings: Settings, web: Web | None = None) -> tuple[Clinic, ...]:
    """The clinics of all `site_files`, whichever the `site` setting names; without any, that one.

    Raises:
        UnknownName: there are none, and the site of the setting is not known.
        BadInput: a site file cannot be read or is wrong, two are of one site, or two say
            different things of a laboratory that they share.
    """
    if not settings.site_files:
        return (find(settings, web=web),)
    found, problems = _known(settings, web)
    if problems:
        raise BadInput(problems)
    return tuple(found.values())


def sound(
    settings: Settings, web: Web | None = None
) -> tuple[tuple[Clinic, ...], tuple[Problem, ...]]:
    """The clinic of the `site` setting, else all that are sound; and what is wrong.

    A broken file is in the way of its own site only.

    Raises:
        UnknownName: no site file has the code of the setting.
        BadInput: no site file is sound, or not that of the setting.
    """
    if settings.get("site"):
        return (find(settings, web=web),), ()
    clinics, problems = _known(settings, web)
    if not clinics:
        raise BadInput(problems)
    return tuple(clinics.values()), problems


def _known(settings: Settings, web: Web | None) -> tuple[dict[str, Clinic], tuple[Problem, ...]]:
    """The sound clinics by code, and what is wrong with the others; without any file, the demo."""
    clinics: dict[str, Clinic] = {}
    at: dict[str, str] = {}
    twice: set[str] = set()
    problems: list[Problem] = []
    for path in settings.site_files:
        try:
            clinic = read(path, web)
        except BadInput as error:
            problems += error.problems
            continue
        if clinic.site.code in clinics:
            what = f"describes site {clinic.site.code}, as another of site_files does"
            problems.append(Problem(str(path), what, "keep one of the two"))
            twice.add(clinic.site.code)
        clinics[clinic.site.code], at[clinic.site.code] = clinic, str(path)
    if not settings.site_files:
        demo = _demo(settings.templates, web)
        clinics = {demo.site.code: demo}
    files = {at[code]: each.site for code, each in clinics.items() if code in at}
    found: dict[str, Clinic] = {}
    unread = tuple(problems)
    for code, each in clinics.items():
        sharing = laboratories.shared(each.site, at.get(code, DEMO), files, unread)
        problems += [problem for problem in sharing.problems if problem not in unread]
        if code not in twice:
            found[code] = replace(each, sharing=sharing)
    return found, tuple(problems)


def _beside(settings: Settings, path: Path, web: Web | None) -> Clinic:
    """The clinic of a site file beside those of the settings."""
    clinic = read(path, web)
    files: dict[str, Site] = {}
    unread: list[Problem] = []
    for other in settings.site_files:
        try:
            files[str(other)] = read(other).site
        except BadInput as error:
            unread += error.problems
    return replace(clinic, sharing=laboratories.shared(clinic.site, str(path), files, unread))


def read(path: Path, web: Web | None = None) -> Clinic:
    """The clinic of a site file; BadInput lists every problem."""
    site = reader.read(files.read_text(path), str(path))
    return Clinic(site=site, folder=path.parent, web=web)


def _demo(own: Path | None, web: Web | None) -> Clinic:
    text = shipped.read(DEMO, own).decode()
    return Clinic(site=reader.read(text, DEMO), folder=shipped.folder(), web=web)


class OtherSite(UsageError):
    """A participant is to be dealt with by the hours, people and words of another site."""

    def __init__(self, subject: Subject, site: Site) -> None:
        super().__init__(
            f"{subject.code} is a participant of site {subject.site}, not of {site.code};"
            f" name it before the command: schedule --site {subject.site} …"
        )


def check_site(site: Site, subject: Subject) -> None:
    """Refuse to work for another site than the participant's.

    Raises:
        OtherSite: as it says.
    """
    if subject.site != site.code:
        raise OtherSite(subject, site)


def check_resources(site: Site, arm: Arm) -> None:
    """BadInput when an arm needs kinds of resources that the site does not have."""
    there = {resource.kind for resource in site.resources}
    missing = {
        need.resource: encounter.id
        for encounter in reversed(arm.encounters)
        for need in encounter.needs
        if need.resource not in there
    }
    if missing:
        raise BadInput(
            [
                Problem(
                    f"site {site.code}",
                    f'has no resource "{kind}", which {id} needs',
                    f"add [resources.{kind}] to the site file",
                )
                for kind, id in missing.items()
            ]
        )


def taken(clinic: Clinic, given: Sequence[str], span: Interval) -> Taken:
    """Time that the site's conflict calendars and the `given` ones take within `span`.

    Given calendars belong to nobody in particular and so close the whole site.  Servers
    may have to be waited for; inside a transaction it is `taken_at_once`.

    Raises:
        BadInput: a calendar cannot be read at all; all such are listed.
    """
    named = _sources(clinic, given)
    if clinic.web:
        clinic.web.fetch(sources.addresses(named), clinic.site.private_hosts, span.start)
    return _taken(clinic, named, span)


def taken_at_once(clinic: Clinic, given: Sequence[str], span: Interval) -> Taken:
    """As `taken`, inside a transaction: nobody else shall wait for servers.

    Raises:
        Interruption: servers have to be asked first.
        BadInput: a calendar cannot be read at all; all such are listed.
    """
    named, web = _sources(clinic, given), clinic.web
    if web and (missing := web.missing(sources.addresses(named), span.start)):
        raise Interruption(lambda: web.fetch(missing, clinic.site.private_hosts, span.start))
    return _taken(clinic, named, span)


def _sources(clinic: Clinic, given: Sequence[str]) -> list[Source]:
    named = [
        *((clinic.folder, c.source, _owner(clinic.site, c)) for c in clinic.site.calendars),
        *((Path(), name, WHOLE_SITE) for name in given),
    ]
    found: list[Source] = []
    problems: list[Problem] = []
    for folder, source, owner in named:
        try:
            found.append(Source(place=sources.located(source, folder), owner=owner))
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return found


def _taken(clinic: Clinic, named: Iterable[Source], span: Interval) -> Taken:
    busy: list[Busy] = []
    problems: list[Problem] = []
    unreadable: list[Problem] = []
    for source in named:
        name = sources.name(source.place)
        try:
            content = sources.content(source.place, clinic.web)
            read = _expanded(content.parts, clinic.site.tz(), span)
        except BadInput as error:
            unreadable += error.problems
        else:
            times = [calendar.busy for calendar in read]
            intervals = times[0] if len(times) == 1 else merged(chain.from_iterable(times))
            busy.append(Busy(owner=source.owner, source=name, intervals=intervals))
            problems += [content.problem] if content.problem else []
            problems += [problem for calendar in read for problem in calendar.problems]
    if unreadable:
        raise BadInput(unreadable)
    return Taken(busy=tuple(busy), problems=tuple(problems))


@lru_cache(maxsize=64)
def _expanded(parts: tuple[Part, ...], zone: ZoneInfo, span: Interval) -> "list[BusyCalendar]":
    """A calendar's busy time; expanding recurring events takes long, so it is done once."""
    from scheduler.readers import busy

    return [busy.read(content, name, zone=zone, span=span) for name, content in parts]


def _owner(site: Site, calendar: ConflictCalendar) -> str:
    """Whose time a calendar takes; participants' codes are written in capitals in the book."""
    units = {unit for resource in site.resources for unit in (resource.kind, *resource.units)}
    owner = calendar.belongs_to
    return owner if owner in {WHOLE_SITE, *units} else owner.upper()
