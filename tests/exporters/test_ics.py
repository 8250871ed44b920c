"""Calendars: three readers find in the file what the visits say, whatever the words."""

import importlib
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.exporters.ics import LIMIT, Cache, parts
from scheduler.exporters.vevent import uid
from scheduler.protocol import Mode
from scheduler.sites import Audience, Site, Wording
from scheduler.subject import Status, Visit
from scheduler.words import Words
from tests.arms import trial
from tests.calendars import CHANGED, TEXT, clinic, components, events, readable, visit, written

vobject = importlib.import_module("vobject")  # carries no types

DAY = date(2026, 4, 9)
AUDIENCES = st.sampled_from(Audience)
ALL = pytest.mark.parametrize("audience", Audience)


@st.composite
def visits(draw: st.DrawFn) -> list[Visit]:
    """A few visits with any text, status, day and room."""
    keys = st.tuples(st.integers(1, 3), st.sampled_from(["baseline", "day-30"]), st.integers(1, 2))
    return [
        visit(
            DAY + timedelta(days=draw(st.integers(-60, 600))),
            f"{draw(st.integers(8, 16)):02}:30",
            subject=f"ZJ-{subject:03}",
            encounter=encounter,
            occurrence=occurrence,
            label=Words.of(en=draw(TEXT), zh="第30天"),
            mode=draw(st.sampled_from(Mode)),
            status=draw(st.sampled_from(Status)),
            unverified=draw(st.booleans()),
            sequence=draw(st.integers(0, 9)),
            changed=CHANGED + timedelta(hours=draw(st.integers(0, 9999))),
        )
        for subject, encounter, occurrence in draw(st.lists(keys, max_size=6, unique=True))
    ]


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """A clinic with any wording."""
    wording = st.builds(
        Wording,
        summary=TEXT.map(lambda text: Words.of(en=text)),
        place=TEXT.map(lambda text: Words.of(en=text)),
        notes=TEXT.map(lambda text: Words.of(en=text)),
    )
    return clinic(wording={audience: draw(wording) for audience in Audience})


@given(visits(), sites(), AUDIENCES, st.sampled_from(["en", "zh"]))
def test_every_file_is_strictly_formed(
    drawn: list[Visit], site: Site, audience: Audience, language: str
) -> None:
    read = components(written(*drawn, site=site, audience=audience, language=language))
    assert [part.name for part in read.parts[1:]] == ["VEVENT"] * len(drawn)
    uids = [part.value("UID") for part in read.parts[1:]]
    assert len(set(uids)) == len(uids)
    for part in read.parts[1:]:
        assert (part.value("TRANSP") == "TRANSPARENT") == (
            part.value("X-MICROSOFT-CDO-BUSYSTATUS") == "FREE"
        )


@given(visits())
def test_icalendar_and_vobject_read_the_visits(drawn: list[Visit]) -> None:
    data = written(*drawn)
    known = {uid(visit, Audience.STAFF): visit for visit in drawn}
    theirs = {
        event.uid.value: event
        for event in vobject.readOne(data.decode()).contents.get("vevent", [])
    }
    ours = {str(event["UID"]): event for event in events(data)}
    assert ours.keys() == theirs.keys() == known.keys()
    for key, source in known.items():
        event, slot = ours[key], source.scheduled
        assert slot
        assert (event.start, event.end) == (slot.start, slot.end)
        assert (theirs[key].dtstart.value, theirs[key].dtend.value) == (slot.start, slot.end)
        assert event["SEQUENCE"] == source.sequence
        assert event.DTSTAMP == event.LAST_MODIFIED == source.changed
        assert str(event["SUMMARY"]).endswith(readable(f"ZJ-{source.subject[3:]} · {source.label}"))
        assert theirs[key].summary.value == str(event["SUMMARY"])


@given(visits(), st.randoms(), AUDIENCES)
def test_the_order_they_come_in_does_not_matter(
    drawn: list[Visit], random: Any, audience: Audience
) -> None:
    shuffled = random.sample(drawn, len(drawn))
    assert written(*shuffled, audience=audience) == written(*drawn, audience=audience)


@given(visits(), visits(), AUDIENCES)
def test_a_cache_changes_no_byte(
    before: list[Visit], after: list[Visit], audience: Audience
) -> None:
    cache: Cache = {}
    written(*before, audience=audience, cache=cache)
    moved = [replace(visit, sequence=visit.sequence + 10) for visit in after]
    cold = written(*moved, audience=audience)
    assert written(*moved, audience=audience, cache=cache) == cold
    assert written(*moved, audience=audience, cache=cache) == cold


def test_a_change_rewrites_its_own_event_only() -> None:
    one, two = visit(encounter="baseline"), visit(DAY + timedelta(days=1))
    moved = visit(DAY + timedelta(days=2), sequence=1, changed=CHANGED + timedelta(hours=1))
    before, after = components(written(one, two)), components(written(one, moved))
    assert before.parts[:2] == after.parts[:2]
    assert before.parts[2].value("UID") == after.parts[2].value("UID")
    assert after.parts[2].value("SEQUENCE") == "1"


def test_new_wording_is_never_served_from_the_cache() -> None:
    cache: Cache = {}
    old = written(visit(), audience=Audience.PARTICIPANT, cache=cache)
    wording = {Audience.PARTICIPANT: Wording(summary=Words.of(en="Clinic"))}
    new = written(visit(), audience=Audience.PARTICIPANT, site=clinic(wording=wording), cache=cache)
    assert b"Hospital appointment" in old
    assert b"SUMMARY:Clinic\r\n" in new


@ALL
def test_a_visit_without_a_slot_is_in_no_calendar(audience: Audience) -> None:
    [zone] = components(written(visit(scheduled=None), audience=audience)).parts
    assert zone.name == "VTIMEZONE"


def test_a_visit_over_new_year_has_its_zone_for_both_years() -> None:
    night = visit(date(2025, 12, 31), "22:00", zone="America/New_York", length=timedelta(hours=4))
    [event] = events(written(night, site=clinic("America/New_York")))
    assert event.end.isoformat() == "2026-01-01T02:00:00-05:00"


def test_an_assessor_sees_what_every_version_shares() -> None:
    other = replace(
        trial(), version="2", arms=(*trial().arms, replace(trial().arms[0], encounters=()))
    )
    data = written(
        visit(encounter="baseline"), audience=Audience.ASSESSOR, protocols=[trial(), other]
    )
    assert b"VEVENT" not in data


def test_an_assessor_sees_nothing_without_the_rules() -> None:
    with pytest.raises(ValueError, match="bmsc-stroke"):
        written(visit(), audience=Audience.ASSESSOR, protocols=[])


def many(n: int) -> list[Visit]:
    return [visit(subject=f"ZJ-{k:04}", at=f"{8 + k % 9:02}:00") for k in range(n)]


def test_a_small_calendar_is_one_part() -> None:
    for few in (many(0), many(3)):
        [(suffix, data)] = parts(few, site=clinic(), audience=Audience.STAFF)
        assert (suffix, data) == ("", written(*few))


def test_a_large_calendar_is_split_below_the_limit() -> None:
    whole = components(written(*many(2000)))
    files = list(parts(many(2000), site=clinic(), audience=Audience.STAFF))
    assert [suffix for suffix, _ in files] == ["-1", "-2"]
    assert all(len(data) < LIMIT for _, data in files)
    read = [components(data) for _, data in files]
    assert [event for part in read for event in part.parts[1:]] == whole.parts[1:]
    assert {str(part.lines) for part in read} == {str(whole.lines)}
