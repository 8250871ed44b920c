"""What to do with a published visit: nothing that people changed is ever undone unasked."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.reconciliation import TIME, Step, Told, decide, deleted, known

HOURS = [datetime(2026, 4, 9, hour, tzinfo=UTC) for hour in (1, 2, 3)]


@st.composite
def objects(draw: st.DrawFn) -> Told:
    """Objects of which many agree in something."""
    start = draw(st.sampled_from(HOURS))
    return Told(
        start=start,
        end=start.replace(minute=30),
        said=draw(st.dictionaries(st.sampled_from(["title", "place"]), st.sampled_from("ab"))),
        stamps=(draw(st.sampled_from("01")),),
    )


@given(base=objects(), ours=objects() | st.none(), theirs=objects())
def test_only_what_the_book_says_as_well_is_written_over(
    base: Told, ours: Told | None, theirs: Told
) -> None:
    changed = base.differences(theirs)
    agreed = ours is not None and all(ours.says(what) == theirs.says(what) for what in changed)
    step = decide(base, ours, theirs)
    if not changed:
        assert step is not Step.REPORT
    assert (step is Step.REPORT) == (bool(changed) and not agreed)
    assert (step is Step.REMOVE) == (ours is None and not changed)
    assert (step is Step.NOTE) == (theirs == ours)


@given(ours=objects() | st.none(), theirs=objects())
def test_what_is_not_known_to_be_ours_is_not_touched(ours: Told | None, theirs: Told) -> None:
    assert decide(None, ours, theirs) is (Step.NOTE if theirs == ours else Step.REPORT)


@given(one=objects(), other=objects())
def test_differences_are_those_in_what_people_read(one: Told, other: Told) -> None:
    found = one.differences(other)
    assert found == other.differences(one)
    assert (TIME in found) == (one.start != other.start)
    assert ("title" in found) == (one.said.get("title") != other.said.get("title"))
    assert one.differences(one) == ()


@pytest.mark.parametrize(
    ("written", "there", "wanted", "same", "step"),
    [
        ("1", "1", True, True, Step.NOTHING),
        ("1", "1", True, False, Step.UPDATE),
        ("1", "1", False, False, Step.REMOVE),
        ("1", "2", True, True, None),
        ("1", "2", False, False, None),
        (None, "1", True, False, None),
        ("", "1", True, True, None),
    ],
)
def test_tags_tell_whether_to_look(
    written: str | None, there: str, wanted: bool, same: bool, step: Step | None
) -> None:
    assert known(written, there, wanted=wanted, same=same) is step


@pytest.mark.parametrize(
    ("open_", "was_cancelled", "step"),
    [
        (True, False, Step.REPORT),
        (True, True, Step.CREATE),
        (False, False, Step.NOTHING),
        (False, True, Step.NOTHING),
    ],
)
def test_to_delete_what_is_over_is_to_tidy_up(open_: bool, was_cancelled: bool, step: Step) -> None:
    assert deleted(open=open_, was_cancelled=was_cancelled) is step
