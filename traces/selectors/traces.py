"""One trace: its summary, its spans, their payloads, its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404

from sightglass.accounts.access import Access
from traces import conventions
from traces.models import Score, Span, Trace
from traces.selectors import payloads, shapes
from traces.selectors.paging import time_limit

SpanKey = tuple[int, int]
"""(start_ns, span_id): where a span stands in its trace."""

MAX_SCORES = 10_000


def get_trace(access: Access, trace_id: UUID) -> Trace:
    """Raises Http404 for a trace that is not there or another project's."""
    found = Trace.objects.filter(project_id=access.project.pk, trace_id=trace_id).first()
    if found is None:
        raise Http404("There is no such trace.")
    return found


def spans_of(
    access: Access, trace_id: UUID, *, limit: int, after: SpanKey | None = None
) -> list[Span]:
    """Columns of a trace's spans by start, behind `after`. Empty for an unknown trace."""
    trace = Trace.objects.filter(project_id=access.project.pk, trace_id=trace_id).first()
    return spans_of_trace(trace, limit=limit, after=after) if trace else []


def spans_of_trace(trace: Trace, *, limit: int, after: SpanKey | None = None) -> list[Span]:
    """The same for a trace at hand; its times tell Postgres which weeks to open."""
    rows = Span.objects.filter(
        project_id=trace.project_id,
        trace_id=trace.trace_id,
        start_ns__gte=trace.start_ns if after is None else after[0],
        start_ns__lte=max(trace.start_ns, trace.last_start_ns),
    )
    if after is not None:
        rows = rows.exclude(start_ns=after[0], span_id__lte=after[1])
    with time_limit():
        return list(rows.order_by("start_ns", "span_id")[:limit])


def get_span(access: Access, trace_id: UUID, span_id: int) -> Span:
    """Raises Http404 for a span that is not there or another project's."""
    found = Span.objects.filter(
        project_id=access.project.pk, trace_id=trace_id, span_id=span_id
    ).first()
    if found is None:
        raise Http404("There is no such span.")
    return found


def span_whole(access: Access, span: Span) -> dict[str, Any]:
    """API.md's Span with its payload."""
    return spans_whole(access, [span])[0]


def spans_whole(access: Access, spans: Sequence[Span]) -> list[dict[str, Any]]:
    """Spans with payloads, in their order: one read of blocks and one of logs for each trace."""
    own = [span for span in spans if span.project_id == access.project.pk]
    raws = payloads.raw_spans(access.project.pk, own)
    by_trace: dict[UUID, list[int]] = {}
    for span in own:
        by_trace.setdefault(span.trace_id, []).append(span.span_id)
    logs = {
        trace_id: payloads.logs_of(access.project.pk, trace_id, ids)
        for trace_id, ids in by_trace.items()
    }
    return [
        shapes.span_whole(
            span, raw, conventions.content(raw, logs[span.trace_id].get(span.span_id, ()))
        )
        for span, raw in zip(own, raws, strict=True)
    ]


def scores_of(access: Access, trace_id: UUID) -> list[Score]:
    """Scores of the trace and its spans, oldest first."""
    rows = Score.objects.filter(project_id=access.project.pk, trace_id=trace_id)
    return list(rows.order_by("created_at", "pk")[:MAX_SCORES])
