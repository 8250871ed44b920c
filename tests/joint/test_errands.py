"""An errand is the same party on the other side, and says nothing that it need not say."""

import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.appointments import Appointment
from scheduler.availability import Availability
from scheduler.conflicts import Busy
from scheduler.dates import Interval
from scheduler.joint.arrangement import Arrangement, arrange
from scheduler.joint.costs import DAY, LOST, MOVED
from scheduler.joint.errands import (
    Answer,
    Participant,
    read_arrangement,
    read_party,
    write_arrangement,
    write_party,
)
from scheduler.joint.patterns import Case, Standing
from scheduler.joint.quotas import Party
from scheduler.optimizer import select
from scheduler.protocol import Kind, Mode
from scheduler.sites import (
    Audience,
    ConflictCalendar,
    Laboratory,
    Recipient,
    Reminders,
    Role,
    Wording,
)
from scheduler.words import Words
from tests.arms import clinic
from tests.joint.test_quotas import FIRST, SHIFTS, party

EIGHT = datetime(2026, 3, 4, 8, tzinfo=UTC)
HOUR = Interval(start=EIGHT, end=EIGHT + timedelta(hours=1))


def sent(plain: dict[str, Any]) -> dict[str, Any]:
    """What comes out of a column of JSON."""
    there: dict[str, Any] = json.loads(json.dumps(plain, allow_nan=False))
    return there


def furnished(party: Party, off: int) -> Party:
    """The same with time that is taken, a visit that stands, and one that has barred days."""
    site = party.availability.site
    taken = Busy.of("site", "rounds.ics", [HOUR])
    booked = Appointment(
        subject="ZJ-0",
        visit="v1",
        kind=Kind.CHECK,
        mode=Mode.VISIT,
        interval=HOUR,
        allocations=(),
        elsewhere=True,
    )
    availability = Availability(site, [taken], [booked])
    first, *others = party.cases
    day = FIRST.toordinal() + off
    own = availability.seen_by(first.code)
    stands = {"v0": Standing(day, 0, (), bool(own.starts(first.nodes()["v0"].demand, day) & 1))}
    barred = {"v1": frozenset({day + 1})}
    cases = [
        replace(first, standing=stands, barred=barred, availability=own),
        *(replace(case, availability=availability.seen_by(case.code)) for case in others),
    ]
    return replace(party, cases=cases, availability=availability)


@settings(max_examples=25)
@given(SHIFTS, st.integers(0, 4), st.integers(0, 2), st.booleans())
def test_what_was_read_is_arranged_as_what_was_written(
    shifts: list[int], off: int, most: int, held: bool
) -> None:
    here = furnished(party("ZJ", shifts, 2), off)
    if held:
        here = here.allotted({(Kind.INFUSION, FIRST.toordinal() + n): most for n in range(8)})
    plain = write_party(here)
    there = read_party(sent(plain))
    assert write_party(there) == plain
    found = arrange(here.cases, here.availability, select)
    assert arrange(there.cases, there.availability, select) == found
    assert there.taken(found) == here.taken(found)
    assert read_arrangement(sent(write_arrangement(found))) == found


def test_costs_come_back_to_the_last_digit() -> None:
    """They have more digits than a double."""
    cost, bound = 3 * LOST + 2 * MOVED + 7 * DAY + 1, 3 * LOST + 2 * MOVED - 1
    found = Arrangement(seats={("ZJ-1", "v0"): None}, cost=cost, bound=bound)
    assert read_arrangement(sent(write_arrangement(found))) == found


def test_nothing_is_left_behind() -> None:
    """Whatever a search is given is in an errand, also when somebody gives it more."""
    case = {each.name for each in fields(Case) if each.init}
    plain = {each.name for each in fields(Participant)}
    assert case - {"tree", "availability"} == plain - {"rules"}
    assert {each.name for each in fields(Party)} == {"site", "laboratory", "cases", "availability"}
    answer = {each.name for each in fields(Answer)}
    assert {each.name for each in fields(Arrangement)} - {"seats"} == answer - {
        "seated",
        "unseated",
    }


def test_no_name_address_or_reason_goes_along() -> None:
    secret = "Li Wei"
    words, shut = Words.of(en=secret), {date(2026, 3, 5): secret}
    laboratory = Laboratory(days=(True,) * 7, name="Central", closed=shut, releases_per_day=1)
    site = replace(
        clinic(laboratory=laboratory),
        name=words,
        closed=shut,
        calendars=(ConflictCalendar(source=secret, belongs_to="site"),),
        private_hosts=frozenset({secret}),
        wording={Audience.STAFF: Wording(summary=words)},
        people={secret: Role.NURSE},
        sender=secret,
        recipients=(Recipient(id=secret, address=secret, language="en"),),
        reminders=Reminders(days_before=2, addresses=secret),
    )
    availability = Availability(site, [Busy.of("site", secret, [HOUR])])
    [case] = party("ZJ", [0], 1).cases
    told = Party(
        site=site.code,
        laboratory="central",
        cases=[replace(case, availability=availability.seen_by(case.code))],
        availability=availability,
    )
    assert secret not in json.dumps(write_party(told))
