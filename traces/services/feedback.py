"""Feedback that browsers send with a public key, which everybody can read and anybody may misuse.

So it says only what a user may say, replaces nothing but what was sent so before, and is limited
by visitor and in all.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

from django.db import connection, transaction

from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import ApiKey
from traces.services.quota import MINUTE, Exceeded
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


TAKE = """
INSERT INTO traces_feedbackquota (key_id, slot, minute, used)
VALUES (%(key)s, %(slot)s, %(minute)s, %(wanted)s)
ON CONFLICT (key_id, slot) DO UPDATE SET
    used = CASE WHEN traces_feedbackquota.minute = excluded.minute
           THEN traces_feedbackquota.used + excluded.used ELSE excluded.used END,
    minute = excluded.minute
WHERE traces_feedbackquota.minute <> excluded.minute
   OR traces_feedbackquota.used + excluded.used <= %(limit)s
RETURNING used"""


def _take(key: ApiKey, address: str, wanted: int) -> None:
    now = time.time()
    visitor = crc32(address.encode()) % SLOTS
    with connection.cursor() as cursor:
        for slot, limit in ((visitor, OF_A_VISITOR), (ALL, IN_ALL)):
            cursor.execute(
                TAKE,
                {
                    "key": key.pk,
                    "slot": slot,
                    "minute": int(now // MINUTE),
                    "wanted": wanted,
                    "limit": limit,
                },
            )
            if cursor.fetchone() is None:
                wait = max(1, int(MINUTE - now % MINUTE) + 1)
                raise Exceeded(
                    limit, wait, who="A visitor" if slot >= 0 else "This key", what="scores"
                )
