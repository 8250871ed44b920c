"""The recount finds what must not be; each fault is made by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from scheduler.appointments import Appointment
from scheduler.conflicts import Busy
from scheduler.dates import Interval, Window
from scheduler.joint.recount import recount
from scheduler.sites import Caps, Laboratory, Site
from scheduler.subject import Allocation, Visit
from tests.arms import trial, zhujiang
from tests.store.values import SHANGHAI, SLOT, VISIT

TODAY = date(2026, 3, 2)
NURSE = Interval(start=SLOT.start, end=SLOT.start + timedelta(minutes=90))
SOUND = replace(
    VISIT,
    allocations=(
        Allocation(unit="chair-1", interval=SLOT),
        Allocation(unit="nurse-1", interval=NURSE),
    ),
)


def faults(
    visit: Visit,
    standing: Sequence[Visit] = (),
    busy: Sequence[Busy] = (),
    today: date = TODAY,
    elsewhere: Sequence[Appointment] = (),
    site: Site | None = None,
) -> str:
    arm = trial().arm("bmsc")
    return "; ".join(
        recount(
            site=site or zhujiang(),
            elsewhere=elsewhere,
            today=today,
            moved=[visit],
            standing=standing,
            busy=busy,
            encounters={f"ZJ-001 {encounter.id}": encounter for encounter in arm.encounters},
        )
    )


def shifted(visit: Visit, **by: int) -> Visit:
    def later(interval: Interval) -> Interval:
        return Interval(start=interval.start + timedelta(**by), end=interval.end + timedelta(**by))

    assert visit.scheduled is not None
    taken = (Allocation(unit=a.unit, interval=later(a.interval)) for a in visit.allocations)
    return replace(visit, scheduled=later(visit.scheduled), allocations=tuple(taken))


OTHER = replace(SOUND, subject="ZJ-002")
SERVICE = Interval(
    start=datetime(2026, 4, 9, 12, tzinfo=SHANGHAI), end=datetime(2026, 4, 9, 13, tzinfo=SHANGHAI)
)
SHUT = [Busy.of("chair", "service.ics", [SERVICE])]
DAY_3 = replace(SOUND, encounter="day-3", allocations=(), scheduled=NURSE)


LABORATORY_SHUT = replace(zhujiang(), laboratory=Laboratory(days=(True,) * 3 + (False,) * 4))
"""From Thursday to Sunday."""

AT_ANOTHER_CHAIR = replace(
    OTHER,
    allocations=(
        Allocation(unit="chair-2", interval=SLOT),
        Allocation(unit="nurse-2", interval=NURSE),
    ),
)


def test_what_is_sound_has_no_fault() -> None:
    assert faults(SOUND) == ""
    assert faults(SOUND, standing=[shifted(OTHER, days=1)]) == ""


@pytest.mark.parametrize(
    ("visit", "more", "words"),
    [
        (SOUND, {"standing": [OTHER]}, "chair-1 is taken by ZJ-001 infusion-1 and ZJ-002 inf"),
        (SOUND, {"standing": [DAY_3]}, "ZJ-001 is taken by ZJ-001 day-3 and ZJ-001 infusion-1"),
        (SOUND, {"busy": SHUT}, "chair taken 12:00-13:00 (service.ics)"),
        (SOUND, {"today": date(2026, 4, 10)}, "lies in the past"),
        (shifted(SOUND, hours=2), {}, "lies outside the opening hours"),
        (shifted(SOUND, days=2), {}, "lies outside the opening hours"),  # a Saturday
        (shifted(SOUND, days=14), {}, "lies outside its window"),
        (
            replace(SOUND, window=Window(earliest=date(2026, 4, 10), latest=date(2026, 4, 11))),
            {},
            "lies outside its window",
        ),
        (replace(SOUND, allocations=SOUND.allocations[:1]), {}, "is not given what it needs"),
        (replace(SOUND, scheduled=NURSE), {}, "is not given what it needs"),
        (replace(SOUND, scheduled=None), {}, "has no slot"),
        (SOUND, {"site": LABORATORY_SHUT}, "2026-04-09 needs the laboratory"),
    ],
)
def test_a_fault_is_found(visit: Visit, more: dict[str, Any], words: str) -> None:
    assert words in faults(visit, **more)


@pytest.mark.parametrize("cap", ["visits_per_start", "infusions_per_start", "infusions_per_day"])
def test_the_site_takes_only_so_much(cap: str) -> None:
    capped = replace(zhujiang(), caps=Caps(**{cap: 1}))
    both = [AT_ANOTHER_CHAIR]
    assert faults(SOUND, both) == ""
    assert f"2 {cap.replace('_', ' ')}, and the site takes 1" in faults(SOUND, both, site=capped)
    # What stood so before is nobody's proposal.
    others = [AT_ANOTHER_CHAIR, replace(OTHER, subject="ZJ-003")]
    assert faults(shifted(SOUND, days=-1), others, site=capped) == ""
    assert faults(SOUND, [shifted(AT_ANOTHER_CHAIR, days=1)], site=capped) == ""


def test_the_laboratory_takes_only_so_much_of_all_sites() -> None:
    laboratory = Laboratory(days=(True,) * 7, releases_per_day=1)
    site = replace(zhujiang(), laboratory=laboratory)
    [there] = (appointment.abroad() for appointment in Appointment.every([OTHER]))
    found = faults(SOUND, site=site, elsewhere=[there])
    assert found == "2026-04-09: 2 visits of kind infusion, and the laboratory takes 1"
    assert faults(SOUND, site=site) == ""
    [next_week] = Appointment.every([shifted(OTHER, days=7)])
    assert faults(SOUND, site=site, elsewhere=[next_week.abroad()]) == ""
