"""Budgets as a rule sees them: the one place that knows how they are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from dashboards.alerts import conditions as cond
from dashboards.alerts.conditions import Sample
from dashboards.alerts.windows import BUCKET, HOUR, SECOND
from dashboards.alerts.words import moment
from dashboards.budgets.models import Budget
from dashboards.budgets.periods import Every, period_of
from dashboards.budgets.scopes import query_of
from dashboards.budgets.selectors import status_of
from sightglass.accounts.models import Project
from traces.selectors import cubes
from traces.selectors.paging import TimeRange

FORECAST_EVERY = 6 * HOUR
"""In the past."""


class NoBudget(Exception):
    """The budget that a rule names is gone."""


def has_budget(project: Project, name: str) -> bool:
    return Budget.objects.filter(project=project, name=name).exists()


def past_samples(project_id: int, wanted: cond.Budget, ends: Sequence[int]) -> dict[int, Sample]:
    """The same at many moments, which rise. What is spent takes one query.

    A forecast, worked out from weeks of history each time, is that at the beginning of its quarter
    of a day. Raises as `sample_of`.
    """
    budget = _budget(project_id, wanted)
    if wanted.on == cond.On.ACTUAL:
        return _spent(budget, ends)
    found: dict[int, Sample] = {}
    made: dict[int, Sample] = {}
    for end in ends:
        at = (end - 1) // FORECAST_EVERY * FORECAST_EVERY + BUCKET
        if at not in found:
            found[at] = sample_of(project_id, wanted, at)
        made[end] = replace(found[at], end_ns=end)
    return made


def samples_of(project_id: int, wanted: cond.Budget, ends: Sequence[int]) -> dict[int, Sample]:
    """The same at a few moments, each forecast as it stood then. Raises as `sample_of`."""
    if wanted.on == cond.On.ACTUAL and len(ends) > 1:
        return _spent(_budget(project_id, wanted), ends)
    return {end: sample_of(project_id, wanted, end) for end in ends}


def _spent(budget: Budget, ends: Sequence[int]) -> dict[int, Sample]:
    every = Every(budget.every)
    first = period_of(every, ends[0] - 1).start_ns
    range = TimeRange(first, ends[-1])
    cube = cubes.of_spans(
        budget.project_id, query=query_of(budget), range=range, width_ns=BUCKET, only=("cost",)
    )
    costs = deque((cell.time_ns or 0, cell.sums.cost) for cell in cube.cells)
    made: dict[int, Sample] = {}
    spent, period = 0, period_of(every, first)
    for end in ends:
        if end > period.end_ns:
            spent, period = 0, period_of(every, end - 1)
        while costs and costs[0][0] < end:
            at, cost = costs.popleft()
            spent += cost if at >= period.start_ns else 0
        made[end] = Sample(end, 100 * spent / budget.pico, 1)
    return made


def sample_of(project_id: int, wanted: cond.Budget, end_ns: int) -> Sample:
    """How much of it, in percent, was spent or expected to be at that moment, by what is known.

    The value is None while nothing can be forecast. Raises NoBudget, TooSlow, QueryError.
    """
    budget = _budget(project_id, wanted)
    status = status_of(budget, moment((end_ns - 1) // SECOND * SECOND))
    spent = status.spent if wanted.on == cond.On.ACTUAL else status.forecast
    share = None if spent is None else 100 * spent / status.amount
    return Sample(end_ns, share, 1)


def _budget(project_id: int, wanted: cond.Budget) -> Budget:
    budget = Budget.objects.filter(project_id=project_id, name=wanted.budget).first()
    if budget is None:
        raise NoBudget(f"There is no budget {wanted.budget!r}.")
    return budget
