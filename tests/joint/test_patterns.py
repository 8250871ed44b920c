"""The joint choices of days that one participant's visits have."""

from datetime import date

import pytest

from scheduler.availability import Availability
from scheduler.joint.costs import LOST
from scheduler.joint.patterns import Case, TooManyPatterns
from tests.arms import clinic, encounter, study, tree

ENROLLED = date(2026, 3, 2)


def wide(carriers: int) -> Case:
    """Somebody whose visits hang on one another, each a week around its target."""
    ids = [f"v{n}" for n in range(carriers + 1)]
    rows = [
        encounter(id, anchor=anchor, offset="20 d", before="7 d", after="7 d")
        for id, anchor in zip(ids, ["enrollment", *ids], strict=False)
    ]
    arm = tree(study(*rows))
    return Case(
        code="ZJ-001",
        tree=arm,
        anchors=arm.anchors(ENROLLED),
        free=frozenset(ids),
        standing={},
        availability=Availability(clinic()),
    )


def test_every_joint_choice_is_a_pattern_and_the_last_leaves_all() -> None:
    *patterns, last = wide(2).patterns()
    days = {tuple(sorted(pattern.days.items())) for pattern in patterns}
    assert len(days) == len(patterns) > 50
    assert (last.cost, last.days) == (2 * LOST, {})


def test_too_many_are_refused_with_what_to_do() -> None:
    with pytest.raises(TooManyPatterns, match=r"ZJ-001 has more than 20,000 .* v0, v1, v2, v3, v4"):
        wide(5).patterns()
