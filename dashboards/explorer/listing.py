"""One page of the explorer's list, and what to say where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboards.explorer import ranges
from dashboards.explorer.state import NEWEST, State
from dashboards.explorer.terms import terms, without
from sightglass.accounts.access import Access
from traces.ids import span_hex
from traces.models import Span, Trace
from traces.selectors.paging import CursorError, OrderError, Page, TooSlow
from traces.selectors.search import list_spans, list_traces
from traces.spans import Flag

PAGE = 50
MAX_SCORES = 3
SLOW_NS = 10 * 10**9
"""A bar of this length is full."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of an empty or slow list."""

    label: str
    url: str


@dataclass(slots=True)
class Listing:
    """`problem`: "", "slow" or "cursor". `virgin`: nothing was ever stored in this project."""

    rows: Sequence[Row] = ()
    next: str = ""
    previous: str = ""
    problem: str = ""
    virgin: bool = False
    ways: list[Way] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """A trace or span as a line of the table."""

    item: Any
    trace_id: str
    span_id: str
    latency: int | None
    bar: float
    scores: list[tuple[str, str]]
    suspect: bool
    title: str
    second: str

    @property
    def key(self) -> str:
        return f"{self.trace_id}{self.span_id}"

    @property
    def estimated(self) -> bool:
        return self.item.total_tokens is None and self.item.est_input_tokens is not None


def listing(access: Access, state: State) -> Listing:
    """The page that `state` asks for; never raises for what its URL says."""
    if state.query is None:
        return Listing()
    try:
        page = page_of(access, state, state.cursor or None)
    except TooSlow:
        return Listing(problem="slow", ways=narrower(state))
    except (CursorError, OrderError):
        return Listing(problem="cursor", ways=[Way("Go to the first page", state.link())])
    rows = [row_of(item) for item in page.results]
    if rows:
        return Listing(rows, page.next or "", page.previous or "")
    virgin = not Trace.objects.filter(project_id=access.project.pk).exists()
    return Listing(virgin=virgin, ways=ways_out(state))


def page_of(access: Access, state: State, cursor: str | None, limit: int = PAGE) -> Page[Any]:
    """Raises TooSlow, CursorError."""
    if state.query is None:
        return Page([])
    lists = list_traces if state.kind == "traces" else list_spans
    return lists(
        access,
        query=state.query,
        range=state.time.range,
        order=state.order,
        limit=limit,
        cursor=cursor,
    )


def row_of(item: Trace | Span) -> Row:
    title = item.input_preview or item.name or "(no name)"
    length = None if item.end_ns is None else item.end_ns - item.start_ns
    return Row(
        item=item,
        trace_id=item.trace_id.hex,
        span_id=span_hex(item.span_id) if isinstance(item, Span) else "",
        latency=length,
        scores=scores_of(item),
        bar=0 if length is None else round(max(0, min(100, 100 * length / SLOW_NS)), 1),
        suspect=bool(item.suspect_reasons) or bool(item.flags & Flag.COST_SUSPECT),
        title=title,
        second=item.output_preview or "",
    )


def scores_of(item: Trace | Span) -> list[tuple[str, str]]:
    """Name and value of a few of a trace's scores, as they are read."""
    if isinstance(item, Span):
        return []
    return [(name, score_text(value)) for name, value in list(item.scores.items())[:MAX_SCORES]]


def score_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, int | float) else str(value)


def ways_out(state: State) -> list[Way]:
    """What to drop or narrow: each term, the range, the order."""
    ways = [
        Way(f"Without {term}", state.link(text=without(state.text, term)))
        for term in terms(state.text)[:4]
    ]
    if state.time.name != "all":
        ways.append(Way("All time", state.link(time=ranges.preset("all"))))
    if state.order != NEWEST:
        ways.append(Way("Newest first", state.link(order=NEWEST)))
    return ways


def narrower(state: State) -> list[Way]:
    """What makes a slow search faster."""
    ways = [
        Way(ranges.PRESETS[name], state.link(time=ranges.preset(name))) for name in ("24h", "1h")
    ]
    if state.order != NEWEST:
        ways.append(Way("Newest first", state.link(order=NEWEST)))
    return ways
