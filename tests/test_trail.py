"""What is selected from the audit trail is all that was asked for, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.dates import Interval
from scheduler.errors import UnknownName
from scheduler.trail import Deed, Field, Selection, Step

START = datetime(2026, 3, 2, tzinfo=UTC)

steps = st.builds(
    Step,
    subject=st.sampled_from(["", "ZJ-001", "ZJ-002"]),
    item=st.just("weight"),
    fields=st.just((Field(name="kg", before="68", after="70"),)),
)
deeds = st.builds(
    Deed,
    number=st.integers(1, 99),
    at=st.integers(0, 9).map(lambda hours: START + timedelta(hours=hours)),
    person=st.sampled_from(["li", "Wu"]),
    command=st.just("subject weigh"),
    reason=st.just(""),
    back=st.just(timedelta(0)),
    steps=st.lists(steps, max_size=3).map(tuple),
)


@given(
    every=st.lists(deeds, max_size=9),
    subject=st.none() | st.sampled_from(["ZJ-001", "ZJ-003"]),
    hours=st.none() | st.tuples(st.integers(0, 9), st.integers(1, 5)),
)
def test_selection_is_what_was_asked_for_in_order(
    every: list[Deed], subject: str | None, hours: tuple[int, int] | None
) -> None:
    begin, length = (timedelta(hours=part) for part in hours or (0, 99))
    span = Interval(start=START + begin, end=START + begin + length)
    found = Selection(subject=subject, span=span if hours else None).of(every)
    expected = [
        deed
        for deed in every
        if begin <= deed.at - START < begin + length
        if subject is None or any(step.subject == subject for step in deed.steps)
    ]
    assert [(deed.number, deed.at, deed.person) for deed in found] == [
        (deed.number, deed.at, deed.person) for deed in expected
    ]
    if subject is not None:
        assert {step.subject for deed in found for step in deed.steps} <= {subject}


@given(every=st.lists(deeds, min_size=1, max_size=9))
def test_person_is_found_in_any_case_and_suggested(every: list[Deed]) -> None:
    person = every[0].person
    found = Selection(person=person.upper()).of(every)
    assert [deed.person for deed in every if deed.person == person] == [d.person for d in found]
    with pytest.raises(UnknownName, match="no person in the audit trail"):
        Selection(person="wei").of(every)
