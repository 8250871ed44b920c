"""Sixteen desks, processes of their own, enroll at the same moment; two chairs are too few."""

from dataclasses import replace
from datetime import UTC, date, datetime
from multiprocessing import get_context
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler.services import enrollment
from scheduler.services.clinics import Clinic
from scheduler.services.enrollment import Request
from scheduler.sites import Hours
from scheduler.store import Change, Store
from tests.arms import zhujiang
from tests.databases import Databases
from tests.running import SHORT

DESKS, PLACES = 16, 10
"""Five days of one hour, on two chairs; the second infusion has the same a week later."""

HOUR = (Hours.parse("09:00-10:00"),)
CLINIC = Clinic(site=replace(zhujiang(), hours=(HOUR,) * 5 + ((), ())), folder=Path())
OVERLAPS = text(
    "SELECT count(*) FROM bookings a JOIN bookings b ON a.site = b.site AND a.unit = b.unit"
    " AND a.id < b.id AND a.start_at < b.end_at AND b.start_at < a.end_at"
)


def desk(url: str, protocol: str, number: int, together: Barrier, told: "Queue[str]") -> None:
    """Enroll one participant; say the code, or why nobody was enrolled."""
    request = Request(enrolled=date(2026, 3, 3), arm="a", protocol=protocol)
    mark = Change(user=f"desk {number}", at=datetime(2026, 3, 1, tzinfo=UTC), command="enroll")
    with Store(url, patience=60) as store:
        together.wait()
        found = enrollment.enroll(store, CLINIC, request, mark, None, None)
    lost = [missing.expected.encounter.id for missing in found.missing]
    told.put(found.subject.code if found.acceptable else f"no slot for {', '.join(lost)}")


def test_nothing_is_booked_twice_and_every_loser_is_told(
    databases: Databases, tmp_path: Path
) -> None:
    (tmp_path / "short.toml").write_text(SHORT, encoding="utf-8")
    processes = get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    with databases.book() as url:
        together, told = processes.Barrier(DESKS), processes.Queue()
        protocol = str(tmp_path / "short.toml")
        desks = [
            processes.Process(target=desk, args=(url, protocol, number, together, told))
            for number in range(DESKS)
        ]
        for each in desks:
            each.start()
        outcomes = [told.get(timeout=120) for _ in desks]
        for each in desks:
            each.join()
        assert [each.exitcode for each in desks] == [0] * DESKS
        codes = sorted(each for each in outcomes if each.startswith("ZJ-"))
        losers = [each for each in outcomes if not each.startswith("ZJ-")]
        # Whoever lost a race was placed elsewhere while there was a place.
        assert codes == [f"ZJ-{n:03}" for n in range(1, PLACES + 1)]
        assert losers == ["no slot for first, second, last"] * (DESKS - PLACES)
        with Store(url) as store:
            assert [each.code for each in store.read(lambda book: book.subjects())] == codes
            assert store.read(lambda book: book.verify()).head.number == PLACES
        with create_engine(url, poolclass=NullPool).connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM bookings")) == 2 * PLACES
            assert connection.scalar(OVERLAPS) == 0
