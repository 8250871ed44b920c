"""What a visit's status means in a calendar: whether it stands, takes time and rings.

The words are those of RFC 5545 (3.8.1.11 STATUS, 3.8.2.7 TRANSP) and of Outlook's busy
status (MS-OXCICAL), which must say the same as TRANSP.

>>> STANDINGS[Status.CANCELLED].status, STANDINGS[Status.MISSED].transp
('CANCELLED', 'TRANSPARENT')
"""

from dataclasses import dataclass

from scheduler.subject import Status
from scheduler.words import Words


@dataclass(frozen=True, slots=True)
class Standing:
    """What a visit's status means in a calendar (RFC 5545 3.8.1.11, 3.8.2.7; MS-OXCICAL)."""

    status: str = "CONFIRMED"
    transp: str = "OPAQUE"
    busy: str = "BUSY"
    prefix: Words = Words.of()
    rings: bool = True


_CALLED_OFF = Standing(
    status="CANCELLED",
    transp="TRANSPARENT",
    busy="FREE",
    prefix=Words.of(en="CANCELLED: ", zh="已取消："),
    rings=False,
)
_TENTATIVE = Standing(status="TENTATIVE", busy="TENTATIVE")

STANDINGS = {
    Status.PLANNED: _TENTATIVE,
    Status.SCHEDULED: Standing(),
    Status.CONFIRMED: Standing(),
    Status.HELD: Standing(
        status="TENTATIVE",
        busy="TENTATIVE",
        prefix=Words.of(en="ON HOLD: ", zh="暂缓："),
        rings=False,
    ),
    Status.COMPLETED: Standing(rings=False),
    # Not CANCELLED: programs hide what is cancelled, and a missed visit is history to be seen.
    Status.MISSED: Standing(
        transp="TRANSPARENT",
        busy="FREE",
        prefix=Words.of(en="MISSED: ", zh="未到访："),
        rings=False,
    ),
    Status.CANCELLED: _CALLED_OFF,
    # Its successor is an event of its own; for who reads a calendar, this one is off.
    Status.SUPERSEDED: _CALLED_OFF,
}
