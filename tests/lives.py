"""Participants of the built-in trial whose visits live, for the tests of services.

A `Life` acts on one of them through the service, and reads the book itself.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from scheduler.life import Act
from scheduler.outcomes import Outcome
from scheduler.products import Expiry, Product, Stage
from scheduler.ruling import RuleOutcome, Ruling
from scheduler.services import enrollment, visits
from scheduler.services.clinics import Clinic
from scheduler.services.visits import Request
from scheduler.sites import Role
from scheduler.store import Book, Change, Store
from scheduler.subject import Visit, Weight
from tests.arms import zhujiang

TODAY = date(2027, 6, 1)
"""After the last visit of the worked example: everything may have happened."""

CLINIC = Clinic(site=zhujiang(), folder=Path())
"""The demo site, where nobody is named and everybody may do everything."""

START = datetime(2026, 2, 20, 1, tzinfo=UTC)


def change(command: str = "visit", reason: str = "asked for", user: str = "li") -> Change:
    """A mark in the history."""
    return Change(user=user, at=START, command=command, reason=reason)


def staffed(**people: Role) -> Clinic:
    """The demo site with people named."""
    return replace(CLINIC, site=replace(CLINIC.site, people=people))


def enroll(store: Store, *, arm: str = "bmsc", at: date = date(2026, 3, 2)) -> "Life":
    """Enroll the next participant; by default that of the worked example."""
    request = enrollment.Request(enrolled=at, arm=arm)
    found = enrollment.enroll(store, CLINIC, request, change("enroll"), None, None)
    assert found.acceptable
    supply(store, found.subject.code)
    return Life(store, found.subject.code)


def supply(store: Store, code: str) -> None:
    """A batch of the participant's own that may be given on any day, and nothing in its way."""
    clear(store, code)
    day = date(2026, 2, 1)
    batch = Product(
        subject=code,
        batch=f"B-{code}",
        chain=1,
        stage=Stage.RELEASED,
        weight=Weight(kg=Decimal("68.5"), measured=day),
        ordered=day,
        released=day,
        expires=Expiry(day=date(2099, 12, 31)),
    )
    store.write(lambda book: book.supply(change("product release"), code, [batch]))


def clear(store: Store, code: str) -> None:
    """Record that the tests which infusions wait for do not apply to the participant."""
    waived = RuleOutcome(rule="pregnancy", outcome=Outcome.ELIGIBLE, applies=False)
    ruling = Ruling(
        day=date(2026, 3, 2),
        version="1",
        outcome=Outcome.ELIGIBLE,
        consent=None,
        rules=(waived,),
    )
    store.write(lambda book: book.keep_ruling(change("enroll"), code, ruling))


@dataclass(slots=True)
class Life:
    """One participant; every act happens a minute after the one before."""

    store: Store
    code: str
    acts: int = 0

    def __call__(
        self,
        act: Act,
        visit: str,
        day: str | date | None = None,
        *,
        clinic: Clinic = CLINIC,
        today: str | date = TODAY,
        reason: str = "asked for",
        user: str = "li",
        dry_run: bool = False,
        **more: Any,
    ) -> visits.Outcome:
        self.acts += 1
        mark = replace(
            change(f"visit {act}", reason, user), at=START + timedelta(minutes=self.acts)
        )
        if act is Act.COMPLETE and visit.startswith("infusion"):
            more = {"batch": f"B-{self.code}", **more}
        request = Request(act=act, subject=self.code, visit=visit, day=_day(day), **more)
        now = _day(today)
        assert now is not None
        return visits.act(self.store, clinic, request, mark, now, dry_run=dry_run)

    def complete(self, visit: str, day: str | None = None, **more: Any) -> visits.Outcome:
        """Complete a visit on the day it is scheduled for, unless told otherwise."""
        return self(Act.COMPLETE, visit, day or self[visit].day, **more)

    def move(self, visit: str, day: str, *along: str, **more: Any) -> visits.Outcome:
        return self(Act.MOVE, visit, day, along=frozenset(along), **more)

    def visits(self) -> dict[str, Visit]:
        """Every visit by how a person names it."""

        def work(book: Book) -> dict[str, Visit]:
            return {visit.ref: visit for visit in book.visits(subject=self.code)}

        return self.store.read(work)

    def __getitem__(self, ref: str) -> Visit:
        return self.visits()[ref]

    def days(self) -> dict[str, str]:
        """Actual or scheduled days, month and day in the year of the worked example."""
        stands = {ref: visit.actual or visit.day for ref, visit in self.visits().items()}
        return {ref: f"{day:%m-%d}" if day else "none" for ref, day in stands.items()}


def told(visit: Visit) -> tuple[Any, ...]:
    """What a calendar tells of a visit: time, place and status."""
    return visit.scheduled, visit.allocations, visit.status


def _day(day: str | date | None) -> date | None:
    return date.fromisoformat(day) if isinstance(day, str) else day
