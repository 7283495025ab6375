"""Values over time: stacked bars, lines with bands, areas; levels and events over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dashboards.charts.figures import bar, figure, scatter
from dashboards.charts.scales import (
    Ticks,
    drawn,
    drawn_time,
    moment,
    ticks,
    time_ticks,
)
from dashboards.charts.theme import SEQUENCE, band, light
from dashboards.charts.types import (
    OTHER_LABEL,
    Chart,
    Event,
    Key,
    Level,
    Row,
    Series,
    Table,
    plain,
    short,
)
from dashboards.numbers import exactly, raw, written

MS = 10**6
DAY = 86_400 * 10**9
BAR = 0.68
STAGGER, STAGGERED = 13, 6
"""Labels of events that follow each other closely stand lower, pixels each, not on each other; at
most on so many lines."""
CHARACTER = 0.011
"""Of the width, what a label's character takes at most: some seven pixels of a narrow page's."""
UNIT_WORDS = {
    "count": "",
    "usd": "US$",
    "tokens": "tokens",
    "ms": "ms",
    "ratio": "%",
    "tokens/s": "tokens/s",
    "score": "",
}
FILE_UNITS = UNIT_WORDS | {"ratio": "0-1"}


def bars(
    series: Sequence[Series],
    *,
    unit: str,
    step_ns: int,
    levels: Sequence[Level] = (),
    events: Sequence[Event] = (),
    summary: str = "",
) -> Chart:
    """Stacked bars, the first series at the bottom."""
    traces = [
        bar(
            **_common(one, unit),
            y=_drawn(one.values, unit),
            width=BAR * step_ns / MS,
            marker={"color": light(colour), "line": {"width": 0}},
        )
        for one, colour in zip(series, colours(series), strict=True)
    ]
    tops = [sum(value or 0 for value in at) for at in zip(*_all(series, unit), strict=True)]
    reach = [*tops, *_heights(levels, unit)]
    scale = ticks(reach, unit, from_zero=True)
    return _chart(traces, series, scale, unit, step_ns, levels, events, summary, "box")


def area(
    series: Sequence[Series],
    *,
    unit: str,
    step_ns: int,
    levels: Sequence[Level] = (),
    events: Sequence[Event] = (),
    summary: str = "",
) -> Chart:
    """Areas on top of each other; where nothing is known they are at zero."""
    traces = [
        scatter(
            **_common(one, unit),
            y=[value or 0 for value in _drawn(one.values, unit)],
            mode="lines",
            stackgroup="all",
            line={"color": light(colour), "width": 1},
            fillcolor=band(colour) if len(series) == 1 else light(colour),
        )
        for one, colour in zip(series, colours(series), strict=True)
    ]
    tops = [sum(value or 0 for value in at) for at in zip(*_all(series, unit), strict=True)]
    scale = ticks([*tops, *_heights(levels, unit)], unit, from_zero=True)
    return _chart(traces, series, scale, unit, step_ns, levels, events, summary, "box")


def lines(
    series: Sequence[Series],
    *,
    unit: str,
    step_ns: int,
    levels: Sequence[Level] = (),
    events: Sequence[Event] = (),
    summary: str = "",
    from_zero: bool = False,
) -> Chart:
    """Lines, each with its 95 % band where it has one; a gap where nothing is known.

    Shares and scores begin at a round value below the lowest unless `from_zero`; all else at zero.
    """
    traces = []
    for one, colour in zip(series, colours(series), strict=True):
        if one.low and one.high:
            traces += _band(one, colour, unit)
        alone = sum(value is not None for value in one.values) < 2
        traces.append(
            scatter(
                **_common(one, unit),
                y=_drawn(one.values, unit),
                mode="lines+markers" if alone else "lines",
                line={
                    "color": light(colour),
                    "width": 2,
                    "dash": "dash" if one.dash else "solid",
                },
                connectgaps=False,
            )
        )
    reach = [value for values in _all(series, unit) for value in values]
    for one in series:
        reach += _drawn([*one.low, *one.high], unit)
    scale = ticks([*reach, *_heights(levels, unit)], unit, from_zero=from_zero)
    return _chart(traces, series, scale, unit, step_ns, levels, events, summary, "line")


def colours(series: Sequence[Series]) -> list[str]:
    """A name of a colour for each: its own, grey for the rest, else by position."""
    found, used = [], {one.colour for one in series}
    free = [name for name in SEQUENCE if name not in used]
    for one in series:
        if one.colour:
            found.append(one.colour)
        elif one.name == OTHER_LABEL or not free:
            found.append("other")
        else:
            found.append(free.pop(0))
    return found


def _common(one: Series, unit: str) -> dict[str, Any]:
    """What every trace of a series has: its moments, its name, its values in words."""
    counts = [f" · n {count:,}" for count in one.counts] or [""] * len(one.values)
    bands = [
        f" ({written(low, unit)} – {written(high, unit)})" if low is not None else ""
        for low, high in zip(one.low, one.high, strict=True)
    ] or [""] * len(one.values)
    texts = [
        written(value, unit) + between + count if value is not None else ""
        for value, between, count in zip(one.values, bands, counts, strict=True)
    ]
    return {
        "x": [drawn_time(ns) for ns in one.times],
        "name": plain(short(one.name)),
        "customdata": texts,
        "hovertemplate": "%{customdata}<extra>" + plain(short(one.name)) + "</extra>",
        "meta": {"url": one.url} if one.url else None,
    }


def _band(one: Series, colour: str, unit: str) -> list[Any]:
    """Two invisible lines with the space between them filled; one pair for each run of values."""
    found = []
    low, high = _drawn(one.low, unit), _drawn(one.high, unit)
    for first, last in _runs([low[i] is not None and high[i] is not None for i in range(len(low))]):
        x = [drawn_time(ns) for ns in one.times[first:last]]
        edge = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        found.append(scatter(**edge, y=low[first:last]))
        found.append(scatter(**edge, y=high[first:last], fill="tonexty", fillcolor=band(colour)))
    return found


def _runs(known: Sequence[bool]) -> list[tuple[int, int]]:
    found, start = [], None
    for i, here in enumerate([*known, False]):
        if here and start is None:
            start = i
        elif not here and start is not None:
            found.append((start, i))
            start = None
    return found


def _drawn(values: Sequence[float | None], unit: str) -> list[float | None]:
    return [drawn(value, unit) for value in values]


def _all(series: Sequence[Series], unit: str) -> list[list[float | None]]:
    return [_drawn(one.values, unit) for one in series]


def _heights(levels: Iterable[Level], unit: str) -> list[float | None]:
    return [drawn(level.value, unit) for level in levels]


def _chart(
    traces: list[Any],
    series: Sequence[Series],
    scale: Ticks,
    unit: str,
    step_ns: int,
    levels: Sequence[Level],
    events: Sequence[Event],
    summary: str,
    shape: str,
) -> Chart:
    times = series[0].times if series else ()
    where, texts = time_ticks(times, step_ns)
    half = step_ns // 2 if shape == "box" else 0
    wide_ns = times[-1] - times[0] + step_ns if times else 0
    shapes, notes = overlays(levels, events, unit, step_ns, wide_ns)
    xaxis: dict[str, Any] = {
        "type": "date",
        "tickvals": where,
        "ticktext": texts,
        "hoverformat": "%a %-d %b" if step_ns % DAY == 0 else "%a %-d %b %H:%M UTC",
    }
    if times:
        xaxis["range"] = [drawn_time(times[0] - half), drawn_time(times[-1] + half)]
    layout = {
        "xaxis": xaxis,
        "yaxis": {"tickvals": scale.values, "ticktext": scale.texts, "range": list(scale.range)},
        "shapes": shapes,
        "annotations": notes,
        "meta": {"step": step_ns // MS},
    }
    table = table_of(series, unit, step_ns)
    said = summary or sentence(series, unit, step_ns)
    return Chart(said, table, figure(traces, layout), legend_of(series, unit, shape))


def overlays(
    levels: Sequence[Level], events: Sequence[Event], unit: str, step_ns: int, wide_ns: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Shapes and annotations. An event stands where its step begins to be drawn; `wide_ns`: the
    time that the width shows."""
    shapes, notes = [], []
    for level in levels:
        y, bad = drawn(level.value, unit), level.kind == "bad"
        colour = light("bad" if bad else "text-2")
        line = {"color": colour, "width": 1.25, "dash": "dash" if bad else "solid"}
        shapes.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y} | {"line": line}
        )
        notes.append(
            _note(level.label, "text-2") | {"xref": "paper", "x": 0, "y": y, "yanchor": "bottom"}
        )
    for row, event in zip(rows_of(events, wide_ns), events, strict=True):
        x = drawn_time(event.time_ns - step_ns // 2)
        line = {"color": light("text-3"), "width": 1, "dash": "dot"}
        shapes.append(
            {"type": "line", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1} | {"line": line}
        )
        notes.append(
            _note(event.label, "text-2")
            | {"yref": "paper", "x": x, "y": 1, "yanchor": "top"}
            | {"yshift": -STAGGER * row}
        )
    return shapes, notes


def rows_of(events: Sequence[Event], wide_ns: int) -> list[int]:
    """Of each event the line of its label: the first on which those before have ended, as far as
    is known; where none has, that whose last label ends first."""
    ends = [0.0] * STAGGERED
    rows = []
    for event in events:
        free = [row for row, end in enumerate(ends) if end <= event.time_ns]
        row = free[0] if free else ends.index(min(ends))
        length = CHARACTER * (len(short(event.label)) + 1) * wide_ns
        ends[row] = event.time_ns + length
        rows.append(row)
    return rows


def _note(text: str, colour: str) -> dict[str, Any]:
    return {
        "text": plain(short(text)),
        "showarrow": False,
        "xanchor": "left",
        "xshift": 3,
        "font": {"color": light(colour)},
    }


def legend_of(series: Sequence[Series], unit: str, shape: str) -> list[Key]:
    return [
        Key(
            short(one.name),
            colour,
            "dash" if one.dash else shape,
            written(one.total, unit) if one.total is not None else "",
            one.url,
        )
        for one, colour in zip(series, colours(series), strict=True)
    ]


def table_of(series: Sequence[Series], unit: str, step_ns: int) -> Table:
    """A row for each step, a column for each series, two more where it has an interval."""
    columns, names = ["Time (UTC)"], ["time"]
    for one in series:
        word, file_word = UNIT_WORDS[unit], FILE_UNITS[unit]
        columns.append(f"{short(one.name)} ({word})" if word else short(one.name))
        names.append(f"{one.name} ({file_word})" if file_word else one.name)
        if one.low:
            columns.append("95% interval")
            names += [f"{one.name} low", f"{one.name} high"]
    times = series[0].times if series else ()
    rows = [_row(series, unit, step_ns, i, ns) for i, ns in enumerate(times)]
    return Table("Times are UTC; each row begins at its time.", columns, names, rows)


def _row(series: Sequence[Series], unit: str, step_ns: int, i: int, ns: int) -> Row:
    shown = [moment(ns, step_ns)]
    cells: list[Any] = [drawn_time(ns) + "Z"]
    for one in series:
        shown.append(exactly(one.values[i], unit))
        cells.append(raw(one.values[i], unit))
        if one.low:
            low, high = one.low[i], one.high[i]
            shown.append(
                f"{written(low, unit)} – {written(high, unit)}" if low is not None else "–"
            )
            cells += [raw(low, unit), raw(high, unit)]
    return Row(shown, cells)


def sentence(series: Sequence[Series], unit: str, step_ns: int) -> str:
    """What one sees: of each of the first series its highest and lowest moment."""
    said = []
    for one in series[:4]:
        known = [(v, ns) for v, ns in zip(one.values, one.times, strict=True) if v is not None]
        if not known:
            said.append(f"{short(one.name)}: nothing known")
            continue
        (low, low_at), (high, high_at) = min(known), max(known)
        said.append(
            f"{short(one.name)}: highest {written(high, unit)} on {moment(high_at, step_ns)},"
            f" lowest {written(low, unit)} on {moment(low_at, step_ns)}"
        )
    if len(series) > 4:
        said.append(f"and {len(series) - 4} more")
    return "; ".join(said) + "." if said else "Nothing to show."
