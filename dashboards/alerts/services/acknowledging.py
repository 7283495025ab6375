"""Somebody has seen it: who, when, and what they say."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from dashboards.alerts.models import Transition
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.kernel.storable import storable

LONGEST = 2_000


def acknowledge(
    access: Access, firing: Transition, note: str = "", now: datetime | None = None
) -> Transition:
    """Of a firing of the caller's project: it is repeated no more. Again: another note, same time.

    Raises PermissionDenied.
    """
    access.require(Permission.WRITE)
    with transaction.atomic():
        locked = Transition.objects.select_for_update(of=("self",)).get(
            pk=firing.pk, project=access.project
        )
        locked.acknowledged_at = locked.acknowledged_at or now or timezone.now()
        locked.acknowledged_by = audit.actor_label(access, access.user)
        locked.acknowledgement = storable(note)[:LONGEST]
        locked.save(update_fields=["acknowledged_at", "acknowledged_by", "acknowledgement"])
        target = f"{locked.rule.slug} {locked.group}".strip()
        audit.record(
            "alert.acknowledged", target, access=access, after={"note": locked.acknowledgement}
        )
    return locked
