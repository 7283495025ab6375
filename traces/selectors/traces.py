"""One trace: its summary, its spans, their payloads, its scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
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


OUTLINE = (
    *("span_id", "parent_id", "start_ns", "end_ns", "kind", "status", "name", "model"),
    *("time_to_first_token_ms", "flags", "has_content"),
)
"""Columns, and whether the span says what went in or came out."""
HAS_CONTENT = Q(input_preview__isnull=False) | Q(output_preview__isnull=False)
MAX_OUTLINE = 50_000


def outline(trace: Trace) -> list[tuple[Any, ...]]:
    """What the tree of a trace is made of, in the order of OUTLINE:

    at most MAX_OUTLINE spans by start.
    """
    rows = _rows_of(trace).annotate(has_content=HAS_CONTENT).order_by("start_ns", "span_id")
    with time_limit():
        return list(rows.values_list(*OUTLINE)[:MAX_OUTLINE])


def span_of_trace(trace: Trace, span_id: int) -> Span | None:
    """One span of a trace at hand."""
    return _rows_of(trace).filter(span_id=span_id).first()


def spans_of_outline(trace: Trace, span_ids: Sequence[int]) -> list[Span]:
    """These spans of a trace at hand, by start."""
    if not span_ids:
        return []
    rows = _rows_of(trace).filter(span_id__in=list(span_ids))
    with time_limit():
        return list(rows.order_by("start_ns", "span_id"))


def calls_of(traces: Sequence[Trace]) -> dict[UUID, tuple[Span, Span]]:
    """The first and the last call of a model in each of these traces of one project."""
    if not traces:
        return {}
    rows = Span.objects.filter(
        project_id=traces[0].project_id,
        trace_id__in=[trace.trace_id for trace in traces],
        kind="llm",
        start_ns__gte=min(trace.start_ns for trace in traces),
        start_ns__lte=max(max(trace.start_ns, trace.last_start_ns) for trace in traces),
    ).order_by("start_ns", "span_id")
    found: dict[UUID, tuple[Span, Span]] = {}
    with time_limit():
        for span in rows[:MAX_CALLS]:
            first = found.get(span.trace_id, (span, span))[0]
            found[span.trace_id] = (first, span)
    return found


MAX_CALLS = 5_000


def _rows_of(trace: Trace) -> QuerySet[Span]:
    return Span.objects.filter(
        project_id=trace.project_id,
        trace_id=trace.trace_id,
        start_ns__gte=trace.start_ns,
        start_ns__lte=max(trace.start_ns, trace.last_start_ns),
    )


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
