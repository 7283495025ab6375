"""The audit log: every change to users, members, keys and settings, chained so that a gap shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, User

LOCK = 7_317_000
CHUNK = 1_000


def record(
    action: str,
    target: str = "",
    *,
    project: Project | None = None,
    access: Access | None = None,
    user: User | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    address: str | None = None,
) -> AuditEntry:
    """Append one entry, in the caller's transaction. Secrets must not be in `before` or `after`.

    Who did it: the access's user or key, else `user`, else the system.
    """
    if access is not None:
        project, user = access.project, access.user
    label = actor_label(access, user)
    with transaction.atomic():
        number = 0 if project is None else project.pk
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, number % 2**31])
        last = AuditEntry.objects.filter(project=project).order_by("-pk").first()
        entry = AuditEntry(
            project=project,
            at=timezone.now(),
            actor=user,
            actor_label=label,
            action=action[:80],
            target=target.replace("\n", " ")[:200],
            before=before,
            after=after,
            address=address,
            previous=last.digest if last else "",
        )
        entry.digest = digest_of(entry)
        entry.save()
    return entry


def actor_label(access: Access | None, user: User | None) -> str:
    """Who did it, in words that outlive the account."""
    if user is not None:
        return user.email[:200]
    if access is not None and access.key is not None:
        return f"key {access.key.prefix}… ({access.key.name})"[:200]
    return "system"


def digest_of(entry: AuditEntry) -> str:
    """SHA-256 over the entry's content and the digest before it;

    accounts may go, the words stay.
    """
    content = [
        entry.previous,
        entry.at.isoformat(),
        entry.actor_label,
        entry.action,
        entry.target,
        entry.before,
        entry.after,
        entry.address,
    ]
    encoded = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(encoded.encode()).hexdigest()


def broken_at(project: Project | None) -> AuditEntry | None:
    """The first entry that does not fit what stands before it; None while the chain holds."""
    previous = ""
    for entry in _in_order(project):
        if entry.previous != previous or entry.digest != digest_of(entry):
            return entry
        previous = entry.digest
    return None


def _in_order(project: Project | None) -> Iterator[AuditEntry]:
    return AuditEntry.objects.filter(project=project).order_by("pk").iterator(chunk_size=CHUNK)
