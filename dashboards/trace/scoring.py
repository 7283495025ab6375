"""Why a span was scored, or was not: one answer for each evaluator, asked for when it is opened."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from dashboards.chips import score_text
from dashboards.trace.finding import span_id_of, trace_id_of
from evals.models import Job
from evals.services import jobs, reasons
from evals.services.reasons import Answer
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.ids import span_hex, trace_hex
from traces.models import Span
from traces.selectors.traces import get_span

SIGNS = {
    "scored": ("check", "is-good", "Scored"),
    "failed": ("warn", "is-bad", "Failed"),
    "retrying": ("clock", "is-warn", "Trying again"),
    "broken_filter": ("warn", "is-bad", "Broken filter"),
    "waiting": ("clock", "is-info", "Waiting"),
    "running": ("clock", "is-info", "Running"),
    "resting": ("clock", "is-warn", "Waiting"),
    "paused": ("pause", "", "Paused"),
    "budget": ("coin", "is-warn", "Budget spent"),
    "sample": ("filter", "", "Not sampled"),
    "gate": ("filter", "", "Not asked"),
    "filter": ("filter", "", "Left out"),
    "not_llm": ("filter", "", "Left out"),
    "target": ("filter", "", "Elsewhere"),
    "before": ("clock", "", "Came before"),
    "nothing": ("filter", "", "Nothing to read"),
    "unmeasured": ("filter", "", "Not judged"),
}
"""By reason: icon, class and short word of its tag."""
OTHER = ("filter", "", "Not scored")


@project_page(Permission.READ)
def scoring(request: ProjectRequest, trace_id: str, span_id: str) -> HttpResponse:
    """For each evaluator what became of this span, as a part of its pane."""
    return _page(request, _span(request, trace_id, span_id))


@require_POST
@project_page(Permission.WRITE)
def retry(request: ProjectRequest, trace_id: str, span_id: str, pk: int) -> HttpResponse:
    """Try a failed job of this span again."""
    span = _span(request, trace_id, span_id)
    job = get_object_or_404(
        Job, pk=pk, project=request.access.project, trace_id=span.trace_id, span_id=span.span_id
    )
    jobs.retry(request.access.project.pk, pk=job.pk)
    if request.htmx:
        return _page(request, span)
    where = reverse("trace", args=[request.access.project.slug, trace_hex(span.trace_id)])
    return redirect(f"{where}?span={span_hex(span.span_id)}")


def _span(request: ProjectRequest, trace_id: str, span_id: str) -> Span:
    chosen = span_id_of(span_id)
    if chosen is None:
        raise Http404("No span was named.")
    return get_span(request.access, trace_id_of(trace_id), chosen)


def _page(request: ProjectRequest, span: Span) -> HttpResponse:
    answers = reasons.of_span(request.access, span)
    context = {
        "answers": sorted((_row(one) for one in answers), key=lambda row: not row["failed"]),
        "trace_hex": trace_hex(span.trace_id),
        "span_hex": span_hex(span.span_id),
    }
    return render(request, "trace/scoring.html", context)


def _row(answer: Answer) -> dict[str, object]:
    icon, tone, word = SIGNS.get(answer.reason, OTHER)
    return {
        "version": answer.version,
        "icon": icon,
        "tone": tone,
        "word": word,
        "value": score_text(answer.score.value) if answer.score else "",
        "flagged": bool(answer.score and answer.score.flagged),
        "words": answer.words,
        "detail": answer.detail,
        "failed": answer.reason == "failed",
        "job": answer.job if answer.can_retry else None,
    }
