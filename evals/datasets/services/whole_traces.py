"""A whole trace as one case: what its application was asked, and the call that answered it.

A trace may hold many calls: one that rewrites the question, some that choose tools, one that
answers. A case has the conversation of the last of these alone, up to what the user said last: the
steps between are how it was answered, not what was asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from uuid import UUID

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from evals.services import loading
from evals.subjects import Message, Subject
from traces.models import Span, Trace
from traces.spans import Kind

LAST_CALLS = 20
"""Of a trace, in which the one that answered is looked for."""
AT_ONCE = 10
"""Traces whose spans are in memory together."""


def subjects_of_traces(project_id: int, trace_ids: Sequence[UUID]) -> dict[UUID, Subject]:
    """By trace; what is not stored is absent."""
    rows = Trace.objects.filter(project_id=project_id, trace_id__in=set(trace_ids))
    found: dict[UUID, Subject] = {}
    for traces in _bunches(rows.order_by("start_ns", "trace_id")):
        spans = _spans(project_id, traces)
        subjects = loading.subjects_of(project_id, spans)
        of_trace: dict[UUID, list[Subject]] = defaultdict(list)
        for span in spans:
            of_trace[span.trace_id].append(subjects[span.trace_id, span.span_id])
        for trace in traces:
            found[trace.trace_id] = _case(trace, of_trace[trace.trace_id])
    return found


def _bunches(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    left = iter(traces)
    while bunch := list(islice(left, AT_ONCE)):
        yield bunch


def _spans(project_id: int, traces: Sequence[Trace]) -> list[Span]:
    """The roots of these traces and their last calls, in time order."""
    roots = [trace.root_span_id for trace in traces if trace.root_span_id is not None]
    calls = Q(kind__in=[str(kind) for kind in loading.CALLING])
    last = Window(
        RowNumber(),
        partition_by=F("trace_id"),
        order_by=[F("start_ns").desc(), F("span_id").desc()],
    )
    rows = (
        Span.objects.filter(
            calls | Q(span_id__in=roots),
            project_id=project_id,
            trace_id__in=[trace.trace_id for trace in traces],
            start_ns__gte=min(trace.start_ns for trace in traces),
            start_ns__lte=max(max(trace.start_ns, trace.last_start_ns) for trace in traces),
        )
        .annotate(place=last)
        .filter(Q(place__lte=LAST_CALLS) | Q(span_id__in=roots))
    )
    return sorted(rows, key=lambda row: (row.start_ns, row.span_id))


def _case(trace: Trace, parts: Sequence[Subject]) -> Subject:
    """The trace as its own root has it where that says both, else as the call that answered."""
    root = next((part for part in parts if part.span_id == trace.root_span_id), None)
    models = [part for part in parts if part.kind == Kind.LLM]
    calls = models or [part for part in parts if part.kind in loading.CALLING]
    told = root.output if root is not None and root.input and root.output else None
    call = _answering(calls, told)
    if told is not None and root is not None and (call is None or not _same(call.output, told)):
        chosen = replace(root, contexts=root.contexts or (call.contexts if call else ()))
    else:
        chosen = call or root or Subject(trace.project_id)
    return replace(
        chosen,
        trace_id=trace.trace_id,
        span_id=None,
        input=(root.input if root else None) or chosen.input or trace.input_preview,
        output=told or chosen.output or trace.output_preview,
        messages=_until_asked(chosen.messages),
        metadata=trace.metadata,
        reference=next((part.reference for part in parts if part.reference), None),
    )


def _answering(calls: Sequence[Subject], told: str | None) -> Subject | None:
    """The last call that says what the root says; else that says something and calls no tool."""
    saying = [call for call in calls if call.output]
    same = [call for call in saying if told is not None and _same(call.output, told)]
    done = [call for call in saying if not call.tool_calls]
    for some in (same, done, saying, calls):
        if some:
            return some[-1]
    return None


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.split() == other.split()


def _until_asked(messages: Sequence[Message]) -> list[Message]:
    """Up to what the user said last; all of a conversation without a user."""
    asked = [place for place, one in enumerate(messages) if one.get("role") == "user"]
    return list(messages[: asked[-1] + 1] if asked else messages)
