"""Calendars that follow: three successive exports, in a real program and on a real server."""

import re
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import icalendar
import pytest
from freezegun import freeze_time

from scheduler.store import Store
from tests.databases import Databases
from tests.khal import Khal
from tests.lives import supply
from tests.radicale import CalDav, caldav
from tests.running import Schedule, site_file

FIRST, LAST = date(2026, 3, 1), date(2027, 5, 31)
Record = dict[str, Any]


def done(schedule: Schedule, *commands: str) -> None:
    """Run commands; it is an error if one is refused."""
    for command in commands:
        outcome = schedule(*command.split(), "--reason", "asked for")
        assert outcome.code == 0, f"{command}: {outcome.err}"


def at(moment: str, schedule: Schedule, *commands: str) -> bytes:
    """Run visit commands at a time, then export the participant's calendar."""
    with freeze_time(moment, ignore=["_pytest.timing"]):
        done(schedule, *commands)
        return exported(schedule)


def supplied(schedule: Schedule, url: str | None = None) -> None:
    """The participant has a batch that may be given."""
    with Store(url or schedule.url) as store:
        supply(store, "ZJ-001")


def exported(schedule: Schedule, *more: str) -> bytes:
    """The participant's calendar."""
    outcome = schedule("export", "ics", "--subject", "ZJ-001", "--out", "files", *more)
    assert outcome.code == 0, outcome.err
    [name] = re.findall(r"Written: (.*)", outcome.err)
    path: Path = schedule.folder / name
    return path.read_bytes()


def records(schedule: Schedule) -> dict[str, Record]:
    """The visits that the book gives a slot, by UID."""
    return {visit["uid"]: visit for visit in schedule("show", "ZJ-001", "--json").json["visits"]}


def blocks(data: bytes) -> dict[str, bytes]:
    """The events of a file, octet by octet, by UID."""
    found = re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", data, re.S)
    return {re.findall(rb"UID:(\S+)", event)[0].decode(): event for event in found}


def sequence(event: bytes) -> int:
    return int(re.findall(rb"SEQUENCE:(\d+)", event)[0])


def one_event_a_visit(events: list[icalendar.Event], visits: dict[str, Record]) -> None:
    """Exactly one event for each visit, at its newest time, marked where it is off."""
    assert sorted(str(event["UID"]) for event in events) == sorted(visits)
    for event in events:
        visit = visits[str(event["UID"])]
        assert event.start == datetime.fromisoformat(visit["start"])
        assert event.end == datetime.fromisoformat(visit["end"])
        assert event["SEQUENCE"] == visit["sequence"]
        off = visit["status"] == "cancelled"
        assert (event["STATUS"] == "CANCELLED") == off
        assert (event["TRANSP"] == "TRANSPARENT") == off
        assert str(event["SUMMARY"]).startswith("CANCELLED: ") == off


def shown(visits: dict[str, Record]) -> list[str]:
    """What khal must show of them."""
    prefix = {"cancelled": "CANCELLED: "}
    return sorted(
        f"{_clock(v['start'])}|{_clock(v['end'])}"
        f"|{prefix.get(v['status'], '')}ZJ-001 · {v['label']}"
        for v in visits.values()
    )


def _clock(instant: str) -> str:
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M}"


def _day(event: icalendar.Event) -> date:
    """The day an event starts, in UTC."""
    start = event.start
    assert isinstance(start, datetime)
    return start.astimezone(UTC).date()


TIMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("2026-02-21T01:00:00Z", ()),
    (
        "2026-03-06T09:00:00Z",
        (
            "visit complete ZJ-001 baseline --date 2026-03-02",
            "visit complete ZJ-001 aspiration --date 2026-03-06",
            "visit move ZJ-001 day-90 --date 2026-07-10 --time 13:30",
            "visit confirm ZJ-001 infusion-1",
            "visit confirm ZJ-001 infusion-2",
        ),
    ),
    (
        "2026-04-15T09:00:00Z",
        (
            "visit complete ZJ-001 pre-check --date 2026-04-07",
            "visit complete ZJ-001 infusion-1 --date 2026-04-13 --batch B-ZJ-001",
            "visit complete ZJ-001 day-1 --date 2026-04-14",
            "visit cancel ZJ-001 infusion-2",
            "visit hold ZJ-001 day-30",
            "visit resume ZJ-001 day-30",
        ),
    ),
)
"""Three times of a life: enrolled; moved and confirmed; cancelled and completed."""


@pytest.fixture
def participant(journey: Schedule) -> Schedule:
    """The participant of the worked example, on either engine."""
    journey.enter()
    supplied(journey)
    return journey


@pytest.fixture
def khal(tmp_path: Path) -> Khal:
    return Khal(tmp_path / "khal", "Asia/Shanghai")


def test_khal_follows_three_exports(participant: Schedule, khal: Khal) -> None:
    for moment, commands in TIMES:
        khal.imports(at(moment, participant, *commands))
        assert khal.shows(FIRST, LAST) == shown(records(participant))


def test_a_caldav_server_follows_three_exports(participant: Schedule, tmp_path: Path) -> None:
    with caldav(tmp_path / "radicale") as server:
        for moment, commands in TIMES:
            before = {str(event["UID"]): event for event in server.events()}
            server.imports(at(moment, participant, *commands))
            visits = records(participant)
            one_event_a_visit(server.events(), visits)
            found_where_they_are(server, visits, before)


def found_where_they_are(
    server: CalDav, visits: dict[str, Record], before: dict[str, icalendar.Event]
) -> None:
    """The server finds every visit on its new day, and none on a day that it left."""
    for uid, visit in visits.items():
        day = datetime.fromisoformat(visit["start"]).astimezone(UTC).date()
        assert uid in {str(event["UID"]) for event in server.events_between(day, day)}
        left = _day(before[uid]) if uid in before else day
        if left != day:
            assert uid not in {str(event["UID"]) for event in server.events_between(left, left)}


def test_what_changes_from_one_export_to_the_next(participant: Schedule) -> None:
    """SEQUENCE rises exactly when time, place or status changes; what stays is the same bytes."""
    states = []
    for moment, commands in TIMES:
        data = at(moment, participant, *commands)
        states.append((blocks(data), records(participant)))
    untouched = []
    for (old, was), (new, now) in pairwise(states):
        assert old.keys() == new.keys() == was.keys()
        # A visit that counts from the cancelled one is told so, which no calendar shows.
        same = ({**was[uid], "why": now[uid]["why"]} == now[uid] for uid in old)
        untouched.append([uid for uid, is_same in zip(old, same, strict=True) if is_same])
        assert all(new[uid] == old[uid] for uid in untouched[-1])
        for uid in old:
            told = ("start", "end", "units", "status")
            changed = [was[uid][key] for key in told] != [now[uid][key] for key in told]
            if was[uid]["encounter"] != "day-30":
                assert (sequence(new[uid]) > sequence(old[uid])) == changed
    # A late aspiration moves all but the baseline, which was completed itself.
    assert [len(uids) for uids in untouched] == [0, 8]
    # Held and resumed are two changes, though the visit stands as before.
    [day_30] = [uid for uid, visit in states[2][1].items() if visit["encounter"] == "day-30"]
    assert sequence(states[2][0][day_30]) == sequence(states[1][0][day_30]) + 2


def test_another_export_is_the_same_bytes(participant: Schedule) -> None:
    moment, commands = TIMES[1]
    first = at(moment, participant, *commands)
    assert at("2026-05-01T00:00:00Z", participant) == first


def test_a_visit_that_lost_its_slot_is_sent_as_cancelled(journey: Schedule, khal: Khal) -> None:
    """Day 1 would be Sunday 2026-04-12; its event must not stay on the day it was planned for."""
    journey.enter()
    supplied(journey)
    khal.imports(exported(journey))
    data = at(
        "2026-04-13T01:00:00Z",
        journey,
        "visit complete ZJ-001 aspiration --date 2026-03-05",
        "visit complete ZJ-001 infusion-1 --date 2026-04-11 --batch B-ZJ-001",
    )
    khal.imports(data)
    slot = "2026-04-10 08:00|2026-04-10 08:30"
    of_that_day = [line for line in khal.shows(FIRST, LAST) if line.startswith(slot)]
    assert of_that_day == [f"{slot}|CANCELLED: ZJ-001 · Day 1"]
    shown_day_1 = [line for line in khal.shows(FIRST, LAST) if line.endswith("· Day 1")]
    assert shown_day_1 == of_that_day
    # Once it has a slot again, the same event stands there.
    data = at("2026-04-13T02:00:00Z", journey, "visit move ZJ-001 day-1 --date 2026-04-13 --force")
    khal.imports(data)
    shown_day_1 = [line for line in khal.shows(FIRST, LAST) if line.endswith("· Day 1")]
    assert shown_day_1 == ["2026-04-13 08:00|2026-04-13 08:30|ZJ-001 · Day 1"]


# ------------------------------------------------------------------------- reissuing


def test_a_new_wording_is_taken_over_after_a_reissue(participant: Schedule) -> None:
    own = participant.write("zj.toml", site_file())
    first = blocks(exported(participant))
    text = site_file().replace("Zhujiang Hospital, clinical research ward", "Ward 7")
    participant.write("zj.toml", text)

    def export(*more: str) -> Any:
        arguments = ("export", "ics", "--subject", "ZJ-001", "--out", "files", *more)
        return participant("--site", own, *arguments)

    with freeze_time("2026-03-01T00:00:00Z", ignore=["_pytest.timing"]):
        assert export("--reissue").code == 2
        preview = export("--reissue", "--reason", "moved to ward 7", "--dry-run")
        assert "Would reissue: 13 visits of 1 participant" in preview.err
        assert blocks(exported(participant)).keys() == first.keys()
        assert {sequence(event) for event in blocks(exported(participant)).values()} == {0}
        outcome = export("--reissue", "--reason", "moved to ward 7")
        assert outcome.code == 0
        assert "Reissued: 13 visits of 1 participant" in outcome.err
    [name] = re.findall(r"Written: (.*)", outcome.err)
    second = blocks((participant.folder / name).read_bytes())
    assert second.keys() == first.keys()
    for event in second.values():
        assert b"Ward 7" in event
        assert sequence(event) == 1
        assert b"LAST-MODIFIED:20260301T000000Z" in event


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("csv", "--reissue", "--reason", "x"), "--reissue is for calendars"),
        (("ics", "--reason", "x"), "--reason and --dry-run go with --reissue"),
        (("ics", "--dry-run"), "--reason and --dry-run go with --reissue"),
        (("ics", "--reissue"), "to reissue calendars needs a --reason"),
    ],
)
def test_what_cannot_be_reissued(
    schedule: Schedule, arguments: tuple[str, ...], words: str
) -> None:
    outcome = schedule("export", *arguments)
    assert outcome.code == 2
    assert words in outcome.err


def test_a_reissue_that_cannot_be_written_is_none(participant: Schedule) -> None:
    participant.write("files", "in the way")
    outcome = participant("export", "ics", "--reissue", "--reason", "x", "--out", "files")
    assert outcome.code == 10
    assert {visit["sequence"] for visit in records(participant).values()} == {0}


# ------------------------------------------------------------------ the blinded assessor

SHARED_LIFE = (
    ("2026-03-02T09:00:00Z", "visit complete ZJ-001 baseline --date 2026-03-02"),
    ("2026-03-03T09:00:00Z", "visit confirm ZJ-001 day-30"),
    ("2026-03-03T09:00:00Z", "visit confirm ZJ-001 day-90"),
    ("2026-03-03T09:00:00Z", "visit confirm ZJ-001 day-180"),
    ("2026-03-03T09:00:00Z", "visit confirm ZJ-001 day-360"),
    ("2026-03-04T09:00:00Z", "visit move ZJ-001 day-90 --date 2026-07-09 --time 10:00"),
    ("2026-03-05T09:00:00Z", "visit cancel ZJ-001 day-180"),
)
TREATED_LIFE = (
    ("2026-03-06T09:00:00Z", "visit complete ZJ-001 aspiration --date 2026-03-05"),
    ("2026-03-07T09:00:00Z", "visit confirm ZJ-001 day-90"),
    ("2026-03-08T09:00:00Z", "visit move ZJ-001 infusion-1 --date 2026-04-08"),
    ("2026-03-09T09:00:00Z", "visit move ZJ-001 pre-check --time 11:00"),
    ("2026-04-02T09:00:00Z", "visit complete ZJ-001 pre-check --date 2026-04-01"),
    ("2026-04-08T09:00:00Z", "visit complete ZJ-001 infusion-1 --date 2026-04-08 --batch B-ZJ-001"),
    ("2026-04-09T09:00:00Z", "visit cancel ZJ-001 infusion-2"),
    ("2026-04-10T09:00:00Z", "visit miss ZJ-001 day-1"),
    ("2026-04-10T09:00:00Z", "visit add ZJ-001 --date 2026-04-10 --time 09:00"),
)
UNTREATED_LIFE = (
    ("2026-03-07T09:00:00Z", "visit confirm ZJ-001 day-90"),
    ("2026-04-02T09:00:00Z", "visit complete ZJ-001 re-score --date 2026-04-02"),
)


def test_an_assessor_cannot_tell_the_arm(
    schedule: Schedule, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same participant in either arm: the same files, octet by octet, at every point."""

    def lived(arm: str, own_life: tuple[tuple[str, str], ...]) -> list[dict[str, bytes]]:
        seen = []
        with databases.book() as url:
            monkeypatch.setenv("SCHEDULE_DATABASE", url)
            schedule.enter(arm=arm)
            supplied(schedule, url)
            seen.append(assessed(schedule))
            for moment, command in (*SHARED_LIFE, *own_life):
                with freeze_time(moment, ignore=["_pytest.timing"]):
                    done(schedule, command)
                    if (moment, command) in SHARED_LIFE:
                        seen.append(assessed(schedule))
            seen.append(assessed(schedule))
            seen.append(assessed(schedule, "--changes-since", "2026-03-04"))
            seen.append(assessed(schedule, "--week", "2026-W15"))
            return seen

    treated, untreated = lived("bmsc", TREATED_LIFE), lived("routine", UNTREATED_LIFE)
    for one, other in zip(treated, untreated, strict=True):
        assert one == other
    [calendar] = treated[-3].values()
    assert len(blocks(calendar)) == 5  # baseline, days 30, 90, 180 and 360
    assert list(treated[0]) == ["ZJ-001-assessor.ics"]


def assessed(schedule: Schedule, *more: str) -> dict[str, bytes]:
    """The assessor's files, by name."""
    folder = schedule.folder / "assessor"
    for path in folder.glob("*"):
        path.unlink()
    outcome = schedule(
        "export", "ics", "--subject", "ZJ-001", "--audience", "assessor", "--out", "assessor", *more
    )
    assert outcome.code == 0, outcome.err
    return {path.name: path.read_bytes() for path in folder.glob("*")}


def test_a_participants_calendar_is_quiet_while_nothing_they_read_changes(
    participant: Schedule,
) -> None:
    participant.consent("ZJ-001")
    with freeze_time("2026-03-01T00:00:00Z", ignore=["_pytest.timing"]):
        done(participant, "visit confirm ZJ-001 infusion-2")
        before = blocks(exported(participant, "--audience", "participant"))
    with freeze_time("2026-03-06T09:00:00Z", ignore=["_pytest.timing"]):
        done(participant, "visit complete ZJ-001 aspiration --date 2026-03-06")
        after = blocks(exported(participant, "--audience", "participant"))
    # The window of infusion 1 has moved, and only staff read that.
    assert sum(before[uid] != after[uid] for uid in before) == 1
