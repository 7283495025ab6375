"""Traces that ran away: with many more calls of chat models than others of their name make.

What is usual of a name is its mean number of calls per trace on a median day, of the days of the
range and at least four weeks up to its end: a bad day, or ten, do not move it. A trace ran away if
it has more than TIMES as many calls and more than MORE above. Names come from stored sums, traces
from their summaries; of spans only those of the traces that were found are read.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor
from statistics import median
from typing import Any
from uuid import UUID

from django.db import connection

from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.explain import TAKEN, Group
from traces.rollups.measures import Measures, numbers
from traces.selectors import cubes
from traces.selectors.asking import DAY_NS, Step
from traces.selectors.conditions import condition
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.raw_sums import SPAN_COLUMNS, SPAN_SOURCE, SPAN_SUMS
from traces.selectors.search import EVERYTHING
from traces.spans import Flag, Kind

TIMES = 3
MORE = 10
"""An index knows the traces of more calls than these (traces_trace_many_calls)."""
LEAST_TRACES = 20
"""Fewer traces of a name do not say what is usual of it."""
WINDOW_NS, LONGEST_NS = 28 * DAY_NS, 92 * DAY_NS
MOST = 500
"""Traces that are counted, the dearest."""
LISTED = 10
LIMIT_MS = 2_000
ADDED = (*TAKEN, "cache_saved", "retried_cost", "prefix_missed", "prefix_missed_tokens")
"""The sums of them that are read."""

FOUND = f"""
SELECT t.trace_id, t.name, t.start_ns, greatest(t.last_start_ns, t.start_ns), t.call_count,
    t.user_id, t.tags, t.metadata, t.status = 'error',
    t.input_preview IS NOT NULL AND coalesce(t.output_preview, '') = ''
FROM traces_trace t
JOIN unnest(%(names)s::text[], %(limits)s::int8[]) u(name, most) ON u.name = t.name
WHERE t.project_id = %(project)s AND t.start_ns >= %(low)s AND t.start_ns < %(high)s
    AND t.call_count > {MORE} AND t.call_count > u.most
ORDER BY t.cost_total DESC NULLS LAST, t.call_count DESC, t.trace_id LIMIT {MOST + 1}"""  # noqa: S608

SIZES = f"""
SELECT trace_id, (array_agg(input_tokens ORDER BY start_ns, span_id))[1],
    (array_agg(input_tokens ORDER BY start_ns DESC, span_id DESC))[1]
FROM traces_span
WHERE project_id = %s AND trace_id = ANY(%s) AND start_ns BETWEEN %s AND %s
    AND kind = '{Kind.LLM.value}' AND flags & {int(Flag.NOT_COUNTED)} = 0
    AND input_tokens IS NOT NULL
GROUP BY trace_id"""  # noqa: S608


@dataclass(slots=True)
class Runaway:
    """One trace. `sums`: of its spans in the range that the query matches; `grown`: tokens of input
    of its first and last call, of the traces that are listed.
    """

    trace_id: UUID
    name: str
    start_ns: int
    last_ns: int
    calls: int
    usual: float
    user_id: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    unanswered: bool = False
    """It says what was asked and not what came of it."""
    sums: Measures = field(default_factory=Measures)
    grown: tuple[int, int] | None = None


@dataclass(slots=True)
class Runaways:
    """The traces, the dearest first, and the sums of all by group. `cut`: there are more."""

    traces: list[Runaway] = field(default_factory=list)
    groups: dict[Group, Measures] = field(default_factory=dict)
    cut: bool = False

    @property
    def listed(self) -> list[Runaway]:
        return self.traces[:LISTED]

    @property
    def cost(self) -> int:
        return sum(one.sums.cost for one in self.traces)


def runaways(
    project_id: int, *, query: Query = EVERYTHING, range: TimeRange, by: Sequence[str] = ()
) -> Runaways:
    """Of the traces that began in a range with both ends; `by`: dimensions of spans.

    Raises TooSlow.
    """
    usual = usual_calls(project_id, range)
    if not usual:
        return Runaways()
    with time_limit(LIMIT_MS):
        traces = _found(project_id, range, usual)
        found = Runaways(cut=len(traces) > MOST)
        _add_up(project_id, query, range, by, traces[:MOST], found)
        _measure_growth(project_id, found.listed)
    return found


def usual_calls(project_id: int, range: TimeRange) -> dict[str, float]:
    """By name of a trace, calls per trace on a median day, of names with enough traces."""
    start, end = range.start_ns or 0, range.end_ns or 0
    low = max(0, min(start, end - WINDOW_NS), end - LONGEST_NS) // DAY_NS * DAY_NS
    cube = cubes.of_traces(
        project_id, range=TimeRange(low, end), step=Step.DAY, by=("name",), only=("traces", "calls")
    )
    days: dict[str, list[float]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for cell in cube.cells:
        name = cell.group[0]
        if name and name != OTHER and cell.sums.traces:
            days[name].append(cell.sums.calls / cell.sums.traces)
            counts[name] += cell.sums.traces
    return {name: median(each) for name, each in days.items() if counts[name] >= LEAST_TRACES}


def most_of(usual: float) -> int:
    """Calls beyond which a trace ran away."""
    return floor(max(TIMES * usual, usual + MORE))


def _found(project_id: int, range: TimeRange, usual: dict[str, float]) -> list[Runaway]:
    with connection.cursor() as cursor:
        cursor.execute(
            FOUND,
            {
                "project": project_id,
                "low": range.start_ns,
                "high": range.end_ns,
                "names": list(usual),
                "limits": [most_of(each) for each in usual.values()],
            },
        )
        return [
            Runaway(
                trace_id, name, start_ns, last_ns, calls, usual[name], user_id, tags,
                _object(metadata), failed, unanswered,
            )
            for trace_id, name, start_ns, last_ns, calls, user_id, tags, metadata, failed,
                unanswered in cursor.fetchall()
        ]  # fmt: skip


def _object(stored: str | Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A column of JSON, as a cursor of Django's gives it: as text."""
    return json.loads(stored) if isinstance(stored, str) else stored or {}


def _add_up(
    project_id: int,
    query: Query,
    range: TimeRange,
    by: Sequence[str],
    traces: Sequence[Runaway],
    found: Runaways,
) -> None:
    """What of each trace is in the sums of the range; traces without any are left out."""
    if not traces:
        return
    columns = ["traces_span.trace_id", *(SPAN_COLUMNS[name] for name in by)]
    parts = ", ".join([*columns, *(SPAN_SUMS[name] for name in ADDED)])
    sql = f"""SELECT {parts} {SPAN_SOURCE} WHERE traces_span.project_id = %s
        AND traces_span.trace_id = ANY(%s)
        AND traces_span.start_ns >= %s AND traces_span.start_ns < %s"""
    params: list[Any] = [project_id, [one.trace_id for one in traces], range.start_ns, range.end_ns]
    if wanted := condition(query, "sum"):
        sql += f" AND ({wanted.sql})"
        params += wanted.params
    places = ", ".join(str(at + 1) for at, _ in enumerate(columns))
    by_trace: dict[UUID, Measures] = defaultdict(Measures)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} GROUP BY {places}", params)
        for trace_id, *row in cursor.fetchall():
            sums = Measures(**numbers(ADDED, row[len(by) :]))
            by_trace[trace_id].add(sums)
            found.groups.setdefault(tuple(row[: len(by)]), Measures()).add(sums)
    for one in traces:
        if one.trace_id in by_trace:
            one.sums = by_trace[one.trace_id]
            found.traces.append(one)
    found.traces.sort(key=lambda one: (-one.sums.cost, -one.calls))


def _measure_growth(project_id: int, listed: Sequence[Runaway]) -> None:
    if not listed:
        return
    low, high = min(one.start_ns for one in listed), max(one.last_ns for one in listed)
    with connection.cursor() as cursor:
        cursor.execute(SIZES, [project_id, [one.trace_id for one in listed], low, high])
        sizes = {trace_id: (first, last) for trace_id, first, last in cursor.fetchall()}
    for one in listed:
        one.grown = sizes.get(one.trace_id)
