"""What a trace's list row quotes: the root's own words, else the first question of its calls and
the last answer, however many requests its spans and log records came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

RETELL = """
UPDATE traces_trace t SET (input_preview, output_preview) = (
    SELECT coalesce((array_agg(asked ORDER BY rank, start_ns)
                     FILTER (WHERE asked IS NOT NULL))[1], t.input_preview),
           coalesce((array_agg(answered ORDER BY rank, start_ns DESC)
                     FILTER (WHERE answered IS NOT NULL))[1], t.output_preview)
    FROM (SELECT s.input_preview AS asked, s.output_preview AS answered, s.start_ns,
                 CASE WHEN s.span_id = t.root_span_id THEN 0
                      WHEN s.kind = 'llm' THEN 1 ELSE 2 END AS rank,
                 bool_or(s.kind = 'llm') OVER () AS calls
          FROM traces_span s
          WHERE s.project_id = t.project_id AND s.trace_id = t.trace_id
            AND s.start_ns BETWEEN t.start_ns AND t.last_start_ns) s
    WHERE rank < 2 OR NOT calls)
WHERE t.project_id = %s AND t.trace_id = ANY(%s)"""

LOCK = """
SELECT trace_id FROM traces_trace WHERE project_id = %s AND trace_id = ANY(%s)
ORDER BY trace_id FOR UPDATE"""


def retell(cursor: Any, project_id: int, trace_ids: Sequence[UUID]) -> None:
    """Quote anew from the stored spans of these traces, which this transaction has locked."""
    if trace_ids:
        cursor.execute(RETELL, [project_id, list(trace_ids)])


def lock(cursor: Any, project_id: int, trace_ids: Sequence[UUID]) -> None:
    """Lock traces before their spans, as everybody does."""
    cursor.execute(LOCK, [project_id, list(trace_ids)])
