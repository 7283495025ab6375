"""Trying an evaluator before it is saved: which spans, and what it says of each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from dashboards.evaluators import words
from dashboards.evaluators.editing import form_of
from dashboards.evaluators.forms import EvaluatorForm
from dashboards.marking import Mark, passages
from evals.models import EvaluatorVersion
from evals.services import trying
from evals.services.scoring import Outcome
from evals.subjects import Subject
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.ids import span_from_hex, span_hex, trace_from_hex
from traces.models import Span
from traces.query import QueryError
from traces.selectors.paging import TooSlow

SPANS = 5
MAX_QUOTES = 6
NAMES = {"input": "Question", "output": "Answer", "context": "Document"}


@require_POST
@project_page(Permission.WRITE)
def try_form(request: ProjectRequest) -> HttpResponse:
    """The latest spans that the form's filter leaves; each asks for its own result."""
    form = form_of(request.access, request.POST)
    context: dict[str, Any] = {"form": form, "spans": []}
    try:
        version = _draft(request.access, form)
        if version is not None:
            found = trying.candidates(request.access, version, SPANS)
            context |= {"spans": [_shown(span) for span in found], "asked": True}
    except QueryError as error:
        form.add_error("filter", error.sentence)
    except TooSlow:
        form.add_error("filter", "Finding spans took too long. Narrow the filter.")
    return render(request, "evaluators/try.html", context)


@require_POST
@project_page(Permission.WRITE)
def try_span(request: ProjectRequest) -> HttpResponse:
    """What the form's evaluator says of one span (`trace`, `span`)."""
    try:
        trace_id = trace_from_hex(request.POST.get("trace", ""))
        span_id = span_from_hex(request.POST.get("span", ""))
    except ValueError:
        raise Http404("There is no such span.") from None
    form = form_of(request.access, request.POST)
    version = _draft(request.access, form)
    if version is None:
        return render(request, "evaluators/tried.html", {"problem": "The form is not complete."})
    return render(
        request, "evaluators/tried.html", _tried(request.access, version, trace_id, span_id)
    )


def _draft(access: Access, form: EvaluatorForm) -> EvaluatorVersion | None:
    """The form as a version that is not stored; None, and the errors in the form."""
    if not form.is_valid():
        return None
    try:
        return trying.version_of(access, form.cleaned_data["name"], form.draft())
    except ValidationError as error:
        form.refuse(error)
        return None


def _shown(span: Span) -> dict[str, Any]:
    return {
        "trace_hex": span.trace_id.hex,
        "span_hex": span_hex(span.span_id),
        "title": span.input_preview or span.name,
        "second": span.output_preview or "",
    }


def _tried(
    access: Access, version: EvaluatorVersion, trace_id: UUID, span_id: int
) -> dict[str, Any]:
    trial = trying.try_on(access, version, trace_id, span_id)
    outcome = trial.outcome
    if outcome is None:
        return {"problem": trial.problem}
    return {
        "outcome": outcome,
        "shown": words.value(outcome.value),
        "icon": "code" if outcome.source == "code" else "judge",
        "quotes": quotes(outcome.subject, outcome),
    }


def quotes(subject: Subject, outcome: Outcome) -> list[tuple[str, SafeString]]:
    """The texts in which something was seen, cut to what is around it, with marks."""
    places: dict[tuple[str, int], list[Mark]] = {}
    for one in outcome.evidence:
        mark = Mark(one["start"], one["end"], one.get("label", ""))
        places.setdefault((one["field"], one.get("index", 0)), []).append(mark)
    found = []
    for (field, index), marks in list(places.items())[:MAX_QUOTES]:
        text = text_of(subject, field, index)
        if text:
            number = f" {index + 1}" if field == "context" else ""
            found.append((f"{NAMES.get(field, field)}{number}", passages(text, marks)))
    return found


def text_of(subject: Subject, field: str, index: int) -> str | None:
    """The text in which a piece of evidence counts its characters."""
    if field == "context":
        return subject.contexts[index] if 0 <= index < len(subject.contexts) else None
    return {"input": subject.input, "output": subject.output}.get(field)
