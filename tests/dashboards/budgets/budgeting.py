"""Budgets and spending for these tests: calls with a reported cost at moments one chooses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from dashboards.budgets.models import Budget
from dashboards.budgets.periods import ns_of
from dashboards.budgets.services import Draft, create
from sightglass.accounts.access import Access
from tests.traces import sending
from traces.services import rolling
from traces.services.ingest import store_spans

NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)
"""A Thursday."""


def call(at: datetime, dollars: float | str, **attributes: Any) -> dict[str, Any]:
    """A call of a model that its client says cost so much."""
    start = ns_of(at)
    return sending.llm(
        start_ns=start,
        end_ns=start + 10**9,
        **{"gen_ai__usage__cost": float(dollars)} | attributes,
    )


def spend(
    access: Access, calls: Iterable[dict[str, Any]], *, sums: bool = False, **resource: Any
) -> None:
    """Stored, and all but the last changes added up: readers add up a few of those themselves."""
    store_spans(access, sending.decoded(*calls, **resource))
    if sums:
        rolling.run(120)


def every_day(dollars: float, *, days: int, until: datetime = NOW) -> list[dict[str, Any]]:
    """A call at each noon of the days before `until`, its own not."""
    noon = until.replace(hour=12, minute=0, second=0, microsecond=0)
    return [call(noon - timedelta(days=day), dollars) for day in range(days, 0, -1)]


def budget(access: Access, amount: str = "100", **more: Any) -> Budget:
    """Made a day before NOW."""
    values: dict[str, Any] = {"name": "Production", "amount": Decimal(amount)} | more
    made = create(access, Draft(**values))
    made.changed_at = NOW - timedelta(days=1)
    made.save(update_fields=["changed_at"])
    return made
