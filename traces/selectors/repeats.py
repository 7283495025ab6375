"""Traces that ask the same again and again: retries, and agents that go in circles."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from sightglass.accounts.access import Access
from traces.models import Trace
from traces.query import Query
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.search import EVERYTHING, matching_traces
from traces.spans import Flag

NEWEST = 20_000
"""Repeated calls that are looked at, the newest of the range."""
CANDIDATES = 500
"""Traces that are held against a filter, those with the dearest repeats."""

REPEATED = f"""
WITH repeated AS MATERIALIZED (
    SELECT trace_id, span_id, start_ns, fingerprint FROM traces_text
    WHERE project_id = %(project)s AND retried AND start_ns >= %(low)s AND start_ns < %(high)s
    ORDER BY start_ns DESC LIMIT %(newest)s)
SELECT r.trace_id, count(*), least(coalesce(sum(s.cost_total), 0), 9223372036854775807)::int8,
    count(*) FILTER (WHERE s.cost_total IS NULL), count(DISTINCT r.fingerprint)
FROM repeated r JOIN traces_span s ON s.project_id = %(project)s AND s.trace_id = r.trace_id
    AND s.span_id = r.span_id AND s.start_ns = r.start_ns
    AND s.flags & {int(Flag.NOT_COUNTED)} = 0
GROUP BY r.trace_id ORDER BY 3 DESC, 2 DESC, 1 LIMIT %(candidates)s"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Repeats:
    """One trace: how many of its calls repeat an earlier one of it, what these cost (pico dollars;
    `unpriced` of them nobody knows), and how many different prompts were repeated.
    """

    trace: Trace
    calls: int
    cost: int
    unpriced: int
    prompts: int

    @property
    def most_in_a_row(self) -> float:
        """Repeats of one prompt, on average: a retry has one, a loop many."""
        return self.calls / max(self.prompts, 1)


def repeats(
    access: Access, *, query: Query = EVERYTHING, range: TimeRange, most: int = 10
) -> list[Repeats]:
    """Traces with the dearest repeated calls. Raises TooSlow."""
    with time_limit(), connection.cursor() as cursor:
        cursor.execute(
            REPEATED,
            {
                "project": access.project.pk,
                "low": range.start_ns or 0,
                "high": range.end_ns if range.end_ns is not None else 2**63 - 1,
                "newest": NEWEST,
                "candidates": CANDIDATES,
            },
        )
        found: dict[UUID, tuple[int, ...]] = {row[0]: tuple(row[1:]) for row in cursor.fetchall()}
        rows = matching_traces(access, query, TimeRange()).filter(trace_id__in=list(found))
        kept = {trace.trace_id: trace for trace in rows}
    listed = [
        Repeats(kept[trace_id], *counts) for trace_id, counts in found.items() if trace_id in kept
    ]
    return listed[:most]
