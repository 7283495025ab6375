"""A period as a chart: what is spent so far, the plan, and the fan of the forecast. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.budgets import words
from dashboards.budgets.periods import DAY
from dashboards.budgets.status import BudgetStatus, Expected
from dashboards.charts import Chart, ChartCard, Level, Series, lines
from dashboards.numbers import money

HOUR = DAY // 24
Marks = list[float | None]


def card_of(
    status: BudgetStatus, points: Sequence[tuple[int, int]], *, title: str, explore: str = ""
) -> ChartCard:
    """`points` are (start of the day or hour, sum of the period up to its end or now)."""
    return ChartCard(
        f"budget-{status.budget.pk}",
        title,
        chart_of(status, points),
        sub=f"{status.period.label}, US$",
        explore=explore,
        note="" if status.fan else words.NO_FORECAST,
    )


def chart_of(status: BudgetStatus, points: Sequence[tuple[int, int]]) -> Chart:
    """Steps are days, of a daily budget hours; each value is the sum at the end of its step."""
    step = DAY if status.period.days > 1 else HOUR
    times = list(range(status.period.start_ns, status.period.end_ns, step))
    known = dict(points)
    spent: Marks = [known.get(at) for at in times]
    count = len(times)
    plan: Marks = [status.amount * (i + 1) / count for i in range(count)]
    series = [Series("Spent", times, spent, colour="s1", total=status.spent)]
    if status.fan:
        series += _fan(status, times, step, max(known, default=times[0]))
    series.append(Series("Plan", times, plan, colour="other", dash=True))
    level = Level(status.amount, f"Budget {money(status.amount)}", "plain")
    return lines(series, unit="usd", step_ns=step, levels=[level], summary=_summary(status))


def _summary(status: BudgetStatus) -> str:
    said = f"{money(status.spent)} of {money(status.amount)} spent in {status.period.label}."
    return f"{said} {words.headline(status)} {words.range_of(status)}"


def _fan(status: BudgetStatus, times: Sequence[int], step: int, now: int) -> list[Series]:
    """The forecast twice: with its 95 % band, and the 80 % band that lies in it."""
    at = {one.time_ns - step: one for one in status.fan}
    if now != times[-1]:  # the open step shows what is spent; the forecast sets out from there
        at[now] = Expected(now, *([status.spent] * 5))
    marks = [_between(at, time) for time in times]

    def values(name: str) -> Marks:
        return [None if one is None else float(getattr(one, name)) for one in marks]

    middle = values("middle")
    wide = Series(
        "Forecast, 95% range",
        times,
        middle,
        low=values("low_95"),
        high=values("high_95"),
        colour="s1",
        dash=True,
        total=status.forecast,
    )
    narrow = Series(
        "80% range",
        times,
        middle,
        low=values("low_80"),
        high=values("high_80"),
        colour="s1",
        dash=True,
    )
    return [wide, narrow]


def _between(at: dict[int, Expected], time: int) -> Expected | None:
    """The known mark, or on the line between its neighbours (hours of a day)."""
    if time in at:
        return at[time]
    before = [one for one in at if one < time]
    after = [one for one in at if one > time]
    if not before or not after:
        return None
    low, high = max(before), min(after)
    part = (time - low) / (high - low)
    first, last = at[low], at[high]
    names = ("middle", "low_80", "high_80", "low_95", "high_95")
    return Expected(
        time,
        *(
            round(getattr(first, name) + part * (getattr(last, name) - getattr(first, name)))
            for name in names
        ),
    )
