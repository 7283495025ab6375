"""GenAI log events: stored beside their span, whichever comes first, and shown as its messages."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from traces import blocks
from traces.conventions import facts_from_logs
from traces.ids import span_to_column
from traces.otlp import wire
from traces.services import partitions, previews, work
from traces.services.copying import LOG_COLUMNS, copy
from traces.services.rows import Row
from traces.spans import Kind, RawLog, SpanFacts

NEAR_NS = 86_400 * 10**9
"""How far from its span's start a log record is looked for."""

SPEAKING = frozenset({Kind.LLM, Kind.AGENT})
MAX_JOINED = 5_000

STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS arriving_log (
    project_id int8, trace_id uuid, span_id int8, start_ns int8, digest uuid,
    received_at timestamptz, data bytea) ON COMMIT DELETE ROWS"""
STORE = """
INSERT INTO traces_log (project_id, trace_id, span_id, start_ns, digest, received_at, data)
SELECT project_id, trace_id, span_id, start_ns, digest, received_at, data FROM arriving_log
ON CONFLICT DO NOTHING RETURNING trace_id, span_id"""
SPANS_OF = """
SELECT s.trace_id, s.span_id, s.start_ns, s.block_id, s.input_preview, s.output_preview
FROM traces_span s
JOIN unnest(%(traces)s::uuid[], %(spans)s::int8[]) AS w(trace, span)
  ON s.trace_id = w.trace AND s.span_id = w.span
WHERE s.project_id = %(project)s AND s.start_ns BETWEEN %(low)s AND %(high)s
LIMIT %(limit)s"""
FILL_SPAN = """
UPDATE traces_span SET input_preview = coalesce(input_preview, %s),
    output_preview = coalesce(output_preview, %s)
WHERE project_id = %s AND trace_id = %s AND span_id = %s AND start_ns = %s
  AND (input_preview IS NULL OR output_preview IS NULL)"""
MEET = """
SELECT pg_advisory_xact_lock(hashtextextended(trace::text, %s)) FROM unnest(%s::uuid[]) AS trace"""


def store(project_id: int, logs: Sequence[RawLog]) -> int:
    """Store records that are new, in a transaction of the caller; returns how many were.

    The previews of spans that are stored already are filled, and their words are indexed again.
    """
    distinct = {record[:5]: record for record in (_record(project_id, log) for log in logs)}
    if not distinct:
        return 0
    with connection.cursor() as cursor:
        _meet(cursor, project_id, {record[1] for record in distinct.values()})
        cursor.execute(STAGE)
        copy(cursor.cursor, "arriving_log", LOG_COLUMNS, distinct.values())
        cursor.execute(STORE)
        new = cursor.fetchall()
        if new:
            _join_spans(cursor, project_id, logs)
    return len(new)


def weeks_of(logs: Iterable[RawLog]) -> set[int]:
    return {partitions.week_of(log.time_ns) for log in logs}


def _record(project_id: int, log: RawLog) -> tuple[Any, ...]:
    encoded = wire.encode_log(log)
    digest = UUID(bytes=hashlib.blake2b(encoded, digest_size=16).digest())
    return (
        project_id,
        UUID(bytes=log.trace_id),
        span_to_column(log.span_id),
        log.time_ns,
        digest,
        datetime.now(UTC),
        blocks.compress(encoded),
    )


def _join_spans(cursor: Any, project_id: int, logs: Sequence[RawLog]) -> None:
    by_span: dict[tuple[UUID, int], list[RawLog]] = defaultdict(list)
    for log in logs:
        by_span[UUID(bytes=log.trace_id), span_to_column(log.span_id)].append(log)
    keys = sorted(by_span)
    cursor.execute(
        SPANS_OF,
        {
            "project": project_id,
            "traces": [trace_id for trace_id, _ in keys],
            "spans": [span_id for _, span_id in keys],
            "low": min(log.time_ns for log in logs) - NEAR_NS,
            "high": max(log.time_ns for log in logs) + NEAR_NS,
            "limit": MAX_JOINED,
        },
    )
    found = cursor.fetchall()
    fill(
        cursor,
        project_id,
        {
            (trace_id, span_id, start_ns): facts_from_logs(by_span[trace_id, span_id])
            for trace_id, span_id, start_ns, _, asked, answered in found
            if asked is None or answered is None
        },
    )
    if found:
        cursor.execute(
            "INSERT INTO traces_batch"
            " (project_id, consumer, created_at, blocks, weeks, attempts, error)"
            " SELECT %s, consumer, now(), %s, %s, 0, '' FROM unnest(%s::text[]) AS consumer",
            [
                project_id,
                [block for _, _, _, block, _, _ in found],
                [partitions.week_of(start) for _, _, start, _, _, _ in found],
                work.consumers,
            ],
        )


def _meet(cursor: Any, project_id: int, trace_ids: Iterable[UUID]) -> None:
    """Of a span and its log records that are stored at the same time, let one see the other."""
    cursor.execute(MEET, [project_id, sorted(trace_ids)])


def fill(cursor: Any, project_id: int, told: Mapping[tuple[UUID, int, int], SpanFacts]) -> None:
    """Give stored spans, and then their traces, the previews that only log records bear.

    `told` is keyed by trace, span and start.
    """
    bearing = {key: said for key, said in told.items() if said.input_preview or said.output_preview}
    if not bearing:
        return
    trace_ids = sorted({trace_id for trace_id, _, _ in bearing})
    previews.lock(cursor, project_id, trace_ids)
    filled = set()
    for key in sorted(bearing):
        said = bearing[key]
        cursor.execute(FILL_SPAN, [said.input_preview, said.output_preview, project_id, *key])
        if cursor.rowcount:
            filled.add(key[0])
    previews.retell(cursor, project_id, sorted(filled))


def of_spans(
    cursor: Any, project_id: int, trace_ids: Sequence[UUID], low: int, high: int
) -> dict[tuple[UUID, int], list[RawLog]]:
    """Records of these traces between two times (ns), by trace and span, in time order."""
    cursor.execute(
        "SELECT trace_id, span_id, data FROM traces_log WHERE project_id = %s"
        " AND trace_id = ANY(%s) AND start_ns BETWEEN %s AND %s ORDER BY start_ns LIMIT %s",
        [project_id, list(trace_ids), low - NEAR_NS, high + NEAR_NS, MAX_JOINED],
    )
    found: dict[tuple[UUID, int], list[RawLog]] = defaultdict(list)
    for trace_id, span_id, data in cursor.fetchall():
        found[trace_id, span_id].append(wire.decode_log(blocks.decompress(bytes(data))))
    return found


def fill_rows(cursor: Any, project_id: int, rows: Iterable[Row]) -> None:
    """Take previews for arriving spans from log records that came before them."""
    silent = [
        row
        for row in rows
        if row.facts.kind in SPEAKING
        and row.facts.input_preview is None
        and row.facts.output_preview is None
    ]
    if not silent:
        return
    trace_ids = {UUID(bytes=row.raw.trace_id) for row in silent}
    _meet(cursor, project_id, trace_ids)
    starts = [row.raw.start_ns for row in silent]
    found = of_spans(cursor, project_id, sorted(trace_ids), min(starts), max(starts))
    for row in silent:
        logs = found.get((UUID(bytes=row.raw.trace_id), row.span_id))
        if logs:
            said = facts_from_logs(logs)
            row.facts.input_preview = row.facts.input_preview or said.input_preview
            row.facts.output_preview = row.facts.output_preview or said.output_preview
