"""From keys of spans, traces and sessions to the subjects that evaluators read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from evals.subjects import Subject, distinct, of_content
from traces.conventions import content
from traces.models import Span, Trace
from traces.selectors import payloads
from traces.spans import Kind, RawSpan

Key = tuple[UUID, int]
"""Trace and span id."""

SOURCES = (Kind.RETRIEVER, Kind.RERANKER, Kind.TOOL)
"""Kinds of spans whose results an answer rests on."""
CALLING = (Kind.LLM, Kind.AGENT)
"""Kinds of spans that ask a model, themselves or through others."""
MAX_SOURCES = 100
"""Such spans that are read of one trace, the first ones."""
READ_AT_ONCE = 200
"""Their originals that are in memory at a time."""
MAX_CALLS = 200
"""Model calls of a trace or session that are read as one conversation."""


def rows_of(project_id: int, keys: Iterable[tuple[UUID, int, int]]) -> list[Span]:
    """Span rows by (trace, span, start in ns); what is gone is absent."""
    wanted = {(trace_id, span_id) for trace_id, span_id, _ in keys}
    starts = [start for _, _, start in keys]
    if not wanted:
        return []
    rows = Span.objects.filter(
        project_id=project_id,
        trace_id__in={trace_id for trace_id, _ in wanted},
        span_id__in={span_id for _, span_id in wanted},
        start_ns__gte=min(starts),
        start_ns__lte=max(starts),
    )
    return [row for row in rows if (row.trace_id, row.span_id) in wanted]


def subjects_of(
    project_id: int, rows: Sequence[Span], raws: dict[Key, RawSpan] | None = None
) -> dict[Key, Subject]:
    """The subjects of these spans; `raws` are originals that are at hand already."""
    known = dict(raws or {})
    missing = [row for row in rows if (row.trace_id, row.span_id) not in known]
    for row, raw in zip(missing, payloads.raw_spans(project_id, missing), strict=True):
        known[row.trace_id, row.span_id] = raw
    sources = sources_of(project_id, rows, known)
    found: dict[Key, Subject] = {}
    for trace_id, members in _by_trace(rows).items():
        logs = payloads.logs_of(project_id, trace_id, [row.span_id for row in members])
        for row in members:
            key = (row.trace_id, row.span_id)
            told = content(known[key], logs.get(row.span_id, ()))
            subject = _subject(row, of_content(told, row.kind, row.metadata or {}))
            if row.kind == Kind.LLM:
                subject.contexts = _with_sources(subject, row, sources.get(trace_id, ()))
            found[key] = subject
    return found


def _by_trace(rows: Iterable[Span]) -> dict[UUID, list[Span]]:
    members: dict[UUID, list[Span]] = defaultdict(list)
    for row in rows:
        members[row.trace_id].append(row)
    return members


def _subject(row: Span, texts: dict[str, Any]) -> Subject:
    return Subject(
        project_id=row.project_id,
        trace_id=row.trace_id,
        span_id=row.span_id,
        session_id=row.session_id,
        start_ns=row.start_ns,
        received_at=row.received_at,
        kind=row.kind,
        name=row.name,
        model=row.model,
        **texts,
    )


def sources_of(
    project_id: int, rows: Sequence[Span], known: dict[Key, RawSpan]
) -> dict[UUID, list[tuple[int, list[str]]]]:
    """By trace: when each retrieval or tool began, and the texts that it gave."""
    calls = [row for row in rows if row.kind == Kind.LLM]
    if not calls:
        return {}
    in_trace = Window(RowNumber(), partition_by=F("trace_id"), order_by=F("start_ns").asc())
    spans = list(
        Span.objects.filter(
            project_id=project_id,
            trace_id__in={row.trace_id for row in calls},
            kind__in=[str(kind) for kind in SOURCES],
            start_ns__gte=min(row.start_ns for row in calls) - 600 * 10**9,
            start_ns__lte=max(row.start_ns for row in calls),
        )
        .annotate(place=in_trace)
        .filter(place__lte=MAX_SOURCES)
        .order_by("start_ns")
    )
    given: dict[UUID, list[tuple[int, list[str]]]] = defaultdict(list)
    for begin in range(0, len(spans), READ_AT_ONCE):
        for span, raw in _with_originals(project_id, spans[begin : begin + READ_AT_ONCE], known):
            texts = of_content(content(raw, ()), span.kind, {})
            results = list(texts["contexts"])
            if span.kind == Kind.TOOL and texts["output"]:
                results.append(texts["output"])
            given[span.trace_id].append((span.start_ns, results))
    return given


def _with_originals(
    project_id: int, spans: Sequence[Span], known: dict[Key, RawSpan]
) -> Iterator[tuple[Span, RawSpan]]:
    """These spans, in their order, with what was sent: from `known`, or read."""
    missing = [span for span in spans if (span.trace_id, span.span_id) not in known]
    read = iter(payloads.raw_spans(project_id, missing))
    for span in spans:
        raw = known.get((span.trace_id, span.span_id))
        yield span, raw if raw is not None else next(read)


def _with_sources(
    subject: Subject, row: Span, sources: Iterable[tuple[int, list[str]]]
) -> tuple[str, ...]:
    """Its own contexts, then what was retrieved in the trace before it."""
    before = [text for start, texts in sources if start <= row.start_ns for text in texts]
    return distinct([*subject.contexts, *before])


def subject_of_trace(project_id: int, trace_id: UUID) -> Subject | None:
    """A whole trace: what was asked first, what was answered last, and all calls between."""
    trace = Trace.objects.filter(project_id=project_id, trace_id=trace_id).first()
    if trace is None:
        return None
    return _whole(project_id, [trace], trace.session_id, trace_id=trace_id)


def subjects_of_traces(project_id: int, trace_ids: Iterable[UUID]) -> dict[UUID, Subject]:
    """Whole traces as `subject_of_trace` reads each, in a few queries for several together."""
    rows = Trace.objects.filter(project_id=project_id, trace_id__in=set(trace_ids))
    found: dict[UUID, Subject] = {}
    for traces in _bunches(rows.order_by("start_ns", "trace_id")):
        calls = _calls(project_id, traces)
        read = [call for members in calls.values() for call in members]
        subjects = subjects_of(project_id, read)
        for trace in traces:
            mine = calls.get(trace.trace_id, ())
            parts = [subjects[call.trace_id, call.span_id] for call in mine]
            found[trace.trace_id] = _assembled(
                project_id, [trace], parts, trace.session_id, trace.trace_id
            )
    return found


def _bunches(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    """Traces whose calls fit into memory together."""
    bunch: list[Trace] = []
    calls = 0
    for trace in traces:
        calls += min(trace.span_count, MAX_CALLS)
        if bunch and calls > READ_AT_ONCE:
            yield bunch
            bunch, calls = [], min(trace.span_count, MAX_CALLS)
        bunch.append(trace)
    if bunch:
        yield bunch


def _calls(project_id: int, traces: Sequence[Trace]) -> dict[UUID, list[Span]]:
    """By trace: its first calls of models, or of agents where it has none of models."""
    in_trace = Window(
        RowNumber(), partition_by=F("trace_id"), order_by=[F("start_ns").asc(), F("span_id").asc()]
    )
    rows = (
        Span.objects.filter(
            project_id=project_id,
            trace_id__in=[trace.trace_id for trace in traces],
            kind__in=[str(kind) for kind in CALLING],
            start_ns__gte=min(trace.start_ns for trace in traces),
            start_ns__lte=max(max(trace.start_ns, trace.last_start_ns) for trace in traces),
        )
        .annotate(place=in_trace)
        .filter(place__lte=MAX_CALLS)
        .order_by("start_ns", "span_id")
    )
    members = _by_trace(rows)
    return {trace_id: _of_models(calls) for trace_id, calls in members.items()}


def _of_models(calls: list[Span]) -> list[Span]:
    return [call for call in calls if call.kind == Kind.LLM] or calls


def subject_of_session(project_id: int, session_id: str) -> Subject | None:
    """A whole session: its traces in time order as one conversation."""
    rows = Trace.objects.filter(project_id=project_id, session_id=session_id)
    traces = list(rows.order_by("-start_ns")[:MAX_CALLS])[::-1]
    return _whole(project_id, traces, session_id) if traces else None


def _whole(
    project_id: int, traces: Sequence[Trace], session_id: str | None, trace_id: UUID | None = None
) -> Subject:
    calls = list(
        Span.objects.filter(
            project_id=project_id,
            trace_id__in=[trace.trace_id for trace in traces],
            kind__in=[str(kind) for kind in CALLING],
            start_ns__gte=min(trace.start_ns for trace in traces),
            start_ns__lte=max(max(trace.start_ns, trace.last_start_ns) for trace in traces),
        ).order_by("start_ns", "span_id")[:MAX_CALLS]
    )
    parts = list(subjects_of(project_id, _of_models(calls)).values())
    parts.sort(key=lambda part: part.start_ns)
    return _assembled(project_id, traces, parts, session_id, trace_id)


def _assembled(
    project_id: int,
    traces: Sequence[Trace],
    parts: Sequence[Subject],
    session_id: str | None,
    trace_id: UUID | None,
) -> Subject:
    """One subject of the calls of a trace or session, in time order."""
    whole = Subject(
        project_id=project_id,
        trace_id=trace_id,
        session_id=session_id if trace_id is None else None,
        start_ns=traces[0].start_ns,
        received_at=max(trace.updated_at for trace in traces),
        kind="trace" if trace_id else "session",
        name=traces[0].name,
        metadata=traces[-1].metadata,
    )
    first = parts[0] if parts else None
    whole.input = (first.input if first else None) or traces[0].input_preview
    answers = [part.output for part in parts if part.output]
    whole.output = answers[-1] if answers else traces[-1].output_preview
    whole.contexts = distinct(text for part in parts for text in part.contexts)
    whole.messages = turns(parts)
    whole.tools = next((part.tools for part in reversed(parts) if part.tools), [])
    whole.tool_calls = [call for part in parts for call in part.tool_calls]
    whole.reference = next((part.reference for part in parts if part.reference), None)
    return whole


def turns(parts: Iterable[Subject]) -> list[dict[str, Any]]:
    """One conversation out of calls that each repeat what was said before."""
    said: list[dict[str, Any]] = []
    seen: set[str] = set()
    for part in parts:
        for message in part.messages:
            print_ = repr((message.get("role"), message.get("content"), message.get("tool_calls")))
            if print_ not in seen:
                seen.add(print_)
                said.append(message)
    return said
