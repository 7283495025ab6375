"""The list of sessions, and one session as one transcript."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from dashboards import chips
from dashboards.asked import listed
from dashboards.trace import panes, scores
from evals.selectors.scores import of_session, versions_of
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.models import Span, Trace
from traces.selectors.groups import list_sessions, session_summary, traces_of_session
from traces.selectors.paging import CursorError
from traces.selectors.traces import calls_of, spans_whole
from traces.spans import PREVIEW_LENGTH

TURNS, SCORES = 25, 50


@project_page(Permission.READ)
def sessions(request: ProjectRequest) -> HttpResponse:
    """Sessions by their latest activity."""
    listing = listed(request, request.access, list_sessions)
    return render(request, "sessions/list.html", {"listing": listing})


@project_page(Permission.READ)
def session(request: ProjectRequest) -> HttpResponse:
    """One session (`id`): its traces in order, each as what was asked and what was answered."""
    session_id = request.GET.get("id", "")
    if not session_id:
        raise Http404("No session was named.")
    summary = session_summary(request.access, session_id)
    try:
        page = traces_of_session(
            request.access, session_id, limit=TURNS, cursor=request.GET.get("cursor")
        )
    except CursorError:
        page = traces_of_session(request.access, session_id, limit=TURNS)
    given = of_session(request.access, session_id, SCORES)
    context = {
        "session_id": session_id,
        "summary": summary,
        "turns": turns(request.access, page.results),
        "scores": scores.lines(given, versions_of(request.access, given)),
        "older": page.previous,
        "newer": page.next,
    }
    return render(request, "sessions/session.html", context)


def turns(access: Access, traces: list[Trace]) -> list[dict[str, Any]]:
    """Each trace with the last question and answer that its model calls carried in full."""
    calls = calls_of(traces)
    ends = [end for pair in calls.values() for end in pair]
    keys = [(span.trace_id, span.span_id) for span in ends]
    wholes = dict(zip(keys, spans_whole(access, ends), strict=True))
    given = chips.of_traces(access, traces)
    made = [_turn(trace, calls.get(trace.trace_id), wholes) for trace in traces]
    for turn in made:
        turn["scores"] = given.get(turn["trace"].trace_id)
    return made


def _turn(
    trace: Trace,
    pair: tuple[Span, Span] | None,
    wholes: dict[tuple[UUID, int], dict[str, Any]],
) -> dict[str, Any]:
    turn: dict[str, Any] = {"trace": trace, "trace_hex": trace.trace_id.hex}
    asked = answered = None
    if pair is not None:
        asked = _last(wholes[trace.trace_id, pair[0].span_id]["input_messages"], "user")
        answered = _last(wholes[trace.trace_id, pair[1].span_id]["output_messages"], "assistant")
    turn["asked"] = _whole("user", trace.input_preview) or asked
    turn["answered"] = _whole("assistant", trace.output_preview) or answered
    turn["asked"] = turn["asked"] or _preview("user", trace.input_preview)
    turn["answered"] = turn["answered"] or _preview("assistant", trace.output_preview)
    if turn["answered"] is not None:
        turn["answered"].answer = True
    return turn


def _last(messages: list[dict[str, Any]] | None, role: str) -> panes.Message | None:
    found = [one for one in messages or () if one.get("role") == role]
    return panes.message(found[-1], panes.Room(6_000)) if found else None


def _whole(role: str, text: str | None) -> panes.Message | None:
    """What the application itself calls its input, where the summary has all of it: a model's
    prompt holds documents and instructions besides."""
    return _preview(role, text) if text and len(text) < PREVIEW_LENGTH else None


def _preview(role: str, text: str | None) -> panes.Message | None:
    return panes.Message(role, panes.Text(text)) if text else None
