"""What channels are told when a threshold is reached."""

from __future__ import annotations

from django.urls import reverse

from dashboards.budgets import words
from dashboards.budgets.models import On
from dashboards.budgets.status import BudgetStatus, Threshold
from dashboards.channels.events import Event, EventKind, Severity
from dashboards.numbers import money, share
from sightglass.addresses import absolute


def event_of(status: BudgetStatus, threshold: Threshold) -> Event:
    budget = status.budget
    facts = [
        ("Budget", budget.name),
        ("Counts", words.scope_of(budget)),
        ("Period", f"{status.period.label} (UTC)"),
        ("Amount", money(status.amount)),
        ("Spent", f"{money(status.spent)} ({share(status.share)})"),
        ("Remaining", money(status.remaining)),
    ]
    if status.end is not None:
        low, high = money(status.end.low_95), money(status.end.high_95)
        facts.append(("Forecast", f"{money(status.forecast)} (95% range {low}–{high})"))
    path = reverse("budget", args=[budget.project.slug, budget.pk])
    return Event(
        kind=EventKind.FIRING,
        project=budget.project.slug,
        project_name=budget.project.name,
        title=title_of(status, threshold),
        text=f"{words.headline(status)} {words.range_of(status)}",
        at=status.as_of,
        severity=severity_of(threshold),
        url=absolute(path),
        facts=tuple(facts),
    )


def title_of(status: BudgetStatus, threshold: Threshold) -> str:
    name, period = status.budget.name, status.period.label
    if threshold.on == On.ACTUAL:
        return f"{name}: {threshold.percent}% of the budget for {period} is spent"
    return f"{name}: forecast reaches {threshold.percent}% of the budget for {period}"


def severity_of(threshold: Threshold) -> Severity:
    """All of it being spent is critical, everything before that a warning."""
    spent = threshold.on == On.ACTUAL and threshold.percent >= 100
    return "critical" if spent else "warning"
