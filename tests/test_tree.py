"""The tree of an arm, and what a search remembers."""

from datetime import date, timedelta
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Offset
from scheduler.protocol import ENROLLMENT, Limit, Protocol
from scheduler.tree import Node, Search, Tree
from tests.arms import DEEPEST, allowed, encounter, milestone, studies, study, targets, tree, trial

ENROLLED = date(2026, 3, 2)
FIRST = date(2000, 1, 1).toordinal()


@given(studies(enrolled=ENROLLED))
def test_every_encounter_hangs_once_below_its_anchor(protocol: Protocol) -> None:
    path, arm = tree(protocol), protocol.arms[0]
    assert sorted(path.nodes) == sorted(e.id for e in arm.encounters)
    for id, node in path.nodes.items():
        assert node.encounter.id == id
        assert arm.encounters[node.position] is node.encounter
        assert all(child.encounter.timing.anchor == node.encounter.id for child in node.children)
    for root in path.roots:
        assert root.encounter.timing.anchor not in {e.id for e in arm.encounters}
        assert _depth(root) <= DEEPEST


def _depth(node: Node) -> int:
    return 1 + max(map(_depth, node.children), default=0)


@given(studies(enrolled=ENROLLED))
def test_candidates_are_the_window_best_first(protocol: Protocol) -> None:
    dates = targets(protocol, ENROLLED)
    days = {id: day.toordinal() for id, day in dates.items()}
    for node in tree(protocol).nodes.values():
        target, steps = node.candidates(days)
        expected, window = allowed(node.encounter, dates)
        assert date.fromordinal(target) == expected
        found = [date.fromordinal(target + step) for step, _ in steps]
        weight = node.encounter.weight
        assert found == sorted(window, key=lambda day: (weight * abs((day - expected).days), day))
        assert [cost for _, cost in steps] == [
            node.ranks.days_off(weight * abs(step)) for step, _ in steps
        ]


def test_the_tree_of_the_trial() -> None:
    path = tree(trial(), "bmsc")
    assert [root.encounter.id for root in path.roots] == ["aspiration", "baseline"]
    [infusion] = path.roots[0].children
    assert [child.encounter.id for child in infusion.children] == [
        "infusion-2",
        *("pre-check", "day-1", "day-3", "day-30", "day-90", "day-180", "day-360"),
    ]
    assert {id for id, node in path.nodes.items() if node.reach} == set()


def test_a_branch_depends_on_the_anchors_that_its_limits_ask_for() -> None:
    limit = Limit(anchor=ENROLLMENT, not_after=Offset(days=60))
    early = Limit(anchor="a", not_before=Offset(days=9))
    rows = (
        encounter("a"),
        encounter("b", "a"),
        encounter("c", "b"),
        encounter("d", "c", limits=(limit, early)),
        encounter("e", "day-0"),
    )
    path = tree(study(*rows, milestones=(milestone("day-0", ENROLLMENT, "0 d"),)))
    reach = {id: node.reach for id, node in path.nodes.items()}
    assert reach == {"a": (ENROLLMENT,), "b": ("a", ENROLLMENT), "c": ("a", ENROLLMENT)} | {
        "d": (),
        "e": (),
    }


def test_anchors_of_a_participant_are_the_enrollment_and_the_milestones() -> None:
    days = tree(trial(), "routine").anchors(ENROLLED)
    assert {id: date.fromordinal(day) for id, day in days.items()} == {
        ENROLLMENT: ENROLLED,
        "matched-day-0": date(2026, 4, 9),
    }


def search(path: Tree, closed: set[int], banned: dict[str, frozenset[int]]) -> Search:
    """A search in which days of March 2026 are open from 08:00, or closed."""
    days = {date(2026, 3, n).toordinal(): -1 if n in closed else 480 for n in range(1, 32)}
    open = dict.fromkeys(path.nodes, days)
    return Search(path, open, banned, {})


def test_a_day_that_is_banned_for_one_visit_is_open_to_another() -> None:
    path = tree(study(encounter("v", after="2 d"), encounter("w", after="2 d")))
    banned = {"v": frozenset({date(2026, 3, 2).toordinal()})}
    found = search(path, set(), banned)
    _, days = found.best(path.anchors(ENROLLED))
    assert days == {"v": date(2026, 3, 3).toordinal(), "w": date(2026, 3, 2).toordinal()}
    v, w = path.nodes.values()
    assert found.bans(v, date(2026, 3, 2).toordinal())
    assert not found.bans(v, date(2026, 3, 3).toordinal())
    assert not found.bans(w, date(2026, 3, 2).toordinal())


def test_a_branch_that_loses_its_anchor_is_lost_as_a_whole() -> None:
    rows = encounter("v"), encounter("w", "v", "1 d", paired_with="v"), encounter("x", "w", "1 d")
    path = tree(study(*rows))
    cost, days = search(path, {3}, {}).best(path.anchors(ENROLLED))
    assert days == {"v": None, "w": None, "x": None}
    assert cost == path.roots[0].lost()
    kept, days = search(path, {4}, {}).best(path.anchors(ENROLLED))
    assert days == {"v": date(2026, 3, 2).toordinal(), "w": date(2026, 3, 3).toordinal(), "x": None}
    assert kept < path.roots[0].ranks.impossible <= cost


class Open(dict[int, int]):
    """Open from 08:00, but for some days counted from the enrollment."""

    def __init__(self, closed: frozenset[int]) -> None:
        super().__init__({ENROLLED.toordinal() + n: -1 for n in closed})

    def __missing__(self, day: int) -> int:
        return 480


CLOSED = st.lists(st.frozensets(st.integers(0, 40), max_size=40), min_size=1)
ASKED = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5000)), min_size=1, max_size=12)


@given(studies(enrolled=ENROLLED), CLOSED, ASKED)
def test_what_is_remembered_changes_no_answer(
    protocol: Protocol, closed: list[frozenset[int]], asked: list[tuple[int, int]]
) -> None:
    path = tree(protocol)
    tables = map(Open, cycle(closed))
    open = dict(zip(path.nodes, tables, strict=False))
    known = Search(path, open, {}, {})
    for later, off in asked:
        anchors = path.anchors(ENROLLED + timedelta(days=later))
        for root in path.roots:
            day = anchors[root.encounter.timing.anchor] + later
            most = 4 * root.ranks.impossible
            cost = Search(path, open, {}, {}).below(root, day, {**anchors}, most)
            enough = root.ranks.days_off(off)
            found = known.below(root, day, {**anchors}, enough)
            assert found == cost if cost <= enough else enough < found <= cost
        assert known.best(anchors) == Search(path, open, {}, {}).best(anchors)
