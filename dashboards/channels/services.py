"""What is to be sent, written down; and channels made, changed, tested and removed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from dashboards.channels import delivering, kinds
from dashboards.channels.events import Event, EventKind
from dashboards.channels.models import Channel, Delivery
from dashboards.channels.sending.outcome import Outcome
from evals.services import secrets
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

ENQUEUE = """
INSERT INTO channels_delivery
  (channel_id, dedupe_key, message_id, thread, event, state, attempts, not_before, give_up_at,
   created_at, error)
SELECT c.id, %(key)s, gen_random_uuid(), %(thread)s, %(event)s::jsonb, 'waiting', 0, %(now)s,
       %(give_up_at)s, %(now)s, ''
FROM channels_channel c JOIN accounts_project p ON p.id = c.project_id
WHERE c.id = ANY(%(channels)s) AND c.enabled AND p.slug = %(project)s
ORDER BY c.id
ON CONFLICT (channel_id, dedupe_key) DO NOTHING
"""
LONGEST_KEY = 200
GIVES_UP_AFTER = timedelta(hours=24)
MOST_CHANNELS = 100


def enqueue(*, channel_ids: Iterable[int], dedupe_key: str, event: Event) -> int:
    """Write down that `event` goes to these channels, once for each `dedupe_key`.

    Belongs into the transaction that makes the event true: both are committed or neither. A key
    that a channel has had already changes nothing. Channels that are gone, switched off or another
    project's are left out. Returns how many deliveries are new. Raises ValueError for a bad key.
    """
    if not 0 < len(dedupe_key) <= LONGEST_KEY:
        raise ValueError(f"a dedupe_key has between 1 and {LONGEST_KEY} characters")
    now = timezone.now()
    values: dict[str, Any] = {
        "key": dedupe_key,
        "thread": event.thread,
        "event": json.dumps(event.to_json()),
        "now": now,
        "give_up_at": now + GIVES_UP_AFTER,
        "channels": list(channel_ids),
        "project": event.project,
    }
    with connection.cursor() as cursor:
        cursor.execute(ENQUEUE, values)
        return int(cursor.rowcount)


def save(access: Access, row: Channel, secret: str | None) -> Channel:
    """Store a new or changed channel.

    `secret` None keeps the stored one, which another kind or another host never does: it would be
    used for whoever the new address belongs to. Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.ADMIN)
    before = Channel.objects.filter(pk=row.pk, project=access.project).first() if row.pk else None
    if not row.name.strip():
        raise ValidationError({"name": "Give it a name."})
    checked = kinds.check(row.kind, row.config, secret, before)
    row.project, row.name, row.config = access.project, row.name.strip(), checked.config
    if checked.secret is not None:
        row.secret, row.hint = secrets.seal(checked.secret), checked.hint
    row.failures, row.rests_until = 0, None
    try:
        with transaction.atomic():
            if before is None:
                _check_room(access)
            row.save()
            action = "channel.changed" if before else "channel.added"
            was = told(before) if before else None
            audit.record(action, row.name, access=access, before=was, after=told(row))
    except IntegrityError as error:
        raise ValidationError({"name": "There is a channel of this name."}) from error
    return row


def _check_room(access: Access) -> None:
    if Channel.objects.filter(project=access.project).count() >= MOST_CHANNELS:
        raise ValidationError(f"A project has {MOST_CHANNELS} channels at most.")


def told(row: Channel) -> dict[str, Any]:
    """For the audit log: all but the secret."""
    names = ("name", "kind", "config", "enabled", "hint")
    return {name: getattr(row, name) for name in names}


def remove(access: Access, row: Channel) -> None:
    """Delete it with its secret and its log; rules go on telling the others.

    Raises PermissionDenied.
    """
    access.require(Permission.ADMIN)
    with transaction.atomic():
        audit.record("channel.removed", row.name, access=access, before=told(row))
        row.delete()


def test(access: Access, row: Channel) -> Outcome:
    """Send a message now, once, whatever the channel's state; it stands in the log.

    Raises PermissionDenied, delivering.Crowded.
    """
    access.require(Permission.ADMIN)
    now = timezone.now()
    who = audit.actor_label(access, access.user)
    event = Event(
        kind=EventKind.TEST,
        project=access.project.slug,
        project_name=access.project.name,
        title=f"A test of {row.name}",
        text=f"Sightglass can send to this channel. {who} asked for this message.",
        at=now,
    )
    delivery = Delivery.objects.create(
        channel=row,
        dedupe_key=f"test:{now.isoformat()}",
        event=event.to_json(),
        state=Delivery.State.SENDING,
        attempts=1,
        lease_until=now + delivering.LEASE,
        give_up_at=now,
    )
    try:
        outcome = delivering.send_once(delivery)
    except delivering.Crowded:
        delivery.delete()
        raise
    delivering.note(delivery, outcome)
    audit.record("channel.tested", row.name, access=access, after={"ok": outcome.ok})
    return outcome


def retry(access: Access, delivery: Delivery) -> bool:
    """Send one that was given up again, for another day; False if it was not given up.

    Raises PermissionDenied.
    """
    access.require(Permission.ADMIN)
    now = timezone.now()
    with transaction.atomic():
        changed = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.FAILED).update(
            state=Delivery.State.WAITING,
            not_before=now,
            give_up_at=now + GIVES_UP_AFTER,
            ended_at=None,
        )
        if changed:
            Channel.objects.filter(pk=delivery.channel_id).update(rests_until=None)
            audit.record("channel.retried", delivery.channel.name, access=access)
    return bool(changed)
