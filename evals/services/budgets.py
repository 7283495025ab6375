"""Daily budgets of evaluators: what is spent and what is under way stay below the limit."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from django.db import transaction
from django.utils import timezone

from evals.models import EvaluatorDay, EvaluatorVersion, Job
from evals.models.work import State
from evals.services import backfills, jobs

UNLIMITED = 10**9


class HasJob(Protocol):
    job: Job


T = TypeVar("T", bound=HasJob)


def within(version: EvaluatorVersion, ready: list[T]) -> list[T]:
    """Those for which there is money left today; the others are skipped for that reason.

    A call is taken to cost what the evaluator's calls have cost on average, lately. Calls under way
    count as spent, so that many workers together keep the limit too.
    """
    if version.daily_budget is None or not ready:
        return ready
    with transaction.atomic():
        taken = ready[: room(version, {one.job.pk for one in ready})]
        jobs.skip([one.job for one in ready[len(taken) :]], "budget")
    return taken


def room(version: EvaluatorVersion, mine: Collection[int] = ()) -> int:
    """For how many calls there is money left today, in a transaction of the caller's.

    `mine` are jobs that are not counted as under way, though they are.
    """
    if version.daily_budget is None:
        return UNLIMITED
    day, _ = EvaluatorDay.objects.select_for_update().get_or_create(
        evaluator_id=version.evaluator_id, day=datetime.now(UTC).date()
    )
    others = Job.objects.filter(
        version__evaluator_id=version.evaluator_id,
        state=State.RUNNING,
        not_before__gt=timezone.now(),
    ).exclude(pk__in=mine)
    each = max(1, backfills.typical_cost(version))
    return max(0, (version.daily_budget - day.cost) // each - others.count())


def spent_today(evaluator_id: int) -> int:
    """Pico dollars."""
    row = EvaluatorDay.objects.filter(
        evaluator_id=evaluator_id, day=datetime.now(UTC).date()
    ).first()
    return row.cost if row else 0
