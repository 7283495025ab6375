"""Channels and events for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dashboards.channels.events import Event, EventKind
from dashboards.channels.models import Channel, Delivery
from dashboards.channels.services import enqueue
from evals.services import secrets
from sightglass.accounts.models import Project

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
KEY = "whsec_" + "c2lnaHRnbGFzcy10ZXN0LWtleS1vZi0zMi1ieXRlcyE="
SLACK = "https://hooks.slack.com/services/T0AAAAAAA/B0AAAAAAA/abcdefghijklmnopqrstuvwx"
DISCORD = "https://discord.com/api/webhooks/123456789/aB-c_d"
TEAMS = (
    "https://prod-12.westeurope.logic.azure.com:443/workflows/0123456789abcdef/triggers/manual/"
    "paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=Sig_na-ture"
)
PAGERDUTY = "R0123456789ABCDEFGHIJKLMNOPQRST0"
SECRETS = {
    "slack": SLACK, "discord": DISCORD, "teams": TEAMS, "pagerduty": PAGERDUTY, "webhook": KEY,
    "email": "",
}  # fmt: skip


def event(**values: Any) -> Event:
    usual: dict[str, Any] = {
        "kind": EventKind.FIRING, "project": "shop", "project_name": "Shop assistant",
        "title": "Slow returns is firing", "text": "p95 is 9.1 s, above 8 s.", "at": AT,
        "severity": "critical", "url": "https://sightglass.example.org/p/shop/alerts/firings/7",
        "facts": (("Model", "gpt-4o"), ("Window", "15 min")), "rule_id": 7, "rule": "slow-returns",
    }  # fmt: skip
    return Event(**(usual | values))


def channel(project: Project, kind: str = "webhook", **values: Any) -> Channel:
    usual: dict[str, Any] = {
        "name": f"{kind} {Channel.objects.count()}", "secret": secrets.seal(SECRETS[kind]),
        "config": {"url": "https://hooks.example.org/a"} if kind == "webhook" else {},
    }  # fmt: skip
    if kind == "email":
        usual["config"] = {"recipients": ["ops@example.org"]}
    return Channel.objects.create(project=project, kind=kind, **(usual | values))


def written_down(row: Channel, key: str = "k", **values: Any) -> Delivery:
    """One delivery that waits."""
    assert enqueue(channel_ids=[row.pk], dedupe_key=key, event=event(**values)) == 1
    return Delivery.objects.get(channel=row, dedupe_key=key)
