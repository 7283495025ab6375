"""A project's own prices, ready for pricing; remembered for a few seconds."""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal

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
_cache: dict[int, tuple[float, Overrides]] = {}


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
