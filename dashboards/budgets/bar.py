"""The bar of a budget: what is spent, the plan, the amount and the forecast's range. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.budgets.status import BudgetStatus


@dataclass(frozen=True, slots=True)
class Bar:
    """Positions in percent of the bar's length."""

    spent: float
    plan: float
    amount: float
    low: float | None
    width: float | None
    """Of the forecast's 95 % range."""


def bar_of(status: BudgetStatus) -> Bar:
    """The bar is as long as the largest of its figures, with a little room behind the amount."""
    whole = max(status.amount * 21 // 20, status.spent, status.forecast_high or 0)

    def place(value: int) -> float:
        return round(100 * value / whole, 3)

    end = status.end
    low = None if end is None else place(end.low_95)
    width = None if end is None else max(place(end.high_95 - end.low_95), 0.4)
    return Bar(place(status.spent), place(status.plan), place(status.amount), low, width)
