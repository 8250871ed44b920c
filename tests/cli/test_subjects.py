"""`schedule subject withdraw|weigh`: what it says and prints, and its exit codes."""

import pytest

from tests.calendars import events
from tests.running import Schedule, site_file


@pytest.fixture
def book(journey: Schedule) -> Schedule:
    """The participant of the worked example, on either engine, without files."""
    journey.enter()
    return journey


def test_withdrawing(book: Schedule) -> None:
    book("visit", "complete", "ZJ-001", "baseline", "--as-of", "2026-03-02")
    words = ("subject", "withdraw", "ZJ-001", "--reason", "consent withdrawn", "--json")
    before = book.rows()
    preview = book(*words, "--dry-run")
    assert book.rows() == before
    done = book(*words)
    assert (done.code, done.out) == (0, preview.out)
    assert preview.err == f"{done.err}Dry run: nothing was stored.\n"
    assert {change["after"]["status"] for change in done.json["changes"]} == {"cancelled"}
    assert len(done.json["changes"]) == 12
    assert book(*words).code == 9
    book("export", "ics", "--subject", "ZJ-001")
    sent = events((book.folder / "ZJ-001.ics").read_bytes())
    assert [event["STATUS"] for event in sent] == ["CONFIRMED", *["CANCELLED"] * 12]


def test_withdrawing_needs_a_reason_and_a_role(book: Schedule) -> None:
    outcome = book("subject", "withdraw", "ZJ-001")
    assert outcome.code == 2
    assert "needs a --reason" in outcome.err
    site = book.write("zj.toml", site_file('[people]\nli = "nurse"'))
    outcome = book("--site", site, "subject", "withdraw", "ZJ-001", "--reason", "x")
    assert outcome.code == 9
    assert "li may not cancel visits" in outcome.err


def test_weighing_again(book: Schedule) -> None:
    """68.5 kg at the enrollment; a tenth more asks for a second look, a little more does not."""
    weigh = ("subject", "weigh", "ZJ-001")
    little = book(*weigh, "70", "--date", "2026-04-02", "--as-of", "2026-04-02")
    assert little.out == "ZJ-001: 70 kg on 2026-04-02, 70 000 000 cells an infusion\n"
    assert "Warning" not in little.err
    before = book.rows()
    preview = book(*weigh, "77.5", "--as-of", "2026-04-09", "--dry-run")
    assert book.rows() == before
    much = book(*weigh, "77.5", "--as-of", "2026-04-09")
    assert (
        preview.out == much.out == "ZJ-001: 77.5 kg on 2026-04-09, 77 500 000 cells an infusion\n"
    )
    assert "Warning: +10.7% since the last weight" in much.err
    shown = book("show", "ZJ-001", "--json").json
    assert shown["weight"] == {"kg": "77.5", "measured": "2026-04-09"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ZJ-001", "685"), "a body weight lies between 20 and 300 kg"),
        (("ZJ-001", "68,5"), "is no number of kilograms"),
        (("ZJ-009", "68.5"), 'no subject "ZJ-009"'),
        (("ZJ-001", "68.5", "--date", "2026-02-21"), "it lies ahead of today, 2026-02-20"),
    ],
)
def test_what_nobody_weighs(schedule: Schedule, arguments: tuple[str, ...], words: str) -> None:
    schedule.enter()
    outcome = schedule("subject", "weigh", *arguments)
    assert outcome.code == 2
    assert words in outcome.err
