"""Enrollment: codes, weights, and all or nothing."""

import re
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduler.errors import BadValue
from scheduler.services.enrollment import HEAVIEST, LIGHTEST, check_weight
from tests.running import SHORT, Schedule, site_file

CODES = st.from_regex(r"[A-Za-z0-9-]{0,8}", fullmatch=True) | st.text(max_size=40)


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_a_weight_is_one_a_person_can_have(kg: Decimal) -> None:
    if kg.is_finite() and LIGHTEST <= kg <= HEAVIEST:
        assert check_weight(kg) == kg
    else:
        with pytest.raises(BadValue, match="between 20 and 300 kg"):
            check_weight(kg)


@given(code=CODES)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_code_is_no_name_and_fits_into_a_file_name(schedule: Schedule, code: str) -> None:
    schedule.write("short.toml", SHORT)
    options = ("--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml", "--dry-run")
    outcome = schedule("enroll", *options, f"--subject={code}")
    written = re.fullmatch(r"[A-Za-z0-9-]{1,32}", code) and code.strip("-") == code
    sound = written and re.search(r"[0-9]", code)
    assert outcome.code == (0 if sound else 2), outcome.err


def test_next_code_passes_over_one_that_is_taken_elsewhere(journey: Schedule) -> None:
    """Codes are for life and for all sites, and somebody has moved."""
    journey.write("short.toml", SHORT)
    journey.write("bj.toml", site_file(code="BJ"))
    options = ("enroll", "--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml", "--json")
    assert journey(*options).json["subject"] == "ZJ-001"
    moved = journey("--site", "bj.toml", *options, "--subject", "ZJ-002")
    assert moved.json["subject"] == "ZJ-002"
    assert journey(*options).json["subject"] == "ZJ-003"


def test_what_fails_while_files_are_written_is_not_stored(journey: Schedule) -> None:
    """The calendar is written already when the sheets find their place taken."""
    journey.write("short.toml", SHORT)
    (journey.folder / ".ZJ-001-visit-sheets.pdf.part").mkdir()
    rows = journey.rows()
    command = ("enroll", "--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")
    outcome = journey(*command)
    assert outcome.code == 10
    assert "cannot write ZJ-001-visit-sheets.pdf: Is a directory" in outcome.err
    assert (journey.rows(), journey.files()) == (rows, ["short.toml"])
    assert journey(*command, "--out", "elsewhere").code == 0


def test_next_to_each_other(journey: Schedule) -> None:
    """The same commands give the same plan whatever keeps the book."""
    journey.write("short.toml", SHORT)
    for _ in range(3):
        journey.enter(arm="a", protocol="short.toml")
    found = [
        (visit["subject"], visit["encounter"], visit["start"][:16], visit["units"])
        for visit in journey("list", "--json").json["visits"]
    ]
    assert found == [
        ("ZJ-001", "first", "2026-03-03T08:00", ["chair-1"]),
        ("ZJ-002", "first", "2026-03-03T08:00", ["chair-2"]),
        ("ZJ-003", "first", "2026-03-03T09:00", ["chair-1"]),
        ("ZJ-001", "second", "2026-03-10T08:00", ["chair-1"]),
        ("ZJ-002", "second", "2026-03-10T08:00", ["chair-2"]),
        ("ZJ-003", "second", "2026-03-10T09:00", ["chair-1"]),
        ("ZJ-001", "last", "2026-03-24T08:00", []),
        ("ZJ-002", "last", "2026-03-24T08:00", []),
        ("ZJ-003", "last", "2026-03-24T08:00", []),
    ]
