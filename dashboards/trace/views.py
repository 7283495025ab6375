"""One trace: its spans as a waterfall, one of them in full, and the conversation of the whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboards.templatetags import sightglass as figures
from dashboards.trace import panes
from dashboards.trace.tree import Node, Row, Tree
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.ids import span_from_hex, span_hex, trace_from_hex
from traces.models import Score, Span, Trace
from traces.selectors import shapes
from traces.selectors.traces import (
    get_trace,
    outline,
    scores_of,
    span_of_trace,
    span_whole,
    spans_whole,
)
from traces.spans import Flag

MAX_CALLS = 60
"""Model calls whose messages make the conversation of a trace."""

UNITS = (("h", 3600 * 10**9), ("min", 60 * 10**9), ("s", 10**9), ("ms", 10**6), ("µs", 1000))
LABELS = {
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


def marks(flags: int) -> list[tuple[str, str, str]]:
    """(label, class, explanation) of each flag that is set."""
    return [words for flag, words in FLAGS.items() if flags & flag]


def _trace_id(text: str) -> UUID:
    try:
        return trace_from_hex(text)
    except ValueError:
        raise Http404("A trace id has 32 hex digits.") from None


def _span_id(text: str | None) -> int | None:
    if not text:
        return None
    try:
        return span_from_hex(text)
    except ValueError:
        raise Http404("A span id has 16 hex digits.") from None


def tree_of(trace: Trace) -> Tree:
    return Tree(Node(*record) for record in outline(trace))


@project_page(Permission.READ)
def trace_page(request: ProjectRequest, trace_id: str) -> HttpResponse:
    """The trace, or with htmx only the pane of the chosen span."""
    trace = get_trace(request.access, _trace_id(trace_id))
    chosen = _span_id(request.GET.get("span"))
    if request.htmx and request.htmx.target == "span" and chosen is not None:
        return _varied(render(request, "trace/span.html", _pane(request, trace, chosen)))
    tree = tree_of(trace)
    if chosen is not None and chosen not in tree.nodes:
        raise Http404("There is no such span in this trace.")
    chosen = chosen if chosen is not None else _first(tree, trace)
    scores = scores_of(request.access, trace.trace_id)
    context = {
        "trace": trace,
        "trace_hex": trace_id,
        "facts": _trace_facts(trace),
        "marks": marks(trace.flags),
        "rows": [_line(tree, row) for row in tree.rows(_opened(request), chosen)],
        "ticks": _ticks(tree),
        "chosen": None if chosen is None else span_hex(chosen),
        "first_error": _first_error(tree),
        "hidden": max(0, trace.span_count - len(tree.nodes)),
        "shown": len(tree.nodes),
        "scores": [_score(one) for one in scores[:200]],
        "view": "waterfall",
    }
    if chosen is not None:
        context |= _pane(request, trace, chosen, scores)
    return _varied(render(request, "trace/page.html", context))


@project_page(Permission.READ)
def children(request: ProjectRequest, trace_id: str) -> HttpResponse:
    """Lines under one span (`of`), from `offset` on; what a click on a folded span brings."""
    trace = get_trace(request.access, _trace_id(trace_id))
    parent = _span_id(request.GET.get("of"))
    tree = tree_of(trace)
    node = tree.nodes.get(parent) if parent is not None else None
    if node is None:
        raise Http404("There is no such span in this trace.")
    offset = request.GET.get("offset", "0")
    rows = tree.children_rows(node, min(int(offset), 10**9) if offset.isdecimal() else 0)
    context = {"rows": [_line(tree, row) for row in rows], "trace_hex": trace_id}
    return render(request, "trace/rows.html", context)


@project_page(Permission.READ)
def conversation(request: ProjectRequest, trace_id: str) -> HttpResponse:
    """What was said in the whole trace: each message once, in the order of the calls."""
    trace = get_trace(request.access, _trace_id(trace_id))
    tree = tree_of(trace)
    calls = [node for node in tree.nodes.values() if node.kind == "llm"]
    spans = _spans(trace, calls[:MAX_CALLS])
    context = {
        "trace": trace,
        "trace_hex": trace_id,
        "facts": _trace_facts(trace),
        "marks": marks(trace.flags),
        "turns": spoken(spans_whole(request.access, spans)),
        "calls": len(calls),
        "left_out": max(0, len(calls) - MAX_CALLS),
        "view": "conversation",
    }
    return render(request, "trace/conversation.html", context)


@project_page(Permission.READ)
def span_json(request: ProjectRequest, trace_id: str, span_id: str) -> HttpResponse:
    """A span, whole, as a file."""
    trace = get_trace(request.access, _trace_id(trace_id))
    chosen = _span_id(span_id)
    span = span_of_trace(trace, chosen) if chosen is not None else None
    if span is None:
        raise Http404("There is no such span in this trace.")
    whole = span_whole(request.access, span)
    body = json.dumps(whole, indent=2, ensure_ascii=False, default=str)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="span-{span_hex(span.span_id)}.json"'
    return response


def spoken(wholes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turns of a conversation out of whole spans, each message once."""
    seen: set[str] = set()
    turns = []
    for whole in wholes:
        fresh: list[panes.Message] = []
        for side in ("input_messages", "output_messages"):
            for one in whole[side] or ():
                key = json.dumps(
                    [one.get("role"), one.get("content"), one.get("tool_calls")], default=str
                )
                if key in seen:
                    continue
                seen.add(key)
                made = panes.message(one, 4_000)
                made.answer = side == "output_messages"
                made.folded = made.role == "system"
                fresh.append(made)
        if fresh:
            turns.append({"span": whole, "messages": panes.with_results(fresh)})
    return turns


def _spans(trace: Trace, nodes: Sequence[Node]) -> list[Span]:
    if not nodes:
        return []
    rows = Span.objects.filter(
        project_id=trace.project_id,
        trace_id=trace.trace_id,
        span_id__in=[node.span_id for node in nodes],
        start_ns__gte=trace.start_ns,
        start_ns__lte=max(trace.start_ns, trace.last_start_ns),
    )
    return list(rows.order_by("start_ns", "span_id"))


def _varied(response: HttpResponse) -> HttpResponse:
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    return response


def _opened(request: HttpRequest) -> list[int]:
    found = []
    for text in request.GET.getlist("open")[:200]:
        try:
            found.append(span_from_hex(text))
        except ValueError:
            continue
    return found


def _first(tree: Tree, trace: Trace) -> int | None:
    if trace.root_span_id in tree.nodes:
        return trace.root_span_id
    return tree.roots[0].span_id if tree.roots else None


def _first_error(tree: Tree) -> str | None:
    """The innermost of the first failing spans: where the error arose."""
    failed = [node for node in tree.nodes.values() if node.status == "error"]
    if not failed:
        return None
    inner = [one for one in failed if not any(c.status == "error" for c in one.children)]
    return span_hex((inner or failed)[0].span_id)


def _ticks(tree: Tree) -> list[str]:
    """Five marks in one unit, which the last one names."""
    length = max(tree.end_ns - tree.start_ns, 1)
    name, scale = next((one for one in UNITS if length >= one[1]), UNITS[-1])
    marks = [f"{length * i / 4 / scale:.3g}" for i in range(5)]
    return [*marks[:4], f"{marks[4]} {name}"]


def _line(tree: Tree, row: Row) -> dict[str, Any]:
    """One line of the waterfall; positions in percent of the trace."""
    node = row.node
    hexed = span_hex(node.span_id)
    if row.more:
        return {"more": row.more, "of": hexed, "offset": row.offset, "depth": node.depth + 1}
    length = max(tree.end_ns - tree.start_ns, 1)
    left = 100 * (node.start_ns - tree.start_ns) / length
    width = max(0.3, 100 * (node.duration_ns or 0) / length)
    waiting, failed = 0.0, node.status == "error"
    if node.first_token_ms and node.duration_ns:
        waiting = min(1.0, node.first_token_ms * 1e6 / node.duration_ns) * width
    return {
        "id": hexed,
        "name": node.name,
        "model": node.model or "",
        "depth": min(node.depth, 12),
        "level": node.depth + 1,
        "kind": node.kind,
        "status": node.status,
        "colour": "k-err" if failed else figures.KIND_ICONS.get(node.kind, figures.STEP_ICON)[1],
        "failed": failed,
        "left": f"{min(left, 99.7):.2f}",
        "waiting": f"{waiting:.2f}" if waiting else "",
        "rest_left": f"{left + waiting:.2f}",
        "width": f"{min(width, 100 - left) - waiting:.2f}",
        "duration": figures.duration(node.duration_ns) if node.end_ns is not None else "running",
        "hot": (node.duration_ns or 0) * 4 >= length,
        "folded": node.below if node.children and not row.is_open else 0,
        "orphan": node.orphan,
        "uncounted": bool(node.flags & Flag.NOT_COUNTED),
        "suspect": bool(node.flags & Flag.COST_SUSPECT),
    }


def _trace_facts(trace: Trace) -> list[tuple[str, str]]:
    facts = [("Started", figures.moment(trace.start_ns))]
    if trace.end_ns is None:
        facts.append(("Duration", "running"))
    else:
        facts.append(("Duration", figures.duration(trace.end_ns - trace.start_ns)))
    facts.append(("Cost", _cost(trace)))
    facts.append(("Tokens", _tokens(trace)))
    return facts


def _cost(row: Trace | Span) -> str:
    if row.cost_total is None and row.est_cost is not None:
        return f"about {figures.money(row.est_cost)}"
    return figures.money(row.cost_total) if row.cost_total is not None else "unknown"


def _tokens(row: Trace | Span) -> str:
    if row.input_tokens is None and row.output_tokens is None:
        if row.est_input_tokens is not None:
            asked, answered = row.est_input_tokens, row.est_output_tokens
            return f"about {figures.number(asked)} → {figures.number(answered)}"
        return figures.number(row.total_tokens)
    return f"{figures.number(row.input_tokens)} → {figures.number(row.output_tokens)}"


def _pane(
    request: ProjectRequest, trace: Trace, chosen: int, scores: Sequence[Score] | None = None
) -> dict[str, Any]:
    """Everything that the pane of one span shows."""
    span = span_of_trace(trace, chosen)
    if span is None:
        raise Http404("There is no such span in this trace.")
    whole = span_whole(request.access, span)
    limit = panes.SHOWN_WHOLE if "whole" in request.GET else panes.SHOWN
    transcript = panes.transcript(whole["input_messages"], whole["output_messages"], limit=limit)
    found = scores_of(request.access, trace.trace_id) if scores is None else scores
    hexed = span_hex(span.span_id)
    return {
        "trace": trace,
        "trace_hex": trace.trace_id.hex,
        "span": span,
        "span_hex": hexed,
        "whole": whole,
        "kind_label": LABELS.get(span.kind, "Span"),
        "span_facts": _span_facts(span, whole),
        "span_marks": marks(span.flags),
        "transcript": transcript,  # "messages" are Django's own, which every page shows
        "input": _plain(whole["input"], whole["input_messages"], limit),
        "output": _plain(whole["output"], whole["output_messages"], limit),
        "documents": panes.documents(whole["documents"]),
        "tools": [_tool(one) for one in (whole["tools"] or ())[:200]],
        "costs": panes.cost_lines(span),
        "total_cost": _cost(span),
        "attributes": panes.attributes(whole["attributes"]),
        "resource": panes.attributes(whole["resource"]),
        "events": [_event(one, span, limit) for one in whole["events"][:500]],
        "errors": [one for one in whole["events"] if one["name"] == "exception"][:20],
        "span_scores": [_score(one) for one in found if one.span_id == span.span_id][:100],
        "span_url": reverse("trace", args=[request.access.project.slug, trace.trace_id.hex])
        + f"?span={hexed}",
        "is_whole": "whole" in request.GET,
    }


def _plain(value: Any, messages: Any, limit: int) -> panes.Text | None:
    """Input or output that is no conversation; with messages at hand it would only repeat them."""
    if value is None or messages:
        return None
    return panes.cut(panes.pretty(value), limit)


def _tool(tool: Any) -> dict[str, str]:
    function = tool.get("function", tool) if isinstance(tool, dict) else {}
    function = function if isinstance(function, dict) else {}
    return {
        "name": str(function.get("name") or "tool"),
        "description": str(function.get("description") or "")[:500],
        "whole": panes.cut(tool, 4_000).shown,
    }


def _event(event: dict[str, Any], span: Span, limit: int) -> dict[str, Any]:
    stack = event["attributes"].get("exception.stacktrace")
    return {
        "name": event["name"],
        "time": event["time"],
        "attributes": panes.attributes(
            {
                key: value
                for key, value in event["attributes"].items()
                if key != "exception.stacktrace"
            }
        ),
        "stack": panes.cut(stack, limit) if stack else None,
    }


def _span_facts(span: Span, whole: dict[str, Any]) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    asked = span.request_model if span.request_model != span.model else None
    named = {
        "Model": span.model,
        "Asked for": asked,
        "Provider": span.provider,
        "Tool": whole["tool_name"],
    }
    facts += [(label, value) for label, value in named.items() if value]
    ended = span.end_ns is not None
    duration = figures.duration((span.end_ns or 0) - span.start_ns) if ended else "running"
    facts.append(("Duration", duration))
    if span.time_to_first_token_ms is not None:
        facts.append(("First token", figures.duration(int(span.time_to_first_token_ms * 1e6))))
    if _tokens(span) != figures.NONE:
        facts += [("Tokens", _tokens(span)), ("Cost", _cost(span))]
    return facts + _parameters(whole)


def _parameters(whole: dict[str, Any]) -> list[tuple[str, str]]:
    facts = []
    for name, value in list((whole["parameters"] or {}).items())[:12]:
        if isinstance(value, int | float | str | bool) and len(str(value)) <= 60:
            facts.append((name.replace("_", " ").capitalize(), str(value)))
    if whole["finish_reasons"]:
        facts.append(("Finished", ", ".join(map(str, whole["finish_reasons"]))[:60]))
    return facts


def _score(score: Score) -> dict[str, Any]:
    shape = shapes.score(score)
    value = shape["value"]
    if isinstance(value, bool):
        shape["shown"] = "yes" if value else "no"
    elif isinstance(value, float):
        shape["shown"] = f"{value:.2f}".rstrip("0").rstrip(".")
    else:
        shape["shown"] = str(value)
    shape["icon"] = {"user": "i-thumb", "human": "i-user", "judge": "i-judge"}.get(
        score.source, "i-code"
    )
    return shape
