"""A chart as a PNG: the same figure as on the page, drawn by Matplotlib in the light colours.

It reads what `dashboards.charts` makes for Plotly, so a picture and its page cannot disagree.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from dashboards.charts.theme import light

SIZE = (6.4, 2.2)
"""Inches."""
DPI = 200
"""Sharp on phones at half its size."""
FONTS = ["DejaVu Sans"]
RGBA = re.compile(r"rgba\((\d+),(\d+),(\d+),([\d.]+)\)")
MS_OF_DAY = 86_400_000

Trace = dict[str, Any]
Colour = str | tuple[float, float, float, float]


def png(figure: dict[str, Any]) -> bytes:
    """Of the data and layout of a chart over time."""
    drawing = Figure(figsize=SIZE, dpi=DPI, facecolor=light("surface"), layout="constrained")
    FigureCanvasAgg(drawing)
    axes = drawing.add_subplot(facecolor=light("surface"))
    _axes(axes, figure["layout"])
    _traces(axes, figure["data"])
    _events(axes, figure["layout"])
    out = io.BytesIO()
    drawing.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _axes(axes: Axes, layout: dict[str, Any]) -> None:
    x, y = layout["xaxis"], layout["yaxis"]
    font: dict[str, Any] = {"fontsize": 7.5, "color": light("text-3"), "fontfamily": FONTS}
    axes.set_xticks(_times(x["tickvals"]), list(x["ticktext"]), **font)
    axes.set_yticks(list(y["tickvals"]), list(y["ticktext"]), **font)
    axes.set_ylim(*y["range"])
    if x.get("range"):
        axes.set_xlim(*_times(x["range"]))
    axes.grid(axis="y", color=light("line"), linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(light("line-strong"))


def _traces(axes: Axes, traces: Sequence[Trace]) -> None:
    floor: list[float] = []
    edge: Trace | None = None
    for trace in traces:
        x, y = _times(trace["x"]), _numbers(trace["y"])
        if trace["type"] == "bar" or trace.get("stackgroup"):
            floor = floor or [0.0] * len(y)
            tops = [low + (value or 0.0) for low, value in zip(floor, y, strict=True)]
            _stacked(axes, trace, x, floor, tops)
            floor = tops
        elif trace.get("fill") == "tonexty" and edge is not None:
            low = [value or 0.0 for value in _numbers(edge["y"])]
            high = [value or 0.0 for value in y]
            axes.fill_between(x, low, high, color=_colour(trace["fillcolor"]), linewidth=0)
            edge = None
        elif not trace["line"].get("width"):
            edge = trace
        else:
            _line(axes, trace, x, y)


def _stacked(axes: Axes, trace: Trace, x: list[float], low: list[float], high: list[float]) -> None:
    if trace["type"] == "bar":
        heights = [top - bottom for top, bottom in zip(high, low, strict=True)]
        width = float(trace["width"]) / MS_OF_DAY
        axes.bar(x, heights, width, bottom=low, color=_colour(trace["marker"]["color"]))
    else:
        axes.fill_between(x, low, high, color=_colour(trace["fillcolor"]), linewidth=0)
        axes.plot(x, high, color=_colour(trace["line"]["color"]), linewidth=0.8)


def _line(axes: Axes, trace: Trace, x: list[float], y: list[float | None]) -> None:
    line = trace["line"]
    axes.plot(
        x,
        [float("nan") if value is None else value for value in y],
        color=_colour(line["color"]),
        linewidth=1.4,
        linestyle="--" if line.get("dash") == "dash" else "-",
        marker="o" if "markers" in trace["mode"] else "",
        markersize=3,
    )


def _events(axes: Axes, layout: dict[str, Any]) -> None:
    """Dotted lines of releases, with their names at the top."""
    for shape in layout.get("shapes", ()):
        line: dict[str, Any] = {"linewidth": 0.8, "linestyle": ":"}
        line["color"] = _colour(shape["line"]["color"])
        if shape.get("yref") == "paper":
            axes.axvline(_times([shape["x0"]])[0], **line)
        else:
            axes.axhline(shape["y0"], **line)
    for note in layout.get("annotations", ()):
        if note.get("yref") == "paper":
            axes.annotate(
                _unescaped(note["text"]), (_times([note["x"]])[0], 1),
                xycoords=("data", "axes fraction"), xytext=(3, -2), textcoords="offset points",
                va="top", fontsize=7, color=light("text-2"), fontfamily=FONTS, parse_math=False,
            )  # fmt: skip


def _times(values: Sequence[Any]) -> list[float]:
    """Matplotlib's day numbers of moments as Plotly has them."""
    return [float(date2num(_moment(value))) for value in values]  # type: ignore[no-untyped-call]


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(str(value).replace(" ", "T").removesuffix("Z"))
    return found.replace(tzinfo=UTC)


def _numbers(values: Sequence[Any]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _colour(value: str) -> Colour:
    if found := RGBA.fullmatch(value):
        red, green, blue = (int(found[i]) / 255 for i in (1, 2, 3))
        return (red, green, blue, float(found[4]))
    return value


def _unescaped(text: str) -> str:
    """What `charts.types.plain` wrote for Plotly."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
