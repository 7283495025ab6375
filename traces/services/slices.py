"""Slices: each tuple of dimensions that anything was summed by has a number."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from traces.rollups.dimensions import COARSE, Family

Dimensions = tuple[str | None, ...]

FIND = """
SELECT digest, id FROM traces_slice
WHERE project_id = %s AND family = %s AND digest = ANY(%s)"""
ADD = """
INSERT INTO traces_slice (project_id, family, digest, dimensions)
SELECT %s, %s, digest, ARRAY(SELECT jsonb_array_elements_text(dimensions))
FROM jsonb_to_recordset(%s) AS d(digest uuid, dimensions jsonb)
ORDER BY digest ON CONFLICT DO NOTHING"""
UNUSED = """
DELETE FROM traces_slice s WHERE s.project_id = %(project)s AND s.family = ANY(%(families)s)
    AND NOT EXISTS (
        SELECT 1 FROM traces_rollup r
        WHERE r.project_id = s.project_id AND r.family = s.family AND r.slice_id = s.id
    )"""
LOCK = 0x534C4943
"""Of advisory locks: whoever is about to store sums by numbers that are known shares it."""


def digest(dimensions: Dimensions) -> UUID:
    return UUID(bytes=blake2b(repr(dimensions).encode(), digest_size=16).digest())


def numbers(
    cursor: Any, project_id: int, family: Family, wanted: Iterable[Dimensions]
) -> dict[Dimensions, int]:
    """The number of each slice; those that are new get theirs. None is forgotten meanwhile."""
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [LOCK, project_id % 2**31])
    by_digest = {digest(one): one for one in wanted}
    found = _find(cursor, project_id, family, by_digest)
    missing = [one for one in by_digest if one not in found]
    if missing:
        rows = [{"digest": str(one), "dimensions": by_digest[one]} for one in missing]
        cursor.execute(ADD, [project_id, family, orjson.dumps(rows).decode()])
        found |= _find(cursor, project_id, family, missing)
    return {by_digest[one]: number for one, number in found.items()}


def _find(cursor: Any, project_id: int, family: Family, digests: Iterable[UUID]) -> dict[UUID, int]:
    cursor.execute(FIND, [project_id, family, list(digests)])
    return dict(cursor.fetchall())


def forget_unused(cursor: Any, project_id: int) -> int:
    """Delete the slices of users and tags that no sum is of any more: names are personal data.

    In the caller's transaction. Returns how many; 0 also while sums are being stored.
    """
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, project_id % 2**31])
    if not cursor.fetchone()[0]:
        return 0
    cursor.execute(UNUSED, {"project": project_id, "families": [int(one) for one in COARSE]})
    return int(cursor.rowcount)
