"""The free time that a process keeps is that of the book, whoever writes into it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scheduler.availability import Availability
from scheduler.dates import Window
from scheduler.demand import Demand
from scheduler.life import Act
from scheduler.protocol import Need
from scheduler.services import freetime
from scheduler.services.clinics import Clinic
from scheduler.services.freetime import FreeTime, whole_quarters
from scheduler.sites import ConflictCalendar
from scheduler.store import Book, Store
from tests.databases import Databases, SqliteFiles
from tests.lives import CLINIC, Life, change, enroll
from tests.running import calendar

SPRING = Window(earliest=date(2026, 3, 1), latest=date(2026, 6, 30))
DEMANDS = [
    Demand(minutes=minutes, needs=(Need(resource=kind, minutes=minutes),) * 2)
    for kind, minutes in (("chair", 420), ("room", 30))
]
"""Both units of a kind, so that one visit is enough to be in the way."""


def asked(store: Store, clinic: Clinic = CLINIC, days: Window = SPRING) -> FreeTime:
    return store.read(lambda book: freetime.of(book, clinic, days))


def starts(free: Availability, days: Window = SPRING) -> list[int]:
    ordinals = [day.toordinal() for day in days.days()]
    found = [free.earliest(demand)[ordinal] for demand in DEMANDS for ordinal in ordinals]
    return found + [free.starts(demand, ordinal) for demand in DEMANDS for ordinal in ordinals]


def anew(store: Store, days: Window = SPRING) -> list[int]:
    """As it is told by a process that has just begun."""

    def work(book: Book) -> list[int]:
        there = book.appointments.at("ZJ", whole_quarters(days)).values()
        return starts(Availability(CLINIC.site, (), there), days)

    return store.read(work)


def test_two_processes_stay_in_step(databases: Databases) -> None:
    with databases.book() as url, Store(url) as one, Store(url) as other:
        empty = starts(asked(one).availability)
        assert empty == anew(one) == starts(asked(other).availability)
        lives = [enroll(one), enroll(other)]
        acts: list[Callable[[], object]] = [
            lambda: lives[0].move("infusion-1", "2026-04-08"),
            lambda: lives[1](Act.CANCEL, "day-30"),
            lambda: Life(other, lives[0].code, acts=3)(Act.HOLD, "day-3"),
            lambda: lives[1](Act.RESUME, "day-30"),
            lambda: enroll(other, arm="routine"),
            lambda: lives[0](Act.CANCEL, "infusion-2"),
        ]
        for act in acts:
            act()
            told = starts(asked(one).availability)
            assert told == starts(asked(other).availability) == anew(one) != empty


def test_what_a_transaction_has_changed_is_seen_in_it_and_nowhere_when_it_fails(
    store: Store,
) -> None:
    life = enroll(store)
    before = starts(asked(store).availability)

    class Failed(Exception):
        pass

    def work(book: Book) -> None:
        visit = life["infusion-1"]
        gone = replace(visit, scheduled=None, allocations=())
        book.record(change(), [gone])
        assert starts(freetime.of(book, CLINIC, SPRING).availability) != before
        raise Failed

    with pytest.raises(Failed):
        store.write(work)
    assert starts(asked(store).availability) == before == anew(store)


def test_another_book_in_the_place_of_the_old_is_read_anew(sqlite_files: SqliteFiles) -> None:
    with sqlite_files.book() as url, sqlite_files.book() as backup:
        with Store(backup) as store:
            enroll(store, at=date(2026, 3, 4))
            enroll(store, at=date(2026, 3, 4))
        with Store(url) as store:
            enroll(store)
            before = starts(asked(store).availability)
        paths = [Path(each.removeprefix("sqlite:///")) for each in (url, backup)]
        with Store(url) as store:
            asked(store)
            store.close()
            paths[0].write_bytes(paths[1].read_bytes())
            assert starts(asked(store).availability) == anew(store) != before


def test_more_days_are_read_when_they_are_asked_for(store: Store) -> None:
    enroll(store)
    year = Window(earliest=date(2026, 3, 1), latest=date(2027, 6, 1))
    asked(store)
    assert starts(asked(store, days=year).availability, year) == anew(store, year)
    assert starts(asked(store).availability) == anew(store)


def test_a_calendar_that_changed_is_read_again(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "chairs.ics"
    path.write_text(calendar("2026-04-09"))
    own = ConflictCalendar(source="chairs.ics", belongs_to="chair")
    clinic = replace(CLINIC, site=replace(CLINIC.site, calendars=(own,)), folder=tmp_path)
    [demand] = DEMANDS[:1]

    def is_open(day: date) -> bool:
        return asked(store, clinic).availability.earliest(demand)[day.toordinal()] >= 0

    assert (is_open(date(2026, 4, 9)), is_open(date(2026, 4, 10))) == (False, True)
    path.write_text(calendar("2026-04-10"))
    assert (is_open(date(2026, 4, 9)), is_open(date(2026, 4, 10))) == (True, False)
    assert asked(store).availability.earliest(demand)[date(2026, 4, 10).toordinal()] >= 0


@pytest.mark.parametrize(
    ("first", "last", "quarters"),
    [
        ("2026-01-01", "2026-03-31", "2026-01-01 2026-03-31"),
        ("2026-03-31", "2026-12-31", "2026-01-01 2026-12-31"),
        ("2025-10-01", "2026-11-30", "2025-10-01 2026-12-31"),
    ],
)
def test_whole_quarters(first: str, last: str, quarters: str) -> None:
    found = whole_quarters(
        Window(earliest=date.fromisoformat(first), latest=date.fromisoformat(last))
    )
    assert f"{found.earliest} {found.latest}" == quarters
