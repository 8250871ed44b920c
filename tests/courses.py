"""Courses of treatment: participants of the built-in trial, and the batches made for them.

A `Course` is a `Life` with a laboratory; nothing is ordered for it beforehand.
"""

from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from scheduler.life import Act
from scheduler.products import Expiry, Product
from scheduler.services import enrollment, products, repeats
from scheduler.services.products import Handled, Order, Release
from scheduler.services.repeats import Failure
from scheduler.services.visits import Outcome
from scheduler.store import Store
from scheduler.subject import Weight
from tests.lives import CLINIC, START, TODAY, Life, change, clear

WEIGHT = Decimal("68.5")


@dataclass(slots=True)
class Course(Life):
    """One participant; every step happens a minute after the one before."""

    def order(
        self, batch: str, day: str | date = "2026-03-05", today: date = TODAY, **more: Any
    ) -> Handled:
        weight = more.pop("weight", None)
        asked = Order(subject=self.code, batch=batch, weight=weight, day=_day(day))
        mark, clinic = self._mark("product order", more), more.pop("clinic", CLINIC)
        return products.order(self.store, clinic, asked, mark, today, **_dry(more))

    def release(
        self, batch: str, on: str | date, expires: str = "2026-12-31", **more: Any
    ) -> Handled:
        mark, clinic = self._mark("product release", more), more.pop("clinic", CLINIC)
        dry = _dry(more)
        asked = Release(
            subject=self.code, batch=batch, day=_day(on), expires=expiry(expires), **more
        )
        return products.release(self.store, clinic, asked, mark, **dry)

    def fail(self, batch: str, today: str | date = "2026-04-01", **more: Any) -> Handled:
        mark, clinic = self._mark("product fail", more), more.pop("clinic", CLINIC)
        dry = _dry(more)
        failure = Failure(subject=self.code, batch=batch, **more)
        return repeats.fail(self.store, clinic, failure, mark, _day(today), **dry)

    def give(self, visit: str, batch: str | None, day: str | None = None, **more: Any) -> Outcome:
        """Complete an infusion with a batch."""
        return self(Act.COMPLETE, visit, day or self[visit].day, batch=batch, **more)

    def batches(self) -> dict[str, Product]:
        """Every batch as it stands."""
        found = self.store.read(lambda book: book.products(self.code))
        return {product.batch: product for product in found}

    def _mark(self, command: str, more: dict[str, Any]) -> Any:
        self.acts += 1
        mark = change(command, more.pop("reason", "asked for"), more.pop("user", "li"))
        return replace(mark, at=START + timedelta(minutes=self.acts))


def begin(store: Store, *, arm: str = "bmsc", kg: Decimal | None = WEIGHT) -> Course:
    """Enroll the next participant as the worked example does."""
    request = enrollment.Request(enrolled=date(2026, 3, 2), arm=arm, weight=kg)
    found = enrollment.enroll(store, CLINIC, request, change("enroll"), None, None)
    assert found.acceptable
    clear(store, found.subject.code)
    return Course(store, found.subject.code)


def treated(store: Store, released: str = "2026-04-07") -> Course:
    """A participant whose cells were taken on 2026-03-05, with a released batch "B-1"."""
    course = begin(store)
    course.order("B-1")
    course.complete("aspiration")
    course.release("B-1", released)
    return course


def of(kg: str, measured: str) -> Weight:
    """A weight of a day."""
    return Weight(kg=Decimal(kg), measured=date.fromisoformat(measured))


def expiry(text: str) -> Expiry:
    """A day, or a day and a time."""
    day, _, clock = text.partition("T")
    at = time.fromisoformat(clock) if clock else None
    return Expiry(day=date.fromisoformat(day), at=at)


def _dry(more: dict[str, Any]) -> dict[str, bool]:
    return {"dry_run": more.pop("dry_run", False)}


def _day(day: str | date) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day
