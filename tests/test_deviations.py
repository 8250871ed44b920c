"""What counts as a deviation: laws on any life of a visit, then lives worked out by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from scheduler.dates import Interval, Window
from scheduler.deviations import WITHDRAWAL, Deviation, Step, deviations
from scheduler.protocol import Kind, Mode
from scheduler.subject import OPEN, Status, Visit
from scheduler.words import Words
from tests.arms import encounter, study

DUE = date(2026, 4, 12)
ARM = study(
    encounter("first", offset="10 d", before="1 d", after="1 d"),
    encounter("second", offset="20 d", before="1 d", after="1 d"),
    encounter("third", offset="30 d", before="1 d", after="1 d"),
).arms[0]


def at(day: int) -> date:
    """The day so many days from DUE."""
    return DUE + timedelta(days=day)


def slot(day: int) -> Interval:
    start = datetime(2026, 4, 12, 9, tzinfo=UTC) + timedelta(days=day)
    return Interval(start=start, end=start + timedelta(hours=1))


def visit(id: str = "first", due: int = 0, scheduled: int | None = 0) -> Visit:
    """A visit with a window of a day on either side of its target, on an appointment."""
    return Visit(
        study="s",
        subject="ZJ-001",
        site="ZJ",
        encounter=id,
        label=Words.of(en=id),
        kind=Kind.CHECK,
        mode=Mode.VISIT,
        target=at(due),
        window=Window(earliest=at(due - 1), latest=at(due + 1)),
        status=Status.PLANNED if scheduled is None else Status.SCHEDULED,
        scheduled=None if scheduled is None else slot(scheduled),
        changed=datetime(2026, 3, 1, tzinfo=UTC),
    )


def life(*states: Visit, commands: tuple[str, ...] = ()) -> list[Step]:
    """Recorded one after the other, an hour apart, for the reasons "0", "1" and so on."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        Step(
            visit=state,
            arm=ARM,
            version="1",
            user=f"user-{n}",
            at=start + timedelta(hours=n),
            command=commands[n] if n < len(commands) else "visit",
            reason=str(n),
        )
        for n, state in enumerate(states)
    ]


def done(visit: Visit, day: int) -> Visit:
    return replace(visit, status=Status.COMPLETED, actual=at(day))


def brief(found: tuple[Deviation, ...]) -> list[tuple[str, str, int | None, str]]:
    """Visit, kind, days and reason of each."""
    return [(each.visit.ref, each.kind.value, each.days, each.reason) for each in found]


small = st.integers(-4, 4)


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    """Any state in which the book could hold a visit."""
    due, status = draw(small), draw(st.sampled_from(Status))
    scheduled = None if status is Status.PLANNED else draw(small)
    state = replace(visit(due=due, scheduled=scheduled), status=status)
    return replace(state, actual=at(draw(small))) if status is Status.COMPLETED else state


@given(states=st.lists(visits(), min_size=1, max_size=6))
def test_only_the_last_state_decides(states: list[Visit]) -> None:
    found = deviations(life(*states))
    alone = deviations(life(states[-1]))
    assert [each.days for each in found] == [each.days for each in alone]
    assert all(each.visit == states[-1] for each in found if each.planned)
    assert all(each.planned == (states[-1].status in OPEN) for each in found)
    for each in found:
        assert each.rule == "enrollment + 10 days, window -1/+1 d"
        assert each.reason == str(each.at.hour)
        assert each.user == f"user-{each.at.hour}"


@given(due=small, day=small)
def test_actual_day_is_held_against_the_window_then_in_force(due: int, day: int) -> None:
    planned = visit(due=due)
    found = deviations(life(planned, done(planned, day)))
    days = planned.window.beyond(at(day))
    assert [each.days for each in found] == ([days] if days else [])


@given(states=st.lists(visits(), max_size=4), day=small)
def test_undone_visit_leaves_nothing(states: list[Visit], day: int) -> None:
    """Whatever was recorded of it before, a visit taken up again in its window deviates no more."""
    planned = visit()
    assert deviations(life(*states, planned, done(planned, day), planned)) == ()


@given(order=st.permutations([0, 1, 2]), targets=st.permutations([0, 10, 20]))
def test_order_is_that_of_the_targets(order: list[int], targets: list[int]) -> None:
    """Visits within their windows keep the order; nobody is blamed twice."""
    ids = ("first", "second", "third")
    lives = [done(visit(id, due, due), due) for id, due in zip(ids, targets, strict=True)]
    assert deviations(life(*(lives[n] for n in order))) == ()


@given(a=small, b=small)
def test_swapped_visits_are_told_once(a: int, b: int) -> None:
    assume(a > b)
    one = replace(visit("first", 0, a), window=Window(earliest=at(-9), latest=at(9)))
    other = replace(visit("second", 1, b), window=Window(earliest=at(-9), latest=at(9)))
    found = deviations(life(done(one, a), done(other, b)))
    assert brief(found) == [("first", "out-of-order", 0, "0")]
    assert str(found[0]) == f"after second of {at(b)}, which it should precede"


def test_late_visit_is_out_of_window_for_the_reason_of_its_completion() -> None:
    found = deviations(life(visit(), done(visit(), 3)))
    assert brief(found) == [("first", "out-of-window", 2, "1")]
    assert str(found[0]) == "2 d after its window 2026-04-11 to 2026-04-13"
    assert found[0].day == at(3)


def test_early_visit_has_negative_days() -> None:
    found = deviations(life(visit(), done(visit(), -4)))
    assert brief(found) == [("first", "out-of-window", -3, "1")]
    assert str(found[0]) == "3 d before its window 2026-04-11 to 2026-04-13"


def test_forced_move_is_planned_and_then_happens() -> None:
    forced = visit(scheduled=5)
    ahead = deviations(life(visit(), forced))
    assert brief(ahead) == [("first", "forced", 4, "1")]
    assert ahead[0].planned
    kept = deviations(life(visit(), forced, replace(forced, status=Status.CONFIRMED)))
    assert brief(kept) == [("first", "forced", 4, "1")]
    happened = deviations(life(visit(), forced, done(forced, 5)))
    assert brief(happened) == [("first", "forced", 4, "1")]
    assert not happened[0].planned


def test_forced_move_that_was_not_kept_is_no_longer_forced() -> None:
    forced = visit(scheduled=5)
    found = deviations(life(visit(), forced, done(forced, 4)))
    assert brief(found) == [("first", "out-of-window", 3, "2")]
    assert deviations(life(visit(), forced, done(forced, 0))) == ()
    assert deviations(life(visit(), forced, visit(scheduled=1))) == ()


def test_window_that_moved_away_from_an_agreed_visit_forces_nothing() -> None:
    agreed = replace(visit(), status=Status.CONFIRMED)
    away = replace(agreed, target=at(4), window=Window(earliest=at(3), latest=at(5)))
    found = deviations(life(visit(), agreed, away))
    assert brief(found) == [("first", "out-of-window", -3, "2")]
    assert brief(deviations(life(agreed, away, done(away, 0)))) == [
        ("first", "out-of-window", -3, "2")
    ]


def test_visit_without_allowed_day_is_told_before_it_happens() -> None:
    lost = replace(visit(scheduled=None), why=("no allowed day between A and B", "closed"))
    found = deviations(life(visit(), lost, replace(lost, unverified=True)))
    assert brief(found) == [("first", "no-slot", None, "1")]
    assert str(found[0]) == "no slot: no allowed day between A and B; closed"
    assert found[0].planned
    assert found[0].day == DUE


def test_missed_visit_counts_until_it_is_made_good() -> None:
    missed = replace(visit(), status=Status.MISSED)
    found = deviations(life(visit(), missed))
    assert brief(found) == [("first", "missed", None, "1")]
    assert str(found[0]) == "missed, window 2026-04-11 to 2026-04-13"
    assert deviations(life(visit(), missed, visit(scheduled=1))) == ()


def test_cancelled_visit_is_missed_unless_the_participant_left() -> None:
    called_off = replace(visit(), status=Status.CANCELLED)
    found = deviations(life(visit(), called_off))
    assert brief(found) == [("first", "missed", None, "1")]
    assert str(found[0]) == "cancelled, window 2026-04-11 to 2026-04-13"
    assert deviations(life(visit(), called_off, commands=("enroll", WITHDRAWAL))) == ()


def test_superseded_visit_deviates_only_by_what_took_place() -> None:
    late = done(visit(), 3)
    over = replace(late, status=Status.SUPERSEDED)
    assert deviations(life(visit(), replace(visit(), status=Status.SUPERSEDED))) == ()
    assert brief(deviations(life(visit(), late, over))) == [("first", "out-of-window", 2, "1")]


def test_late_check_is_out_of_window_and_out_of_order() -> None:
    check, infusion = visit("first", 0, 0), visit("second", 3, 3)
    found = deviations(life(check, infusion, done(infusion, 3), done(check, 5)))
    assert brief(found) == [("first", "out-of-window", 4, "3"), ("first", "out-of-order", 4, "3")]
    assert found[1].beside == done(infusion, 3)


def test_early_visit_is_to_blame_for_the_order() -> None:
    one, other = visit("second", 10, 10), visit("third", 20, 8)
    found = deviations(life(one, other, done(one, 10), done(other, 8)))
    assert [(ref, kind) for ref, kind, _, _ in brief(found)] == [
        ("third", "out-of-window"),
        ("third", "out-of-order"),
    ]
    assert str(found[1]) == "before second of 2026-04-22, which it should follow"


def test_unscheduled_visit_has_no_rule_to_break() -> None:
    extra = visit("unscheduled", 0, 0)
    assert deviations(life(extra, done(extra, 4))) == ()


def test_single_day_is_told_as_such() -> None:
    strict = replace(visit(), window=Window(earliest=DUE, latest=DUE))
    assert str(deviations(life(strict, done(strict, 1)))[0]) == "1 d after its only day 2026-04-12"


@given(state=visits(), as_of=st.integers(-10, 10))
def test_what_should_be_over_and_is_not_recorded_is_told_of(state: Visit, as_of: int) -> None:
    """Once neither its window nor its appointment lies ahead, and only while it is open."""
    kinds = [each.kind.value for each in deviations(life(state), at(as_of))]
    over = at(as_of) > max(state.window.latest, state.day or state.window.latest)
    assert ("unrecorded" in kinds) == (over and state.status in OPEN)
    assert "unrecorded" not in [each.kind.value for each in deviations(life(state))]


def test_an_unrecorded_visit_counts_the_days_and_blames_nobody() -> None:
    [found] = deviations(life(visit(), replace(visit(), status=Status.CONFIRMED)), at(4))
    assert brief((found,)) == [("first", "unrecorded", 3, "")]
    assert (found.user, found.planned) == ("", False)
    assert str(found) == "not recorded, 3 d after the end of its window, 2026-04-13"
    assert deviations(life(visit()), at(1)) == ()
    lost = visit(scheduled=None)
    assert [each.kind.value for each in deviations(life(lost), at(2))] == ["unrecorded"]
    assert [each.kind.value for each in deviations(life(lost), at(1))] == ["no-slot"]
