"""What slices go by: model, release, prompt, environment and language of what was judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evals.truth.selectors.labels import Target
from traces.models import Span, Trace
from traces.selectors.conditions import Condition
from traces.selectors.paging import time_limit

DIMENSIONS = ("model", "release", "prompt", "environment", "language")
LANGUAGES = ("language", "lang", "locale")
"""Keys of metadata that name the language."""
MOST_CHARACTERS = 200


@dataclass(slots=True)
class About:
    """One object: when it began, whose it is, and its values by dimension."""

    start_ns: int
    user_id: str | None = None
    session_id: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    input: str = ""
    output: str = ""


OF_TRACE = (
    *("trace_id", "start_ns", "last_start_ns", "user_id", "session_id", "models_used", "release"),
    *("prompts", "environment", "metadata", "input_preview", "output_preview"),
)
OF_SPAN = (
    *("trace_id", "span_id", "start_ns", "user_id", "session_id", "model", "release"),
    *("prompt_name", "prompt_version", "environment", "metadata", "input_preview"),
    "output_preview",
)


def about(project_id: int, targets: Iterable[Target]) -> dict[Target, About]:
    """Of what is still stored. Two queries. Raises TooSlow."""
    wanted = set(targets)
    if not wanted:
        return {}
    with time_limit():
        ids = list({trace_id for trace_id, _ in wanted})
        of_these = Condition("traces_trace.trace_id = ANY(%s)", [ids])
        rows = Trace.objects.filter(of_these, project_id=project_id).only(*OF_TRACE)
        traces = {row.trace_id: row for row in rows}
        found = {
            target: _of_trace(traces[target[0]])
            for target in wanted
            if target[1] is None and target[0] in traces
        }
        asked = [target for target in wanted if target[1] is not None and target[0] in traces]
        if asked:
            starts = [traces[trace_id] for trace_id, _ in asked]
            spans = Span.objects.filter(
                Condition("traces_span.trace_id = ANY(%s)", [[one[0] for one in asked]]),
                Condition("traces_span.span_id = ANY(%s)", [[one[1] for one in asked]]),
                project_id=project_id,
                start_ns__gte=min(one.start_ns for one in starts),
                start_ns__lte=max(max(one.start_ns, one.last_start_ns) for one in starts),
            )
            known = set(asked)
            for span in spans.only(*OF_SPAN):
                if (span.trace_id, span.span_id) in known:
                    found[span.trace_id, span.span_id] = _of_span(span, traces[span.trace_id])
    return found


def _of_trace(trace: Trace) -> About:
    values = {
        "model": _one(trace.models_used),
        "release": trace.release,
        "prompt": _one(trace.prompts),
        "environment": trace.environment,
        "language": _language(trace.metadata),
    }
    return About(
        trace.start_ns, trace.user_id, trace.session_id, _kept(values),
        trace.input_preview or "", trace.output_preview or "",
    )  # fmt: skip


def _of_span(span: Span, trace: Trace) -> About:
    prompt = " ".join(part for part in (span.prompt_name, span.prompt_version) if part)
    values = {
        "model": span.model,
        "release": span.release or trace.release,
        "prompt": prompt,
        "environment": span.environment or trace.environment,
        "language": _language(span.metadata) or _language(trace.metadata),
    }
    return About(
        span.start_ns, span.user_id or trace.user_id, span.session_id or trace.session_id,
        _kept(values), span.input_preview or "", span.output_preview or "",
    )  # fmt: skip


def _one(names: list[str]) -> str | None:
    """What all of it was made by; nothing of several."""
    return names[0] if len(names) == 1 else None


def _language(metadata: Mapping[str, Any] | None) -> str | None:
    known = ((metadata or {}).get(key) for key in LANGUAGES)
    return next((value for value in known if isinstance(value, str) and value), None)


def _kept(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value[:MOST_CHARACTERS] for name, value in values.items() if value}
