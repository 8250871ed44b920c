"""Another slot for one visit: what is free then, and what is not."""

from dataclasses import replace
from datetime import date, time
from itertools import pairwise
from pathlib import Path

import pytest

from scheduler.demand import Demand
from scheduler.errors import BadInput
from scheduler.life import Act
from scheduler.readers import site as site_reader
from scheduler.services.clinics import Clinic
from scheduler.services.rebooking import Rebooking, SlotTaken
from scheduler.store import Book, Store
from scheduler.subject import OPEN, Visit
from tests.arms import trial
from tests.lives import CLINIC, Life, enroll
from tests.running import calendar, site_file

BOTH_CHAIRS = "no chair free for 420 min"


def taken(store: Store) -> dict[str, list[Visit]]:
    """Who holds each unit, by open visits, at one time or another."""
    holders: dict[str, list[Visit]] = {}
    for visit in store.read(lambda book: book.visits(site="ZJ")):
        if visit.status in OPEN:
            for allocation in visit.allocations:
                holders.setdefault(allocation.unit, []).append(visit)
    return holders


def with_calendar(folder: Path, belongs_to: str, *events: str) -> Clinic:
    """The demo site with a conflict calendar in its file."""
    (folder / "busy.ics").write_text(calendar(*events), encoding="utf-8")
    entry = f'[[calendar]]\nsource = "busy.ics"\nbelongs_to = "{belongs_to}"'
    return Clinic(site=site_reader.read(site_file(entry), "zj.toml"), folder=folder)


def test_bookings_of_others_are_respected(store: Store) -> None:
    lives = [enroll(store) for _ in range(3)]
    first, second, third = (life["infusion-1"].day for life in lives)
    # Two chairs and two nurses: the third comes on another day.
    assert first == second == date(2026, 4, 9)
    assert third not in {first, None}
    with pytest.raises(SlotTaken, match=BOTH_CHAIRS) as refusal:
        lives[2].move("infusion-1", "2026-04-09")
    assert "free: " in str(refusal.value)
    lives[0](Act.CANCEL, "infusion-1")
    lives[0](Act.CANCEL, "infusion-2")
    lives[2].move("infusion-1", "2026-04-09")
    assert lives[2]["infusion-2"].day == date(2026, 4, 16)


def test_a_chain_of_followers_takes_nothing_from_others(store: Store) -> None:
    lives = [enroll(store) for _ in range(3)]
    before = lives[1].visits(), lives[2].visits()
    lives[0].complete("aspiration", "2026-03-06")
    assert (lives[1].visits(), lives[2].visits()) == before
    for unit, holders in taken(store).items():
        slots = sorted(
            allocation.interval
            for visit in holders
            for allocation in visit.allocations
            if allocation.unit == unit
        )
        assert not any(a.overlaps(b) for a, b in pairwise(slots)), unit


def test_a_visit_may_move_within_its_own_slot(store: Store) -> None:
    life = enroll(store)
    life(Act.MOVE, "infusion-1", at=time(8, 30))
    life(Act.MOVE, "infusion-1", at=time(9))
    slot = life["infusion-1"].scheduled
    assert slot is not None
    assert slot.start.time() == time(9)


def test_a_chair_closed_by_a_calendar(store: Store, tmp_path: Path) -> None:
    """Both chairs are busy from Thu 04-09 to Fri 04-10: the pair is refused there, and can move."""
    life = enroll(store)
    clinic = with_calendar(tmp_path, "chair", "2026-04-09/2026-04-11")
    with pytest.raises(SlotTaken, match=r"busy\.ics"):
        life(Act.MOVE, "infusion-1", at=time(9), clinic=clinic)
    outcome = life.move("infusion-1", "2026-04-08", clinic=clinic)
    assert {after.ref for _, after in outcome.changes} >= {"infusion-1", "infusion-2", "day-8"}
    days = life.days()
    assert (days["infusion-1"], days["infusion-2"]) == ("04-08", "04-15")


def test_what_follows_avoids_calendars_too(store: Store, tmp_path: Path) -> None:
    """Infusion 2 would be on Wed 04-15, when the site is closed by a calendar."""
    life = enroll(store)
    clinic = with_calendar(tmp_path, "site", "2026-04-15")
    outcome = life.move("infusion-1", "2026-04-08", clinic=clinic, forced=True)
    assert "infusion-2" in [visit.ref for visit in outcome.unplaced]
    assert any("busy.ics" in reason for reason in life["infusion-2"].why)


def test_an_unreadable_calendar_stops_a_move(store: Store) -> None:
    life = enroll(store)
    entry = '[[calendar]]\nsource = "missing.ics"\nbelongs_to = "chair-1"'
    clinic = Clinic(site=site_reader.read(site_file(entry), "zj.toml"), folder=Path("nowhere"))
    with pytest.raises(BadInput, match=r"missing\.ics"):
        life.move("infusion-1", "2026-04-13", clinic=clinic)
    # What moves nothing asks no calendar.
    life(Act.CONFIRM, "infusion-1", clinic=clinic)


def test_unread_parts_of_calendars_are_told(store: Store, tmp_path: Path) -> None:
    life = enroll(store)
    clinic = with_calendar(tmp_path, "chair-1", "2026-04-13 08:00 09:00")
    path = tmp_path / "busy.ics"
    broken = "BEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\nEND:VCALENDAR"
    path.write_text(path.read_text().replace("END:VCALENDAR", broken))
    assert life.move("infusion-1", "2026-04-13", clinic=clinic).problems


def test_time_that_a_cancelled_visit_gave_back_is_not_given_twice(store: Store) -> None:
    first = enroll(store)
    first(Act.CANCEL, "aspiration")
    second = enroll(store)
    slot = second["aspiration"].scheduled
    assert slot == first["aspiration"].scheduled

    def free(life: Life) -> bool:
        """Whether that slot is free to a participant whose own aspiration leaves."""

        def work(book: Book) -> bool:
            rebooking = Rebooking(book, CLINIC, life.code)
            availability = rebooking.availability(rebooking.visits, frozenset({"aspiration"}))
            demand = Demand.of(trial().arm("bmsc").encounter("aspiration"))
            return bool(availability.starts(demand, date(2026, 3, 5).toordinal()) >> 480 & 1)

        return life.store.read(work)

    assert not free(first)
    assert free(second)


def test_a_site_that_opens_later_than_it_did(store: Store) -> None:
    """The slot stands where it is; a move is by the hours of today."""
    life = enroll(store)
    early = CLINIC.site.hours[0]
    hours = (tuple(replace(stretch, opens=time(10)) for stretch in early),) * 5 + ((), ())
    clinic = replace(CLINIC, site=replace(CLINIC.site, hours=hours))
    life(Act.CONFIRM, "day-30", clinic=clinic)
    life.move("day-90", "2026-07-09", clinic=clinic)
    slot = life["day-90"].scheduled
    assert slot is not None
    assert slot.start.time() == time(10)
