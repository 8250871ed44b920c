"""Zones: which sites the settings know, and where they are, without reading all of their files.

>>> known(Settings(values={}, site_files=()))
({}, ())
"""

from zoneinfo import ZoneInfo

from scheduler import files
from scheduler.config import Settings
from scheduler.errors import BadInput, Problem
from scheduler.readers.sitezone import site_zone


def known(settings: Settings) -> tuple[dict[str, ZoneInfo], tuple[Problem, ...]]:
    """The zones of the sites by their codes, and what is wrong with files that do not say them."""
    zones: dict[str, ZoneInfo] = {}
    problems: list[Problem] = []
    for path in settings.site_files:
        try:
            if found := site_zone(files.read_text(path)):
                zones.setdefault(*found)
                continue
            from scheduler.services import clinics

            clinics.read(path)
        except BadInput as error:
            problems += error.problems
    return zones, tuple(problems)
