"""What a budget's part of the traffic has cost by day and by hour, and where that leads."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboards.budgets.forecast import History, forecast
from dashboards.budgets.models import Budget
from dashboards.budgets.periods import DAY, Period, midnight, moment
from dashboards.budgets.scopes import query_of
from traces.selectors import cubes
from traces.selectors.paging import TimeRange
from traces.selectors.search import Query
from traces.spans import PICO

HOUR = DAY // 24
BUCKET = 300 * 10**9
COST = ("cost",)
HISTORY_DAYS = 56
HOURLY_DAYS = 14
"""Days whose hours show how spending goes through a day."""


@dataclass(slots=True)
class Spending:
    """Pico dollars. `days`: by midnight, where there was any; the open day is in it too.

    `hours`: sums by hour of the day over the last closed days.
    """

    now_ns: int
    days: dict[int, int] = field(default_factory=dict)
    hours: list[int] = field(default_factory=lambda: [0] * 24)

    def within(self, period: Period) -> int:
        return sum(cost for at, cost in self.days.items() if period.start_ns <= at < period.end_ns)

    @property
    def today(self) -> int:
        return self.days.get(midnight(self.now_ns), 0)


def costs(
    budget: Budget, range: TimeRange, step: cubes.Step, query: Query | None = None
) -> dict[int, int]:
    """Pico dollars by the step's start, where there were any. Raises TooSlow, QueryError."""
    asked = query_of(budget) if query is None else query
    cube = cubes.of_spans(budget.project_id, query=asked, range=range, step=step, only=COST)
    return {cell.time_ns or 0: cell.sums.cost for cell in cube.cells if cell.sums.cost}


def spent_in(budget: Budget, period: Period, now_ns: int) -> int:
    """Exactly what the period has cost up to now, in pico dollars. Raises TooSlow, QueryError."""
    end = min(period.end_ns, bucket_end(now_ns))
    if end <= period.start_ns:
        return 0
    range = TimeRange(period.start_ns, end)
    cube = cubes.of_spans(budget.project_id, query=query_of(budget), range=range, only=COST)
    return sum(cell.sums.cost for cell in cube.cells)


def bucket_end(ns: int) -> int:
    """The end of the bucket of sums that `ns` lies in: whole buckets are read from the sums."""
    return ns // BUCKET * BUCKET + BUCKET


def spending(budget: Budget, period: Period, now_ns: int) -> Spending:
    """Eight weeks and the period, with the hours of the last two weeks. Raises as `costs`."""
    today = midnight(now_ns)
    first = min(today - HISTORY_DAYS * DAY, period.start_ns)
    hourly = max(today - HOURLY_DAYS * DAY, first)
    query = query_of(budget)
    found = Spending(now_ns)
    if first < hourly:
        found.days = costs(budget, TimeRange(first, hourly), cubes.Step.DAY, query)
    recent = TimeRange(hourly, bucket_end(now_ns))
    for at, cost in costs(budget, recent, cubes.Step.HOUR, query).items():
        day = midnight(at)
        found.days[day] = found.days.get(day, 0) + cost
        if day < today:
            found.hours[(at - day) // HOUR] += cost
    return found


def expected(found: Spending, period: Period) -> list[list[float]]:
    """The fan as `Standing` stores it: empty of too little history, or of a period that is over."""
    now_ns = found.now_ns
    if not period.start_ns <= now_ns < period.end_ns:
        return []
    today = midnight(now_ns)
    closed = [found.days.get(today - n * DAY, 0) / PICO for n in range(HISTORY_DAYS, 0, -1)]
    history = History(
        days=closed,
        weekday=moment(today).weekday(),
        today=found.today / PICO,
        elapsed=(now_ns - today) / DAY,
        hours=[float(cost) for cost in found.hours],
    )
    ahead = (period.end_ns - today) // DAY - 1
    steps = forecast(history, found.within(period) / PICO, ahead) or []
    return [
        [today + (n + 1) * DAY, one.middle, one.low_80, one.high_80, one.low_95, one.high_95]
        for n, one in enumerate(steps)
    ]
