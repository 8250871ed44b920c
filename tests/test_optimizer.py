"""The optimiser against brute force, and its manners."""

from itertools import product, repeat
from math import inf
from operator import attrgetter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.joint.costs import DAY, LOST, Ranked
from scheduler.joint.selection import Option, Problem, Row
from scheduler.optimizer import select

FEW = (
    (0, (0, 1, 2, 3, 4)),
    (30, (0, 5, 6, 7, 8)),
    (10, (0, 7, 8, 9, 10)),
    (30, (11, 5, 6, 7, 8)),
    (20, (11, 12, 13, 1, 2)),
    (20, (11, 1, 2, 3, 4)),
    (10, (12, 7, 8, 9, 10)),
    (20, (12, 1, 2, 3, 4)),
)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to four groups that quarrel about up to three rows; the last option takes nothing.

    There is so much of the later ranks that no scale could hold the ranks apart.
    """
    rows = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    taken = st.lists(st.integers(0, len(rows) - 1), max_size=2).map(tuple)
    costs = st.builds(
        Ranked,
        lost=st.integers(0, 2),
        moved=st.integers(0, 3) | st.integers(0, 5_000),
        days=st.integers(0, 60) | st.integers(0, 500_000),
        crowded=st.just(0),
    ).map(attrgetter("cost"))
    option = st.builds(Option, costs, taken)
    last = st.builds(Option, costs, st.just(()))
    groups = draw(st.lists(st.tuples(st.lists(option, max_size=3), last), max_size=4))
    return Problem(
        groups=tuple((*options, last) for options, last in groups),
        rows=tuple(Row(places, draw(st.integers(0, places))) for places in rows),
    )


def best(problem: Problem) -> int:
    """The least cost of all selections that fit."""
    choices = product(*(range(len(group)) for group in problem.groups))
    return min(problem.cost(chosen) for chosen in choices if problem.fits(chosen))


@settings(max_examples=150)
@given(problems())
def test_the_optimum_is_that_of_brute_force(problem: Problem) -> None:
    found = select(problem)
    assert problem.fits(found.chosen)
    assert found.cost == problem.cost(found.chosen) == found.bound == best(problem)


def test_a_poor_first_guess_is_left_behind() -> None:
    """Two who could both have the best option but one: HiGHS took a start for the optimum here."""
    options = (*(Option(DAY * off, rows) for off, rows in FEW), Option(4 * LOST, ()))
    rows = tuple(Row(n, n) for n in (2, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 2, 1))
    problem = Problem(groups=(options, options), rows=rows)
    assert select(problem).cost == best(problem) == 10 * DAY


@settings(max_examples=30)
@given(problems())
def test_without_time_there_is_an_answer_and_a_true_bound(problem: Problem) -> None:
    found = select(problem, remaining=lambda: 0.0)
    assert problem.fits(found.chosen)
    assert found.bound <= best(problem) <= found.cost == problem.cost(found.chosen)


def test_what_would_take_hours_is_stopped_in_the_middle() -> None:
    chance, looks = Random(1), repeat(inf, 25)
    groups = tuple(
        (
            *(
                Option(DAY * chance.randrange(100), tuple(chance.sample(range(100), 5)))
                for _ in range(60)
            ),
            Option(LOST, ()),
        )
        for _ in range(40)
    )
    problem = Problem(groups=groups, rows=tuple(Row(1, 1) for _ in range(100)))
    found = select(problem, remaining=lambda: next(looks, 0.0))
    assert problem.fits(found.chosen)
    assert found.bound < found.cost == problem.cost(found.chosen) < 40 * LOST


def test_it_says_nothing_and_tells_how_far_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    """HiGHS would greet on stdout, where a command prints its JSON."""
    crowd = tuple((Option(n, (0,)), Option(1_000, ())) for n in range(20))
    told: list[float] = []
    found = select(Problem(groups=crowd, rows=(Row(7, 7),)), told=told.append)
    assert found.chosen == (*[0] * 7, *[1] * 13)
    assert capfd.readouterr() == ("", "")
    assert told
    assert all(0 <= part <= 1 for part in told)


def test_a_price_is_what_one_more_place_saves() -> None:
    rivals = ((Option(0, (0,)), Option(5 * DAY, ())), (Option(0, (0,)), Option(7 * DAY, ())))
    found = select(Problem(groups=rivals, rows=(Row(1, 1), Row(9, 9))))
    assert found.cost == 5 * DAY
    assert found.prices[1] == 0
    assert 5 * DAY <= found.prices[0] <= 7 * DAY
