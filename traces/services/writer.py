"""The one transaction of ingest: spans, payloads, trace summaries, the workers' job and the
receipt.

New traces, the common case, need no lookup: their summaries are inserted and nothing is read.
Traces that exist
are locked in one order, so that requests which bring spans of the same trace wait for each other.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import OperationalError, connection, transaction
from psycopg import Cursor

from traces import blocks
from traces.conventions import counting
from traces.rollups.dimensions import Level
from traces.services import growth, logs, marks, partitions, previews, scores, skeletons, work
from traces.services.copying import PAYLOAD_COLUMNS, SPAN_COLUMNS, copy, span_record
from traces.services.rows import Row
from traces.services.summaries import USAGE_COLUMNS, of_rows, totals, usage_of
from traces.spans import Flag

ATTEMPTS = 4
TRANSIENT = frozenset({"40P01", "40001", "55P03"})  # deadlock, serialisation, lock not available
MADE_HERE = ~int(Flag.NOT_COUNTED | Flag.REVISED)

SUMMARY_COLUMNS = (
    *("name", "start_ns", "last_start_ns", "end_ns", "root_span_id", "status"),
    *("span_count", "error_count", "call_count", "user_id", "session_id", "environment"),
    *("release", "tags", "metadata", "models", "providers", "kinds", "prompts"),
    *("cost_source", "flags", "suspect_reasons", "input_preview", "output_preview"),
    *USAGE_COLUMNS,
)
_NAMES = ", ".join(SUMMARY_COLUMNS)
_VALUES = ", ".join(f"r.{name}" for name in SUMMARY_COLUMNS)

# A score may come before its trace. A row that exists is locked, not changed, and not returned.
INSERT_TRACES = f"""
INSERT INTO traces_trace (project_id, trace_id, received_at, updated_at, scores, {_NAMES})
SELECT %(project)s::int8, r.trace_id, %(now)s, %(now)s, {scores.summary("r")}, {_VALUES}
FROM json_populate_recordset(NULL::traces_trace, %(rows)s::json) r ORDER BY r.trace_id
ON CONFLICT (project_id, trace_id) DO UPDATE SET flags = traces_trace.flags WHERE false
RETURNING trace_id"""  # noqa: S608

UPDATE_TRACES = f"""
UPDATE traces_trace t SET updated_at = %(now)s, ({_NAMES}) = ROW({_VALUES})
FROM json_populate_recordset(NULL::traces_trace, %(rows)s::json) r
WHERE t.project_id = %(project)s AND t.trace_id = r.trace_id"""  # noqa: S608

LEAVE_WORK = """
WITH receipt AS (
    INSERT INTO traces_receipt
        (project_id, key_id, at, signal, received, stored, duplicates, revised, rejected)
    VALUES (%(project)s, %(key)s, %(now)s, %(signal)s, %(received)s, %(stored)s, %(duplicates)s,
            %(revised)s, %(rejected)s::jsonb)), marked AS (
    INSERT INTO traces_mark (project_id, level, bucket)
    SELECT %(project)s::int8, %(level)s::int4, unnest(%(buckets)s::int4[]))
INSERT INTO traces_batch (project_id, consumer, created_at, blocks, weeks, attempts, error)
SELECT %(project)s::int8, consumer, %(now)s, %(blocks)s::int8[], %(weeks)s::int4[], 0, ''
FROM unnest(%(consumers)s::text[]) AS consumer
WHERE cardinality(%(blocks)s::int8[]) > 0"""


@dataclass(slots=True)
class Incoming:
    """Prepared rows of one request and what its receipt says besides."""

    project_id: int
    key_id: UUID | None
    signal: str
    rows: Sequence[Row]
    received: int
    rejected: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Written:
    """stored + duplicates + revised = rows."""

    stored: int
    duplicates: int
    revised: int


def write(incoming: Incoming) -> Written:
    """Store, durably when this returns.

    All or nothing. Raises django.db.Error when the database cannot.
    """
    by_trace, twice = _distinct(incoming.rows)
    partitions.ensure({partitions.week_of(row.raw.start_ns) for row in incoming.rows})
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                return _write(incoming, by_trace, twice)
        except OperationalError as error:
            if attempt == ATTEMPTS or getattr(error.__cause__, "sqlstate", "") not in TRANSIENT:
                raise
            time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - no secret
    raise AssertionError("unreachable")


def _distinct(rows: Iterable[Row]) -> tuple[dict[UUID, list[Row]], int]:
    """Rows by trace, each span once (the ended delivery wins), and how many came twice."""
    by_trace: dict[UUID, dict[int, Row]] = defaultdict(dict)
    twice = 0
    ids: dict[bytes, UUID] = {}
    for row in rows:
        trace_id = row.raw.trace_id
        uuid = ids.get(trace_id)
        if uuid is None:
            uuid = ids[trace_id] = UUID(bytes=trace_id)
        spans = by_trace[uuid]
        known = spans.get(row.span_id)
        if known is None:
            spans[row.span_id] = row
            continue
        twice += 1
        if known.raw.end_ns is None and row.raw.end_ns is not None:
            spans[row.span_id] = row
    return {uuid: list(spans.values()) for uuid, spans in by_trace.items()}, twice


def _write(incoming: Incoming, by_trace: dict[UUID, list[Row]], twice: int) -> Written:
    project_id, now = incoming.project_id, datetime.now(UTC)
    for rows in by_trace.values():
        for row in rows:
            row.flags &= MADE_HERE
    connection.ensure_connection()
    # Bound by the server: client-side quoting of megabytes of JSON costs more than parsing it
    # there.
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        logs.fill_rows(cursor, project_id, (row for rows in by_trace.values() for row in rows))
        new = _insert_traces(cursor, project_id, by_trace, now)
        grown = growth.grow(cursor, project_id, by_trace, new)
        if grown.summaries:
            cursor.execute(
                UPDATE_TRACES,
                {"project": project_id, "now": now, "rows": _json(grown.summaries)},
            )
        added = [row for rows in grown.added.values() for row in rows]
        payloads = _blocks(project_id, grown.added)
        if added:
            copy(cursor, "traces_payload", PAYLOAD_COLUMNS, payloads)
            records = (span_record(project_id, now, row) for row in added)
            copy(cursor, "traces_span", SPAN_COLUMNS, records)
        previews.retell(cursor, project_id, _requoted(grown, new))
        written = Written(len(added) - grown.revised, grown.duplicates + twice, grown.revised)
        cursor.execute(
            LEAVE_WORK,
            {
                "project": project_id,
                "key": incoming.key_id,
                "now": now,
                "signal": incoming.signal,
                "received": incoming.received,
                "stored": written.stored,
                "duplicates": written.duplicates,
                "revised": written.revised,
                "rejected": orjson.dumps(incoming.rejected).decode(),
                "blocks": [block for _, block, _, _ in payloads],
                "weeks": [week for week, _, _, _ in payloads],
                "consumers": work.consumers,
                "level": Level.BUCKET,
                "buckets": _buckets(grown, added),
            },
        )
    return written


def _buckets(grown: growth.Grown, added: Sequence[Row]) -> list[int]:
    """The time buckets whose sums this request changes."""
    starts = grown.touched | {row.raw.start_ns for row in added}
    return sorted({marks.bucket_of(start) for start in starts})


def _requoted(grown: growth.Grown, new: set[UUID]) -> list[UUID]:
    """Stored traces that got further spans; a very large one keeps what it quotes."""
    return [
        trace_id
        for trace_id, summary in grown.summaries.items()
        if trace_id not in new
        and grown.added[trace_id]
        and summary["span_count"] <= skeletons.LIMIT
    ]


def _insert_traces(
    cursor: Any, project_id: int, by_trace: dict[UUID, list[Row]], now: datetime
) -> set[UUID]:
    """Insert the summaries of traces that are new, lock the others; returns the new ones."""
    if not by_trace:
        return set()
    mark_repeats([row for rows in by_trace.values() for row in rows])
    summaries = {}
    for trace_id, rows in by_trace.items():
        sums = totals(usage_of(row) for row in rows if row.counts)
        summaries[trace_id] = of_rows(rows) | sums
    cursor.execute(INSERT_TRACES, {"project": project_id, "now": now, "rows": _json(summaries)})
    return {record[0] for record in cursor.fetchall()}


def mark_repeats(rows: Sequence[Row]) -> None:
    """Mark the calls among these rows whose usage another one reports too."""
    out = counting.resolve([row.call() for row in rows])
    if out:
        for row in rows:
            if (row.raw.trace_id, row.raw.span_id) in out:
                row.flags |= Flag.NOT_COUNTED


def _json(summaries: dict[UUID, dict[str, Any]]) -> str:
    listed = [{"trace_id": str(trace_id), **summary} for trace_id, summary in summaries.items()]
    return orjson.dumps(listed, option=orjson.OPT_NON_STR_KEYS).decode()


def _blocks(project_id: int, added: dict[UUID, list[Row]]) -> list[tuple[int, int, int, bytes]]:
    """Compress the originals, by week, and tell each row where its own lies."""
    packer = blocks.Packer()
    for rows in added.values():
        packer.begin(row.raw for row in rows)
        for row in rows:
            week = partitions.week_of(row.raw.start_ns)
            row.block_id, row.block_pos = packer.add(week, row.raw)
    return [(week, id_, project_id, data) for week, id_, data in packer.finish()]
