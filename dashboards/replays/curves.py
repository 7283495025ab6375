"""Lines over a threshold, with bands: a chart whose axis is a similarity. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.charts.figures import figure, scatter
from dashboards.charts.scales import drawn, ticks
from dashboards.charts.theme import band, light
from dashboards.charts.timelines import FILE_UNITS, UNIT_WORDS
from dashboards.charts.types import Chart, Key, Row, Table
from dashboards.numbers import raw, written


@dataclass(frozen=True, slots=True)
class Curve:
    """A value for each threshold (money in pico dollars); `low` and `high` are an interval."""

    name: str
    colour: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


def over(
    thresholds: Sequence[float], curves: Sequence[Curve], *, unit: str, mark: float | None
) -> Chart:
    """`mark`: the threshold that is recommended."""
    traces = [trace for one in curves for trace in _traces(thresholds, one, unit)]
    reach = [drawn(value, unit) for one in curves for value in (*one.values, *one.low, *one.high)]
    scale = ticks(reach, unit, from_zero=True)
    shown = [one for one in thresholds if round(one * 100) % 5 == 0 and one < 0.97]
    layout: dict[str, Any] = {
        "hovermode": "x",
        "xaxis": {
            "tickvals": [*shown, thresholds[-1]],
            "ticktext": [f"{one:g}" for one in [*shown, thresholds[-1]]],
            "range": [thresholds[0] - 0.005, thresholds[-1] + 0.005],
        },
        "yaxis": {"tickvals": scale.values, "ticktext": scale.texts, "range": list(scale.range)},
    }
    if mark is not None:
        line = {"color": light("text-3"), "width": 1, "dash": "dot"}
        layout["shapes"] = [
            {"type": "line", "yref": "paper", "x0": mark, "x1": mark, "y0": 0, "y1": 1}
            | {"line": line}
        ]
    legend = [Key(one.name, one.colour, "line") for one in curves]
    said = "; ".join(
        f"{one.name}: {written(one.values[0], unit)} at {thresholds[0]:g},"
        f" {written(one.values[-1], unit)} at {thresholds[-1]:g}"
        for one in curves
    )
    return Chart(f"{said}.", _table(thresholds, curves, unit), figure(traces, layout), legend)


def _traces(thresholds: Sequence[float], one: Curve, unit: str) -> list[dict[str, Any]]:
    x = list(thresholds)
    found = []
    if one.low and one.high:
        known = [place for place, value in enumerate(one.low) if value is not None]
        edge = {"x": [x[place] for place in known], "mode": "lines", "line": {"width": 0},
                "hoverinfo": "skip"}  # fmt: skip
        found.append(scatter(**edge, y=[drawn(one.low[place], unit) for place in known]))
        high = [drawn(one.high[place], unit) for place in known]
        found.append(scatter(**edge, y=high, fill="tonexty", fillcolor=band(one.colour)))
    found.append(
        scatter(
            x=x,
            y=[drawn(value, unit) for value in one.values],
            name=one.name,
            mode="lines+markers",
            line={"color": light(one.colour), "width": 2},
            marker={"color": light(one.colour), "size": 5},
            customdata=[written(value, unit) for value in one.values],
            hovertemplate="%{customdata}<extra>" + one.name + " at %{x}</extra>",
        )
    )
    return found


def _table(thresholds: Sequence[float], curves: Sequence[Curve], unit: str) -> Table:
    columns, names = ["Threshold"], ["threshold"]
    for one in curves:
        word, file_word = UNIT_WORDS[unit], FILE_UNITS[unit]
        columns.append(f"{one.name} ({word})" if word else one.name)
        names.append(f"{one.name} ({file_word})" if file_word else one.name)
        if one.low:
            columns.append("95% interval")
            names += [f"{one.name} low", f"{one.name} high"]
    rows = []
    for place, threshold in enumerate(thresholds):
        shown: list[str] = [f"{threshold:g}"]
        cells: list[Any] = [threshold]
        for one in curves:
            shown.append(written(one.values[place], unit))
            cells.append(raw(one.values[place], unit))
            if one.low:
                low, high = one.low[place], one.high[place]
                shown.append(
                    f"{written(low, unit)} – {written(high, unit)}" if low is not None else "–"
                )
                cells += [raw(low, unit), raw(high, unit)]
        rows.append(Row(shown, cells))
    return Table("Each row is a cache with its threshold of similarity.", columns, names, rows)
