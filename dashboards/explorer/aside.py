"""What stands beside the list: counts of values, and when it happened."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.explorer import ranges
from dashboards.explorer.state import State
from dashboards.explorer.terms import term_of, terms, toggled
from dashboards.templatetags.sightglass import moment_of, number
from sightglass.accounts.access import Access
from traces.selectors import facets as selector
from traces.selectors.facets import Histogram

FACETS = {
    "status": "Status",
    "environment": "Environment",
    "model": "Model",
    "kind": "Span kind",
    "name": "Name",
    "user": "User",
    "tag": "Tag",
    "release": "Release",
    "provider": "Provider",
    "prompt": "Prompt",
    "suspect": "Cost suspect",
    "score": "Score",
    "metadata": "Metadata key",
}
SHOWN = 6
BUCKETS = 60
HEIGHT = 44
MOST_TICKS = 8
MOST_PERCENT = 96
DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True)
class Value:
    text: str
    count: int
    url: str
    chosen: bool
    share: float


@dataclass(frozen=True, slots=True)
class Facet:
    label: str
    values: list[Value]
    more: list[Value]


@dataclass(frozen=True, slots=True)
class Facets:
    facets: list[Facet]
    counted: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """Of the histogram: percents across, pixels down."""

    x: str
    width: str
    y: float
    height: float
    error_y: float
    error_height: float
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    ticks: list[Tick]
    total: int
    errors: int
    complete: bool


def facets(access: Access, state: State) -> Facets:
    """Raises TooSlow."""
    if state.query is None:
        return Facets([], 0, True)
    found = selector.facets(
        access, state.query, state.time.range, list(FACETS), spans=state.counts_spans
    )
    known = set(terms(state.text))
    result = []
    for name, label in FACETS.items():
        values = [
            value_of(state, known, name, text, count, found.counted)
            for text, count in found.values[name]
        ]
        if values:
            result.append(Facet(label, values[:SHOWN], values[SHOWN:]))
    return Facets(result, found.counted, found.complete)


def value_of(
    state: State, known: set[str], name: str, text: str, count: int, counted: int
) -> Value:
    term = term_of(name, text)
    return Value(
        text,
        count,
        state.link(text=toggled(state.text, term)),
        term in known,
        round(100 * count / max(counted, 1), 1),
    )


def chart(access: Access, state: State) -> Chart:
    """Raises TooSlow."""
    if state.query is None:
        return Chart([], [], 0, 0, True)
    found = selector.histogram(
        access, state.query, state.time.range, BUCKETS, spans=state.counts_spans
    )
    highest = max([1, *found.counts])
    bars = [bar(state, found, i, highest) for i in range(len(found.counts)) if found.counts[i]]
    return Chart(bars, ticks(found), sum(found.counts), sum(found.errors), found.complete)


def bar(state: State, found: Histogram, i: int, highest: int) -> Bar:
    count, errors = found.counts[i], found.errors[i]
    start = found.start_ns + i * found.width_ns
    height = max(2.0, HEIGHT * count / highest)
    error_height = max(2.0, HEIGHT * errors / highest) if errors else 0.0
    step = 100 / len(found.counts)
    return Bar(
        x=f"{i * step + step * 0.1:.2f}%",
        width=f"{step * 0.8:.2f}%",
        y=round(HEIGHT - height, 1),
        height=round(height, 1),
        error_y=round(HEIGHT - error_height, 1),
        error_height=round(error_height, 1),
        title=f"{label(start, found.width_ns)}: {number(count)} {state.kind},"
        f" {number(errors)} failed",
        url=state.link(time=window(start, found.width_ns)),
    )


def window(start_ns: int, width_ns: int) -> ranges.Chosen:
    start = max(0, start_ns)
    width = max(width_ns, 1_000_000)
    return ranges.between(ranges.iso(start), ranges.iso(start + width + 1_000))


def label(ns: int, width_ns: int) -> str:
    """As exact as the bucket needs."""
    at = moment_of(ns)
    if width_ns * BUCKETS > 2 * DAY_NS:
        return f"{at.day} {at:%b} {at:%H:%M}"
    return f"{at:%H:%M:%S}" if width_ns < 60 * 10**9 else f"{at:%H:%M}"


def ticks(found: Histogram) -> list[Tick]:
    """A few moments along the bottom: midnights, or quarters of a short range."""
    start, span = found.start_ns, found.width_ns * len(found.counts)
    if span <= 2 * DAY_NS:
        times = [start + span * i // 4 for i in range(5)]
        return [tick(start, span, at, f"{moment_of(at):%H:%M}") for at in times]
    step = max(1, -(-span // (MOST_TICKS * DAY_NS))) * DAY_NS
    midnight = moment_of(start).replace(hour=0, minute=0, second=0)
    first = int(midnight.timestamp()) * 10**9 + DAY_NS
    result = []
    for at in range(first, start + span, step):
        if 100 * (at - start) > MOST_PERCENT * span:
            break  # its text would stand over the edge
        day = moment_of(at)
        text = f"{day:%b} {day.year}" if span > 300 * DAY_NS else f"{day.day} {day:%b}"
        result.append(tick(start, span, at, text))
    return result


def tick(start_ns: int, span: int, at: int, text: str) -> Tick:
    percent = 100 * (at - start_ns) / span
    anchor = "start" if percent < 4 else "end" if percent > 96 else "middle"
    return Tick(f"{percent:.2f}%", text, anchor)
