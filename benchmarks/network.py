"""A network of sites on one book: loaded, listed, checked, exported, verified.

At scale 1 there are 50 sites and 20,000 participants with 260,000 visits, half of them
past.  Everything is done by the commands that people give, at each site in turn where a
command is a site's.  Books of two sizes, with as many sites each, tell how time grows: the
exponent is how many times it doubles when the participants double, and 1 is linear.  There
are two of the small ones, and a step's time on them is the mean of both.  All three are worked
on in turn, part by part of each step, because a machine becomes quicker and slower meanwhile.

The same is done on PostgreSQL, with fewer sites and a server for each book.  There the time is
that of the program and of the server together, and the memory that of the program.

The book is generated from a fixed seed through the store itself, with history, bookings
and seals.  Every site has a calendar that is in the way of a visit now and then.
"""

import os
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    ExitStack,
    contextmanager,
    redirect_stderr,
    redirect_stdout,
)
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, partial
from itertools import islice
from math import log
from pathlib import Path

import click
import psycopg
import pytest

from benchmarks import courses
from benchmarks.table import Row
from benchmarks.turns import Step, in_turn
from scheduler import shipped
from scheduler.availability import Availability
from scheduler.cli import run
from scheduler.placement import place
from scheduler.store import Book, Change, Store
from scheduler.subject import Status, Subject, Visit
from tests.databases import Databases, PostgresqlDatabases, SqliteFiles, postgresql_server

SITES, PARTICIPANTS = 50, 20_000
ON_POSTGRESQL = 1 / 5
"""The part of them that PostgreSQL has."""
SMALL = 1 / 4
"""The part of all participants that the smaller books have."""
UNITS = {"chair": 14, "nurse": 14, "room": 24, "procedure-room": 6}
"""Of the resources of a site; a busy day takes most of them."""
AS_OF = date(2027, 1, 4)
FIRST, DAYS = date(2026, 1, 5), 728
"""Participants enroll during these days."""
MEGABYTES = 300

CALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//benchmarks//EN
BEGIN:VEVENT
UID:1@benchmarks
DTSTAMP:20260101T000000Z
DTSTART;TZID=Asia/Shanghai:20260102T080000
DTEND;TZID=Asia/Shanghai:20260102T090000
RRULE:FREQ=MONTHLY;BYDAY=1FR
END:VEVENT
END:VCALENDAR
"""
"""On the first Friday of each month nobody can come at eight."""

COMMANDS = ("agenda", "audit", "check", "deviations", "export", "replan")
PRELOADED = [__name__, *(f"scheduler.cli.{name}" for name in COMMANDS)]
"""What the commands below would else load first, each in its process."""

CLOSED = ("--closed", "chair-1", "--from", "2027-02-01", "--to", "2027-02-12")

ALL, ONE, NONE = None, 1, 0
STEPS: dict[str, tuple[int | None, tuple[str, ...]]] = {
    "list a month of all sites": (NONE, ("list", "--from", "2027-01-01", "--to", "2027-01-31")),
    "list everything, as JSON": (NONE, ("list", "--json")),
    "look a week ahead": (NONE, ("upcoming", "--as-of", f"{AS_OF}")),
    "check against calendars": (ALL, ("check", "--as-of", f"{AS_OF}")),
    "export calendars": (ALL, ("export", "ics")),
    "export tables": (ALL, ("export", "csv")),
    "print a week's visit sheets": (ALL, ("export", "sheets", "--week", f"{AS_OF}")),
    "list deviations": (ALL, ("deviations",)),
    "re-plan one site around a closed chair": (ONE, ("replan", *CLOSED, "--as-of", f"{AS_OF}")),
    "tell one participant's trail": (NONE, ("audit", "--subject", "S00-001")),
    "export the whole trail": (NONE, ("audit", "export", "--out", "trail.csv")),
    "verify the audit trail": (NONE, ("audit", "verify")),
}
"""What is done, at how many of the sites, and by which words."""

LOADED_IN = 50
"""The parts of loading, each as many participants."""


def rows(scale: float) -> Iterator[Row]:
    """The growth and the peak memory of every step; at scale 1 the whole network."""
    yield from _grown("SQLite", _sqlite, scale)
    try:
        yield from _grown("PostgreSQL", _postgresql, scale * ON_POSTGRESQL)
    except pytest.skip.Exception as missing:
        click.echo(f"not measured: the network on PostgreSQL ({missing})", err=True)


@contextmanager
def _sqlite() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory() as folder:
        yield SqliteFiles(Path(folder))


@contextmanager
def _postgresql() -> Iterator[Databases]:
    with postgresql_server() as server:
        yield PostgresqlDatabases(server)


def _grown(
    engine: str, databases: Callable[[], AbstractContextManager[Databases]], scale: float
) -> Iterator[Row]:
    sites = max(round(SITES * scale), 1)
    many = max(round(PARTICIPANTS * scale), 3)
    few = max(round(many * SMALL), 2)
    most: tuple[float, str] = (0, "")
    with ExitStack() as networks:
        every = [
            networks.enter_context(_network(networks.enter_context(databases()), sites, count))
            for count in (few, many, few)
        ]
        for work in ("load", *STEPS):
            steps = [network(work) for network in every]
            (before, _), (seconds, megabytes), (after, _) = in_turn(steps, PRELOADED)
            most = max(most, (megabytes, work))
            yield Row(
                work=f"{engine}: {work}: {many:,} participants, {seconds:,.3g} s",
                unit="exponent",
                measured=max(log(2 * seconds / (before + after), many / few), 0),
                baseline_name="linear",
                baseline=1,
                reach=1.1,
            )
    yield Row(
        work=f"{engine}: most memory of these: {most[1]}",
        unit="MB",
        measured=most[0],
        baseline_name="limit",
        baseline=MEGABYTES,
        reach=1,
    )


@contextmanager
def _network(databases: Databases, sites: int, count: int) -> Iterator[Callable[[str], Step]]:
    """An empty database for a network, and each step on it, of which loading is the first."""
    codes = tuple(f"S{number:02}" for number in range(sites))
    with tempfile.TemporaryDirectory() as name, databases.empty() as url:
        folder = Path(name)
        for code in codes:
            (folder / f"{code}.toml").write_text(_site_file(code))
        (folder / "busy.ics").write_text(CALENDAR.replace("\n", "\r\n"))
        server = _server(url)

        def step(work: str) -> Step:
            if work == "load":
                parts = [partial(_load, url, codes, count, part) for part in range(LOADED_IN)]
                return Step(parts=[*parts, partial(_settle, url)], server=server)
            at, words = STEPS[work]
            calls = [("--site", f"{code}.toml", *words) for code in codes[:at]] or [words]
            return Step(parts=[partial(_call, folder, url, call) for call in calls], server=server)

        yield step


def _server(url: str) -> int | None:
    """The first process of the server of that database, if it has one."""
    if url.startswith("sqlite"):
        return None
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        [(told,)] = connection.execute("SELECT pg_read_file('postmaster.pid')")
    return int(told.split()[0])


def _call(folder: Path, url: str, words: Sequence[str]) -> None:
    """Run a command; what it prints goes nowhere, and its files into the folder."""
    os.chdir(folder)
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        code = run(["--config", os.devnull, "--database", url, *words])
    if code not in {0, 4}:
        raise AssertionError(f"schedule {' '.join(words)} ended with {code}")


def _site_file(code: str) -> str:
    text = shipped.read("sites/zhujiang.toml").decode()
    text = text.replace('code = "ZJ"', f'code = "{code}"').replace("demo = true", "demo = false")
    for kind, units in UNITS.items():
        text = re.sub(rf"(\[resources.{kind}\]\n.*\ncapacity =) \d+", rf"\1 {units}", text)
    return f'{text}\n[[calendar]]\nsource = "busy.ics"\nbelongs_to = "site"\n'


def _load(url: str, sites: tuple[str, ...], count: int, part: int) -> None:
    """Enter a part of all in the order of enrollment, and complete what is past of them."""
    first, last = (count * (part + more) // LOADED_IN for more in (0, 1))
    with Store(url) as store:
        for course in islice(_courses(sites, count), last - first):
            store.write(partial(_enter, course))


def _settle(url: str) -> None:
    """What PostgreSQL would soon do by itself, in the middle of some step."""
    if not url.startswith("sqlite"):
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


Course = tuple[Subject, list[Visit]]


def _enter(course: Course, book: Book) -> None:
    subject, visits = course
    enrolling = _change("enroll", subject.enrolled)
    protocol = subject.protocol, subject.protocol_version
    book.keep_protocol(enrolling, *protocol, courses.protocol_text())
    book.enroll(enrolling, subject, visits)
    past = [visit for visit in visits if visit.day and visit.day < AS_OF]
    done = _change("visit complete", AS_OF, f"papers of {subject.code}")
    book.record(done, [_done(visit, done) for visit in past])


def _change(command: str, day: date, reason: str = "") -> Change:
    return Change(
        user="bench", at=datetime.combine(day, time(1), UTC), command=command, reason=reason
    )


def _done(visit: Visit, change: Change) -> Visit:
    """The visit on its day, or, once in a while, a day after its window."""
    assert visit.day is not None
    late = visit.day.toordinal() % 20 == 0
    actual = visit.window.latest + timedelta(days=1) if late else visit.day
    return replace(visit, status=Status.COMPLETED, actual=actual, changed=change.at)


@cache
def _courses(sites: tuple[str, ...], count: int) -> Iterator[Course]:
    """Participants with all visits, on units that nobody else has that day.

    A process is given each of them once: it goes on where it stopped when it asks again.
    """
    chance, tree, clinic = random.Random(5), courses.tree(), Availability(courses.site())
    kinds = {unit: kind.kind for kind in clinic.site.resources for unit in kind.units}
    every = (FIRST + timedelta(days=n) for n in range(DAYS))
    open_days = [day for day in every if clinic.site.day(day).hours]
    # In a clinic where nobody is; those who enroll on one day have the same days.
    placed = cache(lambda day: place(tree, day, clinic).slots)
    numbers: Counter[str] = Counter()
    taken: Counter[tuple[str, str, date]] = Counter()
    for n, day in enumerate(sorted(chance.choices(open_days, k=count))):
        site = sites[n % len(sites)]
        numbers[site] += 1
        kg = Decimal(chance.randint(45, 95))
        subject = courses.subject(f"{site}-{numbers[site]:03}", site, tree.protocol, day, kg)
        visits = courses.visits(subject, placed(day), _change("enroll", day).at)
        yield subject, [_on_own_units(visit, kinds, taken) for visit in visits]


def _on_own_units(
    visit: Visit, kinds: Mapping[str, str], taken: Counter[tuple[str, str, date]]
) -> Visit:
    allocations = []
    for allocation in visit.allocations:
        kind = kinds[allocation.unit]
        place = visit.site, kind, allocation.interval.start.date()
        taken[place] += 1
        allocations.append(replace(allocation, unit=f"{kind}-{taken[place]}"))
    return replace(visit, allocations=tuple(allocations))
