"""History that nobody asks for any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from dashboards.alerts.machine import State
from dashboards.alerts.models import Alert, Rule, Transition

KEPT = timedelta(days=400)
"""Firings and their ends, and removed rules."""
WAITS_KEPT = timedelta(days=30)
"""Waits that came to nothing, and alerts of groups that have been quiet for so long."""
CHUNK = 10_000


def purge(now: datetime | None = None) -> int:
    """Returns how many transitions were deleted."""
    at = now or timezone.now()
    told = (State.FIRING.value, State.RESOLVED.value)
    old = Transition.objects.filter(noted_at__lt=at - KEPT)
    waits = Transition.objects.filter(noted_at__lt=at - WAITS_KEPT).exclude(state__in=told)
    done = 0
    for found in (old, waits):
        ids = list(found.order_by("noted_at").values_list("pk", flat=True)[:CHUNK])
        Transition.objects.filter(pk__in=ids).delete()
        done += len(ids)
    Alert.objects.filter(transitions=None, state=State.INACTIVE.value).exclude(group="").delete()
    Rule.objects.filter(archived_at__lt=at - KEPT).delete()
    return done
