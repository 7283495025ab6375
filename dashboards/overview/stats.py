"""The strip of figures at the top: value, change and course, each with the traces behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dashboards import changes
from dashboards.changes import Change
from dashboards.charts import Spark, sparkline
from dashboards.frame import Frame
from dashboards.numbers import latency, money, share, tokens, written
from dashboards.overview.quality import Scored
from dashboards.overview.reading import Reading, Stepped, added
from traces.rollups import sketch
from traces.rollups.measures import Measures
from traces.selectors import metrics

UNITS = ("¢", "%", "k", "M", "G", " ms", " tok/s", " s", "/min")

COST_PER_TRACE = "Cost per trace"


@dataclass(frozen=True, slots=True)
class Stat:
    """`verb`: how its change reads in a sentence ("Spend is"); `note` stands behind the change."""

    label: str
    value: str
    change: Change
    url: str
    spark: Spark | None
    note: str = ""
    verb: str = ""

    @property
    def number(self) -> str:
        return self.value.removesuffix(self.unit) if self.unit else self.value

    @property
    def unit(self) -> str:
        """The end of the value that is drawn lighter."""
        return next((unit for unit in UNITS if self.value.endswith(unit)), "")


def stats(reading: Reading, best: Scored | None) -> list[Stat]:
    now, before = reading.steps, reading.steps_before
    found = [
        spend(reading, now, before),
        traces(reading, now, before),
        cost_per_trace(reading, now, before),
        *([quality(reading, best)] if best else []),
        latency_p95(reading.frame, reading.latencies, reading.latencies_before),
        failed(reading.frame, now, before),
    ]
    if reading.unsettled or not reading.total_before.traces:
        return [replace(one, change=uncompared(one.change)) for one in found]
    return found


def uncompared(change: Change) -> Change:
    return replace(change, before=None, low=None, high=None)


def course(
    now: Sequence[Measures],
    before: Sequence[Measures],
    value: Callable[[Measures], float | None],
) -> Spark | None:
    return sparkline([value(one) for one in now], [value(one) for one in before])


def comparable(reading: Stepped, change: Change) -> Change:
    """A sum is not compared with a time that has only a part of its traffic."""
    return change if reading.incomplete is None else uncompared(change)


def missing(reading: Stepped) -> str:
    """In the place of a change that cannot be told."""
    return "" if reading.incomplete is None else reading.incomplete.note


def spend(reading: Reading, now: list[Measures], before: list[Measures]) -> Stat:
    change = changes.of_totals(
        [one.cost for one in now], [one.cost for one in before], "usd", "down"
    )
    return Stat(
        "Spend",
        money(reading.total.cost),
        comparable(reading, change),
        reading.frame.explore(order="-cost"),
        course(now, before, lambda one: one.cost),
        note=missing(reading),
        verb="Spend is",
    )


def traces(reading: Reading, now: list[Measures], before: list[Measures]) -> Stat:
    change = changes.of_totals(
        [one.traces for one in now], [one.traces for one in before], "count", None
    )
    return Stat(
        "Traces",
        tokens(reading.total.traces),
        comparable(reading, change),
        reading.frame.explore(),
        course(now, before, lambda one: one.traces),
        note=missing(reading),
        verb="Traces are",
    )


def cost_per_trace(reading: Reading, now: list[Measures], before: list[Measures]) -> Stat:
    ratios = [
        changes.ratio([one.cost for one in steps], [one.traces for one in steps])
        for steps in (now, before)
    ]
    return Stat(
        COST_PER_TRACE,
        written(ratios[0].value, "usd"),
        changes.of_values(ratios[0], ratios[1], "usd", "down"),
        reading.frame.explore(order="-cost"),
        course(now, before, lambda one: one.cost / one.traces if one.traces else None),
        verb="Cost per trace is",
    )


def quality(reading: Reading, best: Scored) -> Stat:
    value = best.value(best.steps)
    reach = ""
    if value.low is not None and value.high is not None:
        half = (value.high - value.low) / 2
        reach = f"±{half * 100:.1f}, " if best.unit == "ratio" else f"±{half:.2f}, "
    values = [
        [metrics.value_of(best.metric, one).value for one in steps]
        for steps in (best.steps, best.steps_before)
    ]
    return Stat(
        best.label,
        written(value.value, best.unit),
        best.change,
        reading.frame.explore(best.term),
        sparkline(*values),
        note=f"{reach}{best.source}",
        verb=f"{best.label} is",
    )


def latency_p95(frame: Frame, now: sketch.Counts, before: sketch.Counts, note: str = "") -> Stat:
    """A row of counts for each step. `note`: the median, unless something else is said."""
    counts = now.sum(axis=0)
    [values], [values_before] = (sketch.quantiles(rows, [0.95]) for rows in (now, before))
    return Stat(
        "Latency p95",
        latency(sketch.quantile(counts, 0.95)),
        changes.of_quantiles(counts, before.sum(axis=0), 0.95),
        frame.explore(order="-duration"),
        sparkline(values, values_before),
        note=note or f"p50 {latency(sketch.quantile(counts, 0.5))}",
        verb="The 95th percentile of latency is",
    )


def failed(frame: Frame, now: list[Measures], before: list[Measures]) -> Stat:
    totals = [added(steps) for steps in (now, before)]
    values = [metrics.value_of("trace_error_rate", one) for one in totals]
    count = totals[0].failed
    return Stat(
        "Error rate",
        share(values[0].value),
        changes.of_values(values[0], values[1], "ratio", "down"),
        frame.explore("status:error"),
        course(now, before, lambda one: one.failed / one.traces if one.traces else None),
        note=f"{tokens(count)} failed",
        verb="The share of traces that failed is",
    )
