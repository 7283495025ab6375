"""Rows for tests of reading, made without the way in."""

from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from sightglass.accounts.models import Project
from traces.models import Span, Trace
from traces.services import partitions

SECOND = 10**9
NOON = partitions.current_week() * partitions.WEEK_NS + 12 * 3600 * SECOND


def make_trace(project: Project, **fields: Any) -> Trace:
    fields.setdefault("trace_id", uuid4())
    fields.setdefault("start_ns", NOON)
    fields.setdefault("last_start_ns", fields["start_ns"])
    defaults = {
        "name": "answer",
        "end_ns": fields["start_ns"] + SECOND,
        "status": "ok",
        "span_count": 1,
        "error_count": 0,
        "call_count": 1,
        "received_at": timezone.now(),
        "updated_at": timezone.now(),
    }
    return Trace.objects.create(project=project, **{**defaults, **fields})


def make_span(trace: Trace, span_id: int, **fields: Any) -> Span:
    partitions.create(partitions.week_of(fields.get("start_ns", trace.start_ns)))
    defaults = {
        "start_ns": trace.start_ns,
        "end_ns": trace.end_ns,
        "received_at": timezone.now(),
        "block_id": 1,
        "block_pos": 0,
        "kind": "llm",
        "status": "ok",
        "flags": 0,
        "name": "chat",
        "cost_source": "unknown",
    }
    return Span.objects.create(
        project_id=trace.project_id,
        trace_id=UUID(int=trace.trace_id.int),
        span_id=span_id,
        **{**defaults, **fields},
    )
