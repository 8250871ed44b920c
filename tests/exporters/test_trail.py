"""Paper takes what somebody may print; more than that is refused before it is all read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from scheduler.exporters.trail import MOST_STEPS, TooLong, printable
from scheduler.trail import Deed, Field, Step

STEP = Step(subject="ZJ-001", item="day-1", fields=(Field(name="status", before=None, after="x"),))


def deeds(steps: int) -> Iterator[Deed]:
    """Deeds without an end, of so many steps each."""
    number = 0
    while True:
        number += 1
        yield Deed(
            number=number,
            at=datetime(2026, 3, 2, tzinfo=UTC),
            person="li",
            command="enroll",
            reason="",
            back=timedelta(0),
            steps=(STEP,) * steps,
        )


def test_as_many_as_can_be_printed() -> None:
    half = [next(deeds(MOST_STEPS // 2)) for _ in range(2)]
    assert printable(half) == tuple(half)


def test_more_are_refused_before_all_are_read() -> None:
    with pytest.raises(TooLong, match=r"10,000 .* narrow it by --subject"):
        printable(deeds(13))
