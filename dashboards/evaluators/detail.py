"""One evaluator: how it scores, what it did, and what it could not."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboards.evaluators import backfills, words
from dashboards.evaluators.listing import rows_of
from dashboards.trace.words import score as score_words
from evals.models import Connection, Evaluator, EvaluatorVersion, Job
from evals.models.work import State
from evals.selectors import evaluators as selected
from evals.selectors import figures
from evals.services import backfills as backfill_service
from evals.services import evaluators as service
from evals.services.reasons import WORDS
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.ids import span_hex
from traces.models import Score
from traces.query import QueryError
from traces.selectors.paging import TooSlow

DAYS = 14
SHOWN = 20


@require_GET
@project_page(Permission.READ)
def evaluator(request: ProjectRequest, pk: int) -> HttpResponse:
    """The page of an evaluator."""
    found = selected.get_evaluator(request.access, pk)
    return render(request, "evaluators/detail.html", context_of(request, found))


def context_of(request: ProjectRequest, found: Evaluator, **more: Any) -> dict[str, Any]:
    """What the page shows; `more` adds to it or takes its place."""
    access = request.access
    versions = selected.versions_of(found)
    connections = dict(Connection.objects.filter(project=access.project).values_list("pk", "name"))
    every_day = figures.by_day(found, DAYS)
    days = [(day, one) for day, one in every_day if one.scored or one.skipped or one.failed]
    context: dict[str, Any] = {
        "evaluator": found,
        "version": versions[0],
        "row": rows_of(request, versions[:1])[0],
        "facts": words.facts(versions[0], connections),
        "instructions": versions[0].config.get("instructions")
        or versions[0].config.get("definition"),
        "history": history(versions, connections),
        "days": days,
        "day_count": DAYS,
        "scores": [_score(one, versions) for one in figures.latest_scores(found, SHOWN)],
        "failed": [_job(one) for one in figures.latest_jobs(found, State.FAILED, SHOWN)],
        "skipped": [_job(one) for one in figures.latest_jobs(found, State.SKIPPED, SHOWN)],
    }
    return context | backfills.context_of(access, found) | more


def history(versions: list[EvaluatorVersion], connections: dict[int, str]) -> list[dict[str, Any]]:
    """Each version with what it changed about the one before it."""
    pairs = zip(versions, [*versions[1:], None], strict=True)
    return [
        {"version": one, "changes": words.changes(before, one, connections) if before else []}
        for one, before in pairs
    ]


def _score(row: Score, versions: list[EvaluatorVersion]) -> dict[str, Any]:
    numbers = {one.pk: one.number for one in versions}
    return score_words(row) | {
        "row": row,
        "number": numbers.get(row.evaluator_version or 0),
        "trace_hex": row.trace_id.hex if row.trace_id else "",
        "span_hex": "" if row.span_id is None else span_hex(row.span_id),
    }


def _job(row: Job) -> dict[str, Any]:
    return {
        "row": row,
        "trace_hex": row.trace_id.hex if row.trace_id else "",
        "span_hex": "" if row.span_id is None else span_hex(row.span_id),
        "reason": WORDS.get(row.reason, row.reason),
    }


@require_POST
@project_page(Permission.WRITE)
def change_state(request: ProjectRequest, pk: int) -> HttpResponse:
    """Switch it on or off (`enabled`), or end it for good (`archive`)."""
    access = request.access
    found = selected.get_evaluator(access, pk)
    if "archive" in request.POST:
        service.archive(access, found)
        messages.success(request, f"{found.name} is archived. Its scores stay.")
    elif found.archived_at is None:
        enabled = request.POST.get("enabled") == "1"
        service.set_enabled(access, found, enabled)
        messages.success(request, f"{found.name} is {'on' if enabled else 'paused'}.")
    if request.POST.get("next") == "list":
        return redirect("evaluators", access.project.slug)
    return redirect("evaluator", access.project.slug, found.pk)


@require_POST
@project_page(Permission.WRITE)
def backfill(request: ProjectRequest, pk: int) -> HttpResponse:
    """Count what a back-fill of the range would do; with `start`, begin it."""
    access = request.access
    found = selected.get_evaluator(access, pk)
    form = backfills.RangeForm(request.POST)
    estimate = None
    if form.is_valid() and found.archived_at is None:
        version = service.newest(found)
        try:
            if "begin" in request.POST:
                made = backfill_service.start(access, version, *form.bounds())
                messages.success(request, f"The back-fill of {made.total:,} has begun.")
                return redirect("evaluator", access.project.slug, found.pk)
            estimate = backfill_service.estimate(access, version, *form.bounds())
        except QueryError as error:
            form.add_error(None, f"The evaluator's filter can no longer be read: {error.ended}")
        except TooSlow:
            form.add_error(None, "Counting took too long and was stopped. Take a shorter range.")
    context = context_of(request, found, range_form=form, estimate=estimate)
    return render(request, "evaluators/detail.html", context)
