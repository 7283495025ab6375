"""A test message of a rule: what its channels would be told, saying that it is a test."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from dashboards.alerts.models import Rule
from dashboards.alerts.pages import sentences
from dashboards.channels.events import Event, EventKind
from dashboards.channels.selectors import told
from dashboards.channels.services import enqueue
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.addresses import absolute


def send(access: Access, rule: Rule) -> str:
    """Write it down for the rule's channels that are on; who gets it, in words; empty where no
    channel is on. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    channels = [row for row in rule.channels.all() if row.enabled]
    if not channels:
        return ""
    now = timezone.now()
    event = Event(
        kind=EventKind.TEST,
        project=rule.project.slug,
        project_name=rule.project.name,
        title=f"A test of the rule {rule.name}",
        text="\n".join(
            part for part in (f"It fires when: {sentences.of(rule)}.", rule.message) if part
        ),
        at=now,
        url=absolute(f"/p/{rule.project.slug}/alerts/rules/{rule.pk}"),
        facts=(("Severity", rule.severity), ("Asked by", audit.actor_label(access, access.user))),
        rule=rule.slug,
    )
    with transaction.atomic():
        key = f"alert-test:{rule.pk}:{now.isoformat()}"
        enqueue(channel_ids=sorted(row.pk for row in channels), dedupe_key=key, event=event)
        audit.record("alert_rule.tested", rule.slug, access=access)
    return told(channels, "A test message goes to {} in a moment.")
