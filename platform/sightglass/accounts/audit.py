"""The audit log: every change to users, members, keys and settings, chained so that a gap shows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
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
            target=one_line(target)[:200],
            before=before,
            after=after,
            address=canonical(address),
            previous=last.digest if last else "",
        )
        entry.digest = digest_of(entry)
        entry.save()
    return entry


def one_line(text: str) -> str:
    """What Postgres can hold and a log shows in one line."""
    return "".join(c if c.isprintable() else " " for c in text)


def canonical(address: str | None) -> str | None:
    """An address as Postgres gives it back, so that the digest holds; None for what is not one."""
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def actor_label(access: Access | None, user: User | None) -> str:
    """Who did it, in words that outlive the account."""
    if user is not None:
        return user.email[:200]
    if access is not None and access.key is not None:
        return f"key {access.key.prefix}… ({access.key.name})"[:200]
    return "system"


def digest_of(entry: AuditEntry) -> str:
    """SHA-256 over the entry's words and the digest before it. Accounts may go, the words stay."""
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


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the first entry that does not fit what stands before it, None while all fit;

    `head` is the digest of the last one: whoever keeps it elsewhere also sees a cut-off end.
    """

    entries: int
    head: str
    broken: AuditEntry | None = None


def verify(project: Project | None) -> Verdict:
    """Follow the chain of a project (None: of the installation) from its first entry."""
    previous, count = "", 0
    entries = AuditEntry.objects.filter(project=project).order_by("pk")
    for entry in entries.iterator(chunk_size=CHUNK):
        if entry.previous != previous or entry.digest != digest_of(entry):
            return Verdict(count, previous, entry)
        previous, count = entry.digest, count + 1
    return Verdict(count, previous)
