"""What is stored of traces that get further spans: enough to dedupe and count once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from traces.ids import span_from_column
from traces.services.summaries import USAGE_COLUMNS, total_of
from traces.spans import CallFacts, Flag, Kind, Status

LIMIT = 20_000
"""Spans of a trace up to which all are looked at when more arrive; beyond it, sums only grow."""

CALL_WINDOW_NS = 3600 * 10**9
"""How far apart two spans of different traces may start and still report one provider call."""

COLUMNS = (
    "trace_id, span_id, start_ns, parent_id, end_ns, kind, status, response_id, flags,"
    " input_preview IS NOT NULL OR output_preview IS NOT NULL, " + ", ".join(USAGE_COLUMNS)
)
FIXED = 10
INPUT, OUTPUT, TOTAL = (
    USAGE_COLUMNS.index(name) for name in ("input_tokens", "output_tokens", "total_tokens")
)


@dataclass(slots=True)
class Skeleton:
    """One stored span."""

    trace_id: UUID
    span_id: int
    start_ns: int
    parent_id: int | None
    end_ns: int | None
    kind: str
    status: str
    response_id: str | None
    flags: int
    has_content: bool
    usage: tuple[int | None, ...]  # in the order of USAGE_COLUMNS

    @property
    def counts(self) -> bool:
        return not self.flags & Flag.NOT_COUNTED

    @property
    def is_error(self) -> bool:
        return self.status == Status.ERROR

    def call(self) -> CallFacts:
        known = dict(zip(USAGE_COLUMNS, self.usage, strict=True))
        return CallFacts(
            self.trace_id.bytes,
            span_from_column(self.span_id),
            None if self.parent_id is None else span_from_column(self.parent_id),
            Kind(self.kind),
            self.start_ns,
            self.end_ns,
            self.response_id,
            any(known[name] is not None for name in MEASURED),
            self.has_content,
            bool(self.flags & Flag.REPEATS),
            known["total_tokens"] or 0,
            known["est_input_tokens"] is not None,
        )


MEASURED = ("input_tokens", "output_tokens", "total_tokens", "cost_total")


def _made(record: Sequence[Any]) -> Skeleton:
    fixed: tuple[Any, ...] = tuple(record[:FIXED])
    usage = list(record[FIXED:])
    usage[TOTAL] = total_of(usage[INPUT], usage[OUTPUT], usage[TOTAL])
    return Skeleton(*fixed, usage=tuple(usage))  # type: ignore[misc]


def load(
    cursor: CursorWrapper, project_id: int, trace_ids: Sequence[UUID], start: int, end: int
) -> list[Skeleton]:
    """All spans of these traces, which start between `start` and `end` (ns, inclusive)."""
    cursor.execute(
        f"SELECT {COLUMNS} FROM traces_span WHERE project_id = %s AND trace_id = ANY(%s)"  # noqa: S608
        " AND start_ns BETWEEN %s AND %s",
        [project_id, list(trace_ids), start, end],
    )
    return [_made(record) for record in cursor.fetchall()]


def load_ids(
    cursor: CursorWrapper,
    project_id: int,
    trace_id: UUID,
    span_ids: Sequence[int],
    bounds: tuple[int, int],
) -> list[Skeleton]:
    """These spans of one trace, which lie between `bounds` (ns, inclusive)."""
    cursor.execute(
        f"SELECT {COLUMNS} FROM traces_span WHERE project_id = %s AND trace_id = %s"  # noqa: S608
        " AND span_id = ANY(%s) AND start_ns BETWEEN %s AND %s",
        [project_id, trace_id, list(span_ids), *bounds],
    )
    return [_made(record) for record in cursor.fetchall()]


def same_calls(
    cursor: CursorWrapper,
    project_id: int,
    response_ids: Sequence[str],
    bounds: tuple[int, int],
    apart: Sequence[UUID],
) -> list[Skeleton]:
    """Spans of other traces than `apart` that report one of these provider responses."""
    cursor.execute(
        f"SELECT {COLUMNS} FROM traces_span WHERE project_id = %s AND response_id = ANY(%s)"  # noqa: S608
        " AND start_ns BETWEEN %s AND %s AND trace_id <> ALL(%s) LIMIT 1000",
        [
            project_id,
            list(response_ids),
            bounds[0] - CALL_WINDOW_NS,
            bounds[1] + CALL_WINDOW_NS,
            list(apart),
        ],
    )
    return [_made(record) for record in cursor.fetchall()]
