"""Batches and coming infusions as the documented JSON objects of `product` and `show`.

>>> from datetime import date
>>> from decimal import Decimal
>>> from scheduler.products import Stage
>>> weight = Weight(kg=Decimal("68.5"), measured=date(2026, 3, 2))
>>> batch = Product(subject="ZJ-001", batch="B-1", chain=1, stage=Stage.ORDERED, weight=weight,
...                 ordered=date(2026, 3, 5))
>>> product_record(batch)["ordered_for"]
{'kg': '68.5', 'measured': '2026-03-02'}
"""

from typing import Any

from scheduler.clearance import Clearance
from scheduler.exporters.records import Record, when
from scheduler.products import Product
from scheduler.subject import Weight
from scheduler.supplies import Supply


def product_record(product: Product) -> Record:
    """The object of one batch; `chain` is the occurrence of its aspiration."""
    return {
        "subject": product.subject,
        "batch": product.batch,
        "chain": product.chain,
        "stage": product.stage.value,
        "ordered": product.ordered.isoformat(),
        "ordered_for": _weight(product.weight),
        "released": product.released.isoformat() if product.released else None,
        "expires": str(product.expires) if product.expires else None,
        "given": list(product.given),
        "reason": product.reason,
    }


def supply_record(supply: Supply) -> Record:
    """The object of one coming infusion: what it is to be given, and what to warn of."""
    visit, weight, dose = supply.visit, supply.weight, supply.dose
    return {
        "subject": visit.subject,
        "encounter": visit.encounter,
        "occurrence": visit.occurrence,
        "status": visit.status.value,
        "start": when(visit.scheduled.start if visit.scheduled else None),
        "weight": {**_weight(weight), "age": supply.age} if weight else None,
        "cells": dose.cells(weight.kg) if weight else None,
        "volume_ml": dose.volume_ml,
        "batch": supply.product.batch if supply.product else None,
        "tests": [_clearance(each) for each in supply.clearances],
        "warnings": list(supply.warnings()),
    }


def _clearance(clearance: Clearance) -> dict[str, Any]:
    tested, until = clearance.tested, clearance.until
    return {
        "rule": clearance.test.rule,
        "state": clearance.state.value,
        "tested": tested.isoformat() if tested else None,
        "until": until.isoformat() if until else None,
        "blocks": clearance.blocks,
    }


def _weight(weight: Weight) -> dict[str, Any]:
    return {"kg": str(weight.kg), "measured": weight.measured.isoformat()}
