"""How a budget stands, in words."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import reverse

from dashboards.budgets.models import Budget, On, Scope
from dashboards.budgets.periods import Every, Period, day_of, midnight, moment, ns_of
from dashboards.budgets.scopes import text_of
from dashboards.budgets.status import BudgetStatus, Threshold
from dashboards.numbers import money

EVERY = {Every.MONTH: "Monthly", Every.WEEK: "Weekly", Every.DAY: "Daily"}
THIS = {Every.MONTH: "this month", Every.WEEK: "this week", Every.DAY: "today"}
TONES = {"ok": "good", "warning": "warn", "over": "bad"}
LABELS = {"ok": "On budget", "warning": "Warning", "over": "Over budget"}
AS_LIKELY, LIKELY = 0.4, 0.2
"""Shares of the forecast above the amount."""
NO_FORECAST = "There is no forecast before two full days of spending."


def headline(status: BudgetStatus) -> str:
    """One sentence: what is or will be."""
    if status.spent > status.amount:
        return f"The budget is overspent by {money(-status.remaining)}."
    if status.spent == status.amount:
        return "The budget is spent."
    if status.passes_ns is not None:
        return f"On course to pass the budget {_when(status.passes_ns - 1, status)}."
    if status.end is None:
        return f"{money(status.spent)} of {money(status.amount)} spent {THIS[status.period.every]}."
    return _staying(status.end.above(status.amount))


def _staying(above: float) -> str:
    """Of a forecast that stays within the amount, by the share of it that does not."""
    if above >= AS_LIKELY:
        return "About as likely to pass the budget as to stay within it."
    if above >= LIKELY:
        return "On course to stay just within the budget, but it may well be passed."
    if above > 0:
        return "On course to stay within the budget, but it may be passed."
    return "On course to stay within the budget."


def _when(ns: int, status: BudgetStatus) -> str:
    if midnight(ns) == midnight(ns_of(status.as_of)):
        return "today"
    return f"on {day_of(ns)}"


def range_of(status: BudgetStatus) -> str:
    """The forecast and the range that it has in 95 of 100 cases."""
    end = status.end
    if end is None:
        return NO_FORECAST
    if money(end.low_95) == money(end.high_95):
        return f"Forecast {money(end.middle)}."
    return f"Forecast range {money(end.low_95)}–{money(end.high_95)}."


def scope_of(budget: Budget) -> str:
    """Model gpt-4o; Whole project."""
    label = Scope(budget.scope).label
    return label if budget.scope == Scope.PROJECT else f"{label} {budget.value}"


def threshold_of(threshold: Threshold) -> str:
    what = "spent" if threshold.on == On.ACTUAL else "forecast"
    return f"{threshold.percent}% {what}"


def label_of(status: BudgetStatus) -> str:
    return LABELS[status.state]


def tone_of(status: BudgetStatus) -> str:
    """Of a tag or a figure: good, warn, bad."""
    return TONES[status.state]


def key_of(statuses: Sequence[BudgetStatus]) -> list[tuple[str, str]]:
    """What the colours of bars say: each tone that is shown, and its words."""
    states = {one.state for one in statuses}
    if len(states) == 1:
        return [(TONES[state], "Spent") for state in states]
    return [
        (TONES[state], f"Spent: {LABELS[state].lower()}") for state in LABELS if state in states
    ]


def iso(ns: int) -> str:
    return f"{moment(ns):%Y-%m-%dT%H:%M}"


def filter_of(budget: Budget, period: Period) -> str:
    """Query string of the same traffic and time, as pages read it."""
    asked = {
        "q": text_of(budget.scope, budget.value),
        "from": iso(period.start_ns),
        "to": iso(period.end_ns),
    }
    return urlencode({name: value for name, value in asked.items() if value})


def cost_url(budget: Budget, period: Period) -> str:
    """What a period of the budget was spent on."""
    return f"{reverse('cost', args=[budget.project.slug])}?{filter_of(budget, period)}"


def explore_url(budget: Budget, period: Period) -> str:
    """The traces that a period of the budget counts."""
    return f"{reverse('traces', args=[budget.project.slug])}?{filter_of(budget, period)}"
