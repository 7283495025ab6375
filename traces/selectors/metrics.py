"""Metrics: what the sums of `traces.selectors.cubes` say, by name, with units and intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from traces import intervals
from traces.query import Query
from traces.rollups import sketch
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures, ScoreMeasures
from traces.selectors import asking, cubes
from traces.selectors.asking import Step
from traces.selectors.cubes import Cell, Cube
from traces.selectors.paging import TimeRange
from traces.selectors.search import EVERYTHING

Better = Literal["up", "down"] | None
SCORE, FLAGGED = "score:", "flagged:"
MANY = (("user_id",), ("tag",))
"""Groupings with so many values that only those that are shown are read by step."""
MOST_POINTS = 2_500


class UnknownMetric(ValueError):
    """There is no metric of this name."""


class TooManyPoints(ValueError):
    """The range has more than MOST_POINTS steps."""


@dataclass(slots=True)
class Value:
    """`count`: of how many spans, traces or scores. low, high: 95 % interval where there is one.

    Money is pico dollars, a ratio 0 to 1, time milliseconds. None: nothing to say it of.
    """

    value: int | float | None
    count: int
    low: float | None = None
    high: float | None = None


@dataclass(slots=True)
class Point(Value):
    time_ns: int = 0


@dataclass(slots=True)
class Series:
    group: str | None
    points: list[Point]
    total: Value


@dataclass(frozen=True, slots=True)
class Metric:
    """`unit`: count, usd, tokens, ms, ratio, tokens/s or score."""

    name: str
    label: str
    unit: str
    better: Better
    read: Callable[[Any], Value]
    source: Literal["span", "trace", "score"] = "span"
    sums: tuple[str, ...] = ()
    adds: bool = False
    """Whether the values of steps add up, so that nothing is 0."""


@dataclass(slots=True)
class Answer:
    metric: Metric
    series: list[Series] = field(default_factory=list)
    pending: int = 0


def _sum(name: str, label: str, unit: str, better: Better = None, source: Any = "span") -> Metric:
    counted = "traces" if source == "trace" else "spans"

    def read(sums: Measures) -> Value:
        return Value(getattr(sums, name), getattr(sums, counted))

    return Metric(name, label, unit, better, read, source, (name, counted), adds=True)


def _rate(name: str, label: str, of: str, among: str, source: Any = "span") -> Metric:
    """A share of independent cases, with Wilson's interval."""

    def read(sums: Measures) -> Value:
        n = getattr(sums, among)
        if n == 0:
            return Value(None, 0)
        hits = getattr(sums, of)
        return Value(hits / n, n, *intervals.wilson(hits, n))

    return Metric(name, label, "ratio", "down", read, source, (of, among))


def _ratio(
    name: str, label: str, unit: str, better: Better, of: str, among: str, source: Any = "span"
) -> Metric:
    """One sum divided by another."""

    def read(sums: Measures) -> Value:
        n = getattr(sums, among)
        return Value(getattr(sums, of) / n if n else None, n)

    return Metric(name, label, unit, better, read, source, (of, among))


def _quantile(name: str, label: str, share: float, of: str, source: Any = "span") -> Metric:
    def read(sums: Measures) -> Value:
        counts = sums.latency if of == "latency" else sums.first_token
        return Value(sketch.quantile(counts, share), int(counts.sum()))

    return Metric(name, label, "ms", "down", read, source, (of,))


def _tokens_read(sums: Measures) -> Value:
    return Value(sums.input_tokens + sums.output_tokens, sums.spans)


def _speed(sums: Measures) -> Value:
    seconds = sums.timed_ns / 1e9
    return Value(sums.timed_tokens / seconds if seconds else None, sums.spans)


QUANTILES = (
    ("p50", "median", 0.5),
    ("p90", "p90", 0.9),
    ("p95", "p95", 0.95),
    ("p99", "p99", 0.99),
)
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _sum("spans", "Spans", "count"),
        _sum("traces", "Traces", "count", source="trace"),
        _sum("sessions", "Sessions begun", "count", source="trace"),
        _sum("calls", "Model calls", "count"),
        _sum("errors", "Errors", "count", "down"),
        _rate("error_rate", "Error rate", "errors", "spans"),
        _rate("trace_error_rate", "Failed traces", "failed", "traces", "trace"),
        _sum("cost", "Cost", "usd", "down"),
        _sum("est_cost", "Estimated cost", "usd", "down"),
        _sum("unpriced", "Calls without a price", "count", "down"),
        _ratio("cost_per_trace", "Cost per trace", "usd", "down", "cost", "traces", "trace"),
        _ratio("cost_per_call", "Cost per call", "usd", "down", "cost", "calls"),
        _ratio("cost_per_session", "Cost per session", "usd", "down", "cost", "sessions", "trace"),
        _sum("input_tokens", "Input tokens", "tokens"),
        _sum("output_tokens", "Output tokens", "tokens"),
        Metric(
            *("tokens", "Tokens", "tokens", None, _tokens_read, "span"),
            ("input_tokens", "output_tokens", "spans"),
            adds=True,
        ),
        _sum("cache_read_tokens", "Tokens read from caches", "tokens", "up"),
        _sum("cache_saved", "Saved by caches", "usd", "up"),
        _ratio(
            *("cached_share", "Input read from caches", "ratio", "up"),
            *("cache_read_tokens", "input_tokens"),
        ),
        _sum("retried", "Repeated calls", "count", "down"),
        _sum("retried_cost", "Cost of repeated calls", "usd", "down"),
        *(
            _quantile(f"latency_{short}", f"Latency {word}", share, "latency")
            for short, word, share in QUANTILES
        ),
        *(
            _quantile(
                f"trace_latency_{short}", f"Latency of traces {word}", share, "latency", "trace"
            )
            for short, word, share in QUANTILES
        ),
        *(
            _quantile(f"time_to_first_token_{short}", f"First token {word}", share, "first_token")
            for short, word, share in QUANTILES
        ),
        Metric(
            *("tokens_per_second", "Output tokens per second", "tokens/s", "up", _speed, "span"),
            ("timed_tokens", "timed_ns", "spans"),
        ),
        _sum("retrievals", "Retrievals", "count"),
        _rate("empty_retrieval_rate", "Empty retrievals", "empty_retrievals", "retrievals"),
        _ratio(
            *("mean_retrieval_score", "Best document's score", "score", "up"),
            *("best_scores", "scored_retrievals"),
        ),
        Metric(
            *("judge_cost", "Cost of scoring", "usd", "down"),
            lambda sums: Value(sums.cost, sums.n),
            "score",
            adds=True,
        ),
    )
}


def find(name: str) -> Metric:
    """A metric by name; `score:<name>` and `flagged:<name>` of scores. Raises UnknownMetric."""
    if name in METRICS:
        return METRICS[name]
    for prefix, read, unit in ((SCORE, _score, "score"), (FLAGGED, _flagged, "ratio")):
        score = name.removeprefix(prefix)
        if score != name and score and "\x00" not in name:
            label = score if prefix == SCORE else f"{score} flagged"
            return Metric(name, label, unit, None if prefix == SCORE else "down", read, "score")
    raise UnknownMetric(f"There is no metric {name[:100]}.")


def score_of(metric: Metric) -> str | None:
    """The score that a metric is of; None for another's."""
    if metric.source != "score" or metric.name == "judge_cost":
        return None
    return metric.name.partition(":")[2]


def _score(sums: ScoreMeasures) -> Value:
    if sums.n == 0 or sums.w == 0:
        return Value(None, sums.n)
    if sums.booleans == sums.n:
        found = intervals.weighted_rate(sums.w, sums.w2, sums.wx, sums.n)
    else:
        found = intervals.mean_interval(
            *(sums.n, sums.w, sums.w2, sums.wx, sums.wx2, sums.w2x, sums.w2x2)
        )
    return Value(found.value, sums.n, found.low, found.high)


def _flagged(sums: ScoreMeasures) -> Value:
    if sums.judged == 0 or sums.judged_w == 0:
        return Value(None, 0)
    found = intervals.weighted_rate(sums.judged_w, sums.judged_w2, sums.flagged_w, sums.judged)
    return Value(found.value, sums.judged, found.low, found.high)


def value_of(metric: str, sums: Measures | ScoreMeasures) -> Value:
    """What a metric is of these sums. Raises UnknownMetric."""
    return find(metric).read(sums)


def ask(
    project_id: int,
    metric: str,
    *,
    query: Query = EVERYTHING,
    range: TimeRange,
    step: Step | None = None,
    width_ns: int | None = None,
    group_by: str | None = None,
    most: int = 50,
) -> Answer:
    """A metric over time and by group; the largest series first, those beyond `most` as OTHER.

    Steps without anything are filled: 0 where values add up, else None. Raises UnknownMetric,
    TooManyPoints, TooSlow; ValueError for a dimension that there is not.
    """
    wanted = find(metric)
    _bound_points(range, step, width_ns)
    by = () if group_by is None else (group_by,)
    of_all: dict[str, Any] = {"query": query, "range": range, "by": by}
    stepped = step is not None or width_ns is not None
    kept = _largest(project_id, wanted, of_all, most) if stepped and by in MANY else None
    cube = cube_of(project_id, wanted, **of_all, step=step, width_ns=width_ns, kept=kept)
    times = _times(range, step, width_ns)
    return Answer(
        wanted, _series(wanted, cube, times, grouped=group_by is not None, most=most), cube.pending
    )


def cube_of(
    project_id: int,
    metric: Metric,
    *,
    query: Query,
    range: TimeRange,
    step: Step | None,
    width_ns: int | None,
    by: Sequence[str],
    kept: Collection[str] | None = None,
) -> Cube[Any]:
    """The sums that a metric is read from. `kept`: see `cubes`; not of scores."""
    common: dict[str, Any] = {
        "query": query, "range": range, "step": step, "width_ns": width_ns, "by": by
    }  # fmt: skip
    if metric.source == "score":
        return cubes.of_scores(project_id, name=score_of(metric), **common)
    read = cubes.of_traces if metric.source == "trace" else cubes.of_spans
    return read(project_id, only=metric.sums, kept=kept, **common)


def _largest(
    project_id: int, metric: Metric, of_all: dict[str, Any], most: int
) -> frozenset[str] | None:
    """Of dimensions with many values those that are shown, so that only they are read by step."""
    if metric.source == "score":
        return None
    if metric.name == "cost":  # those of least cost need not be read
        cube = cubes.of_spans(
            project_id, **of_all, only=metric.sums, costliest=most + len((None, OTHER))
        )
    else:
        cube = cube_of(project_id, metric, **of_all, step=None, width_ns=None)
    named = [cell for cell in cube.cells if cell.group[0] not in (None, OTHER)]
    named.sort(key=lambda cell: (-_size(metric, metric.read(cell.sums)), str(cell.group[0])))
    return frozenset(str(cell.group[0]) for cell in named[:most])


def _bound_points(range: TimeRange, step: Step | None, width_ns: int | None) -> None:
    width = width_ns or (asking.steps_of(step, None, 0).width_ns if step else None)
    length = (range.end_ns or 0) - (range.start_ns or 0)
    if width and length // width > MOST_POINTS:
        raise TooManyPoints(f"The range has more than {MOST_POINTS:,} steps of this length.")


def _times(within: TimeRange, step: Step | None, width_ns: int | None) -> list[int | None]:
    """The starts of all steps of the range, empty ones too."""
    if step is None and width_ns is None:
        return [None]
    low, high = within.start_ns or 0, within.end_ns or 0
    steps = asking.steps_of(step, width_ns, low)
    width = steps.width_ns or 1
    first = (low - steps.offset_ns) // width
    last = (max(low, high - 1) - steps.offset_ns) // width
    return [number * width + steps.offset_ns for number in range(first, last + 1)]


def _series(
    metric: Metric, cube: Cube[Any], times: Sequence[int | None], *, grouped: bool, most: int
) -> list[Series]:
    groups: dict[str | None, list[Cell[Any]]] = defaultdict(list)
    for cell in cube.cells:
        groups[cell.group[0] if grouped else None].append(cell)
    if not grouped and not groups:
        groups[None] = []
    made = [_one(metric, group, cells, times) for group, cells in groups.items()]
    made.sort(key=lambda one: (one.group == OTHER, -_size(metric, one.total), one.group or ""))
    if len(made) <= most:
        return made
    rest = [cell for one in made[most - 1 :] for cell in groups[one.group]]
    return [*made[: most - 1], _one(metric, OTHER, rest, times)]


def _size(metric: Metric, total: Value) -> float:
    return float(total.value or 0) if metric.adds else float(total.count)


def _one(
    metric: Metric, group: str | None, cells: Sequence[Cell[Any]], times: Sequence[int | None]
) -> Series:
    whole = _whole(metric, [cell.sums for cell in cells])
    by_time: dict[int | None, Any] = {}
    for cell in cells:
        if cell.time_ns in by_time:
            by_time[cell.time_ns] = _both(by_time[cell.time_ns], cell.sums)
        else:
            by_time[cell.time_ns] = cell.sums
    nothing = type(whole)()
    points = [
        _point(metric, time, by_time.get(time, nothing)) for time in times if time is not None
    ]
    return Series(group, points, metric.read(whole))


def _whole(metric: Metric, many: Sequence[Any]) -> Any:
    return (ScoreMeasures if metric.source == "score" else Measures).total(many)


def _both(one: Any, other: Any) -> Any:
    made = type(one)()
    made.add(one)
    made.add(other)
    return made


def _point(metric: Metric, time_ns: int, sums: Any) -> Point:
    value = metric.read(sums)
    return Point(value.value, value.count, value.low, value.high, time_ns)
