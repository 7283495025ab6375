"""The two main lists: traces and spans that a query matches, by keyset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from sightglass.accounts.access import Access
from traces.models import Span, Trace
from traces.query import Query, QueryError, parse
from traces.selectors.conditions import condition
from traces.selectors.paging import (
    MAX_LIMIT,
    Cursor,
    CursorError,
    OrderError,
    Page,
    TimeRange,
    TooSlow,
    decode,
    encode,
    time_limit,
)

__all__ = [
    "CursorError",
    "OrderError",
    "Page",
    "Query",
    "QueryError",
    "TimeRange",
    "TooSlow",
    "list_spans",
    "list_traces",
    "matching_spans",
    "matching_traces",
    "parse",
]

EVERYTHING = Query()
ALWAYS = TimeRange()
KEY_TYPES = (int, str, int)
"""Of what lists are sorted by: start or sort key, trace id, span id."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """What a list is sorted by: `alias`, annotated if it is no column. Unknown is below zero."""

    alias: str
    column: str


TRACE_ORDERS = {
    "start_time": SortKey("start_ns", "start_ns"),
    "duration": SortKey("sort_duration", "duration_ns"),
    "cost": SortKey("sort_cost", "cost_total"),
    "tokens": SortKey("sort_tokens", "total_tokens"),
}
SPAN_ORDERS = {"start_time": SortKey("start_ns", "start_ns")}


def matching_traces(access: Access, query: Query, range: TimeRange) -> QuerySet[Trace]:
    """The traces of the project that match, unordered."""
    rows = within(Trace.objects.filter(project_id=access.project.pk), range)
    wanted = condition(query, "trace")
    return rows.filter(wanted) if wanted else rows


def matching_spans(access: Access, query: Query, range: TimeRange) -> QuerySet[Span]:
    """The spans of the project that match, unordered."""
    rows = within(Span.objects.filter(project_id=access.project.pk), range)
    wanted = condition(query, "span")
    return rows.filter(wanted) if wanted else rows


def within(rows: QuerySet[Any], range: TimeRange) -> QuerySet[Any]:
    if range.start_ns is not None:
        rows = rows.filter(start_ns__gte=range.start_ns)
    if range.end_ns is not None:
        rows = rows.filter(start_ns__lt=range.end_ns)
    return rows


def list_traces(
    access: Access,
    *,
    query: Query = EVERYTHING,
    range: TimeRange = ALWAYS,
    order: str = "-start_time",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Trace]:
    """One page. `order`: start_time, duration, cost or tokens, each with an optional "-" or "+".

    Raises CursorError, OrderError, TooSlow.
    """
    key, descending = sort_of(order, TRACE_ORDERS)
    rows = matching_traces(access, query, range)
    if key.alias != key.column:
        known = Coalesce(F(key.column), Value(-1), output_field=BigIntegerField())
        rows = rows.annotate(**{key.alias: known})

    def key_of(trace: Trace) -> tuple[int | str, ...]:
        return getattr(trace, key.alias), trace.trace_id.hex

    return _page(rows, "traces" + order, (key.alias, "trace_id"), descending, limit, cursor, key_of)


def list_spans(
    access: Access,
    *,
    query: Query = EVERYTHING,
    range: TimeRange = ALWAYS,
    order: str = "-start_time",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Span]:
    """One page, by start time. Raises CursorError, OrderError, TooSlow."""
    _, descending = sort_of(order, SPAN_ORDERS)
    rows = matching_spans(access, query, range)

    def key_of(span: Span) -> tuple[int | str, ...]:
        return span.start_ns, span.trace_id.hex, span.span_id

    columns = ("start_ns", "trace_id", "span_id")
    return _page(rows, "spans" + order, columns, descending, limit, cursor, key_of)


def sort_of(order: str, orders: dict[str, SortKey]) -> tuple[SortKey, bool]:
    name = order.lstrip("+- ") if order[:1] in "+- " else order
    if name not in orders or len(order) - len(name) > 1:
        raise OrderError(f"order is one of {', '.join(orders)}, with - for descending")
    return orders[name], order.startswith("-")


def _page(
    rows: QuerySet[Any],
    order: str,
    columns: tuple[str, ...],
    descending: bool,
    limit: int,
    text: str | None,
    key_of: Callable[[Any], tuple[int | str, ...]],
) -> Page[Any]:
    """Rows behind the cursor, and cursors to both sides. All columns sort in one direction."""
    limit = max(1, min(limit, MAX_LIMIT))
    at = decode(text, order, KEY_TYPES[: len(columns)]) if text else None
    backward = at is not None and at.backward
    falling = descending != backward
    if at is not None:
        rows = rows.filter(behind(columns, at.key, falling=falling))
    rows = rows.order_by(*(f"-{name}" if falling else name for name in columns))
    with time_limit():
        found = list(rows[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if backward:
        found.reverse()
    page: Page[Any] = Page(found)
    if found and (more or backward):
        page.next = encode(order, Cursor(key_of(found[-1])))
    if found and (more if backward else at is not None):
        page.previous = encode(order, Cursor(key_of(found[0]), backward=True))
    return page


def behind(columns: tuple[str, ...], key: tuple[int | str, ...], *, falling: bool) -> Q:
    """Rows that come after `key`; the bound on the first column is what an index can use."""
    try:
        values = [key[0], UUID(hex=str(key[1])), *key[2:]]
    except ValueError:
        raise CursorError from None
    after = "lt" if falling else "gt"
    wanted = Q()
    for i, column in enumerate(columns):
        equal = dict(zip(columns[:i], values[:i], strict=True))
        wanted |= Q(**equal, **{f"{column}__{after}": values[i]})
    return Q(**{f"{columns[0]}__{after}e": values[0]}) & wanted
