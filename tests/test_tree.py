"""The tree of an arm."""

from datetime import date

from hypothesis import given

from scheduler.dates import Offset
from scheduler.protocol import ENROLLMENT, Limit, Protocol
from scheduler.tree import Node
from tests.arms import DEEPEST, allowed, encounter, milestone, studies, study, targets, tree, trial

ENROLLED = date(2026, 3, 2)


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
