"""Windows of a rule as a chart: values, what they are held against, times of firing shaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from dashboards.alerts import conditions as cond
from dashboards.alerts.backtest import BackTest, Point
from dashboards.alerts.backtest import Series as Tested
from dashboards.alerts.windows import step_of
from dashboards.alerts.words import Figures
from dashboards.charts import Chart, Level, Series, lines
from dashboards.charts.scales import drawn_time
from dashboards.charts.theme import band
from traces.spans import PICO

MOST_POINTS = 240
"""Of a series: so many can be told apart."""
MOST_SERIES = 5
CAPTION = "Each row is the window that ends at its time, UTC."
Span = tuple[int, int]


def of_backtest(tested: BackTest, condition: cond.Condition, window_ns: int, label: str) -> Chart:
    """The groups that fired, then the largest. `label`: of the whole, where there are none."""
    unit = unit_of(condition, tested.unit)
    scale = scale_of(condition, unit)
    chosen = tested.series[:MOST_SERIES]
    times = _common_times(chosen)
    series = [_series(one, label, times, scale, alone=len(chosen) == 1) for one in chosen]
    if len(chosen) == 1 and not isinstance(condition, cond.Threshold | cond.Interval):
        series += _limits(chosen[0], times, scale)
    spans = [(one.start_ns, one.end_ns or tested.end_ns) for one in tested.firings]
    levels = levels_of(condition, Figures("", unit), scale)
    step = _step(times, window_ns)
    return shaded(lines(series, unit=unit, step_ns=step, levels=levels), spans)


def unit_of(condition: cond.Condition, unit: str) -> str:
    """Of what is drawn: where data goes missing, how many there are."""
    return "count" if isinstance(condition, cond.Absence) else unit


def scale_of(condition: cond.Condition, unit: str) -> float:
    """From figures of rules to those of charts: pico dollars; shares of budgets from percent."""
    if isinstance(condition, cond.Budget):
        return 0.01
    return float(PICO) if unit == "usd" else 1.0


def levels_of(condition: cond.Condition, figures: Figures, scale: float) -> list[Level]:
    """The limit, where it is the same at all times."""
    match condition:
        case cond.Threshold(_, limit) | cond.Interval(_, limit):
            return [Level(limit * scale, figures.written(limit))]
        case cond.Absence(fewer_than):
            return [Level(float(fewer_than), f"{fewer_than:,}")]
        case cond.Budget(_, _, percent):
            return [Level(percent * scale, f"{percent:g}%")]
    return []


def shaded(chart: Chart, spans: Sequence[Span]) -> Chart:
    """The chart with these times behind it."""
    if chart.figure is None:
        return chart
    layout: dict[str, Any] = chart.figure["layout"]
    zones = [
        {
            "type": "rect", "xref": "x", "yref": "paper", "layer": "below", "y0": 0, "y1": 1,
            "x0": drawn_time(start), "x1": drawn_time(end),
            "line": {"width": 0}, "fillcolor": band("bad"),
        }
        for start, end in merged(spans)
    ]  # fmt: skip
    shapes = [*zones, *layout.get("shapes", ())]
    return replace(
        chart,
        table=replace(chart.table, caption=CAPTION),
        figure=chart.figure | {"layout": layout | {"shapes": shapes}},
    )


def merged(spans: Sequence[Span]) -> list[Span]:
    """Those that touch as one, so that nothing is shaded twice."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _common_times(chosen: Sequence[Tested]) -> list[int]:
    """Ends that are drawn: evenly thinned, and each at which some group changed its state."""
    ends = sorted({point.end_ns for one in chosen for point in one.points})
    every = max(1, -(-len(ends) // MOST_POINTS))
    kept = set(ends[::every]) | set(ends[-1:])
    for one in chosen:
        before = ""
        for point in one.points:
            if before and point.state != before:
                kept.add(point.end_ns)
            before = point.state
    return sorted(kept)


def _series(one: Tested, label: str, times: Sequence[int], scale: float, *, alone: bool) -> Series:
    known = {point.end_ns: point for point in one.points}
    at = [known.get(time) for time in times]
    # A window without a value breaks the line; one that this group lacks does too.
    has_interval = alone and any(point is not None and point.low is not None for point in at)
    return Series(
        one.group or label,
        times,
        [_scaled(point, "value", scale) for point in at],
        low=[_scaled(point, "low", scale) for point in at] if has_interval else (),
        high=[_scaled(point, "high", scale) for point in at] if has_interval else (),
        counts=[point.count if point else 0 for point in at],
    )


def _limits(one: Tested, times: Sequence[int], scale: float) -> list[Series]:
    """What moves along: the limit, and what is usual."""
    known = {point.end_ns: point for point in one.points}
    at = [known.get(time) for time in times]
    found = []
    for name, label, colour in (("usual", "Usual", "other"), ("limit", "Limit", "bad")):
        values = [_scaled(point, name, scale) for point in at]
        if len({value for value in values if value is not None}) > 1:
            found.append(Series(label, times, values, colour=colour, dash=True))
    return found


def _scaled(point: Point | None, name: str, scale: float) -> float | None:
    value = None if point is None else getattr(point, name)
    return None if value is None else value * scale


def _step(times: Sequence[int], window_ns: int) -> int:
    gaps = [late - early for early, late in pairwise(times)]
    return max(gaps, default=step_of(window_ns))
