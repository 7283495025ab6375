"""The cards of the overview, made of one reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.changes import Change
from dashboards.charts import ChartCard, Choice, Event, Series, bars, lines
from dashboards.charts.types import OTHER_LABEL, short
from dashboards.frame import Frame, term
from dashboards.numbers import number
from dashboards.overview.quality import Scored
from dashboards.overview.reading import GROUPS, LABELS, SHOWN, Reading, by_group
from traces.rollups import sketch
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import Measures
from traces.selectors import cubes
from traces.selectors.cubes import Cell
from traces.selectors.search import EVERYTHING

"""Series of the cost card, and rows of a table."""
UNNAMED = {"model": "no model", "name": "no name", "user_id": "no user"}
MOST_EVENTS = 4
KINDS = {
    "llm": "LLM calls",
    "embedding": "Embeddings",
    "retriever": "Retrievers",
    "reranker": "Rerankers",
    "tool": "Tools",
    "agent": "Agents",
    "chain": "Steps",
    "guardrail": "Guardrails",
    "evaluator": "Evaluators",
    "span": "Spans",
}
ENOUGH = 10
"""Scores in each step that a second line needs: fewer would only be noise."""


def step_word(frame: Frame) -> str:
    if "step" in frame.grain:
        return str(frame.grain["step"])
    return f"{frame.step_ns // 60_000_000_000} minutes"


def releases(reading: Reading) -> list[Event]:
    """First steps of the releases that were not there when the range began."""
    first: dict[str, int] = {}
    for cell in reading.releases.cells:
        release, when = cell.group[0], cell.time_ns
        if release not in (None, OTHER) and when is not None:
            first[str(release)] = min(when, first.get(str(release), when))
    began = reading.frame.times[0]
    busy = [one.traces for one in reading.steps]
    if busy and busy[0] == 0:  # traffic itself begins later: its first release is no news
        began = min(first.values(), default=began)
    new = sorted((ns, release) for release, ns in first.items() if ns > began)
    return [Event(ns, release) for ns, release in new[-MOST_EVENTS:]]


def cost(reading: Reading, choice: str, events: Sequence[Event]) -> ChartCard:
    """Cost by step and model, feature or user. Raises TooSlow."""
    frame, dimension = reading.frame, GROUPS[choice]
    cells = cost_cells(reading, choice)
    series = stacked(cells, frame, dimension, at=1 if choice == "model" else 0)
    chart = bars(series, unit="usd", step_ns=frame.step_ns, events=events)
    choices = [
        Choice(LABELS[name], frame.link(by="" if name == "model" else name), name == choice)
        for name in GROUPS
    ]
    return ChartCard(
        "cost",
        f"Cost by {step_word(frame)} and {LABELS[choice].lower()}",
        chart if any(one.total for one in series) else None,
        sub="US$",
        explore=frame.explore(order="-cost"),
        csv=frame.csv("cost"),
        choices=choices,
        empty="Nothing with a price happened in this time range.",
        size="l",
    )


def cost_cells(reading: Reading, choice: str) -> Sequence[Cell[Measures]]:
    if choice == "model":
        return reading.spans.cells
    frame = reading.frame
    asked: dict[str, Any] = dict(frame.grain)
    cube = cubes.of_traces(
        frame.project_id,
        query=frame.query or EVERYTHING,
        range=frame.range,
        by=(GROUPS[choice],),
        only=("cost",),
        **asked,
    )
    return cube.cells


def stacked(cells: Iterable[Cell[Measures]], frame: Frame, dimension: str, at: int) -> list[Series]:
    """Cost of the costliest groups by step, the others as one."""
    sums: dict[str | None, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cell in cells:
        if cell.time_ns is not None and cell.sums.cost:
            sums[cell.group[at]][cell.time_ns] += cell.sums.cost
    ranked = sorted(sums, key=lambda group: -sum(sums[group].values()))
    kept = [group for group in ranked if group != OTHER][:SHOWN]
    found = [one_series(frame, dimension, group, sums[group]) for group in kept]
    rest: dict[int, int] = defaultdict(int)
    for group in ranked:
        if group not in kept:
            for ns, value in sums[group].items():
                rest[ns] += value
    if rest:
        found.append(one_series(frame, dimension, OTHER, rest))
    return found


def one_series(frame: Frame, dimension: str, group: str | None, values: dict[int, int]) -> Series:
    name = OTHER_LABEL if group == OTHER else group or UNNAMED[dimension]
    link = term(dimension, group)
    return Series(
        name,
        frame.times,
        [values.get(ns, 0) for ns in frame.times],
        total=sum(values.values()),
        url=frame.explore(link, order="-cost") if link else "",
    )


def quality(reading: Reading, known: Sequence[Scored], events: Sequence[Event]) -> ChartCard:
    """The best known score with its band, and the next of the same unit."""
    frame = reading.frame
    empty = "No score yet that says how good answers are. Evaluators and feedback give them."
    if not known:
        return ChartCard("quality", "Answer quality", empty=empty)
    best = known[0]
    alike = [one for one in known[1:] if (one.unit, one.kind) == (best.unit, best.kind)]
    least = ENOUGH * len(frame.times)
    beside = [one for one in alike if one.value(one.steps).count >= least][:1]
    series = [
        one.series(frame.times, frame.explore(one.term), dash=i > 0)
        for i, one in enumerate([best, *beside])
    ]
    chart = lines(series, unit=best.unit, step_ns=frame.step_ns, events=events)
    return ChartCard(
        "quality",
        "Answer quality",
        chart,
        sub="95% interval",
        explore=frame.explore(best.term),
        csv=frame.csv("quality"),
    )


def latency(reading: Reading, events: Sequence[Event]) -> ChartCard:
    frame = reading.frame
    url = frame.explore(order="-duration")
    found = sketch.quantiles(reading.latencies, [0.5, 0.95])
    series = [
        Series(name, frame.times, values, url=url)
        for name, values in zip(("p50", "p95"), found, strict=True)
    ]
    known = reading.total.traces > 0
    chart = lines(series, unit="ms", step_ns=frame.step_ns, events=events) if known else None
    return ChartCard(
        "latency",
        "Latency",
        chart,
        sub="whole traces",
        explore=frame.explore(order="-duration"),
        csv=frame.csv("latency"),
    )


def errors(reading: Reading, events: Sequence[Event]) -> ChartCard:
    """Failed spans by their kind."""
    frame = reading.frame
    sums: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for cell in reading.spans.cells:
        if cell.sums.errors and cell.time_ns is not None:
            sums[str(cell.group[0])][cell.time_ns] += cell.sums.errors
    ranked = sorted(sums, key=lambda kind: -sum(sums[kind].values()))
    series = [
        Series(
            KINDS.get(kind, kind.capitalize()),
            frame.times,
            [sums[kind].get(ns, 0) for ns in frame.times],
            total=sum(sums[kind].values()),
            url=frame.explore(f"kind:{kind}", "status:error", spans=True),
        )
        for kind in ranked[:SHOWN]
    ]
    chart = bars(series, unit="count", step_ns=frame.step_ns, events=events) if series else None
    return ChartCard(
        "errors",
        "Errors",
        chart,
        sub="failed spans",
        explore=frame.explore("status:error", spans=True),
        csv=frame.csv("errors"),
        empty="No span failed in this time range.",
    )


@dataclass(frozen=True, slots=True)
class TopRow:
    """A line of a top list. `share`: of the largest, in percent."""

    name: str
    url: str
    traces: str
    cost: int
    share: float
    change: Change


def top(
    frame: Frame,
    dimension: str,
    now: Iterable[Cell[Measures]],
    before: Iterable[Cell[Measures]] | None,
) -> list[TopRow]:
    """The costliest values. Their changes have no interval: they are told without colour.

    `before` None: there is nothing to compare with.
    """
    sums = by_group(now)
    were = None if before is None else by_group(before)
    named = [group for group in sums if group not in (None, OTHER)]
    ranked = sorted(named, key=lambda group: (-sums[group].cost, -sums[group].traces))[:SHOWN]
    largest = max([1, *(sums[group].cost for group in ranked)])
    return [
        TopRow(
            short(str(group)),
            frame.explore(term(dimension, group), order="-cost"),
            number(sums[group].traces),
            sums[group].cost,
            round(100 * sums[group].cost / largest, 1),
            change_of(sums[group], were, group),
        )
        for group in ranked
    ]


def change_of(now: Measures, were: dict[str | None, Measures] | None, group: str | None) -> Change:
    if were is None:
        return Change(now.cost, None, "usd", "down")
    return Change(now.cost, were.get(group, Measures()).cost, "usd", "down")
