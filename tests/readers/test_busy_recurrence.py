"""Our expansion finds the times that `recurring_ical_events` finds, on random series.

Where the two differ on purpose, an example below says why.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduler.conflicts import merged
from scheduler.dates import Interval
from scheduler.readers import busy
from scheduler.readers.recurrence import Rule

SITE = ZoneInfo("Asia/Shanghai")
SPAN = Interval(
    start=datetime(2026, 2, 1, tzinfo=UTC), end=datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
)
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw: st.DrawFn, *, frequencies: tuple[str, ...]) -> str:
    """A rule without an end, which gives some start at least every few years."""
    frequency = draw(st.sampled_from(frequencies))
    long = frequency in {"MONTHLY", "YEARLY"}
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 5))}")
    days = draw(st.lists(st.sampled_from(WEEKDAYS), max_size=4, unique=True))
    if days and long and draw(st.booleans()):
        days = [f"{draw(st.sampled_from([-2, -1, 1, 2]))}{day}" for day in days]
    if days:
        parts.append(f"BYDAY={','.join(days)}")
    elif long and draw(st.booleans()):
        numbers = draw(st.lists(st.sampled_from([1, 15, 29, 31, -1]), min_size=1, max_size=3))
        parts.append(f"BYMONTHDAY={','.join(map(str, numbers))}")
    if frequency in {"DAILY", "WEEKLY"} or (frequency == "YEARLY" and days):
        months = draw(st.lists(st.integers(1, 12), max_size=6, unique=True))
        if months:
            parts.append(f"BYMONTH={','.join(map(str, months))}")
    if days and frequency in {"WEEKLY", "MONTHLY"} and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from(['1', '-1', '1,-1']))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(WEEKDAYS))}")
    return ";".join(parts)


def ends(first: datetime) -> st.SearchStrategy[str]:
    until = st.integers(1, 700).map(lambda n: f";UNTIL={first + timedelta(days=n):%Y%m%dT%H%M%SZ}")
    return st.just("") | st.integers(1, 60).map(lambda n: f";COUNT={n}") | until


@st.composite
def series(draw: st.DrawFn) -> bytes:
    """A calendar with one series in one zone, and what is added, excluded and changed in it."""
    zone = draw(st.sampled_from(ZONES))
    first = draw(
        st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 1)).map(
            lambda t: t.replace(minute=t.minute // 10 * 10, second=0, microsecond=0)
        )
    )
    rule = draw(rules(frequencies=("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))) + draw(ends(first))
    # The occurrences that the series is expected to have, to have something to take out.
    plain = rrulestr(rule.partition(";UNTIL")[0], dtstart=first)
    near = [*takewhile(lambda t: t < datetime(2026, 12, 1), plain)][-40:] or [first]
    some = st.lists(st.sampled_from(near), max_size=3, unique=True)
    out, changed = draw(some), draw(some)
    added = draw(st.lists(st.integers(-20, 200), max_size=3))
    length = timedelta(minutes=10 * draw(st.integers(1, 130)))

    def line(name: str, local: datetime) -> str:
        return f"{name};TZID={zone}:{local:%Y%m%dT%H%M%S}"

    lines = [
        "BEGIN:VEVENT",
        "UID:series",
        "SUMMARY:master",
        line("DTSTART", first),
        line("DTEND", first + length),
        f"RRULE:{rule}",
        *(line("EXDATE", local) for local in out),
        # Five minutes off the others, which the library would mistake; see the example below.
        *(line("RDATE", near[-1] + timedelta(hours=hours, minutes=5)) for hours in added),
        "END:VEVENT",
    ]
    for local in changed:
        # The library drops a change of an excluded occurrence; see the example below.
        if local in out:
            continue
        moved = local + timedelta(minutes=10 * draw(st.integers(-600, 600)))
        lines += [
            "BEGIN:VEVENT",
            "UID:series",
            "SUMMARY:change",
            line("RECURRENCE-ID", local),
            line("DTSTART", moved),
            line("DTEND", moved + timedelta(minutes=10 * draw(st.integers(1, 90)))),
            "END:VEVENT",
        ]
    return calendar(*lines)


def calendar(*lines: str) -> bytes:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *lines, "END:VCALENDAR", ""]
    ).encode()


def ours(data: bytes) -> tuple[Interval, ...]:
    found = busy.read(data, "series.ics", zone=SITE, span=SPAN)
    assert found.problems == ()
    return found.busy


def theirs(data: bytes) -> tuple[Interval, ...]:
    """What the library finds, with our reading of a length.

    It repeats the hours on the wall; we also keep the time that passes, by RFC 5545
    3.8.5.3, so where the clock is changed meanwhile our time may end later.
    """
    found: Any = Calendar.from_ical(data)
    masters = [event for event in found.walk("VEVENT") if event["SUMMARY"] == "master"]
    exact = _instant(masters[0]["DTEND"].dt) - _instant(masters[0]["DTSTART"].dt)

    def taken() -> Iterable[Interval]:
        for event in recurring_ical_events.of(found).between(SPAN.start, SPAN.end):
            start, end = _instant(event["DTSTART"].dt), _instant(event["DTEND"].dt)
            if event["SUMMARY"] == "master" and isinstance(event["DTSTART"].dt, datetime):
                end = max(end, start + exact)
            start, end = max(start, SPAN.start), min(end, SPAN.end)
            if start < end:
                yield Interval(start=start, end=end)

    return merged(taken())


def _instant(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), tzinfo=SITE)
    return moment.astimezone(UTC)


@settings(max_examples=300)
@given(series())
def test_timed_series_take_what_the_library_finds(data: bytes) -> None:
    assert ours(data) == theirs(data)


@settings(max_examples=150)
@given(st.data())
def test_series_of_whole_days_take_what_the_library_finds(data: st.DataObject) -> None:
    first = data.draw(st.dates(date(2024, 1, 1), date(2026, 11, 1)))
    days = data.draw(st.integers(1, 4))
    rule = data.draw(rules(frequencies=("DAILY", "WEEKLY", "MONTHLY", "YEARLY")))
    out = data.draw(st.lists(st.integers(0, 60), max_size=3))
    text = calendar(
        "BEGIN:VEVENT",
        "UID:days",
        "SUMMARY:master",
        f"DTSTART;VALUE=DATE:{first:%Y%m%d}",
        f"DTEND;VALUE=DATE:{first + timedelta(days=days):%Y%m%d}",
        f"RRULE:{rule}",
        *(f"EXDATE;VALUE=DATE:{first + timedelta(days=n):%Y%m%d}" for n in out),
        "END:VEVENT",
    )
    assert ours(text) == theirs(text)


@settings(max_examples=400)
@given(
    rules(frequencies=("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")),
    st.datetimes(datetime(2015, 1, 1), datetime(2027, 1, 1)).map(
        lambda t: t.replace(microsecond=0)
    ),
    st.integers(-400, 4000),
    st.integers(1, 500),
)
@example("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=2;INTERVAL=3", datetime(2015, 1, 7), 4000, 100)
@example("FREQ=WEEKLY;BYDAY=MO", datetime(2026, 2, 28), 0, 10)
@example("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", datetime(2016, 2, 29, 9), 0, 4000)
def test_a_rule_gives_the_starts_of_dateutil(
    text: str, first: datetime, skipped: int, days: int
) -> None:
    assume("HOURLY" not in text or skipped < 800)
    after = first + timedelta(days=skipped)
    before = after + timedelta(days=days)
    expected = takewhile(lambda t: t < before, rrulestr(text, dtstart=first))
    rule = Rule.parse(text, first)
    found = rule.starts(lambda local: local, after=after, before=before)
    assert [*found] == [t for t in expected if t >= after]


def test_a_change_of_an_excluded_occurrence_still_takes_its_time() -> None:
    """The library drops it; but somebody wrote when it is now, and did not cancel it."""
    data = calendar(
        "BEGIN:VEVENT",
        "UID:a",
        "SUMMARY:master",
        "DTSTART:20260302T010000Z",
        "DTEND:20260302T020000Z",
        "RRULE:FREQ=WEEKLY;COUNT=2",
        "EXDATE:20260309T010000Z",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:a",
        "SUMMARY:change",
        "RECURRENCE-ID:20260309T010000Z",
        "DTSTART:20260310T010000Z",
        "DTEND:20260310T020000Z",
        "END:VEVENT",
    )
    assert {*ours(data)} - {*theirs(data)} == {hour(datetime(2026, 3, 10, 1))}


def test_a_change_replaces_only_the_occurrence_it_names() -> None:
    """The library also takes its instant for a local time, and so loses another occurrence."""
    data = calendar(
        "BEGIN:VEVENT",
        "UID:a",
        "SUMMARY:master",
        "DTSTART;TZID=Asia/Shanghai:20260302T170000",
        "DTEND;TZID=Asia/Shanghai:20260302T180000",
        "RDATE;TZID=Asia/Shanghai:20260302T090000",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:a",
        "SUMMARY:change",
        "RECURRENCE-ID;TZID=Asia/Shanghai:20260302T170000",
        "DTSTART;TZID=Asia/Shanghai:20260302T190000",
        "DTEND;TZID=Asia/Shanghai:20260302T200000",
        "END:VEVENT",
    )
    nine, seven = hour(datetime(2026, 3, 2, 1)), hour(datetime(2026, 3, 2, 11))
    assert ours(data) == (nine, seven)
    assert theirs(data) == (seven,)


def hour(start: datetime) -> Interval:
    start = start.replace(tzinfo=UTC)
    return Interval(start=start, end=start + timedelta(hours=1))
