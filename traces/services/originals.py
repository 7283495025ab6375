"""Forgetting originals: a block goes with the last of its traces, and is rewritten before that."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from traces import blocks

AT_ONCE = 50
"""Blocks held in memory."""

BLOCKS = """
SELECT week, id, data FROM traces_payload
WHERE week = ANY(%s) AND id = ANY(%s) AND project_id = %s ORDER BY week, id FOR UPDATE"""
ALIVE = "SELECT trace_id FROM traces_trace WHERE project_id = %s AND trace_id = ANY(%s)"
DELETE = """
DELETE FROM traces_payload p USING unnest(%s::int4[], %s::int8[]) AS d(week, id)
WHERE p.week = d.week AND p.id = d.id"""
REWRITE = "UPDATE traces_payload SET data = %s WHERE week = %s AND id = %s"


def forget(cursor: Any, project_id: int, weeks: Collection[int], ids: Collection[int]) -> None:
    """Take out of these blocks what belongs to traces that were deleted before, in the caller's
    transaction.
    """
    ordered = sorted(ids)
    for at in range(0, len(ordered), AT_ONCE):
        _forget(cursor, project_id, list(weeks), ordered[at : at + AT_ONCE])


def _forget(cursor: Any, project_id: int, weeks: list[int], ids: list[int]) -> None:
    cursor.execute(BLOCKS, [weeks, ids, project_id])
    found = [((week, id_), bytes(data)) for week, id_, data in cursor.fetchall()]
    held = {key: blocks.traces_in(data) for key, data in found}
    traces = {UUID(bytes=one) for within in held.values() for one in within}
    cursor.execute(ALIVE, [project_id, list(traces)])
    alive = {record[0].bytes for record in cursor.fetchall()}
    empty = [key for key, within in held.items() if not within & alive]
    cursor.execute(DELETE, [[week for week, _ in empty], [id_ for _, id_ in empty]])
    for key, data in found:
        gone = held[key] - alive
        if gone and held[key] & alive:
            cursor.execute(REWRITE, [blocks.without(data, gone), *key])
