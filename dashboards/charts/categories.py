"""Charts whose axis is no time: a waterfall of a difference, a distribution, a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from dashboards.charts import figures
from dashboards.charts.scales import drawn, ticks
from dashboards.charts.theme import light
from dashboards.charts.timelines import FILE_UNITS, UNIT_WORDS
from dashboards.charts.types import Chart, Level, Row, Table, plain, short
from dashboards.numbers import MINUS, exactly, raw, share, written

HEATS = 9
"""The strongest shade of a heat map; 0 is none."""
Better = Literal["up", "down"] | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a waterfall: a `total` that stands on zero, or a change from where it was."""

    name: str
    value: float
    kind: Literal["total", "change"] = "change"
    url: str = ""
    note: str = ""


def waterfall(bars: Sequence[Bar], *, unit: str, better: Better = None, summary: str = "") -> Chart:
    """Bars from left to right, one below the other. `better` says which changes are good ones."""
    level, starts, ends = 0.0, [], []
    for bar in bars:
        start = 0.0 if bar.kind == "total" else level
        level = bar.value if bar.kind == "total" else level + bar.value
        starts.append(start)
        ends.append(level)
    low = [drawn(min(pair), unit) for pair in zip(starts, ends, strict=True)]
    high = [drawn(max(pair), unit) for pair in zip(starts, ends, strict=True)]
    length = [(top or 0) - (bottom or 0) for bottom, top in zip(low, high, strict=True)]
    texts = [
        signed(bar.value, unit) if bar.kind == "change" else written(bar.value, unit)
        for bar in bars
    ]
    trace = figures.bar(
        orientation="h",
        y=list(range(len(bars))),
        x=length,
        base=low,
        marker={"color": [light(_colour(bar, better)) for bar in bars], "line": {"width": 0}},
        text=texts,
        textposition="outside",
        cliponaxis=False,
        customdata=[
            f"{text} {plain(bar.note)}".strip() for bar, text in zip(bars, texts, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
        meta={"urls": [bar.url for bar in bars]},
    )
    scale = ticks([*low, *high], unit, from_zero=True)
    reach = scale.range[1] + 0.2 * (scale.range[1] - scale.range[0])
    layout = {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 28},
        "xaxis": {"tickvals": scale.values, "ticktext": scale.texts}
        | {"range": [scale.range[0], reach], "showgrid": True},
        "yaxis": {
            "tickvals": list(range(len(bars))),
            "ticktext": [plain(short(bar.name)) for bar in bars],
        }
        | {"range": [len(bars) - 0.5, -0.5], "showgrid": False, "zeroline": False},
    }
    said = summary or "; ".join(f"{bar.name} {text}" for bar, text in zip(bars, texts, strict=True))
    rows = [
        Row(
            [bar.name, text, bar.note],
            [bar.name, bar.kind, raw(bar.value, unit), bar.note],
            bar.url,
        )
        for bar, text in zip(bars, texts, strict=True)
    ]
    columns = ("Part", _headed("Amount", UNIT_WORDS[unit]), "Note")
    names = ("part", "kind", _headed("amount", FILE_UNITS[unit]), "note")
    table = Table("Changes add up from the first total to the last.", columns, names, rows)
    return Chart(said, table, figures.figure([trace], layout))


def _colour(bar: Bar, better: Better) -> str:
    if bar.kind == "total":
        return "s1"
    if better is None or bar.value == 0:
        return "other"
    return "good" if (bar.value > 0) == (better == "up") else "bad"


def signed(value: float, unit: str) -> str:
    text = written(abs(value), unit)
    return text if value == 0 else f"{MINUS if value < 0 else '+'}{text}"


def _headed(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def histogram(
    edges: Sequence[float],
    counts: Sequence[int],
    *,
    unit: str,
    marks: Sequence[Level] = (),
    what: str = "traces",
    summary: str = "",
    urls: Sequence[str] = (),
) -> Chart:
    """Bars of equal width between `edges` (one more than `counts`), however far these are apart."""
    total = sum(counts) or 1
    spans = [f"{written(a, unit)} – {written(b, unit)}" for a, b in pairwise(edges)]
    trace = figures.bar(
        x=[i + 0.5 for i in range(len(counts))],
        y=list(counts),
        width=0.86,
        marker={"color": light("s1"), "line": {"width": 0}},
        customdata=[
            f"{span}<br>{count:,} {what}, {share(count / total)}"
            for span, count in zip(spans, counts, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
        meta={"urls": list(urls)} if urls else None,
    )
    scale = ticks(counts, "count", from_zero=True)
    every = max(1, -(-len(edges) // 7))
    shown = range(0, len(edges), every)
    shapes, notes = _marks(edges, marks)
    layout = {
        "hovermode": "closest",
        "xaxis": {"tickvals": list(shown), "ticktext": [written(edges[i], unit) for i in shown]}
        | {"range": [0, len(counts)]},
        "yaxis": {"tickvals": scale.values, "ticktext": scale.texts, "range": list(scale.range)},
        "shapes": shapes,
        "annotations": notes,
    }
    rows = [
        Row((span, f"{count:,}", share(count / total)), (raw(a, unit), raw(b, unit), count))
        for span, count, (a, b) in zip(spans, counts, pairwise(edges), strict=True)
    ]
    table = Table(
        f"How many {what} lie between two values.",
        ("Between", what.capitalize(), "Share"),
        (_headed("from", FILE_UNITS[unit]), _headed("to", FILE_UNITS[unit]), what),
        rows,
    )
    said = summary or "; ".join(f"{mark.label} {written(mark.value, unit)}" for mark in marks)
    return Chart(said or f"{sum(counts):,} {what}.", table, figures.figure([trace], layout))


def _marks(
    edges: Sequence[float], marks: Sequence[Level]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    shapes, notes = [], []
    for mark in marks:
        x = place(edges, mark.value)
        shapes.append(
            {"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1}
            | {"line": {"color": light("text-3"), "width": 1, "dash": "dot"}}
        )
        notes.append(
            {"text": plain(mark.label), "showarrow": False, "xanchor": "left", "xshift": 3}
            | {
                "yref": "paper",
                "x": x,
                "y": 1,
                "yanchor": "top",
                "font": {"color": light("text-2")},
            }
        )
    return shapes, notes


def place(edges: Sequence[float], value: float) -> float:
    """Where a value lies on the axis of a histogram, on which edges are one apart."""
    for i, (low, high) in enumerate(pairwise(edges)):
        if value <= high:
            return i + max(0.0, (value - low) / (high - low) if high > low else 0.0)
    return float(len(edges) - 1)


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a heat map; None: unknown."""

    value: float | None
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class HeatRow:
    name: str
    cells: Sequence[Cell]
    url: str = ""


@dataclass(frozen=True, slots=True)
class HeatCell:
    text: str
    heat: int
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map is a table whose cells are shaded: it needs neither script nor alternative."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[HeatCell]]]
    """(name, url, cells)"""
    tone: str


def heatmap(
    columns: Sequence[str],
    rows: Sequence[HeatRow],
    *,
    unit: str,
    better: Better = None,
    summary: str = "",
) -> Chart:
    """Shades from the lowest to the highest value; with `better`, the worse the stronger."""
    known = [cell.value for row in rows for cell in row.cells if cell.value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)

    def shade(value: float | None) -> int:
        if value is None or high <= low:
            return 0
        part = (value - low) / (high - low)
        return round(HEATS * (1 - part if better == "up" else part))

    made = [
        (
            row.name,
            row.url,
            [HeatCell(written(c.value, unit), shade(c.value), c.url, c.note) for c in row.cells],
        )
        for row in rows
    ]
    table_rows = [
        Row(
            [row.name, *(exactly(cell.value, unit) for cell in row.cells)],
            [row.name, *(raw(cell.value, unit) for cell in row.cells)],
            row.url,
        )
        for row in rows
    ]
    word = UNIT_WORDS[unit]
    table = Table(
        f"Values in {word}." if word else "", ["", *columns], ["name", *columns], table_rows
    )
    said = summary or (
        f"From {written(low, unit)} to {written(high, unit)}." if known else "Nothing known."
    )
    return Chart(said, table, heat=Heat(columns, made, "bad" if better else "accent"))
