"""Feedback that browsers send with a public key, which everybody can read and anybody may misuse.

So it says only what a user may say, replaces nothing but what was sent so before, and is limited
by visitor and in all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

from django.db import transaction

from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import ApiKey
from traces.services.quota import Exceeded, wait_for
from traces.services.scores import Given, store_for

MOST = 20
"""Scores of one request."""
OF_A_VISITOR, IN_ALL = 60, 6_000
"""Scores a minute."""
SLOTS = 1_024
"""Visitors are told apart by a hash of their address, so that a key needs no more rows."""
ALL = -1


class Refused(Exception):
    """The key may not say that; `pointer` is where the score has it."""

    def __init__(self, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.pointer = pointer


def give(access: Access, given: Sequence[Given], *, origin: str, address: str) -> int:
    """Store feedback; returns how many scores. Raises PermissionDenied, Refused, Exceeded."""
    access.require(Permission.FEEDBACK)
    if access.key is None:
        raise Refused("Feedback needs a public key.")
    if origin.lower() not in access.key.origins:
        raise Refused(f"This key is not for pages of {origin[:255] or 'no origin'}.")
    for number, one in enumerate(given):
        _check(access.key, one, f"/{number}" if len(given) > 1 else "")
    with transaction.atomic():
        _take(access.key, address, len(given))
        store_for(access.project.pk, [replace(one, id=_own_id(one)) for one in given])
    return len(given)


def _check(key: ApiKey, one: Given, at: str) -> None:
    if one.source != "user":
        raise Refused("A public key gives scores of the source user.", f"{at}/source")
    if one.name not in key.score_names:
        known = ", ".join(key.score_names)
        raise Refused(f"This key may give {known}.", f"{at}/name")


def _own_id(one: Given) -> str | None:
    """An id that reaches no other score than feedback on the same thing."""
    if one.id is None:
        return None
    about = "\n".join((str(one.trace_id), str(one.span_id), str(one.session_id), one.name, one.id))
    return f"feedback:{hashlib.sha256(about.encode()).hexdigest()[:40]}"


def _take(key: ApiKey, address: str, wanted: int) -> None:
    visitor = crc32(address.encode()) % SLOTS
    for slot, limit, who in ((visitor, OF_A_VISITOR, "A visitor"), (ALL, IN_ALL, "This key")):
        row = {"key_id": key.pk, "slot": slot}
        wait = wait_for("traces_feedbackquota", row, wanted, limit)
        if wait is not None:
            raise Exceeded(limit, wait, who=who, what="scores")
