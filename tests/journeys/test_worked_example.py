"""The worked example of the built-in trial, from the command to its files."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.calendars import events
from tests.journeys.worked_example import DATES, GOLDEN, documents
from tests.running import WORKED, Schedule

ROUTINE = ("baseline", "re-score", "day-14", "day-30", "day-90", "day-180", "day-360")

DOCUMENTED = {"subject", "site", "arm", "enrolled", "protocol", "visits", "unplaced", "files"}
OF_A_VISIT = {
    *("encounter", "label", "kind", "status", "target", "earliest", "latest", "start", "end"),
    *("all_day", "occurrence", "actual", "unverified", "uid", "sequence", "why", "basis"),
}
OF_AN_UNPLACED_VISIT = {"encounter", "target", "earliest", "latest", "reasons"}


def test_golden(journey: Schedule) -> None:
    """Changed on purpose? See the module `worked_example`."""
    for name, text in documents(journey).items():
        assert text == (GOLDEN / name).read_bytes().decode(), f"{name} is not as it was"


def test_every_date_is_right(journey: Schedule) -> None:
    outcome = journey(*WORKED, "--json")
    assert outcome.code == 0
    record = outcome.json
    assert [visit["encounter"] for visit in record["visits"]] == list(DATES)
    for visit in record["visits"]:
        day, off_target, unverified = DATES[visit["encounter"]]
        assert visit["start"].startswith(day), visit["encounter"]
        assert visit["start"].endswith("+08:00")
        days = date.fromisoformat(day) - date.fromisoformat(visit["target"])
        assert (days.days, visit["unverified"]) == (off_target, unverified), visit["encounter"]
        assert visit["earliest"] <= day <= visit["latest"]
        assert (visit["status"], visit["actual"], visit["sequence"]) == ("scheduled", None, 0)
        assert visit.keys() >= OF_A_VISIT
    assert record.keys() >= DOCUMENTED
    assert record["unplaced"] == []
    assert (record["subject"], record["site"], record["arm"]) == ("ZJ-001", "ZJ", "bmsc")
    assert record["protocol"] == {"id": "bmsc-stroke", "version": "1"}
    assert record["enrolled"] == "2026-03-02"
    assert record["files"] == ["ZJ-001.ics", "ZJ-001-visit-sheets.pdf"]
    assert journey.files() == sorted(record["files"])
    shown = journey("show", "ZJ-001", "--json").json
    assert shown["visits"] == record["visits"]
    assert shown.keys() >= DOCUMENTED


def test_the_calendar_holds_every_visit(journey: Schedule) -> None:
    journey.enroll()
    found = events((journey.folder / "ZJ-001.ics").read_bytes())
    starts = [event.start for event in found]
    assert [start.isoformat()[:10] for start in starts] == [day for day, *_ in DATES.values()]
    assert {event.sequence for event in found} == {0}
    assert {event.DTSTAMP for event in found} == {datetime(2026, 2, 20, 1, tzinfo=UTC)}


def test_the_sheets_have_a_page_a_visit_and_the_calendar_page(journey: Schedule) -> None:
    journey.enroll()
    pages = PdfReader(journey.folder / "ZJ-001-visit-sheets.pdf").pages
    assert len(pages) == 14
    texts = [page.extract_text() for page in pages]
    assert all("ZJ-001" in text for text in texts)
    for (day, *_), text in zip(DATES.values(), texts[1:], strict=True):
        assert day in text
    infusions = [text for text in texts[1:] if "68 500 000" in text or "68,500,000" in text]
    assert len(infusions) == 2


def test_a_dry_run_says_the_same_and_does_nothing(journey: Schedule) -> None:
    before = journey.rows()
    preview = journey(*WORKED, "--json", "--dry-run")
    assert preview.code == 0
    assert journey.rows() == before
    assert journey.files() == []
    record = preview.json
    assert record["files"] == []
    done = journey(*WORKED, "--json").json
    assert {**done, "files": []} == record


@pytest.mark.parametrize("before", [True, False])
def test_json_before_and_behind_the_command(schedule: Schedule, before: bool) -> None:
    arguments = ["--json", *WORKED] if before else [*WORKED, "--json"]
    assert len(schedule(*arguments, "--dry-run").json["visits"]) == 13


def test_no_book_is_made_by_looking(
    schedule: Schedule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = tmp_path / "nowhere" / "book.db"
    monkeypatch.setenv("SCHEDULE_DATABASE", f"sqlite:///{book}")
    for arguments in ((*WORKED, "--dry-run"), ("list",), ("upcoming",), ("check",)):
        assert schedule(*arguments).code == 0
    assert schedule("show", "ZJ-001").code == 2
    assert not book.parent.exists()


def test_the_table_can_be_read_by_a_nurse(schedule: Schedule) -> None:
    outcome = schedule.enroll()
    lines = outcome.out.splitlines()
    for encounter, (day, off_target, _) in DATES.items():
        weekday = f"{date.fromisoformat(day):%a}"
        [line] = [line for line in lines if f" {weekday} {day}   " in line]
        wanted = f"{off_target:+d} d" if off_target else "on target"
        assert f"  {wanted} " in line, encounter
    assert "Sun 2026-04-12: closed on Sundays" in " ".join(outcome.out.split())
    assert "unverified" in outcome.out
    assert "demo site" in outcome.err
    assert "not the sponsor's protocol" in outcome.err
    assert "Written: ZJ-001.ics" in outcome.err
    assert "past" not in outcome.err


def test_the_routine_arm(journey: Schedule) -> None:
    record = journey("enroll", "--date", "2026-03-02", "--arm", "routine", "--json").json
    assert [visit["encounter"] for visit in record["visits"]] == list(ROUTINE)
    # The matched day 0 is 2026-04-09, where infusion 1 would be.
    by_id = {visit["encounter"]: visit for visit in record["visits"]}
    assert by_id["day-14"]["target"] == "2026-04-23"
    assert by_id["day-14"]["mode"] == "phone"
    assert by_id["day-14"]["units"] == []
    assert by_id["day-30"]["start"].startswith("2026-05-09")
    assert record["weight"] is None
