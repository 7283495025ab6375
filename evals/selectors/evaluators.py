"""Reading evaluators, their versions and their back-fills; every way in is a project's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db.models import Count
from django.http import Http404

from evals.models import Backfill, Evaluator, EvaluatorDay, EvaluatorVersion, Job
from sightglass.accounts.access import Access

MOST_VERSIONS = 100


def get_evaluator(access: Access, pk: int) -> Evaluator:
    """Raises Http404 for one that is not there or another project's."""
    found = Evaluator.objects.filter(pk=pk, project=access.project).first()
    if found is None:
        raise Http404("There is no such evaluator.")
    return found


def newest_versions(access: Access, *, archived: bool = False) -> list[EvaluatorVersion]:
    """The newest version of each evaluator, with its evaluator, by name."""
    rows = EvaluatorVersion.objects.filter(evaluator__project=access.project)
    if not archived:
        rows = rows.filter(evaluator__archived_at=None)
    newest = (
        rows.order_by("evaluator_id", "-number")
        .distinct("evaluator_id")
        .select_related("evaluator")
    )
    return sorted(newest, key=lambda version: (version.evaluator.name, version.evaluator_id))


def versions_of(evaluator: Evaluator) -> list[EvaluatorVersion]:
    """Newest first."""
    rows = evaluator.versions.select_related("evaluator").order_by("-number")
    return list(rows[:MOST_VERSIONS])


def spent_today(evaluator_ids: Iterable[int]) -> dict[int, int]:
    """Pico dollars by evaluator."""
    rows = EvaluatorDay.objects.filter(
        evaluator_id__in=list(evaluator_ids), day=datetime.now(UTC).date()
    )
    return dict(rows.values_list("evaluator_id", "cost"))


def list_jobs(evaluator: Evaluator, state: str, *, limit: int, before: int | None) -> list[Job]:
    """Jobs of its newest version in this state, the last made first."""
    version = evaluator.versions.order_by("-number").first()
    rows = Job.objects.filter(version=version, state=state).select_related("version")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-pk")[:limit])


def get_backfill(access: Access, pk: int) -> Backfill:
    """Raises Http404 for one that is not there or another project's."""
    rows = Backfill.objects.select_related("version__evaluator")
    found = rows.filter(pk=pk, project=access.project).first()
    if found is None:
        raise Http404("There is no such back-fill.")
    return found


def counts_of(backfills: Iterable[Backfill]) -> dict[int, dict[str, int]]:
    """By back-fill: how many of its jobs are in which state."""
    rows = (
        Job.objects.filter(backfill__in=[one.pk for one in backfills])
        .values_list("backfill", "state")
        .annotate(count=Count("pk"))
        .order_by()
    )
    counts: dict[int, dict[str, int]] = {}
    for pk, state, count in rows:
        if pk is not None:
            counts.setdefault(pk, {})[state] = count
    return counts
