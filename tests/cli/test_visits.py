"""`schedule visit …`: what it says, what it prints as JSON, and its exit codes."""

import pytest

from tests.running import Outcome, Schedule, calendar, site_file

PEOPLE = '[people]\nli = "nurse"\nwang = "coordinator"'
ASPIRATION_LATE = (
    *("visit", "complete", "ZJ-001", "aspiration"),
    *("--date", "2026-03-06", "--as-of", "2026-03-06"),
)


@pytest.fixture
def book(schedule: Schedule) -> Schedule:
    """The participant of the worked example, without files."""
    schedule.enter()
    return schedule


def lines(outcome: Outcome) -> list[list[str]]:
    """The rows of a table, word by word."""
    return [line.split() for line in outcome.out.splitlines() if line.strip()]


def test_the_table_names_what_changes_and_only_that(book: Schedule) -> None:
    outcome = book("visit", "confirm", "ZJ-001", "infusion-1")
    assert outcome.code == 0
    [row] = [line for line in lines(outcome) if line[0] == "infusion-1"]
    slot = ["Thu", "2026-04-09", "08:00–15:00"]
    assert row[1:9] == [*slot, "scheduled", *slot, "confirmed"]
    assert "aspiration" not in [line[0] for line in lines(outcome)]


def test_everything_that_follows_is_shown_before_and_after(book: Schedule) -> None:
    outcome = book(*ASPIRATION_LATE, "--json")
    changes = {change["after"]["encounter"]: change for change in outcome.json["changes"]}
    assert list(changes) == [
        *("aspiration", "pre-check", "infusion-1", "day-1", "day-3", "infusion-2"),
        *("day-8", "day-14", "day-30", "day-90", "day-180", "day-360"),
    ]
    before, after = changes["infusion-2"]["before"], changes["infusion-2"]["after"]
    assert before["start"].startswith("2026-04-16T08:00")
    assert after["start"].startswith("2026-04-20T08:00")
    assert (before["sequence"], after["sequence"]) == (0, 1)
    assert (before["uid"], after["uid"]) == (after["uid"], before["uid"])
    done = changes["aspiration"]["after"]
    assert (done["status"], done["actual"]) == ("completed", "2026-03-06")
    assert outcome.json["subject"] == "ZJ-001"


@pytest.mark.parametrize(
    "command",
    [
        "visit confirm ZJ-001 infusion-1",
        "visit complete ZJ-001 aspiration --date 2026-03-06 --as-of 2026-03-07",
        "visit miss ZJ-001 aspiration --as-of 2026-03-05",
        "visit move ZJ-001 infusion-1 --date 2026-04-13",
        "visit move ZJ-001 infusion-1 --date 2026-04-10 --force",
        "visit hold ZJ-001 day-30",
        "visit cancel ZJ-001 infusion-2",
        "visit add ZJ-001 --date 2026-03-10 --time 10:00",
        "visit move ZJ-001 day-30 --date 2026-05-09",
        "visit move ZJ-001 day-30 --date 2026-05-10",
        "visit complete ZJ-001 infusion-2 --as-of 2026-04-16",
    ],
)
def test_a_dry_run_says_exactly_what_then_happens(journey: Schedule, command: str) -> None:
    journey.enter()
    words = (*command.split(), "--reason", "asked for", "--json")
    before, shown = journey.rows(), journey("show", "ZJ-001", "--json").out
    preview = journey(*words, "--dry-run")
    assert journey.rows() == before
    assert journey("show", "ZJ-001", "--json").out == shown
    done = journey(*words)
    assert (done.code, done.out) == (preview.code, preview.out)
    if done.code == 0:
        assert preview.err == f"{done.err}Dry run: nothing was stored.\n"
    else:
        assert preview.err == done.err
        assert journey.rows() == before


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("visit cancel ZJ-001 day-30", 2, "to cancel a visit needs a --reason"),
        ("visit add ZJ-001 --date 2026-03-10 --time 10:00", 2, "to add a visit needs a --reason"),
        ("visit move ZJ-001 day-30 --reason x", 2, "say where to: --date, --time, or both"),
        ("visit confirm ZJ-001 day-31", 2, 'did you mean "day-3"?'),
        ("visit confirm ZJ-009 day-30", 2, 'no subject "ZJ-009"'),
        ("visit complete ZJ-001 baseline --date 2026-03-02", 2, "ahead of today, 2026-02-20"),
        ("visit miss ZJ-001 baseline --reason x", 9, "is due on 2026-03-02, after today"),
        ("visit resume ZJ-001 day-30 --reason x", 9, "it is scheduled (possible: confirm, "),
        ("visit move ZJ-001 infusion-2 --date 2026-04-20 --reason x", 9, "infusion-2 follows"),
        ("visit move ZJ-001 infusion-1 --date 2026-04-10 --reason x", 3, "day-1, day-8 would lose"),
        ("visit move ZJ-001 day-30 --date 2026-05-10 --reason x", 9, "closed on Sundays; free: "),
        ("visit move ZJ-001 day-30 --date 2026-06-10 --reason x", 9, "--force records that"),
        ("visit move ZJ-001 day-30 --date 2026-05-11 --along day-31 --reason x", 2, "no visit"),
    ],
)
def test_refusals(book: Schedule, command: str, code: int, words: str) -> None:
    outcome = book(*command.split())
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err


def test_roles_of_the_site_file(book: Schedule) -> None:
    site = book.write("zj.toml", site_file(PEOPLE))

    def act(user: str, *command: str) -> Outcome:
        return book("--site", site, "--user", user, *command)

    move = ("visit", "move", "ZJ-001", "infusion-1", "--date", "2026-04-13", "--reason", "x")
    add = ("visit", "add", "ZJ-001", "--date", "2026-03-10", "--time", "10:00", "--reason", "x")
    assert act("li", "visit", "confirm", "ZJ-001", "day-30").code == 0
    refused = act("li", *move)
    assert refused.code == 9
    assert "li may not move visits: li has the role nurse" in refused.err
    assert act("wang", *move).code == 0
    assert act("li", *add).code == 0
    stranger = act("zhao", *add)
    assert stranger.code == 9
    assert "zhao is not among the people of the site file" in stranger.err


def test_the_login_counts_where_no_user_is_named(book: Schedule) -> None:
    site = book.write("zj.toml", site_file(PEOPLE))
    assert book("--site", site, "visit", "confirm", "ZJ-001", "day-30").code == 0
    outcome = book("--site", site, "visit", "cancel", "ZJ-001", "day-30", "--reason", "x")
    assert "li may not cancel visits" in outcome.err


def test_another_sites_hours_are_not_taken(book: Schedule) -> None:
    site = book.write("bj.toml", site_file(code="BJ"))
    outcome = book("--site", site, "visit", "confirm", "ZJ-001", "day-30")
    assert outcome.code == 2
    assert "ZJ-001 is a participant of site ZJ, not of BJ" in outcome.err


def test_what_to_watch_is_said(book: Schedule) -> None:
    words = ("--reason", "x")
    lost = book("visit", "move", "ZJ-001", "infusion-1", "--date", "2026-04-10", "--force", *words)
    assert lost.code == 0
    assert "Warning: day-1 has no slot any more" in lost.err
    outside = book("visit", "move", "ZJ-001", "day-90", "--date", "2026-07-20", "--force", *words)
    assert "Deviation: day-90 is 4 d after its window 2026-07-02 – 2026-07-16" in outside.err
    leaning = book("visit", "cancel", "ZJ-001", "infusion-2", *words)
    assert "Its expected date goes on counting for day-8, day-14." in leaning.err
    nothing = book("visit", "move", "ZJ-001", "day-14", "--time", "08:00", *words)
    assert "Nothing changes." in nothing.err


def test_unscheduled_visits_are_numbered(book: Schedule) -> None:
    for day, ref in (("2026-03-10", "unscheduled"), ("2026-03-11", "unscheduled#2")):
        at = ("--date", day, "--time", "10:00", "--reason", "fever")
        [change] = book("visit", "add", "ZJ-001", *at, "--json").json["changes"]
        assert change["before"] is None
        number = change["after"]["occurrence"]
        assert ref == ("unscheduled" if number == 1 else f"unscheduled#{number}")
    outcome = book("visit", "confirm", "ZJ-001", "unscheduled#1")
    assert [line[0] for line in lines(outcome)][-1] == "unscheduled"


def test_a_chair_closed_by_a_calendar_then_moved(journey: Schedule) -> None:
    """Found by `check`, moved to where it is free, and found good."""
    journey.enter()
    entry = '[[calendar]]\nsource = "chairs.ics"\nbelongs_to = "chair"'
    site = journey.write("zj.toml", site_file(entry))
    journey.write("chairs.ics", calendar("2026-04-16/2026-04-18"))
    assert journey("--site", site, "check").code == 4
    move = ("visit", "move", "ZJ-001", "infusion-1", "--reason", "chairs are serviced")
    hour = ("visit", "move", "ZJ-001", "infusion-2", "--time", "09:00", "--reason", "x")
    refused = journey("--site", site, *hour)
    assert refused.code == 9
    assert "chairs.ics" in refused.err
    assert journey("--site", site, *move, "--date", "2026-04-13").code == 0
    assert journey("--site", site, "check").code == 0
    visits = {v["encounter"]: v for v in journey("show", "ZJ-001", "--json").json["visits"]}
    days = [visits[id]["start"][:10] for id in ("infusion-1", "infusion-2", "day-8", "day-14")]
    assert days == ["2026-04-13", "2026-04-20", "2026-04-21", "2026-04-27"]


def test_a_move_into_the_past_is_stored_and_warned_of(book: Schedule) -> None:
    """Today is 2026-04-20: the record comes late, but the day may be the true one."""
    late = ("--as-of", "2026-04-20")
    words = ("visit", "move", "ZJ-001", "infusion-1", "--date", "2026-04-13", "--reason", "chairs")
    outcome = book(*words, "--json", *late)
    assert outcome.code == 0
    assert outcome.json["in_the_past"] == ["pre-check", "infusion-1", "day-1", "day-3"]
    assert (
        "Warning: infusion-1 on Mon 2026-04-13 08:00–15:00 lies in the past:"
        " record what became of it, or move it on"
    ) in outcome.err
    ahead = book(*words, "--dry-run", "--as-of", "2026-04-10")
    assert "in the past" not in ahead.err


def test_who_was_agreed_with_moves_along_with_a_completed_visit(book: Schedule) -> None:
    for visit in ("infusion-1", "infusion-2"):
        book("visit", "confirm", "ZJ-001", visit)
    late = ("visit", "complete", "ZJ-001", "aspiration", "--as-of", "2026-03-09", "--json")
    stay = {c["after"]["encounter"] for c in book(*late, "--dry-run").json["changes"]}
    assert "infusion-1" in stay  # its window moves, and its day stays
    along = book(*late, "--along", "infusion-1", "--along", "infusion-2")
    assert along.code == 0
    moved = {c["after"]["encounter"]: c["after"] for c in along.json["changes"]}
    assert moved["infusion-1"]["start"].startswith("2026-04-13")
    assert moved["infusion-2"]["start"].startswith("2026-04-20")
    assert book(*late, "--along", "day-31").code in {2, 9}
