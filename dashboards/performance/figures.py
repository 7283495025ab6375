"""The strip of the page, and its tables of what is slow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dashboards import changes
from dashboards.changes import Change
from dashboards.charts import sparkline
from dashboards.frame import Frame, term
from dashboards.numbers import latency, number, rate
from dashboards.overview import stats as strip
from dashboards.overview.reading import added
from dashboards.overview.stats import Stat
from dashboards.performance.cards import tokens_per_second
from dashboards.performance.reading import Group, Reading, grouped
from traces.rollups import sketch
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures
from traces.selectors import metrics
from traces.selectors.cubes import Cell
from traces.selectors.metrics import Value
from traces.spans import Kind

SHOWN = 8
LEAST = 5
"""Spans below which a name is not called slow."""


def stats(reading: Reading) -> list[Stat]:
    """Latency, first token, speed, throughput, errors."""
    frame, now, before = reading.frame, reading.steps, reading.steps_before
    steps, steps_before = reading.latencies, reading.latencies_before
    counts, was = steps.sum(axis=0), steps_before.sum(axis=0)
    [values], [values_before] = (sketch.quantiles(rows, [0.5]) for rows in (steps, steps_before))
    median = Stat(
        "Latency p50",
        latency(sketch.quantile(counts, 0.5)),
        changes.of_quantiles(counts, was, 0.5),
        frame.explore(order="-duration"),
        sparkline(values, values_before),
    )
    p99 = latency(sketch.quantile(counts, 0.99))
    found = [
        median,
        strip.latency_p95(frame, steps, steps_before, note=f"p99 {p99}"),
        first_token(reading),
        speed(reading),
        traces(reading),
        strip.failed(frame, now, before),
    ]
    if reading.unsettled:
        return [replace(one, change=strip.uncompared(one.change)) for one in found]
    return found


def first_token(reading: Reading) -> Stat:
    steps = reading.first_tokens
    now, before = steps.sum(axis=0), reading.calls_before.first_token
    return Stat(
        "First token p95",
        latency(sketch.quantile(now, 0.95)),
        changes.of_quantiles(now, before, 0.95),
        reading.frame.explore("ttft:>0ms", spans=True),
        sparkline(*sketch.quantiles(steps, [0.95])),
    )


def speed(reading: Reading) -> Stat:
    steps = reading.calls
    now = changes.ratio([one.timed_tokens for one in steps], [one.timed_ns / 1e9 for one in steps])
    was = tokens_per_second(reading.calls_before)
    return Stat(
        "Output speed",
        rate(now.value),
        Change(now.value, was, "tokens/s", "up"),
        reading.frame.explore("kind:llm", spans=True),
        sparkline([tokens_per_second(one) for one in steps]),
    )


def traces(reading: Reading) -> Stat:
    frame, now, before = reading.frame, reading.steps, reading.steps_before
    minutes = frame.length_ns / 60e9
    total, was = reading.total.traces, reading.total_before.traces
    change = changes.of_totals(
        [one.traces for one in now], [one.traces for one in before], "count", None
    )
    return Stat(
        "Throughput",
        f"{per_minute(total / minutes)}/min",
        strip.comparable(reading, change) if was else Change(total, None, "count", None),
        frame.explore(),
        strip.course(now, before, lambda one: one.traces),
        note=strip.missing(reading) or f"{number(total)} traces",
    )


def per_minute(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class SlowRow:
    """A model or a name of spans. `bar`: its p95 in percent of the slowest; `note`: what the name
    does not say."""

    name: str
    kind: str
    url: str
    count: int
    p50: float | None
    p95: float | None
    bar: float
    change: Change
    errors: Value
    note: str = ""


DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})")
"""What a provider puts behind the name that was asked for."""
UNANSWERED = "asked for; no call was answered"


def slow_models(reading: Reading) -> list[SlowRow]:
    def model_of(group: Group) -> str | None:
        return group[2] if group[2] != OTHER else None

    now = grouped(reading.spans.cells, model_of)
    before = grouped(() if reading.unsettled else reading.spans_before.cells, model_of)
    rows = []
    for names in named_alike(now):
        sums, was = (added(of[one] for one in names if one in of) for of in (now, before))
        row = row_of(reading.frame, (names[0], ""), sums, was, (_models(names),))
        rows.append(replace(row, note=_note(names, now)))
    return slowest(rows)


def named_alike(found: Mapping[str, Measures]) -> list[tuple[str, ...]]:
    """Names of models, each with those under which only calls stand that failed before the model
    said its full name: they asked for it without its date. One that two dates have stands alone."""
    alike = {name: [name] for name in found}
    for name in [one for one in found if _unanswered(found[one])]:
        whole = [one for one in found if DATED.fullmatch(one.removeprefix(name))]
        if len(whole) == 1 and not _unanswered(found[whole[0]]):
            alike[whole[0]] += alike.pop(name)
    return [tuple(names) for names in alike.values()]


def _unanswered(sums: Measures) -> bool:
    return sums.errors == sums.spans


def _models(names: Sequence[str]) -> str:
    """What a query says for any of them."""
    told, *others = [term("model", name) for name in names]
    return ",".join([told, *(other.removeprefix("model:") for other in others)])


def _note(names: Sequence[str], found: Mapping[str, Measures]) -> str:
    _, *asked = names
    if asked:
        failed = sum(found[name].errors for name in asked)
        return f"with {number(failed)} failed as {', '.join(asked)}"
    return UNANSWERED if _unanswered(found[names[0]]) else ""


def slow_names(reading: Reading) -> list[SlowRow]:
    """By name and kind, so that a step of the application is not taken for a call in it."""
    now = by_name(reading.names.cells)
    before = by_name(() if reading.unsettled else reading.names_before.cells)
    rows = []
    for (name, kind), sums in now.items():
        found = (term("name", name), term("kind", kind))
        rows.append(row_of(reading.frame, (name, kind), sums, before.get((name, kind)), found))
    return slowest(rows)


def by_name(cells: Iterable[Cell[Measures]]) -> dict[tuple[str, str], Measures]:
    def key(group: Group) -> tuple[str, str] | None:
        name, kind = group
        known = name not in (None, "", OTHER) and kind in set(Kind)
        return (str(name), str(kind)) if known else None

    return grouped(cells, key)


def row_of(
    frame: Frame,
    what: tuple[str, str],
    now: Measures,
    before: Measures | None,
    found: Sequence[str],
) -> SlowRow:
    counts = now.latency
    was = before.latency if before else sketch.empty()
    return SlowRow(
        what[0],
        what[1],
        frame.explore(*found, spans=True),
        int(counts.sum()),
        sketch.quantile(counts, 0.5),
        sketch.quantile(counts, 0.95),
        0.0,
        changes.of_quantiles(counts, was, 0.95),
        metrics.value_of("error_rate", now),
    )


def slowest(rows: Iterable[SlowRow]) -> list[SlowRow]:
    """Those with the longest p95 and enough spans."""
    known = [row for row in rows if row.count >= LEAST and row.p95 is not None]
    known.sort(key=lambda row: -(row.p95 or 0))
    longest = max([1e-9, *((row.p95 or 0) for row in known)])
    return [replace(row, bar=round(100 * (row.p95 or 0) / longest, 1)) for row in known[:SHOWN]]
