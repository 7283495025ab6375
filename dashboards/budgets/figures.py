"""What a budget's part of the traffic has cost by day and by hour, and where that leads."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboards.budgets.forecast import History, forecast
from dashboards.budgets.models import Budget
from dashboards.budgets.periods import DAY, Period, midnight, moment
from dashboards.budgets.scopes import query_of
from traces.rollups.measures import Measures
from traces.selectors import asking, cubes
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
    pending: int = 0
    """Buckets of five minutes whose latest changes are not in yet; 0: exact."""
    days: dict[int, int] = field(default_factory=dict)
    hours: list[int] = field(default_factory=lambda: [0] * 24)

    def within(self, period: Period) -> int:
        return sum(cost for at, cost in self.days.items() if period.start_ns <= at < period.end_ns)

    @property
    def today(self) -> int:
        return self.days.get(midnight(self.now_ns), 0)


def costs(
    budget: Budget, range: TimeRange, step: asking.Step, query: Query | None = None
) -> dict[int, int]:
    """Pico dollars by the step's start, where there were any. Raises TooSlow, QueryError."""
    return _by_step(_cube(budget, query_of(budget) if query is None else query, range, step))


def _cube(
    budget: Budget, query: Query, range: TimeRange, step: asking.Step | None
) -> cubes.Cube[Measures]:
    return cubes.of_spans(budget.project_id, query=query, range=range, step=step, only=COST)


def _by_step(cube: cubes.Cube[Measures]) -> dict[int, int]:
    return {cell.time_ns or 0: cell.sums.cost for cell in cube.cells if cell.sums.cost}


def spent_in(budget: Budget, period: Period, now_ns: int) -> tuple[int, int]:
    """What the period has cost up to now in pico dollars, and `pending` as in `Spending`.

    Raises TooSlow, QueryError.
    """
    range = TimeRange(period.start_ns, min(period.end_ns, bucket_end(now_ns)))
    cube = _cube(budget, query_of(budget), range, None)
    return sum(cell.sums.cost for cell in cube.cells), cube.pending


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
        early = _cube(budget, query, TimeRange(first, hourly), asking.Step.DAY)
        found.days, found.pending = _by_step(early), early.pending
    late = _cube(budget, query, TimeRange(hourly, bucket_end(now_ns)), asking.Step.HOUR)
    found.pending += late.pending
    for at, cost in _by_step(late).items():
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
