"""What all pages of one queue have in common: its name and the ways between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from dashboards.queues import links
from evals.review.models import Queue
from evals.review.services import standing
from sightglass.accounts.access import Access


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    url: str
    current: bool


PAGES = (
    ("items", "Items", "queue_items"),
    ("disputes", "To decide", "queue_disputes"),
    ("agreement", "Agreement", "queue_agreement"),
    ("rules", "Filling", "queue_rules"),
    ("settings", "Settings", "queue_settings"),
)
LEADS = frozenset({"disputes", "agreement"})
WRITERS = frozenset({"rules", "settings"})


def frame(access: Access, queue: Queue, section: str) -> dict[str, Any]:
    """`queue`, `tabs`, and whether the caller `labels` (and is `awaited` to) or `leads` here."""
    stands = standing.standing_of(access, queue)
    tabs = [
        Tab(label, reverse(route, args=[access.project.slug, queue.slug]), name == section)
        for name, label, route in PAGES
        if (name not in LEADS or stands.leads) and (name not in WRITERS or access.may_write)
    ]
    return {
        "queue": queue,
        "tabs": tabs,
        "labels": stands.labels and queue.archived_at is None,
        "awaited": stands.awaited,
        "leads": stands.leads,
        "desk_url": links.desk(queue),
    }
