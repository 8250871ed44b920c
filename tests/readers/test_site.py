"""A site file is read whole or refused whole, with every mistake in its line."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import shipped
from scheduler.errors import BadInput, Problem
from scheduler.readers.site import read
from scheduler.sites import Audience, Caps, ConflictCalendar, Hours, Laboratory, Site
from scheduler.words import Words

BUILT_IN = shipped.read("sites/zhujiang.toml", None).decode()

SMALL = """\
code = "M1"
name = { en = "Munich" }
zone = "Europe/Berlin"
language = "en"
paper = "Letter"
grid = 15
private_hosts = ["calendar.local"]

[hours]
monday = ["08:00-12:00", "13:00-17:00"]
saturday = ["09:00-12:00"]
makeup = ["10:00-12:00"]

[holidays]
country = "DE"
subdivision = "BY"
verified_through = 2027-12-31

[[closed]]
first = 2026-08-03
last = 2026-08-05
reason = "Renovation"

[[closed]]
first = 2026-09-01
reason = "Move"

[[opened]]
day = 2026-08-09
hours = ["09:00-10:00"]

[resources.chair]
label = { en = "Chair" }
capacity = 2

[resources.lab-bench]
label = { en = "Bench" }
capacity = 1

[caps]
visits_per_start = 3
infusions_per_start = 2
infusions_per_day = 4

[laboratory]
days = ["tuesday", "thursday"]
makeup = true
name = " Central "
starts_per_day = 2
releases_per_day = 3

[[laboratory.closed]]
first = 2026-11-03
reason = "Clean room"

[[calendar]]
source = "calendars/house.ics"
belongs_to = "site"

[[calendar]]
source = "https://example.org/chair.ics"
belongs_to = "chair-2"

[[calendar]]
source = "own.ics"
belongs_to = "M1-007"

[wording.participant]
summary = { en = "Appointment" }
place = { en = "Ward" }
notes = { en = "Bring your card" }
link = "https://example.org/visits"
"""


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with the text of a site."""
    try:
        read(text, "clinic.toml")
    except BadInput as error:
        return error.problems
    return ()


def line(text: str, snippet: str) -> int:
    """The line in which `snippet` first stands."""
    return text.count("\n", 0, text.index(snippet)) + 1


def test_every_key_gets_into_the_value() -> None:
    site = read(SMALL, "small.toml")
    assert (site.code, str(site.name), site.zone) == ("M1", "Munich", "Europe/Berlin")
    assert (site.language, site.paper, site.grid, site.demo) == ("en", "Letter", 15, False)
    assert site.hours[0] == (Hours.parse("08:00-12:00"), Hours.parse("13:00-17:00"))
    assert site.hours[5] == (Hours(time(9), time(12)),)
    assert [bool(hours) for hours in site.hours] == [True, *[False] * 4, True, False]
    assert site.makeup == (Hours(time(10), time(12)),)
    assert (site.country, site.subdivision) == ("DE", "BY")
    assert site.verified_through == date(2027, 12, 31)
    assert site.closed == {
        **{date(2026, 8, day): "Renovation" for day in (3, 4, 5)},
        date(2026, 9, 1): "Move",
    }
    assert site.opened == {date(2026, 8, 9): (Hours(time(9), time(10)),)}
    assert [(r.kind, r.units) for r in site.resources] == [
        ("chair", ("chair-1", "chair-2")),
        ("lab-bench", ("lab-bench-1",)),
    ]
    assert site.caps == Caps(visits_per_start=3, infusions_per_start=2, infusions_per_day=4)
    assert site.laboratory == Laboratory(
        days=(False, True, False, True, False, False, False),
        makeup=True,
        closed={date(2026, 11, 3): "Clean room"},
        name="Central",
        starts_per_day=2,
        releases_per_day=3,
    )
    assert site.private_hosts == {"calendar.local"}
    assert site.calendars == (
        ConflictCalendar(source="calendars/house.ics", belongs_to="site"),
        ConflictCalendar(source="https://example.org/chair.ics", belongs_to="chair-2"),
        ConflictCalendar(source="own.ics", belongs_to="M1-007"),
    )
    [(audience, wording)] = site.wording.items()
    assert audience is Audience.PARTICIPANT
    assert (wording.summary, wording.place) == (Words.of(en="Appointment"), Words.of(en="Ward"))
    assert wording.notes == Words.of(en="Bring your card")
    assert wording.link == "https://example.org/visits"


def test_a_site_without_holidays_is_verified_for_ever() -> None:
    head, _, rest = SMALL.partition("[holidays]")
    site = read(head + rest.partition("2027-12-31")[2], "small.toml")
    assert (site.country, site.subdivision, site.verified_through) == (None, None, None)


MISTAKES = [
    ('code = "M1"', "", "", "code is missing"),
    ('code = "M1"', 'code = "m1"', "", 'code "m1" is not up to ten capital letters'),
    ('code = "M1"', 'code = "MUNICH-01"', "", "like \"ZJ\": participants are named after it"),
    ("Europe/Berlin", "Europe/Munich", "", 'zone "Europe/Munich" is not a time zone'),
    ("Europe/Berlin", "../../etc", "", "is not a time zone"),
    ("Europe/Berlin", "europe/berlin", "", 'did you mean "Europe/Berlin"?'),
    ('language = "en"', 'language = "de"', "", 'language "de" is not one of en, zh'),
    ('paper = "Letter"', 'paper = "letter"', "", 'paper "letter" is not one of A4, Letter'),
    ("grid = 15", "grid = 4", "", "grid must be from 5 to 240, not 4"),
    ("grid = 15", "grid = 241", "", "grid must be from 5 to 240, not 241"),
    ("grid = 15", "grid = 25", "", "grid of 25 minutes does not divide a day"),
    # hours
    ("13:00-17:00", "11:59-17:00", "monday", "hours.monday 11:59-17:00 overlaps 08:00-12:00"),
    ("13:00-17:00", "07:00-08:00", "monday", "07:00-08:00 is written after 08:00-12:00"),
    ("13:00-17:00", "17:00-13:00", "monday", 'monday 2 "17:00-13:00" closes before it opens'),
    ("13:00-17:00", "13-17", "monday", 'hours.monday 2 "13-17" is not hours like "08:00-17:30"'),
    ("13:00-17:00", "13:00-25:00", "monday", '"13:00-25:00" is not hours like'),
    ('["09:00-12:00"]', '"09:00-12:00"', "saturday", "hours.saturday must be a list in [ ]"),
    ("saturday", "samstag", "samstag", "hours.samstag is not a key here"),
    ("makeup = [", 'makeup = ["11:00-13:00", ', "makeup", "makeup 10:00-12:00 overlaps 11:00"),
    # holidays
    ('country = "DE"\n', "", "[holidays]", "holidays.country is missing"),
    ('country = "DE"', 'country = "de"', "", 'country "de" is not a country code'),
    ('subdivision = "BY"', 'subdivision = "XY"', "", '"XY" is not a part of DE'),
    ("verified_through = 2027-12-31", "", "[holidays]", "verified_through is missing"),
    ("2027-12-31", '"2027-12-31"', "verified", "must be a day like 2026-03-02, without quotes"),
    ("2027-12-31", "2027-12-31T00:00:00", "verified", "must be a day like 2026-03-02"),
    ("2027-12-31", "0027-12-31", "verified", "dates run from 2000-01-01 to 2099-12-31"),
    # closed and opened days
    ("last = 2026-08-05", "last = 2026-08-02", "", "last is 2026-08-02, before the first day"),
    ("last = 2026-08-05", "last = 2036-08-05", "", "more than a year after 2026-08-03"),
    ('reason = "Move"', "", "[[closed]]\nfirst = 2026-09", "closed 2: reason is missing"),
    ("first = 2026-09-01", "first = 2026-08-05", "[[closed]]\nfirst = 2026-08-05",
     "closed 2 closes 2026-08-05 for a second time: Renovation"),
    ("day = 2026-08-09", "day = 2026-08-04", "", "which is closed as well: Renovation"),
    ('hours = ["09:00-10:00"]', "hours = []", "", "opened 1: hours has no entry"),
    # resources and calendars
    ("capacity = 2", "capacity = 0", "", "resources.chair.capacity must be from 1 to 100, not 0"),
    ("capacity = 2", "capacity = 10_000_000", "", "must be from 1 to 100, not 10000000"),
    ("capacity = 2", "capacity = 1", 'belongs_to = "chair-2"', 'did you mean "chair-1"?'),
    ("[resources.lab-bench]", "[resources.site]", "", "is the name of the site as a whole"),
    ("[resources.lab-bench]", "[resources.chair-1]", "", 'is also the name of a unit of "chair"'),
    ("[resources.lab-bench]", '[resources."Lab bench"]', "", "has other characters than a-z"),
    ('belongs_to = "site"', 'belongs_to = "sight"', "", "is not the site, a resource or a part"),
    ('belongs_to = "site"', 'belongs_to = "chiar"', "", 'did you mean "chair"?'),
    ('belongs_to = "site"', 'belongs_to = "ZJ-001"', "", "is not the site, a resource or a part"),
    # caps and the laboratory
    ("infusions_per_day = 4", "infusions_per_day = 0", "", "infusions_per_day must be from 1 to"),
    ("infusions_per_day = 4", 'infusions_per_day = "4"', "", "must be a whole number"),
    ("visits_per_start", "visits_pro_start", "", 'did you mean "visits_per_start"?'),
    ('"tuesday", ', '"tusday", ', "", 'days 1 "tusday" is not a day of the week (did you mean "tu'),
    ("starts_per_day = 2", "starts_per_day = 0", "", "starts_per_day must be from 1 to 1000"),
    ("releases_per_day", "release_per_day", "", 'did you mean "releases_per_day"?'),
    ('["tuesday", "thursday"]', "[]", "", "laboratory.days has no entry"),
    ('days = ["tuesday", "thursday"]', "", "[laboratory]", "laboratory.days is missing"),
    ("first = 2026-11-03", "first = 2026-11-03\nlast = 2026-11-02", "last = 2026-11-02",
     "last is 2026-11-02, before the first day"),
    ('source = "own.ics"', "", "[[calendar]]\n\nbelongs_to", "calendar 3: source is missing"),
    ("https://example.org/chair.ics", "ftp://li:pw@x/", "", "source must begin with https://"),
    ("https://example.org/chair.ics", "https:///a", "", "source is no address on the web"),
    ("https://example.org/chair.ics", "http://example.org/", "",
     "source is read from example.org without encryption"),
    ('["calendar.local"]', '["Calendar.local"]', "", '"Calendar.local" is no host name'),
    # wording
    ("[wording.participant]", "[wording.patient]", "", "wording.patient is not a key here"),
    ("[wording.participant]", "[wording.asessor]", "", 'did you mean "assessor"?'),
    ('{ en = "Ward" }', '{ ne = "Ward" }', "place", 'has the unknown language "ne"'),
    ("https://example.org/visits", "example.org", "link", 'link "example.org" is not a web'),
]  # fmt: skip  # a mistake a line


@pytest.mark.parametrize(("old", "new", "where", "what"), MISTAKES)
def test_one_mistake_is_one_problem(old: str, new: str, where: str, what: str) -> None:
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    [problem] = problems(text)
    assert what in str(problem)
    assert problem.place == f"clinic.toml:{line(text, where) if where else line(SMALL, old)}"


def test_no_secret_of_an_address_is_told() -> None:
    text = SMALL.replace("https://example.org/chair.ics", "https://li:geheim@x/private-7f3a.ics")
    for old, new in (("chair-2", "chiar"), ("https://li", "ftp://li")):
        [problem] = problems(text.replace(old, new))
        assert "geheim" not in str(problem)
        assert "private-7f3a" not in str(problem)


def test_all_mistakes_are_told_at_once() -> None:
    text = """\
code = "zj"
zone = "Asia/Shangai"
grid = 7
[hours]
monday = ["8-17"]
[resources.chair]
capacity = 0
[[calendar]]
source = "a.ics"
belongs_to = "chair-1"
"""
    assert [problem.place for problem in problems(text)] == [
        f"clinic.toml:{number}" for number in (1, 1, 2, 3, 5, 6, 7)
    ]


def test_a_week_without_hours_is_a_mistake() -> None:
    text = 'code = "A"\nname.en = "A"\nzone = "UTC"\n[hours]\nmakeup = ["08:00-12:00"]\n'
    [problem] = problems(text)
    assert problem.place == "clinic.toml:4"
    assert "hours opens on no day of the week" in problem.what


LINES = SMALL.splitlines()
VALUES = sorted({row.partition("=")[2].strip() for row in LINES if "=" in row})


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["delete", "double", "swap", "value"]),
            st.integers(0, len(LINES) - 1),
            st.integers(0, len(LINES) - 1),
            st.sampled_from([*VALUES, "-1", "[]", "{}", "true", '""', "2026-02-30", "10:00:00"]),
        ),
        max_size=4,
    )
)
def test_reading_never_fails_in_another_way(edits: list[tuple[str, int, int, str]]) -> None:
    rows = list(LINES)
    for edit, at, other, value in edits:
        match edit:
            case "delete":
                rows[at] = ""
            case "double":
                rows[at] = f"{rows[at]}\n{rows[at]}"
            case "swap":
                rows[at], rows[other] = rows[other], rows[at]
            case _:
                rows[at] = f"{rows[at].partition('=')[0]}= {value}"
    text = "\n".join(rows)
    try:
        assert isinstance(read(text, "clinic.toml"), Site)
    except BadInput as error:
        for problem in error.problems:
            name, _, number = problem.place.partition(":")
            assert name == "clinic.toml"
            assert 1 <= int(number) <= text.count("\n") + 1


def test_the_demo_site() -> None:
    site = read(BUILT_IN, "zhujiang.toml")
    assert (site.code, site.zone, site.country) == ("ZJ", "Asia/Shanghai", "CN")
    assert site.demo
    assert site.name == Words.of(
        en="Zhujiang Hospital of Southern Medical University", zh="南方医科大学珠江医院"
    )
    assert (site.grid, site.paper, site.language) == (30, "A4", "en")
    assert site.verified_through == date(2026, 12, 31)
    open_hours = (Hours.parse("08:00-17:30"),)
    assert site.hours == (*[open_hours] * 5, (), ())
    assert site.makeup == open_hours
    assert {r.kind: len(r.units) for r in site.resources} == {
        "chair": 2,
        "nurse": 2,
        "room": 2,
        "procedure-room": 1,
    }
    assert site.calendars == ()


def test_the_demo_site_has_the_working_days_of_2026() -> None:
    site = read(BUILT_IN, "zhujiang.toml")
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    closed = {day for day in days if not site.day(day).hours}
    assert len(days) - len(closed) == 248
    assert closed >= {date(2026, 2, day) for day in range(15, 24)}
    assert closed >= {date(2026, 10, day) for day in range(1, 8)}
    weekend = [day for day in days if day.weekday() > 4 and day not in closed]
    assert weekend == [
        date(2026, 1, 4),
        date(2026, 2, 14),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 9, 20),
        date(2026, 10, 10),
    ]
    assert not site.day(date(2026, 12, 31)).unverified
    assert site.day(date(2027, 1, 4)).unverified


def test_the_demo_site_tells_outsiders_nothing() -> None:
    site = read(BUILT_IN, "zhujiang.toml")
    assert site.wording[Audience.PARTICIPANT].summary.say("en") == "Hospital appointment"
    assert site.wording[Audience.PARTICIPANT].summary.say("zh") == "医院预约"
    assert site.wording[Audience.ASSESSOR].summary.say("en") == "Assessment visit"
    told = " ".join(
        text
        for audience in (Audience.PARTICIPANT, Audience.ASSESSOR)
        for words in (
            site.wording[audience].summary,
            site.wording[audience].place,
            site.wording[audience].notes,
        )
        for _, text in words.texts
    ).casefold()
    for word in ("stroke", "cell", "bmsc", "infusion", "trial", "卒中", "细胞", "输注", "试验"):
        assert word not in told
