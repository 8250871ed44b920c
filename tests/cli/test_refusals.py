"""Bad input and bad luck: the right exit code, a sentence, and nothing half-done."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from scheduler import shipped
from scheduler.store import Store
from tests.databases import SqliteFiles
from tests.running import SHORT, WORKED, Outcome, Schedule, calendar, site_file

ENROLL = ("enroll", "--date", "2026-03-02", "--arm", "bmsc")
OF_A_SHORT_STUDY = ("enroll", "--date", "2026-03-02", "--arm", "a", "--protocol", "short.toml")

Refuses = Callable[..., Outcome]


@pytest.fixture
def refuses(schedule: Schedule) -> Refuses:
    """Run a command that fails with `code` and words, and changes nothing."""

    def run(code: int, *arguments: str, says: str | list[str]) -> Outcome:
        files, rows = schedule.files(), schedule.rows()
        outcome = schedule(*arguments)
        assert outcome.code == code, outcome.err
        assert "Traceback" not in outcome.err
        for words in [says] if isinstance(says, str) else says:
            assert words in outcome.err
        assert (schedule.files(), schedule.rows()) == (files, rows)
        return outcome

    return run


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("2026-02-30", "2026-02-30 is no date: day is out of range for month"),
        ("2026-13-01", "2026-13-01 is no date: month must be in 1..12"),
        ("2025-02-29", "2025-02-29 is no date"),
        ("0026-03-02", "date 0026-03-02 is not possible: dates run from 2000-01-01 to 2099-12-31"),
        ("2100-01-01", "is not possible: dates run"),
        ("2026-3-2", "it is not written YYYY-MM-DD; write it like 2026-03-02"),
        ("02.03.2026", "it is not written YYYY-MM-DD"),
        ("20260302", "it is not written YYYY-MM-DD"),
        ("2026-W10-1", "it is not written YYYY-MM-DD"),
        ("２０２６-03-02", "２０２６-03-02 is no date"),
        ("tomorrow", "tomorrow is no date"),
        ("", " is no date"),
    ],
)
def test_dates_that_cannot_be(refuses: Refuses, day: str, says: str) -> None:
    refuses(2, "enroll", "--date", day, "--arm", "bmsc", says=says)


def test_a_date_whose_visits_leave_the_calendar(refuses: Refuses) -> None:
    refuses(2, "enroll", "--date", "2099-11-30", "--arm", "bmsc", says="dates run from")


@pytest.mark.parametrize(
    ("arm", "says"),
    [
        ("bmcs", 'no arm "bmcs"; did you mean "bmsc"?'),
        ("routien", 'did you mean "routine"?'),
        ("placebo", 'no arm "placebo".'),
        ("", 'no arm ""'),
    ],
)
def test_an_arm_that_is_not_there(refuses: Refuses, arm: str, says: str) -> None:
    outcome = refuses(2, "enroll", "--date", "2026-03-02", "--arm", arm, says=says)
    assert "bmsc" in outcome.err
    assert "routine" in outcome.err


@pytest.mark.parametrize(
    "weight",
    [
        "0",
        "19.9",
        "301",
        "900",
        "-68.5",
        "NaN",
        "Infinity",
        "68,5",
        "1e2",
        "6_8",
        "68.5kg",
        "",
        "٦٨",
    ],
)
def test_weights_nobody_has(refuses: Refuses, weight: str) -> None:
    outcome = refuses(2, *ENROLL, "--weight", weight, says="--weight")
    assert outcome.err.endswith(
        (
            f"{weight} kg is not possible: a body weight lies between 20 and 300 kg\n",
            f"{weight} is no number of kilograms; write it like 68.5\n",
        )
    )


@pytest.mark.parametrize("weight", ["20", "300", "68.5", "068.50"])
def test_weights_people_have(schedule: Schedule, weight: str) -> None:
    assert schedule(*ENROLL, "--dry-run", "--weight", weight).code == 0


def test_wrong_usage(refuses: Refuses) -> None:
    refuses(2, "enroll", "--arm", "bmsc", says="Missing option '--date'")
    refuses(2, "enroll", "--date", "2026-03-02", says="Missing option '--arm'")
    refuses(2, *ENROLL, "--wieght", "68.5", says="--weight")
    refuses(2, "enrol", says='no command "enrol"; did you mean "enroll"?')
    refuses(2, *ENROLL, "ZJ-001", says="unexpected extra argument")
    refuses(2, "show", "ZJ-001", says='no subject "ZJ-001"')
    refuses(2, "list", "--from", "2026-03-02", "--to", "2026-03-01", says="it lies before --from")
    refuses(2, "upcoming", "--days", "0", says="--days")
    refuses(2, "--site", "XX", "list", says='no site "XX"')
    refuses(2, "--database", "mysql://x/y", "list", says="sqlite:///FOLDER/FILE or postgresql")
    refuses(2, *ENROLL, "--protocol", "bmsc-storke", says='did you mean "bmsc-stroke"?')
    refuses(2, *ENROLL, "--protocol", "a" * 300, says='no protocol "aaa')
    refuses(2, *ENROLL, "--protocol", "", says='no protocol ""')
    refuses(2, *ENROLL, "--reason", "\udcff", says=r"'\udcff' is not text in UTF-8")


TEN_MISTAKES = """
id = "Ten Mistakes"  # a mistake
version = 1  # a mistake
title = { en = "Ten" }
shoe_size = 43  # a mistake

[[epoch]]
id = "all"
label = { en = "All" }

[[arm]]
code = "a"
label = { en = "Arm A" }

[[arm.encounter]]
id = "first"
label = { en = "First" }
kind = "checkup"  # a mistake
epoch = "all"
anchor = "enrollment"
offset = "one week"  # a mistake
window = "-2 d"  # a mistake
minutes = 0  # a mistake
basis = "assumption"

[[arm.encounter]]
id = "first"
label = { en = "Again" }
kind = "check"
epoch = "screning"  # a mistake
anchor = "frist"  # a mistake
offset = "1 d"
window = "0 d"
minutes = 30
weight = -1  # a mistake
basis = "assumption"
"""


def test_ten_mistakes_of_a_protocol_are_told_at_once(schedule: Schedule, refuses: Refuses) -> None:
    schedule.write("ten.toml", TEN_MISTAKES)
    options = ("--date", "2026-03-02", "--arm", "a", "--protocol", "ten.toml")
    for arguments in (("enroll", *options), ("protocol", "check", "ten.toml")):
        outcome = refuses(5, *arguments, says="problems:")
        lines = outcome.err.partition("problems:\n")[2].splitlines()
        places = {int(line.split(":")[1]) for line in lines}
        assert all(line.startswith("  ten.toml:") for line in lines)
        mistakes = [n for n, line in enumerate(TEN_MISTAKES.splitlines(), start=1) if "#" in line]
        assert len(mistakes) == 10
        assert set(mistakes) <= places


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('anchor = "enrollment"', 'anchor = "last"', "first"),
        ('anchor = "first"', 'anchor = "second"', "second"),
    ],
)
def test_anchors_in_a_circle(
    schedule: Schedule, refuses: Refuses, before: str, after: str, says: str
) -> None:
    schedule.write("short.toml", SHORT.replace(before, after))
    outcome = refuses(5, *OF_A_SHORT_STUDY, says=["short.toml:", says])
    assert "circle" in outcome.err or "itself" in outcome.err


def test_an_anchor_that_the_arm_does_not_have(schedule: Schedule, refuses: Refuses) -> None:
    schedule.write("short.toml", SHORT.replace('anchor = "second"', 'anchor = "secnod"'))
    refuses(5, *OF_A_SHORT_STUDY, says=["short.toml:", "secnod", 'did you mean "second"?'])


def test_ids_that_come_twice(schedule: Schedule, refuses: Refuses) -> None:
    schedule.write("short.toml", SHORT.replace('id = "last"', 'id = "second"'))
    refuses(5, *OF_A_SHORT_STUDY, says=["short.toml:", '"second"'])


def test_a_study_that_needs_what_the_site_does_not_have(
    schedule: Schedule, refuses: Refuses
) -> None:
    schedule.write("short.toml", SHORT.replace('resource = "chair"', 'resource = "bed"'))
    refuses(5, *OF_A_SHORT_STUDY, says='has no resource "bed", which first needs')


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("page.ics", b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n", "page.ics"),
        ("blob.ics", bytes(range(256)) * 40, "blob.ics"),
        ("empty.ics", b"", "empty.ics"),
        ("words.ics", "今天休息\n".encode("gbk"), "words.ics"),
        ("sheet.ics", b"PK\x03\x04" + b"\0" * 99, "sheet.ics"),
    ],
)
def test_what_is_no_calendar(
    schedule: Schedule, refuses: Refuses, name: str, content: bytes, says: str
) -> None:
    (schedule.folder / name).write_bytes(content)
    refuses(5, *ENROLL, "--conflicts", name, says=says)
    refuses(5, "check", "--conflicts", name, says=says)


def test_every_calendar_that_cannot_be_read_is_named(schedule: Schedule, refuses: Refuses) -> None:
    (schedule.folder / "folder.ics").mkdir()
    schedule.write("fine.ics", calendar())
    names = ("folder.ics", "fine.ics", "nowhere.ics")
    options = [option for name in names for option in ("--conflicts", name)]
    outcome = refuses(5, *ENROLL, *options, says="2 problems:")
    assert "folder.ics: cannot be read: Is a directory" in outcome.err
    assert "nowhere.ics: cannot be read: No such file or directory" in outcome.err


def test_an_output_folder_that_is_a_file(schedule: Schedule, refuses: Refuses) -> None:
    schedule.write("short.toml", SHORT)
    schedule.write("taken", "a file")
    for out in ("taken", "taken/below"):
        refuses(
            10,
            *OF_A_SHORT_STUDY,
            "--out",
            out,
            says=["cannot write", "name another folder with --out"],
        )
    (schedule.folder / "ZJ-001-visit-sheets.pdf").mkdir()
    refuses(10, *OF_A_SHORT_STUDY, says="cannot write ZJ-001-visit-sheets.pdf: it is a folder")
    schedule.write("short.toml", SHORT)
    assert schedule(*OF_A_SHORT_STUDY, "--out", "elsewhere").code == 0
    refuses(10, "export", "csv", "--out", "taken", says="cannot write taken/ZJ-visits.csv")


def test_a_locked_book(journey: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody waits for the usual five seconds.
    monkeypatch.setattr(Store.__init__, "__kwdefaults__", {"patience": 0.05})
    journey.write("short.toml", SHORT)
    with create_engine(journey.url, poolclass=NullPool).connect() as other:
        if journey.url.startswith("sqlite"):
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.execute(text("LOCK TABLE subjects, changes, protocols IN ACCESS EXCLUSIVE MODE"))
        outcome = journey(*OF_A_SHORT_STUDY)
    assert outcome.code == 6
    assert "is locked by another program; close that or try again" in outcome.err
    assert journey.files() == ["short.toml"]
    assert journey.rows()["subjects"] == 0
    assert journey(*OF_A_SHORT_STUDY).code == 0


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + b"\xff" * 4096, b"no database" * 99])
def test_a_book_that_is_none(
    schedule: Schedule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    book = tmp_path / "book.db"
    book.write_bytes(content)
    monkeypatch.setenv("SCHEDULE_DATABASE", f"sqlite:///{book}")
    schedule.write("short.toml", SHORT)
    for arguments in (OF_A_SHORT_STUDY, (*ENROLL, "--dry-run"), ("list",), ("show", "ZJ-001")):
        outcome = schedule(*arguments)
        assert outcome.code == 6, outcome.err
        assert str(book) in outcome.err
    assert book.read_bytes() == content
    assert schedule.files() == ["short.toml"]


def test_a_damaged_book(
    schedule: Schedule, sqlite_files: SqliteFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_files.book() as url:
        monkeypatch.setenv("SCHEDULE_DATABASE", url)
        schedule.write("short.toml", SHORT)
        assert schedule(*OF_A_SHORT_STUDY).code == 0
        path = Path(url.removeprefix("sqlite:///"))
        pages = bytearray(path.read_bytes())
        pages[4096:] = b"\xff" * (len(pages) - 4096)
        path.write_bytes(pages)
        for arguments in (("show", "ZJ-001"), ("list",), OF_A_SHORT_STUDY):
            outcome = schedule(*arguments)
            assert outcome.code == 6, outcome.err
            assert "is damaged; restore a backup" in outcome.err


def test_a_database_of_something_else(
    schedule: Schedule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    monkeypatch.setenv("SCHEDULE_DATABASE", f"sqlite:///{tmp_path}/other.db")
    outcome = schedule(*ENROLL)
    assert outcome.code == 6
    assert "holds other tables than a schedule book" in outcome.err
    assert schedule.files() == []


def test_a_book_that_cannot_be_reached(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule.write("file", "a file")
    for url, says in (
        ("sqlite:///file/book.db", "cannot be"),
        (f"sqlite:///{schedule.folder}", "cannot be opened"),
        ("postgresql+psycopg://li:geheim@127.0.0.1:1/trial", "cannot be reached"),
    ):
        monkeypatch.setenv("SCHEDULE_DATABASE", url)
        outcome = schedule(*ENROLL)
        assert outcome.code == 6, outcome.err
        assert says in outcome.err
        assert "geheim" not in outcome.err
    assert schedule.files() == ["file"]


def test_mistakes_of_a_site_file(schedule: Schedule, refuses: Refuses) -> None:
    text = site_file()
    for before, after in (
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Shangai"'),
        ("grid = 30", "grid = 31"),
        ('tuesday = ["08:00-17:30"]', 'tuseday = ["08:00-17:30"]'),
        ('country = "CN"', 'country = "XX"'),
    ):
        assert before in text
        text = text.replace(before, after)
    schedule.write("site.toml", text)
    says = ["4 problems:", 'did you mean "Asia/Shanghai"?', "tuseday", '"XX"', "grid"]
    refuses(5, "--site", "site.toml", *ENROLL, says=says)
    refuses(5, "site", "check", "site.toml", says=says)
    refuses(5, "--site", "nowhere.toml", *ENROLL, says="nowhere.toml: cannot be read")


def test_a_misspelt_setting(schedule: Schedule, refuses: Refuses) -> None:
    schedule.write("schedule.toml", 'databse = "sqlite:///b.db"\n')
    for arguments in (ENROLL, ("list",), ("config", "show")):
        refuses(
            5, *arguments, says="schedule.toml: databse: is no setting (did you mean database?)"
        )


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("sheets/visit.typ", b"#let visit( = \n", "sheets/visit.typ:1"),
        ("sheets/look.typ", b"\xff\xfe", "sheets/look.typ: is not UTF-8 text"),
        ("sheets/text/en.yaml", b"title: [\n", "sheets"),
    ],
)
def test_a_broken_template_of_ones_own(
    schedule: Schedule,
    refuses: Refuses,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes,
    says: str,
) -> None:
    own = schedule.folder / "own"
    (own / name).parent.mkdir(parents=True)
    (own / name).write_bytes(content)
    monkeypatch.setenv("SCHEDULE_TEMPLATES", "own")
    schedule.write("short.toml", SHORT)
    refuses(5, *OF_A_SHORT_STUDY, "--out", "out", says=says)
    assert not (schedule.folder / "out").exists()


def test_a_templates_folder_that_is_not_there(
    refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULE_TEMPLATES", "nowhere")
    refuses(5, *WORKED, says="nowhere: is no folder")


def test_the_shipped_site_is_as_sound_as_ones_own(schedule: Schedule) -> None:
    (schedule.folder / "zj.toml").write_bytes(shipped.read("sites/zhujiang.toml"))
    assert schedule("site", "check", "zj.toml").code == 0
