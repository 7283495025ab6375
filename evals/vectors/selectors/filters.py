"""Which calls a query leaves: a call has what is said of it or, where that is nothing, of its
trace.

What few calls match is listed, so that all of them are compared. Calls of a trace that matches are
found by the trace, whose user, session and tags an index has. Calls that say another one themselves
than their trace have no index: they are looked for in the range, for a second where others are
found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection

from traces.query import Query
from traces.query.nodes import All, Node, Not, Term
from traces.query.nodes import Any as Either
from traces.selectors.conditions import Condition, condition
from traces.selectors.paging import READ_LIMIT_MS, TimeRange, TooSlow, time_limit

EARLIEST, LATEST = -(2**63), 2**63 - 1
MOST_EXACT = 5_000
"""Calls that match a query, up to which all of them are listed."""
OWN_MS = 1_000
"""For calls that say themselves what their trace says otherwise."""
OF_TRACES = frozenset({"user", "session", "environment", "release", "tag", "metadata", "score"})
"""Fields that a call has from its trace."""

WITH_TRACE = """(SELECT {condition} FROM traces_trace t
  WHERE t.project_id = traces_span.project_id AND t.trace_id = traces_span.trace_id)"""
"""Looked up call by call, so that reading stops once enough match: a join would read all traces."""
MATCHING = """
SELECT traces_span.trace_id, traces_span.span_id, traces_span.start_ns FROM {source}
WHERE traces_span.project_id = %s AND traces_span.start_ns >= %s AND traces_span.start_ns < %s
  AND traces_span.kind = 'llm' AND ({condition}) {more} LIMIT %s"""
TRACES = """
SELECT trace_id, start_ns, greatest(last_start_ns, start_ns) FROM traces_trace
WHERE project_id = %s AND greatest(last_start_ns, start_ns) >= %s AND start_ns < %s
  AND ({condition}) LIMIT %s"""
OF_THESE = """unnest(%s::uuid[], %s::int8[], %s::int8[]) AS d(trace_id, low, high)
  JOIN traces_span ON traces_span.project_id = %s AND traces_span.trace_id = d.trace_id
    AND traces_span.start_ns >= d.low AND traces_span.start_ns <= d.high"""

Call = tuple[UUID, int, int]
"""Trace and span id, and start in ns."""


@dataclass(frozen=True, slots=True)
class Filter:
    """`sql` tests rows of traces_span. `calls`: all that match in the range, unless there are more
    than MOST_EXACT."""

    sql: str
    params: list[Any]
    calls: list[Call] | None = None


def filter_of(query: Query) -> Filter | None:
    """None where the query asks for everything."""
    joined = any(term.field in OF_TRACES for term in _terms(query.root))
    wanted = condition(query, "call" if joined else "span")
    if wanted is None:
        return None
    sql = WITH_TRACE.format(condition=wanted.sql) if joined else wanted.sql
    return Filter(sql, wanted.params)


def listed(project_id: int, query: Query, range: TimeRange) -> Filter | None:
    """The same, with the calls that match it. Raises TooSlow."""
    made = filter_of(query)
    if made is None:
        return None
    span = bounds(range)
    if terms := _of_traces(query.root):
        found = _by_trace(made, terms, project_id, span)
    else:
        with time_limit():
            found = _matching(made, project_id, span)
    return replace(made, calls=found if len(found) <= MOST_EXACT else None)


def bounds(range: TimeRange) -> tuple[int, int]:
    """Of starts in ns, the first of them included."""
    return (
        EARLIEST if range.start_ns is None else range.start_ns,
        LATEST if range.end_ns is None else range.end_ns,
    )


def _terms(node: Node | None) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Not):
        yield from _terms(node.part)
    elif isinstance(node, All | Either):
        for part in node.parts:
            yield from _terms(part)


def _of_traces(root: Node | None) -> tuple[Term, ...]:
    """Terms that every match has, and by which traces are found."""
    parts = root.parts if isinstance(root, All) else (root,)
    return tuple(part for part in parts if isinstance(part, Term) and part.field in OF_TRACES)


def _by_trace(
    made: Filter, terms: tuple[Term, ...], project_id: int, span: tuple[int, int]
) -> list[Call]:
    """Calls of the traces that match; then those that match by what they say themselves."""
    with time_limit():
        traces = _traces(terms, project_id, span)
        found = dict.fromkeys(_of_these(made, traces, project_id, span))
        if len(found) > MOST_EXACT:
            return list(found)
        if len(traces) > MOST_EXACT:  # many traces, whose calls do not match otherwise
            return _matching(made, project_id, span)
    try:
        with time_limit(OWN_MS if found else READ_LIMIT_MS):
            own = _condition(Either(terms), "span")
            found |= dict.fromkeys(_matching(made, project_id, span, own))
    except TooSlow:
        if not found:
            raise
    return list(found)


def _traces(
    terms: tuple[Term, ...], project_id: int, span: tuple[int, int]
) -> list[tuple[UUID, int, int]]:
    """Traces that match, with the starts of their first and last span."""
    wanted, (low, high) = _condition(All(terms), "trace"), span
    with connection.cursor() as cursor:
        cursor.execute(
            TRACES.format(condition=wanted.sql),
            [project_id, low, high, *wanted.params, MOST_EXACT + 1],
        )
        return list(cursor.fetchall())


def _of_these(
    made: Filter,
    traces: Sequence[tuple[UUID, int, int]],
    project_id: int,
    span: tuple[int, int],
) -> list[Call]:
    if not traces:
        return []
    columns = [list(column) for column in zip(*traces, strict=True)]
    sql = MATCHING.format(source=OF_THESE, condition=made.sql, more="")
    with connection.cursor() as cursor:
        cursor.execute(sql, [*columns, project_id, project_id, *span, *made.params, MOST_EXACT + 1])
        return list(cursor.fetchall())


def _matching(
    made: Filter, project_id: int, span: tuple[int, int], own: Condition | None = None
) -> list[Call]:
    more, params = (f"AND ({own.sql})", own.params) if own else ("", [])
    sql = MATCHING.format(source="traces_span", condition=made.sql, more=more)
    with connection.cursor() as cursor:
        cursor.execute(sql, [project_id, *span, *made.params, *params, MOST_EXACT + 1])
        return list(cursor.fetchall())


def _condition(root: Node, level: Any) -> Condition:
    made = condition(Query(root=root), level)
    if made is None:
        raise ValueError("a condition of nothing")
    return made
