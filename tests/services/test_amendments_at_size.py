"""An amendment for a whole trial: 60 participants, two sites, both arms, visits in every state."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from scheduler.services import amendments, enrollment
from scheduler.services.amendments import Amendment, Request
from scheduler.services.clinics import Clinic
from scheduler.store import Book, Store
from scheduler.subject import OPEN, Status, Visit
from tests.arms import zhujiang
from tests.databases import SqliteFiles
from tests.lives import CLINIC, change, told
from tests.versions import study, version

CLINICS = {"ZJ": CLINIC, "GZ": Clinic(site=replace(zhujiang(), code="GZ"), folder=Path())}
FIRST, TODAY = date(2026, 3, 2), date(2026, 5, 11)
PEOPLE = 60
NEW = version(
    infusion_1='offset = "28 d"', day_30='window = "5 d"', day_90="minutes = 180", day_3=None
)
STATES = (Status.COMPLETED, Status.CONFIRMED, Status.HELD, Status.CANCELLED, Status.MISSED)


def enrolled(store: Store) -> None:
    """People come day after day, in turns to either site, two of three for cells."""
    days = count()
    for number in range(PEOPLE):
        site = "ZJ" if number % 2 else "GZ"
        arm = "bmsc" if number % 3 else "routine"
        while True:  # until there is a day on which everything finds a slot
            at = FIRST + timedelta(days=next(days) % 90)
            request = enrollment.Request(enrolled=at, arm=arm)
            found = enrollment.enroll(store, CLINICS[site], request, change("enroll"), None, None)
            if found.acceptable:
                break


def lived(visits: tuple[Visit, ...]) -> Iterator[Visit]:
    """What is past has mostly happened; of what is to come, some is agreed, held or called off."""
    for number, visit in enumerate(visits):
        if visit.day is not None and visit.day < TODAY:
            status = Status.MISSED if number % 11 == 0 else Status.COMPLETED
            if number % 17:  # the others wait to be recorded
                actual = visit.day if status is Status.COMPLETED else None
                yield replace(visit, status=status, actual=actual, sequence=1)
        elif number % 5 == 0:
            yield replace(visit, status=STATES[1 + number % 3], sequence=1)


def everything(book: Book) -> dict[str, tuple[Visit, ...]]:
    return {subject.code: book.visits(subject=subject.code) for subject in book.subjects()}


@pytest.fixture(scope="module")
def crowd(sqlite_files: SqliteFiles) -> Iterator[Store]:
    with sqlite_files.book() as url, Store(url) as store:
        enrolled(store)
        states = list(lived(store.read(lambda book: book.visits())))
        store.write(lambda book: book.record(change("visit"), states))
        yield store


def test_everybody_is_amended_at_once(crowd: Store) -> None:
    before = crowd.read(everything)
    stand = Counter(visit.status for visits in before.values() for visit in visits)
    assert len(before) == PEOPLE
    assert stand.keys() >= {*STATES, Status.SCHEDULED}
    request = Request(study=study(NEW), accept_unplaced=True)
    mark = change("protocol amend", "amendment 1")
    found = amendments.preview(crowd, CLINICS.__getitem__, request, mark, TODAY)
    assert crowd.read(everything) == before
    amendments.amend(crowd, CLINICS.__getitem__, request, mark, TODAY, seen=found)
    after = crowd.read(everything)
    _check(found, before, after)
    sites = {each.subject.site for each in found.amended}
    arms = {each.subject.arm for each in found.amended}
    assert (sites, arms) == ({"ZJ", "GZ"}, {"bmsc", "routine"})
    # That no chair is taken twice is the database's to say; that all is consistent, the trail's.
    assert crowd.read(lambda book: book.verify()).problems == ()


def _check(
    found: Amendment,
    before: dict[str, tuple[Visit, ...]],
    after: dict[str, tuple[Visit, ...]],
) -> None:
    listed = {(v.subject, v.ref): v for each in found.amended for _, v in each.changes}
    moved = 0
    for code, visits in after.items():
        was = {visit.ref: visit for visit in before[code]}
        for visit in visits:
            old = was[visit.ref]
            assert visit == listed.get((code, visit.ref), old), "as it was listed, or as it was"
            if old.status not in OPEN or old.status in {Status.CONFIRMED, Status.HELD}:
                assert told(visit) == told(old)
            if told(visit) != told(old) and visit.status in OPEN and visit.day:
                moved += 1
                assert visit.day >= TODAY
                assert visit.day in visit.window
    assert moved > PEOPLE / 4
    gone = [v for v in listed.values() if v.status is Status.SUPERSEDED]
    assert {visit.encounter for visit in gone} == {"day-3"}
