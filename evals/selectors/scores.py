"""What the pages of traces and sessions need beside scores."""

from __future__ import annotations

from collections.abc import Iterable

from evals.models import EvaluatorVersion
from sightglass.accounts.access import Access
from traces.models import Score


def versions_of(access: Access, scores: Iterable[Score]) -> dict[int, EvaluatorVersion]:
    """By id: the versions that gave these scores, each with its evaluator, also archived ones."""
    wanted = {one.evaluator_version for one in scores if one.evaluator_version is not None}
    if not wanted:
        return {}
    rows = EvaluatorVersion.objects.filter(pk__in=wanted, evaluator__project=access.project)
    return {row.pk: row for row in rows.select_related("evaluator")}


def of_session(access: Access, session_id: str, limit: int) -> list[Score]:
    """Scores of the session as a whole, oldest first."""
    rows = Score.objects.filter(
        project_id=access.project.pk, session_id=session_id, trace_id__isnull=True
    )
    return list(rows.order_by("created_at", "pk")[:limit])
