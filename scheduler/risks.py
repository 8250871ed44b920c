"""What could go wrong with the visits of a site soon, the most urgent first.

A risk is due on the day by which somebody must have acted; what is due first stands
first.  It holds days, numbers and the visit's label, and no free text that somebody
entered, so a mail made of it tells nothing else.

>>> from scheduler.sites import Hours
>>> hours = ((Hours.parse("08:00-17:30"),),) * 5 + ((), ())
>>> site = Site(code="ZJ", name=Words.of(en="Demo"), zone="Asia/Shanghai", hours=hours,
...             country="CN", verified_through=date(2026, 12, 31))
>>> [(str(risk.due), str(risk.last)) for risk in closures(site, date(2026, 9, 25))]
[('2026-09-25', '2026-09-25'), ('2026-10-01', '2026-10-07')]
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from scheduler.dates import Window
from scheduler.products import Stage, start
from scheduler.sites import Site
from scheduler.subject import OPEN, Status, Visit
from scheduler.supplies import Supply
from scheduler.words import Words

AHEAD = timedelta(days=14)
"""How far risks are looked for; a product takes as long to be asked after."""

SOON = timedelta(days=7)
"""How far ahead it matters that an appointment stands on the last day of its window."""


class Kind(StrEnum):
    """Sorts of risks; of those due on one day, the first listed here stands first."""

    UNCHECKED = "unchecked"
    BLOCKED = "blocked"
    NO_SLOT = "no-slot"
    OVERDUE = "overdue"
    ON_HOLD = "on-hold"
    CLOSING = "closing"
    NO_PRODUCT = "no-product"
    NOT_RELEASED = "not-released"
    UNFIT = "unfit"
    NO_WEIGHT = "no-weight"
    OLD_WEIGHT = "old-weight"
    OTHER_WEIGHT = "other-weight"
    NOT_CLEARED = "not-cleared"
    CLOSED = "closed"


_RANKS = {kind: rank for rank, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong; a weight is `age` days old on the day, and counts for `valid` days."""

    kind: Kind
    age: int | None = None
    valid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What to see to by the end of the day `due`, with all that is wrong, the worst first.

    That of a visit has its code, label and day; `last` is the last day of a closure.
    """

    due: date
    troubles: tuple[Trouble, ...]
    code: str = ""
    label: Words = Words.of()
    occurrence: int = 1
    day: date | None = None
    last: date | None = None

    @property
    def closure(self) -> bool:
        """Whether it is about the site and nobody's visit."""
        return self.troubles[0].kind is Kind.CLOSED


def risks(
    site: Site,
    as_of: date,
    visits: Iterable[Visit],
    supplies: Iterable[Supply],
    blocked: Iterable[Visit],
    *,
    unchecked: bool,
) -> tuple[Risk, ...]:
    """Everything to see to at a site.

    Args:
        visits: all visits in their present state; only open ones count.
        supplies: of coming infusions.
        blocked: visits whose time the calendars have taken since.
        unchecked: whether calendars could not be read, wholly or in part.
    """
    risks = [
        *([Risk(due=as_of, troubles=(Trouble(kind=Kind.UNCHECKED),))] if unchecked else ()),
        *_joined(_of_visits(as_of, visits, supplies, blocked)),
        *closures(site, as_of),
    ]
    return tuple(sorted(risks, key=_urgency))


def closures(site: Site, as_of: date) -> Iterator[Risk]:
    """The stretches ahead of days that a week has open and that are closed.

    Two are one where nothing is open between them.
    """
    spans: list[list[date]] = []
    closed = False
    for day in Window(earliest=as_of, latest=as_of + AHEAD).days():
        if site.day(day).closed_because is None:
            closed = False
        elif site.hours[day.weekday()]:
            if closed:
                spans[-1].append(day)
            else:
                spans.append([day])
            closed = True
    for span in spans:
        yield Risk(due=span[0], last=span[-1], troubles=(Trouble(kind=Kind.CLOSED),))


Finding = tuple[date, Visit, Trouble]
"""When it is due, whose it is, and what it is."""


def _of_visits(
    as_of: date, visits: Iterable[Visit], supplies: Iterable[Supply], blocked: Iterable[Visit]
) -> Iterator[Finding]:
    for visit in blocked:
        yield visit.day or visit.target, visit, Trouble(kind=Kind.BLOCKED)
    for visit in visits:
        if visit.status in OPEN and (kind := _of_window(visit, as_of)):
            yield visit.window.latest, visit, Trouble(kind=kind)
    for supply in supplies:
        if as_of <= supply.day <= as_of + AHEAD:
            near = (supply.day - as_of).days
            for trouble in (
                *_of_product(supply),
                *_of_weight(supply, near),
                *_of_tests(supply, near),
            ):
                yield supply.day, supply.visit, trouble


def _of_window(visit: Visit, as_of: date) -> Kind | None:
    """What a visit's window says; it closes as the visit's risk is due."""
    day, window = visit.day, visit.window
    if day is None:
        return Kind.NO_SLOT if window.earliest <= as_of + AHEAD else None
    if visit.status is Status.HELD:
        return Kind.ON_HOLD if window.latest <= as_of + AHEAD else None
    if day < as_of:
        return Kind.OVERDUE
    # A window of one day never had room, and its row in the mail says so.
    closing = window.latest <= day <= as_of + SOON and window.earliest < window.latest
    return Kind.CLOSING if closing else None


def _of_product(supply: Supply) -> Iterator[Trouble]:
    product = supply.product
    if product is None:
        yield Trouble(kind=Kind.NO_PRODUCT)
    elif product.stage is Stage.ORDERED:
        yield Trouble(kind=Kind.NOT_RELEASED)
    elif not product.serves(supply.day, start(supply.visit, supply.day)):
        yield Trouble(kind=Kind.UNFIT)


def _of_weight(supply: Supply, near: int) -> Iterator[Trouble]:
    """What is wrong with the weight, once one taken now, so many days before, would count."""
    valid = supply.dose.weight_valid_days
    if near > valid:
        return
    if supply.weight is None:
        yield Trouble(kind=Kind.NO_WEIGHT)
    elif supply.outdated:
        yield Trouble(kind=Kind.OLD_WEIGHT, age=supply.age, valid=valid)
    elif supply.change is not None:
        yield Trouble(kind=Kind.OTHER_WEIGHT)


def _of_tests(supply: Supply, near: int) -> Iterator[Trouble]:
    """That a test stands in the way, once a result of now would count; not which, for some
    tell of a person's sex."""
    if any(each.blocks and near <= each.test.valid_days for each in supply.clearances):
        yield Trouble(kind=Kind.NOT_CLEARED)


def _joined(findings: Iterable[Finding]) -> Iterator[Risk]:
    """One risk for all that is due of one visit on one day."""
    found: dict[tuple[date, str, str], list[Finding]] = {}
    for due, visit, trouble in findings:
        found.setdefault((due, visit.subject, visit.ref), []).append((due, visit, trouble))
    for (due, code, _), group in found.items():
        visit = group[0][1]
        troubles = sorted((trouble for _, _, trouble in group), key=_rank)
        yield Risk(
            due=due,
            troubles=tuple(troubles),
            code=code,
            label=visit.label,
            occurrence=visit.occurrence,
            day=visit.day,
        )


def _rank(trouble: Trouble) -> int:
    return _RANKS[trouble.kind]


def _urgency(risk: Risk) -> tuple[date, int, str, tuple[tuple[str, str], ...], int]:
    return risk.due, _rank(risk.troubles[0]), risk.code, risk.label.texts, risk.occurrence
