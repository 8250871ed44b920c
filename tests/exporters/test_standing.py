"""What each status of a visit looks like in a calendar."""

import pytest

from scheduler.subject import Status
from tests.calendars import components, visit, written


@pytest.mark.parametrize(
    ("status", "prefix", "stated", "transp", "busy", "rings"),
    [
        (Status.PLANNED, "", "TENTATIVE", "OPAQUE", "TENTATIVE", True),
        (Status.SCHEDULED, "", "CONFIRMED", "OPAQUE", "BUSY", True),
        (Status.CONFIRMED, "", "CONFIRMED", "OPAQUE", "BUSY", True),
        (Status.HELD, "ON HOLD: ", "TENTATIVE", "OPAQUE", "TENTATIVE", False),
        (Status.COMPLETED, "", "CONFIRMED", "OPAQUE", "BUSY", False),
        (Status.MISSED, "MISSED: ", "CONFIRMED", "TRANSPARENT", "FREE", False),
        (Status.CANCELLED, "CANCELLED: ", "CANCELLED", "TRANSPARENT", "FREE", False),
        (Status.SUPERSEDED, "CANCELLED: ", "CANCELLED", "TRANSPARENT", "FREE", False),
    ],
)
def test_what_a_status_means(
    status: Status, prefix: str, stated: str, transp: str, busy: str, rings: bool
) -> None:
    [_, event] = components(written(visit(status=status))).parts
    assert event.value("SUMMARY") == f"{prefix}ZJ-001 · Infusion 1"
    assert event.value("STATUS") == stated
    assert event.value("TRANSP") == transp
    assert event.value("X-MICROSOFT-CDO-BUSYSTATUS") == busy
    assert [part.name for part in event.parts] == ["VALARM"] * rings
