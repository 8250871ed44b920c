"""`schedule notify` at the command line."""

from pathlib import Path

import pytest

from scheduler import shipped
from tests.digests import parsed, part
from tests.exporters.test_digestmail import plain
from tests.privacy import identifying
from tests.running import Schedule, calendar, site_file

FREE_TEXT = "Zhang Wei 张伟 1961-03-04 MRN 4711234"
"""What people write where they may write anything."""

MONDAY = ("notify", "--as-of", "2026-04-06")


def mails(schedule: Schedule) -> dict[str, str]:
    """The text parts of the mails in the folder, by name."""
    found = sorted(schedule.folder.rglob("*.eml"))
    return {path.name: part(parsed(path.read_bytes()), "plain") for path in found}


def test_a_dry_run_writes_every_mail_and_touches_nothing(schedule: Schedule) -> None:
    schedule.enter()
    rows = schedule.rows()
    outcome = schedule(*MONDAY, "--dry-run", "--out", "mails")
    assert outcome.code == 0, outcome.err
    assert "Dry run: nothing was sent." in outcome.err
    assert outcome.out == ""
    assert schedule.rows() == rows
    found = mails(schedule)
    assert list(found) == [f"ZJ-2026-W15-{name}.eml" for name in ("assessors", "cell-lab", "ward")]
    assert "ZJ-001 · Infusion 1" in found["ZJ-2026-W15-ward.eml"]
    assert "第1次输注" in found["ZJ-2026-W15-cell-lab.eml"]
    assert "ZJ-001" not in found["ZJ-2026-W15-cell-lab.eml"]
    assert "No visits this week." in found["ZJ-2026-W15-assessors.eml"]


def test_a_book_that_is_not_there_is_not_made(schedule: Schedule) -> None:
    book = schedule.folder / "none.db"
    outcome = schedule("--database", f"sqlite:///{book}", *MONDAY, "--dry-run")
    assert outcome.code == 0, outcome.err
    assert not book.exists()


def test_no_free_text_gets_into_a_mail(schedule: Schedule) -> None:
    """Reasons, logins, closures, and titles and names of calendars hold names."""
    schedule.write("Zhang Wei.ics", calendar("2026-04-09 08:00 12:30").replace("@tests", FREE_TEXT))
    schedule.write("broken.ics", calendar("2026-04-09").replace("DTSTART;", "X-START;"))
    sources = [("Zhang Wei.ics", "site"), ("broken.ics", "nurse")]
    tables = [f'[[calendar]]\nsource = "{a}"\nbelongs_to = "{b}"' for a, b in sources]
    schedule.enter()
    site = schedule.write(
        "site.toml",
        site_file(*tables, f'[[closed]]\nfirst = 2026-04-15\nreason = "{FREE_TEXT}"'),
    )
    schedule.enter(arm="routine")
    reason = ("--reason", FREE_TEXT, "--user", "Zhang Wei")
    held = schedule("visit", "hold", "ZJ-001", "day-3", *reason[:2])
    assert held.code == 0, held.err
    outcome = schedule("--user", "Zhang Wei", "--site", site, *MONDAY, "--dry-run")
    assert outcome.code == 0, outcome.err
    paths = sorted(schedule.folder.glob("*.eml"))
    assert len(paths) == 3
    for path in paths:
        mail = parsed(path.read_bytes())
        text, html = part(mail, "plain"), plain(part(mail, "html"))
        for told in (text, html, mail["Subject"], path.stem.replace("cell-lab", "")):
            unknown = set(identifying(told)) - {"assessors", "ward", "w"}
            assert not unknown, told
    ward = part(parsed((schedule.folder / "ZJ-2026-W15-ward.eml").read_bytes()), "plain")
    assert "its time is taken by now" in ward
    assert "Wed 2026-04-15\n    - the site is closed" in ward
    assert "could not be read in full" in ward


def test_weeks_are_those_of_the_site(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frozen clock says Friday in Shanghai; a site to the west has its own day."""
    from freezegun import freeze_time

    files = []
    for code, zone in (("AA", "Pacific/Kiritimati"), ("BB", "Pacific/Honolulu")):
        text = site_file(code=code).replace("Asia/Shanghai", zone)
        files.append(schedule.write(f"{code}.toml", text))
    monkeypatch.setenv("SCHEDULE_SITE_FILES", ":".join(files))
    with freeze_time("2027-01-04T01:00:00Z"):
        outcome = schedule("notify", "--dry-run")
    assert outcome.code == 0, outcome.err
    weeks = {name[:11] for name in mails(schedule)}
    assert weeks == {"AA-2027-W01", "BB-2026-W53"}


def test_only_the_site_that_is_named(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [schedule.write(f"{code}.toml", site_file(code=code)) for code in ("AA", "BB")]
    monkeypatch.setenv("SCHEDULE_SITE_FILES", ":".join(files))
    assert schedule("--site", "bb", *MONDAY, "--dry-run").code == 0
    assert {name[:2] for name in mails(schedule)} == {"BB"}


def test_a_site_without_recipients(schedule: Schedule) -> None:
    site = schedule.write("site.toml", site_file().partition("# The weekly mail")[0])
    outcome = schedule("--site", site, *MONDAY, "--dry-run")
    assert (outcome.code, schedule.files()) == (5, ["site.toml"])
    assert "site ZJ: has no recipient (add a [[recipient]])" in outcome.err


def test_templates_of_the_hospital_win(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    own = schedule.folder / "own"
    (own / "email" / "text").mkdir(parents=True)
    words = shipped.text("email/text/en.toml").replace("Visits of the week", "Our week")
    (own / "email" / "text" / "en.toml").write_text(words)
    monkeypatch.setenv("SCHEDULE_TEMPLATES", str(own))
    assert schedule(*MONDAY, "--dry-run").code == 0
    assert mails(schedule)["ZJ-2026-W15-ward.eml"].startswith("Our week")
    (own / "email" / "digest.txt").write_text("{{ nothing_such }}")
    outcome = schedule(*MONDAY, "--dry-run", "--out", "more")
    assert (outcome.code, Path("more").exists()) == (5, False)
    assert "email/digest.txt" in outcome.err
