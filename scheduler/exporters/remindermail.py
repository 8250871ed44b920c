"""A participant's reminder of one appointment: the site's own neutral wording, in large print.

It holds what the participant's copy of the calendar holds and nothing else: no code, no
name of the visit, and no word on what is done there.

>>> words = Vocabulary("en.toml", {"reminder": {"day": "{weekday} {day} {month}",
...     "weekdays": ["Mon", "Tue"], "months": ["Jan"]}})
>>> _day(words, datetime(2026, 1, 6))
'Tue 6 Jan'
"""

from datetime import datetime
from typing import Any

from scheduler.errors import BadInput, Problem
from scheduler.exporters.mail import Letter
from scheduler.exporters.stationery import Stationery, Vocabulary
from scheduler.exporters.vevent import Edition
from scheduler.protocol import Mode
from scheduler.sites import Audience, Site
from scheduler.subject import Visit


def letter(
    visit: Visit, *, site: Site, language: str, written: datetime, stationery: Stationery
) -> Letter:
    """The letter on a visit that has an appointment.

    Raises:
        BadInput: templates or words of the hospital's own do not work.
    """
    slot = visit.scheduled
    assert slot is not None, "a reminder is of an appointment"
    zone, words = site.tz(), stationery.words(language)
    edition = Edition.of(site, Audience.PARTICIPANT, language)
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    phone = visit.mode is Mode.PHONE
    facts = {
        "language": language,
        "title": edition.title,
        "when": words.say("reminder.when"),
        "day": _day(words, start),
        "time": words.say("reminder.time", start=f"{start:%H:%M}", end=f"{end:%H:%M}"),
        "where": "" if phone else words.say("reminder.where"),
        "place": words.say("reminder.phone") if phone else edition.location(visit),
        "bring": words.say("reminder.bring"),
        "notes": edition.description(visit),
        "change": words.say("reminder.change", written=f"{written.astimezone(zone):%Y-%m-%d}"),
        "stop": words.say("reminder.stop"),
    }
    return Letter(
        subject=edition.title,
        text=stationery.write("reminder.txt", **facts),
        html=stationery.write("reminder.html", **facts),
        language=language,
    )


def _day(words: Vocabulary, start: datetime) -> str:
    """The day in full, as people say it."""
    table: Any = words.table.get("reminder")
    try:
        weekday, month = table["weekdays"][start.weekday()], table["months"][start.month - 1]
    except (KeyError, IndexError, TypeError):
        what = "reminder.weekdays and reminder.months must be seven and twelve texts"
        raise BadInput([Problem(words.name, what)]) from None
    return words.say("reminder.day", day=start.day, year=start.year, weekday=weekday, month=month)
