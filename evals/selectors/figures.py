"""What evaluators did and said, in numbers, for their pages; every answer is bounded."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Sum

from evals.models import Evaluator, EvaluatorDay, EvaluatorVersion, Job
from sightglass.accounts.access import Access
from traces.models import Score
from traces.rollups.measures import ScoreMeasures
from traces.selectors import cubes, metrics
from traces.selectors.paging import TimeRange, TooSlow

DAYS = 7
HOUR = 3_600 * 10**9
GIVEN_BY = ("code", "judge")
"""Sources of the scores that evaluators give."""
FIGURES = ("scored", "skipped", "failed", "reused", "cost", "saved", "lag_ms")


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over some days, or of one. Money in pico dollars."""

    scored: int = 0
    skipped: int = 0
    failed: int = 0
    reused: int = 0
    cost: int = 0
    saved: int = 0
    lag_ms: int = 0

    @property
    def mean_lag_ms(self) -> float | None:
        """From stored to scored."""
        return self.lag_ms / self.scored if self.scored else None


@dataclass(frozen=True, slots=True)
class Rate:
    """The flagged share and the mean of `n` scores, each weighted by how likely it was made."""

    n: int
    judged: int
    """Scores that can be flagged at all."""
    numbers: int
    flagged: float | None
    mean: float | None


def sums(evaluator_ids: Iterable[int], days: int = DAYS) -> dict[int, Figures]:
    """By evaluator, over today and the days before it (UTC)."""
    rows = (
        EvaluatorDay.objects.filter(evaluator_id__in=list(evaluator_ids), day__gt=_ago(days))
        .values("evaluator_id")
        .annotate(**{f"sum_{name}": Sum(name) for name in FIGURES})
        .order_by()
    )
    found: dict[int, Figures] = {}
    for row in rows:
        given: dict[str, Any] = dict(row)
        found[given["evaluator_id"]] = Figures(*(given[f"sum_{name}"] or 0 for name in FIGURES))
    return found


def by_day(evaluator: Evaluator, days: int) -> list[tuple[date, Figures]]:
    """Each of the last days, today first; days without work have zeros."""
    rows = EvaluatorDay.objects.filter(evaluator=evaluator, day__gt=_ago(days))
    known = {row.day: Figures(*(getattr(row, name) for name in FIGURES)) for row in rows}
    today = datetime.now(UTC).date()
    wanted = [today - timedelta(days=back) for back in range(days)]
    return [(day, known.get(day, Figures())) for day in wanted]


def rates(access: Access, evaluators: Sequence[Evaluator]) -> dict[int, Rate] | None:
    """By evaluator, of what happened in the last days, whenever it was scored; from sums.

    None where reading them took too long. An archived one has none: its name may be another's.
    """
    ids = {one.name: one.pk for one in evaluators if one.archived_at is None}
    if not ids:
        return {}
    try:
        cube = cubes.of_scores(
            access.project.pk, range=_range(), by=("score", "source", "category")
        )
    except TooSlow:
        return None
    sums: dict[int, ScoreMeasures] = defaultdict(ScoreMeasures)
    numbers: dict[int, int] = defaultdict(int)
    for cell in cube.cells:
        name, source, category = cell.group
        if name in ids and source in GIVEN_BY:
            sums[ids[name]].add(cell.sums)
            numbers[ids[name]] += cell.sums.n if category is None else 0
    return {pk: _rate(one, numbers[pk]) for pk, one in sums.items()}


def _rate(sums: ScoreMeasures, numbers: int) -> Rate:
    flagged = metrics.value_of(f"{metrics.FLAGGED}any", sums).value if sums.judged else None
    mean = metrics.value_of(f"{metrics.SCORE}any", sums).value if numbers else None
    return Rate(sums.n, sums.judged, numbers, flagged, mean)


def _range() -> TimeRange:
    """Of the last days up to now, in whole hours."""
    end = (time.time_ns() // HOUR + 1) * HOUR
    return TimeRange(end - DAYS * 24 * HOUR, end)


def failed_counts(evaluator_ids: Iterable[int]) -> dict[int, int]:
    """By evaluator: jobs that were given up and may be tried again."""
    rows = (
        Job.objects.filter(version__evaluator__in=list(evaluator_ids), state="failed")
        .values_list("version__evaluator")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return {pk: count for pk, count in rows if pk is not None}


def latest_scores(evaluator: Evaluator, limit: int) -> list[Score]:
    """Newest first, of any version."""
    versions = list(evaluator.versions.values_list("pk", flat=True))
    rows = Score.objects.filter(
        project_id=evaluator.project_id, name=evaluator.name, evaluator_version__in=versions
    )
    return list(rows.order_by("-created_at", "-pk")[:limit])


def latest_jobs(evaluator: Evaluator, state: str, limit: int) -> list[Job]:
    """Newest first, of any version."""
    rows = Job.objects.filter(version__evaluator=evaluator, state=state).select_related("version")
    return list(rows.order_by("-finished_at", "-pk")[:limit])


def versions_with_failures(evaluator: Evaluator) -> list[EvaluatorVersion]:
    failed = Job.objects.filter(version__evaluator=evaluator, state="failed")
    rows = evaluator.versions.filter(pk__in=failed.values("version"))
    return list(rows.select_related("evaluator"))


def _ago(days: int) -> date:
    return datetime.now(UTC).date() - timedelta(days=days)
