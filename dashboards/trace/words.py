"""How the page of a trace puts columns into words: facts, marks, parameters, scores."""

from __future__ import annotations

import json
from typing import Any

from dashboards.templatetags import sightglass as figures
from traces.models import Score, Span, Trace
from traces.selectors import shapes
from traces.spans import Flag

Facts = list[tuple[str, str]]
"""(label, value) in the order of the page."""

KINDS = {
    "llm": "LLM call",
    "embedding": "Embedding",
    "retriever": "Retriever",
    "reranker": "Reranker",
    "tool": "Tool call",
    "agent": "Agent",
    "chain": "Step",
    "guardrail": "Guardrail",
    "evaluator": "Evaluator",
    "span": "Span",
}
FLAGS = {
    Flag.COST_SUSPECT: ("Cost suspect", "is-warn", "Its token counts contradict each other."),
    Flag.NOT_COUNTED: (
        "Not counted",
        "is-info",
        "Another span reports the same call; totals count it once.",
    ),
    Flag.ESTIMATED: ("Tokens estimated", "is-info", "The client sent no token counts."),
    Flag.TIME_CLAMPED: ("Time corrected", "is-warn", "The sent time was impossible."),
    Flag.SANITISED: ("Text repaired", "is-info", "Characters that are not text were replaced."),
    Flag.TRUNCATED: (
        "Long value cut",
        "is-info",
        "A list value was cut; the attributes have it whole.",
    ),
    Flag.REDACTED: ("Redacted", "is-info", "A redaction rule of the project changed something."),
    Flag.REVISED: ("Revised", "is-info", "It was stored as running and ended by a later delivery."),
}
RUNNING = ("Running", "is-info", "Its end has not been sent.")
MAX_METADATA = 100
MAX_PARAMETERS = 12


def marks(row: Trace | Span) -> list[tuple[str, str, str]]:
    """(label, class, explanation) of each thing that a reader must know."""
    found = [words for flag, words in FLAGS.items() if row.flags & flag]
    return [RUNNING, *found] if row.end_ns is None else found


def trace_facts(trace: Trace) -> Facts:
    return [
        ("Started", figures.moment(trace.start_ns)),
        ("Duration", duration(trace)),
        ("Cost", cost(trace)),
        ("Tokens", tokens(trace)),
    ]


def metadata(trace: Trace) -> Facts:
    """Metadata as text; what is structured as JSON."""
    items = list((trace.metadata or {}).items())[:MAX_METADATA]
    return [
        (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for key, value in items
    ]


def duration(row: Trace | Span) -> str:
    return "running" if row.end_ns is None else figures.duration(row.end_ns - row.start_ns)


def cost(row: Trace | Span) -> str:
    if row.cost_total is None and row.est_cost is not None:
        return f"about {figures.money(row.est_cost)}"
    return figures.money(row.cost_total) if row.cost_total is not None else "unknown"


def tokens(row: Trace | Span) -> str:
    if row.input_tokens is None and row.output_tokens is None:
        if row.est_input_tokens is not None:
            asked, answered = row.est_input_tokens, row.est_output_tokens
            return f"about {figures.number(asked)} → {figures.number(answered)}"
        return figures.number(row.total_tokens)
    return f"{figures.number(row.input_tokens)} → {figures.number(row.output_tokens)}"


def span_facts(span: Span, whole: dict[str, Any]) -> Facts:
    asked = span.request_model if span.request_model != span.model else None
    prompt = " · ".join(part for part in (span.prompt_name, span.prompt_version) if part)
    named = {
        "Model": span.model,
        "Asked for": asked,
        "Provider": span.provider,
        "Prompt": prompt,
        "Tool": whole["tool_name"],
    }
    facts: Facts = [(label, value) for label, value in named.items() if value]
    facts.append(("Duration", duration(span)))
    if span.time_to_first_token_ms is not None:
        facts.append(("First token", figures.duration(int(span.time_to_first_token_ms * 1e6))))
    if tokens(span) != figures.NONE:
        facts += [("Tokens", tokens(span)), ("Cost", cost(span))]
    return facts + _parameters(whole)


def _parameters(whole: dict[str, Any]) -> Facts:
    facts: Facts = []
    for name, value in list((whole["parameters"] or {}).items())[:MAX_PARAMETERS]:
        if isinstance(value, int | float | str | bool) and len(str(value)) <= 60:
            facts.append((name.replace("_", " ").capitalize()[:60], str(value)))
    if whole["finish_reasons"]:
        facts.append(("Finished", ", ".join(map(str, whole["finish_reasons"]))[:60]))
    return facts


def score(row: Score) -> dict[str, Any]:
    """A score in the API's shape, with `shown` and `icon` for the page."""
    shape = shapes.score(row)
    value = shape["value"]
    if isinstance(value, bool):
        shape["shown"] = "yes" if value else "no"
    elif isinstance(value, float):
        shape["shown"] = f"{value:.2f}".rstrip("0").rstrip(".")
    else:
        shape["shown"] = str(value)
    shape["icon"] = {"user": "i-thumb", "human": "i-user", "judge": "i-judge"}.get(
        row.source, "i-code"
    )
    return shape
