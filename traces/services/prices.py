"""A project's own prices: changing them, and having them ready for pricing.

They are remembered for a few seconds in each process, so that ingest need not ask for them.
A stored price is never changed, only removed: spans name the price that they were priced by.
"""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.models import PriceOverride
from traces.pricing import Override, Overrides, Rates
from traces.pricing.rates import scaled
from traces.spans import PICO

REMEMBERED_SECONDS = 3.0
PARTS = {
    "input": "input",
    "output": "output",
    "cache_read": "cache_read",
    "cache_write": "cache_write",
    "reasoning": "reasoning",
    "audio": "input_audio",
}
TOLD = ("provider", "model", "valid_from", "valid_to", *PARTS, "gpu_hour", "gpus", "note")
_cache: dict[int, tuple[float, Overrides]] = {}


class PriceError(ValueError):
    """A price that makes no sense; the message is for people."""


def overrides_of(project_id: int) -> Overrides:
    """The project's prices; a change holds in every process within REMEMBERED_SECONDS."""
    known = _cache.get(project_id)
    now = time.monotonic()
    if known is None or now - known[0] > REMEMBERED_SECONDS:
        rows = PriceOverride.objects.filter(project_id=project_id)
        known = _cache[project_id] = (now, Overrides([override(row) for row in rows]))
    return known[1]


def forget(project_id: int) -> None:
    """Read the project's prices anew, here and now."""
    _cache.pop(project_id, None)


def override(row: PriceOverride) -> Override:
    """A stored price as pricing takes it."""
    values = {
        part: scaled(price)
        for field, part in PARTS.items()
        if (price := getattr(row, field)) is not None
    }
    return Override(
        id=row.pk,
        model=row.model,
        provider=row.provider,
        valid_from_ns=_ns(row.valid_from),
        valid_to_ns=_ns(row.valid_to),
        rates=Rates(values) if values else None,
        gpu_hour=None if row.gpu_hour is None else int(Decimal(row.gpu_hour) * PICO),
        gpus=row.gpus,
    )


def _ns(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp()) * 10**9


def check(row: PriceOverride) -> None:
    """Raises PriceError."""
    per_token = [price for name in PARTS if (price := getattr(row, name)) is not None]
    if bool(per_token) == (row.gpu_hour is not None):
        raise PriceError("Give prices per million tokens, or a price per GPU hour.")
    if any(price < 0 for price in (*per_token, row.gpu_hour or 0)):
        raise PriceError("A price is not negative.")
    if per_token and row.input is None:
        raise PriceError("Give the price of input: without it no call can be priced.")
    if row.gpus < 1:
        raise PriceError("A model runs on one GPU at least.")
    if "*" in row.model[:-1]:
        raise PriceError("In a model's name * may only be the last character.")
    if row.valid_from and row.valid_to and row.valid_from >= row.valid_to:
        raise PriceError("The price must begin before it ends.")


def add(access: Access, row: PriceOverride) -> PriceOverride:
    """Store a new price of the project. Raises PriceError."""
    access.require(Permission.WRITE)
    row.project = access.project
    check(row)
    with transaction.atomic():
        row.save()
        audit.record("price.added", str(row), access=access, after=_told(row))
    forget(access.project.pk)
    return row


def remove(access: Access, row: PriceOverride) -> None:
    """Remove a price. Spans that it priced keep their costs until they are re-priced."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        audit.record("price.removed", str(row), access=access, before=_told(row))
        row.delete()
    forget(access.project.pk)


def _told(row: PriceOverride) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in TOLD}
    told = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return {"id": row.pk, **told}
