"""Scores as pages show them: who gave them, and which of them are flagged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.contrib.postgres.aggregates import BoolOr

from evals.models import EvaluatorVersion
from evals.selectors.evaluators import newest_versions
from sightglass.accounts.access import Access
from traces.models import Score, Span, Trace
from traces.selectors.paging import TooSlow, time_limit

MOST_OF_LIST = 5_000
"""Scores that are read for one page of a list of spans."""


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


@dataclass(frozen=True, slots=True)
class Shown:
    """A score as a list shows it. `flagged` None: it has no threshold, or a person gave it."""

    name: str
    value: float | bool | str | None
    flagged: bool | None


def of_traces(access: Access, traces: Sequence[Trace]) -> dict[UUID, list[Shown]]:
    """By trace: the scores of its summary, with whether any behind one is flagged.

    What takes too long to look up is shown as not flagged.
    """
    wanted = [trace.trace_id for trace in traces if trace.scores]
    if not wanted:
        return {}
    rows = Score.objects.filter(project_id=access.project.pk, trace_id__in=wanted)
    told = rows.values_list("trace_id", "name").annotate(any=BoolOr("flagged")).order_by()
    flagged: dict[tuple[UUID | None, str], bool | None] = {}
    with suppress(TooSlow), time_limit():
        flagged = {(trace_id, name): is_flagged for trace_id, name, is_flagged in told}
    return {
        trace.trace_id: [
            Shown(name, value, flagged.get((trace.trace_id, name)))
            for name, value in trace.scores.items()
        ]
        for trace in traces
    }


def of_spans(access: Access, spans: Sequence[Span]) -> dict[tuple[UUID, int], list[Shown]]:
    """By span: its scores, the last of each name."""
    if not spans:
        return {}
    rows = Score.objects.filter(
        project_id=access.project.pk,
        trace_id__in={span.trace_id for span in spans},
        span_id__in={span.span_id for span in spans},
    )
    found: dict[tuple[UUID, int], dict[str, Shown]] = defaultdict(dict)
    with suppress(TooSlow), time_limit():
        for score in rows.order_by("created_at", "pk")[:MOST_OF_LIST]:
            if score.trace_id is not None and score.span_id is not None:
                shown = Shown(score.name, score.value, score.flagged)
                found[score.trace_id, score.span_id][score.name] = shown
    return {key: list(by_name.values()) for key, by_name in found.items()}


def thresholds(access: Access) -> dict[str, tuple[str, float]]:
    """By name of a score: from where on its evaluator flags it, as (operator, value)."""
    return {
        version.evaluator.name: ("<" if version.higher_is_better else ">=", version.threshold)
        for version in newest_versions(access)
        if version.threshold is not None
    }
