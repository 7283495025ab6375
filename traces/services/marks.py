"""Marks on time buckets whose sums are no longer what the raw rows say.

Whoever changes a span, trace or score leaves them in the same transaction; `services.rolling`
takes them away together with making the sums anew. Marks are only ever added here, so that no
request waits for another one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from traces.rollups.dimensions import Level

BUCKET_NS = Level.BUCKET * 10**9
MOST_OF_TRACE = 2_016
"""Buckets (a week) of one trace that are marked where its spans are not looked at one by one."""

MARK = """
INSERT INTO traces_mark (project_id, level, bucket) SELECT %s, %s, unnest(%s::int4[])"""

# A score counts where what it is about began: that span, else that trace.
MARK_SCORED = """
INSERT INTO traces_mark (project_id, level, bucket)
SELECT DISTINCT %(project)s::int8, %(level)s::int4,
    (coalesce(s.start_ns, t.start_ns) / %(width)s)::int4
FROM unnest(%(traces)s::uuid[], %(spans)s::int8[]) AS d(trace, span)
JOIN traces_trace t ON t.project_id = %(project)s AND t.trace_id = d.trace
LEFT JOIN traces_span s ON s.project_id = %(project)s AND s.trace_id = d.trace
    AND s.span_id = d.span AND s.start_ns BETWEEN t.start_ns AND t.last_start_ns"""

# A session counts where its first trace began. Where that comes late, or goes, the trace that was
# first before it counts otherwise.
MARK_FOLLOWING = """
INSERT INTO traces_mark (project_id, level, bucket)
SELECT DISTINCT t.project_id, %(level)s::int4, (n.start_ns / %(width)s)::int4
FROM traces_trace t JOIN LATERAL (
    SELECT start_ns, received_at FROM traces_trace n
    WHERE n.project_id = t.project_id AND n.session_id = t.session_id
      AND (n.start_ns, n.trace_id) > (t.start_ns, t.trace_id)
    ORDER BY n.start_ns, n.trace_id LIMIT 1) n ON true
WHERE t.project_id = %(project)s AND t.session_id IS NOT NULL AND {which}"""
BEGUN_BETWEEN = """
t.received_at > n.received_at - interval '1 minute'
AND t.start_ns >= %(low)s AND t.start_ns < %(high)s AND n.start_ns >= %(high)s AND NOT EXISTS (
    SELECT 1 FROM traces_trace e
    WHERE e.project_id = t.project_id AND e.session_id = t.session_id
      AND (e.start_ns, e.trace_id) < (t.start_ns, t.trace_id))"""


def bucket_of(start_ns: int) -> int:
    return start_ns // BUCKET_NS


def mark_times(cursor: Any, project_id: int, starts_ns: Iterable[int]) -> None:
    """Mark the buckets of what began then."""
    buckets = sorted({bucket_of(start) for start in starts_ns})
    if buckets:
        cursor.execute(MARK, [project_id, Level.BUCKET, buckets])


def mark_scored(cursor: Any, project_id: int, about: Sequence[tuple[UUID, int | None]]) -> None:
    """Mark where scored spans, or traces (no span id), began; what is not stored is passed over."""
    if about:
        cursor.execute(
            MARK_SCORED,
            {
                "project": project_id,
                "level": Level.BUCKET,
                "width": BUCKET_NS,
                "traces": [trace_id for trace_id, _ in about],
                "spans": [span_id for _, span_id in about],
            },
        )


def mark_following(cursor: Any, project_id: int, low: int, high: int) -> int:
    """Mark the next traces of the sessions that begin in [low, high) ns, where they are later.

    But those that came later, too: they never were the first.
    """
    cursor.execute(
        MARK_FOLLOWING.format(which=BEGUN_BETWEEN),
        {
            "project": project_id,
            "level": Level.BUCKET,
            "width": BUCKET_NS,
            "low": low,
            "high": high,
        },
    )
    return int(cursor.rowcount)


def mark_followers(cursor: Any, project_id: int, trace_ids: Sequence[UUID]) -> None:
    """Mark traces that may be first of their session once these are gone from it."""
    cursor.execute(
        MARK_FOLLOWING.format(which="t.trace_id = ANY(%(traces)s)"),
        {
            "project": project_id,
            "level": Level.BUCKET,
            "width": BUCKET_NS,
            "traces": list(trace_ids),
        },
    )


def between(start_ns: int, last_ns: int) -> list[int]:
    """A start in each bucket of a long trace, bounded."""
    first, last = bucket_of(start_ns), bucket_of(last_ns)
    last = min(last, first + MOST_OF_TRACE)
    return [bucket * BUCKET_NS for bucket in range(first, last + 1)]
