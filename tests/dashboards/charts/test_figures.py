"""Figures are plain data: Plotly's own objects check here that it would take them."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from dashboards.charts import Bar, Chart, Event, Level, Series, area, bars, lines
from dashboards.charts.categories import histogram, waterfall
from dashboards.charts.scales import DAY

TIMES = [1_795_132_800 * 10**9 + i * DAY for i in range(4)]
BAND = Series(
    "grounded", TIMES, [0.9, None, 0.8, 0.7], low=[0.8, None, 0.7, 0.6],
    high=[1.0, None, 0.9, 0.8], counts=[4, 0, 2, 1], dash=True, url="/p/shop/traces?q=x",
)  # fmt: skip
ONE = Series("one", TIMES[:1], [3], colour="bad")
OVER: dict[str, Any] = {"levels": [Level(0.85, "Alert"), Level(1, "plan", "plain")],
                        "events": [Event(TIMES[1], "v2")]}  # fmt: skip
CHARTS = {
    "bars": bars([BAND, Series("b", TIMES, [1, 2, 3, 4])], unit="ratio", step_ns=DAY, **OVER),
    "lines": lines([BAND, BAND], unit="ratio", step_ns=DAY, **OVER),
    "a line of one": lines([ONE], unit="count", step_ns=DAY // 24),
    "area": area([ONE, ONE], unit="usd", step_ns=DAY, **OVER),
    "area of one": area([ONE], unit="usd", step_ns=DAY),
    "nothing": bars([], unit="usd", step_ns=DAY),
    "waterfall": waterfall(
        [Bar("May", 9, "total"), Bar("volume", -4, note="fewer"), Bar("June", 5, "total", "/x")],
        unit="usd",
        better="down",
    ),
    "histogram": histogram([0, 1, 5], [3, 4], unit="ms", marks=[Level(4, "p95")], urls=["/a", ""]),
}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_plotly_takes_it_and_changes_nothing(chart: Chart) -> None:
    taken = go.Figure(chart.figure).to_plotly_json()
    taken["layout"].pop("template")
    assert chart.figure == plain(taken)


def plain(value: Any) -> Any:
    """Sequences as lists: Plotly makes tuples of some."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def test_what_plotly_does_not_know_is_found() -> None:
    with pytest.raises(ValueError, match="colour"):
        go.Figure({"data": [{"type": "bar", "colour": "red"}], "layout": {}})
