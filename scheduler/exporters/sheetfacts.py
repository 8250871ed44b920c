"""What stands on the visit sheets, as plain facts: values in, a JSON tree out.

The templates hold the layout and the words; everything here is a number, a date or a
text in its final form, so that no template computes anything a nurse relies on.
Sheets are staff documents: code, labels and arm, never a name or a birth date.

>>> scientific(Decimal(68_500_000), 6), grouped(68_500_000)
('68.5', '68 500 000')
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from scheduler.clearance import Clearance
from scheduler.dates import Interval
from scheduler.exporters.monthgrid import Entry, month_grid
from scheduler.products import Product
from scheduler.protocol import Arm, Dose, Kind, Protocol
from scheduler.sites import Site
from scheduler.subject import OPEN, Allocation, Status, Subject, Visit
from scheduler.supplies import Supply

Facts = dict[str, object]
"""A JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheaf:
    """One participant's pages.

    `visits` get a sheet each, but for those without a slot and those that will not take
    place; `calendar` are the visits on the calendar page, which no visits leave out.
    `supplies` say what infusions are given; without one, only the weight is known.
    """

    subject: Subject
    protocol: Protocol
    visits: Sequence[Visit]
    calendar: Sequence[Visit] = ()
    supplies: Sequence[Supply] = ()

    def supply(self, visit: Visit, dose: Dose) -> Supply:
        """What an infusion is given."""
        for supply in self.supplies:
            if supply.visit.ref == visit.ref:
                return supply
        return Supply(visit=visit, dose=dose, weight=self.subject.weight, product=None)

    def sheets(self) -> tuple[Visit, ...]:
        """The visits that get a sheet, in the order of their days."""
        held = OPEN | {Status.COMPLETED}
        return _in_order([v for v in self.visits if v.scheduled and v.status in held])


def facts(
    sheaves: Iterable[Sheaf], *, site: Site, language: str, paper: str, printed: datetime
) -> Facts:
    """All that a document shows; `printed` is an instant with a zone, `paper` a Typst name."""
    return {
        "language": language,
        "paper": paper,
        "site": site.name.say(language),
        "demo": site.demo,
        "printed": f"{printed.astimezone(site.tz()):%Y-%m-%d %H:%M}",
        "sheaves": [_sheaf(sheaf, site, language) for sheaf in sheaves],
    }


def reference(visit: Visit) -> str:
    """What the QR code holds: study, participant and visit, told apart by occurrence."""
    return f"{visit.study}/{visit.subject}/{visit.ref}"


def scientific(amount: Decimal, exponent: int) -> str:
    """The mantissa of `amount` for a power of ten, without trailing zeros."""
    return f"{amount.scaleb(-exponent).normalize():f}"


def grouped(amount: int) -> str:
    """Digits in groups of three, set apart by spaces (ISO 80000-1), never by a comma."""
    return f"{amount:,}".replace(",", " ")


def _sheaf(sheaf: Sheaf, site: Site, language: str) -> Facts:
    protocol, subject = sheaf.protocol, sheaf.subject
    arm = protocol.arm(subject.arm)
    sheets = sheaf.sheets()
    return {
        "code": subject.code,
        "enrolled": _day(subject.enrolled),
        "arm": arm.label.say(language),
        "protocol": {
            "id": protocol.id,
            "version": protocol.version,
            "notice": protocol.notice.say(language),
        },
        "calendar": _calendar(sheaf.calendar, site, language) if sheaf.calendar else None,
        "visits": [
            {
                "sheet": {"x": number, "y": len(sheets)},
                **_sheet(visit, arm, sheaf, site, language),
            }
            for number, visit in enumerate(sheets, 1)
        ],
    }


def _calendar(visits: Sequence[Visit], site: Site, language: str) -> Facts:
    """The list of visits, numbered in the order of their days, and the months they fall in."""
    listed = _in_order([v for v in visits if v.status != Status.SUPERSEDED])
    expected = [
        Entry(
            number=number,
            day=visit.day,
            infusion=visit.kind is Kind.INFUSION,
            target=visit.target,
            window=visit.window,
        )
        for number, visit in enumerate(listed, 1)
        if visit.status not in {Status.CANCELLED, Status.MISSED}
    ]
    return {
        "visits": [
            {"number": number, **_visit(visit, site, language)}
            for number, visit in enumerate(listed, 1)
        ],
        "months": [asdict(month) for month in month_grid(expected)],
    }


def _sheet(visit: Visit, arm: Arm, sheaf: Sheaf, site: Site, language: str) -> Facts:
    # An unscheduled visit, and one that an amendment dropped later, is none of the arm's.
    encounter = next((e for e in arm.encounters if e.id == visit.encounter), None)
    checklist, vitals = (encounter.checklist, encounter.vitals) if encounter else ((), ())
    dose = arm.dose if visit.kind is Kind.INFUSION else None
    return {
        **_visit(visit, site, language),
        "reference": reference(visit),
        "qr": qr(reference(visit)),
        "checklist": [item.say(language) for item in checklist],
        "vitals": [_moment(visit.scheduled, minutes) for minutes in vitals],
        "dose": _dose(sheaf.supply(visit, dose), language) if dose else None,
    }


def _visit(visit: Visit, site: Site, language: str) -> Facts:
    slot = visit.scheduled
    repeated = f" #{visit.occurrence}" if visit.occurrence > 1 else ""
    return {
        "label": visit.label.say(language) + repeated,
        "infusion": visit.kind is Kind.INFUSION,
        "mode": visit.mode.value,
        "status": visit.status.value,
        "day": _day(visit.day),
        "start": f"{slot.start:%H:%M}" if slot else None,
        "end": f"{slot.end:%H:%M}" if slot else None,
        "target": _day(visit.target),
        "earliest": _day(visit.window.earliest),
        "latest": _day(visit.window.latest),
        "off_target": visit.off_target,
        "beyond": visit.window.beyond(visit.day) if visit.day else 0,
        "actual": _day(visit.actual),
        "unverified": visit.unverified,
        "basis": visit.basis,
        "places": [_place(taken, slot, site, language) for taken in visit.allocations],
    }


def _dose(supply: Supply, language: str) -> Facts:
    """The dose line; what is not known stays blank, to be filled at the bedside."""
    dose, weight = supply.dose, supply.weight
    exponent = len(str(dose.cells_per_kg)) - 1
    line: Facts = {
        "per_kg": scientific(Decimal(dose.cells_per_kg), exponent),
        "exponent": exponent,
        "volume": dose.volume_ml,
        "least": dose.volume_ml - dose.tolerance_ml,
        "most": dose.volume_ml + dose.tolerance_ml,
        "valid_days": dose.weight_valid_days,
        "weight": None,
        "ordered": None,
        "product": None,
        "tests": [_test(clearance, language) for clearance in supply.clearances],
    }
    if supply.product is not None:
        line |= _product(supply.product, supply.change)
    if weight is None:
        return line
    cells = dose.cells(weight.kg)
    return line | {
        "weight": {
            "kg": f"{weight.kg:f}",
            "measured": _day(weight.measured),
            "age": supply.age,
            "valid": not supply.outdated,
        },
        "cells": scientific(Decimal(cells), exponent),
        "digits": grouped(cells),
    }


def _test(clearance: Clearance, language: str) -> Facts:
    """What a test that the infusion waits for has come to, for that day."""
    return {
        "label": clearance.test.label.say(language),
        "state": clearance.state.value,
        "blocks": clearance.blocks,
        "tested": _day(clearance.tested),
        "until": _day(clearance.until),
    }


def _product(product: Product, change: Decimal | None) -> Facts:
    """The batch to expect, and what its dose was ordered for; `change` since then is too much."""
    expires = product.expires
    return {
        "ordered": {
            "kg": f"{product.weight.kg:f}",
            "measured": _day(product.weight.measured),
            "change": f"{change:+.1%}".replace("-", "−") if change is not None else None,
        },
        "product": {
            "batch": product.batch,
            "released": _day(product.released),
            "expires": _day(expires.day) if expires else None,
            "expires_at": f"{expires.at:%H:%M}" if expires and expires.at else None,
        },
    }


def _moment(slot: Interval | None, minutes: int) -> Facts:
    if slot is None:
        return {"minutes": minutes, "clock": None}
    # In UTC, so that a clock put forward during the visit is followed.
    moment = (slot.start.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(slot.start.tzinfo)
    return {"minutes": minutes, "clock": f"{moment:%H:%M}"}


def _day(day: date | None) -> Facts | None:
    """A date as it is written, and the weekday (Monday 0) for the template's own words."""
    return {"iso": day.isoformat(), "weekday": day.weekday()} if day else None


def _place(taken: Allocation, slot: Interval | None, site: Site, language: str) -> str:
    """The unit, with its hours where they are not the whole visit's."""
    label = site.unit_label(taken.unit, language)
    if taken.interval == slot:
        return label
    return f"{label} ({taken.interval.start:%H:%M}–{taken.interval.end:%H:%M})"


def _in_order(visits: Iterable[Visit]) -> tuple[Visit, ...]:
    # A visit without a slot stands where its target is.
    return tuple(sorted(visits, key=lambda v: (v.day or v.target, v.target, v.ref)))


def qr(text: str) -> str:
    """A QR code as an SVG image without a border."""
    import segno  # tables of the QR standard: only where needed

    # Every mask can be read; to find the smoothest of the eight takes five times as long.
    code = segno.make(text, error="m", micro=False, mask=2)
    return code.svg_inline(border=0, omitsize=True)
