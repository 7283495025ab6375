"""Channels: made, changed, removed; and what is to be sent, written down."""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import connection
from django.utils import timezone

from dashboards.channels.events import Event

ENQUEUE = """
INSERT INTO channels_delivery
  (channel_id, dedupe_key, message_id, thread, event, state, attempts, not_before, created_at,
   error)
SELECT c.id, %(key)s, gen_random_uuid(), %(thread)s, %(event)s::jsonb, 'waiting', 0, %(now)s,
       %(now)s, ''
FROM channels_channel c JOIN accounts_project p ON p.id = c.project_id
WHERE c.id = ANY(%(channels)s) AND c.enabled AND p.slug = %(project)s
ORDER BY c.id
ON CONFLICT (channel_id, dedupe_key) DO NOTHING
"""
LONGEST_KEY = 200


def enqueue(*, channel_ids: Iterable[int], dedupe_key: str, event: Event) -> int:
    """Write down that `event` goes to these channels, once for each `dedupe_key`.

    Belongs into the transaction that makes the event true: both are committed or neither. A key
    that a channel has had already changes nothing. Channels that are gone, switched off or another
    project's are left out. Returns how many deliveries are new. Raises ValueError for a bad key.
    """
    if not 0 < len(dedupe_key) <= LONGEST_KEY:
        raise ValueError(f"a dedupe_key has between 1 and {LONGEST_KEY} characters")
    values = {
        "key": dedupe_key,
        "thread": event.thread,
        "event": json.dumps(event.to_json()),
        "now": timezone.now(),
        "channels": list(channel_ids),
        "project": event.project,
    }
    with connection.cursor() as cursor:
        cursor.execute(ENQUEUE, values)
        return int(cursor.rowcount)
