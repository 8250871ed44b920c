"""Events: each audience reads what is its business, under a UID that lasts."""

import re
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler import __version__
from scheduler.dates import Interval
from scheduler.exporters.vevent import uid
from scheduler.protocol import Kind, Mode
from scheduler.sites import Audience
from scheduler.subject import Status, Visit
from scheduler.words import Words
from tests.arms import trial, zhujiang
from tests.calendars import clinic, course, events, visit, written

GOLDEN = Path(__file__).parent / "golden"
DAY = date(2026, 4, 9)
KEYS = st.tuples(st.integers(1, 3), st.sampled_from(["baseline", "day-30"]), st.integers(1, 2))


def identified(subject: int, encounter: str, occurrence: int, **more: Any) -> Visit:
    """A visit told apart by these three."""
    key: dict[str, Any] = {
        "subject": f"ZJ-{subject:03}",
        "encounter": encounter,
        "occurrence": occurrence,
    }
    return visit(**(key | more))


@given(
    st.lists(KEYS, max_size=6, unique=True),
    st.integers(-300, 300),
    st.sampled_from(Status),
)
def test_a_uid_is_for_life(keys: list[tuple[int, str, int]], days: int, status: Status) -> None:
    later: dict[str, Any] = {"day": DAY + timedelta(days=days), "status": status, "sequence": 7}
    for audience in Audience:
        uids = [uid(identified(*key), audience) for key in keys]
        assert uids == [uid(identified(*key, **later), audience) for key in keys]


def test_no_two_share_a_uid() -> None:
    keys = product(range(1, 4), ["baseline", "day-30"], [1, 2])
    uids = [uid(identified(*key), audience) for key in keys for audience in Audience]
    assert len(set(uids)) == 36


def test_the_uid_of_today_is_that_of_next_year() -> None:
    assert uid(visit(), Audience.STAFF) == "bafa695b-9ff1-528e-920c-2fd53078acae"


def test_staff_read_window_room_and_link() -> None:
    late = visit(target=DAY - timedelta(days=2), unverified=True, actual=DAY)
    [event] = events(written(late))
    assert str(event["LOCATION"]) == "Infusion chair 2"
    assert str(event["DESCRIPTION"]).splitlines() == [
        "Window 2026-04-02 to 2026-04-16, target 2026-04-07 (2 d after target)",
        "Completed on 2026-04-09",
        "Basis: assumption",
        "Unverified: public holidays of that time are not published yet",
        "https://visits.example.org/",
    ]


def test_a_phone_visit_sends_nobody_to_the_hospital() -> None:
    for audience in Audience:
        [event] = events(written(visit(mode=Mode.PHONE), audience=audience))
        assert str(event["LOCATION"]) == "By phone"
        assert "Bring" not in str(event.get("DESCRIPTION", ""))


def test_the_second_pass_of_a_repeated_hour_is_written_in_utc() -> None:
    start = datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York"))
    slot = Interval(start=start, end=start + timedelta(hours=2))
    [event] = events(written(visit(scheduled=slot), site=clinic("America/New_York")))
    assert event.start == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert event.end == datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("audience", Audience)
def test_nobody_reads_arm_study_or_product(audience: Audience, language: str) -> None:
    for arm in trial().arms:
        data = written(
            *course(arm), audience=audience, protocols=[trial()], site=zhujiang(), language=language
        )
        text = data.replace(b"\r\n ", b"").decode().casefold()
        labels = " ".join(str(row.label) for row in arm.encounters).casefold()
        secrets = f"{trial().id} {trial().title} {arm.code} {arm.label} {' '.join(arm.aliases)} nct"
        for word in re.findall(r"\w{3,}", secrets.casefold()):
            # A label may share a word with the title: "marrow" is for staff, in the headline.
            known = audience is Audience.STAFF and word in labels
            assert known or word not in text, word
        if audience is not Audience.STAFF:
            assert not [row.label for row in arm.encounters if f" {row.label}".casefold() in text]


def test_an_assessor_cannot_tell_the_arms_apart() -> None:
    def seen(arm: int, language: str) -> list[bytes]:
        data = written(
            *course(trial().arms[arm]),
            audience=Audience.ASSESSOR,
            protocols=[trial()],
            language=language,
        )
        assert data.count(b"BEGIN:VEVENT") == len(trial().shared_encounters())
        return re.sub(rb"(DT(START|END)[^:]*|UID):.*", rb"\1", data).split(b"\r\n")

    assert seen(0, "en") == seen(1, "en")
    assert seen(0, "zh") == seen(1, "zh")


@pytest.mark.parametrize(
    ("name", "audience", "language"),
    [
        ("staff.en", Audience.STAFF, "en"),
        ("participant.zh", Audience.PARTICIPANT, "zh"),
        ("assessor.en", Audience.ASSESSOR, "en"),
    ],
)
def test_golden(name: str, audience: Audience, language: str) -> None:
    """One file an audience, to be read by people; versions stand as names in braces."""
    cancelled = visit(
        DAY + timedelta(days=21),
        encounter="day-30",
        label=Words.of(en="Day 30", zh="第30天"),
        kind=Kind.FOLLOW_UP,
        status=Status.CANCELLED,
        sequence=1,
        allocations=(),
    )
    golden = (GOLDEN / f"{name}.ics").read_bytes()
    golden = golden.replace(b"{scheduler}", __version__.encode())
    golden = golden.replace(b"{tzdata}", version("tzdata").encode())
    assert written(visit(), cancelled, audience=audience, language=language) == golden
