"""A participant's own list of appointments on paper: large print, neutral words.

It holds what the participant's copy of the calendar holds and nothing else.

>>> from datetime import UTC
>>> _day(datetime(2026, 4, 9, tzinfo=UTC))
{'weekday': 3, 'day': 9, 'month': 4, 'year': 2026}
"""

from collections.abc import Iterable
from datetime import datetime

from scheduler.exporters.sheetfacts import Facts
from scheduler.exporters.typesetting import PAPERS, Templates, check, typeset
from scheduler.exporters.vevent import Edition
from scheduler.life import STANDING
from scheduler.protocol import Mode
from scheduler.sites import Audience, Site
from scheduler.subject import Visit


def appointment_sheet(
    visits: Iterable[Visit],
    *,
    site: Site,
    language: str,
    paper: str,
    printed: datetime,
    templates: Templates,
) -> bytes:
    """The PDF of one participant's standing appointments, on as many pages as it takes.

    Args:
        language: one of `templates.languages()`.
        paper: "A4" or "Letter".
        printed: an instant with a zone; it is printed and stands for the file's date.

    Raises:
        UnknownName: no such language or paper.
        BadInput: a template fails, or a character has no glyph.
    """
    check(language, paper, templates)
    edition = Edition.of(site, Audience.PARTICIPANT, language)
    standing = sorted(
        ((visit.scheduled, visit) for visit in visits if visit.scheduled),
        key=lambda slot: (slot[0].start, slot[1].ref),
    )
    shown: Facts = {
        "language": language,
        "paper": PAPERS[paper],
        "site": site.name.say(language),
        "title": edition.title,
        "notes": edition.wording.notes.say(language),
        "printed": f"{printed.astimezone(site.tz()):%Y-%m-%d}",
        "appointments": [
            {
                "day": _day(slot.start),
                "start": f"{slot.start:%H:%M}",
                "end": f"{slot.end:%H:%M}",
                "phone": visit.mode is Mode.PHONE,
                "place": edition.location(visit),
            }
            for slot, visit in standing
            if visit.status in STANDING
        ],
    }
    return typeset("appointments", shown, printed, templates)


def _day(start: datetime) -> Facts:
    """The parts of a day, for the template's own words; Monday is 0."""
    return {
        "weekday": start.weekday(),
        "day": start.day,
        "month": start.month,
        "year": start.year,
    }
