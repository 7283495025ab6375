"""Charts of a dashboard, drawn: each of its own metric, filter and time range.

A chart that cannot be drawn says why in its place; the others are not touched by that.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboards import frame as frames
from dashboards import numbers
from dashboards.boards.checking import GROUPS
from dashboards.boards.models import Board, BoardChart, Kind, Size
from dashboards.changes import Change, of_totals, of_values
from dashboards.charts import ChartCard, Spark, area, bars, lines, sparkline
from dashboards.explorer.ranges import PRESETS, Chosen
from dashboards.explorer.terms import term_of
from dashboards.frame import Frame, series_of, term
from dashboards.periods import DAY, HOUR, Grain, grain_of, preset
from traces.query import Query, QueryError, parse
from traces.rollups.dimensions import OTHER
from traces.selectors import metrics
from traces.selectors.asking import Step
from traces.selectors.metrics import Answer, Value
from traces.selectors.paging import TooSlow

MOST_LINES = 6
MOST_ROWS = 20
WIDTHS = {Size.SMALL: "c4", Size.MEDIUM: "c6", Size.LARGE: "c12"}
HEIGHTS = {Size.SMALL: "s", Size.MEDIUM: "m", Size.LARGE: "l"}
STEPS = {"hour": HOUR, "day": DAY, "week": 7 * DAY}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its interval, its change and its course."""

    value: str
    interval: str
    change: Change
    spark: Spark | None


@dataclass(frozen=True, slots=True)
class Row:
    """A group of a table; `bar` is percent of the largest."""

    name: str
    value: str
    interval: str
    count: int
    bar: int
    url: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A chart's place: a `card`, a `figure` or `rows`, or a `problem`."""

    chart: BoardChart
    title: str
    sub: str
    explore: str = ""
    csv: str = ""
    card: ChartCard | None = None
    figure: Figure | None = None
    rows: Sequence[Row] = ()
    problem: str = ""
    late: int = 0
    """Stretches of five minutes that are not added up yet."""

    @property
    def group(self) -> str:
        """What a table is grouped by."""
        return GROUPS.get(self.chart.group_by, "")

    @property
    def width(self) -> str:
        return WIDTHS[Size(self.chart.size)]


def frame_of(board: Board, frame: Frame, *, chosen: bool) -> Frame:
    """The page's frame; unless the address has `chosen` a time range, the dashboard's stands."""
    return frame if chosen else _within(frame, board.range)


def _within(frame: Frame, name: str) -> Frame:
    period = preset(name, time.time_ns())
    return replace(frame, chosen=Chosen(name, "", "", period.range), period=period)


def tiles(board: Board, frame: Frame) -> list[Tile]:
    """All charts of a dashboard, in order."""
    return [tile(board, chart, frame) for chart in board.charts.all()]


def tile(board: Board, chart: BoardChart, frame: Frame) -> Tile:
    """One chart under the page's time and filter."""
    own = _within(frame, chart.range) if chart.range else frame
    try:
        metric = metrics.find(chart.metric)
        text = together(board.filter, frame.text, chart.filter)
        own = replace(own, text=text, query=parse(text))
        return _Drawing(chart, own, frame, metric).tile()
    except metrics.UnknownMetric as error:
        return Tile(chart, title_of(chart, None), "", problem=str(error))
    except QueryError as error:
        return Tile(chart, title_of(chart, metric), "", problem=f"Its filter: {error.detail}")
    except metrics.TooManyPoints as error:
        return Tile(chart, title_of(chart, metric), "", problem=str(error))
    except TooSlow:
        return Tile(chart, title_of(chart, metric), "", problem=frames.TOO_SLOW)


def together(*texts: str) -> str:
    """One query of which all parts must hold."""
    parts = [text.strip() for text in texts if text.strip()]
    if len(parts) < 2:
        return "".join(parts)
    return " ".join(f"({part})" if "OR" in part or "NOT" in part else part for part in parts)


def title_of(chart: BoardChart, metric: metrics.Metric | None) -> str:
    """What it is called, else what it shows: Cost by model."""
    if chart.title:
        return chart.title
    label = metric.label if metric else chart.metric
    return f"{label} by {GROUPS[chart.group_by].lower()}" if chart.group_by else label


@dataclass(frozen=True, slots=True)
class _Drawing:
    chart: BoardChart
    frame: Frame
    page: Frame
    metric: metrics.Metric

    @property
    def grain(self) -> tuple[Grain, int]:
        if self.chart.step:
            return {"step": Step(self.chart.step)}, STEPS[self.chart.step]
        return grain_of(self.frame.length_ns)

    @property
    def query(self) -> Query:
        return self.frame.query or Query()

    def tile(self) -> Tile:
        sub = PRESETS.get(self.chart.range, "")
        if self.chart.filter:
            sub = f"{sub}, {self.chart.filter}" if sub else self.chart.filter
        made = Tile(
            self.chart,
            title_of(self.chart, self.metric),
            sub,
            explore=self.frame.explore(*self._of_score()),
        )
        if self.chart.kind == Kind.NUMBER:
            return self._number(made)
        if self.chart.kind == Kind.TABLE:
            return self._table(made)
        return self._drawn(made)

    def ask(self, *, stepped: bool, most: int, previous: bool = False) -> Answer:
        grain = self.grain[0] if stepped else {}
        return metrics.ask(
            self.frame.project_id,
            self.chart.metric,
            query=self.query,
            range=self.frame.previous if previous else self.frame.range,
            group_by=self.chart.group_by or None,
            most=most,
            **grain,
        )

    def _of_score(self) -> list[str]:
        score = metrics.score_of(self.metric)
        return [term_of("score", score)] if score else []

    def url(self, group: str | None) -> str:
        """The traces of a group; empty where no query can say it."""
        found = term(self.chart.group_by, group) if self.chart.group_by else ""
        if self.chart.group_by and not found:
            return ""
        return self.frame.explore(*self._of_score(), *([found] if found else ()))

    def name(self, group: str | None) -> str:
        if not self.chart.group_by:
            return self.metric.label
        return group or f"no {GROUPS[self.chart.group_by].lower()}"

    def _drawn(self, made: Tile) -> Tile:
        answer = self.ask(stepped=True, most=MOST_LINES)
        series = series_of(answer, name=self.name, url=self.url)
        draw = {Kind.LINES: lines, Kind.AREA: area, Kind.BARS: bars}[Kind(self.chart.kind)]
        chart = draw(series, unit=self.metric.unit, step_ns=self.grain[1])
        card = ChartCard(
            f"chart-{self.chart.pk}",
            made.title,
            chart,
            sub=made.sub,
            explore=made.explore,
            csv=self.page.csv(f"chart-{self.chart.pk}"),
            size=HEIGHTS[Size(self.chart.size)],  # type: ignore[arg-type]
        )
        return replace(made, card=card, late=answer.pending)

    def _number(self, made: Tile) -> Tile:
        now, before = (self.ask(stepped=True, most=1, previous=back) for back in (False, True))
        value = now.series[0].total
        figure = Figure(
            numbers.written(value.value, self.metric.unit),
            interval(value, self.metric.unit),
            self._change(now, before),
            sparkline(_values(now), _values(before)),
        )
        return replace(made, figure=figure, late=now.pending)

    def _change(self, now: Answer, before: Answer) -> Change:
        unit, better = self.metric.unit, self.metric.better
        if self.metric.adds:
            sums = [[value or 0 for value in _values(one)] for one in (now, before)]
            return of_totals(sums[0], sums[1], unit, better)
        return of_values(now.series[0].total, before.series[0].total, unit, better)

    def _table(self, made: Tile) -> Tile:
        answer = self.ask(stepped=False, most=MOST_ROWS)
        known = [float(one.total.value or 0) for one in answer.series]
        largest = max(known, default=0.0) or 1.0
        rows = [
            Row(
                "other" if one.group == OTHER else self.name(one.group),
                numbers.written(one.total.value, self.metric.unit),
                interval(one.total, self.metric.unit),
                one.total.count,
                max(0, round(100 * float(one.total.value or 0) / largest)),
                self.url(one.group) if one.group not in (None, OTHER) else "",
            )
            for one in answer.series
        ]
        return replace(made, rows=rows, late=answer.pending)


def interval(value: Value, unit: str) -> str:
    """0.81 – 0.92; empty where there is none."""
    if value.low is None or value.high is None:
        return ""
    return f"{numbers.written(value.low, unit)} – {numbers.written(value.high, unit)}"


def _values(answer: Answer) -> list[float | None]:
    return [point.value for point in answer.series[0].points]
