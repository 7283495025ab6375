"""Short ways to make rules, traffic at a moment, and the minutes that go by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dashboards.alerts.models import Alert, Rule, Transition
from dashboards.alerts.services import evaluating, rules
from dashboards.channels.models import Channel, Delivery
from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm
from traces.services.ingest import store_spans

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
"""A Tuesday."""
ERRORS = {
    "slug": "errors",
    "name": "Errors",
    "metric": "error_rate",
    "window": "10m",
    "condition": {"type": "threshold", "above": 0.5},
}


def ns(at: datetime) -> int:
    return int(at.timestamp()) * SECOND


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def send(access: Access, at: datetime, count: int = 4, failed: int = 0, **more: Any) -> None:
    """Calls that began at that moment, a second apart, each a trace of its own."""
    spans = [
        llm(start_ns=ns(at) + n * SECOND, error="away" if n < failed else None, **more)
        for n in range(count)
    ]
    store_spans(access, decoded(*spans))


def channel(access: Access, name: str = "ops", **more: Any) -> Channel:
    made: Channel = Channel.objects.create(
        project=access.project, name=name, kind="email",
        config={"recipients": ["ops@example.org"]}, **more,
    )  # fmt: skip
    return made


def rule(access: Access, **more: Any) -> Rule:
    """Fires at once where more than half of ten minutes' calls failed, unless said otherwise."""
    return rules.create(access, ERRORS | more)


def evaluate(made: Rule, at: datetime) -> None:
    """As the task does: the rule is read anew."""
    evaluating.evaluate(Rule.objects.select_related("project", "owner").get(pk=made.pk), at)


def minutes_go_by(made: Rule, start: datetime, end: datetime, step: float = 5) -> None:
    """Evaluate it every `step` minutes, a minute and a half past."""
    while start <= end:
        evaluate(made, start + minutes(1.5))
        start += minutes(step)


def alert(made: Rule, group: str = "") -> Alert:
    return Alert.objects.get(rule=made, group=group)


def course(made: Rule, group: str = "") -> list[str]:
    """States that it came to, in order."""
    found = Transition.objects.filter(rule=made, group=group).order_by("pk")
    return list(found.values_list("state", flat=True))


def told(kind: str | None = None) -> list[str]:
    """Kinds (or, of one kind, titles) of what channels are sent, in order."""
    events = [one.event for one in Delivery.objects.order_by("pk")]
    if kind is None:
        return [event["kind"] for event in events]
    return [event["title"] for event in events if event["kind"] == kind]
