"""One page of the explorer's list, and what to say where there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dashboards import chips
from dashboards.chips import Chips
from dashboards.explorer import ranges, ranking
from dashboards.explorer.ranking import Ranked
from dashboards.explorer.state import NEWEST, State
from dashboards.explorer.terms import terms, toggled, without
from dashboards.trace.words import FLAGS
from evals.vectors.selectors import searching
from evals.vectors.selectors.searching import Hit
from evals.vectors.services.storing import is_embedded
from sightglass.accounts.access import Access
from traces.ids import span_hex
from traces.models import Span, Trace
from traces.selectors.paging import CursorError, OrderError, Page, TooSlow
from traces.selectors.search import list_spans, list_traces
from traces.spans import Flag

PAGE = 50
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
    ranked: Ranked | None = None

    @property
    def far(self) -> int:
        """Rows that are no nearer than any two texts."""
        return sum(row.hit is not None and row.hit.weak for row in self.rows)


@dataclass(frozen=True, slots=True)
class Row:
    """A trace or span as a line of the table."""

    item: Any
    trace_id: str
    span_id: str
    latency: int | None
    bar: float
    scores: Chips
    suspect: bool
    title: str
    second: str
    hit: Hit | None = None
    like: str = ""
    """Where calls like this one are; empty where it has no vector."""
    begins: str = ""
    """What rows are from here on: "within", which hold the words farther in only; "weak", which are
    no nearer than any two texts."""

    @property
    def near(self) -> float:
        """How far the bar of similarity is filled, in percent."""
        similarity = self.hit.similarity if self.hit else None
        return 0 if similarity is None else round(max(0.0, min(100.0, 100 * similarity)), 1)

    @property
    def near_hex(self) -> str:
        """The span id of what is near, as addresses have it, where it is another call."""
        return span_hex(self.hit.near.span_id) if self.hit and self.hit.near else ""

    @property
    def near_text(self) -> str:
        """What is near says there."""
        if self.hit is None or self.hit.near is None or self.hit.field is None:
            return ""
        return searching.said(self.hit.near, self.hit.field)

    @property
    def key(self) -> str:
        return f"{self.trace_id}{self.span_id}"

    @property
    def pick(self) -> str:
        """As forms name it that send it somewhere."""
        return f"{self.trace_id}:{self.span_id}" if self.span_id else self.trace_id

    @property
    def corrected(self) -> str:
        """Why its time is another than was sent; empty where it is not."""
        label, _, why = FLAGS[Flag.TIME_CLAMPED]
        return f"{label}: {why}" if self.item.flags & Flag.TIME_CLAMPED else ""

    @property
    def estimated(self) -> bool:
        return self.item.total_tokens is None and self.item.est_input_tokens is not None


def listing(access: Access, state: State) -> Listing:
    """The page that `state` asks for; never raises for what its URL says."""
    if state.query is None:
        return Listing()
    if state.ranked:
        return _ranked(access, state)
    try:
        page = page_of(access, state, state.cursor or None)
    except TooSlow:
        return Listing(problem="slow", ways=narrower(state))
    except (CursorError, OrderError):
        return Listing(problem="cursor", ways=[Way("Go to the first page", state.link())])
    rows = rows_of(access, state, page.results)
    if rows:
        return Listing(rows, page.next or "", page.previous or "")
    virgin = not Trace.objects.filter(project_id=access.project.pk).exists()
    return Listing(virgin=virgin, ways=ways_out(state))


def _ranked(access: Access, state: State) -> Listing:
    """Calls by likeness, on one page."""
    try:
        found = ranked_of(access, state, state.ranking.most)
    except TooSlow:
        return Listing(problem="slow", ways=narrower(state))
    rows = rows_of(access, state, found.spans)
    lines = [
        replace(row, hit=hit, title=hit.asked or row.title)
        for row, hit in zip(rows, found.found.hits, strict=True)
    ]
    for tier, begins in ((1, "within"), (2, "weak")):
        if at := next((at for at, hit in enumerate(found.found.hits) if hit.tier == tier), None):
            lines[at] = replace(lines[at], begins=begins)
    return Listing(lines, ways=[] if lines else ways_out(state), ranked=found)


def ranked_of(access: Access, state: State, most: int) -> Ranked:
    """Raises TooSlow."""
    if state.query is None:
        raise ValueError("a search that cannot be read")
    return ranking.ranked(access, state.ranking, state.asked, state.query, state.time.range, most)


def page_of(access: Access, state: State, cursor: str | None, limit: int = PAGE) -> Page[Any]:
    """A list by likeness is one page, as long as the URL says, without what is weak.

    Raises TooSlow, CursorError.
    """
    if state.query is None:
        return Page([])
    if state.ranked:
        return Page(ranked_of(access, state, min(limit, state.ranking.most)).close)
    lists = list_traces if state.kind == "traces" else list_spans
    return lists(
        access,
        query=state.query,
        range=state.time.range,
        order=state.order,
        limit=limit,
        cursor=cursor,
    )


def best_of_traces(access: Access, state: State, most: int) -> list[Hit]:
    """Of a list by likeness the best call of each trace, without what is weak. Raises TooSlow."""
    return ranked_of(access, state, min(most, state.ranking.most)).best


def rows_of(access: Access, state: State, items: Sequence[Any]) -> list[Row]:
    """Lines of the table; scores are looked up where they are a column of it."""

    def link(term: str) -> str:
        return state.link(text=toggled(state.text, term))

    found = [Chips()] * len(items)
    if any(column.name == "scores" for column in state.columns):
        if state.kind == "spans":
            of_spans = chips.of_spans(access, items, link)
            found = [of_spans.get((item.trace_id, item.span_id), Chips()) for item in items]
        else:
            of_traces = chips.of_traces(access, items, link)
            found = [of_traces.get(item.trace_id, Chips()) for item in items]
    rows = [row_of(item, scores) for item, scores in zip(items, found, strict=True)]
    like = state.like()
    return [replace(row, like=like + row.pick) if _has_vector(row.item) else row for row in rows]


def _has_vector(item: Trace | Span) -> bool:
    """Whether such items get vectors."""
    return isinstance(item, Span) and is_embedded(item)


def row_of(item: Trace | Span, scores: Chips) -> Row:
    title = item.input_preview or item.name or "(no name)"
    length = None if item.end_ns is None else item.end_ns - item.start_ns
    return Row(
        item=item,
        trace_id=item.trace_id.hex,
        span_id=span_hex(item.span_id) if isinstance(item, Span) else "",
        latency=length,
        scores=scores,
        bar=0 if length is None else round(max(0, min(100, 100 * length / SLOW_NS)), 1),
        suspect=bool(item.suspect_reasons) or bool(item.flags & Flag.COST_SUSPECT),
        title=title,
        second=item.output_preview or "",
    )


def shown_terms(state: State) -> list[str]:
    """Those that narrow the list: words that it is ranked by do not."""
    return ranking.filters(state.text) if state.asked else terms(state.text)


def ways_out(state: State) -> list[Way]:
    """What to drop or narrow: each term, the range, the order."""
    ways = [
        Way(f"Without {term}", state.link(text=without(state.text, term)))
        for term in shown_terms(state)[:4]
    ]
    if state.ranked and state.ranking.least:
        ways.append(Way("However similar", state.ranked_link(least="")))
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
