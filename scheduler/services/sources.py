"""Sources of conflict calendars: files, and addresses on the web.

>>> folder = Path("/etc/schedule")
>>> a, b = (located(each, folder) for each in ("chairs.ics", "webcal://calendar.example/li.ics"))
>>> print(name(a), name(b), sep=", ")
chairs.ics, calendar.example [c9a9]
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scheduler import files
from scheduler.delivery.web import Content, Web
from scheduler.errors import BadInput, Problem
from scheduler.webaddress import WebAddress, on_the_web, shown

Place = Path | WebAddress
"""Where a calendar is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A conflict calendar: where it is, and whose time it takes."""

    place: Place
    owner: str


def located(source: str, folder: Path) -> Place:
    """Where the calendar of that name is; paths count from `folder`.

    Raises:
        BadInput: it is an address that cannot be read.
    """
    if not on_the_web(source):
        return folder / source
    try:
        return WebAddress.parse(source)
    except ValueError as error:
        raise BadInput([Problem(shown(source), str(error))]) from None


def name(place: Place) -> str:
    """What a calendar is called on the screen, where no secret may be seen."""
    return place.name if isinstance(place, Path) else str(place)


def addresses(sources: Iterable[Source]) -> list[WebAddress]:
    """Those of the sources that are on the web."""
    return [source.place for source in sources if isinstance(source.place, WebAddress)]


def content(place: Place, web: Web | None) -> Content:
    """A calendar, which was fetched if it is on the web.

    Raises:
        BadInput: it cannot be read.
    """
    if isinstance(place, Path):
        return Content(parts=((name(place), files.read_bytes(place)),))
    if web is None:
        raise BadInput([Problem(name(place), "is on the web, and only files are read here")])
    return web.get(place)
