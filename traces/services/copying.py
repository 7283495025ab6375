"""Binary COPY of spans, payload blocks and logs: the fastest way that Postgres takes rows in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from psycopg.types.json import Jsonb

from traces.services.rows import Row
from traces.services.summaries import USAGE_COLUMNS, usage_of

SPAN_COLUMNS: tuple[tuple[str, str], ...] = (
    ("project_id", "int8"),
    ("trace_id", "uuid"),
    ("span_id", "int8"),
    ("start_ns", "int8"),
    ("parent_id", "int8"),
    ("end_ns", "int8"),
    ("received_at", "timestamptz"),
    ("block_id", "int8"),
    *((name, "int8") for name in USAGE_COLUMNS),
    ("cache_saved", "int8"),
    ("block_pos", "int4"),
    ("flags", "int4"),
    ("time_to_first_token_ms", "float8"),
    ("kind", "text"),
    ("status", "text"),
    ("cost_source", "text"),
    ("name", "text"),
    ("provider", "text"),
    ("model", "text"),
    ("request_model", "text"),
    ("response_id", "text"),
    ("user_id", "text"),
    ("session_id", "text"),
    ("environment", "text"),
    ("release", "text"),
    ("prompt_name", "text"),
    ("prompt_version", "text"),
    ("price_ref", "text"),
    ("input_preview", "text"),
    ("output_preview", "text"),
    ("tags", "text[]"),
    ("metadata", "jsonb"),
    ("suspect_reasons", "text[]"),
)
PAYLOAD_COLUMNS = (("week", "int4"), ("id", "int8"), ("project_id", "int8"), ("data", "bytea"))
LOG_COLUMNS = (
    ("project_id", "int8"),
    ("trace_id", "uuid"),
    ("span_id", "int8"),
    ("start_ns", "int8"),
    ("digest", "uuid"),
    ("received_at", "timestamptz"),
    ("data", "bytea"),
)

Columns = Sequence[tuple[str, str]]


def copy(
    cursor: Cursor[Any], table: str, columns: Columns, records: Iterable[Sequence[Any]]
) -> None:
    """COPY records, each with a value per column. Raises psycopg.Error; nothing is stored then."""
    names = ", ".join(name for name, _ in columns)
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as stream:
        stream.set_types([type_ for _, type_ in columns])
        write = stream.write_row
        for record in records:
            write(record)


def span_record(project_id: int, received_at: datetime, row: Row) -> tuple[Any, ...]:
    """A row's values in the order of SPAN_COLUMNS."""
    raw, facts = row.raw, row.facts
    return (
        project_id,
        UUID(bytes=raw.trace_id),
        row.span_id,
        raw.start_ns,
        row.parent_id,
        raw.end_ns,
        received_at,
        row.block_id,
        *usage_of(row, derived=False),
        row.cost.cache_saved,
        row.block_pos,
        row.flags,
        facts.time_to_first_token_ms,
        facts.kind.value,
        facts.status.value,
        row.cost.source,
        raw.name,
        facts.provider,
        facts.model,
        facts.request_model,
        facts.response_id,
        facts.user_id,
        facts.session_id,
        facts.environment,
        facts.release,
        facts.prompt_name,
        facts.prompt_version,
        row.price_ref,
        facts.input_preview,
        facts.output_preview,
        facts.tags or None,
        None if row.metadata is None else Jsonb(row.metadata, _as_it_is),
        row.suspect or None,
    )


def _as_it_is(encoded: bytes) -> bytes:
    return encoded
