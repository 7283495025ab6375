"""Sums of topics by day (UTC), made anew from the raw rows: doing it again changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from traces.selectors.raw_sums import SCORE_VALUE, SPAN_SUMS

DAY = 86_400 * 10**9
SCORES = 40
"""Names of scores that are summed of a day, those with most values."""
LOCK = 7_319_000
CALLS = f"""
INSERT INTO topics_day (project_id, day, number, calls, failed, cost, tokens, traces)
SELECT m.project_id, %(day)s, m.number, count(*), {SPAN_SUMS["errors"]},
    coalesce({SPAN_SUMS["cost"]}, 0),
    coalesce({SPAN_SUMS["input_tokens"]}, 0) + coalesce({SPAN_SUMS["output_tokens"]}, 0),
    count(DISTINCT m.trace_id)
FROM topics_member m JOIN traces_span ON traces_span.project_id = m.project_id
    AND traces_span.trace_id = m.trace_id AND traces_span.span_id = m.span_id
    AND traces_span.start_ns = m.start_ns
WHERE m.project_id = %(project)s AND m.start_ns >= %(low)s AND m.start_ns < %(high)s
GROUP BY m.project_id, m.number"""  # noqa: S608 - constants
VALUED = f"""
    SELECT said.number, c.name, 1 / greatest(c.probability, 1e-9) AS w,
        c.boolean IS NOT NULL AS is_boolean, c.flagged,
        {SCORE_VALUE} AS x
    FROM said JOIN traces_score c ON c.id = said.id AND c.project_id = {{project}}"""  # noqa: S608
"""Of `said` (topic numbers and ids of scores) the values and what they weigh."""
ADDED = """count(*), count(*) FILTER (WHERE is_boolean),
    sum(w), sum(w * w), sum(w * x), sum(w * x * x), sum(w * w * x), sum(w * w * x * x),
    count(flagged), coalesce(sum(w) FILTER (WHERE flagged), 0),
    coalesce(sum(w * w) FILTER (WHERE flagged), 0)"""
"""Of `valued`, as `evals.topics.selectors.WEIGHTS`."""
# A score of a call is of its topic; one of a whole trace is of each topic that the trace has.
SCORED = f"""
WITH said AS (
    SELECT m.number, c.id FROM topics_member m
    JOIN traces_score c ON c.project_id = m.project_id AND c.trace_id = m.trace_id
        AND (c.span_id = m.span_id OR c.span_id IS NULL)
    WHERE m.project_id = %(project)s AND m.start_ns >= %(low)s AND m.start_ns < %(high)s
    GROUP BY m.number, c.id
), valued AS ({VALUED.format(project="%(project)s")}), named AS (
    SELECT name FROM valued WHERE x IS NOT NULL GROUP BY name
    ORDER BY count(*) DESC, name LIMIT %(scores)s
)
INSERT INTO topics_dayscore
    (project_id, day, number, score, n, booleans, w, w2, wx, wx2, w2x, w2x2,
    judged, flagged_w, flagged_w2)
SELECT %(project)s, %(day)s, number, name, {ADDED}
FROM valued JOIN named USING (name) WHERE x IS NOT NULL GROUP BY number, name"""  # noqa: S608


def day_of(start_ns: int) -> int:
    """The day since 1970 of a time."""
    return start_ns // DAY


def make(project_id: int, days: Iterable[int]) -> None:
    """Make the sums of these days (since 1970) anew, each in a transaction."""
    for day in sorted(days):
        values: dict[str, Any] = {
            "project": project_id,
            "day": datetime.fromtimestamp(day * 86_400, UTC).date(),
            "low": day * DAY,
            "high": (day + 1) * DAY,
            "scores": SCORES,
        }
        with transaction.atomic(), connection.cursor() as cursor:
            # Two who make the same day: the second one sees what the first has made.
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, project_id % 2**31])
            for table in ("topics_day", "topics_dayscore"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE project_id = %(project)s AND day = %(day)s",  # noqa: S608
                    values,
                )
            cursor.execute(CALLS, values)
            cursor.execute(SCORED, values)
