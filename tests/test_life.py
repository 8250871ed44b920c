"""The table of acts: every cell, every role, every reason, and the order of visits."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.life import (
    BEDSIDE,
    DESK,
    RULES,
    Act,
    DoneAlready,
    NotAllowed,
    NotPermitted,
    OutOfSequence,
    ReasonMissing,
    ask_reason,
    check,
    check_forced,
    check_reopening,
    check_sequence,
    permit,
    rule,
)
from scheduler.sites import Role
from scheduler.subject import OPEN, Status
from tests.arms import trial
from tests.calendars import visit
from tests.states import PAGE, page

BMSC = trial().arm("bmsc")

# By hand: from which statuses (planned, scheduled, confirmed, held, completed, missed,
# cancelled, superseded) an act is possible.
CELLS = {
    Act.CONFIRM: "-S------",
    Act.COMPLETE: "PSC-----",
    Act.MISS: "PSC-----",
    Act.MOVE: "PSCH-M--",
    Act.HOLD: "-SC-----",
    Act.RESUME: "---HDMX-",
    Act.CANCEL: "PSCH----",
    Act.ADD: "--------",
}
RESULTS = {
    Act.CONFIRM: Status.CONFIRMED,
    Act.COMPLETE: Status.COMPLETED,
    Act.MISS: Status.MISSED,
    Act.MOVE: Status.SCHEDULED,
    Act.HOLD: Status.HELD,
    Act.RESUME: Status.SCHEDULED,
    Act.CANCEL: Status.CANCELLED,
    Act.ADD: Status.SCHEDULED,
}
UNASKED = {Act.CONFIRM, Act.COMPLETE}
OF_THE_DESK = {Act.MOVE, Act.RESUME, Act.CANCEL}


@pytest.mark.parametrize(("act", "status"), list(product(Act, Status)))
def test_every_cell(act: Act, status: Status) -> None:
    possible = CELLS[act][list(Status).index(status)] != "-"
    one = visit(status=status)
    if possible:
        check(act, one, reason="asked for", user="li", people={})
    else:
        with pytest.raises(NotAllowed, match=f"cannot {act} infusion-1 of ZJ-001: it is {status}"):
            check(act, one, reason="asked for", user="li", people={})


def test_every_act_has_one_rule_and_its_result() -> None:
    assert [row.act for row in RULES] == list(Act)
    assert {row.act: row.result for row in RULES} == RESULTS
    assert {row.act for row in RULES if row.fact} == {Act.COMPLETE, Act.MISS}


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(NotAllowed, match=r"it is held \(possible: move, resume, cancel\)"):
        check(Act.COMPLETE, visit(status=Status.HELD), reason="", user="li", people={})
    with pytest.raises(NotAllowed, match=r"it is superseded \(possible: nothing\)"):
        check(Act.RESUME, visit(status=Status.SUPERSEDED), reason="", user="li", people={})


def test_whatever_ends_a_visit_can_be_undone() -> None:
    ended = {row.result for row in RULES} - OPEN
    assert ended | {Status.HELD} == rule(Act.RESUME).sources


@pytest.mark.parametrize(("act", "role"), list(product(Act, [*Role, None])))
def test_every_role(act: Act, role: Role | None) -> None:
    people = {"li": role, "wang": Role.MONITOR} if role else {"wang": Role.COORDINATOR}
    permitted = role in {Role.COORDINATOR, Role.INVESTIGATOR} or (
        role is Role.NURSE and act not in OF_THE_DESK
    )
    if permitted:
        permit("do it", rule(act).by, user="li", people=people)
    else:
        who = f"has the role {role}" if role else "is not among the people of the site file"
        with pytest.raises(NotPermitted, match=f"li may not do it: li {who}"):
            permit("do it", rule(act).by, user="li", people=people)


@pytest.mark.parametrize(("act", "role"), list(product(Act, [*Role, None])))
def test_who_may_force_and_only_with_a_reason(act: Act, role: Role | None) -> None:
    people = {"li": role} if role else {"wang": Role.COORDINATOR}
    may = act in {Act.COMPLETE, Act.MOVE} and role in DESK

    def force(reason: str) -> None:
        check_forced(act, "record it", reason=reason, user="li", people=people)

    if may:
        force("it was given")
        with pytest.raises(ReasonMissing, match="to record it needs a --reason"):
            force(" ")
    else:
        with pytest.raises(NotPermitted, match="li may not record it"):
            force("it was given")


def test_where_nobody_is_named_everybody_may() -> None:
    for by in (BEDSIDE, DESK):
        permit("do it", by, user="anyone", people={})


def test_who_may_not_learns_nothing_of_the_visit() -> None:
    people = {"chen": Role.LABORATORY}
    with pytest.raises(NotPermitted, match="chen may not cancel visits"):
        check(Act.CANCEL, visit(status=Status.CANCELLED), reason="", user="chen", people=people)


@pytest.mark.parametrize("act", [act for act in Act if act is not Act.ADD])
@pytest.mark.parametrize("reason", ["", "  \t"])
def test_every_reason(act: Act, reason: str) -> None:
    [status, *_] = rule(act).sources
    one = visit(status=status)
    if act in UNASKED:
        check(act, one, reason=reason, user="li", people={})
    else:
        with pytest.raises(ReasonMissing, match=f"to {act} a visit needs a --reason"):
            check(act, one, reason=reason, user="li", people={})


def test_to_add_needs_a_reason_too() -> None:
    assert rule(Act.ADD).reason
    ask_reason("add a visit", "fever")
    with pytest.raises(ReasonMissing, match="to add a visit needs a --reason"):
        ask_reason("add a visit", " ")


@given(
    st.sampled_from(["day-1", "day-3", "infusion-2", "day-30"]),
    st.sampled_from(Status),
    st.integers(-10, 10),
)
def test_nothing_is_done_before_what_it_counts_from(id: str, status: Status, days: int) -> None:
    anchor = visit(status=status)
    if status is Status.COMPLETED:
        anchor = replace(anchor, actual=date(2026, 4, 9))
    follower, actual = visit(encounter=id), date(2026, 4, 9) + timedelta(days=days)
    if status in OPEN or (status is Status.COMPLETED and days < 0):
        with pytest.raises(OutOfSequence, match=f"{id} of ZJ-001 cannot be completed before inf"):
            check_sequence(BMSC.encounter(id), follower, actual, {"infusion-1": anchor})
    else:
        check_sequence(BMSC.encounter(id), follower, actual, {"infusion-1": anchor})


def test_the_refusal_says_how_the_anchor_stands() -> None:
    row, second = BMSC.encounter("infusion-2"), visit(encounter="infusion-2")
    ahead = {"infusion-1": visit(status=Status.CONFIRMED)}
    with pytest.raises(OutOfSequence, match="before infusion-1: it is confirmed"):
        check_sequence(row, second, date(2026, 4, 16), ahead)
    later = {"infusion-1": visit(status=Status.COMPLETED, actual=date(2026, 4, 17))}
    with pytest.raises(OutOfSequence, match="before infusion-1: that was on 2026-04-17"):
        check_sequence(row, second, date(2026, 4, 16), later)


@given(st.sampled_from(Status), st.dates())
def test_the_pre_check_comes_first_though_it_counts_from_the_infusion(
    status: Status, actual: date
) -> None:
    before = visit(encounter="pre-check")
    others = {"infusion-1": visit(status=status), "pre-check": before}
    check_sequence(BMSC.encounter("pre-check"), before, actual, others)


def test_what_counts_from_no_visit_may_be_any_day() -> None:
    baseline = visit(encounter="baseline")
    check_sequence(BMSC.encounter("baseline"), baseline, date(2026, 1, 1), {})
    # The anchor of a participant without that visit (another arm) asks nothing either.
    check_sequence(BMSC.encounter("day-1"), visit(encounter="day-1"), date(2026, 1, 1), {})


@given(st.sampled_from([row.id for row in BMSC.encounters]), st.sampled_from(Status))
def test_an_anchor_is_taken_up_again_only_while_nothing_done_follows_it(
    id: str, status: Status
) -> None:
    first = visit(status=Status.COMPLETED, actual=date(2026, 4, 9))
    others = {"infusion-1": first, id: visit(encounter=id, status=status)}
    follows = {"day-1", "day-3", "infusion-2", "day-30", "day-90", "day-180", "day-360"}
    if id in follows and status is Status.COMPLETED:
        with pytest.raises(DoneAlready, match=f"infusion-1 of .* again: {id}, which counts"):
            check_reopening(BMSC, first, others)
    else:
        check_reopening(BMSC, first, others)


def test_the_picture_in_the_documents() -> None:
    """Changed on purpose? See the module `states`."""
    assert PAGE.read_text(encoding="utf-8") == page()
