"""`schedule export`: which visits go into which file, for whom, and under which name."""

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time
from pypdf import PdfReader

from tests.calendars import events
from tests.running import DEMO_SITE, SHORT, Outcome, Schedule, site_file


@pytest.fixture
def three(schedule: Schedule) -> Schedule:
    """Two participants who get cells and one who does not, without any files yet."""
    schedule.enter()
    schedule.enter()
    schedule.enter(arm="routine")
    return schedule


def written(schedule: Schedule, outcome: Outcome) -> list[str]:
    """The files a command has written; what it says, and what is there."""
    assert outcome.code == 0, outcome.err
    assert outcome.out == ""
    said = outcome.err.removeprefix(DEMO_SITE).splitlines()
    named = [line.removeprefix("Written: ") for line in said]
    assert sorted(named) == schedule.files()
    return named


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def pages(path: Path) -> list[str]:
    return [page.extract_text() for page in PdfReader(path).pages]


def test_a_calendar_of_the_site(three: Schedule) -> None:
    assert written(three, three("export", "ics")) == ["ZJ.ics"]
    found = events((three.folder / "ZJ.ics").read_bytes())
    assert len(found) == 13 + 13 + 7
    assert {str(event.get("SUMMARY")).split(" · ")[0] for event in found} == {
        "ZJ-001",
        "ZJ-002",
        "ZJ-003",
    }
    assert [event.start for event in found] == sorted(event.start for event in found)


def test_a_calendar_of_a_participant_is_that_of_the_enrollment(schedule: Schedule) -> None:
    schedule.enroll()
    enrolled = (schedule.folder / "ZJ-001.ics").read_bytes()
    sheets = (schedule.folder / "ZJ-001-visit-sheets.pdf").read_bytes()
    for kind in ("ics", "sheets"):
        assert schedule("export", kind, "--subject", "zj-001", "--out", "again").code == 0
    assert (schedule.folder / "again" / "ZJ-001.ics").read_bytes() == enrolled
    assert (schedule.folder / "again" / "ZJ-001-visit-sheets.pdf").read_bytes() == sheets


def test_participants_get_one_each(three: Schedule) -> None:
    three.consent("ZJ-001", "ZJ-002", "ZJ-003")
    names = [f"ZJ-00{n}-participant.ics" for n in (1, 2, 3)]
    assert written(three, three("export", "ics", "--audience", "participant")) == names
    for name, count in zip(names, (13, 13, 7), strict=True):
        found = events((three.folder / name).read_bytes())
        assert len(found) == count
        assert {str(event.get("SUMMARY")) for event in found} == {"Hospital appointment"}


def test_a_participant_alone_is_named_as_well(schedule: Schedule) -> None:
    schedule.enter()
    schedule.consent("ZJ-001")
    options = ("export", "ics", "--audience", "participant")
    assert written(schedule, schedule(*options)) == ["ZJ-001-participant.ics"]
    assert written(schedule, schedule(*options, "--subject", "ZJ-001")) == [
        "ZJ-001-participant.ics"
    ]


def test_a_page_in_large_print_for_the_participant(schedule: Schedule) -> None:
    schedule.enter(arm="a", protocol=schedule.write("short.toml", SHORT))
    options = ("export", "sheets", "--audience", "participant", "--language", "zh")
    (schedule.folder / "short.toml").unlink()
    assert written(schedule, schedule(*options)) == ["ZJ-001-participant.pdf"]


def test_assessors_see_what_both_arms_have_alike(three: Schedule) -> None:
    assert written(three, three("export", "ics", "--audience", "assessor")) == ["ZJ-assessor.ics"]
    found = events((three.folder / "ZJ-assessor.ics").read_bytes())
    # Baseline and day 30 to day 360 of all three; day 14 is a call in one arm only.
    assert len(found) == 3 * 5
    staff = three("export", "ics", "--out", "staff")
    assert staff.code == 0
    uids = {str(event.get("UID")) for event in found}
    assert not uids & {
        str(event.get("UID")) for event in events((three.folder / "staff/ZJ.ics").read_bytes())
    }


@pytest.mark.parametrize("week", ["2026-W15", "2026W15", "2026-04-06", "2026-04-12"])
def test_a_week_by_its_number_or_any_of_its_days(three: Schedule, week: str) -> None:
    """Infusion 1 and day 1 of two participants, from Monday 2026-04-06 to Sunday 2026-04-12."""
    assert written(three, three("export", "csv", "--week", week)) == ["ZJ-2026-W15-visits.csv"]
    rows = read(three.folder / "ZJ-2026-W15-visits.csv")
    assert {(row["encounter"], row["start"][:10]) for row in rows} >= {
        ("infusion-1", "2026-04-09"),
        ("day-1", "2026-04-10"),
    }
    assert {row["start"][:10] for row in rows} <= {f"2026-04-{day:02}" for day in range(6, 13)}


def test_a_week_without_visits_writes_nothing(three: Schedule) -> None:
    outcome = three("export", "ics", "--week", "2026-06-01")
    assert (outcome.code, outcome.err) == (0, f"{DEMO_SITE}No visits: nothing written\n")
    assert three.files() == []


@pytest.mark.parametrize(
    ("week", "says"),
    [
        ("2026-W54", "2026-W54 is no week: Invalid week: 54"),
        ("9999-W52", "9999-W52 is no week: date 9999-12-27 is not possible"),
        ("0001-W01", "0001-W01 is no week: date 0001-01-01 is not possible"),
        ("2026-04-31", "2026-04-31 is no date"),
        ("15", "15 is no date: it is not written YYYY-MM-DD"),
    ],
)
def test_weeks_that_cannot_be(schedule: Schedule, week: str, says: str) -> None:
    outcome = schedule("export", "ics", "--week", week)
    assert outcome.code == 2
    assert says in outcome.err


def test_only_what_changed(schedule: Schedule) -> None:
    """Today is 2026-02-20 in Shanghai; the second participant comes a day later."""
    schedule.enter()
    with freeze_time("2026-02-20T16:00:00Z"):  # Midnight in Shanghai.
        schedule.enter(arm="routine")
    options = ("export", "csv", "--changes-since")
    assert schedule(*options, "2026-02-20").code == 0
    assert len(read(schedule.folder / "ZJ-changes-2026-02-20-visits.csv")) == 20
    assert schedule(*options, "2026-02-21").code == 0
    rows = read(schedule.folder / "ZJ-changes-2026-02-21-visits.csv")
    assert {row["subject"] for row in rows} == {"ZJ-002"}
    assert schedule(*options, "2026-02-22").err == f"{DEMO_SITE}No visits: nothing written\n"


def test_a_table_of_every_visit(three: Schedule) -> None:
    assert written(three, three("export", "csv")) == ["ZJ-visits.csv"]
    rows = read(three.folder / "ZJ-visits.csv")
    assert len(rows) == 33
    infusions = [row for row in rows if row["encounter"] == "infusion-1"]
    assert [(row["subject"], row["start"], row["off_target"]) for row in infusions] == [
        ("ZJ-001", "2026-04-09 08:00", "0"),
        ("ZJ-002", "2026-04-09 08:00", "0"),
    ]
    assert three("export", "csv", "--subject", "ZJ-003").code == 0
    assert len(read(three.folder / "ZJ-003-visits.csv")) == 7


def test_sheets_of_a_week(three: Schedule) -> None:
    outcome = three("export", "sheets", "--week", "2026-W15")
    assert written(three, outcome) == ["ZJ-2026-W15-visit-sheets.pdf"]
    texts = pages(three.folder / "ZJ-2026-W15-visit-sheets.pdf")
    assert all("2026-04" in text for text in texts)
    assert any("ZJ-001" in text for text in texts)
    assert any("ZJ-002" in text for text in texts)


def test_languages(three: Schedule) -> None:
    for language, infusion, paper in (("en", "Infusion 1", "Visit"), ("zh", "第1次输注", "访视")):
        options = ("--subject", "ZJ-001", "--week", "2026-W15", "--language", language)
        for kind in ("ics", "sheets", "csv"):
            assert three("export", kind, *options, "--out", language).code == 0
        folder = three.folder / language
        found = events((folder / "ZJ-001-2026-W15.ics").read_bytes())
        assert any(infusion in str(event.get("SUMMARY")) for event in found)
        assert any(infusion in row["label"] for row in read(folder / "ZJ-001-2026-W15-visits.csv"))
        assert paper in "".join(pages(folder / "ZJ-001-2026-W15-visit-sheets.pdf"))
    assert three("export", "ics", "--language", "de").code == 2


def test_each_site_has_its_own(three: Schedule) -> None:
    three.write("gz.toml", site_file(code="GZ"))
    assert (
        three("--site", "gz.toml", *("enroll", "--date", "2026-03-02", "--arm", "routine")).code
        == 0
    )
    for name in three.files():
        if name.startswith("GZ-"):
            (three.folder / name).unlink()
    assert three("export", "csv", "--site", "gz.toml").code == 0
    assert {row["subject"] for row in read(three.folder / "GZ-visits.csv")} == {"GZ-001"}
    assert three("--site", "zj", "export", "csv").code == 0
    assert len(read(three.folder / "ZJ-visits.csv")) == 33
    outcome = three("export", "ics", "--subject", "GZ-001")
    assert outcome.code == 2
    assert "GZ-001 is a participant of site GZ, not of ZJ" in outcome.err
    assert three("export", "ics", "--site", "XX").code == 2


def test_what_excludes_each_other(schedule: Schedule) -> None:
    outcome = schedule("export", "ics", "--subject", "ZJ-001", "--site", "ZJ")
    assert outcome.code == 2
    assert "--subject and --site exclude each other" in outcome.err
    for kind, audience in (("sheets", "assessor"), ("csv", "assessor"), ("csv", "participant")):
        outcome = schedule("export", kind, "--audience", audience)
        assert outcome.code == 2
        assert f"{kind} are not made for --audience {audience}" in outcome.err
    assert schedule("export", "pdf").code == 2


def test_unchanged_visits_are_the_same_bytes_tomorrow(three: Schedule) -> None:
    assert three("export", "ics").code == 0
    first = (three.folder / "ZJ.ics").read_bytes()
    with freeze_time("2026-03-30T03:00:00Z"):
        assert three("export", "ics").code == 0
    assert (three.folder / "ZJ.ics").read_bytes() == first


def test_on_either_engine(journey: Schedule) -> None:
    journey.enter()
    for kind in ("ics", "csv"):
        assert journey("export", kind, "--subject", "ZJ-001").code == 0
    found = events((journey.folder / "ZJ-001.ics").read_bytes())
    assert [event.end - event.start for event in found][3] == timedelta(hours=7)
    assert len(read(journey.folder / "ZJ-001-visits.csv")) == 13
    assert journey("export", "ics", "--subject", "ZJ-9").code == 2
