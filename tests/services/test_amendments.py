"""Amendments: laws on random lives and versions, then the trial by hand on both engines."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scheduler.errors import Refused, SchedulerError, UnknownName, Unplaced
from scheduler.life import Act, NotPermitted, ReasonMissing
from scheduler.services import amendments
from scheduler.services.amendments import Amendment, ArmGone, BookChanged, NobodyFollows, Request
from scheduler.services.clinics import Clinic
from scheduler.sites import Role
from scheduler.store import Book, Store
from scheduler.subject import OPEN, Status, Visit
from tests.arms import tree, trial
from tests.courses import begin
from tests.databases import Databases
from tests.lives import CLINIC, Life, change, enroll, staffed, told
from tests.versions import study, version, with_row

BMSC = tree(trial(), "bmsc")
ENCOUNTERS = [row.id for row in BMSC.arm.encounters]
MOVABLE = [id for id in ENCOUNTERS if id not in {"baseline", "infusion-2"}]

SAME = version()
WIDER = version(day_30='window = "5 d"')
SOONER = version(infusion_1='offset = "28 d"')
SHORTER = version(day_3=None)
LONGER = with_row(
    version(), "day-60", "day-30", 'offset = "60 d"\nwindow = "5 d"\nlabel = { en = "Day 60" }'
)


def amend(
    store: Store,
    text: str,
    today: str = "2026-03-13",
    *,
    clinic: Clinic = CLINIC,
    user: str = "li",
    reason: str = "amendment 1",
    **options: Any,
) -> Amendment:
    """Preview, then store; `options` are those of a request."""
    request = Request(study=study(text), **options)
    mark = change("protocol amend", reason, user)
    day = date.fromisoformat(today)
    found = amendments.preview(store, lambda _: clinic, request, mark, day)
    amendments.amend(store, lambda _: clinic, request, mark, day, seen=found)
    return found


def took_place(life: Life, *refs: str) -> None:
    """The book holds the visits as completed on their days, whatever else that asks for."""
    visits = [life[ref] for ref in refs]
    done = [replace(v, status=Status.COMPLETED, actual=v.day, sequence=1) for v in visits]
    life.store.write(lambda book: book.record(change("visit complete"), done))


def versions(store: Store, code: str) -> list[tuple[str, str]]:
    """Every version a participant has followed, with the reason."""
    found = store.read(lambda book: book.versions(code))
    return [(each.version, each.change.reason) for each in found]


def whole(store: Store) -> dict[str, tuple[str, tuple[Visit, ...]]]:
    """Everybody's version and visits."""

    def work(book: Book) -> dict[str, tuple[str, tuple[Visit, ...]]]:
        return {s.code: (s.protocol_version, book.visits(subject=s.code)) for s in book.subjects()}

    return store.read(work)


# --------------------------------------------------------------------- laws, on random lives

acts = st.lists(
    st.tuples(
        st.sampled_from(
            [Act.COMPLETE, Act.COMPLETE, Act.CONFIRM, Act.HOLD, Act.CANCEL, Act.MISS, Act.MOVE]
        ),
        st.sampled_from(ENCOUNTERS),
        st.integers(-2, 9),
    ),
    max_size=6,
)
edits = st.dictionaries(
    st.sampled_from(MOVABLE),
    st.sampled_from(
        [
            None,
            'window = "0 d"',
            'window = "1 d"',
            'window = "12 d"',
            "minutes = 90",
            'basis = "registry"',
        ]
    ),
    min_size=1,
    max_size=3,
)
todays = st.sampled_from(["2026-02-20", "2026-03-20", "2026-04-14", "2026-07-01"])


def lived(store: Store, happened: list[tuple[Act, str, int]]) -> None:
    """Two participants; what is refused did not happen."""
    for life in (enroll(store), enroll(store, at=date(2026, 3, 9))):
        for act, encounter, days in happened:
            visit = life[encounter]
            standing = visit.actual or visit.day or visit.target
            day = date.fromordinal(standing.toordinal() + days)
            try:
                if act is Act.MOVE:
                    life(act, encounter, day, forced=True)
                else:
                    life(act, encounter, day if act is Act.COMPLETE else None)
            except SchedulerError as refusal:
                event(type(refusal).__name__)


@settings(max_examples=5)
@given(happened=acts, today=todays)
def test_same_rules_in_another_version_change_no_visit(
    sqlite_files: Databases, happened: list[tuple[Act, str, int]], today: str
) -> None:
    with sqlite_files.book() as url, Store(url) as store:
        lived(store, happened)
        before = whole(store)
        found = amend(store, SAME, today)
        assert all(each.changes == () for each in found.amended)
        assert {code: visits for code, (_, visits) in whole(store).items()} == {
            code: visits for code, (_, visits) in before.items()
        }
        assert {version for version, _ in whole(store).values()} == {"2"}
        with pytest.raises(NobodyFollows):
            amend(store, SAME, today)


@settings(max_examples=10)
@given(happened=acts, edits=edits, today=todays)
def test_laws_of_an_amendment(
    sqlite_files: Databases,
    happened: list[tuple[Act, str, int]],
    edits: dict[str, str | None],
    today: str,
) -> None:
    with sqlite_files.book() as url, Store(url) as store:
        lived(store, happened)
        before = whole(store)
        try:
            text = version("2", **{row.replace("-", "_"): edit for row, edit in edits.items()})
            found = amend(store, text, today, accept_unplaced=True)
        except SchedulerError as refusal:
            event(f"refused: {type(refusal).__name__}")
            assert whole(store) == before
            return
        event("amended")
        outside = {visit.ref for each in found.amended for visit in each.outside}
        for code, (_, visits) in whole(store).items():
            was = {visit.ref: visit for visit in before[code][1]}
            for visit in visits:
                check_visit(was.get(visit.ref), visit, date.fromisoformat(today), outside)
            assert [reason for _, reason in versions(store, code)][-1] == "amendment 1"


def check_visit(before: Visit | None, after: Visit, today: date, outside: set[str]) -> None:
    """What holds of every visit, whatever the new version says."""
    if before is None or after == before:
        return
    assert before.status in OPEN
    assert after.sequence - before.sequence == (told(after) != told(before))
    if before.status in {Status.CONFIRMED, Status.HELD}:
        assert told(after) == told(before)
    if before.day and before.day < today:
        raise AssertionError(f"{after.ref} lies in the past")
    if after.day and told(after) != told(before) and after.status in OPEN:
        assert after.day in after.window
        assert after.day >= today
    if after.status in OPEN and after.day and after.day not in after.window:
        assert after.ref in outside


# ----------------------------------------------------------------------- the trial, by hand


def test_wider_window_moves_nobody(store: Store) -> None:
    life = enroll(store)
    before = life["day-30"]
    found = amend(store, WIDER)
    [(was, after)] = found.amended[0].changes
    assert (was, after) == (before, life["day-30"])
    assert told(after) == told(before)
    assert after.sequence == 0
    assert (after.target, after.window.earliest, after.window.latest) == (
        date(2026, 5, 9),
        date(2026, 5, 4),
        date(2026, 5, 14),
    )
    assert versions(store, life.code) == [("1", "asked for"), ("2", "amendment 1")]


def test_shorter_lead_time_moves_who_is_not_treated_yet(store: Store) -> None:
    """28 days from 5 March is 2 April, but then Qingming (4-6 April) takes all of day 3's window.

    On 31 March the days off target are 2 + 1 (day 180 on a Sunday); on 1 April 1, and one each
    of days 3, 30 and 360.
    """
    treated = enroll(store, at=date(2026, 2, 2))
    waiting = enroll(store)
    took_place(treated, "baseline", "aspiration", "pre-check", "infusion-1")
    took_place(waiting, "baseline", "aspiration")
    actual = treated["infusion-1"].actual
    assert actual is not None
    assert actual < date(2026, 3, 13)
    before = treated.visits()
    found = amend(store, SOONER)
    assert treated.visits() == before
    assert found.amended[0].changes == ()
    assert waiting.days() == {
        "baseline": "03-02",
        "aspiration": "03-05",
        "pre-check": "03-24",
        "infusion-1": "03-31",
        "day-1": "04-01",
        "day-3": "04-03",
        "infusion-2": "04-07",
        "day-8": "04-08",
        "day-14": "04-14",
        "day-30": "04-30",
        "day-90": "06-29",
        "day-180": "09-28",
        "day-360": "03-26",
    }
    assert waiting["infusion-1"].target == date(2026, 4, 2)
    assert {each.subject.protocol_version for each in found.amended} == {"1"}
    assert {version for version, _ in whole(store).values()} == {"2"}


def test_nothing_is_placed_in_the_past(store: Store) -> None:
    """On 3 April the new window, 26 March to 9 April, has only working days from the 7th on."""
    life = enroll(store)
    took_place(life, "baseline", "aspiration", "pre-check")
    amend(store, SOONER, "2026-04-03")
    assert life["infusion-1"].day == date(2026, 4, 7)
    assert life["infusion-2"].day == date(2026, 4, 14)


def test_new_encounter_is_added_where_its_window_is_not_over(store: Store) -> None:
    early, late = enroll(store), enroll(store, at=date(2026, 5, 11))
    found = amend(store, LONGER, "2026-06-15")
    assert found.amended[0].late == ("day-60",)
    assert "day-60" not in early.visits()
    added = late["day-60"]
    day = late["infusion-1"].day
    assert day is not None
    assert (added.target - day).days == 60
    assert (added.status, added.occurrence, added.sequence) == (Status.SCHEDULED, 1, 0)
    assert [before for before, _ in found.amended[1].changes] == [None]


def test_removed_encounter_is_superseded_and_gives_up_its_room(store: Store) -> None:
    life = enroll(store)
    before = life["day-3"]
    amend(store, SHORTER)
    after = life["day-3"]
    assert after == replace(
        before,
        status=Status.SUPERSEDED,
        sequence=1,
        why=("bmsc-stroke version 2 has no day-3",),
        changed=after.changed,
    )
    assert set(life.visits()) == set(ENCOUNTERS)
    other = enroll(store)
    assert other["day-3"].allocations == before.allocations
    with pytest.raises(Refused):
        life(Act.RESUME, "day-3")
    amend(store, version("3"), "2026-03-13", subjects=frozenset({life.code}))
    again = life["day-3#2"]
    assert (again.status, again.day) == (Status.SCHEDULED, before.day)


def test_agreed_visit_stays_unless_it_is_named(store: Store) -> None:
    named, unnamed = enroll(store), enroll(store)
    for life in (named, unnamed):
        life(Act.CONFIRM, "day-3")
        life(Act.CONFIRM, "day-30")
    later = version(day_3=None, day_30='offset = "40 d"')
    found = amend(
        store, later, along=frozenset({"day-3", "day-30"}), subjects=frozenset({named.code})
    )
    assert named["day-3"].status is Status.SUPERSEDED
    assert named["day-30"].day == date(2026, 5, 19)
    assert named["day-30"].status is Status.SCHEDULED
    found = amend(store, later)
    assert [visit.ref for visit in found.amended[0].agreed] == ["day-3"]
    assert [visit.ref for visit in found.amended[0].outside] == ["day-30"]
    kept = unnamed["day-30"]
    assert (kept.status, kept.day, kept.target) == (
        Status.CONFIRMED,
        date(2026, 5, 9),
        date(2026, 5, 19),
    )
    unnamed(Act.CANCEL, "day-3")
    assert unnamed["day-3"].status is Status.CANCELLED


def test_longer_visit_gets_another_slot(store: Store) -> None:
    life = enroll(store)
    amend(store, version(day_14="minutes = 90"))
    slot = life["day-14"].scheduled
    assert slot is not None
    assert (slot.start.date(), slot.minutes()) == (date(2026, 4, 23), 90)


def test_who_stays_keeps_the_version_by_name(store: Store) -> None:
    moves, stays = enroll(store), enroll(store)
    before = stays.visits()
    found = amend(store, SOONER, stay=frozenset({stays.code.lower()}))
    assert [subject.code for subject in found.staying] == [stays.code]
    assert stays.visits() == before
    assert versions(store, stays.code) == [("1", "asked for"), ("1", "amendment 1")]
    assert versions(store, moves.code) == [("1", "asked for"), ("2", "amendment 1")]


def test_only_who_is_named_follows(store: Store) -> None:
    first, second = enroll(store), enroll(store)
    amend(store, WIDER, subjects=frozenset({second.code}))
    assert versions(store, first.code) == [("1", "asked for")]
    assert versions(store, second.code)[-1] == ("2", "amendment 1")
    amend(store, WIDER)
    assert versions(store, first.code)[-1] == ("2", "amendment 1")


def test_who_has_left_keeps_the_version(store: Store) -> None:
    left, stays = enroll(store), enroll(store)
    for visit in ENCOUNTERS:
        left(Act.CANCEL, visit)
    found = amend(store, LONGER)
    assert [subject.code for subject in found.finished] == [left.code]
    assert "day-60" not in left.visits()
    assert "day-60" in stays.visits()
    with pytest.raises(NobodyFollows):
        amend(store, LONGER)


def test_without_a_slot_nothing_is_stored_unless_accepted(store: Store) -> None:
    """Day 14 on the tenth day after infusion 2, that day only, is Sunday 26 April."""
    life, other = enroll(store), enroll(store, at=date(2026, 3, 9))
    sunday = version(day_14='offset = "10 d"\nwindow = "0 d"')
    before = whole(store)
    with pytest.raises(Unplaced, match=f"no slot for {life.code} day-14, {other.code} day-14"):
        amend(store, sunday)
    assert whole(store) == before
    amend(store, sunday, accept_unplaced=True)
    assert (life["day-14"].status, life["day-14"].scheduled) == (Status.PLANNED, None)
    assert life["day-14"].why[0] == "no allowed day on 2026-04-26"


def test_half_of_a_pair_is_never_left_without_a_slot(store: Store) -> None:
    """Nine days after an infusion on Thursday 9 April is a Saturday."""
    life = enroll(store)
    took_place(life, "baseline", "aspiration", "pre-check", "infusion-1")
    before = whole(store)
    with pytest.raises(Unplaced, match=f"no slot for {life.code} infusion-2.*--stay"):
        amend(store, version(infusion_2='offset = "9 d"'), "2026-04-10", accept_unplaced=True)
    assert whole(store) == before


def test_visit_that_waits_to_be_recorded_keeps_its_rules(store: Store) -> None:
    life = enroll(store)
    took_place(life, "baseline", "aspiration", "pre-check", "infusion-1", "day-1")
    before = life["day-3"]
    found = amend(store, version(day_3='window = "0 d"'), "2026-04-15")
    assert [visit.ref for visit in found.amended[0].behind] == ["day-3"]
    assert life["day-3"] == before


def test_participants_do_not_take_each_others_time(store: Store) -> None:
    lives = [enroll(store) for _ in range(4)]
    amend(store, SOONER)
    taken = [
        (allocation.unit, allocation.interval)
        for life in lives
        for visit in life.visits().values()
        for allocation in visit.allocations
    ]
    assert len(set(taken)) == len(taken)


# ---------------------------------------------------------------------------------- refusals


def test_what_is_refused_leaves_the_book_alone(store: Store) -> None:
    life = enroll(store)
    routine = enroll(store, arm="routine")
    before = whole(store)
    other = version().replace('id = "bmsc-stroke"', 'id = "other"', 1)
    one_arm = version()[: version().index("# ====", version().index("[[arm]]"))]
    for text, options, error, words in (
        (version("1", day_30='window = "5 d"'), {}, Refused, "in use with another text"),
        (version("1"), {}, NobodyFollows, "nobody is left to move to bmsc-stroke version 1"),
        (other, {}, UnknownName, 'no protocol with participants "other".*bmsc-stroke'),
        (WIDER, {"subjects": frozenset({"ZJ-9"})}, UnknownName, 'no subject "ZJ-9"'),
        (WIDER, {"stay": frozenset({"ZJ-9"})}, UnknownName, 'no subject "ZJ-9"'),
        (
            WIDER,
            {"subjects": frozenset({life.code}), "stay": frozenset({life.code})},
            Refused,
            "cannot both",
        ),
        (WIDER, {"reason": " "}, ReasonMissing, "to amend a protocol needs a --reason"),
        (one_arm, {}, ArmGone, rf"{routine.code} \(arm routine\).*--stay"),
    ):
        with pytest.raises(error, match=words):
            amend(store, text, **options)
        assert whole(store) == before
    amend(store, WIDER, subjects=frozenset({life.code}))
    with pytest.raises(Refused, match=f"{life.code} is on bmsc-stroke version 2 already"):
        amend(store, WIDER, subjects=frozenset({life.code}))
    amend(
        store, one_arm.replace('version = "2"', 'version = "3"', 1), stay=frozenset({routine.code})
    )
    assert [v for v, _ in versions(store, life.code)] == ["1", "2", "3"]


def test_only_the_desk_may_amend(store: Store) -> None:
    enroll(store)
    clinic = staffed(li=Role.NURSE, wang=Role.COORDINATOR)
    with pytest.raises(NotPermitted, match="li may not amend a protocol"):
        amend(store, WIDER, clinic=clinic)
    amend(store, WIDER, clinic=clinic, user="wang")


def test_book_that_changed_after_the_list_is_left_alone(store: Store) -> None:
    enroll(store)
    request = Request(study=study(WIDER))
    mark, today = change("protocol amend", "amendment 1"), date(2026, 3, 13)
    seen = amendments.preview(store, lambda _: CLINIC, request, mark, today)
    enroll(store)
    before = whole(store)
    with pytest.raises(BookChanged, match="nothing was stored"):
        amendments.amend(store, lambda _: CLINIC, request, mark, today, seen=seen)
    assert whole(store) == before


def test_repeated_aspiration_stays_and_what_hangs_on_it_follows(store: Store) -> None:
    """After a failed culture the cells are taken again on 2026-04-20, far from enrollment + 3."""
    course = begin(store)
    course.complete("aspiration", "2026-03-05")
    course.order("B-1")
    course.fail("B-1", today="2026-04-08", earliest=date(2026, 4, 20))
    before = course.visits()
    assert before["aspiration#2"].day == date(2026, 4, 20)
    text = version(aspiration='offset = "4 d"', infusion_1='offset = "28 d"')
    amend(store, text, "2026-04-08")
    after = course.visits()
    assert told(after["aspiration#2"]) == told(before["aspiration#2"])
    assert after["aspiration#2"].target == date(2026, 3, 6)
    assert after["infusion-1#2"].target == date(2026, 5, 18)
    days = after["infusion-1#2"].day, after["infusion-2#2"].day
    assert days == (date(2026, 5, 18), date(2026, 5, 25))
