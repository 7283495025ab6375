"""How budgets stand, for pages, the API and alert rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone

from dashboards.budgets import figures
from dashboards.budgets.models import Budget, Crossing, On, Standing, pico_of
from dashboards.budgets.periods import DAY, Every, Period, ns_of, period_of, periods_before
from dashboards.budgets.status import BudgetStatus, Threshold, fan_of, reaches, state_of
from sightglass.accounts.access import Access
from traces.query import QueryError
from traces.selectors import asking
from traces.selectors.paging import TimeRange, TooSlow

FRESH = timedelta(seconds=60)
"""Older standings are worked out anew before they are shown."""
PAST = {Every.MONTH: 12, Every.WEEK: 13, Every.DAY: 30}
"""How many past periods a page shows."""
GRAVE = {"over": 0, "warning": 1, "ok": 2}


def list_budgets(access: Access) -> QuerySet[Budget]:
    """The project's, by name."""
    return Budget.objects.filter(project=access.project).select_related("project")


def get_budget(access: Access, pk: int) -> Budget:
    """Raises Http404."""
    budget = list_budgets(access).filter(pk=pk).first()
    if budget is None:
        raise Http404("There is no such budget.")
    return budget


def period_now(budget: Budget, now: datetime) -> Period:
    return period_of(Every(budget.every), ns_of(now))


def is_fresh(budget: Budget, standing: Standing | None, now: datetime) -> bool:
    """Whether it was worked out less than a minute ago and of the budget as it is."""
    if standing is None or standing.as_of < budget.changed_at:
        return False
    return timedelta(0) <= now - standing.as_of < FRESH


def status_of(budget: Budget, now: datetime | None = None) -> BudgetStatus:
    """How the budget stands: what is spent exactly, the forecast as of the last minute.

    With `now` as it stood then, by what is known today. Raises TooSlow, QueryError.
    """
    at = now or timezone.now()
    standing = standing_of(budget, at)
    if standing is not None and is_fresh(budget, standing, at):
        return measured(budget, standing, at)
    period = period_now(budget, at)
    found = figures.spending(budget, period, ns_of(at))
    fan = figures.expected(found, period)
    return status(budget, period, found.within(period), fan, at, found.pending)


def standing_of(budget: Budget, now: datetime) -> Standing | None:
    """What was last worked out of the period."""
    start = period_now(budget, now).start_ns
    return Standing.objects.filter(budget=budget, start_ns=start).first()


def measured(budget: Budget, standing: Standing, at: datetime) -> BudgetStatus:
    """The standing's forecast with what is spent now. Raises TooSlow, QueryError."""
    period = period_now(budget, at)
    spent, pending = figures.spent_in(budget, period, ns_of(at))
    return status(budget, period, spent, standing.fan, at, pending)


def status(
    budget: Budget,
    period: Period,
    spent: int,
    stored: Sequence[Sequence[float]],
    at: datetime,
    pending: int = 0,
) -> BudgetStatus:
    fan = fan_of(stored, spent)
    amount = budget.pico
    known = thresholds(budget, period, amount, spent, fan[-1].middle if fan else None)
    over = min(period.days, (ns_of(at) - period.start_ns) // DAY + 1)
    return BudgetStatus(
        budget=budget,
        period=period,
        amount=amount,
        spent=spent,
        plan=amount * over // period.days,
        fan=fan,
        state=state_of(amount, spent, known),
        thresholds=known,
        as_of=at,
        pending=pending,
    )


def thresholds(
    budget: Budget, period: Period, amount: int, spent: int, forecast: int | None
) -> tuple[Threshold, ...]:
    """The budget's own, in order, each with when it was first noticed in this period."""
    rows = Crossing.objects.filter(
        budget=budget, start_ns=period.start_ns, amount=budget.amount
    ).values_list("on", "percent", "at", "pk")
    noticed = {(on, percent): (at, pk) for on, percent, at, pk in rows}
    kinds = ((On.ACTUAL, budget.on_actual), (On.FORECAST, budget.on_forecast))
    return tuple(
        Threshold(
            on,
            percent,
            reaches(on, percent, amount, spent, forecast),
            *noticed.get((str(on), percent), (None, None)),
        )
        for on, percents in kinds
        for percent in sorted(percents)
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A budget of a list; without a status where its filter takes too long to be added up."""

    budget: Budget
    status: BudgetStatus | None


def stand(budgets: Iterable[Budget]) -> list[Row]:
    """Each with its status, the gravest first."""
    rows = [Row(budget, _status_or_none(budget)) for budget in budgets]
    return sorted(rows, key=_gravity)


def _gravity(row: Row) -> tuple[int, float]:
    if row.status is None:
        return 1, 0.0
    measured = row.status.forecast or row.status.spent
    return GRAVE[row.status.state], -measured / row.status.amount


def _status_or_none(budget: Budget) -> BudgetStatus | None:
    try:
        return status_of(budget)
    except (TooSlow, QueryError):
        return None


def for_overview(project_id: int) -> list[BudgetStatus]:
    """Of the project's budgets those that can be worked out, the gravest first."""
    budgets = Budget.objects.filter(project_id=project_id).select_related("project")
    return [row.status for row in stand(budgets) if row.status is not None]


@dataclass(frozen=True, slots=True)
class Past:
    """A period that is over: what it cost by the sums of today, against the amount it had."""

    period: Period
    spent: int
    amount: int

    @property
    def share(self) -> float:
        return self.spent / self.amount


def past_of(budget: Budget, now: datetime) -> list[Past]:
    """Periods since the first spending, the latest first. Raises TooSlow, QueryError."""
    current = period_now(budget, now)
    found = list(periods_before(current, PAST[Every(budget.every)]))
    range = TimeRange(found[-1].start_ns, current.start_ns)
    by_day = figures.costs(budget, range, asking.Step.DAY)
    if not by_day:
        return []
    first = min(by_day)
    amounts = dict(
        Standing.objects.filter(budget=budget, start_ns__gte=range.start_ns).values_list(
            "start_ns", "amount"
        )
    )
    spending = figures.Spending(ns_of(now), days=by_day)
    return [
        Past(one, spending.within(one), pico_of(amounts.get(one.start_ns, budget.amount)))
        for one in found
        if one.end_ns > first
    ]


def cumulated(budget: Budget, period: Period, now: datetime) -> list[tuple[int, int]]:
    """(start of the day, pico dollars of the period up to its end or now), up to the open day.

    Of a daily budget by hour. Raises TooSlow, QueryError.
    """
    now_ns = ns_of(now)
    hourly = period.days == 1
    width, step = (figures.HOUR, asking.Step.HOUR) if hourly else (DAY, asking.Step.DAY)
    range = TimeRange(period.start_ns, min(period.end_ns, figures.bucket_end(now_ns)))
    costs = figures.costs(budget, range, step)
    total, points, at = 0, [], period.start_ns
    while at <= min(now_ns, period.end_ns - 1):
        total += costs.get(at, 0)
        points.append((at, total))
        at += width
    return points
