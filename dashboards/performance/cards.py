"""The cards of the page, made of one reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from dashboards.charts import ChartCard, Choice, Level, Series, bars, histogram, lines
from dashboards.frame import Frame, term
from dashboards.overview.cards import KINDS, step_word
from dashboards.overview.reading import added
from dashboards.performance.reading import CALLS, Reading
from traces.rollups import sketch
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures
from traces.selectors import metrics

QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99))
BY = {"kind": 0, "provider": 1}
"""What errors can be shown by, and where that stands in a group of the reading."""
SHOWN = 5
STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
"""Within a power of ten, where bars of the distribution begin (milliseconds)."""
COARSE = (1.0, 3.0)
MOST_BARS = 36
VALUES = np.array(sketch.VALUES)


def quantiles(
    frame: Frame,
    steps: sketch.Counts,
    url: str,
    wanted: Sequence[tuple[str, float]] = QUANTILES,
) -> list[Series]:
    """`steps`: a row of counts for each step of the frame."""
    whole = steps.sum(axis=0)
    found = sketch.quantiles(steps, [part for _, part in wanted])
    return [
        Series(name, frame.times, values, total=sketch.quantile(whole, part), url=url)
        for (name, part), values in zip(wanted, found, strict=True)
    ]


def latency(reading: Reading) -> ChartCard:
    frame = reading.frame
    url = frame.explore(order="-duration")
    series = quantiles(frame, reading.latencies, url)
    known = any(one.total is not None for one in series)
    return ChartCard(
        "latency",
        "Latency",
        lines(series, unit="ms", step_ns=frame.step_ns) if known else None,
        sub="whole traces",
        explore=frame.explore(order="-duration"),
        csv=frame.csv("latency"),
        size="l",
    )


def distribution(reading: Reading) -> ChartCard:
    """How many traces took how long; a bar leads to them."""
    frame, counts = reading.frame, reading.latencies.sum(axis=0)
    card = ChartCard(
        "distribution",
        "Latency distribution",
        sub="traces",
        explore=frame.explore(order="-duration"),
        csv=frame.csv("distribution"),
        size="l",
    )
    if not counts.any():
        return card
    edges, numbers = binned(counts)
    marks = [
        Level(value, name)
        for name, part in (("p50", 0.5), ("p95", 0.95))
        if (value := sketch.quantile(counts, part)) is not None
    ]
    urls = [
        frame.explore(f"duration:>={plain(low)}ms", f"duration:<{plain(high)}ms")
        for low, high in pairwise(edges)
    ]
    chart = histogram(edges, numbers, unit="ms", marks=marks, urls=urls)
    return ChartCard(
        card.id,
        card.title,
        chart,
        sub=card.sub,
        explore=card.explore,
        csv=card.csv,
        size="l",
    )


def plain(milliseconds: float) -> str:
    """A number without an exponent, as a query reads it."""
    return f"{milliseconds:.6f}".rstrip("0").rstrip(".")


def binned(counts: sketch.Counts) -> tuple[list[float], list[int]]:
    """Round edges (ms) around all values, and how many lie between each two."""
    held = np.flatnonzero(counts)
    low, high = VALUES[held[0]], VALUES[held[-1]]
    for steps in (STEPS, COARSE):
        rounds = [step * 10.0**power for power in range(-4, 11) for step in steps]
        first = max(i for i, edge in enumerate(rounds) if edge <= low)
        last = next(i for i, edge in enumerate(rounds) if edge > high)
        if last - first <= MOST_BARS:
            break
    edges = rounds[first : last + 1]
    places = np.clip(np.searchsorted(edges, VALUES[held], side="right") - 1, 0, len(edges) - 2)
    found = np.bincount(places, weights=counts[held], minlength=len(edges) - 1)
    return edges, [int(number) for number in found]


def first_token(reading: Reading) -> ChartCard:
    frame = reading.frame
    url = frame.explore("ttft:>0ms", spans=True)
    series = quantiles(frame, reading.first_tokens, url, (("p50", 0.5), ("p95", 0.95)))
    known = any(one.total is not None for one in series)
    return ChartCard(
        "first_token",
        "Time to first token",
        lines(series, unit="ms", step_ns=frame.step_ns) if known else None,
        sub="model calls",
        explore=frame.explore("ttft:>0ms", spans=True),
        csv=frame.csv("first_token"),
        empty="No streamed call here says when its first token came.",
    )


def speed(reading: Reading) -> ChartCard:
    """Output tokens per second by model."""
    frame = reading.frame
    cells: dict[str, dict[int, list[Measures]]] = defaultdict(lambda: defaultdict(list))
    for cell in reading.spans.cells:
        kind, _, model = cell.group
        if kind in CALLS and model not in (None, OTHER) and cell.time_ns is not None:
            cells[str(model)][cell.time_ns].append(cell.sums)
    sums = {
        model: {ns: timed(found) for ns, found in by_time.items()}
        for model, by_time in cells.items()
    }
    totals = {model: sum(one.timed_tokens for one in by.values()) for model, by in sums.items()}
    ranked = sorted((m for m in sums if totals[m]), key=lambda model: -totals[model])[:SHOWN]
    series = [
        Series(
            model,
            frame.times,
            [tokens_per_second(sums[model].get(ns)) for ns in frame.times],
            total=tokens_per_second(timed(sums[model].values())),
            url=frame.explore(term("model", model), spans=True),
        )
        for model in ranked
    ]
    return ChartCard(
        "speed",
        "Output speed",
        lines(series, unit="tokens/s", step_ns=frame.step_ns) if series else None,
        sub="tokens per second, by model",
        explore=frame.explore("kind:llm", spans=True),
        csv=frame.csv("speed"),
        empty="No finished call with output tokens in this time range.",
    )


def timed(many: Iterable[Measures]) -> Measures:
    """What their output speed is made of, alone."""
    tokens = ns = 0
    for one in many:
        tokens += one.timed_tokens
        ns += one.timed_ns
    return Measures(timed_tokens=tokens, timed_ns=ns)


def tokens_per_second(sums: Measures | None) -> float | None:
    return metrics.value_of("tokens_per_second", sums).value if sums else None


def throughput(reading: Reading) -> ChartCard:
    frame = reading.frame
    values = [one.traces for one in reading.steps]
    url = frame.explore()
    series = [Series("Traces", frame.times, values, total=sum(values), url=url)]
    return ChartCard(
        "throughput",
        f"Traces by {step_word(frame)}",
        bars(series, unit="count", step_ns=frame.step_ns) if sum(values) else None,
        explore=frame.explore(),
        csv=frame.csv("throughput"),
    )


def errors(reading: Reading, choice: str) -> ChartCard:
    """Failed spans by kind or by provider."""
    frame, at = reading.frame, BY[choice]
    sums: dict[str | None, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cell in reading.spans.cells:
        if cell.sums.errors and cell.time_ns is not None:
            sums[cell.group[at]][cell.time_ns] += cell.sums.errors
    ranked = sorted(sums, key=lambda group: -sum(sums[group].values()))
    series = [
        Series(
            error_name(choice, group),
            frame.times,
            [sums[group].get(ns, 0) for ns in frame.times],
            total=sum(sums[group].values()),
            url=frame.explore(term(choice, group), "status:error", spans=True)
            if term(choice, group)
            else "",
        )
        for group in ranked[:SHOWN]
    ]
    choices = [
        Choice(name.capitalize(), frame.link(by="" if name == "kind" else name), name == choice)
        for name in BY
    ]
    return ChartCard(
        "errors",
        "Errors",
        bars(series, unit="count", step_ns=frame.step_ns) if series else None,
        sub="failed spans",
        explore=frame.explore("status:error", spans=True),
        csv=frame.csv("errors"),
        choices=choices,
        empty="No span failed in this time range.",
    )


def error_name(choice: str, group: str | None) -> str:
    if choice == "kind":
        return KINDS.get(str(group), str(group).capitalize())
    return "other" if group == OTHER else group or "no provider"


def found_nothing(reading: Reading) -> ChartCard:
    """The share of retrievals without a document, with its interval."""
    frame = reading.frame
    steps = reading.retrievals
    values = [metrics.value_of("empty_retrieval_rate", one) for one in steps]
    total = metrics.value_of("empty_retrieval_rate", added(steps))
    series = [
        Series(
            "Without a document",
            frame.times,
            [one.value for one in values],
            low=[one.low if one.value is not None else None for one in values],
            high=[one.high if one.value is not None else None for one in values],
            counts=[one.count for one in values],
            total=total.value,
            url=frame.explore("kind:retriever", spans=True),
        )
    ]
    return ChartCard(
        "empty",
        "Empty retrievals",
        lines(series, unit="ratio", step_ns=frame.step_ns, from_zero=True) if total.count else None,
        sub="95% interval",
        explore=frame.explore("kind:retriever", spans=True),
        csv=frame.csv("empty"),
        empty="No retriever ran in this time range.",
    )


def relevance(reading: Reading) -> ChartCard:
    frame = reading.frame
    steps = reading.retrievals
    values = [metrics.value_of("mean_retrieval_score", one).value for one in steps]
    total = metrics.value_of("mean_retrieval_score", added(steps))
    url = frame.explore("kind:retriever", spans=True)
    series = [Series("Best document", frame.times, values, total=total.value, url=url)]
    return ChartCard(
        "relevance",
        "Best document's score",
        lines(series, unit="score", step_ns=frame.step_ns) if total.count else None,
        sub="mean, by the retriever",
        explore=frame.explore("kind:retriever", spans=True),
        csv=frame.csv("relevance"),
        empty="No retriever said how well its documents match.",
    )


def retriever_latency(reading: Reading) -> ChartCard:
    frame = reading.frame
    steps = sketch.unpacked_rows([one.packed for one in reading.retrievals])
    url = frame.explore("kind:retriever", spans=True)
    series = quantiles(frame, steps, url, (("p50", 0.5), ("p95", 0.95)))
    known = any(one.total is not None for one in series)
    return ChartCard(
        "retriever_latency",
        "Latency of retrievers",
        lines(series, unit="ms", step_ns=frame.step_ns) if known else None,
        explore=frame.explore("kind:retriever", spans=True),
        csv=frame.csv("retriever_latency"),
        empty="No retriever ran in this time range.",
    )
