"""The search: banned days, lost branches, and what it remembers."""

from datetime import date, timedelta
from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from scheduler.protocol import Protocol
from scheduler.search import Search
from scheduler.tree import Tree
from tests.arms import encounter, studies, study, tree

ENROLLED = date(2026, 3, 2)


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


def test_starts_are_those_of_the_days_that_are_chosen() -> None:
    path = tree(study(encounter("v", after="2 d"), encounter("w", after="2 d")))
    found = search(path, set(), {})
    assert found.starts({"v": ENROLLED.toordinal(), "w": None}) == {"v": 480}
