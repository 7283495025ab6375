"""What channels are told when a threshold is reached."""

from __future__ import annotations

from django.urls import reverse

from dashboards.budgets import words
from dashboards.budgets.models import On
from dashboards.budgets.status import BudgetStatus, Threshold
from dashboards.channels.events import Event, EventKind, Severity
from dashboards.channels.models import Delivery
from dashboards.numbers import money, share
from sightglass.addresses import absolute

NOBODY = "nobody was told"
SAID = {
    Delivery.State.WAITING: "on its way to",
    Delivery.State.SENDING: "on its way to",
    Delivery.State.SENT: "told",
    Delivery.State.LOGGED: "nobody was told by mail, as no mail server is set up:",
    Delivery.State.FAILED: "could not be sent to",
}


def key_of(crossing: int) -> str:
    """What keeps a channel from being told of a crossing twice."""
    return f"budget:{crossing}"


def told_of(status: BudgetStatus) -> dict[int, str]:
    """By crossing of this period: who was told, as far as the log of channels is kept."""
    noticed = [one.crossing for one in status.thresholds if one.crossing is not None]
    project = status.budget.project_id
    sent = Delivery.objects.filter(
        channel__project=project, dedupe_key__in=[key_of(one) for one in noticed]
    ).select_related("channel")
    by_key: dict[str, list[Delivery]] = {}
    for row in sent.order_by("channel__name"):
        by_key.setdefault(row.dedupe_key, []).append(row)
    return {one: _told(by_key.get(key_of(one), [])) for one in noticed}


def _told(rows: list[Delivery]) -> str:
    """Told ops; written to the log, as no mail server is set up: lead."""
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(SAID[Delivery.State(row.state)], []).append(row.channel.name)
    return "; ".join(f"{word} {', '.join(them)}" for word, them in names.items()) or NOBODY


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
