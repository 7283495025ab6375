"""Figures of topics over those of their calls that a query finds: read call by call, where the sums
by day know nothing of users, models or releases. At most MOST calls, the newest, and in a limited
time; a score of a whole trace counts once for each topic that the trace has, as in the sums.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from evals.topics.selectors import WEIGHTS, Sums
from evals.topics.services.summing import ADDED, DAY, SCORES, VALUED, day_of
from sightglass.accounts.access import Access, Permission
from traces.query import Query
from traces.selectors.conditions import condition
from traces.selectors.paging import time_limit
from traces.selectors.raw_sums import SPAN_SUMS

MOST = 50_000
"""Calls that are looked through, the newest of the days."""
LIMIT_MS = 8_000
MINE = """
WITH newest AS MATERIALIZED (
    SELECT number, trace_id, span_id, start_ns FROM topics_member
    WHERE project_id = %s AND start_ns >= %s AND start_ns < %s
    ORDER BY start_ns DESC LIMIT %s
)"""
FOUND = """
FROM newest JOIN traces_span ON traces_span.project_id = %s
    AND traces_span.trace_id = newest.trace_id AND traces_span.span_id = newest.span_id
    AND traces_span.start_ns = newest.start_ns
LEFT JOIN traces_trace t ON t.project_id = traces_span.project_id
    AND t.trace_id = traces_span.trace_id
WHERE """
CALLS = f"""{MINE}
SELECT newest.number, newest.start_ns / {DAY}, count(*), {SPAN_SUMS["errors"]},
    coalesce({SPAN_SUMS["cost"]}, 0),
    coalesce({SPAN_SUMS["input_tokens"]}, 0) + coalesce({SPAN_SUMS["output_tokens"]}, 0),
    count(DISTINCT newest.trace_id)
{FOUND}{{}} GROUP BY 1, 2"""
SCORED = f"""{MINE}, mine AS MATERIALIZED (
    SELECT newest.number, newest.trace_id, newest.span_id {FOUND}{{}}
), said AS (
    SELECT mine.number, c.id FROM mine
    JOIN traces_score c ON c.project_id = %s AND c.trace_id = mine.trace_id
        AND (c.span_id = mine.span_id OR c.span_id IS NULL)
    GROUP BY mine.number, c.id
), valued AS ({VALUED.format(project="%s")}), named AS (
    SELECT name FROM valued WHERE x IS NOT NULL GROUP BY name
    ORDER BY count(*) DESC, name LIMIT {SCORES}
)
SELECT number, name, {ADDED}
FROM valued JOIN named USING (name) WHERE x IS NOT NULL GROUP BY number, name"""  # noqa: S608 - constants


@dataclass(slots=True)
class Filtered:
    """By topic number (0: of no topic) the whole, and by day the calls alone."""

    whole: dict[int, Sums] = field(default_factory=dict)
    by_day: dict[tuple[int, date], Sums] = field(default_factory=dict)


def sums(access: Access, query: Query, first: date, last: date) -> Filtered:
    """Over the days from `first` to `last`. Raises PermissionDenied, TooSlow."""
    access.require(Permission.READ)
    asked, project = condition(query, "sum"), access.project.pk
    sql, params = (asked.sql, asked.params) if asked is not None else ("TRUE", [])
    given: list[Any] = [project, *range_ns(first, last), MOST, project, *params]
    found = Filtered()
    with time_limit(LIMIT_MS), connection.cursor() as cursor:
        cursor.execute(CALLS.format(sql), given)
        for number, day, *figures in cursor.fetchall():
            calls, failed, cost, tokens, traces = map(int, figures)
            one = Sums(calls, failed, cost, tokens, traces)
            found.by_day[number, _date(day)] = one
            found.whole.setdefault(number, Sums()).add(one)
        cursor.execute(SCORED.format(sql), [*given, project, project])
        for number, name, *weights in cursor.fetchall():
            held = dict(zip(WEIGHTS, map(float, weights), strict=True))
            found.whole.setdefault(number, Sums()).scores[name] = held
    return found


def range_ns(first: date, last: date) -> tuple[int, int]:
    """Where the days from `first` to `last` begin, and end."""
    return _day(first) * DAY, (_day(last) + 1) * DAY


def _day(one: date) -> int:
    return day_of(int(datetime(one.year, one.month, one.day, tzinfo=UTC).timestamp()) * 10**9)


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()
