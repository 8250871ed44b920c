"""A CalDAV collection as a conflict calendar, on both servers."""

import pytest

from tests.caldavservers import Collection, Server, publishing
from tests.running import Schedule

CHECK = ("check", "--json")
ENDS = (("DTSTART", 8), ("DTEND", 9))


def event(uid: str, *lines: str) -> str:
    text = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN", "BEGIN:VEVENT", f"UID:{uid}"),
        *("DTSTAMP:20260101T000000Z", "SUMMARY:Ms Li", *lines, "END:VEVENT", "END:VCALENDAR"),
    )
    return "".join(f"{line}\r\n" for line in text)


def at(day: str, *more: str) -> tuple[str, ...]:
    """Nine to eleven o'clock of a day in Shanghai."""
    return (f"DTSTART:{day}T000000Z", f"DTEND:{day}T030000Z", *more)


@pytest.fixture
def collection(dav: Server) -> Collection:
    return dav.collection()


@pytest.fixture
def enrolled(
    schedule: Schedule, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> Schedule:
    """A participant whose site's nurses have their roster in the collection."""
    entry = f'[[calendar]]\nsource = "caldav+{collection.url}"\nbelongs_to = "site"'
    return publishing(schedule, monkeypatch, entry)


def test_its_events_take_time(enrolled: Schedule, collection: Collection) -> None:
    """The visits are on 3 and 10 March from 8:00 to 9:00, and on the 24th."""
    assert enrolled(*CHECK).json["blocked"] == []
    collection.put("weekly.ics", event("w", *at("20260224", "RRULE:FREQ=WEEKLY")))
    collection.put("cancelled.ics", event("c", *at("20260324", "STATUS:CANCELLED")))
    collection.put("free.ics", event("f", *at("20260324", "TRANSP:TRANSPARENT")))
    outcome = enrolled(*CHECK)
    assert outcome.code == 4
    assert [v["encounter"] for v in outcome.json["blocked"]] == ["first", "second", "last"]
    collection.put("weekly.ics", event("w", *at("20260224", "RRULE:FREQ=WEEKLY;COUNT=2")))
    assert [v["encounter"] for v in enrolled(*CHECK).json["blocked"]] == ["first"]
    move = ("visit", "move", "ZJ-001", "first", "--date", "2026-03-03", "--reason", "roster")
    outcome = enrolled(*move)
    assert outcome.code == 0
    assert "11:00–12:00" in outcome.out
    assert "Li" not in outcome.out + outcome.err


def test_what_cannot_be_read_is_told_with_its_object(
    enrolled: Schedule, collection: Collection
) -> None:
    times = (f"{name};TZID=Mars/Olympus:20260303T0{hour}0000" for name, hour in ENDS)
    collection.put("odd.ics", event("o", *times))
    outcome = enrolled(*CHECK)
    assert outcome.code == 5
    [problem] = outcome.json["incomplete"]
    assert problem.startswith("127.0.0.1 [")
    assert "odd.ics:" in problem
    assert 'no time zone "Mars/Olympus" is known' in problem


def test_a_copy_is_used_while_the_server_is_down(
    enrolled: Schedule, collection: Collection
) -> None:
    collection.put("meeting.ics", event("m", *at("20260303")))
    assert enrolled(*CHECK).code == 4
    collection.ask("DELETE", "")
    outcome = enrolled(*CHECK)
    assert outcome.code == 4
    [problem] = outcome.json["incomplete"]
    assert "a copy of 2026-02-20 01:00 UTC is used instead (it is 0 min old)" in problem
