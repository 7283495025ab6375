"""One trace: its spans as a waterfall, one of them in full, the conversation of the whole, and
its errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from dashboards.trace import panes, scores, waterfall, words
from dashboards.trace.conversation import MAX_CALLS, conversation
from dashboards.trace.evidence import evidence
from dashboards.trace.finding import span_id_of, trace_id_of
from dashboards.trace.opening import opening
from dashboards.trace.tree import Node, Tree
from evals.models import EvaluatorVersion
from evals.selectors.scores import versions_of
from evals.vectors.services.storing import is_embedded
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.ids import span_from_hex, span_hex
from traces.models import Score, Span, Trace
from traces.selectors.traces import (
    get_trace,
    outline,
    scores_of,
    span_of_trace,
    span_whole,
    spans_of_outline,
    spans_whole,
)

MAX_OF_SPAN, MAX_OF_TRACE, MAX_FLAGS = 100, 50, 8
MAX_ERRORS = 100
MAX_OPENED = 20
MAX_EVENTS, MAX_TOOLS, MAX_LINKS = 300, 200, 100
OWN_PLACES = ("exception.stacktrace", "exception.message")
"""Attributes of exceptions that have a place of their own on the page."""


def tree_of(trace: Trace) -> Tree:
    return Tree(Node(*record) for record in outline(trace))


@project_page(Permission.READ)
def trace_page(request: ProjectRequest, trace_id: str) -> HttpResponse:
    """The trace, or with htmx only the pane of the chosen span."""
    trace = get_trace(request.access, trace_id_of(trace_id))
    chosen = span_id_of(request.GET.get("span"))
    if request.htmx and request.htmx.target == "span" and chosen is not None:
        given = scores_of(request.access, trace.trace_id)
        return _varied(render(request, "trace/span.html", _pane(request, trace, chosen, given)))
    tree = tree_of(trace)
    if chosen is not None and chosen not in tree.nodes:
        raise Http404("There is no such span in this trace.")
    chosen = chosen if chosen is not None else opening(tree, trace.root_span_id)
    given = scores_of(request.access, trace.trace_id)
    flagged = scores.flagged_names(given)
    context = _frame(trace, "waterfall") | {
        "rows": waterfall.lines(tree, tree.rows(_opened(request), chosen), flagged),
        "ticks": waterfall.ticks(tree),
        "chosen": None if chosen is None else span_hex(chosen),
        "first_error": waterfall.first_error(tree),
        "hidden": max(0, trace.span_count - len(tree.nodes)),
        "shown": len(tree.nodes),
        "metadata": words.metadata(trace),
    }
    versions = versions_of(request.access, given)
    context |= _of_trace(given, versions)
    if chosen is not None:
        context |= _pane(request, trace, chosen, given, versions)
    return _varied(render(request, "trace/page.html", context))


@project_page(Permission.READ)
def children(request: ProjectRequest, trace_id: str) -> HttpResponse:
    """Lines under one span (`of`; absent: the top level) from `offset` up to `end`."""
    trace = get_trace(request.access, trace_id_of(trace_id))
    above = span_id_of(request.GET.get("of"))
    tree = tree_of(trace)
    if above is not None and above not in tree.nodes:
        raise Http404("There is no such span in this trace.")
    node = None if above is None else tree.nodes[above]
    rows = tree.further(node, _count(request, "offset") or 0, _count(request, "end"))
    flagged = scores.flagged_names(scores_of(request.access, trace.trace_id))
    context = {"rows": waterfall.lines(tree, rows, flagged), "trace_hex": trace.trace_id.hex}
    return render(request, "trace/rows.html", context)


@project_page(Permission.READ)
def conversation_page(request: ProjectRequest, trace_id: str) -> HttpResponse:
    """What was said in the whole trace: each message once, in the order of the calls."""
    trace = get_trace(request.access, trace_id_of(trace_id))
    tree = tree_of(trace)
    calls = [node.span_id for node in tree.nodes.values() if node.kind == "llm"]
    said = conversation(request.access, spans_of_outline(trace, calls[:MAX_CALLS]))
    context = _frame(trace, "conversation") | {
        "turns": said.turns,
        "calls": len(calls),
        "left_out": len(calls) - said.read,
    }
    return render(request, "trace/conversation.html", context)


@project_page(Permission.READ)
def errors_page(request: ProjectRequest, trace_id: str) -> HttpResponse:
    """The failing spans: first those where an error arose, then those that passed it on."""
    trace = get_trace(request.access, trace_id_of(trace_id))
    failed = waterfall.failures(tree_of(trace))
    spans = spans_of_outline(trace, [node.span_id for node in failed[:MAX_ERRORS]])
    context = _frame(trace, "errors") | {
        "errors": _errors(request.access, failed[:MAX_ERRORS], spans),
        "left_out": max(0, len(failed) - MAX_ERRORS),
    }
    return render(request, "trace/errors.html", context)


@project_page(Permission.READ)
def span_json(request: ProjectRequest, trace_id: str, span_id: str) -> HttpResponse:
    """A span, whole, as a file."""
    trace = get_trace(request.access, trace_id_of(trace_id))
    chosen = span_id_of(span_id)
    span = span_of_trace(trace, chosen) if chosen is not None else None
    if span is None:
        raise Http404("There is no such span in this trace.")
    whole = span_whole(request.access, span)
    body = json.dumps(whole, indent=2, ensure_ascii=False, default=str)
    response = HttpResponse(body, content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="span-{span_hex(span.span_id)}.json"'
    return response


def _frame(trace: Trace, view: str) -> dict[str, Any]:
    """What all views of a trace have in common."""
    return {
        "trace": trace,
        "trace_hex": trace.trace_id.hex,
        "facts": words.trace_facts(trace),
        "marks": words.marks(trace),
        "view": view,
    }


def _errors(access: Access, failed: Sequence[Node], spans: Sequence[Span]) -> list[dict[str, Any]]:
    by_id = {span.span_id: span for span in spans}
    found = [(node, by_id[node.span_id]) for node in failed if node.span_id in by_id]
    wholes = spans_whole(access, [span for _, span in found])
    return [
        {
            "hex": span_hex(node.span_id),
            "span": span,
            "message": panes.cut(whole["status_message"] or _exception(whole), 600).shown,
            "passed_on": any(child.status == "error" for child in node.children),
            "duration": words.duration(span),
        }
        for (node, span), whole in zip(found, wholes, strict=True)
    ]


def _exception(whole: dict[str, Any]) -> str:
    """What the first exception event says, for spans without a status message."""
    for event in whole["events"]:
        if event["name"] == "exception":
            attributes = event["attributes"]
            parts = (attributes.get("exception.type"), attributes.get("exception.message"))
            return ": ".join(str(part) for part in parts if part)
    return ""


def _varied(response: HttpResponse) -> HttpResponse:
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    return response


def _opened(request: HttpRequest) -> list[int]:
    found = []
    for text in request.GET.getlist("open")[:MAX_OPENED]:
        try:
            found.append(span_from_hex(text))
        except ValueError:
            continue
    return found


def _count(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _of_trace(given: Sequence[Score], versions: dict[int, EvaluatorVersion]) -> dict[str, Any]:
    """Scores of the trace as a whole, and those of its spans by name."""
    whole = [one for one in given if one.span_id is None][-MAX_OF_TRACE:]
    lines, by_name = scores.lines(whole, versions), scores.summaries(given, versions)
    return {
        "trace_scores": lines,
        "by_name": by_name[:MAX_OF_TRACE],
        "flagged_scores": scores.flags(lines, by_name)[:MAX_FLAGS],
    }


def _pane(
    request: ProjectRequest,
    trace: Trace,
    chosen: int,
    given: Sequence[Score],
    versions: dict[int, EvaluatorVersion] | None = None,
) -> dict[str, Any]:
    """Everything that the pane of one span shows."""
    span = span_of_trace(trace, chosen)
    if span is None:
        raise Http404("There is no such span in this trace.")
    whole = span_whole(request.access, span)
    own = [one for one in given if one.span_id == span.span_id][:MAX_OF_SPAN]
    found = evidence(request.access, span, whole, own)
    is_whole = "whole" in request.GET
    content = _content(whole, is_whole, found.lay)  # before the scores: it says what was marked
    versions = versions_of(request.access, own) if versions is None else versions
    hexed = span_hex(span.span_id)
    return {
        "trace": trace,
        "trace_hex": trace.trace_id.hex,
        "span": span,
        "span_hex": hexed,
        "whole": whole,
        "kind_label": words.KINDS.get(span.kind, "Span"),
        "span_facts": words.span_facts(span, whole),
        "span_marks": words.marks(span),
        "span_scores": scores.lines(own, versions, found),
        "marks_at": _marked_section(content),
        "costs": panes.cost_lines(span),
        "total_cost": words.cost(span),
        "span_url": reverse("trace", args=[request.access.project.slug, trace.trace_id.hex])
        + f"?span={hexed}",
        "like_url": _like(request.access, span) if is_embedded(span) else "",
        "is_whole": is_whole,
        **content,
    }


def _like(access: Access, span: Span) -> str:
    """Where calls like this one are listed."""
    place = f"{span.trace_id.hex}:{span_hex(span.span_id)}"
    return f"{reverse('traces', args=[access.project.slug])}?list=spans&range=30d&similar={place}"


def _marked_section(content: dict[str, Any]) -> str:
    """The id of the first part of the pane in which something is marked."""
    if any(one.is_marked for one in content["transcript"]):
        return "messages"
    texts = [(name, content[name]) for name in ("input", "output")]
    return next((name for name, text in texts if text is not None and text.marks), "docs")


def _content(whole: dict[str, Any], is_whole: bool, lay: panes.Lay) -> dict[str, Any]:
    """The payload of a span, cut to what a pane bears."""
    room = panes.Room.of(is_whole)
    asked, answered = whole["input_messages"], whole["output_messages"]
    small = panes.SHOWN_WHOLE if is_whole else 600
    return {
        "transcript": panes.transcript(asked, answered, room, lay),
        "earlier": max(0, len(asked or ()) - panes.MAX_MESSAGES),
        "input": _plain(("input", 0), whole["input"], asked, room, lay),
        "output": _plain(("output", 0), whole["output"], answered, room, lay),
        "documents": panes.documents(whole["documents"], panes.Room(2_000, room.left), lay),
        "tools": [_tool(one) for one in (whole["tools"] or ())[:MAX_TOOLS]],
        "attributes": panes.attributes(whole["attributes"], panes.Room(small, room.each * 25)),
        "attribute_count": len(whole["attributes"]),
        "resource": panes.attributes(whole["resource"], panes.Room(small, 100_000)),
        "events": [_event(one, room) for one in whole["events"][:MAX_EVENTS]],
        "links": whole["links"][:MAX_LINKS],
    }


def _plain(
    place: panes.Place, value: Any, messages: Any, room: panes.Room, lay: panes.Lay
) -> panes.Text | None:
    """Input or output that is no conversation; with messages at hand it would only repeat them."""
    if value is None or messages:
        return None
    text = room.cut(panes.unfolded(value))
    lay(place, text)
    return text


def _tool(tool: Any) -> dict[str, str]:
    function = tool.get("function", tool) if isinstance(tool, dict) else {}
    function = function if isinstance(function, dict) else {}
    return {
        "name": str(function.get("name") or "tool")[:200],
        "description": str(function.get("description") or "")[:500],
        "whole": panes.cut(tool, 4_000).shown,
    }


def _event(event: dict[str, Any], room: panes.Room) -> dict[str, Any]:
    attributes = event["attributes"]
    stack = attributes.get("exception.stacktrace")
    said = attributes.get("exception.message")
    rest = {key: value for key, value in attributes.items() if key not in OWN_PLACES}
    return {
        "name": event["name"],
        "time": event["time"],
        "attributes": panes.attributes(rest, panes.Room(600, min(20_000, max(room.left, 0)))),
        "said": panes.cut(said, 2_000).shown if said else "",
        "stack": room.cut(stack) if stack else None,
    }
